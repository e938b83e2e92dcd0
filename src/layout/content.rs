//! What partitions hold on which no volume is recognised: what another program than BitLocker encrypted, or a disk of its own.

use std::fmt;
use std::ops::Range;

use crate::bytes::slice;
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
/// Loaders that have a mark in their first sector, and where it may begin (The Sleuth Kit, `tsk/util/detect_encryption.c`; of the first two
/// also Haiku, `src/apps/drivesetup/EncryptionUtils.cpp`). Shorter marks and plain words are left out.
const MARKS: [(&[u8], Range<usize>, Encryptor); 5] = [
    (b"\xeb\x48\x90PGPGUARD", 0..33, Encryptor::Pgp),
    (b"SafeBoot", 0..33, Encryptor::SafeBoot),
    (b"Safeboot", 0..33, Encryptor::SafeBoot),
    (b"SGM400", 110..151, Encryptor::SafeGuard),
    (b"SGE400", 110..151, Encryptor::SafeGuard),
];
/// Where its loader for UEFI is, and Windows' boot manager, which it starts (VeraCrypt, `src/Common/BootEncryption.cpp`).
const FILES: [&str; 2] = [r"\EFI\VeraCrypt", r"\EFI\Microsoft\Boot\bootmgfw_ms.vc"];

/// A program that encrypts the volume of Windows, and starts it by a loader of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encryptor {
    /// VeraCrypt.
    VeraCrypt,
    /// TrueCrypt, from which VeraCrypt came.
    TrueCrypt,
    /// PGP Whole Disk Encryption, Symantec's later.
    Pgp,
    /// SafeBoot, McAfee's Endpoint Encryption later.
    SafeBoot,
    /// SafeGuard of Utimaco, Sophos' later.
    SafeGuard,
}

impl fmt::Display for Encryptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::VeraCrypt => "VeraCrypt",
            Self::TrueCrypt => "TrueCrypt",
            Self::Pgp => "PGP (Symantec)",
            Self::SafeBoot => "SafeBoot (McAfee)",
            Self::SafeGuard => "SafeGuard (Sophos)",
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
    /// Of each, whether its first sector is zeros and the copy of an NTFS boot record is in its last one.
    spares: Vec<bool>,
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
        // Whether the first sector is zeros, of each on which no volume is recognised.
        let blank = |((window, partition), opened): ((&Window<'_>, &Partition), &OpenedVolume<'_>)| {
            let is_open = matches!(opened.file_system(), FileSystem::Unknown | FileSystem::Encrypted)
                && opened.volume.is_ok()
                && is_for_data(partition);
            is_open.then(|| is_blank(window))
        };
        let blank: Vec<Option<bool>> = all().map(blank).collect();
        let is_divided = table.kind != TableKind::None;
        let is_any = is_divided && blank.contains(&Some(false));
        let encryptor = is_any.then(|| by_loader(storage).or_else(|| by_files(opened))).flatten();
        let of = all().zip(&blank).map(|(((window, _), opened), blank)| match opened.file_system() {
            FileSystem::Unknown if is_divided && *blank == Some(false) => match encryptor {
                _ if is_disk(window) => FileSystem::Disk,
                Some(_) => FileSystem::Encrypted,
                None => FileSystem::Unknown,
            },
            file_system => file_system,
        });
        let spares = all().zip(&blank).map(|(((window, _), opened), blank)| {
            let is_unknown = opened.file_system() == FileSystem::Unknown;
            is_unknown && *blank == Some(true) && has_spare(window, table.sector_size)
        });
        Self { encryptor, of: of.collect(), spares: spares.collect() }
    }

    /// Whether the begin of a volume of NTFS was lost, and the copy of its boot record is there.
    #[must_use]
    pub fn has_spare(&self, volume: VolumeIndex) -> bool {
        volume.of(&self.spares).copied().unwrap_or(false)
    }

    /// The file system of a volume, or what is there in its place.
    #[must_use]
    pub fn file_system(&self, volume: VolumeIndex) -> FileSystem {
        volume.of(&self.of).copied().unwrap_or(FileSystem::Unknown)
    }

    /// Whether files may be on a volume that nobody can see.
    #[must_use]
    pub fn is_closed(&self, volume: VolumeIndex) -> bool {
        self.file_system(volume).is_closed()
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

/// NTFS keeps a copy of its boot record in the last sector of its partition (Microsoft, "NTFS Boot Sector").
fn has_spare(window: &Window<'_>, sector_size: u32) -> bool {
    let Some(at) = window.len().checked_sub(u64::from(sector_size)) else { return false };
    let is_record = |sector: Vec<u8>| {
        slice(&sector, 3, 8) == Some(b"NTFS    ") && slice(&sector, 0x1fe, 2) == Some(&[0x55, 0xaa])
    };
    window.read_vec(at, 512).is_ok_and(is_record)
}

fn by_loader(storage: &dyn Storage) -> Option<Encryptor> {
    let len = usize::try_from(storage.len().min(LOADER)).ok()?;
    let head = storage.read_vec(0, len).ok()?;
    let has = |name: &[u8]| head.windows(name.len()).any(|window| window == name);
    let is_marked = |mark: &[u8], places: &Range<usize>| {
        places.clone().any(|at| slice(&head, at, mark.len()) == Some(mark))
    };
    let by_name = NAMES.into_iter().find(|(name, _)| has(name)).map(|(_, encryptor)| encryptor);
    let marked = || MARKS.into_iter().find(|(mark, places, _)| is_marked(mark, places));
    by_name.or_else(|| marked().map(|(.., encryptor)| encryptor))
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
