//! Which old identities were whose: of a store's stale elements some mean this disk as it was, others a disk that is not here.
//!
//! An offset on an MBR disk is no proof by itself, for Windows lies at the same place on most disks; the GUID of a partition is.
//! {bootmgr} stands for the volume with its store, so that a disk identity which it names was this disk's. Else a place with
//! all its files is a proof, as long as nothing is against it: no element names the disk rightly by what it is now, and no other old
//! identity claims it.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::bcd::device::QualifiedPartition;
use crate::diagnosis::model::identity::disk_of;
use crate::diagnosis::model::resolution::NotHere;
use crate::diagnosis::resolve::facts::Facts;
use crate::diagnosis::resolve::kinship::StoredObject;
use crate::diagnosis::resolve::machine::Disk;
use crate::diagnosis::resolve::machine::Spot;
use crate::diagnosis::resolve::place::Place;
use crate::diagnosis::resolve::reference::Reference;
use crate::layout::Firmware;
use crate::partition::DiskId;
use crate::partition::TableKind;

/// How well it is proven that an identity was a disk's, in rising order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Proof {
    /// A place of it has all that it stands for.
    Files,
    /// {bootmgr} of a store on it says so.
    OtherStore,
    /// {bootmgr} of the store that the firmware comes to says so.
    FirstStore,
    /// A partition of it has its GUID.
    Guid,
}

/// Old identities, and the disks that had them.
#[derive(Debug, Default)]
pub(super) struct Lineage {
    /// Identities that were a disk's.
    proven: BTreeMap<DiskId, Disk>,
    /// Identities by which twins of what is right name it, with the objects that they prove it for.
    of_kin: BTreeMap<DiskId, BTreeMap<StoredObject, Disk>>,
    /// Identities that may be several disks'.
    contested: BTreeSet<DiskId>,
}

impl Lineage {
    pub(super) fn new(facts: &Facts<'_>, linked: &[Option<Spot>]) -> Self {
        let mut lineage = Self::default();
        let is_known = |disk: DiskId| {
            facts.machine.carrier(disk).is_some() || facts.machine.context.others.find(disk).is_some()
        };
        let mut claims: BTreeMap<Disk, BTreeMap<DiskId, Proof>> = BTreeMap::new();
        for (index, place) in facts.places.iter().enumerate() {
            let old = disk_of(&place.named);
            if is_known(old) || old == DiskId::Mbr(0) {
                continue;
            }
            if let Some(spot) = linked.get(index).copied().flatten() {
                let serving = place.objects.iter().flat_map(|object| facts.kinship.recovery_of(*object));
                let serving = serving.map(|object| (*object, spot.disk));
                lineage.of_kin.entry(old).or_default().extend(serving);
            }
            for (disk, _) in facts.machine.disks() {
                if let Some(proof) = proof(facts, place, disk) {
                    let best = claims.entry(disk).or_default().entry(old).or_insert(proof);
                    *best = proof.max(*best);
                }
            }
        }
        if let Some(snapshot) = &facts.machine.context.snapshot
            && let Some(old) = snapshot.disk_of(facts.machine.layout).filter(|old| !is_known(*old))
        {
            lineage.proven.insert(old, Disk::Examined);
        }
        lineage.accept(facts, &claims, is_alone(facts, linked, &is_known));
        lineage.by_exclusion(facts);
        lineage
    }

    /// The disk whose old identity this is.
    pub(super) fn disk(&self, old: DiskId) -> Option<Disk> {
        self.proven.get(&old).copied()
    }

    /// The same for a place that is where it was: its disk may be proven for what belongs to one Windows only.
    pub(super) fn disk_of_place(&self, facts: &Facts<'_>, place: &Place) -> Option<Disk> {
        let old = disk_of(&place.named);
        let is_whole = |disk: &Disk| {
            let spot = facts.machine.direct(*disk, &place.named);
            spot.is_some_and(|spot| place.needs.grade(facts.machine, spot).complete)
        };
        let of_kin = || {
            let proven_for = self.of_kin.get(&old)?;
            let disk = place.objects.iter().find_map(|object| proven_for.get(object));
            disk.copied().filter(is_whole)
        };
        self.disk(old).or_else(of_kin)
    }

    /// The user's word for a place proves the identity by which it was named, unless other disks claim it too, or this one is known
    /// to have had another.
    pub(super) fn learn(&mut self, old: DiskId, disk: Disk) {
        let is_another = self.proven.iter().any(|(other, of)| *of == disk && *other != old);
        if !self.contested.contains(&old) && !is_another {
            self.proven.entry(old).or_insert(disk);
        }
    }

    /// Whether several disks may be meant.
    pub(super) fn is_contested(&self, old: DiskId) -> bool {
        self.contested.contains(&old)
    }

    /// Why an identity that is nobody's is not the disk's; `None` when it may be.
    pub(super) fn against(&self, facts: &Facts<'_>, disk: Disk) -> Option<NotHere> {
        let other = self.proven.iter().find(|(_, of)| **of == disk).map(|(old, _)| *old);
        match facts.claims.has_disk(disk) {
            true => Some(NotHere::PresentNamed),
            false => other.map(NotHere::OtherOld),
        }
    }

    fn accept(
        &mut self,
        facts: &Facts<'_>,
        claims: &BTreeMap<Disk, BTreeMap<DiskId, Proof>>,
        is_alone: bool,
    ) {
        for (disk, of_disk) in claims {
            let certain = of_disk.iter().filter(|(_, proof)| **proof == Proof::Guid);
            self.proven.extend(certain.map(|(old, _)| (*old, *disk)));
        }
        for (disk, of_disk) in claims {
            let with = |wanted: Proof| -> Vec<DiskId> {
                let those = of_disk.iter().filter(|(_, proof)| **proof == wanted);
                those.map(|(old, _)| *old).filter(|old| !self.proven.contains_key(old)).collect()
            };
            let (first, other, files) =
                (with(Proof::FirstStore), with(Proof::OtherStore), with(Proof::Files));
            let only = match (first.as_slice(), other.as_slice(), files.as_slice()) {
                ([only], ..) | ([], [only], _) => Some(*only),
                ([], [], [only])
                    if !facts.claims.has_disk(*disk) && (is_alone || *disk != Disk::Examined) =>
                {
                    Some(*only)
                }
                _ => None,
            };
            let Some(old) = only else { continue };
            let is_by_files = first.is_empty() && other.is_empty();
            let is_rival =
                |(at, rivals): (&Disk, &BTreeMap<DiskId, Proof>)| at != disk && rivals.contains_key(&old);
            if is_by_files && claims.iter().any(is_rival) {
                self.contested.insert(old);
            } else {
                self.proven.insert(old, *disk);
            }
        }
        for old in &self.contested {
            self.proven.remove(old);
        }
        // Nor does the user's word for a part tell where the rest is.
        let all: BTreeSet<DiskId> = claims.values().flat_map(BTreeMap::keys).copied().collect();
        let of_several =
            |old: &DiskId| claims.values().filter(|of_disk| of_disk.contains_key(old)).count() > 1;
        let several = all.into_iter().filter(|old| !self.proven.contains_key(old) && of_several(old));
        self.contested.extend(several.collect::<Vec<_>>());
    }

    /// The user says that the disks beside belong to this machine: where all but one of its disks are named by what they are, or were
    /// another, an identity that is nobody's was that one's; as long as something of it is at its place there, where offsets tell.
    fn by_exclusion(&mut self, facts: &Facts<'_>) {
        if facts.machine.context.companions.is_empty() {
            return;
        }
        let mut open: BTreeMap<Disk, BTreeSet<DiskId>> = BTreeMap::new();
        for place in facts.places.iter().filter(|place| place.needs.is_proof) {
            let old = disk_of(&place.named);
            let is_known = facts.machine.carrier(old).is_some()
                || facts.machine.context.others.find(old).is_some()
                || self.proven.contains_key(&old)
                || self.contested.contains(&old);
            if is_known || old == DiskId::Mbr(0) {
                continue;
            }
            let may_be = |disk: &Disk| {
                facts.machine.has_style(*disk, &place.named) && self.against(facts, *disk).is_none()
            };
            // A disk that starts by itself may be another machine's.
            let is_by_chance = |disk: Disk| match place.named {
                QualifiedPartition::Mbr { .. } => {
                    let spot = facts.machine.direct(disk, &place.named);
                    spot.is_none_or(|spot| !place.needs.grade(facts.machine, spot).any)
                }
                QualifiedPartition::Gpt { .. } => {
                    facts.machine.disk(disk).is_some_and(|layout| !layout.systems.is_empty())
                }
            };
            let mut disks = facts.machine.disks().map(|(disk, _)| disk).filter(may_be);
            match (disks.next(), disks.next()) {
                (Some(disk), None) if disk != Disk::Examined && !is_by_chance(disk) => {
                    open.entry(disk).or_default().insert(old);
                }
                (Some(_), Some(_)) => {
                    self.contested.insert(old);
                }
                _ => {}
            }
        }
        for (disk, identities) in open {
            if let (Some(old), 1) = (identities.first(), identities.len())
                && has_room(facts, *old, disk)
            {
                self.proven.insert(*old, disk);
            }
        }
    }
}

/// Whether a disk has a volume for each place of an identity.
fn has_room(facts: &Facts<'_>, old: DiskId, disk: Disk) -> bool {
    let places = facts.places.iter().filter(|place| disk_of(&place.named) == old && place.needs.is_proof);
    let fitting = |place: &Place| -> BTreeSet<Spot> {
        let spots = facts.machine.spots(disk);
        spots.filter(|spot| place.needs.grade(facts.machine, *spot).complete).collect()
    };
    let found: Vec<BTreeSet<Spot>> = places.map(fitting).collect();
    let all: BTreeSet<&Spot> = found.iter().flatten().collect();
    !found.iter().any(BTreeSet::is_empty) && all.len() >= found.len()
}

/// Whether all that is stale names one disk: of two none is believed for its files alone.
fn is_alone(facts: &Facts<'_>, linked: &[Option<Spot>], is_known: &dyn Fn(DiskId) -> bool) -> bool {
    let all = facts.places.iter().zip(linked).filter(|(_, linked)| linked.is_none());
    let all = all.filter(|(place, _)| facts.machine.has_style(Disk::Examined, &place.named));
    let open = all.map(|(place, _)| disk_of(&place.named)).filter(|old| !is_known(*old));
    open.collect::<BTreeSet<DiskId>>().len() < 2
}

/// What a place proves of a disk.
fn proof(facts: &Facts<'_>, place: &Place, disk: Disk) -> Option<Proof> {
    if !facts.machine.has_style(disk, &place.named) {
        return None;
    }
    let direct = facts.machine.direct(disk, &place.named);
    if direct.is_some() && matches!(place.named, QualifiedPartition::Gpt { .. }) {
        return Some(Proof::Guid);
    }
    let of_manager =
        facts.of_system(place).filter(|_| disk == Disk::Examined).map(|reference| {
            match is_first(facts, reference) {
                true => Proof::FirstStore,
                false => Proof::OtherStore,
            }
        });
    let of_files = || {
        let spot = direct.filter(|_| place.needs.is_proof)?;
        let is_whole = place.needs.grade(facts.machine, spot).complete;
        let is_free = !facts.claims.is_taken(place, spot);
        (is_whole && is_free && facts.better(place, spot).is_empty()).then_some(Proof::Files)
    };
    of_manager.max().or_else(of_files)
}

/// Whether the reference is of the store that the firmware of such a disk comes to.
fn is_first(facts: &Facts<'_>, reference: &Reference) -> bool {
    let layout = facts.machine.layout;
    let firmware = match layout.table.kind {
        TableKind::Mbr | TableKind::None => Firmware::Bios,
        TableKind::Gpt => Firmware::Uefi,
    };
    let of_firmware = |firmware| layout.stores.iter().any(|file| file.first && file.firmware == firmware);
    layout
        .store(reference.store)
        .is_some_and(|file| file.first && (file.firmware == firmware || !of_firmware(firmware)))
}
