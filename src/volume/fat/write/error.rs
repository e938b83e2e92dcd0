//! Why a FAT volume was not written.

use std::fmt;
use std::fmt::Display;

use crate::bytes::one_line;
use crate::storage::StorageError;
use crate::volume::error::VolumeError;

/// Why a FAT volume was not written. Nothing was: a writer only says what there is to write.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FatWriteError {
    /// The volume cannot be read, or contradicts itself.
    #[error(transparent)]
    Volume(#[from] VolumeError),
    /// The volume is in a state in which nothing must be written.
    #[error("the FAT volume {0}")]
    Unfit(FatUnfit),
    /// There is no such file or directory.
    #[error("{} does not exist", one_line(.0))]
    Missing(String),
    /// There is one of that name, whatever its case.
    #[error("{} exists already", one_line(.0))]
    Exists(String),
    /// A directory where a file is expected.
    #[error("{} is a directory", one_line(.0))]
    Directory(String),
    /// A file where a directory is expected.
    #[error("{} is a file, not a directory", one_line(.0))]
    File(String),
    /// Windows takes no such name.
    #[error("{0:?} is no name that Windows takes")]
    Name(String),
    /// Not enough free clusters.
    #[error("no room on the FAT volume: {needed} bytes are needed, {free} are free")]
    Full {
        /// Bytes of the clusters that are needed.
        needed: u64,
        /// Bytes of the clusters that are free.
        free: u64,
    },
    /// A directory has no room for so many entries, and cannot grow: the root directory of FAT12 and FAT16, or one of 65536 entries.
    #[error("{} has no room for more entries", one_line(.0))]
    Crowded(String),
    /// A file of 4 GiB or more.
    #[error("{} is too long for FAT", one_line(.0))]
    Long(String),
    /// Directories in directories beyond what is made here.
    #[error("{} is too deep a tree", one_line(.0))]
    Deep(String),
    /// No FAT32 can be made in so few or so many bytes.
    #[error(
        "no FAT32 fits {len} bytes with sectors of {sector_size}: at least {least} bytes are needed, at most {most}"
    )]
    Length {
        /// Bytes that there are.
        len: u64,
        /// Bytes of a sector.
        sector_size: u32,
        /// The fewest.
        least: u64,
        /// The most.
        most: u64,
    },
    /// Sectors of a size that FAT does not have.
    #[error("FAT has no sectors of {0} bytes")]
    SectorSize(u32),
    /// The volume could not be made, as the crate that makes it says.
    #[error("the fatfs crate cannot make a FAT32: {0}")]
    Made(String),
}

impl From<StorageError> for FatWriteError {
    fn from(error: StorageError) -> Self {
        Self::Volume(error.into())
    }
}

impl From<FatUnfit> for FatWriteError {
    fn from(unfit: FatUnfit) -> Self {
        Self::Unfit(unfit)
    }
}

/// The state of a volume in which nothing must be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum FatUnfit {
    /// Not cleanly unmounted, or marked as having errors of the medium.
    Dirty,
    /// The copies of the table differ.
    CopiesDiffer,
    /// Only one of several copies of the table is in use.
    NotMirrored,
    /// The root directory fills no whole number of sectors, and the files lie where the specification has none.
    RootUneven,
    /// It ends before its last cluster.
    Cut,
    /// Its table or its directories are larger than is looked at here.
    Large,
}

impl Display for FatUnfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dirty => "is marked dirty or as having media errors: a check is due (fsck.fat -a, chkdsk)",
            Self::CopiesDiffer => "has copies of its table that differ: a check is due (fsck.fat, chkdsk)",
            Self::NotMirrored => "has only one copy of its table in use",
            Self::RootUneven => "has a root directory that is not a whole number of sectors",
            Self::Cut => "ends before its last cluster",
            Self::Large => "has larger tables or directories than are written here",
        })
    }
}
