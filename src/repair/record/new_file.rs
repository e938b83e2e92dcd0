//! A new file that is there whole or not at all.

use std::fs;
use std::io;
use std::io::Write;
use std::path::Path;

use nix::errno::Errno;
use tempfile::Builder;

use crate::storage::file::directory_of;

/// Writes `bytes` to a new file (mode 0600), never over an existing one or through a link, and makes it and its directory
/// entry durable. It gets its name when all its bytes are on the disk: a cut leaves no half of a file under that name,
/// at most one that begins with a dot and ends in `.part`.
///
/// # Errors
/// [`io::Error`], `AlreadyExists` among others; the file is not there then.
pub(super) fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let directory = directory_of(path);
    let mut builder = Builder::new();
    builder.prefix(".bcdrescue-").suffix(".part");
    #[expect(clippy::disallowed_methods, reason = "the record's own new file")]
    let mut file = builder.tempfile_in(directory)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    let file = file.persist_noclobber(path).map_err(|error| error.error)?;
    // Under its new name FAT knows neither length nor first cluster before the file itself is synced once more (a power
    // cut in a guest left a record of no bytes).
    file.sync_all().and_then(|()| sync_directory(directory)).inspect_err(|_| {
        let _ = fs::remove_file(path);
    })
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
        write(&path, b"first").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        let error = write(&path, b"second").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(&path).unwrap(), b"first");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_link_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("disk.undo.json");
        std::os::unix::fs::symlink(folder.path().join("elsewhere"), &path).unwrap();
        assert!(write(&path, b"bytes").is_err());
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_directory_that_cannot_be_synced_is_no_obstacle() {
        let error = fs::File::open("/proc/self").unwrap().sync_all().unwrap_err();
        assert_eq!(error.raw_os_error(), Some(nix::libc::EINVAL));
        sync_directory(Path::new("/proc/self")).unwrap();
    }
}
