//! Whole sectors of the disk, from edits of single bytes.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use crate::bcd::edit::Edit;
use crate::layout::extent::DiskExtent;
use crate::layout::extent::disk_offset_of;
use crate::repair::Patch;
use crate::repair::plan::PlanError;
use crate::storage::Storage;

/// Collects edits as whole sectors of the disk.
pub(super) struct Sectors<'a> {
    storage: &'a dyn Storage,
    size: u64,
    /// What is edited, for messages.
    what: &'static str,
    patches: BTreeMap<u64, Patch>,
}

impl<'a> Sectors<'a> {
    pub(super) fn new(storage: &'a dyn Storage, sector_size: u32, what: &'static str) -> Self {
        Self { storage, size: u64::from(sector_size), what, patches: BTreeMap::new() }
    }

    /// The sectors in the order of writing.
    pub(super) fn into_patches(self) -> Vec<Patch> {
        let changed = |patch: &Patch| patch.before != patch.after;
        let mut patches: Vec<Patch> = self.patches.into_values().filter(changed).collect();
        patches.sort_by_key(|patch| (patch.stage, patch.offset));
        patches
    }

    /// Adds the bytes at `at` of the disk that differ.
    pub(super) fn replace(
        &mut self,
        at: u64,
        before: &[u8],
        after: &[u8],
        stage: u8,
    ) -> Result<(), PlanError> {
        let differ = (at..).zip(before.iter().zip(after)).filter(|(_, (before, after))| before != after);
        for (at, (before, after)) in differ {
            self.set(at, *before, *after, stage)?;
        }
        Ok(())
    }

    /// Adds the bytes of a file, whose places on the disk `extents` tell; all of them are compared.
    pub(super) fn add(&mut self, extents: &[DiskExtent], edit: &Edit, stage: u8) -> Result<(), PlanError> {
        for (index, (before, after)) in edit.before.iter().zip(&edit.after).enumerate() {
            let file_offset = u64::try_from(edit.at.saturating_add(index)).unwrap_or(u64::MAX);
            let at = disk_offset_of(extents, file_offset).ok_or_else(|| {
                PlanError::Check(format!("file offset 0x{file_offset:x} lies in no extent"))
            })?;
            self.set(at, *before, *after, stage)?;
        }
        Ok(())
    }

    fn set(&mut self, at: u64, before: u8, after: u8, stage: u8) -> Result<(), PlanError> {
        let inside = at.checked_rem(self.size).unwrap_or(0);
        let offset = at.saturating_sub(inside);
        let patch = match self.patches.entry(offset) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                let sector =
                    self.storage.read_vec(offset, usize::try_from(self.size).unwrap_or(usize::MAX))?;
                entry.insert(Patch { offset, after: sector.clone(), before: sector, stage })
            }
        };
        patch.stage = patch.stage.max(stage);
        let inside = usize::try_from(inside).unwrap_or(usize::MAX);
        match patch.after.get_mut(inside) {
            Some(byte) if *byte == before => *byte = after,
            other => {
                let found = other.map_or_else(|| "no byte".into(), |byte| format!("0x{byte:02x}"));
                let expected = format!("0x{before:02x}");
                return Err(PlanError::Mismatch { what: self.what.into(), at, expected, found });
            }
        }
        Ok(())
    }
}
