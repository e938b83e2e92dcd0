//! Machines put together by hand, for the named cases.

use bcdrescue::guid::Guid;
use bcdrescue::partition::DiskId;

use crate::matching::disk::Disk;
use crate::matching::entries::Writer;
use crate::matching::machine::Machine;
use crate::matching::scene::Scene;
use crate::matching::volume::BIOS;
use crate::matching::volume::BIOS_STORE;
use crate::matching::volume::ESP;
use crate::matching::volume::UEFI_STORE;
use crate::matching::volume::Volume;
use crate::matching::volume::WINDOWS;
use crate::matching::volume::XP;
use crate::matching::volume_id::VolumeId;

/// The id of an object.
pub fn entry(number: u128) -> Guid {
    Guid::from_u128(number << 96 | 0xfc0c_11de_8f38_8e2c_5384_be89)
}

/// A machine that is being put together.
pub struct Build {
    pub machine: Machine,
    is_uefi: bool,
}

impl Build {
    /// So many disks with an MBR.
    pub fn bios(disks: usize) -> Self {
        Self::new(disks, false)
    }

    /// So many disks with a GPT.
    pub fn uefi(disks: usize) -> Self {
        Self::new(disks, true)
    }

    fn new(disks: usize, is_uefi: bool) -> Self {
        let mut machine = Machine::new();
        for name in ['A', 'B', 'C'].into_iter().take(disks) {
            let id = if is_uefi { DiskId::Gpt(machine.fresh_guid()) } else { DiskId::Mbr(machine.fresh()) };
            machine.disks.push(Disk::new(name, id));
        }
        Self { machine, is_uefi }
    }

    /// The system volume, in the first slot.
    pub fn system(&mut self, disk: usize) -> VolumeId {
        self.system_with(disk, 0)
    }

    /// The same with a Windows on it.
    pub fn system_with(&mut self, disk: usize, kind: u16) -> VolumeId {
        self.part(disk, 0, kind | if self.is_uefi { ESP } else { BIOS })
    }

    /// A volume in a slot.
    pub fn part(&mut self, disk: usize, slot: usize, kind: u16) -> VolumeId {
        let what = match kind {
            WINDOWS => "Windows",
            XP => "XP",
            _ if kind & (BIOS | ESP) != 0 => "system",
            _ => "volume",
        };
        let name = format!("{what} {slot} of {}", self.machine.disks[disk].name);
        let serial = self.machine.fresh();
        let volume = self.machine.volume(Volume::new(&name, kind, serial));
        let guid = self.machine.fresh_guid();
        self.machine.disks[disk].add(volume, slot, guid);
        volume
    }

    /// Writes the store.
    pub fn scene(mut self, system: VolumeId, write: impl FnOnce(&mut Writer<'_>)) -> Scene {
        let mut writer = Writer::new(&self.machine, if self.is_uefi { UEFI_STORE } else { BIOS_STORE });
        write(&mut writer);
        let store = writer.done();
        self.machine.volumes[system].stores.push(store);
        Scene::new(self.machine)
    }
}
