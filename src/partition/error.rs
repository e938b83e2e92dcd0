//! Why a partition table could not be read.

use std::path::Path;

use crate::error::Corrupt;
use crate::error::Unsupported;
use crate::error::way_out::TableCure;
use crate::error::way_out::WayOut;
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
    /// No copy of a GPT is sound.
    #[error(transparent)]
    NoCopy(Corrupt),
    /// The table may be right; this program cannot handle it.
    #[error(transparent)]
    Unsupported(#[from] Unsupported),
}

impl PartitionError {
    /// A [`PartitionError::Unsupported`].
    pub(crate) fn unsupported(what: impl Into<String>, cure: TableCure) -> Self {
        Self::Unsupported(Unsupported::new(what, cure))
    }

    /// The same with the file in which it was found before it, unless it says so already; what names no file gets none.
    #[must_use]
    pub fn in_file(self, path: &Path) -> Self {
        let named = |mut corrupt: Corrupt| {
            corrupt.what.insert_str(0, &format!("{}: ", path.display()));
            corrupt
        };
        match self {
            Self::Io(error) => Self::Io(error.in_file(path)),
            Self::Corrupt(corrupt) => Self::Corrupt(named(corrupt)),
            Self::NoCopy(corrupt) => Self::NoCopy(named(corrupt)),
            Self::Unsupported(Unsupported { what, way_out }) => {
                Self::Unsupported(Unsupported { what: format!("{}: {what}", path.display()), way_out })
            }
        }
    }

    /// What the user can do, where that is known.
    #[must_use]
    pub fn way_out(&self) -> Option<&WayOut> {
        match self {
            Self::Io(error) => error.way_out(),
            Self::Corrupt(_) => None,
            Self::NoCopy(_) => Some(&WayOut::Table(TableCure::Restore)),
            Self::Unsupported(Unsupported { way_out, .. }) => Some(way_out),
        }
    }
}
