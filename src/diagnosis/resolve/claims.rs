//! Which volumes and disks are named rightly, by what they are now: those are nobody else's.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::diagnosis::model::identity::disk_of;
use crate::diagnosis::resolve::kinship::StoredObject;
use crate::diagnosis::resolve::machine::Disk;
use crate::diagnosis::resolve::machine::Machine;
use crate::diagnosis::resolve::machine::Spot;
use crate::diagnosis::resolve::place::Place;
use crate::diagnosis::resolve::reference::Reference;
use crate::diagnosis::resolve::reference::is_here;
use crate::diagnosis::resolve::reference::references;
use crate::diagnosis::resolve::role::ElementRole;
use crate::layout::index::StoreIndex;

/// What a volume is named for: a Windows and an image may share one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    System,
    Windows,
    Ntldr,
    Image,
    /// It is named, and has not what it is named for: of whatever kind, it is that place.
    Without,
}

impl Kind {
    fn of(role: ElementRole) -> Option<Self> {
        match role {
            ElementRole::BootManager | ElementRole::MemoryTest => Some(Self::System),
            ElementRole::Loader | ElementRole::OsRoot | ElementRole::Resume => Some(Self::Windows),
            ElementRole::Ntldr => Some(Self::Ntldr),
            ElementRole::Image | ElementRole::Sdi => Some(Self::Image),
            _ => None,
        }
    }
}

/// What is named rightly.
#[derive(Debug, Default)]
pub(super) struct Claims {
    /// Volumes with the objects that name them.
    volumes: BTreeMap<Spot, BTreeSet<(Kind, StoredObject)>>,
    /// Volumes that a store of their own disk names.
    own: BTreeSet<Spot>,
    /// Disks that any element names by what they are, be the partition there or not.
    disks: BTreeSet<Disk>,
}

impl Claims {
    pub(super) fn new(machine: Machine<'_>, all: &[Reference]) -> Self {
        let mut claims = Self::default();
        for reference in all {
            let Some(spot) = machine.here(&reference.named) else { continue };
            if !reference.purpose.role.is_of_store() {
                continue;
            }
            let is_right = is_right(machine, reference, spot) || is_hidden(machine, reference, spot);
            let kind = Kind::of(reference.purpose.role);
            let without = kind.filter(|kind| *kind != Kind::System).map(|_| Kind::Without);
            if let Some(kind) = if is_right { kind } else { without } {
                let objects = claims.volumes.entry(spot).or_default();
                objects.insert((kind, (reference.store, reference.object)));
            }
        }
        let named = all.iter().filter(|reference| reference.purpose.role.is_of_store());
        claims.disks.extend(named.filter_map(|reference| machine.carrier(disk_of(&reference.named))));
        for (disk, layout) in machine.disks().filter(|(disk, _)| *disk != Disk::Examined) {
            for reference in references(layout).iter().filter(|reference| reference.purpose.role.is_windows())
            {
                if let Some(volume) = is_here(layout, &reference.named) {
                    claims.own.insert(Spot { disk, volume });
                    claims.disks.insert(disk);
                }
            }
        }
        claims
    }

    /// Whether an element names the disk by its present identity: then it was not that which changed.
    pub(super) fn has_disk(&self, disk: Disk) -> bool {
        self.disks.contains(&disk)
    }

    /// Whether the volume is named for the same by other objects than those that name the place. Of an old disk what another store
    /// says is no rival: the stores of a disk say the same of it, and a repair may have come to one of them alone.
    pub(super) fn is_taken(&self, place: &Place, spot: Spot) -> bool {
        let stores: BTreeSet<StoreIndex> = place.objects.iter().map(|(store, _)| *store).collect();
        let is_of_system = place.roles.iter().all(|role| role.is_system());
        let kinds: BTreeSet<Kind> = place.roles.iter().filter_map(|role| Kind::of(*role)).collect();
        let is_rival = |(kind, claimant): &(Kind, StoredObject)| {
            let is_of_rivals = match kind {
                Kind::System => !is_of_system,
                Kind::Without => true,
                Kind::Windows | Kind::Ntldr | Kind::Image => kinds.contains(kind),
            };
            let is_own = match kind {
                // What serves an entry and is not there tells of another volume than the entry's.
                Kind::Without => place.twins.contains(claimant),
                _ => place.servants.contains(claimant),
            };
            is_of_rivals && (place.is_of_present || stores.contains(&claimant.0)) && !is_own
        };
        self.own.contains(&spot)
            || self.volumes.get(&spot).is_some_and(|claimants| claimants.iter().any(is_rival))
    }

    /// The one volume that the twins of a place's objects name. What the boot manager's elements tell of one another, they tell of
    /// nothing else.
    pub(super) fn of_twins(&self, place: &Place) -> Option<Spot> {
        let is_of_manager = place.roles.iter().all(|role| Kind::of(*role) == Some(Kind::System));
        let is_twin = |(kind, claimant): &(Kind, StoredObject)| {
            *kind != Kind::Without
                && (*kind == Kind::System) == is_of_manager
                && place.twins.contains(claimant)
        };
        let mut spots = self.volumes.iter().filter(|(_, claimants)| claimants.iter().any(is_twin));
        match (spots.next(), spots.next()) {
            (Some((spot, _)), None) => Some(*spot),
            _ => None,
        }
    }
}

/// Whether what the reference stands for is where it says.
fn is_right(machine: Machine<'_>, reference: &Reference, spot: Spot) -> bool {
    if reference.purpose.role == ElementRole::BootManager {
        let store = machine.layout.store(reference.store);
        return store.is_some_and(|store| spot == Spot { disk: Disk::Examined, volume: store.volume });
    }
    reference.purpose.file.as_ref().is_some_and(|file| machine.has(spot, file))
}

fn is_hidden(machine: Machine<'_>, reference: &Reference, spot: Spot) -> bool {
    reference.purpose.file.as_ref().is_some_and(|file| machine.hides(spot, file))
}
