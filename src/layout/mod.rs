//! What is where on one disk: partitions, volumes, stores, Windows installations. Facts, no opinion.
//!
//! [`discover`] walks the disk once, with few small reads, and answers every question that the diagnosis will ask
//! ("is `\Windows\system32\winload.exe` on partition 2?"), so that everything above is pure.

pub mod arc_path;
pub mod boot_ini;
pub mod current_version;
pub mod esp;
pub mod evidence;
pub mod extent;
pub mod file_version;
pub mod index;
pub mod known;
mod missing;
pub mod mounted_devices;
mod opened_volume;
pub mod product;
pub mod reagent;
pub mod spanned;
pub mod store;
mod store_logs;
pub mod system;
pub mod system_file;
pub mod unread;
pub mod version;
mod walk;
pub mod windows;
pub mod winre;

pub use missing::Missing;
pub use walk::discover;
pub use walk::discover_companion;

use crate::bytes;
use crate::layout::esp::Esp;
use crate::layout::evidence::Evidence;
use crate::layout::index::VolumeIndex;
use crate::layout::known::Cause;
use crate::layout::known::Known;
use crate::layout::mounted_devices::MountedDevices;
use crate::layout::store::StoreFile;
use crate::layout::system::SystemVolume;
use crate::layout::unread::Unread;
use crate::layout::windows::Asleep;
use crate::layout::windows::WindowsVolume;
use crate::layout::winre::WinreFile;
use crate::partition::Partition;
use crate::partition::PartitionTable;
use crate::partition::TableKind;
use crate::storage::first_failure::FailedRead;
use crate::volume::BootRecord;
use crate::volume::FileSystem;

/// How the machine starts from a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Firmware {
    /// BIOS: MBR code, active partition, `\bootmgr`, `\Boot\BCD`.
    Bios,
    /// UEFI: EFI system partition, `\EFI\Microsoft\Boot\bootmgfw.efi`, `\EFI\Microsoft\Boot\BCD`.
    Uefi,
}

impl std::fmt::Display for Firmware {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Bios => "BIOS",
            Self::Uefi => "UEFI",
        })
    }
}

/// What a partition is for, by what was found on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VolumeRole {
    /// Boot manager and store, no Windows.
    System,
    /// Windows, no boot manager.
    Windows,
    /// Boot manager, store and Windows on one volume.
    SystemAndWindows,
    /// Windows recovery environment.
    Recovery,
    /// Microsoft reserved partition (no file system).
    Reserved,
    /// Nothing that matters for booting.
    Other,
}

/// One partition with what was found on it. Index in [`Layout::volumes`] = index in the table's partitions.
#[derive(Debug)]
pub struct VolumeFacts {
    /// The partition.
    pub partition: Partition,
    /// File system by content.
    pub file_system: FileSystem,
    /// Volume label.
    pub label: Option<String>,
    /// What it is for.
    pub role: VolumeRole,
    /// Why nothing on it can be read, when nothing can.
    pub unreadable: Option<Cause>,
    /// What could not be looked for on it, because something on the way cannot be read.
    pub unread: Vec<Unread>,
    /// Whether a Windows sleeps on it that was not seen, because something cannot be read. Of a seen one
    /// [`WindowsVolume::asleep`] tells.
    pub asleep: Known<Asleep>,
    /// How it goes on where there is nothing more.
    pub missing: Option<Missing>,
    /// Bytes by which its partition ends beyond the disk, whether or not anything is there.
    pub beyond: u64,
    /// Boot code starts its first sector: that ends in 55 aa (Microsoft, "Disk Concepts and Troubleshooting": "Missing operating
    /// system"), and is not zeros otherwise. What cannot be read is taken to be so.
    pub is_startable: bool,
    /// Its boot record, where it has one.
    pub boot_record: Option<BootRecord>,
}

impl VolumeFacts {
    /// Why it cannot be read, or not everywhere; `None` when it can.
    #[must_use]
    pub fn unread_reason(&self) -> Option<&Cause> {
        let unread = self.unread.first().map(|unread| &unread.cause);
        self.unreadable.as_ref().or(unread)
    }
}

/// Everything that was found on one disk.
#[derive(Debug)]
pub struct Layout {
    /// The partition table.
    pub table: PartitionTable,
    /// One entry for each partition of the table, in the same order.
    pub volumes: Vec<VolumeFacts>,
    /// Volumes that hold a boot manager or a store.
    pub systems: Vec<SystemVolume>,
    /// Where none does, the EFI system partitions of a disk with a Windows.
    pub esps: Vec<Esp>,
    /// Volumes that hold a Windows installation.
    pub windows: Vec<WindowsVolume>,
    /// All stores, those of the system volumes in order.
    pub stores: Vec<StoreFile>,
    /// The drive letters of each Windows that has a SYSTEM hive.
    pub mounted: Vec<MountedDevices>,
    /// Which files that the stores name are on which volume.
    pub evidence: Evidence,
    /// Files that say where Windows believes its recovery environment to be.
    pub winre: Vec<WinreFile>,
    /// The first read of the disk that failed: what lies there may be what is not found above. `None` when all went well.
    pub failed_read: Option<FailedRead>,
}

impl Layout {
    /// The partition that begins at byte `offset` of the disk.
    #[must_use]
    pub fn partition_at(&self, offset: u64) -> Option<VolumeIndex> {
        self.find_volume(|volume| volume.partition.id.is_some() && volume.partition.start == offset)
    }

    /// `partition 2 "Windows"`: a partition as people are shown it.
    #[must_use]
    pub fn name(&self, volume: VolumeIndex) -> String {
        let Some(facts) = self.volume(volume) else { return format!("volume {volume}") };
        let number = match facts.partition.number {
            0 => "the whole disk".to_owned(),
            number => format!("partition {number}"),
        };
        let name = facts.label.as_deref().filter(|label| !label.is_empty()).or(match facts.role {
            VolumeRole::System | VolumeRole::SystemAndWindows if self.is_esp(volume) => Some("EFI system"),
            VolumeRole::System => Some("system"),
            VolumeRole::Windows | VolumeRole::SystemAndWindows => Some("Windows"),
            VolumeRole::Recovery => Some("recovery"),
            VolumeRole::Reserved | VolumeRole::Other => None,
        });
        match name {
            Some(name) => format!("{number} ({})", bytes::one_line(name)),
            None => number,
        }
    }

    /// The Windows at a root, `\Windows`, on the volume with this index.
    #[must_use]
    pub fn windows_at(&self, volume: VolumeIndex, root: &str) -> Option<&WindowsVolume> {
        self.windows.iter().find(|windows| windows.volume == volume && windows.is_at(root))
    }

    /// The system volume that the firmware comes to first.
    #[must_use]
    pub fn first_system(&self) -> Option<&SystemVolume> {
        let on_esp = |system: &&SystemVolume| self.is_esp(system.volume);
        let uefi = |system: &&SystemVolume| system.firmware() == Firmware::Uefi;
        let systems = || self.systems.iter();
        let first = match self.table.kind {
            TableKind::Gpt => systems().filter(uefi).find(on_esp).or_else(|| systems().find(uefi)),
            TableKind::Mbr | TableKind::None => None,
        };
        first.or_else(|| systems().find(|system| system.active)).or_else(|| systems().next())
    }

    /// Whether the volume is an EFI system partition by its type code.
    #[must_use]
    pub fn is_esp(&self, volume: VolumeIndex) -> bool {
        self.volume(volume).is_some_and(|facts| system::is_esp_type(facts.partition.kind))
    }

    /// The store with this path on the partition with this number; the case of letters does not matter.
    #[must_use]
    pub fn store_on(&self, partition: u32, path: &str) -> Option<&StoreFile> {
        let volume = self.by_number(partition)?;
        self.stores.iter().find(|file| file.volume == volume && file.path.eq_ignore_ascii_case(path))
    }

    /// The SYSTEM hive with this path on the partition with this number; the case of letters does not matter.
    #[must_use]
    pub fn hive_on(&self, partition: u32, path: &str) -> Option<&MountedDevices> {
        let volume = self.by_number(partition)?;
        self.mounted.iter().find(|hive| hive.volume == volume && hive.path.eq_ignore_ascii_case(path))
    }

    /// A Windows that sleeps, or may: where, and how that is known.
    #[must_use]
    pub fn asleep(&self) -> Option<(VolumeIndex, String)> {
        let seen = |windows: &WindowsVolume| Some((windows.volume, windows.asleep.how()?));
        let unseen = |(volume, facts): (VolumeIndex, &VolumeFacts)| Some((volume, facts.asleep.how()?));
        let seen = self.windows.iter().find_map(seen);
        seen.or_else(|| self.volumes_indexed().find_map(unseen))
    }

    /// The volume whose partition has this number.
    #[must_use]
    pub fn by_number(&self, number: u32) -> Option<VolumeIndex> {
        self.find_volume(|volume| volume.partition.number == number)
    }
}
