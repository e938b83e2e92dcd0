//! Which partition each stored identity means: the heart of the repair.
//!
//! Never "replace the old signature by the new one", and never element by element. A store's elements name old places: a disk
//! identity and a partition. Repair is a matching of old places to volumes:
//! 1. One old place has one answer, for every element of every store that names it, and the volume has what all of them need.
//! 2. One volume is one old place. What starts another entry is not given to one whose own is gone.
//! 3. An old identity is a disk's only when that is proven (`lineage`); a place on a proven disk is the volume there, where that
//!    has what it stands for, or else the only one that has.
//! 4. The user's word settles what is open (`word`), never what is certain.
//! 5. Disks beside are rivals, not a reserve: what an identity belongs to is asked of all disks at once.
//!
//! Leaving is allowed, taking is not.

mod claims;
pub mod converted;
mod facts;
mod kinship;
mod lineage;
mod machine;
mod matching;
mod needs;
mod place;
pub mod reference;
pub mod role;
pub mod splice;
mod word;
mod word_of_images;
mod word_of_system;

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::bcd::device::QualifiedPartition;
use crate::diagnosis::model::context::Context;
use crate::diagnosis::model::identity::disk_of;
use crate::diagnosis::model::identity::identity_of;
use crate::diagnosis::model::resolution::Change;
use crate::diagnosis::model::resolution::NotHere;
use crate::diagnosis::model::resolution::Resolution;
use crate::diagnosis::model::resolution::Unresolved;
use crate::diagnosis::resolve::claims::Claims;
use crate::diagnosis::resolve::facts::Facts;
use crate::diagnosis::resolve::facts::split;
use crate::diagnosis::resolve::kinship::Kinship;
use crate::diagnosis::resolve::machine::Disk;
use crate::diagnosis::resolve::machine::Machine;
use crate::diagnosis::resolve::machine::Spot;
use crate::diagnosis::resolve::matching::Answer;
use crate::diagnosis::resolve::matching::Matching;
use crate::diagnosis::resolve::needs::Needs;
use crate::diagnosis::resolve::place::Place;
use crate::diagnosis::resolve::place::places;
use crate::diagnosis::resolve::reference::Reference;
use crate::diagnosis::resolve::reference::direct;
use crate::layout::Layout;
use crate::layout::index::StoreIndex;
use crate::layout::index::VolumeIndex;
use crate::partition::DiskId;

/// Looks after the first, at most: what is re-pointed tells of what belongs to it.
const LOOKS_MAX: usize = 4;

/// Resolves every reference; the answers are in the order of `references`. A second repair finds nothing more to do than the first: what
/// is re-pointed is taken as done, and the rest looked at again.
#[must_use]
pub fn resolve(layout: &Layout, context: &Context, references: &[Reference]) -> Vec<Resolution> {
    let kinship = Kinship::new(layout);
    let mut answers = look(layout, context, &kinship, references);
    let mut done: Vec<Reference> = references.to_vec();
    let mut new: Vec<(usize, Resolution)> = (0..).zip(answers.clone()).collect();
    for _ in 0..LOOKS_MAX {
        let mut is_changed = false;
        for (at, answer) in &new {
            let now = match answer {
                Resolution::Repoint { volume, .. } => identity_of(layout, *volume),
                Resolution::RepointCompanion { disk, volume, .. } => {
                    context.companion_at(*disk).and_then(|companion| identity_of(&companion.layout, *volume))
                }
                _ => None,
            };
            let (Some(now), Some(reference)) = (now, done.get_mut(*at)) else { continue };
            is_changed |= reference.named != now;
            reference.named = now;
            if let Some(slot) = answers.get_mut(*at) {
                *slot = answer.clone();
            }
        }
        if !is_changed {
            break;
        }
        new = (0..).zip(look(layout, context, &kinship, &done)).collect();
    }
    answers
}

fn look(layout: &Layout, context: &Context, kinship: &Kinship, references: &[Reference]) -> Vec<Resolution> {
    let machine = Machine { layout, context };
    let places = places(machine, references, kinship);
    let claims = Claims::new(machine, references);
    let split = split(machine, references);
    let facts = Facts { machine, references, places: &places, kinship, claims: &claims, split };
    let mut matching = Matching::new(&facts);
    matching.by_place();
    matching.take_windows();
    matching.take_system();
    matching.take_recovery();
    matching.by_place();
    matching.by_files();
    matching.keep_proofs();
    let converted = after_conversion(&matching);
    let mut answers: Vec<Resolution> =
        references.iter().map(|reference| ungrouped(machine, reference)).collect();
    for (index, place) in places.iter().enumerate() {
        for at in &place.references {
            let (Some(reference), Some(slot)) = (references.get(*at), answers.get_mut(*at)) else { continue };
            *slot =
                converted.get(at).cloned().unwrap_or_else(|| resolution(&matching, place, index, reference));
        }
    }
    answers
}

/// What is said of a reference that is of no place: of the firmware's, of a virtual disk's, and of those that are too many.
fn ungrouped(machine: Machine<'_>, reference: &Reference) -> Resolution {
    if !reference.purpose.role.is_of_store() {
        return Resolution::Untouched;
    }
    match machine.here(&reference.named) {
        Some(Spot { disk: Disk::Examined, volume }) => Resolution::Here(volume),
        Some(spot) => on_companion(machine, reference, spot),
        None => {
            Resolution::Unresolved { change: change(machine.layout, reference), why: Unresolved::NoCandidate }
        }
    }
}

/// Why the identity in a reference is no longer right.
pub(super) fn change(layout: &Layout, reference: &Reference) -> Change {
    let same_disk = layout.table.disk == Some(disk_of(&reference.named));
    match (same_disk, direct(layout, &reference.named), reference.named) {
        (true, _, _) => Change::Partition,
        (false, Some(_), QualifiedPartition::Mbr { .. }) => Change::Signature,
        (false, Some(_), QualifiedPartition::Gpt { .. }) => Change::DiskGuid,
        (false, None, _) => Change::Both,
    }
}

fn resolution(matching: &Matching<'_>, place: &Place, index: usize, reference: &Reference) -> Resolution {
    let machine = matching.facts.machine;
    let change = change(machine.layout, reference);
    let left = |why| Resolution::Unresolved { change, why };
    let has_file = |spot: &Spot| {
        reference
            .purpose
            .file
            .as_ref()
            .is_none_or(|file| machine.has(*spot, file) || machine.hides(*spot, file))
    };
    let is_well = match matching.answers.get(index) {
        Some(Some(Answer::Here(here))) if matching.words.get(index).is_some_and(Option::is_some) => {
            is_well(matching, reference, *here)
        }
        _ => false,
    };
    let word = matching.words.get(index).cloned().flatten().filter(|_| !is_well);
    let word = word.filter(|word| match word {
        // What else is on the place goes along only where it is; and a one-partition system's store stays where that is.
        Ok(spot) if reference.purpose.role.is_system() => !place.needs.is_store_elsewhere(*spot),
        Ok(spot) => reference.purpose.role.is_windows() || has_file(spot),
        Err(_) => reference.purpose.role.is_windows(),
    });
    let own = match reference.purpose.role {
        role if role.is_image() => matching.of_images.get(index).cloned().flatten(),
        role if role.is_system() => matching.of_system.get(index).cloned().flatten(),
        _ => None,
    };
    let answer = match own.or(word) {
        Some(Ok(spot)) => Answer::Is(spot),
        Some(Err(why)) => Answer::Unresolved(why),
        None => matching
            .answers
            .get(index)
            .cloned()
            .flatten()
            .unwrap_or(Answer::Unresolved(Unresolved::NoCandidate)),
    };
    let has_no_identity = matches!(machine.layout.table.disk, None | Some(DiskId::Mbr(0)));
    match answer {
        Answer::Here(Spot { disk: Disk::Examined, volume }) => Resolution::Here(volume),
        Answer::Here(spot) => on_companion(machine, reference, spot),
        Answer::Known { name, partition } => Resolution::OtherDisk { name, partition, is_named: false },
        Answer::Is(Spot { disk: Disk::Companion(disk), volume }) => {
            Resolution::RepointCompanion { disk, volume, change }
        }
        Answer::Is(_) | Answer::Unresolved(_) if has_no_identity => left(Unresolved::NoIdentity),
        Answer::Is(spot) if machine.identity(spot).is_none() => left(Unresolved::SharedIdentity(spot.volume)),
        Answer::Is(spot) => Resolution::Repoint { volume: spot.volume, change },
        Answer::Unresolved(why) => left(why),
    }
}

/// Whether a reference is of an entry that has on this volume all that it names it for; another entry may name it without.
fn is_well(matching: &Matching<'_>, reference: &Reference, here: Spot) -> bool {
    let facts = matching.facts;
    let object = (reference.store, reference.object);
    let is_of_object = |other: &&Reference| {
        facts.kinship.are_twins((other.store, other.object), object) && other.named == reference.named
    };
    let all: Vec<&Reference> = facts.references.iter().filter(is_of_object).collect();
    let needs = Needs::of(facts.machine, &all);
    let is_split = all.iter().any(|reference| facts.is_split((reference.store, reference.object)));
    !is_split && needs.grade(facts.machine, here).complete
}

/// A reference that names a partition of a disk beside by both its identities.
fn on_companion(machine: Machine<'_>, reference: &Reference, spot: Spot) -> Resolution {
    let companion = machine.companion(spot.disk);
    let partition = companion.and_then(|companion| companion.layout.partition(spot.volume));
    let is_named = reference.purpose.file.as_ref().is_none_or(|file| machine.has(spot, file));
    Resolution::OtherDisk {
        name: companion.map_or_else(String::new, |companion| companion.name.clone()),
        partition: partition.map(|partition| partition.number),
        is_named,
    }
}

/// What references become that name a partition of a table of the other kind, by their index.
fn after_conversion(matching: &Matching<'_>) -> BTreeMap<usize, Resolution> {
    let facts = matching.facts;
    let machine = facts.machine;
    let mut found: BTreeMap<usize, Result<VolumeIndex, Unresolved>> = BTreeMap::new();
    let mut wanted: BTreeMap<VolumeIndex, BTreeSet<usize>> = BTreeMap::new();
    if matches!(machine.layout.table.disk, None | Some(DiskId::Mbr(0))) {
        return BTreeMap::new();
    }
    for (index, place) in facts.places.iter().enumerate() {
        let is_open = matches!(matching.answers.get(index), Some(Some(Answer::Unresolved(_)) | None));
        if !is_open || machine.has_style(Disk::Examined, &place.named) || is_companion(matching, place) {
            continue;
        }
        let is_taken = |volume: VolumeIndex| !matching.is_free(place, Spot { disk: Disk::Examined, volume });
        for at in &place.references {
            let Some(reference) = facts.references.get(*at) else { continue };
            let word = matching.words.get(index).cloned().flatten();
            let target =
                match (word.filter(|_| reference.purpose.role.is_windows()), names_system(facts, place)) {
                    (Some(Ok(spot)), _) => Ok(spot.volume),
                    (Some(Err(why)), _) => Err(why),
                    (None, false) => {
                        Err(Unresolved::NotThisDisk { why: NotHere::PresentNamed, seen: Vec::new() })
                    }
                    (None, true) => converted::target(machine.layout, reference, &is_taken),
                };
            if let (Ok(volume), true) = (&target, reference.purpose.role.is_windows()) {
                wanted.entry(*volume).or_default().insert(index);
            }
            found.insert(*at, target);
        }
    }
    let choice = machine.context.choice;
    let settle = |(at, target): (usize, Result<VolumeIndex, Unresolved>)| {
        let is_windows =
            facts.references.get(at).is_some_and(|reference| reference.purpose.role.is_windows());
        let change = Change::Style;
        let answer = match target {
            Ok(volume) if is_windows && wanted.get(&volume).is_some_and(|places| places.len() > 1) => {
                Resolution::Unresolved { change, why: Unresolved::Rivals(machine.layout.name(volume)) }
            }
            Ok(volume) if choice.convert => Resolution::Repoint { volume, change },
            Ok(volume) => Resolution::Unresolved { change, why: Unresolved::OtherStyle(Some(volume)) },
            Err(why @ Unresolved::NotThisDisk { .. }) => Resolution::Unresolved { change: Change::Both, why },
            Err(why) => Resolution::Unresolved { change, why },
        };
        (at, answer)
    };
    found.into_iter().map(settle).collect()
}

/// Whether a disk beside is what the place is on.
fn is_companion(matching: &Matching<'_>, place: &Place) -> bool {
    let facts = matching.facts;
    let disk = disk_of(&place.named);
    let home = facts.machine.carrier(disk).or_else(|| matching.lineage.disk(disk));
    home.is_some_and(|disk| disk != Disk::Examined)
        || facts.machine.context.choice.windows_on.is_some() && place.is_of_windows()
}

/// Whether the place is of the disk that the boot manager's own elements name, by an identity of the other kind; a store whose boot
/// manager names a disk of this kind means another disk by one of the other.
fn names_system(facts: &Facts<'_>, place: &Place) -> bool {
    let stores: BTreeSet<StoreIndex> = place.objects.iter().map(|(store, _)| *store).collect();
    let of_system = facts
        .references
        .iter()
        .filter(|reference| reference.purpose.role.is_system() && stores.contains(&reference.store));
    let named: Vec<DiskId> = of_system.map(|reference| disk_of(&reference.named)).collect();
    named.is_empty() || named.contains(&disk_of(&place.named))
}
