//! The master boot record: Windows' code where a file of Windows carries it, else ours.

use crate::layout::Layout;
use crate::layout::known::Cause;
use crate::partition::TableKind;
use crate::partition::boot_code::MbrCode;
use crate::repair::boot_code::carriers;
use crate::repair::boot_code::change::CodeChange;
use crate::repair::boot_code::no_code::NoCode;
use crate::repair::boot_code::search::Search;
use crate::repair::boot_code::source::Source;
use crate::storage::Storage;
use crate::volume::Volume;
use crate::volume::VolumeError;

const SECTOR: usize = 512;

/// What makes the MBR of `disk` start the active partition; nothing where it has Windows' code, or ours. What other code is there goes:
/// whether it may is not asked here. `volumes` are those of the layout.
///
/// # Errors
/// [`NoCode`]: the disk has no MBR, or it cannot be read.
pub fn mbr_code(
    disk: &dyn Storage,
    volumes: &[Option<&Volume<'_>>],
    layout: &Layout,
) -> Result<Vec<CodeChange>, NoCode> {
    match layout.table.kind {
        TableKind::Gpt => return Err(NoCode::Gpt),
        TableKind::None => return Err(NoCode::NoTable),
        TableKind::Mbr => {}
    }
    let unread = |error| NoCode::UnreadMbr(Cause::from(VolumeError::from(error)));
    let before = disk.read_vec(0, SECTOR).map_err(unread)?;
    let is_well = MbrCode::of_windows(&before).is_some_and(|code| code.is_known());
    if is_well || MbrCode::own().written_over(&before).as_ref() == Some(&before) {
        return Ok(Vec::new());
    }
    let mut search = Search::new();
    carriers::look(&mut search, volumes, layout);
    let (code, from) = search.end().unwrap_or_else(|_| (MbrCode::own(), Source::Own));
    let after = code.written_over(&before).ok_or(NoCode::NoTable)?;
    let change = CodeChange { at: 0, before, after, from };
    Ok(Some(change).filter(|change| change.before != change.after).into_iter().collect())
}
