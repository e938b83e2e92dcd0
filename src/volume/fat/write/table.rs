//! The copies of the file allocation table: read once as a whole, and written entry by entry.

use crate::bytes::le_u16;
use crate::bytes::le_u32;
use crate::storage::Storage;
use crate::volume::error::VolumeError;
use crate::volume::fat::boot_sector::BootSector;
use crate::volume::fat::boot_sector::Width;
use crate::volume::fat::chain;
use crate::volume::fat::chain::Link;
use crate::volume::fat::write::bits::Bits;
use crate::volume::fat::write::draft::Draft;
use crate::volume::fat::write::draft::Phase;
use crate::volume::fat::write::draft::wide;
use crate::volume::fat::write::error::FatUnfit;
use crate::volume::fat::write::error::FatWriteError;

/// Clusters of the largest volume that is written: a table of 128 MiB.
const MAX_CLUSTERS: u32 = 1 << 25;
/// Bytes of the table that are read at a time: whole entries of every width, in whole sectors.
const PIECE: u64 = 3 << 16;
/// The last of a chain, in all bits that an entry of FAT32 has.
pub(super) const END: u32 = 0x0fff_ffff;
/// The bits of an entry of FAT32 that are none of its value, and stay.
const RESERVED: u32 = 0xf000_0000;

/// What the table says of all clusters.
pub(super) struct Overview {
    /// Clusters that have a value other than "free", or that one with a value leads to.
    pub(super) in_use: Bits,
    /// Clusters that another one leads to.
    pub(super) linked: Bits,
    /// How many have the value "free".
    pub(super) free: u32,
}

/// Reads the table, all copies of which have to be the same.
///
/// # Errors
/// The copies differ, two clusters lead to the same one, the table is larger than is read here, or the medium fails.
pub(super) fn read(storage: &dyn Storage, boot: &BootSector) -> Result<Overview, FatWriteError> {
    if boot.clusters > MAX_CLUSTERS {
        return Err(FatUnfit::Large.into());
    }
    let end = boot.clusters.saturating_add(2);
    let mut found = Overview { in_use: Bits::new(end), linked: Bits::new(end), free: 0 };
    let len = u64::from(end).saturating_mul(boot.width.bits()).div_ceil(8);
    let (first, copies) = boot.tables.split_first().map_or((0, &[][..]), |(first, rest)| (*first, rest));
    let mut cluster = 0u32;
    let mut at = 0u64;
    while at < len {
        let count = usize::try_from(PIECE.min(len.saturating_sub(at))).unwrap_or(0);
        let bytes = storage.read_vec(first.saturating_add(at), count)?;
        for copy in copies {
            if storage.read_vec(copy.saturating_add(at), count)? != bytes {
                return Err(FatUnfit::CopiesDiffer.into());
            }
        }
        for value in values(boot.width, &bytes) {
            if (2..end).contains(&cluster) {
                found.take(boot, cluster, value)?;
            }
            cluster = cluster.saturating_add(1);
        }
        at = at.saturating_add(PIECE);
    }
    Ok(found)
}

impl Overview {
    fn take(&mut self, boot: &BootSector, cluster: u32, value: u32) -> Result<(), FatWriteError> {
        match Link::of(boot.width, value) {
            Link::Free => {
                self.free = self.free.saturating_add(1);
                return Ok(());
            }
            Link::Next(next) => {
                if self.linked.set(next) {
                    let at = place(boot, boot.tables.first().copied().unwrap_or(0), cluster);
                    let found = format!("cluster 0x{cluster:x} as another that leads to 0x{next:x}");
                    return Err(
                        VolumeError::corrupt("FAT chain", at, "chains that do not meet", found).into()
                    );
                }
                self.in_use.set(next);
            }
            Link::Bad | Link::End => {}
        }
        self.in_use.set(cluster);
        Ok(())
    }
}

/// The entries in a stretch of a table that begins with a whole one.
fn values(width: Width, bytes: &[u8]) -> Vec<u32> {
    match width {
        Width::Bits12 => bytes.chunks(3).flat_map(pair).collect(),
        Width::Bits16 => bytes.chunks_exact(2).filter_map(|it| le_u16(it, 0)).map(u32::from).collect(),
        Width::Bits32 => bytes.chunks_exact(4).filter_map(|it| le_u32(it, 0)).collect(),
    }
}

/// Two entries of FAT12, or the one in two bytes.
fn pair(bytes: &[u8]) -> impl Iterator<Item = u32> {
    let first = le_u16(bytes, 0).map(|it| u32::from(it) & 0xfff);
    let second = le_u16(bytes, 1).map(|it| u32::from(it) >> 4);
    first.into_iter().chain(second)
}

/// The first byte that has bits of an entry.
fn place(boot: &BootSector, table: u64, cluster: u32) -> u64 {
    table.saturating_add(u64::from(cluster).saturating_mul(boot.width.bits()) >> 3)
}

/// Sets an entry in every copy.
///
/// # Errors
/// The medium fails.
pub(super) fn set(
    draft: &mut Draft<'_>,
    boot: &BootSector,
    cluster: u32,
    value: u32,
    phase: Phase,
) -> Result<(), FatWriteError> {
    for table in &boot.tables {
        let at = place(boot, *table, cluster);
        let low = |value: u32| u16::try_from(value & 0xffff).unwrap_or(0);
        match boot.width {
            Width::Bits12 => {
                let pair = u32::from(le_u16(&draft.read_vec(at, 2)?, 0).unwrap_or(0));
                let odd = cluster & 1 != 0;
                let pair =
                    if odd { pair & 0x000f | (value & 0xfff) << 4 } else { pair & 0xf000 | value & 0xfff };
                draft.put(at, &low(pair).to_le_bytes(), phase)?;
            }
            Width::Bits16 => draft.put(at, &low(value).to_le_bytes(), phase)?,
            Width::Bits32 => {
                let before = chain::entry(draft, boot.width, *table, cluster)?;
                draft.put(at, &(before & RESERVED | value & END).to_le_bytes(), phase)?;
            }
        }
    }
    Ok(())
}

/// Puts bytes into the clusters of a chain that is new, with zeros up to the end of the last sector.
///
/// # Errors
/// The medium fails.
pub(super) fn fill(
    draft: &mut Draft<'_>,
    boot: &BootSector,
    clusters: &[u32],
    bytes: &[u8],
) -> Result<(), FatWriteError> {
    let size = usize::try_from(boot.cluster_size).unwrap_or(usize::MAX);
    for (cluster, part) in clusters.iter().zip(bytes.chunks(size.max(1))) {
        let at = boot.place(*cluster).unwrap_or(u64::MAX);
        draft.put(at, part, Phase::Contents)?;
        let sector = usize::try_from(boot.sector_size).unwrap_or(usize::MAX);
        let rest = part.len().next_multiple_of(sector.max(1)).saturating_sub(part.len());
        draft.put(at.saturating_add(wide(part.len())), &vec![0; rest], Phase::Contents)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entries_of_twelve_bits_lie_two_in_three_bytes() {
        assert_eq!(
            values(Width::Bits12, &[0xf8, 0xff, 0xff, 0x23, 0x61, 0x45, 0x89, 0x07]),
            [0xff8, 0xfff, 0x123, 0x456, 0x789]
        );
        assert_eq!(values(Width::Bits16, &[1, 2, 3]), [0x201]);
        assert_eq!(values(Width::Bits32, &[1, 2, 3, 4, 5]), [0x0403_0201]);
    }
}
