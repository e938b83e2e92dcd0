//! What partitions hold on which no volume is recognised: what another program than BitLocker encrypted, or a disk of its own.

use std::fmt;

use crate::layout::index::VolumeIndex;
use crate::layout::opened_volume::OpenedVolume;
use crate::layout::system::is_esp_type;
use crate::layout::system::is_reserved_type;
use crate::partition;
use crate::partition::Partition;
use crate::partition::PartitionTable;
use crate::partition::PartitionType;
use crate::partition::TableKind;
use crate::storage::Storage;
use crate::storage::window::Window;
use crate::volume::FileSystem;
use crate::volume::Volume;

/// Bytes of the disk in which the loader of a BIOS says whose it is: the first sector has its name among its messages (VeraCrypt,
/// `src/Boot/Windows/BootSector.asm`).
const LOADER: u64 = 4096;
/// Those names.
const NAMES: [(&[u8], Encryptor); 2] =
    [(b"VeraCrypt Boot Loader", Encryptor::VeraCrypt), (b"TrueCrypt Boot Loader", Encryptor::TrueCrypt)];
/// Where its loader for UEFI is, and Windows' boot manager, which it starts (VeraCrypt, `src/Common/BootEncryption.cpp`).
const FILES: [&str; 2] = [r"\EFI\VeraCrypt", r"\EFI\Microsoft\Boot\bootmgfw_ms.vc"];

/// A program that encrypts the volume of Windows, and starts it by a loader of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encryptor {
    /// VeraCrypt.
    VeraCrypt,
    /// TrueCrypt, from which VeraCrypt came.
    TrueCrypt,
}

impl fmt::Display for Encryptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::VeraCrypt => "VeraCrypt",
            Self::TrueCrypt => "TrueCrypt",
        })
    }
}

/// What the partitions hold.
#[derive(Debug)]
pub struct Contents {
    /// Whose loader starts this disk, where a partition may be encrypted by that.
    pub encryptor: Option<Encryptor>,
    /// The file system of each, or what is there in its place.
    of: Vec<FileSystem>,
}

impl Contents {
    /// Looks at what is recognised by no volume. On a disk where all is recognised nothing more is read.
    pub(super) fn look(
        storage: &dyn Storage,
        table: &PartitionTable,
        windows: &[Window<'_>],
        opened: &[OpenedVolume<'_>],
    ) -> Self {
        let all = || windows.iter().zip(&table.partitions).zip(opened);
        let is_open = |((window, partition), opened): ((&Window<'_>, &Partition), &OpenedVolume<'_>)| {
            matches!(opened.file_system(), FileSystem::Unknown | FileSystem::Encrypted)
                && opened.volume.is_ok()
                && is_for_data(partition)
                && !is_blank(window)
        };
        let is_any = table.kind != TableKind::None && all().any(is_open);
        let encryptor = is_any.then(|| by_loader(storage).or_else(|| by_files(opened))).flatten();
        let of = all().map(|one| {
            let ((window, _), opened) = one;
            match opened.file_system() {
                FileSystem::Unknown if table.kind != TableKind::None && is_open(one) => match encryptor {
                    _ if is_disk(window) => FileSystem::Disk,
                    Some(_) => FileSystem::Encrypted,
                    None => FileSystem::Unknown,
                },
                file_system => file_system,
            }
        });
        Self { encryptor, of: of.collect() }
    }

    /// The file system of a volume, or what is there in its place.
    #[must_use]
    pub fn file_system(&self, volume: VolumeIndex) -> FileSystem {
        volume.of(&self.of).copied().unwrap_or(FileSystem::Unknown)
    }

    /// Whether a volume is known to be encrypted: by BitLocker, or by the program whose loader is here.
    #[must_use]
    pub fn is_encrypted(&self, volume: VolumeIndex) -> bool {
        self.file_system(volume).is_encrypted(self.encryptor.is_some())
    }
}

/// What firmware reads is not encrypted, and a reserved partition has nothing.
fn is_for_data(partition: &Partition) -> bool {
    partition.kind != PartitionType::Whole
        && !is_esp_type(partition.kind)
        && !is_reserved_type(partition.kind)
}

fn is_blank(window: &Window<'_>) -> bool {
    window.read_vec(0, 512).is_ok_and(|sector| sector.iter().all(|byte| *byte == 0))
}

fn by_loader(storage: &dyn Storage) -> Option<Encryptor> {
    let len = usize::try_from(storage.len().min(LOADER)).ok()?;
    let head = storage.read_vec(0, len).ok()?;
    let has = |name: &[u8]| head.windows(name.len()).any(|window| window == name);
    NAMES.into_iter().find(|(name, _)| has(name)).map(|(_, encryptor)| encryptor)
}

fn by_files(opened: &[OpenedVolume<'_>]) -> Option<Encryptor> {
    let volumes = opened.iter().filter_map(|opened| opened.volume.as_ref().ok());
    let mut read_by_firmware = volumes.filter(|volume| volume.file_system().is_fat());
    let has = |path: &str, volume: &Volume<'_>| volume.find(path).is_ok_and(|it| it.is_some());
    let is_there = read_by_firmware.any(|volume| FILES.iter().any(|path| has(path, volume)));
    is_there.then_some(Encryptor::VeraCrypt)
}

/// Whether a partition begins as a disk does: with a table that has a partition.
fn is_disk(window: &Window<'_>) -> bool {
    let is_inside = |partition: &Partition| partition.start > 0 && partition.start < window.len();
    let table = partition::read(window);
    table.is_ok_and(|table| table.kind != TableKind::None && table.partitions.iter().any(is_inside))
}
