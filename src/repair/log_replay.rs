//! A dirty store that is patched is first written as its logs make it.
//!
//! The order, so that no power cut leaves a store that a boot manager refuses where it accepted the one before. What
//! boot managers do with a dirty store was measured: one whose log applies is made whole by that log (6.1 with pages,
//! 10.0 with an entry; by its numbers, or by its time where the base block is damaged), any other is refused.
//!
//! 1. The recovered pages, while the base block stays as it is. A boot manager that replays puts the same bytes into the
//!    same places, so that it sees what it saw before; whether the log applies is decided by the base block, which is not
//!    written yet, or by the time in the first bin, which the recovered page has too.
//! 2. The base block, one sector of which only the first 512 bytes differ: equal numbers above those of every log, and
//!    the right checksum. From here on the store is clean, and logs are ignored, whatever they hold. All that was in
//!    them is on stable storage.
//! 3. The re-pointings, as in any clean store, in their usual order.
//!
//! To seal the base block behind the re-pointings would be worse: until then a boot manager's replay takes back those
//! that lie in pages of the log, and keeps the others, so that an entry could be half patched in any way. A sector that is
//! both recovered and re-pointed is therefore written twice. An undo goes the same way backwards. The logs are not
//! written.

use std::collections::BTreeMap;

use crate::bcd::edit::Edit;
use crate::layout::Layout;
use crate::layout::index::StoreIndex;
use crate::layout::store::StoreFile;
use crate::repair::Patch;
use crate::repair::plan::PlanError;
use crate::repair::sectors::Sectors;
use crate::storage::Storage;

/// Stages of the recovery, before all others.
const PAGES: u8 = 0;
const SEAL: u8 = 1;
/// By so much the stages of re-pointings come later then.
const STAGES: u8 = 2;
/// The part of a base block that a log has, and that a checksum is over.
const BASE_BLOCK: usize = 512;

/// The sectors of dirty stores as their logs make them, for those of `stores` (indices in the layout) that are dirty.
pub(super) fn patches(
    storage: &dyn Storage,
    layout: &Layout,
    stores: &[StoreIndex],
) -> Result<Vec<Patch>, PlanError> {
    let mut sectors = Sectors::new(storage, layout.table.sector_size, "byte of a dirty store");
    for file in stores.iter().filter_map(|index| layout.store(*index)) {
        if file.replayed().is_some() {
            add(&mut sectors, file)?;
        }
    }
    Ok(sectors.into_patches())
}

fn add(sectors: &mut Sectors<'_>, file: &StoreFile) -> Result<(), PlanError> {
    let gone = || PlanError::Check(format!("{} was not parsed", file.path));
    let extents = file.place.as_ref().map_err(|reason| PlanError::Check(reason.clone()))?;
    let before = file.on_disk().ok_or_else(gone)?;
    let after = file.parsed().ok_or_else(gone)?.hive().bytes();
    if before.len() != after.len() {
        return Err(PlanError::Check(format!("{} would have to grow", file.path)));
    }
    let chunks = before.chunks(BASE_BLOCK).zip(after.chunks(BASE_BLOCK));
    for (index, (before, after)) in chunks.enumerate().filter(|(_, (before, after))| before != after) {
        let edit =
            Edit { at: index.saturating_mul(BASE_BLOCK), before: before.to_vec(), after: after.to_vec() };
        sectors.add(extents, &edit, if index == 0 { SEAL } else { PAGES })?;
    }
    Ok(())
}

/// The recovery and what comes behind it. A sector that is in the end what it was before is not written.
pub(super) fn followed_by(recovery: Vec<Patch>, mut patches: Vec<Patch>) -> Vec<Patch> {
    if recovery.is_empty() {
        return patches;
    }
    let last: BTreeMap<u64, &[u8]> =
        patches.iter().map(|patch| (patch.offset, patch.after.as_slice())).collect();
    let back: Vec<u64> = recovery
        .iter()
        .filter(|patch| last.get(&patch.offset).is_some_and(|after| *after == patch.before))
        .map(|patch| patch.offset)
        .collect();
    patches.iter_mut().for_each(|patch| patch.stage = patch.stage.saturating_add(STAGES));
    let all = recovery.into_iter().chain(patches);
    all.filter(|patch| !back.contains(&patch.offset)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sector_may_be_written_twice_but_not_for_nothing() {
        let patch = |offset, before, after, stage| Patch {
            offset,
            before: vec![before; 512],
            after: vec![after; 512],
            stage,
        };
        let plain = vec![patch(0, 1, 2, 0)];
        assert_eq!(followed_by(Vec::new(), plain.clone()), plain);
        let recovery = vec![patch(512, 5, 1, PAGES), patch(1024, 2, 1, PAGES), patch(0, 7, 8, SEAL)];
        let patches = vec![patch(512, 1, 2, 0), patch(1024, 1, 2, 3)];
        let expected = [patch(512, 5, 1, 0), patch(0, 7, 8, 1), patch(512, 1, 2, 2)];
        assert_eq!(followed_by(recovery, patches), expected);
    }
}
