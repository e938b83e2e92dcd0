//! Everything that was found on one disk, and the questions that are asked of it.

use crate::bcd::Firmware;
use crate::bytes;
use crate::layout::boot_files::BootFiles;
use crate::layout::content::Encryptor;
use crate::layout::esp::Esp;
use crate::layout::evidence::Evidence;
use crate::layout::index::HiveIndex;
use crate::layout::index::StoreIndex;
use crate::layout::index::VolumeIndex;
use crate::layout::index::WindowsIndex;
use crate::layout::index::WinreIndex;
use crate::layout::mounted_devices::MountedDevices;
use crate::layout::raid_member::RaidMember;
use crate::layout::store::StoreFile;
use crate::layout::system::SystemVolume;
use crate::layout::system::is_esp_type;
use crate::layout::volume_facts::VolumeFacts;
use crate::layout::volume_facts::VolumeRole;
use crate::layout::windows::WindowsVolume;
use crate::layout::winre::WinreFile;
use crate::partition::DiskId;
use crate::partition::Partition;
use crate::partition::PartitionTable;
use crate::partition::TableKind;
use crate::storage::first_failure::FailedRead;

/// Everything that was found on one disk.
#[derive(Debug)]
pub struct Layout {
    /// The partition table.
    pub table: PartitionTable,
    /// One entry for each partition of the table, in the same order.
    pub volumes: Vec<VolumeFacts>,
    /// Volumes that hold a boot manager or a store.
    pub systems: Vec<SystemVolume>,
    /// Where none does, the EFI system partitions of a disk with a Windows; where none of them is FAT, all FAT volumes, which are what UEFI
    /// firmware reads.
    pub esps: Vec<Esp>,
    /// The FAT volume whose loader brings UEFI firmware to a system volume on NTFS.
    pub uefi_ntfs: Option<VolumeIndex>,
    /// Volumes that hold a Windows installation.
    pub windows: Vec<WindowsVolume>,
    /// All stores, those of the system volumes in order.
    pub stores: Vec<StoreFile>,
    /// The drive letters of each Windows that has a SYSTEM hive.
    pub mounted: Vec<MountedDevices>,
    /// Which files that the stores name are on which volume.
    pub evidence: Evidence,
    /// What the files that are started on the boot path begin with.
    pub boot_files: BootFiles,
    /// Files that say where Windows believes its recovery environment to be.
    pub winre: Vec<WinreFile>,
    /// Which of the recovery images that these files name are on which volume.
    pub recovery_images: Evidence,
    /// Of whose array the disk is a member, by the record at its end.
    pub raid_member: Option<RaidMember>,
    /// Whose loader starts the disk, where a partition may be encrypted by that: what no file system is recognised on, it is taken for.
    pub encryptor: Option<Encryptor>,
    /// The first read of the disk that failed: what lies there may be what is not found above. `None` when all went well.
    pub failed_read: Option<FailedRead>,
}

impl Layout {
    /// What was found on a volume.
    #[must_use]
    pub fn volume(&self, index: VolumeIndex) -> Option<&VolumeFacts> {
        index.of(&self.volumes)
    }

    /// The partition of a volume, as the table has it.
    #[must_use]
    pub fn partition(&self, index: VolumeIndex) -> Option<&Partition> {
        index.of(&self.table.partitions)
    }

    /// A store.
    #[must_use]
    pub fn store(&self, index: StoreIndex) -> Option<&StoreFile> {
        index.of(&self.stores)
    }

    /// A Windows installation.
    #[must_use]
    pub fn installation(&self, index: WindowsIndex) -> Option<&WindowsVolume> {
        index.of(&self.windows)
    }

    /// The drive letters in a SYSTEM hive.
    #[must_use]
    pub fn hive(&self, index: HiveIndex) -> Option<&MountedDevices> {
        index.of(&self.mounted)
    }

    /// The indices of all volumes.
    #[must_use]
    pub fn volume_indices(&self) -> impl DoubleEndedIterator<Item = VolumeIndex> {
        self.volumes_indexed().map(|(index, _)| index)
    }

    /// All volumes, each with its index.
    #[must_use]
    pub fn volumes_indexed(&self) -> impl DoubleEndedIterator<Item = (VolumeIndex, &VolumeFacts)> {
        VolumeIndex::each(&self.volumes)
    }

    /// The partitions of the table, each with its index.
    pub fn partitions_indexed(&self) -> impl Iterator<Item = (VolumeIndex, &Partition)> {
        VolumeIndex::each(&self.table.partitions)
    }

    /// All stores, each with its index.
    pub fn stores_indexed(&self) -> impl Iterator<Item = (StoreIndex, &StoreFile)> {
        StoreIndex::each(&self.stores)
    }

    /// All SYSTEM hives, each with its index.
    pub fn hives_indexed(&self) -> impl Iterator<Item = (HiveIndex, &MountedDevices)> {
        HiveIndex::each(&self.mounted)
    }

    /// All files that say where the recovery environment is, each with its index.
    pub fn winre_indexed(&self) -> impl Iterator<Item = (WinreIndex, &WinreFile)> {
        WinreIndex::each(&self.winre)
    }

    /// The first volume of which this holds.
    pub fn find_volume(&self, is_it: impl Fn(&VolumeFacts) -> bool) -> Option<VolumeIndex> {
        self.volumes_indexed().find(|(_, facts)| is_it(facts)).map(|(index, _)| index)
    }

    /// The first partition of the table of which this holds.
    pub fn find_partition(&self, is_it: impl Fn(&Partition) -> bool) -> Option<VolumeIndex> {
        self.partitions_indexed().find(|(_, partition)| is_it(partition)).map(|(index, _)| index)
    }
}

impl Layout {
    /// The partition that begins at byte `offset` of the disk.
    #[must_use]
    pub fn partition_at(&self, offset: u64) -> Option<VolumeIndex> {
        self.find_volume(|volume| volume.partition.id.is_some() && volume.partition.start == offset)
    }

    /// Whether this is the disk's identity, or the signature of its hybrid MBR.
    #[must_use]
    pub fn is_named(&self, disk: DiskId) -> bool {
        [self.table.disk, self.table.hybrid.map(DiskId::Mbr)].contains(&Some(disk))
    }

    /// `partition 2 (Windows)`: a partition as people are shown it.
    #[must_use]
    pub fn name(&self, volume: VolumeIndex) -> String {
        match self.volume(volume) {
            Some(facts) if facts.partition.number == 0 => self.name_without_noun(volume),
            Some(_) => format!("partition {}", self.name_without_noun(volume)),
            None => format!("volume {volume}"),
        }
    }

    /// `2 (Windows)`: the same where the noun is said already.
    #[must_use]
    pub fn name_without_noun(&self, volume: VolumeIndex) -> String {
        let Some(facts) = self.volume(volume) else { return volume.to_string() };
        let number = match facts.partition.number {
            0 => "the whole disk".to_owned(),
            number => number.to_string(),
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
        let on_fat = |system: &&SystemVolume| system.is_fat;
        let first = match self.table.kind {
            TableKind::Gpt => {
                let fat = || systems().filter(uefi).filter(on_fat);
                let fat = fat().find(on_esp).or_else(|| fat().next());
                fat.or_else(|| systems().filter(uefi).find(on_esp)).or_else(|| systems().find(uefi))
            }
            TableKind::Mbr | TableKind::None => None,
        };
        let is_read = |system: &&SystemVolume| system.is_fat || system.firmware() == Firmware::Bios;
        let first = first.or_else(|| systems().find(|system| system.active));
        first.or_else(|| systems().find(is_read)).or_else(|| systems().next())
    }

    /// Whether a volume is known to be encrypted: by BitLocker, or by the program whose loader is here.
    #[must_use]
    pub fn is_encrypted(&self, facts: &VolumeFacts) -> bool {
        facts.file_system.is_encrypted(self.encryptor.is_some())
    }

    /// Whether the volume is an EFI system partition by its type code.
    #[must_use]
    pub fn is_esp(&self, volume: VolumeIndex) -> bool {
        self.volume(volume).is_some_and(|facts| is_esp_type(facts.partition.kind))
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

    /// The SYSTEM hive of a Windows.
    #[must_use]
    pub fn hive_of(&self, windows: &WindowsVolume) -> Option<&MountedDevices> {
        self.hive(self.hive_index_of(windows)?)
    }

    /// The same by its index.
    #[must_use]
    pub fn hive_index_of(&self, windows: &WindowsVolume) -> Option<HiveIndex> {
        let is_its = |hive: &MountedDevices| {
            self.installation(hive.windows)
                .is_some_and(|it| (it.volume, &it.root) == (windows.volume, &windows.root))
        };
        self.hives_indexed().find(|(_, hive)| is_its(hive)).map(|(index, _)| index)
    }

    /// Whether nothing stands against writing to a hive for good.
    #[must_use]
    pub fn is_hive_writable(&self, hive: &MountedDevices) -> bool {
        hive.place.is_ok()
            && !hive.dirty
            && hive.newer_logs.is_empty()
            && hive.obstacles.is_empty()
            && self.installation(hive.windows).is_some()
            && self.asleep().is_none()
    }

    /// A Windows that sleeps, or may: where, and how that is known.
    #[must_use]
    pub fn asleep(&self) -> Option<(VolumeIndex, String)> {
        let seen = |windows: &WindowsVolume| Some((windows.volume, windows.asleep.how()?));
        let unseen = |(volume, facts): (VolumeIndex, &VolumeFacts)| Some((volume, facts.asleep.how()?));
        let seen = self.windows.iter().find_map(seen);
        seen.or_else(|| self.volumes_indexed().find_map(unseen))
    }

    /// A partition that shares bytes with that of a volume.
    #[must_use]
    pub fn overlapping(&self, volume: VolumeIndex) -> Option<&Partition> {
        let this = self.partition(volume)?;
        let end = |partition: &Partition| partition.start.saturating_add(partition.len);
        let mut others = self.table.partitions.iter().filter(|other| other.number != this.number);
        others.find(|other| other.start < end(this) && this.start < end(other))
    }

    /// The volume whose partition has this number.
    #[must_use]
    pub fn by_number(&self, number: u32) -> Option<VolumeIndex> {
        self.find_volume(|volume| volume.partition.number == number)
    }
}
