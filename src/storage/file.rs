//! Opening a file or a device node without surprises: nothing waits, nothing is created, every refusal has a way out.

use std::fs::File;
use std::fs::Metadata;
use std::os::unix::fs::FileTypeExt;
use std::os::unix::fs::MetadataExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::unistd::AccessFlags;
use nix::unistd::access;

use crate::error::way_out::Barrier;
use crate::error::way_out::HeldBy;
use crate::error::way_out::Target;
use crate::storage::StorageError;

/// Opens a regular file or a block device; a device for writing only when nobody holds it.
///
/// # Errors
/// [`StorageError`] for anything else, and for what is missing or may not be opened.
pub(crate) fn open_file(path: &Path, write: bool) -> Result<File, StorageError> {
    let cannot = |error| cannot_open(path, write, error);
    // Looked at first, because opening a device node of another kind may already do something.
    let facts = std::fs::metadata(path).map_err(cannot)?;
    check_type(&facts, path)?;
    // Should a FIFO take the place of the file just now, opening it does not wait for the other end.
    let mut flags = OFlag::O_NONBLOCK | OFlag::O_CLOEXEC | OFlag::O_NOCTTY;
    if write && facts.file_type().is_block_device() {
        flags |= OFlag::O_EXCL;
    }
    let mut options = File::options();
    options.read(true).custom_flags(flags.bits());
    if write {
        #[expect(clippy::disallowed_methods, reason = "the one place where a target is opened for writing")]
        options.write(true);
    }
    let file = options.open(path).map_err(cannot)?;
    check_type(&metadata(&file, path)?, path)?;
    Ok(file)
}

/// Whether a file may be opened for writing, without doing so.
///
/// # Errors
/// [`StorageError`] as [`open_file`].
pub(crate) fn check_writable(path: &Path) -> Result<(), StorageError> {
    access(path, AccessFlags::W_OK).map_err(|errno| cannot_open(path, true, errno.into()))
}

/// Device and inode.
pub(crate) fn identity(file: &File, path: &Path) -> Result<(u64, u64), StorageError> {
    let facts = metadata(file, path)?;
    Ok((facts.dev(), facts.ino()))
}

/// The directory in which `path` lies; for a bare name the current one.
pub(crate) fn directory_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// What the system says of an open file.
pub(crate) fn metadata(file: &File, path: &Path) -> Result<Metadata, StorageError> {
    file.metadata().map_err(|error| StorageError::io(format!("{}: cannot stat", path.display()), error))
}

fn check_type(facts: &Metadata, path: &Path) -> Result<(), StorageError> {
    let kind = facts.file_type();
    let what = if kind.is_file() || kind.is_block_device() {
        return Ok(());
    } else if kind.is_dir() {
        "is a directory"
    } else if kind.is_fifo() {
        "is a pipe"
    } else if kind.is_socket() {
        "is a socket"
    } else {
        "is a character device"
    };
    let what = format!("{}: {what}", path.display());
    Err(StorageError::unsupported(what, Target::Disk))
}

fn cannot_open(path: &Path, write: bool, error: std::io::Error) -> StorageError {
    let shown = path.display();
    let for_writing = if write { " for writing" } else { "" };
    match error.raw_os_error().map(Errno::from_raw) {
        Some(Errno::EACCES) => {
            StorageError::unsupported(format!("{shown}: permission denied{for_writing}"), Barrier::User)
        }
        // Root meets this one too: no right of a user lifts it.
        Some(Errno::EPERM) => StorageError::unsupported(
            format!("{shown}: not permitted to open{for_writing}"),
            Barrier::Sandbox,
        ),
        Some(Errno::ENOENT) => {
            let way_out = if path.starts_with("/dev") { Target::Attached } else { Target::Existing };
            StorageError::unsupported(format!("{shown}: no such file or device"), way_out)
        }
        Some(Errno::EROFS) => {
            StorageError::unsupported(format!("{shown}: on a read-only file system"), Barrier::FileSystem)
        }
        Some(Errno::EBUSY) => {
            StorageError::busy(format!("{shown}: in exclusive use by another program"), HeldBy::Program)
        }
        _ => StorageError::io(format!("{shown}: cannot open{for_writing}"), error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::way_out::WayOut;

    #[test]
    fn the_system_errors_that_people_meet_say_what_to_do() {
        let table: [(_, _, _, Option<WayOut>); 5] = [
            (Errno::EACCES, false, "d: permission denied", Some(Barrier::User.into())),
            (Errno::EPERM, true, "d: not permitted to open for writing", Some(Barrier::Sandbox.into())),
            (Errno::EROFS, true, "d: on a read-only file system", Some(Barrier::FileSystem.into())),
            (Errno::EBUSY, true, "d: in exclusive use by another program", Some(HeldBy::Program.into())),
            (Errno::EIO, true, "d: cannot open for writing: Input/output error (os error 5)", None),
        ];
        for (errno, write, expected, way_out) in table {
            assert_eq!(
                cannot_open(Path::new("d"), write, errno.into()).told(),
                (expected.to_owned(), way_out)
            );
        }
    }
}
