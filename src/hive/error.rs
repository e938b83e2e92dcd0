//! Why a hive cannot be read or built.

use std::error::Error;
use std::sync::Arc;

/// Why bytes are not a hive that can be read, or why a hive cannot be built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum HiveError {
    /// The bytes contradict the format.
    #[error("{what} at {at:#x} of the hive: expected {expected}, found {found}")]
    Corrupt {
        /// The structure or field.
        what: &'static str,
        /// Bytes from the start of the hive file.
        at: usize,
        /// What the format asks for.
        expected: String,
        /// What stands there.
        found: String,
    },
    /// The bytes may be right; this reader or writer does not do it.
    #[error("{what} at {at:#x} of the hive: not supported")]
    Unsupported {
        /// The structure or feature.
        what: &'static str,
        /// Bytes from the start of the hive file.
        at: usize,
    },
    /// The bytes could not be had.
    #[error("bytes at {at:#x} of the hive: {cause}")]
    Read {
        /// Bytes from the start of the hive file.
        at: usize,
        /// Why not.
        cause: ReadError,
    },
}

/// Why bytes of a hive could not be had.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The caller's reader gave more or less than it was asked for.
    #[error("expected {asked:#x} bytes, got {came:#x}")]
    Length {
        /// Bytes that were asked for.
        asked: usize,
        /// Bytes that came.
        came: usize,
    },
    /// The caller's reader failed. What it reads from is its own affair, and so is the type of its error.
    #[error(transparent)]
    Reader(Arc<dyn Error + Send + Sync>),
}

impl ReadError {
    /// An error of a caller's reader.
    pub fn reader(error: impl Error + Send + Sync + 'static) -> Self {
        Self::Reader(Arc::new(error))
    }
}

/// Errors of a reader are equal only when they are one and the same: not every error can be compared.
impl PartialEq for ReadError {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Length { asked, came }, Self::Length { asked: other, came: others }) => {
                (asked, came) == (other, others)
            }
            (Self::Reader(error), Self::Reader(other)) => Arc::ptr_eq(error, other),
            _ => false,
        }
    }
}

impl Eq for ReadError {}
