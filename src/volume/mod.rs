//! Volumes: which file system a partition holds, and the files that matter on it, with their places on the disk.
//!
//! Names on NTFS are looked up through the `ntfs` crate; contents and their places are decoded here. Before a file's
//! clusters may be overwritten, a crate reads the file too, and both readings have to agree; see [`Volume::locate`].

pub mod boot_code;
mod boot_record;
mod entry;
mod error;
mod extent;
mod fat;
mod file;
mod file_form;
mod file_system;
mod hibernation;
mod new_entry;
mod ntfs;
mod obstacle;
mod path;
mod piece;
mod recognise;
#[cfg(test)]
pub(crate) mod test_tools;
mod windows_name;
mod writer;

pub use boot_record::BootManagerName;
pub use boot_record::BootRecord;
pub use boot_record::BootRecordCopy;
pub use boot_record::HIDDEN_SECTORS_AT;
pub use entry::Entry;
pub use entry::EntryKind;
pub use error::VolumeError;
pub use extent::LocatedFile;
pub use extent::VolumeExtent;
pub use fat::write::FatFormat;
pub use fat::write::FatUnfit;
pub use fat::write::FatWriteError;
pub use fat::write::FatWriter;
pub use fat::write::format as format_fat;
pub use file::PlacedFile;
pub use file::VolumeFile;
pub use file_form::FileForm;
pub use file_system::FileSystem;
pub use hibernation::Hibernation;
pub use new_entry::NewEntry;
pub use ntfs::write::NtfsWriteError;
pub use ntfs::write::NtfsWriter;
pub use ntfs::write::Oddity;
pub use ntfs::write::Unfit;
pub use obstacle::Obstacle;
pub use obstacle::ObstacleKind;
pub use piece::Piece;
pub use writer::VolumeWriteError;
pub use writer::VolumeWriter;

use crate::error::Corrupt;
use crate::storage::Storage;
use crate::volume::fat::FatVolume;
use crate::volume::ntfs::NtfsVolume;

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
    pub fn damage(&self) -> Option<&Corrupt> {
        match &self.inner {
            Inner::Damaged(damage) => Some(damage),
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

    /// `len` bytes from byte `at` of the volume, as they stand there.
    ///
    /// # Errors
    /// The medium fails, or the volume ends before.
    pub fn bytes_at(&self, at: u64, len: usize) -> Result<Vec<u8>, VolumeError> {
        Ok(self.storage.read_vec(at, len)?)
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
    /// here (encrypted, a reparse point).
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

    /// A file of any length, to be read in pieces; `None` when it is not there.
    ///
    /// # Errors
    /// As [`Volume::read`], but for the length: a directory, and contents that cannot be read here (encrypted, a
    /// reparse point), are refused here and not with the first piece.
    pub fn open_file(&self, path: &str) -> Result<Option<VolumeFile<'a>>, VolumeError> {
        match &self.inner {
            Inner::Ntfs(volume) => volume.open_file(path),
            Inner::Fat(volume) => volume.open_file(path),
            Inner::Damaged(damage) => Err(damage.clone().into()),
            Inner::Opaque(_) => Ok(None),
        }
    }

    /// The length of a file in bytes, and how they are kept; `None` when it is not there, or a directory.
    ///
    /// # Errors
    /// As [`Volume::find`].
    pub fn form(&self, path: &str) -> Result<Option<(u64, FileForm)>, VolumeError> {
        match &self.inner {
            Inner::Ntfs(volume) => volume.form(path),
            Inner::Fat(_) | Inner::Damaged(_) | Inner::Opaque(_) => {
                Ok(self.find(path)?.and_then(|entry| match entry.kind {
                    EntryKind::File { len } => Some((len, FileForm::Plain)),
                    EntryKind::Directory => None,
                }))
            }
        }
    }

    /// The places of a file's bytes, without reading them; `None` when it is not there.
    ///
    /// Refuses what [`Volume::locate`] refuses, with one thing less proven: as no bytes are read, two readings of them
    /// are not compared (on NTFS the two readings of the data runs are). Before a byte is written, those that stand
    /// there have to be compared with those that [`VolumeFile::read_at`] gives.
    ///
    /// # Errors
    /// As [`Volume::locate`].
    pub fn extents(&self, path: &str) -> Result<Option<PlacedFile>, VolumeError> {
        match &self.inner {
            Inner::Ntfs(volume) => volume.extents(path),
            Inner::Fat(volume) => volume.extents(path),
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
