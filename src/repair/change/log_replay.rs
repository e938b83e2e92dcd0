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

use crate::bcd::edit::Edit;
use crate::layout::Layout;
use crate::layout::index::StoreIndex;
use crate::layout::store::StoreFile;
use crate::repair::change::in_file;
use crate::repair::draft::Draft;
use crate::repair::error::PlanError;

/// The part of a base block that a log has, and that a checksum is over.
const BASE_BLOCK: usize = 512;
/// What is edited, for messages.
const BYTE: &str = "byte of a dirty store";

/// Writes those of `stores` (indices in the layout) that are dirty as their logs make them.
///
/// # Errors
/// [`PlanError`] when a store is not what was read, or would have to grow.
pub(crate) fn write(draft: &mut Draft<'_>, layout: &Layout, stores: &[StoreIndex]) -> Result<(), PlanError> {
    let stores = stores.iter().filter_map(|index| layout.store(*index));
    let dirty: Vec<&StoreFile> = stores.filter(|file| file.replayed().is_some()).collect();
    if dirty.is_empty() {
        return Ok(());
    }
    for file in &dirty {
        recovered(draft, file, |at| at > 0)?;
    }
    draft.next_stage();
    for file in &dirty {
        recovered(draft, file, |at| at == 0)?;
    }
    draft.barrier();
    Ok(())
}

/// Writes the chunks of a store that `wanted` takes, by their first byte.
fn recovered(
    draft: &mut Draft<'_>,
    file: &StoreFile,
    wanted: impl Fn(usize) -> bool,
) -> Result<(), PlanError> {
    let gone = || PlanError::Check(format!("{} was not parsed", file.path));
    let extents = file.place.as_ref().map_err(|reason| PlanError::Check(reason.to_string()))?;
    let before = file.on_disk().ok_or_else(gone)?;
    let after = file.parsed().ok_or_else(gone)?.hive().bytes();
    if before.len() != after.len() {
        return Err(PlanError::Check(format!("{} would have to grow", file.path)));
    }
    let chunks = before.chunks(BASE_BLOCK).zip(after.chunks(BASE_BLOCK)).enumerate();
    let chunks = chunks.map(|(index, (before, after))| (index.saturating_mul(BASE_BLOCK), before, after));
    for (at, before, after) in chunks.filter(|(at, before, after)| wanted(*at) && before != after) {
        let edit = Edit { at, before: before.to_vec(), after: after.to_vec() };
        in_file::write(draft, extents, &edit, BYTE)?;
    }
    Ok(())
}
