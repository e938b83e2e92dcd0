//! Volumes: which file system a partition holds, and the files that matter on it, with their places on the disk.
//!
//! Names on NTFS are looked up through the `ntfs` crate; contents and their places are decoded here. Before a file's
//! clusters may be overwritten, a crate reads the file too, and both readings have to agree; see [`Volume::locate`].

mod boot_record;
mod error;
mod fat;
mod file;
mod hibernation;
mod ntfs;
mod path;
mod recognise;
#[cfg(test)]
mod test_tools;

pub use boot_record::BootManagerName;
pub use boot_record::BootRecord;
pub use boot_record::BootRecordCopy;
pub use boot_record::HIDDEN_SECTORS_AT;
pub use error::VolumeError;
pub use file::PlacedFile;
pub use file::VolumeFile;
pub use hibernation::Hibernation;

use crate::error::Corrupt;
use crate::storage::Storage;
use crate::volume::fat::FatVolume;
use crate::volume::ntfs::NtfsVolume;

/// A file system, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileSystem {
    /// NTFS.
    Ntfs,
    /// FAT with 12-bit entries.
    Fat12,
    /// FAT with 16-bit entries.
    Fat16,
    /// FAT with 32-bit entries.
    Fat32,
    /// An encrypted BitLocker volume (`-FVE-FS-`, or BitLocker To Go).
    BitLocker,
    /// Recognised by its signature, but not read here: the name to show ("ext4", "LUKS", "exFAT", "ReFS", "xfs",
    /// "swap", "LVM2", "btrfs", "LDM database", "Storage Spaces", …).
    Other(&'static str),
    /// Nothing that is known.
    Unknown,
}

impl FileSystem {
    /// Whether files on it can be seen.
    #[must_use]
    pub fn is_readable(self) -> bool {
        matches!(self, Self::Ntfs) || self.is_fat()
    }

    /// Whether it is FAT of any kind, which is what UEFI firmware reads.
    #[must_use]
    pub const fn is_fat(self) -> bool {
        matches!(self, Self::Fat12 | Self::Fat16 | Self::Fat32)
    }
}

/// What a path names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The path as the directory entries spell it, with backslashes, e.g. `\Windows\System32\winload.exe`.
    pub path: String,
    /// A directory, or a file with its length in bytes.
    pub kind: EntryKind,
}

/// Kind of a directory entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// A directory.
    Directory,
    /// A file.
    File {
        /// Length in bytes.
        len: u64,
    },
}

/// A run of a file's bytes that is contiguous on the volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VolumeExtent {
    /// First byte of the run, in the file.
    pub file_offset: u64,
    /// First byte of the run, from the start of the volume.
    pub volume_offset: u64,
    /// Length in bytes.
    pub len: u64,
}

/// A file with all its bytes and the places where they lie; proven to be overwritable in place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocatedFile {
    /// The path as the directory entries spell it, with backslashes.
    pub path: String,
    /// The file's bytes.
    pub bytes: Vec<u8>,
    /// Where they lie, in file order, covering all of `bytes`.
    pub extents: Vec<VolumeExtent>,
}

/// Why a volume must not be written, although its files can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obstacle {
    /// Kind.
    pub kind: ObstacleKind,
    /// One line for the user: what, and the way out.
    pub message: String,
}

/// Kind of an [`Obstacle`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ObstacleKind {
    /// NTFS: the dirty flag of $VOLUME_INFORMATION; Windows will run chkdsk, which may move or cut files.
    DirtyVolume,
    /// NTFS: the log is of version 2.0 and still in use (fast startup keeps metadata in memory), or unreadable.
    LogFileNotClean,
    /// FAT: not cleanly unmounted, or the medium had errors.
    FatDirty,
    /// FAT: the copies of the table differ.
    FatCopiesDiffer,
    /// FAT: the root directory fills no whole number of sectors, and the files lie where the specification has none.
    FatRootUneven,
}

/// A volume that was recognised by its content.
pub struct Volume<'a> {
    storage: &'a dyn Storage,
    file_system: FileSystem,
    inner: Inner<'a>,
}

enum Inner<'a> {
    Ntfs(Box<NtfsVolume<'a>>),
    Fat(Box<FatVolume<'a>>),
    /// Recognised, and too damaged to be read.
    Damaged(Corrupt),
    /// Not read here; the label where the superblock tells it.
    Opaque(Option<String>),
}

impl<'a> Volume<'a> {
    /// Recognises the volume that fills `storage`: a window on a partition, or a whole disk without a table.
    ///
    /// Content that is not known is no error. A damaged NTFS or FAT keeps its [`Volume::file_system`]; its lookups then
    /// give the error that [`Volume::damage`] shows.
    ///
    /// # Errors
    /// [`VolumeError::Io`] when the medium fails.
    pub fn open(storage: &'a dyn Storage) -> Result<Self, VolumeError> {
        let head = recognise::head(storage)?;
        let mut file_system = recognise::file_system(storage, &head)?;
        let inner = match file_system {
            FileSystem::Ntfs => NtfsVolume::open(storage, &head).map(|volume| Inner::Ntfs(Box::new(volume))),
            FileSystem::Fat12 | FileSystem::Fat16 | FileSystem::Fat32 => {
                FatVolume::open(storage, &head).map(|volume| Inner::Fat(Box::new(volume)))
            }
            _ => Ok(Inner::Opaque(recognise::ext_label(&head))),
        };
        let inner = match inner {
            Ok(inner) => inner,
            Err(error) => Inner::Damaged(error.into_damage()?),
        };
        if let Inner::Fat(volume) = &inner {
            file_system = volume.file_system();
        }
        Ok(Self { storage, file_system, inner })
    }

    /// The file system, also of a damaged volume.
    #[must_use]
    pub fn file_system(&self) -> FileSystem {
        self.file_system
    }

    /// Length of the storage that holds the volume, in bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.storage.len()
    }

    /// Whether the storage has no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.storage.is_empty()
    }

    /// Why a recognised volume cannot be read, if so.
    #[must_use]
    pub fn damage(&self) -> Option<String> {
        match &self.inner {
            Inner::Damaged(damage) => Some(damage.to_string()),
            _ => None,
        }
    }

    /// Volume label, if there is one and the volume can be read (BitLocker: no; of the others ext2 to ext4).
    #[must_use]
    pub fn label(&self) -> Option<String> {
        match &self.inner {
            Inner::Ntfs(volume) => volume.label(),
            Inner::Fat(volume) => volume.label(),
            Inner::Opaque(label) => label.clone(),
            Inner::Damaged(_) => None,
        }
    }

    /// Serial number from the boot sector: 64 bits on NTFS, 32 on FAT.
    #[must_use]
    pub fn serial(&self) -> Option<u64> {
        match &self.inner {
            Inner::Ntfs(volume) => Some(volume.serial()),
            Inner::Fat(volume) => volume.serial(),
            Inner::Damaged(_) | Inner::Opaque(_) => None,
        }
    }

    /// The volume boot record, of NTFS, FAT and BitLocker volumes, with its copy.
    ///
    /// # Errors
    /// The medium fails.
    pub fn boot_record(&self) -> Result<Option<BootRecord>, VolumeError> {
        boot_record::read(self.storage, self.file_system)
    }

    /// Bytes of a cluster.
    #[must_use]
    pub fn cluster_size(&self) -> Option<u32> {
        match &self.inner {
            Inner::Ntfs(volume) => Some(volume.cluster_size()),
            Inner::Fat(volume) => Some(volume.cluster_size()),
            Inner::Damaged(_) | Inner::Opaque(_) => None,
        }
    }

    /// Looks up a path with backslashes, whatever its case; `None` when it is not there, or not on a volume of this kind.
    ///
    /// # Errors
    /// The medium fails, or a directory on the way is damaged.
    pub fn find(&self, path: &str) -> Result<Option<Entry>, VolumeError> {
        match &self.inner {
            Inner::Ntfs(volume) => volume.find(path),
            Inner::Fat(volume) => volume.find(path),
            Inner::Damaged(damage) => Err(damage.clone().into()),
            Inner::Opaque(_) => Ok(None),
        }
    }

    /// All bytes of a file; `None` when it is not there.
    ///
    /// # Errors
    /// As [`Volume::find`]; also for a directory, a file of more than `max` bytes, and contents that cannot be read
    /// here (compressed, encrypted).
    pub fn read(&self, path: &str, max: u64) -> Result<Option<Vec<u8>>, VolumeError> {
        match &self.inner {
            Inner::Ntfs(volume) => volume.read(path, max),
            Inner::Fat(volume) => volume.read(path, max),
            Inner::Damaged(damage) => Err(damage.clone().into()),
            Inner::Opaque(_) => Ok(None),
        }
    }

    /// The first `len` bytes of a file, or all of a shorter one; `None` when it is not there.
    ///
    /// # Errors
    /// As [`Volume::read`].
    pub fn read_prefix(&self, path: &str, len: u64) -> Result<Option<Vec<u8>>, VolumeError> {
        match &self.inner {
            Inner::Ntfs(volume) => volume.read_prefix(path, len),
            Inner::Fat(volume) => volume.read_prefix(path, len),
            Inner::Damaged(damage) => Err(damage.clone().into()),
            Inner::Opaque(_) => Ok(None),
        }
    }

    /// The entries of a directory, at most 4096; none when it is not there.
    ///
    /// # Errors
    /// As [`Volume::find`]; also when `path` is a file, or the directory has more entries.
    pub fn list(&self, path: &str) -> Result<Vec<Entry>, VolumeError> {
        match &self.inner {
            Inner::Ntfs(volume) => volume.list(path),
            Inner::Fat(volume) => volume.list(path),
            Inner::Damaged(damage) => Err(damage.clone().into()),
            Inner::Opaque(_) => Ok(Vec::new()),
        }
    }

    /// A file's bytes and their places, proven to be overwritable in place; `None` when it is not there.
    ///
    /// The proof: plain, allocated, initialised clusters inside the volume, found by two independent readings of the
    /// file system that give the same bytes.
    ///
    /// # Errors
    /// As [`Volume::read`], and with its reason whatever makes an overwrite unsound.
    pub fn locate(&self, path: &str, max: u64) -> Result<Option<LocatedFile>, VolumeError> {
        match &self.inner {
            Inner::Ntfs(volume) => volume.locate(path, max),
            Inner::Fat(volume) => volume.locate(path, max),
            Inner::Damaged(damage) => Err(damage.clone().into()),
            Inner::Opaque(_) => Ok(None),
        }
    }

    /// Why this volume must not be written; empty for a clean one.
    ///
    /// # Errors
    /// The medium fails, or the structures that would tell are damaged.
    pub fn obstacles(&self) -> Result<Vec<Obstacle>, VolumeError> {
        match &self.inner {
            Inner::Ntfs(volume) => volume.obstacles(),
            Inner::Fat(volume) => volume.obstacles(),
            Inner::Damaged(damage) => Err(damage.clone().into()),
            Inner::Opaque(_) => Ok(Vec::new()),
        }
    }

    /// Whether the file system is marked dirty, so that chkdsk is due. Of [`Volume::obstacles`] the cheapest.
    ///
    /// # Errors
    /// As [`Volume::obstacles`].
    pub fn is_dirty(&self) -> Result<bool, VolumeError> {
        match &self.inner {
            Inner::Ntfs(volume) => volume.is_dirty(),
            _ => Ok(self.obstacles()?.iter().any(|obstacle| obstacle.kind == ObstacleKind::FatDirty)),
        }
    }

    /// Whether a Windows sleeps on this volume: what `\hiberfil.sys` begins with. Only a Windows volume has one.
    ///
    /// # Errors
    /// As [`Volume::read`].
    pub fn hibernation(&self) -> Result<Hibernation, VolumeError> {
        const FILE: &str = r"\hiberfil.sys";
        match self.read_prefix(FILE, hibernation::HEADER_SIZE) {
            Ok(Some(head)) => Ok(Hibernation::from_header(&head)),
            Ok(None) => Ok(Hibernation::None),
            // A directory of that name keeps Windows from sleeping at all.
            Err(error) => match self.find(FILE) {
                Ok(Some(Entry { kind: EntryKind::Directory, .. })) => Ok(Hibernation::None),
                _ => Err(error),
            },
        }
    }
}
