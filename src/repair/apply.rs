//! The one place where a disk is written.

use std::collections::BTreeMap;
use std::ops::ControlFlow;

use crate::error::way_out::WayOut;
use crate::repair::batch::Place;
use crate::repair::batch::are_few;
use crate::repair::batch::batches;
use crate::repair::batch::read_each;
use crate::repair::patch::Patch;
use crate::repair::patch::chains;
use crate::storage::Storage;
use crate::storage::StorageError;
use crate::storage::StorageMut;

/// Media write at least this many bytes whole.
const SMALLEST_SECTOR: usize = 512;
/// Bytes of the longest FILE record or index block.
const STRUCTURE: u64 = 4096;

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
        /// Sectors that were written before the failure (those of the write that failed may be either way).
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
    apply_telling(storage, patches, &mut |_, _| {})
}

/// The same, and tells after each write how many bytes are written, of how many.
///
/// # Errors
/// As [`apply`].
pub fn apply_telling(
    storage: &mut dyn StorageMut,
    patches: &[Patch],
    tell: &mut dyn FnMut(u64, u64),
) -> Result<usize, ApplyError> {
    let chains = chains(patches, |patch| patch.offset);
    let places: Vec<Place> = chains
        .iter()
        .map(|(offset, chain)| (*offset, chain.first().map_or(0, |patch| patch.before.len())))
        .collect();
    for (offset, len) in &places {
        storage.check_write(*offset, *len).map_err(ApplyError::Refused)?;
    }
    let mut done = BTreeMap::new();
    let changed = read_each(storage, &places, |offset, found| {
        match chains.get(&offset).and_then(|chain| done_of(chain, found)) {
            Some(count) => drop(done.insert(offset, count)),
            None => return ControlFlow::Break(offset),
        }
        ControlFlow::Continue(())
    });
    if let Some(at) = changed.map_err(ApplyError::Unread)? {
        return Err(ApplyError::Changed { at });
    }
    let mut open = Vec::new();
    for patch in patches {
        match done.get_mut(&patch.offset) {
            Some(count) if *count > 0 => *count = count.saturating_sub(1),
            _ => open.push(patch),
        }
    }
    write(storage, &open, tell)?;
    let differs = read_each(storage, &places, |offset, found| {
        let last = chains.get(&offset).and_then(|chain| chain.last());
        match last.is_some_and(|patch| patch.after == *found) {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(offset),
        }
    });
    let total = open.len();
    match differs.map_err(|cause| ApplyError::Incomplete { written: total, total, cause })? {
        Some(at) => Err(ApplyError::Unverified { at }),
        None => Ok(total),
    }
}

/// How many patches of a sector are done when it holds `found`; `None` when it holds nothing of the kind.
fn done_of(chain: &[&Patch], found: &[u8]) -> Option<usize> {
    if chain.last().is_some_and(|patch| patch.after == *found) {
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

fn write(
    storage: &mut dyn StorageMut,
    open: &[&Patch],
    tell: &mut dyn FnMut(u64, u64),
) -> Result<(), ApplyError> {
    let total = open.len();
    let bytes = open.iter().map(|patch| patch.len()).fold(0, u64::saturating_add);
    let (mut written, mut so_far) = (0_usize, 0_u64);
    let are_few = are_few(total);
    for stage in open.chunk_by(|one, next| one.stage == next.stage) {
        let mut stage = stage.to_vec();
        // The way back begins at the end. One that is there twice keeps its order.
        stage.sort_by_key(|patch| patch.offset);
        let place = |patch: &&Patch| (patch.offset, patch.after.len());
        let requests: Vec<&[&Patch]> = match are_few {
            true => stage.chunk_by(|one, next| is_one_structure(&stage, one, next)).collect(),
            false => batches(&stage, false, place).collect(),
        };
        for batch in requests {
            write_batch(storage, batch).map_err(|cause| ApplyError::Incomplete { written, total, cause })?;
            written = written.saturating_add(batch.len());
            so_far = batch.iter().map(|patch| patch.len()).fold(so_far, u64::saturating_add);
            tell(so_far, bytes);
        }
        storage.sync().map_err(|cause| ApplyError::Incomplete { written, total, cause })?;
    }
    Ok(())
}

/// Whether two neighbours are of one FILE record or index block of NTFS: a number in each of its sectors has to be the same, so that it
/// is readable only when it is written whole.
fn is_one_structure(stage: &[&Patch], one: &Patch, next: &Patch) -> bool {
    let begins = |patch: &Patch| patch.after.starts_with(b"FILE") || patch.after.starts_with(b"INDX");
    let is_begun = stage.iter().any(|first| {
        let to_next = next.offset.saturating_sub(first.offset);
        begins(first) && first.offset <= one.offset && to_next < STRUCTURE
    });
    one.offset.checked_add(one.len()) == Some(next.offset) && is_begun && !begins(next)
}

#[expect(clippy::disallowed_methods, reason = "the one place where a disk is written")]
fn write_batch(storage: &mut dyn StorageMut, batch: &[&Patch]) -> Result<(), StorageError> {
    match batch {
        [] => Ok(()),
        [patch] => storage.write_at(patch.offset, &patch.after),
        [first, ..] => {
            let bytes: Vec<&[u8]> = batch.iter().map(|patch| &*patch.after).collect();
            storage.write_at(first.offset, &bytes.concat())
        }
    }
}

/// Whether every sector holds its (last) `after` already.
///
/// # Errors
/// [`StorageError`] when a sector cannot be read.
pub fn is_done(storage: &dyn Storage, patches: &[Patch]) -> Result<bool, StorageError> {
    let chains = chains(patches, |patch| patch.offset);
    let last = |offset| chains.get(&offset).and_then(|chain| chain.last());
    let places: Vec<Place> =
        chains.keys().map(|offset| (*offset, last(*offset).map_or(0, |patch| patch.after.len()))).collect();
    let differs = read_each(storage, &places, |offset, found| {
        match last(offset).is_some_and(|patch| patch.after == *found) {
            true => ControlFlow::Continue(()),
            false => ControlFlow::Break(()),
        }
    });
    Ok(differs?.is_none())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repair::patch::inverse;
    use crate::storage::ram::Ram;

    fn patch(offset: u64, before: u8, after: u8, stage: u8) -> Patch {
        Patch { offset, before: vec![before; 512].into(), after: vec![after; 512].into(), stage }
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
        let large =
            [Patch { offset: 0, before: vec![0; 4096].into(), after: vec![9; 4096].into(), stage: 0 }];
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
