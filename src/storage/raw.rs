//! The bytes of one file or block device, as they stand: raw images, and what lies below a qcow2 image.

use std::fs::File;
use std::io::Seek;
use std::io::SeekFrom;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use nix::fcntl::PosixFadviseAdvice;
use nix::fcntl::posix_fadvise;

use crate::storage::Manner;
use crate::storage::Storage;
use crate::storage::StorageError;
use crate::storage::StorageMut;
use crate::storage::bad_sectors::BadSectors;
use crate::storage::bad_sectors::Lost;
use crate::storage::check_range;
use crate::storage::lock;
use crate::storage::meter::Meter;
use crate::storage::network::is_remote_file;

/// An open file or block device, read and written at offsets.
#[derive(Debug)]
pub struct Raw {
    file: File,
    path: PathBuf,
    len: AtomicU64,
    sector_size: Option<u32>,
    bad: BadSectors,
    /// It is known to be behind a network.
    is_remote: bool,
    meter: Meter,
}

impl Raw {
    /// The bytes of `file`; `path` is for messages. The length is measured once: a file that is cut later gives read
    /// errors.
    ///
    /// # Errors
    /// [`StorageError::Io`] when the length cannot be found.
    pub fn new(file: File, path: &Path, sector_size: Option<u32>) -> Result<Self, StorageError> {
        let bad = BadSectors::new(sector_size);
        let (path, len) = (path.to_path_buf(), AtomicU64::new(0));
        let is_remote = is_remote_file(&file);
        let raw = Self { file, path, len, sector_size, bad, is_remote, meter: Meter::new() };
        raw.measure()?;
        Ok(raw)
    }

    /// The same, of which it is known that it is behind a network where `is_remote`.
    #[must_use]
    pub(crate) fn or_remote(mut self, is_remote: bool) -> Self {
        self.is_remote |= is_remote;
        self
    }

    fn measure(&self) -> Result<(), StorageError> {
        // Seeking to the end works for regular files and for block devices, whose metadata says length 0.
        let len = (&self.file).seek(SeekFrom::End(0)).map_err(|error| {
            StorageError::io(format!("{}: cannot determine the length", self.path.display()), error)
        })?;
        self.len.store(len, Ordering::Relaxed);
        Ok(())
    }

    /// The path it was opened by.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The open file, for locks and for other readers of the same open file.
    #[must_use]
    pub fn file(&self) -> &File {
        &self.file
    }

    /// Tells the system what will be read, so that it begins with that.
    pub(crate) fn will_need(&self, offset: u64, len: usize) {
        let range = i64::try_from(offset).ok().zip(i64::try_from(len).ok());
        // Only a wish.
        if let Some((offset, len)) = range {
            let _ = posix_fadvise(&self.file, offset, len, PosixFadviseAdvice::POSIX_FADV_WILLNEED);
        }
    }

    /// Writes in place through a shared reference; for the storages that are built on this one.
    ///
    /// # Errors
    /// As [`StorageMut::write_at`].
    pub(crate) fn write_in_place(&self, offset: u64, bytes: &[u8]) -> Result<(), StorageError> {
        check_range(self.len(), offset, bytes.len())?;
        self.write_all(offset, bytes)
    }

    /// Writes where the file may end before or in between: it grows then.
    ///
    /// # Errors
    /// As [`StorageMut::write_at`].
    pub(crate) fn write_behind(&self, offset: u64, bytes: &[u8]) -> Result<(), StorageError> {
        self.write_all(offset, bytes)?;
        self.measure()
    }

    fn write_all(&self, offset: u64, bytes: &[u8]) -> Result<(), StorageError> {
        self.bad.forget(offset, bytes.len());
        #[expect(clippy::disallowed_methods, reason = "the one place where a raw target is written")]
        self.file.write_all_at(bytes, offset).map_err(|error| {
            let what =
                format!("{}: cannot write 0x{:x} bytes at 0x{offset:x}", self.path.display(), bytes.len());
            StorageError::io(what, error)
        })
    }

    /// Returns once all that was written is on stable storage.
    ///
    /// # Errors
    /// [`StorageError::Io`].
    pub(crate) fn sync_file(&self) -> Result<(), StorageError> {
        self.file
            .sync_all()
            .map_err(|error| StorageError::io(format!("{}: cannot sync", self.path.display()), error))
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        lock::release(&self.file);
    }
}

impl Storage for Raw {
    fn len(&self) -> u64 {
        self.len.load(Ordering::Relaxed)
    }

    fn sector_size(&self) -> Option<u32> {
        self.sector_size
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<(), StorageError> {
        check_range(self.len(), offset, buf.len())?;
        let read = self.meter.time(|| self.bad.read(&self.file, offset, buf));
        read.map_err(|Lost { at, len, cause }| {
            let what = format!("{}: cannot read 0x{len:x} bytes at 0x{at:x}", self.path.display());
            StorageError::io(what, cause)
        })
    }

    /// The system is told of all of them before the first is waited for.
    fn read_together(&self, ranges: &[(u64, usize)]) -> Vec<Result<Vec<u8>, StorageError>> {
        if self.manner().is_far && ranges.len() > 1 {
            ranges.iter().for_each(|(offset, len)| self.will_need(*offset, *len));
        }
        ranges.iter().map(|(offset, len)| self.read_vec(*offset, *len)).collect()
    }

    fn manner(&self) -> Manner {
        if self.is_remote || self.meter.is_slow() { Manner::FAR } else { Manner::NEAR }
    }
}

impl StorageMut for Raw {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> Result<(), StorageError> {
        self.write_in_place(offset, bytes)
    }

    fn sync(&mut self) -> Result<(), StorageError> {
        self.sync_file()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tempfile::NamedTempFile;

    fn raw_of(bytes: &[u8]) -> (NamedTempFile, Raw) {
        let file = NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        let handle = File::options().read(true).write(true).open(file.path()).unwrap();
        let raw = Raw::new(handle, file.path(), None).unwrap();
        (file, raw)
    }

    #[test]
    fn what_is_written_is_read_and_the_file_never_grows() {
        let (file, mut raw) = raw_of(&[0; 1024]);
        raw.write_at(1000, &[7; 24]).unwrap();
        raw.sync().unwrap();
        assert_eq!(raw.read_vec(999, 25).unwrap(), [[0].as_slice(), &[7; 24]].concat());
        assert!(matches!(
            raw.write_at(1001, &[7; 24]),
            Err(StorageError::OutOfRange { offset: 1001, end: 1025, len: 1024 })
        ));
        assert_eq!(std::fs::metadata(file.path()).unwrap().len(), 1024);
    }

    #[test]
    fn a_file_that_shrinks_underneath_is_an_error_not_a_short_read() {
        let (file, raw) = raw_of(&[1; 1024]);
        File::options().write(true).open(file.path()).unwrap().set_len(100).unwrap();
        let error = raw.read_at(64, &mut [0; 64]).unwrap_err();
        let expected =
            format!("{}: cannot read 0x40 bytes at 0x40: failed to fill whole buffer", file.path().display());
        assert_eq!(error.to_string(), expected);
    }
}
