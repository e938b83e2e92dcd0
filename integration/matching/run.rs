//! One command, with all its gates and in their order, on a disk in memory.

use std::sync::Arc;

use bcdrescue::diagnosis::Choice;
use bcdrescue::diagnosis::Context;
use bcdrescue::diagnosis::Diagnosis;
use bcdrescue::diagnosis::diagnose;
use bcdrescue::diagnosis::identity::restore::Restore;
use bcdrescue::diagnosis::model::companion::Companion;
use bcdrescue::diagnosis::model::context::CompanionIndex;
use bcdrescue::diagnosis::model::known_disks::OtherDisk;
use bcdrescue::diagnosis::model::snapshot::Snapshot;
use bcdrescue::layout::Layout;
use bcdrescue::layout::discover;
use bcdrescue::layout::discover_companion;
use bcdrescue::repair::apply::apply;
use bcdrescue::repair::cure::Cure;
use bcdrescue::repair::error::PlanError;
use bcdrescue::repair::patch::inverse;
use bcdrescue::repair::plan;
use bcdrescue::repair::plan::Plan;
use bcdrescue::repair::refusal::Allowed;
use bcdrescue::repair::refusal::refusals;
use bcdrescue::repair::rehearse::rehearse;
use bcdrescue::storage::cache::Cached;

use crate::matching::scene::Attached;
use crate::matching::scene::Scene;
use crate::matching::volume_id::VolumeId;
use crate::support::sparse::SparseRam;

/// How a command ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    Wrote,
    /// There was nothing to do.
    Nothing,
    Refused(String),
    /// Tried in memory, it did not come out.
    Rehearsal(String),
}

/// What came of a command.
pub struct Ran {
    pub end: End,
    pub before: SparseRam,
    pub after: SparseRam,
    /// What has to hold of every repair and did not.
    pub faults: Vec<String>,
}

/// The context that the command line makes.
fn context(scene: &Scene, layout: &Layout) -> Context {
    let mut context = Context { choice: choice(scene), ..Context::default() };
    let mut companion = Vec::new();
    for (index, attached) in scene.attached.iter().enumerate().filter(|(_, it)| **it != Attached::Absent) {
        let name = format!("/dev/vd{}", scene.now.disks[index + 1].name.to_ascii_lowercase());
        let raw = Cached::new(scene.now.render(index + 1));
        let layout = discover_companion(&raw, &layout.stores).expect("a sound disk");
        let ids = layout.table.partitions.iter().filter_map(|part| Some((part.id?, part.number)));
        let disk = layout.table.disk.expect("an identity");
        context.others.add(OtherDisk { name: name.clone(), disk, partitions: ids.collect() });
        if *attached == Attached::Companion {
            companion.push(Companion { name, layout });
        }
    }
    context.companions = Arc::new(companion);
    if scene.command.against {
        let then = discover(&Cached::new(scene.then.render(0))).expect("a sound disk");
        context.snapshot = Some(Snapshot::of(&then).expect("an identity"));
    }
    context
}

fn choice(scene: &Scene) -> Choice {
    let command = &scene.command;
    let number = |volume: VolumeId| {
        let (disk, part) = scene.now.place(volume).expect("a volume that is there");
        (disk, scene.now.disks[disk].number(part))
    };
    let is_companion = |disk: &usize| scene.attached[*disk - 1] == Attached::Companion;
    let windows = command.windows.map(number);
    Choice {
        system: command.system.map(|volume| number(volume).1),
        windows: windows.map(|(_, number)| number),
        windows_on: windows
            .filter(|(disk, _)| *disk > 0)
            .map(|(disk, _)| CompanionIndex::new((1..disk).filter(is_companion).count())),
        entry: command.entry,
        firmware_entries: command.firmware_entries,
        drive_letters: command.drive_letters,
        ..Choice::default()
    }
}

/// Plan and rehearsal; an error says why nothing is written, with whether the rehearsal said so.
fn planned(scene: &Scene, disk: &SparseRam) -> Result<Option<Plan>, (String, bool)> {
    let storage = Cached::new(disk.clone());
    let layout = discover(&storage).expect("a sound disk");
    let context = context(scene, &layout);
    let diagnosis = diagnose(&layout, &context);
    let restores = scene.command.restore_identity && diagnosis.restore != Restore::Nothing;
    refused(scene, &layout, &context, &diagnosis)?;
    if !diagnosis.is_curable() && !restores {
        return Ok(None);
    }
    let cure = if restores { Cure::RestoreIdentity } else { Cure::Repoint };
    let plan = plan::plan(&storage, &layout, &diagnosis, cure);
    let failed = |error: PlanError| (error.to_string(), true);
    let plan = plan.map_err(failed)?;
    rehearse(&plan, &storage, &context, &diagnosis).map_err(failed)?;
    Ok(Some(plan).filter(|plan| !plan.patches.is_empty()))
}

fn refused(
    scene: &Scene,
    layout: &Layout,
    context: &Context,
    diagnosis: &Diagnosis,
) -> Result<(), (String, bool)> {
    // Of an encrypted Windows the user has the key: `--repoint`.
    let allowed = Allowed { repoint: true, ..Allowed::default() };
    let cure = if scene.command.restore_identity { Cure::RestoreIdentity } else { Cure::Repoint };
    let refusals = refusals(layout, context, diagnosis, cure, allowed);
    refusals.first().map_or(Ok(()), |refusal| Err((refusal.to_string(), false)))
}

/// Runs the command of a scene, and what has to hold of every repair.
pub fn run(scene: &Scene) -> Ran {
    let before = scene.now.render(0);
    let (plan, end) = match planned(scene, &before) {
        Ok(Some(plan)) => (Some(plan), End::Wrote),
        Ok(None) => (None, End::Nothing),
        Err((why, true)) => (None, End::Rehearsal(why)),
        Err((why, false)) => (None, End::Refused(why)),
    };
    let (mut after, mut faults) = (before.clone(), Vec::new());
    if let Some(plan) = plan {
        if let Err(error) = apply(&mut after, &plan.patches) {
            faults.push(format!("not applied: {error}"));
        }
        match planned(scene, &after) {
            Ok(Some(_)) => faults.push("a second run writes again".into()),
            Err((why, true)) => faults.push(format!("a second run does not come out: {why}")),
            Ok(None) | Err((_, false)) => {}
        }
        let mut undone = after.clone();
        let inverse = apply(&mut undone, &inverse(&plan.patches));
        if inverse.is_err() || !undone.is_same(&before) {
            faults.push("undo does not restore every byte".into());
        }
    }
    Ran { end, before, after, faults }
}
