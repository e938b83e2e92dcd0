//! Bytes of a file, written into the draft where the file's extents say that they lie.

use crate::bcd::edit::Edit;
use crate::layout::extent::DiskExtent;
use crate::layout::extent::place_of;
use crate::repair::draft::Draft;
use crate::repair::error::PlanError;

/// Writes an edit of a file; all of its bytes are compared before. `what` is one byte of the file, for an error.
///
/// # Errors
/// As [`Draft::replace`]; [`PlanError::Check`] when the extents do not cover it.
pub(in crate::repair) fn write(
    draft: &mut Draft<'_>,
    extents: &[DiskExtent],
    edit: &Edit,
    what: &'static str,
) -> Result<(), PlanError> {
    if edit.before.len() != edit.after.len() {
        return Err(PlanError::Check(format!("an edit at file offset 0x{:x} changes the length", edit.at)));
    }
    let (mut at, mut before, mut after) = (edit.at, edit.before.as_slice(), edit.after.as_slice());
    while !before.is_empty() {
        let place = place_of(extents, u64::try_from(at).unwrap_or(u64::MAX));
        let (on_disk, run) =
            place.ok_or_else(|| PlanError::Check(format!("file offset 0x{at:x} lies in no extent")))?;
        let len = before.len().min(usize::try_from(run).unwrap_or(usize::MAX));
        let ((now, before_rest), (then, after_rest)) = (before.split_at(len), after.split_at(len));
        draft.replace(on_disk, now, then, what)?;
        (before, after) = (before_rest, after_rest);
        at = at.saturating_add(len);
    }
    Ok(())
}

/// What changes from `before` to `after`, where they are of one length and all of it lies in one sector of `sector_size` bytes: a medium
/// writes that whole or not at all.
pub(in crate::repair) fn within_a_sector(
    extents: &[DiskExtent],
    sector_size: u32,
    before: &[u8],
    after: &[u8],
) -> Option<Edit> {
    let differs = |(one, other): (&u8, &u8)| one != other;
    let first = before.iter().zip(after).position(differs).filter(|_| before.len() == after.len())?;
    let last = before.iter().zip(after).rposition(differs)?;
    let (at, run) = place_of(extents, u64::try_from(first).ok()?)?;
    let beyond = u64::try_from(last.checked_sub(first)?).ok()?;
    let sector = |at: u64| at.checked_div(u64::from(sector_size));
    let is_within = beyond < run && sector(at) == sector(at.checked_add(beyond)?);
    let (before, after) = (before.get(first..=last)?.to_vec(), after.get(first..=last)?.to_vec());
    is_within.then_some(Edit { at: first, before, after })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::Storage;
    use crate::storage::ram::Ram;

    #[test]
    fn an_edit_across_extents_goes_to_each_of_their_places() {
        let disk = Ram::new(vec![7; 4096], None);
        let extents = [
            DiskExtent { file_offset: 0, disk_offset: 2048, len: 512 },
            DiskExtent { file_offset: 512, disk_offset: 1024, len: 512 },
        ];
        let edit = Edit { at: 510, before: vec![7; 4], after: vec![1, 2, 3, 4] };
        let mut draft = Draft::new(&disk, 512);
        write(&mut draft, &extents, &edit, "byte of a hive").unwrap();
        assert_eq!(draft.read_vec(2558, 2).unwrap(), [1, 2]);
        assert_eq!(draft.read_vec(1024, 3).unwrap(), [3, 4, 7]);
        let beyond = Edit { at: 1022, before: vec![7; 4], after: vec![0; 4] };
        assert!(matches!(
            write(&mut draft, &extents, &beyond, "byte of a hive"),
            Err(PlanError::Check(what)) if what.contains("0x400")
        ));
    }
}
