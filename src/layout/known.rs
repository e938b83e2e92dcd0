//! What is known of a disk, and why something is not.

use std::fmt;
use std::sync::Arc;

use crate::bcd::StoreError;
use crate::error::Corrupt;
use crate::hive::HiveError;
use crate::hive::replay::ReplayError;
use crate::layout::file_version::FileVersionError;
use crate::layout::reagent::ReAgentError;
use crate::volume::Entry;
use crate::volume::EntryKind;
use crate::volume::VolumeError;

/// An answer: yes, no, or nobody can tell.
#[derive(Debug, Clone)]
pub enum Known<T> {
    /// It is so, or there.
    Yes(T),
    /// It is not.
    No,
    /// Nobody can tell, for this reason.
    Unknown(Cause),
}

impl<T> Known<T> {
    /// Whether it is known to be so.
    #[must_use]
    pub const fn is_yes(&self) -> bool {
        matches!(self, Self::Yes(_))
    }

    /// Whether it is so for all that can be told.
    #[must_use]
    pub const fn may_be(&self) -> bool {
        !matches!(self, Self::No)
    }

    /// What is there, where that is known.
    #[must_use]
    pub const fn yes(&self) -> Option<&T> {
        match self {
            Self::Yes(found) => Some(found),
            Self::No | Self::Unknown(_) => None,
        }
    }

    /// Why nobody can tell, where nobody can.
    #[must_use]
    pub const fn cause(&self) -> Option<&Cause> {
        match self {
            Self::Unknown(cause) => Some(cause),
            Self::Yes(_) | Self::No => None,
        }
    }
}

/// What was looked for: there, not there, or not to be told.
impl<T, E: Into<Cause>> From<Result<Option<T>, E>> for Known<T> {
    fn from(found: Result<Option<T>, E>) -> Self {
        match found {
            Ok(Some(found)) => Self::Yes(found),
            Ok(None) => Self::No,
            Err(error) => Self::Unknown(error.into()),
        }
    }
}

impl Known<()> {
    /// Whether a file was found: a directory of its name is none.
    pub(super) fn of_file(found: Result<Option<Entry>, VolumeError>) -> Self {
        let is_file = |entry: &Entry| matches!(entry.kind, EntryKind::File { .. });
        Self::from(found.map(|found| found.filter(is_file).map(drop)))
    }
}

/// Why something on a disk is not known, or must not be written.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Cause {
    /// The medium failed, the file system is damaged, or it is not one that is handled.
    #[error(transparent)]
    Volume(Arc<VolumeError>),
    /// The volume was recognised, and its file system is damaged.
    #[error(transparent)]
    Damaged(Corrupt),
    /// A hive that is read sparsely is damaged, or cannot be read.
    #[error(transparent)]
    Hive(#[from] HiveError),
    /// The bytes are no store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The logs of a hive do not make it whole.
    #[error(transparent)]
    Replay(#[from] ReplayError),
    /// A log that may hold the last change cannot be read.
    #[error("{name}, which may hold it, cannot be read: {cause}")]
    Log {
        /// Its name.
        name: String,
        /// Why.
        cause: Arc<VolumeError>,
    },
    /// The file has not even the signature of a hive, and its logs do not help.
    #[error("not a registry hive")]
    NoHive {
        /// The damage.
        store: StoreError,
        /// The file's first bytes.
        head: [u8; 4],
        /// Why the logs do not help.
        logs: Box<Self>,
    },
    /// A dirty store is damaged as it lies on the disk, and its logs do not help.
    #[error("{store}")]
    Dirty {
        /// The damage.
        store: StoreError,
        /// Why the logs do not help.
        logs: Box<Self>,
    },
    /// The file is not understood.
    #[error(transparent)]
    Config(#[from] ReAgentError),
    /// The program tells no version.
    #[error(transparent)]
    Program(#[from] FileVersionError),
    /// The directory names it, and it is not there.
    #[error("{0} was found but could not be opened")]
    NotOpened(String),
    /// There is no such file.
    #[error("missing")]
    NotThere,
    /// There is no such file any more.
    #[error("it is missing")]
    Gone,
    /// Nothing of the file was read, so that nobody looked where it lies.
    #[error("it could not be read")]
    NotRead,
    /// The volume cannot even be opened.
    #[error("nothing on it can be read")]
    Closed,
    /// The file has no bytes.
    #[error("0 bytes")]
    Empty,
    /// The file system places a piece of the file where no disk is.
    #[error("an extent lies past the end of the disk")]
    BeyondDisk,
    /// The hive has no such key.
    #[error("no key {0}")]
    NoKey(String),
    /// The key has no value that would tell.
    #[error("no product and no build")]
    NoProduct,
    /// So many were asked, and the rest is not.
    #[error("more than {0} Windows installations on this disk")]
    NotAsked(usize),
    /// Several files could tell, and none does: each with its name.
    #[error("{}", Each(.0))]
    Each(Vec<(&'static str, Self)>),
}

impl From<VolumeError> for Cause {
    fn from(error: VolumeError) -> Self {
        Self::Volume(Arc::new(error))
    }
}

/// `SOFTWARE: missing; winload.exe: …`.
struct Each<'a>(&'a [(&'static str, Cause)]);

impl fmt::Display for Each<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (name, cause)) in self.0.iter().enumerate() {
            let before = if index == 0 { "" } else { "; " };
            write!(f, "{before}{name}: {cause}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_looked_for_is_neither_there_nor_missing() {
        let found = |found: Result<Option<u8>, Cause>| Known::from(found);
        assert!(found(Ok(Some(1))).is_yes() && found(Ok(Some(1))).cause().is_none());
        assert!(!found(Ok(None)).may_be());
        let unknown = found(Err(Cause::Closed));
        assert!(unknown.may_be() && !unknown.is_yes() && unknown.cause().is_some());
    }

    #[test]
    fn several_causes_are_one_line() {
        let each = Cause::Each(vec![("SOFTWARE", Cause::NotThere), ("winload.exe", Cause::Empty)]);
        assert_eq!(each.to_string(), "SOFTWARE: missing; winload.exe: 0 bytes");
    }
}
