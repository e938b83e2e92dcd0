//! What is where on one disk: partitions, volumes, stores, Windows installations. Facts, no opinion.
//!
//! [`discover`] walks the disk once, with few small reads, and answers every question that the diagnosis will ask
//! ("is `\Windows\system32\winload.exe` on partition 2?"), so that everything above is pure.

pub mod arc_path;
pub mod boot_ini;
pub mod current_version;
pub mod evidence;
pub mod file_version;
pub mod mounted_devices;
pub mod product;
pub mod reagent;
pub mod recovery;
pub mod spanned;
pub mod store;
pub mod system;
pub mod version;
pub mod windows;

use crate::bytes;
use crate::layout::evidence::Evidence;
use crate::layout::mounted_devices::MountedDevices;
use crate::layout::recovery::RecoveryFile;
use crate::layout::store::StoreFile;
use crate::layout::system::SystemVolume;
use crate::layout::windows::WindowsVolume;
use crate::partition;
use crate::partition::Partition;
use crate::partition::PartitionError;
use crate::partition::PartitionTable;
use crate::storage::Storage;
use crate::storage::budget::Budgeted;
use crate::storage::watched::Watched;
use crate::storage::window::Window;
use crate::volume::BootRecord;
use crate::volume::FileSystem;
use crate::volume::Volume;

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
pub enum Role {
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
    pub role: Role,
    /// Why it could not be read, when it could not.
    pub unreadable: Option<String>,
    /// Its boot record, where it has one.
    pub boot_record: Option<BootRecord>,
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
    /// Volumes that hold a Windows installation.
    pub windows: Vec<WindowsVolume>,
    /// All stores, those of the system volumes in order.
    pub stores: Vec<StoreFile>,
    /// The drive letters of each Windows that has a SYSTEM hive.
    pub mounted: Vec<MountedDevices>,
    /// Which files that the stores name are on which volume.
    pub evidence: Evidence,
    /// Files that say where Windows believes its recovery environment to be.
    pub recovery: Vec<RecoveryFile>,
    /// The first read of the disk that failed: what lies there may be what is not found above. `None` when all went well.
    pub failed_read: Option<String>,
}

impl Layout {
    /// The partition that begins at byte `offset` of the disk.
    #[must_use]
    pub fn partition_at(&self, offset: u64) -> Option<usize> {
        self.volumes
            .iter()
            .position(|volume| volume.partition.id.is_some() && volume.partition.start == offset)
    }

    /// `partition 2 "Windows"`: a partition as people are shown it.
    #[must_use]
    pub fn name(&self, volume: usize) -> String {
        let Some(facts) = self.volumes.get(volume) else { return format!("volume {volume}") };
        let number = match facts.partition.number {
            0 => "the whole disk".to_owned(),
            number => format!("partition {number}"),
        };
        let name = facts.label.as_deref().filter(|label| !label.is_empty()).or(match facts.role {
            Role::System | Role::SystemAndWindows if self.is_esp(volume) => Some("EFI system"),
            Role::System => Some("system"),
            Role::Windows | Role::SystemAndWindows => Some("Windows"),
            Role::Recovery => Some("recovery"),
            Role::Reserved | Role::Other => None,
        });
        match name {
            Some(name) => format!("{number} ({})", bytes::one_line(name)),
            None => number,
        }
    }

    /// Whether the volume is an EFI system partition by its type code.
    #[must_use]
    pub fn is_esp(&self, volume: usize) -> bool {
        self.volumes.get(volume).is_some_and(|facts| system::is_esp_type(facts.partition.kind))
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

    /// Why a volume that the disk starts from cannot be read everywhere; `None` when all can.
    #[must_use]
    pub fn unread_system(&self) -> Option<&str> {
        let unread = |system: &SystemVolume| self.volumes.get(system.volume)?.unreadable.as_deref();
        self.systems.iter().find_map(unread)
    }

    /// The volume whose partition has this number.
    #[must_use]
    pub fn by_number(&self, number: u32) -> Option<usize> {
        self.volumes.iter().position(|volume| volume.partition.number == number)
    }
}

/// Reads and bytes that a walk over a disk may take; a usual one takes some thousand reads and a few megabytes, one over
/// a hundred volumes some hundred times that.
const READS: u64 = 2_000_000;
const BYTES: u64 = 1 << 30;

/// Walks the disk. `storage` should have a cache before it.
///
/// # Errors
/// Only when the partition table cannot be read; a volume or store that cannot be read is a fact of the layout.
pub fn discover(storage: &dyn Storage) -> Result<Layout, PartitionError> {
    discover_beside(storage, &[])
}

/// Walks a disk that stands beside another: what the stores of that one (`stores`) name is looked for here too.
///
/// # Errors
/// As [`discover`].
pub fn discover_beside(storage: &dyn Storage, stores: &[StoreFile]) -> Result<Layout, PartitionError> {
    let budgeted = Budgeted::new(storage, READS, BYTES);
    let watched = Watched::new(&budgeted);
    let layout = walk(&watched, stores)?;
    Ok(Layout { failed_read: watched.into_failure(), ..layout })
}

fn walk(storage: &dyn Storage, others: &[StoreFile]) -> Result<Layout, PartitionError> {
    let table = partition::read(storage)?;
    let windows_on_disk: Vec<Window<'_>> = table
        .partitions
        .iter()
        .map(|partition| Window::new(storage, partition.start, partition.len))
        .collect();
    let opened: Vec<Result<Volume<'_>, String>> = windows_on_disk
        .iter()
        .map(|window| Volume::open(window).map_err(|error| error.to_string()))
        .collect();
    let volumes: Vec<Option<&Volume<'_>>> = opened.iter().map(|volume| volume.as_ref().ok()).collect();

    let (systems, unread) = system::find(&volumes, &table);
    let stores = store::read_all(&volumes, &systems, &table);
    let all: Vec<&StoreFile> = stores.iter().chain(others).collect();
    let windows = windows::find(&volumes, &systems, &all);
    let mounted = mounted_devices::read_all(&volumes, &windows, &table);
    let evidence = Evidence::collect(&volumes, &all);
    let mut facts = facts(&table, &opened, &systems, &windows, &evidence);
    for (facts, unread) in facts.iter_mut().zip(unread) {
        facts.unreadable = facts.unreadable.take().or(unread);
    }
    let recovery = recovery::read_all(&volumes, &facts, &windows);
    Ok(Layout {
        table,
        volumes: facts,
        systems,
        windows,
        stores,
        mounted,
        evidence,
        recovery,
        failed_read: None,
    })
}

fn facts(
    table: &PartitionTable,
    opened: &[Result<Volume<'_>, String>],
    systems: &[SystemVolume],
    windows: &[WindowsVolume],
    evidence: &Evidence,
) -> Vec<VolumeFacts> {
    let describe = |(index, (partition, volume)): (usize, (&Partition, &Result<Volume<'_>, String>))| {
        let is_system = systems.iter().any(|system| system.volume == index);
        let is_windows = windows.iter().any(|windows| windows.volume == index);
        let role = match (is_system, is_windows) {
            (true, true) => Role::SystemAndWindows,
            (true, false) => Role::System,
            (false, true) => Role::Windows,
            (false, false) if system::is_recovery_type(partition.kind) => Role::Recovery,
            (false, false) if evidence.has_recovery_image(index) => Role::Recovery,
            (false, false) if system::is_reserved_type(partition.kind) => Role::Reserved,
            (false, false) => Role::Other,
        };
        let (file_system, label, unreadable) = match volume {
            Ok(volume) => (volume.file_system(), volume.label(), volume.damage()),
            Err(error) => (FileSystem::Unknown, None, Some(error.clone())),
        };
        let boot_record = volume.as_ref().ok().and_then(|volume| volume.boot_record().ok()?);
        VolumeFacts { partition: partition.clone(), file_system, label, role, unreadable, boot_record }
    };
    table.partitions.iter().zip(opened).enumerate().map(describe).collect()
}
