//! Why an NTFS volume was not written.

use std::fmt;
use std::fmt::Display;

use crate::bytes::one_line;
use crate::storage::StorageError;
use crate::volume::error::VolumeError;

/// Why an NTFS volume was not written. Nothing was: a writer only says what there is to write.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NtfsWriteError {
    /// The volume cannot be read, or contradicts itself.
    #[error(transparent)]
    Volume(#[from] VolumeError),
    /// The volume is in a state in which nothing must be written.
    #[error("the NTFS volume {0}")]
    Unfit(Unfit),
    /// A file or directory that would have to be changed has something that is only read here.
    #[error("{} {oddity}", one_line(path))]
    Odd {
        /// The file or directory.
        path: String,
        /// What it has.
        oddity: Oddity,
    },
    /// There is no such file or directory.
    #[error("{} does not exist", one_line(.0))]
    Missing(String),
    /// There is one of that name, whatever its case.
    #[error("{} exists already", one_line(.0))]
    Exists(String),
    /// Windows takes no such name.
    #[error("{0:?} is no name that Windows takes")]
    Name(String),
    /// Not enough free clusters were found.
    #[error(
        "no room on the NTFS volume: {wanted} clusters of {cluster_size} bytes in at most {pieces} pieces"
    )]
    Full {
        /// Clusters that are needed.
        wanted: u64,
        /// Bytes of a cluster.
        cluster_size: u32,
        /// In so many pieces a file may lie.
        pieces: usize,
    },
    /// Every FILE record that there is, is in use.
    #[error("no free FILE record on the NTFS volume: its master file table would have to grow")]
    NoRecord,
    /// What has to be in one FILE record does not fit there.
    #[error("{} does not fit its FILE record", one_line(.0))]
    Crowded(String),
}

impl From<StorageError> for NtfsWriteError {
    fn from(error: StorageError) -> Self {
        Self::Volume(error.into())
    }
}

/// An error about what a file or directory has.
pub(super) fn odd(path: &str, oddity: Oddity) -> NtfsWriteError {
    NtfsWriteError::Odd { path: path.to_owned(), oddity }
}

/// The state of a volume in which nothing must be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unfit {
    /// The dirty flag: chkdsk is due.
    Dirty,
    /// Flags of $VOLUME_INFORMATION that announce work on the metadata (resize of the log, upgrade, chkdsk under way …).
    Flags(u16),
    /// The log is in use, or unreadable: what it replays would go over what is written here.
    Log,
    /// Another version than 3.1.
    Version(u8, u8),
    /// A part of a system file of this record number lies where this writer does not go (attribute list, resident, compressed).
    SystemFile(u64),
    /// Clusters of the system file of this record number are free in $Bitmap.
    FreeInUse(u64),
}

impl Display for Unfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dirty => f.write_str("is marked dirty: chkdsk is due"),
            Self::Flags(flags) => write!(f, "has flags 0x{flags:04x}: work on it is announced or under way"),
            Self::Log => f.write_str("has a log in use: Windows was not shut down fully"),
            Self::Version(major, minor) => write!(f, "is of version {major}.{minor}; only 3.1 is written"),
            Self::SystemFile(number) => write!(f, "has an unusual system file (record {number})"),
            Self::FreeInUse(number) => {
                write!(f, "has clusters of a system file (record {number}) free in $Bitmap")
            }
        }
    }
}

/// What keeps a file or directory from being changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Oddity {
    /// Its attributes lie in several FILE records.
    AttributeList,
    /// Compressed by NTFS.
    Compressed,
    /// Encrypted.
    Encrypted,
    /// Sparse, or with a hole.
    Sparse,
    /// A reparse point.
    Reparse,
    /// A directory in which names differ by case.
    CaseSensitive,
    /// A directory where a file is expected.
    Directory,
    /// A file where a directory is expected.
    File,
    /// No unnamed $DATA, or several.
    Data,
    /// An index of other than 4096-byte blocks, or with another unit of place.
    Index,
    /// More entries than are sorted anew here.
    Large,
    /// Directories in directories beyond what is made here.
    Deep,
    /// A system file or a directory of them.
    System,
}

impl Display for Oddity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AttributeList => "has its attributes in several FILE records ($ATTRIBUTE_LIST)",
            Self::Compressed => "is compressed",
            Self::Encrypted => "is encrypted",
            Self::Sparse => "is sparse",
            Self::Reparse => "is a reparse point",
            Self::CaseSensitive => "is a case-sensitive directory",
            Self::Directory => "is a directory",
            Self::File => "is a file, not a directory",
            Self::Data => "has no single unnamed $DATA",
            Self::Index => "has an index of an unusual form",
            Self::Large => "has too many entries to be sorted anew",
            Self::Deep => "is too deep a tree",
            Self::System => "belongs to the file system itself",
        })
    }
}
