//! Why a file tells no version.

/// Why a file tells no version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FileVersionError {
    /// The caller could not read these bytes.
    #[error("{len} bytes at 0x{at:x} of the file cannot be read")]
    Unreadable {
        /// Offset in the file.
        at: u64,
        /// How many were asked for.
        len: usize,
    },
    /// The file contradicts itself, or is no program.
    #[error("{what} at 0x{at:x} of the file: expected {expected}, found {found}")]
    Corrupt {
        /// The structure.
        what: &'static str,
        /// Offset in the file.
        at: u64,
        /// What a sound file has there.
        expected: String,
        /// What is there.
        found: String,
    },
    /// A program without a version resource.
    #[error("the file has no version resource")]
    Absent,
}

pub(super) type Result<T> = std::result::Result<T, FileVersionError>;

pub(super) fn corrupt(
    what: &'static str,
    at: u64,
    expected: impl Into<String>,
    found: impl Into<String>,
) -> FileVersionError {
    FileVersionError::Corrupt { what, at, expected: expected.into(), found: found.into() }
}
