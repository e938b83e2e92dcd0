//! What is asked about old places: what fits better, what was exchanged, what tells of what.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::bcd::device::QualifiedPartition;
use crate::diagnosis::model::identity::disk_of;
use crate::diagnosis::resolve::claims::Claims;
use crate::diagnosis::resolve::kinship::Kinship;
use crate::diagnosis::resolve::kinship::StoredObject;
use crate::diagnosis::resolve::machine::Machine;
use crate::diagnosis::resolve::machine::Spot;
use crate::diagnosis::resolve::place::Place;
use crate::diagnosis::resolve::reference::Reference;
use crate::diagnosis::resolve::role::ElementRole;
use crate::layout::index::StoreIndex;

/// Places that are compared with one another, at most.
const COMPARED_MAX: usize = 48;

/// What is asked about places.
pub(super) struct Facts<'a> {
    pub(super) machine: Machine<'a>,
    pub(super) references: &'a [Reference],
    pub(super) places: &'a [Place],
    pub(super) kinship: &'a Kinship,
    pub(super) claims: &'a Claims,
    /// Entries whose `device` and `osdevice` name two volumes that are here.
    pub(super) split: BTreeSet<StoredObject>,
}

/// The entries whose `device` and `osdevice` name two volumes that are here.
pub(super) fn split(machine: Machine<'_>, references: &[Reference]) -> BTreeSet<StoredObject> {
    let named = |role: ElementRole| -> BTreeMap<StoredObject, Spot> {
        let of_role = references.iter().filter(|reference| reference.purpose.role == role);
        of_role
            .filter_map(|reference| {
                Some(((reference.store, reference.object), machine.here(&reference.named)?))
            })
            .collect()
    };
    let (loaders, roots) = (named(ElementRole::Loader), named(ElementRole::OsRoot));
    let is_split = |(object, spot): &(StoredObject, Spot)| roots.get(object).is_some_and(|root| root != spot);
    loaders.into_iter().filter(is_split).map(|(object, _)| object).collect()
}

impl<'a> Facts<'a> {
    /// The references that stand for the volume with their store: {bootmgr}'s, or where that says `boot` those of the memory test.
    pub(super) fn of_system(&self, place: &'a Place) -> impl Iterator<Item = &'a Reference> {
        let managers =
            self.references.iter().filter(|reference| reference.purpose.role == ElementRole::BootManager);
        let with_manager: BTreeSet<StoreIndex> = managers.map(|reference| reference.store).collect();
        let references = place.references.iter().filter_map(|index| self.references.get(*index));
        references.filter(move |reference| match reference.purpose.role {
            ElementRole::BootManager => true,
            ElementRole::MemoryTest => !with_manager.contains(&reference.store),
            _ => false,
        })
    }

    /// Whether an entry's `device` and `osdevice` name two volumes that are here.
    pub(super) fn is_split(&self, object: StoredObject) -> bool {
        self.split.contains(&object)
    }

    /// Whether the place tells whose its disk's identity was.
    pub(super) fn tells_of_system(&self, place: &Place) -> bool {
        place.roles.contains(&ElementRole::BootManager) || place.roles.contains(&ElementRole::MemoryTest)
    }

    /// Volumes of the same disk that have all that the place stands for, and more of it than this one.
    pub(super) fn better(&self, place: &Place, spot: Spot) -> Vec<Spot> {
        let is_whole = place.needs.grade(self.machine, spot).complete;
        let others = self.machine.spots(spot.disk).filter(|other| *other != spot);
        let is_better = |other: &Spot| {
            place.needs.grade(self.machine, *other).complete
                && (!is_whole || place.needs.has_more(self.machine, *other, spot))
                && !self.claims.is_taken(place, *other)
        };
        others.filter(is_better).collect()
    }

    /// Another volume of the same disk that has all that the place stands for, where this one has what another old place is known by:
    /// then the two were exchanged.
    pub(super) fn exchanged(&self, place: &Place, spot: Spot) -> Option<Spot> {
        if self.places.len() > COMPARED_MAX || !place.needs.is_windows {
            return None;
        }
        let is_stale =
            |other: &&Place| other.named != place.named && self.machine.here(&other.named).is_none();
        let of_others: Vec<&String> = self
            .places
            .iter()
            .filter(is_stale)
            .filter(|other| other.needs.is_windows && other.needs.grade(self.machine, spot).complete)
            .flat_map(|other| other.needs.beyond(&place.needs))
            .filter(|file| self.machine.has(spot, file))
            .collect();
        let is_whole = |other: &Spot| {
            *other != spot
                && place.needs.grade(self.machine, *other).complete
                && !of_others.iter().any(|file| self.machine.has(*other, file))
        };
        let mut others = self.machine.spots(spot.disk).filter(|_| !of_others.is_empty());
        others.find(is_whole)
    }

    /// Other volumes of the same disk that have all that the place stands for, where another old place of that disk is no longer at its
    /// offset: partitions were copied in another order, and an offset tells nothing then.
    pub(super) fn reordered(&self, place: &Place, spot: Spot) -> Vec<Spot> {
        if self.places.len() > COMPARED_MAX || !matches!(place.named, QualifiedPartition::Mbr { .. }) {
            return Vec::new();
        }
        let is_whole = |of: &Place, spot: &Spot| of.needs.grade(self.machine, *spot).complete;
        let has_moved = |other: &Place| {
            let now = self.machine.direct(spot.disk, &other.named);
            let is_at_place = now.is_some_and(|now| is_whole(other, &now));
            !is_at_place && self.machine.spots(spot.disk).any(|spot| is_whole(other, &spot))
        };
        let is_of_disk = |other: &&Place| disk_of(&other.named) == disk_of(&place.named);
        let mut others = self.places.iter().filter(is_of_disk);
        let is_alike = |other: &Spot| {
            *other != spot && is_whole(place, other) && !place.needs.has_more(self.machine, spot, *other)
        };
        let whole: Vec<Spot> = self.machine.spots(spot.disk).filter(is_alike).collect();
        if whole.is_empty() || !others.any(has_moved) { Vec::new() } else { whole }
    }
}
