//! Why the firmware's boot menu cannot be read or changed.

use std::io;
use std::path::Path;
use std::path::PathBuf;

use crate::bcd::load_option::WINDOWS_FILE;

/// Why the firmware's boot menu cannot be read or changed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum NvramError {
    /// Linux shows no variables of the firmware.
    #[error("no firmware variables: {} {why}", directory.display())]
    NoVariables {
        /// Where they would be.
        directory: PathBuf,
        /// What is wrong there.
        why: &'static str,
        /// What the user can do.
        cure: &'static str,
    },
    /// A variable cannot be read or written.
    #[error("firmware variable {}: {}", path.display(), of_system(cause))]
    Io {
        /// Its file.
        path: PathBuf,
        /// The system's error.
        cause: io::Error,
    },
    /// A variable is not what it can be.
    #[error("firmware variable {}: expected {expected}, found {found:#x} bytes", path.display())]
    Invalid {
        /// Its file.
        path: PathBuf,
        /// What a variable of its kind has.
        expected: &'static str,
        /// Its length.
        found: usize,
    },
    /// The boot menu is not what it was when the entry was planned.
    #[error("the firmware's boot menu has changed since it was read: {0} differs")]
    Changed(String),
    /// The firmware has taken a variable, and shows another value.
    #[error("the firmware has not kept {0} as it was written")]
    NotKept(String),
    /// Every number is taken.
    #[error("the firmware has no free boot number")]
    NoNumber,
    /// The disk does not start by UEFI.
    #[error("--firmware-entry: this disk starts by BIOS, which has no boot entries; omit the switch")]
    Bios,
    /// There is no boot manager that the entry could start.
    #[error("--firmware-entry: {WINDOWS_FILE} is not on {0}; --rebuild=files puts it there")]
    NoManager(String),
    /// Firmware could not find the partition again.
    #[error(
        "--firmware-entry: {0} has no identity that is its own, by which firmware finds it; omit the switch"
    )]
    NoIdentity(String),
}

impl NvramError {
    /// What the user can do so that there are variables.
    #[must_use]
    pub const fn cure(&self) -> Option<&'static str> {
        match self {
            Self::NoVariables { cure, .. } => Some(cure),
            _ => None,
        }
    }

    /// A [`NvramError::Io`].
    pub(super) fn io(path: &Path, cause: io::Error) -> Self {
        Self::Io { path: path.into(), cause }
    }
}

/// The system's error, with what the user can do.
fn of_system(cause: &io::Error) -> String {
    match cause.kind() {
        io::ErrorKind::PermissionDenied => {
            format!("{cause}; run as root, and clear the immutable flag if it has one (`chattr -i`)")
        }
        io::ErrorKind::ReadOnlyFilesystem => format!("{cause}; remount efivarfs with `-o remount,rw`"),
        io::ErrorKind::StorageFull => format!("{cause}: the firmware's memory for variables is full"),
        _ => cause.to_string(),
    }
}
