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
use nix::fcntl::Flock;
use nix::fcntl::FlockArg;
use nix::fcntl::fcntl;
use nix::libc;

use crate::error::way_out::HeldBy;
use crate::storage::StorageError;

/// First of the bytes that say which permissions are in use.
const USED: i64 = 100;
/// First of the bytes that say which permissions nobody else may use.
const DENIED: i64 = 200;

/// Permissions, as QEMU numbers them.
const CONSISTENT_READ: i64 = 0;
const WRITE: i64 = 1;
const RESIZE: i64 = 3;

/// Whether somebody has `file` open for writing as QEMU does. Takes no lock; a file system without locks says no.
#[must_use]
pub(crate) fn has_writer(file: &File) -> bool {
    [WRITE, RESIZE]
        .iter()
        .any(|permission| matches!(is_locked(file, USED.saturating_add(*permission)), Ok(true)))
}

/// Locks `file` as a writer that lets nobody else read or write. The lock lives as long as the open file.
///
/// Stricter than QEMU, whose writers bear readers: a machine that runs on top of a raw base says only that it reads
/// it, and would find other bytes there all the same.
///
/// # Errors
/// [`StorageError::Busy`] when somebody writes or reads the image; [`StorageError::Io`].
pub(crate) fn lock_for_writing(file: &File, path: &Path) -> Result<(), StorageError> {
    let all = [CONSISTENT_READ, WRITE, RESIZE];
    lock(file, path, &all, &all)
}

/// Whether [`lock_for_writing`] would succeed. Takes no lock.
///
/// # Errors
/// As [`lock_for_writing`].
pub(crate) fn check_free(file: &File, path: &Path) -> Result<(), StorageError> {
    let permissions = [CONSISTENT_READ, WRITE, RESIZE];
    let bytes = permissions.iter().flat_map(|at| [USED.saturating_add(*at), DENIED.saturating_add(*at)]);
    // A file system without locks says nothing.
    match bytes.into_iter().any(|byte| matches!(is_locked(file, byte), Ok(true))) {
        true => Err(busy(path)),
        false => Ok(()),
    }
}

/// Locks `file` as a reader that lets nobody write: a backing file of an image that is written.
///
/// # Errors
/// As [`lock_for_writing`].
pub(crate) fn lock_for_reading(file: &File, path: &Path) -> Result<(), StorageError> {
    lock(file, path, &[CONSISTENT_READ], &[WRITE, RESIZE])
}

/// Locks `file` against others who do the same, for as long as what is returned lives: a lock of another kind, that does not
/// stand in QEMU's way.
///
/// # Errors
/// As [`lock_for_writing`].
pub(crate) fn lock_for_oneself(file: &File, path: &Path) -> Result<Flock<File>, StorageError> {
    let copy = file.try_clone().map_err(|error| StorageError::io(path.display().to_string(), error))?;
    Flock::lock(copy, FlockArg::LockExclusiveNonblock).map_err(|(_, error)| match error {
        Errno::EAGAIN => busy(path),
        error => failed(path, error),
    })
}

/// Gives up every lock on `file`. Closing it does that too, but not while another thread's child process, between fork
/// and exec, still has it open.
pub(crate) fn release(file: &File) {
    let mut everything = range(libc::F_UNLCK, 0);
    everything.l_len = 0;
    // A file system without locks has none to give up.
    let _ = fcntl(file, FcntlArg::F_OFD_SETLK(&everything));
}

fn lock(file: &File, path: &Path, used: &[i64], denied: &[i64]) -> Result<(), StorageError> {
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
    let what = format!("{}: in use by a running virtual machine or another program", path.display());
    StorageError::busy(what, HeldBy::VirtualMachine)
}

fn failed(path: &Path, error: Errno) -> StorageError {
    StorageError::io(format!("{}: cannot lock", path.display()), error)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::process::Child;
    use std::process::Command;
    use std::time::Duration;
    use std::time::Instant;

    use crate::error::way_out::HeldBy;
    use crate::storage::open::OpenOptions;
    use crate::storage::open::open;
    use crate::storage::open::open_mut;

    struct Images(tempfile::TempDir);

    impl Images {
        fn new() -> Self {
            let images = Self(tempfile::tempdir().unwrap());
            images.run("qemu-img", "create -q -f raw base 1M").unwrap();
            images.run("qemu-img", "create -q -f qcow2 -b base -F raw image").unwrap();
            images
        }

        fn path(&self, name: &str) -> PathBuf {
            self.0.path().join(name)
        }

        fn run(&self, tool: &str, line: &str) -> Result<String, String> {
            let output =
                Command::new(tool).args(line.split(' ')).current_dir(self.0.path()).output().unwrap();
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            if output.status.success() { Ok(text(&output.stdout)) } else { Err(text(&output.stderr)) }
        }

        /// A program that has `name` open as a virtual machine would.
        fn serve(&self, line: &str) -> Server {
            let child = Command::new("qemu-nbd")
                .args(["-t", "-k"])
                .arg(self.path("socket"))
                .args(line.split(' '))
                .current_dir(self.0.path())
                .spawn()
                .expect("qemu-nbd is needed for this test");
            let server = Server(child);
            let until = Instant::now() + Duration::from_secs(120);
            // The socket is there before the locks; every machine here has the base, if only below an image.
            let served: Vec<_> =
                ["base", "image"].into_iter().filter(|name| *name == "base" || line.contains(name)).collect();
            let is_held = |name: &&str| {
                super::is_locked(&super::File::open(self.path(name)).unwrap(), super::USED).unwrap()
            };
            while !served.iter().all(is_held) {
                assert!(Instant::now() < until, "qemu-nbd does not start");
                std::thread::sleep(Duration::from_millis(10));
            }
            server
        }
    }

    struct Server(Child);

    impl Drop for Server {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }

    #[test]
    fn what_a_machine_uses_is_not_written_and_reading_says_so() {
        let options = OpenOptions::default();
        for (served, written) in
            [("-f qcow2 image", "image"), ("-f raw base", "base"), ("-f raw base", "image")]
        {
            let images = Images::new();
            let server = images.serve(served);
            let held = served.rsplit(' ').next().unwrap();
            let expected = format!(
                "{}: in use by a running virtual machine or another program",
                images.path(held).display()
            );
            let told = open_mut(&images.path(written), &options).err().unwrap().told();
            assert_eq!(told, (expected, Some(HeldBy::VirtualMachine.into())));
            let note = "a running virtual machine has it open for writing; what is read may be changing";
            let expected = format!("{}: {note}", images.path(held).display());
            assert_eq!(open(&images.path(held), &options).unwrap().notes, [expected]);
            drop(server);
            open_mut(&images.path(written), &options).unwrap();
            assert_eq!(open(&images.path(held), &options).unwrap().notes, [""; 0]);
        }
    }

    #[test]
    fn a_base_in_use_by_a_reading_machine_may_be_read_but_not_written() {
        let images = Images::new();
        let _server = images.serve("-r -f qcow2 image");
        let options = OpenOptions::default();
        assert_eq!(open(&images.path("base"), &options).unwrap().notes, [""; 0]);
        assert!(open_mut(&images.path("base"), &options).is_err());
        assert!(open_mut(&images.path("image"), &options).is_err());
    }

    #[test]
    fn what_is_open_for_writing_here_is_not_opened_by_qemu() {
        let images = Images::new();
        let options = OpenOptions::default();
        let writer = open_mut(&images.path("image"), &options).unwrap();
        assert!(open_mut(&images.path("image"), &options).is_err(), "two writers");
        for line in ["info image", "snapshot -c one image", "resize -f raw base 2M"] {
            let error = images.run("qemu-img", line).unwrap_err();
            assert!(error.contains("lock"), "{line}: {error}");
        }
        images.run("qemu-img", "info -U image").unwrap();
        images.run("qemu-img", "info -f raw base").unwrap();
        drop(writer);
        images.run("qemu-img", "snapshot -c one image").unwrap();
    }
}
