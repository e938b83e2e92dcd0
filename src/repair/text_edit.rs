//! `boot.ini` or `ReAgent.xml` with some of its bytes changed, and maybe longer or shorter by some.
//!
//! Where as many bytes change as were there, and all of them lie in one sector, that is written in its place. Else the file is renewed:
//! within its record of the file system, or in new clusters to which one write switches. Either way NTLDR or Windows finds the old text or
//! the new one, whenever the power fails.

use std::collections::BTreeMap;

use crate::diagnosis::Diagnosis;
use crate::diagnosis::model::byte_edit::ByteEdit;
use crate::diagnosis::model::byte_edit::Site as Place;
use crate::layout::Layout;
use crate::layout::text_file::TextFile;
use crate::repair::change::bytes::add;
use crate::repair::change::in_file;
use crate::repair::draft::Draft;
use crate::repair::error::PlanError;
use crate::repair::rebuild::site::Site;
use crate::repair::touched::Touched;

/// Writes every text that a diagnosis would change.
///
/// # Errors
/// [`PlanError::Changed`] when the disk does not hold the file that was diagnosed; its volume cannot be written; what was put there reads
/// back as something else.
pub(super) fn write(
    draft: &mut Draft<'_>,
    layout: &Layout,
    diagnosis: &Diagnosis,
    all: &mut Vec<Touched>,
) -> Result<(), PlanError> {
    let mut files: BTreeMap<TextFile, Vec<Change<'_>>> = BTreeMap::new();
    for edit in diagnosis.edits() {
        if let Place::Text { file, at, now } = edit.site {
            files.entry(file).or_default().push(Change { edit, at, now });
        }
    }
    for (file, changes) in files {
        add(all, write_file(draft, layout, file, changes)?);
        draft.barrier();
    }
    Ok(())
}

/// One change of a file.
struct Change<'e> {
    edit: &'e ByteEdit,
    at: usize,
    now: u64,
}

fn write_file(
    draft: &mut Draft<'_>,
    layout: &Layout,
    file: TextFile,
    changes: Vec<Change<'_>>,
) -> Result<Touched, PlanError> {
    let file = layout.text_file(file).ok_or(PlanError::Changed)?;
    let partition = layout.partition(file.volume).ok_or(PlanError::Changed)?;
    let site = Site::new(layout, file.volume, changes.iter().map(|change| change.now).max().unwrap_or(0))?;
    let before =
        site.look(draft, |volume| volume.read(file.path, file.len_max))?.ok_or(PlanError::Changed)?;
    let after = changed(&before, changes).ok_or(PlanError::Changed)?;
    let in_place = file.extents.as_ref().ok().and_then(|extents| {
        Some((extents, in_file::within_a_sector(extents, layout.table.sector_size, &before, &after)?))
    });
    match in_place {
        Some((extents, edit)) => in_file::write(draft, extents, &edit, "byte of a text")?,
        None => site.renew(draft, file.path, &after)?,
    }
    site.is_as_put(draft, file.path, &after)?;
    Ok(Touched::Volume { partition: partition.number, start: partition.start })
}

/// The file with its changes; `None` where it has other bytes than were diagnosed.
fn changed(before: &[u8], mut changes: Vec<Change<'_>>) -> Option<Vec<u8>> {
    changes.sort_by_key(|change| change.at);
    let (mut after, mut rest, mut at) = (Vec::new(), before, 0usize);
    for change in changes {
        let (kept, from) = rest.split_at_checked(change.at.checked_sub(at)?)?;
        rest = from.strip_prefix(change.edit.before.as_slice())?;
        at = change.at.checked_add(change.edit.before.len())?;
        after.extend_from_slice(kept);
        after.extend_from_slice(&change.edit.after);
    }
    after.extend_from_slice(rest);
    Some(after)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edit(before: &str, after: &str) -> ByteEdit {
        ByteEdit {
            what: String::new(),
            site: Place::Table { at: 0 },
            before: before.into(),
            after: after.into(),
            meaning: String::new(),
        }
    }

    #[test]
    fn changes_of_any_length_are_put_in_and_the_rest_stays() {
        let (one, other) = (edit("(9)", "(10)"), edit("(12)", "(2)"));
        let change = |edit, at| Change { edit, at, now: 0 };
        let text = b"a(9)b(12)c";
        assert_eq!(changed(text, vec![change(&other, 5), change(&one, 1)]).unwrap(), b"a(10)b(2)c");
        assert_eq!(changed(text, vec![change(&one, 1)]).unwrap(), b"a(10)b(12)c");
        // Other bytes than were diagnosed; beyond the end; one in the other.
        assert_eq!(changed(text, vec![change(&one, 2)]), None);
        assert_eq!(changed(text, vec![change(&one, 11)]), None);
        assert_eq!(changed(text, vec![change(&one, 1), change(&one, 1)]), None);
    }
}
