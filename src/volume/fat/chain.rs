//! Chains of clusters in the file allocation table.

use std::collections::HashSet;

use crate::bytes::le_u16;
use crate::bytes::le_u32;
use crate::storage::Storage;
use crate::volume::error::VolumeError;
use crate::volume::extent::VolumeExtent;
use crate::volume::fat::boot_sector::BootSector;
use crate::volume::fat::boot_sector::Width;

/// What the table says of a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Link {
    /// Not in use.
    Free,
    /// Marked as bad.
    Bad,
    /// The last of its file.
    End,
    /// The file goes on there.
    Next(u32),
}

impl Link {
    /// From an entry as it stands.
    pub(crate) fn of(width: Width, value: u32) -> Self {
        let (value, top) = match width {
            Width::Bits12 => (value, 0xff0),
            Width::Bits16 => (value, 0xfff0),
            Width::Bits32 => (value & 0x0fff_ffff, 0x0fff_fff0),
        };
        match value {
            0 => Self::Free,
            _ if value >= top | 8 => Self::End,
            _ if value == top | 7 => Self::Bad,
            _ => Self::Next(value),
        }
    }
}

/// Reads the entry of `cluster` in the copy that begins at byte `table`; its bits as they stand.
pub(crate) fn entry(
    storage: &dyn Storage,
    width: Width,
    table: u64,
    cluster: u32,
) -> Result<u32, VolumeError> {
    let bit = u64::from(cluster).saturating_mul(width.bits());
    let at = table.saturating_add(bit >> 3);
    Ok(match width {
        Width::Bits12 => {
            let pair = u32::from(le_u16(&storage.read_vec(at, 2)?, 0).unwrap_or(0));
            if bit & 7 == 0 { pair & 0xfff } else { pair >> 4 }
        }
        Width::Bits16 => u32::from(le_u16(&storage.read_vec(at, 2)?, 0).unwrap_or(0)),
        Width::Bits32 => le_u32(&storage.read_vec(at, 4)?, 0).unwrap_or(0),
    })
}

/// The link of a cluster in the first table. The upper four bits of FAT32 are reserved and do not count.
pub(crate) fn link(storage: &dyn Storage, boot: &BootSector, cluster: u32) -> Result<Link, VolumeError> {
    let table = boot.tables.first().copied().unwrap_or(0);
    let value = entry(storage, boot.width, table, cluster)?;
    Ok(Link::of(boot.width, value))
}

/// A walk along a chain that cannot go in a circle.
pub(crate) struct Walk<'a> {
    storage: &'a dyn Storage,
    boot: &'a BootSector,
    next: Option<u32>,
    seen: HashSet<u32>,
}

impl<'a> Walk<'a> {
    /// From `first` on.
    pub(crate) fn new(storage: &'a dyn Storage, boot: &'a BootSector, first: u32) -> Self {
        Self { storage, boot, next: Some(first), seen: HashSet::new() }
    }

    /// The next cluster and its first byte; `None` at the end of the chain.
    ///
    /// # Errors
    /// The chain leads to a free, bad or missing cluster, or back to itself.
    pub(crate) fn step(&mut self) -> Result<Option<(u32, u64)>, VolumeError> {
        let Some(cluster) = self.next else { return Ok(None) };
        let Some(place) = self.boot.place(cluster) else {
            return Err(self.corrupt(cluster, "a cluster of the volume", "a number outside it"));
        };
        if !self.seen.insert(cluster) {
            return Err(self.corrupt(cluster, "a chain that ends", "a loop"));
        }
        self.next = match link(self.storage, self.boot, cluster)? {
            Link::Next(next) => Some(next),
            Link::End => None,
            Link::Free => return Err(self.corrupt(cluster, "a cluster in use", "a free one")),
            Link::Bad => return Err(self.corrupt(cluster, "a good cluster", "a bad cluster")),
        };
        Ok(Some((cluster, place)))
    }

    fn corrupt(&self, cluster: u32, expected: &str, found: &str) -> VolumeError {
        let table = self.boot.tables.first().copied().unwrap_or(0);
        let at = table.saturating_add(u64::from(cluster).saturating_mul(self.boot.width.bits()) >> 3);
        VolumeError::corrupt("FAT chain", at, format!("cluster 0x{cluster:x} to be {expected}"), found)
    }
}

/// The places of the first `len` bytes of the chain from `first`, and its clusters; neighbours are joined.
///
/// # Errors
/// The chain is damaged, or ends before `len` bytes.
pub(crate) fn places(
    storage: &dyn Storage,
    boot: &BootSector,
    first: u32,
    len: u64,
) -> Result<(Vec<VolumeExtent>, Vec<u32>), VolumeError> {
    let mut walk = Walk::new(storage, boot, first);
    let (mut extents, mut clusters): (Vec<VolumeExtent>, Vec<u32>) = (Vec::new(), Vec::new());
    let mut done = 0u64;
    while done < len {
        let Some((cluster, place)) = walk.step()? else {
            let found = format!("{} clusters", clusters.len());
            return Err(VolumeError::corrupt("FAT chain", 0, format!("clusters for {len} bytes"), found));
        };
        let count = u64::from(boot.cluster_size).min(len.saturating_sub(done));
        match extents.last_mut() {
            Some(last) if last.volume_offset.saturating_add(last.len) == place => {
                last.len = last.len.saturating_add(count);
            }
            _ => extents.push(VolumeExtent { file_offset: done, volume_offset: place, len: count }),
        }
        clusters.push(cluster);
        done = done.saturating_add(count);
    }
    Ok((extents, clusters))
}
