//! Why a file could not be read, or must not be overwritten.

use crate::bytes::one_line;
use crate::error::Corrupt;
use crate::storage::StorageError;

/// Why a file could not be read, or must not be overwritten.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VolumeError {
    /// The medium failed.
    #[error(transparent)]
    Io(StorageError),
    /// The file system contradicts itself.
    #[error(transparent)]
    Corrupt(#[from] Corrupt),
    /// The data may be right; this program cannot handle it, or must not.
    #[error("{what}; {way_out}")]
    Unsupported {
        /// The reason.
        what: String,
        /// What the user can do.
        way_out: String,
    },
}

impl From<StorageError> for VolumeError {
    /// A read outside of the volume is the file system's fault, not the medium's.
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::OutOfRange { offset, end, len } => {
                let expected = format!("bytes up to 0x{end:x}");
                Self::corrupt("file system", offset, expected, format!("the end of the volume at 0x{len:x}"))
            }
            error => Self::Io(error),
        }
    }
}

impl VolumeError {
    /// [`VolumeError::Corrupt`] from what it is made of, where names of files may be: they are escaped.
    pub(crate) fn corrupt(
        what: impl Into<String>,
        at: u64,
        expected: impl Into<String>,
        found: impl Into<String>,
    ) -> Self {
        let [what, expected, found] =
            [what.into(), expected.into(), found.into()].map(|text| one_line(&text));
        Self::Corrupt(Corrupt { what, at, expected, found })
    }

    /// [`VolumeError::Unsupported`] from what it is made of.
    pub(crate) fn unsupported(what: impl Into<String>, way_out: impl Into<String>) -> Self {
        let [what, way_out] = [what.into(), way_out.into()].map(|text| one_line(&text));
        Self::Unsupported { what, way_out }
    }

    /// The damage that a volume is remembered by; a failing medium stays an error.
    pub(crate) fn into_damage(self) -> Result<Corrupt, Self> {
        match self {
            Self::Corrupt(damage) => Ok(damage),
            Self::Unsupported { what, way_out } => Ok(Corrupt::new("file system", 0, way_out, what)),
            Self::Io(error) => Err(Self::Io(error)),
        }
    }
}
