//! The writer of whichever file system a volume has.

use crate::storage::Storage;
use crate::volume::error::VolumeError;
use crate::volume::fat::write::FatWriteError;
use crate::volume::fat::write::FatWriter;
use crate::volume::file_system::FileSystem;
use crate::volume::new_entry::NewEntry;
use crate::volume::ntfs::write::NtfsWriteError;
use crate::volume::ntfs::write::NtfsWriter;
use crate::volume::piece::Piece;
use crate::volume::recognise;

/// Works out what is to be written to a volume, NTFS or FAT.
///
/// Each step takes the writer and gives it back; what failed is gone, as if nothing had been asked.
pub enum VolumeWriter<'a> {
    /// On NTFS.
    Ntfs(Box<NtfsWriter<'a>>),
    /// On FAT12, FAT16 or FAT32.
    Fat(Box<FatWriter<'a>>),
}

/// Why a volume was not written. Nothing was: a writer only says what there is to write.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VolumeWriteError {
    /// Of a volume that is NTFS.
    #[error(transparent)]
    Ntfs(#[from] NtfsWriteError),
    /// Of a volume that is FAT.
    #[error(transparent)]
    Fat(#[from] FatWriteError),
    /// The volume could not be read.
    #[error(transparent)]
    Volume(#[from] VolumeError),
    /// It has another file system.
    #[error("the volume is neither NTFS nor FAT: nothing is written to it")]
    Other(FileSystem),
}

impl VolumeWriteError {
    /// Whether the volume has too few clusters that are free.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        matches!(self, Self::Ntfs(NtfsWriteError::Full { .. }) | Self::Fat(FatWriteError::Full { .. }))
    }
}

impl<'a> VolumeWriter<'a> {
    /// A writer over a volume that is only read. What is new gets `time`, in 100 ns since 1601, UTC.
    ///
    /// # Errors
    /// The volume must not be written or cannot be read, or it has another file system.
    pub fn new(volume: &'a dyn Storage, time: u64) -> Result<Self, VolumeWriteError> {
        match recognise::file_system(volume, &recognise::head(volume)?)? {
            FileSystem::Ntfs => Ok(Self::Ntfs(Box::new(NtfsWriter::new(volume, time)?))),
            FileSystem::Fat12 | FileSystem::Fat16 | FileSystem::Fat32 => {
                Ok(Self::Fat(Box::new(FatWriter::new(volume, time)?)))
            }
            other => Err(VolumeWriteError::Other(other)),
        }
    }

    /// Bytes in clusters that are free. Those that come free at the end are not among them.
    ///
    /// # Errors
    /// The medium fails.
    pub fn free(&self) -> Result<u64, VolumeWriteError> {
        match self {
            Self::Ntfs(writer) => Ok(writer.free()?),
            Self::Fat(writer) => Ok(writer.free()),
        }
    }

    /// Makes files and directories in a directory that is there; `\` is the root.
    ///
    /// # Errors
    /// One of a name is there already, there is no room, or the directory is not one that is changed here.
    pub fn create(self, directory: &str, entries: &[NewEntry<'_>]) -> Result<Self, VolumeWriteError> {
        Ok(match self {
            Self::Ntfs(writer) => Self::Ntfs(Box::new(writer.create(directory, entries)?)),
            Self::Fat(writer) => Self::Fat(Box::new(writer.create(directory, entries)?)),
        })
    }

    /// Gives a file other contents, of any length.
    ///
    /// # Errors
    /// The file is not there or not one that is changed here, or there is no room.
    pub fn replace(self, file: &str, contents: &[u8]) -> Result<Self, VolumeWriteError> {
        Ok(match self {
            Self::Ntfs(writer) => Self::Ntfs(Box::new(writer.replace(file, contents)?)),
            Self::Fat(writer) => Self::Fat(Box::new(writer.replace(file, contents)?)),
        })
    }

    /// The same, and at every moment the file has its old contents or the new ones, all of them.
    ///
    /// # Errors
    /// As [`VolumeWriter::replace`].
    pub fn renew(self, file: &str, contents: &[u8]) -> Result<Self, VolumeWriteError> {
        Ok(match self {
            Self::Ntfs(writer) => Self::Ntfs(Box::new(writer.renew(file, contents)?)),
            // On FAT nothing is overwritten but an entry of the directory.
            Self::Fat(writer) => Self::Fat(Box::new(writer.replace(file, contents)?)),
        })
    }

    /// The pieces to be written, stage by stage: each stage has to be on stable storage before the next. Within one, pieces are
    /// in the order of their places.
    ///
    /// # Errors
    /// The medium fails, or the volume contradicts itself.
    pub fn finish(self) -> Result<Vec<Vec<Piece>>, VolumeWriteError> {
        match self {
            Self::Ntfs(writer) => Ok(writer.finish()?),
            Self::Fat(writer) => Ok(writer.finish()?),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::StorageMut as _;
    use crate::storage::ram::Ram;
    use crate::volume::Volume;
    use crate::volume::test_tools::Image;

    #[test]
    fn each_file_system_has_its_writer() {
        let (ntfs, fat) = (Image::ntfs(&["-c", "4096"]), Image::fat(16 << 20, &["-F16"]));
        ntfs.ntfscp("old", b"old");
        fat.mcopy("old", b"old");
        for image in [ntfs, fat] {
            let mut disk = image.storage();
            let writer = VolumeWriter::new(&disk, 0).unwrap();
            let free = writer.free().unwrap();
            assert!(free > 10 << 20 && free < 16 << 20, "{free}");
            let writer = writer.create("\\", &[]).unwrap().replace("\\OLD", &[7; 10_000]).unwrap();
            assert!((10_000..16_384).contains(&(free - writer.free().unwrap())));
            for piece in writer.finish().unwrap().iter().flatten() {
                disk.write_at(piece.at, &piece.bytes).unwrap();
            }
            let read = Volume::open(&disk).unwrap().read("\\old", 10_000).unwrap().unwrap();
            assert_eq!(read, [7; 10_000]);
        }
        let blank = Ram::new(vec![0; 1 << 20], None);
        let error = VolumeWriter::new(&blank, 0).err().unwrap();
        assert!(matches!(error, VolumeWriteError::Other(_)), "{error}");
    }
}
