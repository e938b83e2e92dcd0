//! QEMU's image locks: who may read or write an image file at the same time.
//!
//! Source: QEMU `block/file-posix.c`. A user of an image locks single bytes of it, shared, as open file description
//! locks: byte 100 + n says "I use permission n", byte 200 + n says "nobody else may use permission n". Whether that
//! collides is found by asking who has the opposite byte. A virtual machine, `qemu-img` and `qemu-nbd` all do this, so
//! doing the same keeps them off our image and us off theirs.

use std::fs::File;
use std::path::Path;

use nix::errno::Errno;
use nix::fcntl::FcntlArg;
use nix::fcntl::fcntl;
use nix::libc;

use crate::storage::StorageError;

/// First of the bytes that say which permissions are in use.
const USED: i64 = 100;
/// First of the bytes that say which permissions nobody else may use.
const DENIED: i64 = 200;

/// Permissions, as QEMU numbers them.
const CONSISTENT_READ: i64 = 0;
const WRITE: i64 = 1;
const RESIZE: i64 = 3;

const WAY_OUT: &str = "shut the machine down (or end the program that uses the image) and try again";

/// Whether somebody has `file` open for writing as QEMU does. Takes no lock; a file system without locks says no.
#[must_use]
pub fn has_writer(file: &File) -> bool {
    [WRITE, RESIZE]
        .iter()
        .any(|permission| matches!(is_locked(file, USED.saturating_add(*permission)), Ok(true)))
}

/// Locks `file` as a writer that lets nobody else write; readers that bear a writer stay welcome. The lock lives as
/// long as the open file.
///
/// # Errors
/// [`StorageError::Busy`] when somebody writes the image or relies on its bytes; [`StorageError::Io`].
pub fn lock_for_writing(file: &File, path: &Path) -> Result<(), StorageError> {
    lock(file, path, &[CONSISTENT_READ, WRITE, RESIZE])
}

/// Locks `file` as a reader that lets nobody write: a backing file of an image that is written.
///
/// # Errors
/// As [`lock_for_writing`].
pub fn lock_for_reading(file: &File, path: &Path) -> Result<(), StorageError> {
    lock(file, path, &[CONSISTENT_READ])
}

fn lock(file: &File, path: &Path, used: &[i64]) -> Result<(), StorageError> {
    let denied = [WRITE, RESIZE];
    let ours = used.iter().map(|at| USED.saturating_add(*at));
    let ours = ours.chain(denied.iter().map(|at| DENIED.saturating_add(*at)));
    let theirs = used.iter().map(|at| DENIED.saturating_add(*at));
    let theirs = theirs.chain(denied.iter().map(|at| USED.saturating_add(*at)));
    // First take, then look: two programs that do this at once may both give way, but never both go on.
    for byte in ours {
        match fcntl(file, FcntlArg::F_OFD_SETLK(&range(libc::F_RDLCK, byte))) {
            Ok(_) => {}
            // A file system without such locks: QEMU goes on without them as well.
            Err(Errno::EINVAL | Errno::EOPNOTSUPP | Errno::ENOSYS | Errno::ENOLCK) => return Ok(()),
            Err(Errno::EAGAIN | Errno::EACCES) => return Err(busy(path)),
            Err(error) => return Err(failed(path, error)),
        }
    }
    for byte in theirs {
        if is_locked(file, byte).map_err(|error| failed(path, error))? {
            return Err(busy(path));
        }
    }
    Ok(())
}

/// Whether another open file has a lock on `byte`.
fn is_locked(file: &File, byte: i64) -> Result<bool, Errno> {
    let mut probe = range(libc::F_WRLCK, byte);
    fcntl(file, FcntlArg::F_OFD_GETLK(&mut probe))?;
    Ok(i32::from(probe.l_type) != libc::F_UNLCK)
}

fn range(kind: i32, byte: i64) -> libc::flock {
    libc::flock {
        l_type: i16::try_from(kind).unwrap_or_default(),
        l_whence: i16::try_from(libc::SEEK_SET).unwrap_or_default(),
        l_start: byte,
        l_len: 1,
        l_pid: 0,
    }
}

fn busy(path: &Path) -> StorageError {
    let what = format!("{}: a running virtual machine (or another program) holds the image", path.display());
    StorageError::busy(what, WAY_OUT)
}

fn failed(path: &Path, error: Errno) -> StorageError {
    StorageError::io(format!("{}: cannot lock", path.display()), error)
}
