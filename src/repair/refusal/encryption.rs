//! What a repair or an edit may cost beside an encrypted volume.

use crate::diagnosis::Context;
use crate::diagnosis::Diagnosis;
use crate::diagnosis::identity::restore::Restore;
use crate::diagnosis::show_disk;
use crate::layout::Layout;
use crate::layout::index::VolumeIndex;
use crate::repair::refusal::Lift;
use crate::repair::refusal::Refusal;
use crate::volume::FileSystem;

/// What a change of the start may cost with an encrypted Windows, for a user who has not chosen yet.
pub(super) fn choice_needed(
    layout: &Layout,
    context: &Context,
    diagnosis: &Diagnosis,
    restores: bool,
) -> Option<Refusal> {
    let meant = !restores && diagnosis.repoints().any(|repoint| repoint.volume.is_none());
    let companion = context.companions.iter().filter(|_| meant).map(|companion| &companion.layout);
    let Encrypted { what, at_hand, store } = std::iter::once(layout)
        .chain(companion)
        .find_map(|layout| encrypted(layout, "repair"))
        .or_else(|| perhaps_encrypted(layout, diagnosis))?;
    let other = match &diagnosis.restore {
        _ if restores => String::new(),
        Restore::Possible(old) => format!(
            ", or --restore-identity, which restores {} and leaves the store {store}",
            show_disk(old.disk)
        ),
        Restore::Impossible(reason) => format!(" (the old identity cannot be restored: {reason})"),
        Restore::Nothing => String::new(),
    };
    let way_out = match restores {
        true => {
            format!("restore the identity alone, then fix the rest with --repoint; have the {at_hand} ready")
        }
        false => format!("choose --repoint and have the {at_hand} ready{other}"),
    };
    Some(Refusal { lift: (!restores).then_some(Lift::Repoint), ..Refusal::new(what, way_out) })
}

/// What an edit of a store may cost beside an encrypted volume; `None` where none is known.
#[must_use]
pub fn cost_of_edit(layout: &Layout) -> Option<String> {
    encrypted(layout, "edit")
        .map(|Encrypted { what, at_hand, .. }| format!("{what}; have the {at_hand} ready"))
}

/// What a change of the start may cost with an encrypted volume.
struct Encrypted {
    what: String,
    /// What the user should have.
    at_hand: &'static str,
    /// How a store is that nobody writes.
    store: &'static str,
}

/// The same of a volume that an element is to name, and that may be encrypted for what its bytes look like.
fn perhaps_encrypted(layout: &Layout, diagnosis: &Diagnosis) -> Option<Encrypted> {
    let is_it = |volume: &VolumeIndex| {
        layout.volume(*volume).is_some_and(|facts| facts.file_system == FileSystem::Encrypted)
    };
    let volume = diagnosis.repoints().filter_map(|repoint| repoint.volume).find(is_it)?;
    Some(Encrypted {
        what: format!(
            "{} looks encrypted, by an unknown program: cannot determine whether Windows starts after this \
             repair",
            layout.name(volume)
        ),
        at_hand: "rescue disk of that program",
        store: "unchanged",
    })
}

/// The same of the first encrypted volume of a disk; `change` is what is to be done.
fn encrypted(layout: &Layout, change: &str) -> Option<Encrypted> {
    let bitlocker = layout.find_volume(|facts| facts.file_system == FileSystem::BitLocker);
    let by_other = || {
        let volume = layout.find_volume(|facts| layout.is_encrypted(facts))?;
        let (name, encryptor) = (layout.name(volume), layout.encryptor?);
        Some(Encrypted {
            what: format!(
                "{name} is encrypted with {encryptor}: cannot determine whether Windows starts after this \
                 {change}"
            ),
            at_hand: "rescue disk of that program",
            store: "unchanged",
        })
    };
    let measured = |is: String| Encrypted {
        what: format!(
            "{is} encrypted with BitLocker, which measures the boot path: after this {change} Windows may \
             ask for the recovery key at its next start"
        ),
        at_hand: "recovery key",
        store: "as measured",
    };
    let known = bitlocker.map(|volume| measured(format!("{} is", layout.name(volume))));
    known.or_else(by_other).or_else(|| {
        Some(measured(format!("{}, which cannot be read, may be", layout.name(layout.unread_volume()?))))
    })
}
