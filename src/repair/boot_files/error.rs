//! Why boot files cannot be collected.

use std::io;

use crate::bytes::one_line;
use crate::layout::boot_file::Content;
use crate::layout::boot_file::Machine;
use crate::repair::boot_files::boot_file::Origin;
use crate::repair::boot_files::words::words;
use crate::volume::VolumeError;

/// Why boot files cannot be collected.
#[derive(Debug, thiserror::Error)]
pub enum NoFiles {
    /// What no start does without is not there.
    #[error("{0} is missing; take it from another Windows of the same version with --files-from DIR")]
    Missing(Origin),
    /// What no start does without cannot be read.
    #[error("{from}: {cause}; take it from another Windows of the same version with --files-from DIR")]
    Unread {
        /// The file or directory.
        from: Origin,
        /// Why.
        cause: SourceError,
    },
    /// The boot manager is none.
    #[error("{from}: expected a boot manager, found {}", words(*found))]
    Unsound {
        /// The file.
        from: Origin,
        /// What it begins with.
        found: Content,
    },
    /// The boot manager is for another processor than the Windows.
    #[error(
        "{from}: expected a boot manager for {wanted}, as the loader of the Windows is, found one for {found}"
    )]
    OtherMachine {
        /// The file.
        from: Origin,
        /// The processor that the loader is for.
        wanted: Machine,
        /// The processor that the boot manager is for.
        found: Machine,
    },
    /// More than any Windows has.
    #[error("{from}: {limit}, more than any Windows has")]
    Beyond {
        /// Where it was too much.
        from: Origin,
        /// What was too much.
        limit: Limit,
    },
    /// A directory where a file has to be, or the other way round.
    #[error("{} on the system volume: expected a {}, found a {}", one_line(path), kind(!is_directory), kind(*is_directory))]
    WrongKind {
        /// The path on the system volume.
        path: String,
        /// A directory is there.
        is_directory: bool,
    },
    /// The system volume cannot be read.
    #[error("system volume: {0}")]
    Target(#[from] VolumeError),
    /// There is no room, not even without fonts and further languages.
    #[error("the boot files need {needed} bytes on the system volume, {free} are free")]
    NoRoom {
        /// Bytes that they need.
        needed: u64,
        /// Bytes that are free.
        free: u64,
    },
}

/// Why a source cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// On the volume of the Windows.
    #[error(transparent)]
    Volume(#[from] VolumeError),
    /// In the folder that the user named.
    #[error(transparent)]
    Folder(#[from] io::Error),
    /// It is another length than its directory says.
    #[error("expected {expected} bytes, found {found}")]
    Length {
        /// What the directory says.
        expected: u64,
        /// What was read.
        found: u64,
    },
    /// It is a directory, a link, or something that is no file.
    #[error("it is no file")]
    NoFile,
}

/// What a source has too much of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Limit {
    /// Files and directories.
    #[error("more than {0} files")]
    Files(usize),
    /// Bytes in all files.
    #[error("more than {0} bytes")]
    Bytes(u64),
    /// Directories in directories.
    #[error("directories in more than {0} others")]
    Depth(usize),
}

const fn kind(is_directory: bool) -> &'static str {
    if is_directory { "directory" } else { "file" }
}
