//! What happens to a machine between the day on which its store was written and today.

use bcdrescue::bcd::object_id::alias;
use bcdrescue::guid::Guid;

use crate::matching::disk::Disk;
use crate::matching::machine::Machine;
use crate::matching::volume::PHOTOS;
use crate::matching::volume::Volume;
use crate::matching::volume_id::VolumeId;

/// One thing that happens.
#[derive(Debug, Clone)]
pub enum Operation {
    /// The disk gets another signature or disk GUID.
    NewId(usize),
    /// One partition gets another GUID.
    NewGuid(VolumeId),
    /// A GPT disk gets another GUID, and so does each of its partitions.
    NewGuids(usize),
    /// A volume moves to another slot of its disk; its GUID stays or is a new one.
    Move(VolumeId, usize, bool),
    /// The partition is deleted.
    Delete(VolumeId),
    /// The contents of two partitions are exchanged.
    Swap(VolumeId, VolumeId),
    /// Photos take the place of a volume.
    Photos(VolumeId),
    /// A copy of a volume is made into a slot of its disk.
    Clone(VolumeId, usize),
    /// A copy of the first takes the place of the second.
    CloneOnto(VolumeId, VolumeId),
    /// The volumes of a disk are copied to a new one, in another order: to these slots.
    Reorder(usize, Vec<usize>),
    /// Somebody mends these objects by hand: each element names what it meant.
    Mend(Vec<Guid>),
}

impl Operation {
    /// Carries it out.
    pub fn apply(&self, machine: &mut Machine) {
        match self {
            Self::NewId(disk) => machine.disks[*disk].id = machine.fresh_id(*disk),
            Self::NewGuid(volume) => with_part(machine, *volume, |_, _| {}, true),
            Self::NewGuids(disk) => {
                machine.disks[*disk].id = machine.fresh_id(*disk);
                for part in 0..machine.disks[*disk].parts.len() {
                    machine.disks[*disk].parts[part].guid = machine.fresh_guid();
                }
            }
            Self::Move(volume, slot, keeps) => {
                let moved = |disk: &mut Disk, part: usize, slot: usize| {
                    let old = disk.parts[part].clone();
                    disk.add(old.volume, slot, old.guid);
                    disk.parts.swap_remove(part);
                };
                with_part(machine, *volume, |disk, part| moved(disk, part, *slot), !keeps);
            }
            Self::Delete(volume) => {
                let remove = |disk: &mut Disk, part: usize| {
                    disk.parts.remove(part);
                };
                with_part(machine, *volume, remove, false);
            }
            Self::Swap(one, other) => {
                let (Some(one), Some(other)) = (machine.place(*one), machine.place(*other)) else { return };
                let first = machine.disks[one.0].parts[one.1].volume;
                let second = std::mem::replace(&mut machine.disks[other.0].parts[other.1].volume, first);
                machine.disks[one.0].parts[one.1].volume = second;
            }
            Self::Photos(volume) => {
                let serial = machine.fresh();
                let photos = machine.volume(Volume::new("photos", PHOTOS, serial));
                with_part(machine, *volume, |disk, part| disk.parts[part].volume = photos, false);
            }
            Self::Clone(volume, slot) => {
                let (copy, guid) = (copy(machine, *volume), machine.fresh_guid());
                with_part(machine, *volume, |disk, _| disk.add(copy, *slot, guid), false);
            }
            Self::CloneOnto(from, onto) => {
                let copy = copy(machine, *from);
                with_part(machine, *onto, |disk, part| disk.parts[part].volume = copy, false);
            }
            Self::Reorder(disk, slots) => {
                let id = machine.fresh_id(*disk);
                let old = &machine.disks[*disk];
                let volumes: Vec<VolumeId> = old.parts.iter().map(|part| part.volume).collect();
                let mut new = Disk { id, parts: Vec::new(), ..old.clone() };
                for (volume, slot) in volumes.into_iter().zip(slots) {
                    new.add(volume, *slot, machine.fresh_guid());
                }
                machine.disks[*disk] = new;
            }
            Self::Mend(objects) => mend(machine, objects),
        }
        machine.remember();
    }

    /// A line for people.
    pub fn show(&self, machine: &Machine) -> String {
        let name = |volume: &VolumeId| machine.volumes[*volume].name.clone();
        let disk = |disk: &usize| machine.disks[*disk].name;
        match self {
            Self::NewId(of) => format!("disk {} gets another identity", disk(of)),
            Self::NewGuid(volume) => format!("{} gets another partition GUID", name(volume)),
            Self::NewGuids(of) => format!("disk {} and its partitions get other GUIDs", disk(of)),
            Self::Move(volume, slot, keeps) => {
                let guid = if *keeps { "" } else { " and gets another partition GUID" };
                format!("{} moves to slot {slot}{guid}", name(volume))
            }
            Self::Delete(volume) => format!("{} is deleted", name(volume)),
            Self::Swap(one, other) => format!("{} and {} change places", name(one), name(other)),
            Self::Photos(volume) => format!("photos take the place of {}", name(volume)),
            Self::Clone(volume, slot) => format!("{} is copied to slot {slot}", name(volume)),
            Self::CloneOnto(from, onto) => {
                format!("a copy of {} takes the place of {}", name(from), name(onto))
            }
            Self::Reorder(of, slots) => {
                format!("disk {} is copied to a new disk, to slots {slots:?}", disk(of))
            }
            Self::Mend(objects) => {
                let names: Vec<String> = objects.iter().map(|id| show_object(*id)).collect();
                format!("mended by hand: {}", names.join(", "))
            }
        }
    }
}

/// An object as people know it.
pub fn show_object(id: Guid) -> String {
    alias(id).map_or_else(|| format!("{{{}}}", &id.to_string()[..8]), str::to_owned)
}

/// Changes the partition of a volume, and its GUID; nothing where it is gone.
fn with_part(
    machine: &mut Machine,
    volume: VolumeId,
    change: impl FnOnce(&mut Disk, usize),
    is_new_guid: bool,
) {
    let Some((disk, part)) = machine.place(volume) else { return };
    if is_new_guid {
        machine.disks[disk].parts[part].guid = machine.fresh_guid();
    }
    change(&mut machine.disks[disk], part);
}

fn copy(machine: &mut Machine, of: VolumeId) -> VolumeId {
    let original = &machine.volumes[of];
    let name = format!("copy of {}", original.name);
    let copy = Volume { name, copy_of: Some(of), ..original.clone() };
    machine.volume(copy)
}

fn mend(machine: &mut Machine, objects: &[Guid]) {
    let system = machine.system();
    let mut stores = std::mem::take(&mut machine.volumes[system].stores);
    let names = stores.iter_mut().flat_map(|store| &mut store.names);
    for name in names.filter(|name| objects.contains(&name.object)) {
        let now = name.meant.filter(|_| !name.role.is_fixed()).and_then(|meant| machine.identity(meant));
        name.named = now.unwrap_or(name.named);
    }
    machine.volumes[system].stores = stores;
}
