//! The bytes of one file or block device, as they stand: raw images, and what lies below a qcow2 image.

use std::fs::File;
use std::io::Seek;
use std::io::SeekFrom;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::path::PathBuf;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use crate::storage::Storage;
use crate::storage::StorageError;
use crate::storage::StorageMut;
use crate::storage::bad_sectors::BadSectors;
use crate::storage::bad_sectors::Lost;
use crate::storage::check_range;
use crate::storage::lock;

/// An open file or block device, read and written at offsets.
#[derive(Debug)]
pub struct Raw {
    file: File,
    path: PathBuf,
    len: AtomicU64,
    sector_size: Option<u32>,
    bad: BadSectors,
}

impl Raw {
    /// The bytes of `file`; `path` is for messages. The length is measured once: a file that is cut later gives read
    /// errors.
    ///
    /// # Errors
    /// [`StorageError::Io`] when the length cannot be found.
    pub fn new(file: File, path: &Path, sector_size: Option<u32>) -> Result<Self, StorageError> {
        let bad = BadSectors::new(sector_size);
        let raw = Self { file, path: path.to_path_buf(), len: AtomicU64::new(0), sector_size, bad };
        raw.measure()?;
        Ok(raw)
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
        self.bad.read(&self.file, offset, buf).map_err(|Lost { at, len, cause }| {
            let what = format!("{}: cannot read 0x{len:x} bytes at 0x{at:x}", self.path.display());
            StorageError::io(what, cause)
        })
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
