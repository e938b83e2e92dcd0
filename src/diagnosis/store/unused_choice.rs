//! Partitions that the user chose, and that no element is.

use crate::diagnosis::model::code::Code;
use crate::diagnosis::model::context::CompanionIndex;
use crate::diagnosis::model::context::Context;
use crate::diagnosis::model::finding::Finding;
use crate::diagnosis::model::finding::Severity;
use crate::diagnosis::model::resolution::Resolution;
use crate::diagnosis::model::resolution::Unresolved;
use crate::diagnosis::model::subject::Chosen;
use crate::diagnosis::model::subject::Subject;
use crate::diagnosis::resolve::role::ElementRole;
use crate::diagnosis::store::whole::Entries;
use crate::layout::index::VolumeIndex;

/// The user's word for a partition that no element is, because none was open: never passed over in silence.
pub(in crate::diagnosis) fn unused_choice(entries: Entries<'_>) -> Vec<Finding> {
    let Entries { layout, context, references, answers } = entries;
    let choice = context.choice;
    let windows = choice.windows.map(|number| (Chosen::Windows, number, choice.windows_on));
    let system = choice.system.map(|number| (Chosen::System, number, None));
    let recovery = choice.recovery.map(|number| (Chosen::Recovery, number, choice.recovery_on));
    let chosen = [windows, system, recovery].into_iter().flatten();
    let unused = chosen.filter(|(chosen, number, on)| {
        let disk = match on {
            Some(disk) => context.companion_at(*disk).map(|companion| &companion.layout),
            None => Some(layout),
        };
        let Some(volume) = disk.and_then(|layout| layout.by_number(*number)) else { return false };
        // Of a rebuild it is the word for where that goes.
        if context.choice.rebuild.is_some() && matches!(chosen, Chosen::System | Chosen::Windows) {
            return false;
        }
        let is_of = |role: ElementRole| match *chosen {
            Chosen::System => role.is_system(),
            Chosen::Recovery => role.is_image(),
            Chosen::Windows | Chosen::Active | Chosen::Entry => role.is_windows(),
        };
        let mut of_role =
            references.iter().zip(answers).filter(|(reference, _)| is_of(reference.purpose.role));
        !of_role.any(|(_, answer)| is_used(context, answer, *on, volume))
    });
    let say = |(chosen, number, _): (Chosen, u32, Option<CompanionIndex>)| {
        let message = format!("partition {number} was chosen, but no unresolved element could refer to it");
        Finding::plain(Code::ChoiceDoesNotFit, Severity::Note, Subject::choice(chosen), message)
    };
    unused.map(say).collect()
}

/// Whether an element means the chosen volume, or says itself why the choice does not fit.
fn is_used(context: &Context, answer: &Resolution, on: Option<CompanionIndex>, volume: VolumeIndex) -> bool {
    match answer {
        Resolution::Here(meant) | Resolution::Repoint { volume: meant, .. } => {
            on.is_none() && *meant == volume
        }
        Resolution::RepointCompanion { disk, volume: meant, .. } => on == Some(*disk) && *meant == volume,
        Resolution::OtherDisk { name, partition, .. } => {
            let companion =
                on.and_then(|disk| context.companion_at(disk)).filter(|companion| companion.name == *name);
            let number = companion.and_then(|companion| companion.layout.partition(volume));
            number.is_some_and(|number| *partition == Some(number.number))
        }
        Resolution::Unresolved { why, .. } => {
            matches!(why, Unresolved::BadChoice(_) | Unresolved::TakenChoice(_) | Unresolved::EntryNeeded(_))
                || *why == Unresolved::OtherStyle(Some(volume))
                || *why == Unresolved::NoIdentity
        }
        Resolution::Untouched => false,
    }
}
