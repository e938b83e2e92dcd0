//! A new file that is there whole or not at all.

use std::fs;
use std::fs::Permissions;
use std::io;
use std::io::Write;
use std::os::unix::fs::MetadataExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::fs::fchown;
use std::path::Path;

use nix::errno::Errno;
use tempfile::Builder;
use tempfile::NamedTempFile;

use crate::storage::file::directory_of;

/// Mode of a record: the disk's old bytes are nobody else's business.
pub(super) const PRIVATE: u32 = 0o600;
/// Mode of what was asked for by its name, as far as the umask leaves it.
pub const PUBLIC: u32 = 0o666;

/// Why a file was not replaced. It is as it was.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReplaceError {
    /// It has other bytes than those that were read.
    #[error("the file has changed since it was read")]
    Changed,
    /// It cannot be written.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// Writes `bytes` to a new file of this mode, never over an existing one or through a link, and makes it and its directory
/// entry durable. It gets its name when all its bytes are on the disk: a cut leaves no half of a file under that name,
/// at most one that begins with a dot and ends in `.part`.
///
/// # Errors
/// [`io::Error`], `AlreadyExists` among others; the file is not there then.
pub fn write(path: &Path, bytes: &[u8], mode: u32) -> io::Result<()> {
    let directory = directory_of(path);
    let file = part(directory, bytes, mode)?;
    file.as_file().sync_all()?;
    let file = file.persist_noclobber(path).map_err(|error| error.error)?;
    // Under its new name FAT knows neither length nor first cluster before the file itself is synced once more (a power
    // cut in a guest left a record of no bytes).
    file.sync_all().and_then(|()| sync_directory(directory)).inspect_err(|_| {
        let _ = fs::remove_file(path);
    })
}

/// Gives the file at `path`, which has the bytes `before`, the bytes `after`: in a new file that takes its name when all its bytes
/// are on the disk, with the same mode and owner. The old one stays as `kept`, which must not exist. Of a link, what it leads to is
/// replaced.
///
/// # Errors
/// [`ReplaceError`]; the file is as it was.
pub fn replace(path: &Path, before: &[u8], after: &[u8], kept: &Path) -> Result<(), ReplaceError> {
    let path = fs::canonicalize(path)?;
    let old = fs::metadata(&path)?;
    let directory = directory_of(&path);
    let file = part(directory, after, PRIVATE)?;
    let new = file.as_file().metadata()?;
    if (new.uid(), new.gid()) != (old.uid(), old.gid()) {
        fchown(file.as_file(), Some(old.uid()), Some(old.gid()))?;
    }
    file.as_file().set_permissions(Permissions::from_mode(old.mode()))?;
    file.as_file().sync_all()?;
    if fs::read(&path)? != before {
        return Err(ReplaceError::Changed);
    }
    fs::hard_link(&path, kept)?;
    let file = file.persist(&path).map_err(|error| error.error).inspect_err(|_| {
        let _ = fs::remove_file(kept);
    })?;
    file.sync_all()?;
    Ok(sync_directory(directory)?)
}

/// A file that has no name of its own yet.
fn part(directory: &Path, bytes: &[u8], mode: u32) -> io::Result<NamedTempFile> {
    let mut builder = Builder::new();
    builder.prefix(".bcdrescue-").suffix(".part").permissions(Permissions::from_mode(mode));
    #[expect(clippy::disallowed_methods, reason = "the one place where new files are made")]
    let mut file = builder.tempfile_in(directory)?;
    file.write_all(bytes)?;
    Ok(file)
}

/// A new file is durable only when its directory is.
fn sync_directory(directory: &Path) -> io::Result<()> {
    match fs::File::open(directory)?.sync_all() {
        // File systems that cannot (9p, cifs) say so; there the file's own sync has to do.
        Err(error)
            if matches!(error.raw_os_error().map(Errno::from_raw), Some(Errno::EINVAL | Errno::ENOTSUP)) =>
        {
            Ok(())
        }
        result => result,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn a_file_is_private_whole_and_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("disk.undo.json");
        write(&path, b"first", PRIVATE).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let error = write(&path, b"second", PRIVATE).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"first");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_is_replaced_with_its_mode_and_the_old_one_is_kept() {
        let folder = tempfile::tempdir().unwrap();
        let [path, link, kept, again] =
            ["BCD", "link", "BCD.old", "again"].map(|name| folder.path().join(name));
        fs::write(&path, b"old").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        replace(&link, b"old", b"new", &kept).unwrap();
        assert_eq!((fs::read(&path).unwrap(), fs::read(&kept).unwrap()), (b"new".to_vec(), b"old".to_vec()));
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o640);
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        // What somebody else has written since is not lost, and nothing that is there is written over.
        assert!(matches!(replace(&path, b"old", b"more", &again), Err(ReplaceError::Changed)));
        assert!(matches!(replace(&path, b"new", b"more", &kept), Err(ReplaceError::Io(_))));
        assert_eq!((fs::read(&path).unwrap(), fs::read(&kept).unwrap()), (b"new".to_vec(), b"old".to_vec()));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
    }

    #[test]
    fn a_link_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("disk.undo.json");
        std::os::unix::fs::symlink(folder.path().join("elsewhere"), &path).unwrap();
        assert!(write(&path, b"bytes", PRIVATE).is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_directory_that_cannot_be_synced_is_no_obstacle() {
        let error = fs::File::open("/proc/self").unwrap().sync_all().unwrap_err();
        assert_eq!(error.raw_os_error(), Some(nix::libc::EINVAL));
        sync_directory(Path::new("/proc/self")).unwrap();
    }
}
