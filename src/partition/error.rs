//! Why a partition table could not be read.

use crate::error::Corrupt;
use crate::error::Unsupported;
use crate::storage::StorageError;

/// Why a partition table could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PartitionError {
    /// The medium failed.
    #[error(transparent)]
    Io(#[from] StorageError),
    /// The table contradicts itself.
    #[error(transparent)]
    Corrupt(#[from] Corrupt),
    /// The table may be right; this program cannot handle it.
    #[error(transparent)]
    Unsupported(#[from] Unsupported),
}
