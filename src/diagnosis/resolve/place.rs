//! Old places: a disk identity and a partition, with all elements of all stores that name it.

use std::collections::BTreeSet;
use std::collections::HashMap;

use crate::bcd::device::QualifiedPartition;
use crate::diagnosis::model::identity::disk_of;
use crate::diagnosis::resolve::kinship::Kinship;
use crate::diagnosis::resolve::kinship::StoredObject;
use crate::diagnosis::resolve::machine::Machine;
use crate::diagnosis::resolve::machine::Spot;
use crate::diagnosis::resolve::needs::Needs;
use crate::diagnosis::resolve::reference::Reference;
use crate::diagnosis::resolve::role::ElementRole;
use crate::diagnosis::resolve::splice::is_splice;
use crate::layout::index::VolumeIndex;

/// Places that are told apart, at most; real stores name under twenty.
const PLACES_MAX: usize = 128;
/// Places among which halves of one another are looked for, at most.
const HALVES_MAX: usize = 48;

/// One old place.
#[derive(Debug)]
pub(super) struct Place {
    /// As it is named.
    pub(super) named: QualifiedPartition,
    /// Whether its disk is here, and it is the partition that is not.
    pub(super) is_of_present: bool,
    /// The references that name it, by index.
    pub(super) references: Vec<usize>,
    /// The objects that those are in.
    pub(super) objects: BTreeSet<StoredObject>,
    /// Those with their twins.
    pub(super) twins: BTreeSet<StoredObject>,
    /// Those with all that serves them.
    pub(super) servants: BTreeSet<StoredObject>,
    /// What those are for.
    pub(super) roles: Vec<ElementRole>,
    /// What it stands for.
    pub(super) needs: Needs,
}

impl Place {
    fn new(
        machine: Machine<'_>,
        references: &[Reference],
        kinship: &Kinship,
        named: QualifiedPartition,
        of: Vec<usize>,
    ) -> Self {
        let found: Vec<&Reference> = of.iter().filter_map(|index| references.get(*index)).collect();
        let needs = Needs::of(machine, &found);
        let objects = found.iter().map(|reference| (reference.store, reference.object)).collect();
        let (twins, servants) = (kinship.with_twins(&objects), kinship.with_servants(&objects));
        let mut roles: Vec<ElementRole> = found.iter().map(|reference| reference.purpose.role).collect();
        roles.dedup();
        let is_of_present = machine.carrier(disk_of(&named)).is_some();
        Self { named, is_of_present, references: of, objects, twins, servants, roles, needs }
    }

    /// Whether one of its references has a role that `--windows` decides.
    pub(super) fn is_of_windows(&self) -> bool {
        self.roles.iter().any(|role| role.is_windows())
    }

    /// The same of `--system`.
    pub(super) fn is_of_system(&self) -> bool {
        self.roles.iter().any(|role| role.is_system())
    }
}

/// The places that references name, in the order of the references. What is half an old place and half a present one stands for the old
/// one: an identity may lie across two sectors, and a repair may be cut short between them.
pub(super) fn places(machine: Machine<'_>, references: &[Reference], kinship: &Kinship) -> Vec<Place> {
    let mut by_name: HashMap<QualifiedPartition, usize> = HashMap::new();
    let mut grouped: Vec<(QualifiedPartition, Vec<usize>)> = Vec::new();
    let counts = |reference: &Reference| reference.purpose.role.is_of_store();
    for (index, reference) in references.iter().enumerate().filter(|(_, reference)| counts(reference)) {
        let at = *by_name.entry(reference.named).or_insert(grouped.len());
        match grouped.get_mut(at) {
            Some((_, of)) => of.push(index),
            None if at < PLACES_MAX => grouped.push((reference.named, vec![index])),
            None => {}
        }
    }
    merge_halves(machine, references, kinship, &mut grouped);
    split_copies(machine, references, &mut grouped);
    grouped.into_iter().map(|(named, of)| Place::new(machine, references, kinship, named, of)).collect()
}

/// Where a system volume was copied with its store, each {bootmgr} names the one old place, and each stands for the volume that it is
/// on: what the copies' boot managers name is a place of its own.
fn split_copies(
    machine: Machine<'_>,
    references: &[Reference],
    grouped: &mut Vec<(QualifiedPartition, Vec<usize>)>,
) {
    let volume = |reference: &Reference| machine.layout.store(reference.store).map(|store| store.volume);
    let mut copies = Vec::new();
    for (named, of) in grouped.iter_mut() {
        let managers = of.iter().filter_map(|at| references.get(*at));
        let managers = managers.filter(|reference| reference.purpose.role == ElementRole::BootManager);
        let mut volumes: Vec<VolumeIndex> = managers.filter_map(volume).collect();
        volumes.dedup();
        for copy in volumes.into_iter().skip(1) {
            let is_copys = |at: &usize| {
                references.get(*at).is_some_and(|reference| {
                    reference.purpose.role.is_system()
                        && reference.purpose.role != ElementRole::Ntldr
                        && volume(reference) == Some(copy)
                })
            };
            let (own, rest): (Vec<usize>, Vec<usize>) = of.iter().partition(|at| is_copys(at));
            *of = rest;
            copies.push((*named, own));
        }
    }
    grouped.extend(copies.into_iter().filter(|(_, of)| !of.is_empty()));
}

fn merge_halves(
    machine: Machine<'_>,
    references: &[Reference],
    kinship: &Kinship,
    grouped: &mut Vec<(QualifiedPartition, Vec<usize>)>,
) {
    if grouped.len() > HALVES_MAX {
        return;
    }
    let spots = machine.disks().flat_map(|(disk, _)| machine.spots(disk));
    let now: Vec<Vec<u8>> = spots.filter_map(|spot: Spot| Some(bytes(&machine.identity(spot)?))).collect();
    let objects = |of: &[usize]| -> BTreeSet<StoredObject> {
        of.iter()
            .filter_map(|at| references.get(*at))
            .map(|reference| (reference.store, reference.object))
            .collect()
    };
    let is_stale = |at: &usize| grouped.get(*at).is_some_and(|(named, _)| machine.here(named).is_none());
    let stale: Vec<usize> = (0..grouped.len()).filter(is_stale).collect();
    // A partition that is here by its GUID is a place of its own.
    let by_guid = |named: &QualifiedPartition| {
        matches!(named, QualifiedPartition::Gpt { .. })
            && machine.disks().any(|(disk, _)| machine.direct(disk, named).is_some())
    };
    let mut merged: Vec<(usize, usize)> = Vec::new();
    for half in &stale {
        let whole = stale.iter().find(|whole| {
            let (Some((half, of_half)), Some((whole, of_whole))) = (grouped.get(*half), grouped.get(**whole))
            else {
                return false;
            };
            if by_guid(half) {
                return false;
            }
            let (torn, old) = (bytes(half), bytes(whole));
            // The bytes of an offset are others' too, those of a partition that is still there above all; those of GUIDs are no
            // coincidence.
            let is_there = machine.disks().any(|(disk, _)| machine.direct(disk, whole).is_some());
            let are_kin = || !kinship.with_twins(&objects(of_whole)).is_disjoint(&objects(of_half));
            now.iter().any(|now| is_splice(&torn, &old, now))
                && (matches!(half, QualifiedPartition::Gpt { .. }) || (!is_there && are_kin()))
        });
        merged.extend(whole.map(|whole| (*half, *whole)));
    }
    for (half, whole) in &merged {
        let references = grouped.get_mut(*half).map(|(_, of)| std::mem::take(of)).unwrap_or_default();
        if let Some((_, of)) = grouped.get_mut(*whole) {
            of.extend(references);
        }
    }
    grouped.retain(|(_, of)| !of.is_empty());
}

/// Whether the one is named by half of another place and half of what its volume is now, by an object that has to do with both.
pub(super) fn is_half(half: &Place, whole: &Place, now: &QualifiedPartition) -> bool {
    let are_kin = |one: &StoredObject| whole.twins.contains(one);
    let (torn, old) = (bytes(&half.named), bytes(&whole.named));
    // Halfway through a conversion one is of the new kind of table already.
    half.objects.iter().any(are_kin) && (torn.len() != old.len() || is_splice(&torn, &old, &bytes(now)))
}

/// In the order in which they stand in an element: the partition, then the disk.
fn bytes(named: &QualifiedPartition) -> Vec<u8> {
    match named {
        QualifiedPartition::Mbr { signature, offset } => {
            [&offset.to_le_bytes()[..], &signature.to_le_bytes()].concat()
        }
        QualifiedPartition::Gpt { disk, partition } => {
            [partition.bytes().as_slice(), disk.bytes().as_slice()].concat()
        }
    }
}
