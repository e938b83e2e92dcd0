//! The one place where a disk is written.

use std::collections::BTreeMap;

use crate::error::way_out::WayOut;
use crate::repair::patch::Patch;
use crate::repair::patch::chains;
use crate::storage::Storage;
use crate::storage::StorageError;
use crate::storage::StorageMut;

/// Media write at least this many bytes whole.
const SMALLEST_SECTOR: usize = 512;

/// Why not everything was written, and how far it came.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ApplyError {
    /// A sector holds neither the bytes before nor the bytes after. Nothing was written.
    #[error("sector at 0x{at:x} contains neither the old nor the new bytes: the disk has changed since")]
    Changed {
        /// First byte of the sector on the disk.
        at: u64,
    },
    /// The disk could not be read before the first write. Nothing was written.
    #[error("cannot read before the first write: {0}")]
    Unread(StorageError),
    /// The disk cannot take such a write. Nothing was written.
    #[error("{0}")]
    Refused(StorageError),
    /// A write or sync failed.
    #[error("{written} of {total} sectors written, then: {cause}")]
    Incomplete {
        /// Sectors that were written before the failure (the one that failed may be either way).
        written: usize,
        /// Sectors of the plan.
        total: usize,
        /// The failure.
        cause: StorageError,
    },
    /// What was read back is not what was written.
    #[error(
        "all sectors were written, but the one at 0x{at:x} reads back different bytes: the medium is \
         unreliable"
    )]
    Unverified {
        /// First byte of the sector on the disk.
        at: u64,
    },
}

impl ApplyError {
    /// Whether something may have been written.
    #[must_use]
    pub fn is_begun(&self) -> bool {
        matches!(self, Self::Incomplete { .. } | Self::Unverified { .. })
    }

    /// What the user can do, where the storage below knows that.
    #[must_use]
    pub fn way_out(&self) -> Option<&WayOut> {
        match self {
            Self::Unread(cause) | Self::Refused(cause) | Self::Incomplete { cause, .. } => cause.way_out(),
            Self::Changed { .. } | Self::Unverified { .. } => None,
        }
    }
}

/// Brings every sector to `after`: first checks all of them, then writes those that differ, stage by stage with a
/// sync behind each, and reads them back. Returns how many sectors were written.
///
/// Because a sector may already be `after`, a repair that was cut short is completed by the same call; and because
/// each must be `before` or `after`, a disk that has changed since is never touched.
///
/// # Errors
/// [`ApplyError`], which says how far it came.
pub fn apply(storage: &mut dyn StorageMut, patches: &[Patch]) -> Result<usize, ApplyError> {
    let chains = chains(patches);
    let mut done = BTreeMap::new();
    for (offset, chain) in &chains {
        let len = chain.first().map_or(0, |patch| patch.before.len());
        storage.check_write(*offset, len).map_err(ApplyError::Refused)?;
        let found = storage.read_vec(*offset, len).map_err(ApplyError::Unread)?;
        done.insert(*offset, done_of(chain, &found).ok_or(ApplyError::Changed { at: *offset })?);
    }
    let mut open = Vec::new();
    for patch in patches {
        match done.get_mut(&patch.offset) {
            Some(count) if *count > 0 => *count = count.saturating_sub(1),
            _ => open.push(patch),
        }
    }
    write(storage, &open)?;
    for patch in chains.values().filter_map(|chain| chain.last()) {
        let found = storage.read_vec(patch.offset, patch.after.len());
        let found = found.map_err(|cause| ApplyError::Incomplete {
            written: open.len(),
            total: open.len(),
            cause,
        })?;
        if found != patch.after {
            return Err(ApplyError::Unverified { at: patch.offset });
        }
    }
    Ok(open.len())
}

/// How many patches of a sector are done when it holds `found`; `None` when it holds nothing of the kind.
fn done_of(chain: &[&Patch], found: &[u8]) -> Option<usize> {
    if chain.last().is_some_and(|patch| patch.after == found) {
        return Some(chain.len());
    }
    chain.iter().rposition(|patch| is_between(found, patch))
}

/// Whether what was found is the patch's state before, after, or what a write that was cut short left: a sector of
/// 4096 bytes may lie on a medium with sectors of 512.
fn is_between(found: &[u8], patch: &Patch) -> bool {
    let before = patch.before.chunks(SMALLEST_SECTOR);
    let after = patch.after.chunks(SMALLEST_SECTOR);
    let parts = before.zip(after).zip(found.chunks(SMALLEST_SECTOR));
    parts.into_iter().all(|((before, after), found)| found == before || found == after)
}

fn write(storage: &mut dyn StorageMut, open: &[&Patch]) -> Result<(), ApplyError> {
    let failed = |written| move |cause| ApplyError::Incomplete { written, total: open.len(), cause };
    let mut stage = None;
    for (written, patch) in open.iter().enumerate() {
        if stage.is_some_and(|stage| stage != patch.stage) {
            storage.sync().map_err(failed(written))?;
        }
        stage = Some(patch.stage);
        write_sector(storage, patch).map_err(failed(written))?;
    }
    if open.is_empty() { Ok(()) } else { storage.sync().map_err(failed(open.len())) }
}

#[expect(clippy::disallowed_methods, reason = "the one place where a disk is written")]
fn write_sector(storage: &mut dyn StorageMut, patch: &Patch) -> Result<(), StorageError> {
    storage.write_at(patch.offset, &patch.after)
}

/// Whether every sector holds its (last) `after` already.
///
/// # Errors
/// [`StorageError`] when a sector cannot be read.
pub fn is_done(storage: &dyn Storage, patches: &[Patch]) -> Result<bool, StorageError> {
    for patch in chains(patches).values().filter_map(|chain| chain.last()) {
        if storage.read_vec(patch.offset, patch.after.len())? != patch.after {
            return Ok(false);
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repair::patch::inverse;
    use crate::storage::ram::Ram;

    fn patch(offset: u64, before: u8, after: u8, stage: u8) -> Patch {
        Patch { offset, before: vec![before; 512], after: vec![after; 512], stage }
    }

    #[test]
    fn apply_then_inverse_is_the_identity_and_a_second_apply_writes_nothing() {
        let patches = [patch(512, 1, 2, 0), patch(0, 0, 9, 1)];
        let original: Vec<u8> = [[0; 512], [1; 512], [5; 512]].concat();
        let mut disk = Ram::new(original.clone(), None);
        assert_eq!(apply(&mut disk, &patches).unwrap(), 2);
        assert_eq!(disk.bytes(), [[9; 512], [2; 512], [5; 512]].concat());
        assert_eq!(apply(&mut disk, &patches).unwrap(), 0);
        assert_eq!(apply(&mut disk, &inverse(&patches)).unwrap(), 2);
        assert_eq!(disk.bytes(), original);
    }

    #[test]
    fn a_half_done_repair_is_completed_and_a_changed_disk_is_not_touched() {
        let patches = [patch(0, 0, 9, 0), patch(512, 1, 2, 0)];
        let mut half = Ram::new([[9; 512], [1; 512]].concat(), None);
        assert_eq!(apply(&mut half, &patches).unwrap(), 1);
        let large = [Patch { offset: 0, before: vec![0; 4096], after: vec![9; 4096], stage: 0 }];
        let mut torn = Ram::new([[9; 512].as_slice(), &[0; 3584]].concat(), None);
        assert_eq!(apply(&mut torn, &inverse(&large)).unwrap(), 1);
        assert_eq!(torn.bytes(), [0; 4096]);
        let mut changed = Ram::new([[0; 512], [7; 512]].concat(), None);
        assert!(matches!(apply(&mut changed, &patches), Err(ApplyError::Changed { at: 512 })));
        assert_eq!(changed.bytes(), [[0; 512], [7; 512]].concat());
    }

    #[test]
    fn a_sector_that_is_written_twice_goes_on_from_where_it_is_and_back() {
        let patches = [patch(512, 1, 2, 0), patch(0, 0, 9, 1), patch(512, 2, 3, 2)];
        let original: Vec<u8> = [[0; 512], [1; 512]].concat();
        let states = [
            original.clone(),
            [[0; 512], [2; 512]].concat(),
            [[9; 512], [2; 512]].concat(),
            [[9; 512], [3; 512]].concat(),
        ];
        for (done, state) in states.iter().enumerate() {
            let mut disk = Ram::new(state.clone(), None);
            assert_eq!(apply(&mut disk, &patches).unwrap(), 3 - done);
            assert_eq!(disk.bytes(), states[3]);
            assert!(is_done(&disk, &patches).unwrap());
            let mut disk = Ram::new(state.clone(), None);
            assert_eq!(apply(&mut disk, &inverse(&patches)).unwrap(), done);
            assert_eq!(disk.bytes(), original);
        }
        let mut torn = Ram::new([[0; 512], [5; 512]].concat(), None);
        assert!(matches!(apply(&mut torn, &patches), Err(ApplyError::Changed { at: 512 })));
    }
}
