//! A directory with all its slots and their places, and new entries in it.

use std::collections::HashSet;

use crate::bytes::array;
use crate::bytes::slice;
use crate::storage::Storage;
use crate::volume::error::VolumeError;
use crate::volume::fat::boot_sector::BootSector;
use crate::volume::fat::boot_sector::Width;
use crate::volume::fat::chain::Walk;
use crate::volume::fat::directory;
use crate::volume::fat::directory::DirectoryEntry;
use crate::volume::fat::write::draft::wide;
use crate::volume::fat::write::slots::SLOT;

/// Slots of the largest directory that the specification allows.
pub(super) const MAX_SLOTS: usize = 65_536;
/// The first byte of a slot that is free, and of one behind which nothing is in use.
const DELETED: u8 = 0xe5;
const END: u8 = 0;

/// A directory as it stands.
pub(super) struct Directory {
    /// Its clusters; none for the root directory of FAT12 and FAT16, which cannot grow.
    pub(super) clusters: Vec<u32>,
    /// First byte of each part of it, which all have the same length.
    places: Vec<u64>,
    part: usize,
    bytes: Vec<u8>,
    /// What is in it.
    pub(super) entries: Vec<DirectoryEntry>,
    /// No slot before this one is looked at for room.
    from: usize,
}

/// Where new slots come.
pub(super) struct Room {
    /// The first of them.
    pub(super) slot: usize,
    /// Slots that the directory is short of.
    pub(super) missing: usize,
}

impl Directory {
    /// The directory that begins in `cluster`; the root directory is 0.
    ///
    /// # Errors
    /// The chain of its clusters is damaged or longer than a directory can be, or the medium fails.
    pub(super) fn read(storage: &dyn Storage, boot: &BootSector, cluster: u32) -> Result<Self, VolumeError> {
        let (mut clusters, mut places, mut bytes) = (Vec::new(), Vec::new(), Vec::new());
        let mut part = usize::try_from(boot.cluster_size).unwrap_or(usize::MAX);
        if cluster == 0 && boot.width != Width::Bits32 {
            part = usize::try_from(boot.root.1).unwrap_or(0);
            places.push(boot.root.0);
            bytes = storage.read_vec(boot.root.0, part)?;
        } else {
            let first = if cluster == 0 { boot.root_cluster } else { cluster };
            let mut walk = Walk::new(storage, boot, first);
            while let Some((cluster, at)) = walk.step()? {
                bytes.extend(storage.read_vec(at, part)?);
                clusters.push(cluster);
                places.push(at);
                if bytes.len() > MAX_SLOTS.saturating_mul(SLOT) {
                    let expected = format!("at most {MAX_SLOTS} entries");
                    return Err(VolumeError::corrupt("FAT directory", at, expected, "more"));
                }
            }
        }
        let entries = directory::decode(&bytes, boot.width);
        Ok(Self { clusters, places, part, bytes, entries, from: 0 })
    }

    /// The file or directory of a name, whatever its case.
    pub(super) fn child(&self, name: &str) -> Option<&DirectoryEntry> {
        self.entries.iter().find(|entry| !entry.is_label && entry.is_named(name))
    }

    /// The 8.3 names that are in use.
    pub(super) fn short_names(&self) -> HashSet<[u8; 11]> {
        let named = self.entries.iter().filter(|entry| !entry.is_label);
        named.filter_map(|entry| array(&self.bytes, entry.slot.saturating_mul(SLOT))).collect()
    }

    /// The bytes of a slot.
    pub(super) fn slot(&self, slot: usize) -> Option<&[u8]> {
        slice(&self.bytes, slot.saturating_mul(SLOT), SLOT)
    }

    /// The first byte of a slot on the volume.
    pub(super) fn place(&self, slot: usize) -> Option<u64> {
        let at = slot.checked_mul(SLOT)?;
        let inside = wide(at.checked_rem(self.part)?);
        self.places.get(at.checked_div(self.part)?)?.checked_add(inside)
    }

    /// Slots that it has.
    pub(super) fn len(&self) -> usize {
        self.bytes.len().checked_div(SLOT).unwrap_or(0)
    }

    /// Bytes that it has.
    pub(super) fn size(&self) -> usize {
        self.bytes.len()
    }

    /// Finds so many slots one behind the other.
    pub(super) fn room(&self, count: usize) -> Room {
        let mut start = self.from;
        for slot in self.from..self.len() {
            match self.slot(slot).and_then(|bytes| bytes.first().copied()) {
                Some(END) => break,
                Some(DELETED) if slot.saturating_add(1).saturating_sub(start) >= count => {
                    return Room { slot: start, missing: 0 };
                }
                Some(DELETED) => {}
                _ => start = slot.saturating_add(1),
            }
        }
        Room { slot: start, missing: start.saturating_add(count).saturating_sub(self.len()) }
    }

    /// Takes up slots that were found to be free, and returns what is to be written, with the new end of the directory
    /// where they go over the old one.
    pub(super) fn take(&mut self, slot: usize, new: &[u8]) -> Vec<(u64, Vec<u8>)> {
        let end = (0..self.len()).find(|slot| self.slot(*slot).is_some_and(|it| it.first() == Some(&END)));
        let mut new = new.to_vec();
        let behind = slot.saturating_add(new.len().checked_div(SLOT).unwrap_or(0));
        if end.is_some_and(|end| end < behind) && self.slot(behind).is_some_and(|it| it.first() != Some(&END))
        {
            new.extend([0; SLOT]);
        }
        crate::bytes::put(&mut self.bytes, slot.saturating_mul(SLOT), &new);
        self.from = behind;
        let placed = (slot..).zip(new.chunks(SLOT));
        placed.filter_map(|(slot, bytes)| Some((self.place(slot)?, bytes.to_vec()))).collect()
    }

    /// Takes up a cluster of zeros at the end.
    pub(super) fn grow(&mut self, cluster: u32, place: u64) {
        self.clusters.push(cluster);
        self.places.push(place);
        self.bytes.resize(self.bytes.len().saturating_add(self.part), 0);
    }
}
