//! The NTFS boot sector: sizes from which everything else is computed, so each is bounded before it is believed.

use crate::bytes::array;
use crate::bytes::le_u16;
use crate::bytes::le_u64;
use crate::volume::error::VolumeError;

/// What is needed of the boot sector. Sizes in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct BootSector {
    /// Bytes of a cluster: 512 to 2 MiB.
    pub(crate) cluster_size: u32,
    /// Clusters of the volume.
    pub(crate) clusters: u64,
    /// First cluster of the master file table.
    pub(crate) mft_cluster: u64,
    /// Bytes of a FILE record: 1024 to 4096.
    pub(crate) record_size: u32,
    /// Volume serial number.
    pub(crate) serial: u64,
}

impl BootSector {
    /// From the first bytes of a volume of `len` bytes.
    ///
    /// # Errors
    /// [`VolumeError::Corrupt`] naming the first field that makes no sense.
    pub(crate) fn decode(head: &[u8], len: u64) -> Result<Self, VolumeError> {
        let cut = || corrupt("length", 0, "512 bytes", &format!("{}", head.len()));
        let sector_size = u32::from(le_u16(head, 0x0b).ok_or_else(cut)?);
        if !sector_size.is_power_of_two() || !(512..=4096).contains(&sector_size) {
            return Err(corrupt("bytes per sector", 0x0b, "512 to 4096", &sector_size.to_string()));
        }
        let raw = *head.get(0x0d).ok_or_else(cut)?;
        let sectors = scaled(raw).filter(|count| count.is_power_of_two());
        let cluster_size = sectors.and_then(|count| count.checked_mul(sector_size));
        let Some(cluster_size) = cluster_size.filter(|size| *size <= 2 << 20) else {
            let found = format!("0x{raw:02x}");
            return Err(corrupt("sectors per cluster", 0x0d, "clusters of 512 bytes to 2 MiB", &found));
        };
        let [raw] = array(head, 0x40).ok_or_else(cut)?;
        let record_size = if raw < 0x80 { u32::from(raw).checked_mul(cluster_size) } else { scaled(raw) };
        let Some(record_size) =
            record_size.filter(|size| size.is_power_of_two() && (1024..=4096).contains(size))
        else {
            return Err(corrupt("FILE record size", 0x40, "1024 to 4096 bytes", &format!("0x{raw:02x}")));
        };
        let bytes = le_u64(head, 0x28).ok_or_else(cut)?.saturating_mul(u64::from(sector_size));
        let mft_cluster = le_u64(head, 0x30).ok_or_else(cut)?;
        let mft_end = mft_cluster.checked_mul(u64::from(cluster_size));
        let mft_end = mft_end.and_then(|at| at.checked_add(u64::from(record_size)));
        if mft_cluster == 0 || mft_end.is_none_or(|end| end > len.min(bytes)) {
            let found = format!("cluster 0x{mft_cluster:x}");
            return Err(corrupt("master file table", 0x30, "a place inside the volume", &found));
        }
        Ok(Self {
            cluster_size,
            clusters: bytes.checked_div(u64::from(cluster_size)).unwrap_or(0),
            mft_cluster,
            record_size,
            serial: le_u64(head, 0x48).ok_or_else(cut)?,
        })
    }
}

/// A count as NTFS packs it into a byte: as it is up to 0x80, above that two to the power of its negation.
fn scaled(raw: u8) -> Option<u32> {
    if raw <= 0x80 { Some(u32::from(raw)) } else { 1u32.checked_shl(u32::from(raw.wrapping_neg())) }
}

fn corrupt(what: &str, at: u64, expected: &str, found: &str) -> VolumeError {
    VolumeError::corrupt(format!("NTFS boot sector, {what}"), at, expected, found)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head() -> Vec<u8> {
        let mut head = vec![0; 512];
        head[0x0b..0x0d].copy_from_slice(&512u16.to_le_bytes());
        head[0x0d] = 8;
        head[0x28..0x30].copy_from_slice(&4096u64.to_le_bytes());
        head[0x30] = 4;
        head[0x40] = 0xf6;
        head
    }

    #[test]
    fn sizes_are_computed_and_bounded() {
        let boot = BootSector::decode(&head(), 2 << 20).unwrap();
        assert_eq!((boot.cluster_size, boot.record_size, boot.clusters), (4096, 1024, 512));
        let mut large = head();
        (large[0x0d], large[0x40]) = (0xf4, 0xf4);
        large[0x28..0x30].copy_from_slice(&(1u64 << 20).to_le_bytes());
        let boot = BootSector::decode(&large, 1 << 29).unwrap();
        assert_eq!((boot.cluster_size, boot.record_size), (2 << 20, 4096));
    }

    #[test]
    fn one_bad_field_is_named() {
        for (at, value, name) in [
            (0x0b, 1, "bytes per sector"),
            (0x0d, 3, "sectors per cluster"),
            (0x0d, 0, "sectors per cluster"),
            (0x0d, 0x81, "sectors per cluster"),
            (0x0d, 0xf3, "sectors per cluster"),
            (0x40, 0x7f, "FILE record size"),
            (0x40, 0xe0, "FILE record size"),
            (0x33, 0xff, "master file table"),
            (0x30, 0, "master file table"),
        ] {
            let mut head = head();
            head[at] = value;
            let error = BootSector::decode(&head, 2 << 20).unwrap_err().to_string();
            assert!(error.contains(name), "{at:x} {value:x}: {error}");
        }
        assert!(BootSector::decode(&[0; 12], 2 << 20).is_err());
    }
}
