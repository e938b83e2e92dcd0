//! The rehearsal: the plan carried out on a picture of the disk in memory, examined as the disk will be afterwards.
//!
//! What would not come out healthy there is never written.

use crate::bcd::names::display_name;
use crate::diagnosis::Context;
use crate::diagnosis::Diagnosis;
use crate::diagnosis::Finding;
use crate::diagnosis::Repoint;
use crate::diagnosis::Severity;
use crate::diagnosis::Verdict;
use crate::diagnosis::diagnose;
use crate::diagnosis::model::byte_edit::ByteEdit;
use crate::layout::Layout;
use crate::layout::ask::discover_for;
use crate::layout::store::StoreFile;
use crate::repair::draft::Draft;
use crate::repair::error::Deviation;
use crate::repair::error::DeviationKind;
use crate::repair::error::PlanError;
use crate::repair::plan::Plan;
use crate::storage::Storage;
use crate::storage::cache::Cached;

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
    let draft = Cached::new(Draft::with(storage, &plan.patches));
    let layout = discover_for(&draft, context.choice.on).map_err(PlanError::Unreadable)?;
    let diagnosis = diagnose(&layout, context);
    came_out(plan, &layout, &diagnosis).map_err(PlanError::Rehearsal)?;
    // Where nothing started, a rebuild lays open what is next, and stops nothing that went.
    let is_bare = !plan.made.is_empty() && before.verdict == Verdict::Broken;
    match worse(before, &diagnosis).filter(|_| !is_bare) {
        Some(worse) => Err(PlanError::Rehearsal(Deviation::seen(&layout, worse))),
        None => Ok(diagnosis),
    }
}

/// The same for an edit: whatever the disk then is, the user has said so.
///
/// # Errors
/// [`PlanError::Rehearsal`] when the store would have other bytes than were planned.
pub(super) fn rehearse_edit(
    plan: &Plan,
    storage: &dyn Storage,
    context: &Context,
) -> Result<Diagnosis, PlanError> {
    let draft = Cached::new(Draft::with(storage, &plan.patches));
    let layout = discover_for(&draft, context.choice.on).map_err(PlanError::Unreadable)?;
    has_stores(plan, &layout).map_err(PlanError::Rehearsal)?;
    Ok(diagnose(&layout, context))
}

/// What would stop Windows after the repair and does not stop it now.
fn worse(before: &Diagnosis, after: &Diagnosis) -> Option<DeviationKind> {
    let blocks = |finding: &&Finding| finding.severity == Severity::BlocksBoot;
    // A broken disk may have one fault after another; only one that a repair brings in is worse.
    let is_new =
        |finding: &&Finding| !before.findings.iter().filter(blocks).any(|old| old.subject == finding.subject);
    let worse = after.findings.iter().filter(blocks).find(is_new)?;
    let switch = worse.remedy.switch();
    let (subject, message) = (worse.subject.to_string(), worse.message.clone());
    Some(DeviationKind::Worse { subject, message, switch })
}

/// Whether the stores of a plan have the planned bytes.
///
/// # Errors
/// The first that has not.
pub(super) fn has_stores(plan: &Plan, layout: &Layout) -> Result<(), Deviation> {
    for store in &plan.stores {
        let found = layout.store_on(store.partition, &store.path);
        let found = found.filter(|file| file.dirty.is_none()).and_then(StoreFile::on_disk);
        if found.is_none_or(|found| found != store.after) {
            return Err(Deviation::seen(layout, DeviationKind::Store { path: store.path.clone() }));
        }
    }
    Ok(())
}

/// Whether a disk is what the plan makes of it: every store has the planned bytes, nothing is left to re-point.
///
/// # Errors
/// What is not as planned.
pub(super) fn came_out(plan: &Plan, layout: &Layout, diagnosis: &Diagnosis) -> Result<(), Deviation> {
    has_stores(plan, layout)?;
    if let Some(left) = diagnosis.rebuild().filter(|rebuild| !rebuild.is_insisted()) {
        let place = layout.name(left.system);
        return Err(Deviation::seen(layout, DeviationKind::NotRebuilt { place }));
    }
    if plan.restored.is_some() && layout.table.disk != plan.restored {
        return Err(DeviationKind::NotRestored.into());
    }
    // With the identity no store is written.
    let mut edits = diagnosis.edits().filter(|edit| plan.restored.is_none() || edit.store().is_none());
    if let Some(ByteEdit { what, meaning, .. }) = edits.next() {
        return Err(DeviationKind::Field { what: what.clone(), meaning: meaning.clone() }.into());
    }
    match diagnosis.repoints().next() {
        Some(stale) => {
            let (element, place) = (subject(layout, stale), stale.place.clone());
            Err(DeviationKind::Element { element, place }.into())
        }
        None => Ok(()),
    }
}

/// Whether a disk that was written is what the rehearsal said that it would be: by now a part of it may no longer be
/// readable, or something else may have written to it.
///
/// # Errors
/// What is otherwise.
pub(super) fn as_rehearsed(rehearsed: &Diagnosis, after: &Diagnosis) -> Result<(), Deviation> {
    let is_among = |finding: &Finding, others: &Diagnosis| {
        others.left().any(|other| (other.code, &other.subject) == (finding.code, &finding.subject))
    };
    if let Some(new) = after.left().find(|finding| !is_among(finding, rehearsed)) {
        let (subject, message) = (new.subject.to_string(), new.message.clone());
        return Err(DeviationKind::New { subject, message }.into());
    }
    match after.verdict == rehearsed.verdict {
        true => Ok(()),
        false => Err(DeviationKind::Verdict.into()),
    }
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
