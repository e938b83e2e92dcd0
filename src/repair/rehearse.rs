//! The rehearsal: the plan carried out on a picture of the disk in memory, examined as the disk will be afterwards.
//!
//! What would not come out healthy there is never written.

use crate::bcd::names::display_name;
use crate::diagnosis::Context;
use crate::diagnosis::Diagnosis;
use crate::diagnosis::Finding;
use crate::diagnosis::Remedy;
use crate::diagnosis::Repoint;
use crate::diagnosis::Severity;
use crate::diagnosis::diagnose;
use crate::layout;
use crate::layout::Layout;
use crate::layout::store::StoreFile;
use crate::repair::Patch;
use crate::repair::plan::Plan;
use crate::repair::plan::PlanError;
use crate::storage::Storage;
use crate::storage::StorageError;
use crate::storage::cache::Cached;

/// A disk as it would read with `patches` written.
pub(super) struct Overlay<'a> {
    pub(super) below: &'a dyn Storage,
    pub(super) patches: &'a [Patch],
}

impl Storage for Overlay<'_> {
    fn len(&self) -> u64 {
        self.below.len()
    }

    fn sector_size(&self) -> Option<u32> {
        self.below.sector_size()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<(), StorageError> {
        self.below.read_at(offset, buf)?;
        let len = u64::try_from(buf.len()).unwrap_or(u64::MAX);
        for patch in self.patches {
            let end = patch.offset.saturating_add(u64::try_from(patch.after.len()).unwrap_or(u64::MAX));
            if end <= offset || patch.offset >= offset.saturating_add(len) {
                continue;
            }
            for (index, byte) in patch.after.iter().enumerate() {
                let at = patch.offset.saturating_add(u64::try_from(index).unwrap_or(u64::MAX));
                let inside = at.checked_sub(offset).and_then(|inside| usize::try_from(inside).ok());
                if let Some(target) = inside.and_then(|inside| buf.get_mut(inside)) {
                    *target = *byte;
                }
            }
        }
        Ok(())
    }
}

/// Examines the disk as the plan would leave it. Returns what `check` would say then.
///
/// # Errors
/// [`PlanError::Rehearsal`] when the result is not what was planned, or worse than the disk is now (`before`).
pub fn rehearse(
    plan: &Plan,
    storage: &dyn Storage,
    context: &Context,
    before: &Diagnosis,
) -> Result<Diagnosis, PlanError> {
    let overlay = Cached::new(Overlay { below: storage, patches: &plan.patches });
    let layout = layout::discover(&overlay).map_err(|error| PlanError::Check(error.to_string()))?;
    let diagnosis = diagnose(&layout, context);
    came_out(plan, &layout, &diagnosis).map_err(PlanError::Rehearsal)?;
    if let Some(worse) = worse(before, &diagnosis) {
        let cure = match &worse.remedy {
            Remedy::Switch(switch, _) => format!("; give {switch} too"),
            Remedy::None | Remedy::Repoint(_) | Remedy::Edit(_) | Remedy::Advice(_) | Remedy::Belongs(_) => {
                String::new()
            }
        };
        let Finding { subject, message, .. } = worse;
        let why = layout.with_failed_read(format!("{subject} would stop Windows: {message}{cure}"));
        return Err(PlanError::Rehearsal(why));
    }
    Ok(diagnosis)
}

/// What would stop Windows after the repair and does not stop it now.
fn worse<'a>(before: &Diagnosis, after: &'a Diagnosis) -> Option<&'a Finding> {
    let blocks = |finding: &&Finding| finding.severity == Severity::BlocksBoot;
    // A broken disk may have one fault after another; only one that a repair brings in is worse.
    let is_new =
        |finding: &&Finding| !before.findings.iter().filter(blocks).any(|old| old.subject == finding.subject);
    after.findings.iter().filter(blocks).find(is_new)
}

/// Whether a disk is what the plan makes of it: every store has the planned bytes, nothing is left to re-point.
///
/// # Errors
/// What is not as planned.
pub fn came_out(plan: &Plan, layout: &Layout, diagnosis: &Diagnosis) -> Result<(), String> {
    for store in &plan.stores {
        let found = layout.store_on(store.partition, &store.path);
        let found = found.filter(|file| file.dirty.is_none()).and_then(StoreFile::on_disk);
        if found.is_none_or(|found| found != store.after) {
            return Err(layout.with_failed_read(format!("{} does not hold the planned bytes", store.path)));
        }
    }
    if plan.restored.is_some() && layout.table.disk != plan.restored {
        return Err("the disk does not have its old identity".into());
    }
    // With the identity no store is written.
    let mut edits = diagnosis.edits().filter(|edit| plan.restored.is_none() || edit.store().is_none());
    if let Some(edit) = edits.next() {
        return Err(format!("the {} is not what was planned: {}", edit.what, edit.meaning));
    }
    match diagnosis.repoints().next() {
        Some(stale) => {
            Err(format!("{} would still be re-pointed to {}", subject(layout, stale), stale.place))
        }
        None => Ok(()),
    }
}

/// Whether a disk that was written is what the rehearsal said that it would be: by now a part of it may no longer be
/// readable, or something else may have written to it.
///
/// # Errors
/// What is otherwise.
pub fn as_rehearsed(rehearsed: &Diagnosis, after: &Diagnosis) -> Result<(), String> {
    let is_among = |finding: &Finding, others: &Diagnosis| {
        others.left().any(|other| (other.code, &other.subject) == (finding.code, &finding.subject))
    };
    if let Some(new) = after.left().find(|finding| !is_among(finding, rehearsed)) {
        return Err(format!("{}: {}, which it was not in memory", new.subject, new.message));
    }
    if after.verdict != rehearsed.verdict {
        return Err("the disk is found in another state than in memory".into());
    }
    Ok(())
}

/// The element of a re-pointing, for people.
fn subject(layout: &Layout, repoint: &Repoint) -> String {
    let file = layout.store(repoint.store);
    let object = file.and_then(|file| file.parsed()?.object_at(repoint.object));
    let element = object.and_then(|object| object.element_at(repoint.element));
    let path = file.map_or("a store", |file| &file.path);
    match (object, element) {
        (Some(object), Some(element)) => {
            format!("{path} {} {}", object.name(), display_name(element, object.object_type))
        }
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::ram::Ram;

    #[test]
    fn an_overlay_shows_its_patches_and_leaves_the_rest() {
        let disk = Ram::new((0..=255).collect(), None);
        let patches = [Patch { offset: 100, before: vec![100, 101], after: vec![1, 2], stage: 0 }];
        let overlay = Overlay { below: &disk, patches: &patches };
        assert_eq!(overlay.read_vec(98, 5).unwrap(), [98, 99, 1, 2, 102]);
        assert_eq!(overlay.read_vec(101, 1).unwrap(), [2]);
        assert_eq!(overlay.read_vec(102, 2).unwrap(), [102, 103]);
        assert_eq!(disk.read_vec(100, 2).unwrap(), [100, 101]);
    }
}
