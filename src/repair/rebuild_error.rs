//! Why a rebuild does not come to a plan.

use crate::bcd::StoreError;
use crate::layout::known::Cause;
use crate::repair::boot_code::NoCode;
use crate::repair::boot_files::NoFiles;
use crate::storage::StorageError;
use crate::volume::VolumeError;
use crate::volume::VolumeWriteError;

impl RebuildError {
    /// Whether a file system is in no state to be written: a repair that was cut short leaves one so.
    #[must_use]
    pub const fn is_of_file_system(&self) -> bool {
        matches!(self, Self::Write(..))
    }

    /// Whether the volume has no room for it.
    #[must_use]
    pub const fn is_full(&self) -> bool {
        matches!(self, Self::Write(_, why) if why.is_full())
    }
}

impl From<NoCode> for RebuildError {
    fn from(error: NoCode) -> Self {
        Self::Code(Box::new(error))
    }
}

impl From<NoFiles> for RebuildError {
    fn from(error: NoFiles) -> Self {
        Self::Files(Box::new(error))
    }
}

/// Why what is missing cannot be made. Nothing was written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RebuildError {
    /// A volume cannot be read.
    #[error("{0}: {1}")]
    Volume(String, VolumeError),
    /// A volume cannot be written.
    #[error("{0}: {1}")]
    Write(String, VolumeWriteError),
    /// The medium fails.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// There are no boot files.
    #[error(transparent)]
    Files(Box<NoFiles>),
    /// There is no boot code.
    #[error("{0}")]
    Code(Box<NoCode>),
    /// What is to be formatted has something in it.
    #[error(
        "{name} is not formatted: it is not empty (expected zeros, found data at 0x{at:x} of it); if nothing on it is \
         needed, zero it first (`blkdiscard --zeroout`, or `dd if=/dev/zero`)"
    )]
    NotEmpty {
        /// The partition.
        name: String,
        /// First byte that is none, from its start.
        at: u64,
    },
    /// The store cannot be made.
    #[error("new store: {0}")]
    Store(#[from] StoreError),
    /// Nobody knows which Windows this is.
    #[error("Windows on {0}: its version is unknown: {1}")]
    Version(String, Cause),
    /// This version of Windows is none that has a store.
    #[error("Windows on {0}: build {1} is no version that starts by a store")]
    Release(String, u32),
    /// What was written reads back as something else.
    #[error("internal check failed: {0} reads back as something else than was put there")]
    ReadBack(String),
    /// Something is not where the diagnosis has seen it.
    #[error("internal check failed: {0}")]
    Gone(&'static str),
}
