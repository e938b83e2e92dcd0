//! Contents that NTFS has compressed: in units of some clusters, each packed, plain, or a hole.
//!
//! Source: libyal's libfsntfs documentation, "Compressed data"; linux-ntfs documentation, "Compressed files".

use crate::storage::Storage;
use crate::volume::error::VolumeError;
use crate::volume::file::Decode;
use crate::volume::ntfs::data_runs::Run;
use crate::volume::ntfs::file_record::NonResident;
use crate::volume::ntfs::lznt1;

/// Bytes of a unit, at most; Windows makes 16 clusters of 4 KiB.
const UNIT_MAX: u64 = 1 << 20;

/// Compressed contents.
pub(super) struct Compressed {
    path: String,
    runs: Vec<Run>,
    cluster: u64,
    /// Clusters of a unit.
    unit: u64,
    /// Bytes that were ever written; what is behind them reads as zeros.
    valid: u64,
}

impl Compressed {
    /// `None` for units of a size that no Windows makes.
    pub(super) fn new(path: &str, places: NonResident, cluster_size: u32) -> Option<Self> {
        let unit = 1u64.checked_shl(u32::from(places.compression_unit))?;
        let cluster = u64::from(cluster_size);
        let is_sound = places.compression_unit > 0 && cluster > 0 && unit.checked_mul(cluster)? <= UNIT_MAX;
        let valid = places.initialised.min(places.size);
        is_sound.then(|| Self { path: path.to_owned(), runs: places.runs, cluster, unit, valid })
    }

    /// The bytes of a unit.
    fn unit(&self, storage: &dyn Storage, index: u64) -> Result<Vec<u8>, VolumeError> {
        let (first, end) =
            (index.saturating_mul(self.unit), index.saturating_add(1).saturating_mul(self.unit));
        let mut stored = Vec::new();
        let skipped = self.runs.partition_point(|run| run.vcn.saturating_add(run.clusters) <= first);
        for run in self.runs.iter().skip(skipped).take_while(|run| run.vcn < end) {
            // What follows the first hole of a unit is hole too.
            let Some(lcn) = run.lcn else { break };
            let from = run.vcn.max(first);
            let count = run.vcn.saturating_add(run.clusters).min(end).saturating_sub(from);
            let at = lcn.saturating_add(from.saturating_sub(run.vcn)).saturating_mul(self.cluster);
            let len = usize::try_from(count.saturating_mul(self.cluster)).unwrap_or(usize::MAX);
            stored.extend(storage.read_vec(at, len)?);
        }
        let len = usize::try_from(self.unit.saturating_mul(self.cluster)).unwrap_or(0);
        if stored.is_empty() {
            return Ok(vec![0; len]);
        }
        if stored.len() >= len {
            return Ok(stored);
        }
        lznt1::decompress(&stored, len).map_err(|error| {
            let at = index.saturating_mul(self.unit).saturating_mul(self.cluster);
            VolumeError::corrupt(&self.path, at, "compressed bytes (LZNT1)", error.to_string())
        })
    }
}

impl Decode for Compressed {
    fn read_at(&self, storage: &dyn Storage, offset: u64, len: usize) -> Result<Vec<u8>, VolumeError> {
        let unit = self.unit.saturating_mul(self.cluster);
        let end = offset.saturating_add(u64::try_from(len).unwrap_or(u64::MAX)).min(self.valid);
        let mut bytes = Vec::new();
        let mut at = offset;
        while at < end {
            let (index, within) = (at.checked_div(unit).unwrap_or(0), at.checked_rem(unit).unwrap_or(0));
            let plain = self.unit(storage, index)?;
            let until = end.saturating_sub(at).saturating_add(within).min(unit);
            let range = usize::try_from(within).unwrap_or(0)..usize::try_from(until).unwrap_or(0);
            bytes.extend_from_slice(plain.get(range).unwrap_or_default());
            at = index.saturating_add(1).saturating_mul(unit);
        }
        bytes.resize(len, 0);
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::ram::Ram;

    /// A packed unit of two clusters, a plain one, a hole: clusters of 512 bytes, four to a unit.
    #[test]
    fn units_are_packed_plain_or_holes() {
        let mut disk = vec![0u8; 0x2000];
        // "abcd", then a copy of 1020 bytes from four before.
        disk[0x400..0x409].copy_from_slice(&[0x06, 0xb0, 0b1_0000, b'a', b'b', b'c', b'd', 0xf9, 0x33]);
        disk[0x800..0x1000].fill(7);
        let run = |vcn, clusters, lcn| Run { vcn, clusters, lcn };
        let places = NonResident {
            first_vcn: 0,
            allocated: 12 * 512,
            size: 5000,
            initialised: 4000,
            compression_unit: 2,
            runs: vec![run(0, 1, Some(2)), run(1, 3, None), run(4, 4, Some(4)), run(8, 4, None)],
        };
        let disk = Ram::new(disk, None);
        let file = Compressed::new(r"\x", places.clone(), 512).unwrap();
        let mut whole: Vec<u8> = b"abcd".iter().copied().cycle().take(1024).collect();
        whole.resize(0x800, 0);
        whole.extend([7; 4000 - 0x800]);
        whole.resize(5000, 0);
        for (at, len) in [(0, 5000), (0, 4), (1023, 2), (0x7ff, 2), (3999, 1001), (0x1000, 0)] {
            assert_eq!(file.read_at(&disk, at as u64, len).unwrap(), whole[at..at + len], "{at} {len}");
        }
        for unit in [0, 12, 64] {
            let places = NonResident { compression_unit: unit, ..places.clone() };
            assert!(Compressed::new(r"\x", places, 512).is_none(), "{unit}");
        }
    }

    #[test]
    fn damage_is_told_with_the_place_of_its_unit() {
        let disk = Ram::new(vec![0xff; 0x2000], None);
        let runs = vec![Run { vcn: 0, clusters: 1, lcn: Some(1) }, Run { vcn: 1, clusters: 3, lcn: None }];
        let places = NonResident {
            first_vcn: 0,
            allocated: 2048,
            size: 2048,
            initialised: 2048,
            compression_unit: 2,
            runs,
        };
        let file = Compressed::new(r"\x", places, 512).unwrap();
        let error = file.read_at(&disk, 0, 10).unwrap_err().to_string();
        assert!(
            error.starts_with(r"\x at 0x0: expected compressed bytes (LZNT1), found a truncated chunk"),
            "{error}"
        );
    }
}
