//! Bytes at offsets: block devices, raw and qcow2 images, and windows on them.
//!
//! Two traits. [`Storage`] reads; [`StorageMut`] also writes, and only `repair/apply.rs` calls that. What a storage is
//! (device, raw, qcow2) is decided in `open` by content, and nothing above asks.

#[doc(hidden)]
mod appliance;
pub mod attached;
mod bad_sectors;
#[doc(hidden)]
pub mod budget;
pub mod cache;
pub(crate) mod device;
mod direct;
pub(crate) mod file;
pub mod first_failure;
pub mod format;
pub(crate) mod holders;
mod insisted;
pub(crate) mod lock;
mod meter;
#[doc(hidden)]
pub mod nbd;
pub mod network;
pub mod one_file;
pub mod open;
mod pointers;
#[doc(hidden)]
pub mod qcow2;
pub(crate) mod qemu_nbd;
pub mod ram;
pub(crate) mod raw;
pub mod read_size;
pub(crate) mod reader;
pub(crate) mod sysfs;
pub(crate) mod time_limit;
#[doc(hidden)]
pub mod window;

use std::fmt;
use std::fmt::Display;
use std::io;
use std::path::Path;
use std::time::Duration;

use crate::error::Corrupt;
use crate::error::Unsupported;
use crate::error::way_out::ImageCure;
use crate::error::way_out::WayOut;

/// How a medium is best read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Manner {
    /// Bytes that are asked for at once around what is missing: a power of two.
    pub read_size: usize,
    /// An answer takes long: what is wanted is best asked for together, ahead of the one who reads it.
    pub is_far: bool,
}

impl Manner {
    /// A disk of this machine. What matters on a disk lies in few scattered structures of 1 to 4 KiB.
    pub const NEAR: Self = Self { read_size: 4 << 10, is_far: false };
    /// A disk behind a network. More in one read saved one wait in ten on the test disks, and doubled the bytes.
    pub const FAR: Self = Self { read_size: 32 << 10, is_far: true };
}

/// Something with a length that can be read at any byte offset.
pub trait Storage: Send + Sync {
    /// Length in bytes.
    fn len(&self) -> u64;

    /// Logical sector size in bytes where the medium has one (512 or 4096 for a block device); `None` for an image,
    /// whose partition table has to tell.
    fn sector_size(&self) -> Option<u32>;

    /// Fills `buf` from byte `offset`; a range that leaves the storage is an error, never a short read.
    ///
    /// # Errors
    /// [`StorageError`] when the medium fails or the range is outside.
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<(), StorageError>;

    /// Whether the length is zero.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The `len` bytes at `offset`, in a vector; the range is checked against the length before memory is taken.
    ///
    /// # Errors
    /// As [`Storage::read_at`].
    fn read_vec(&self, offset: u64, len: usize) -> Result<Vec<u8>, StorageError> {
        check_range(self.len(), offset, len)?;
        let mut bytes = vec![0; len];
        self.read_at(offset, &mut bytes)?;
        Ok(bytes)
    }

    /// The bytes of each of these ranges (offset, length), which are asked for together where the medium can do that: then the answers are
    /// waited for once. The caller bounds what they take of memory.
    fn read_together(&self, ranges: &[(u64, usize)]) -> Vec<Result<Vec<u8>, StorageError>> {
        ranges.iter().map(|(offset, len)| self.read_vec(*offset, *len)).collect()
    }

    /// How it is best read.
    fn manner(&self) -> Manner {
        Manner::NEAR
    }

    /// Where an answer takes long, and what was read is kept: brings what `look` reads, by trying it again and again. In a try nothing is
    /// waited for; what is not there yet is an error that `look` meets like any other, and is asked for together with all else that was
    /// missed when the try has ended. What `look` finds meanwhile is worth nothing, so it keeps nothing.
    fn look_ahead(&self, look: &dyn Fn(&dyn Storage)) {
        let _ = look;
    }
}

/// A [`Storage`] that was opened for writing.
pub trait StorageMut: Storage {
    /// Writes all of `bytes` at byte `offset`; never grows the storage.
    ///
    /// # Errors
    /// [`StorageError`]; the range may then hold old bytes, new bytes, or (by sector) a mix.
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> Result<(), StorageError>;

    /// Refuses a write of `len` bytes at byte `offset` of which it is known beforehand that it cannot be done.
    ///
    /// # Errors
    /// [`StorageError::Unsupported`].
    fn check_write(&self, offset: u64, len: usize) -> Result<(), StorageError> {
        check_range(self.len(), offset, len)
    }

    /// Returns once everything written is on stable storage.
    ///
    /// # Errors
    /// [`StorageError`]; what was written since the last sync may then be lost.
    fn sync(&mut self) -> Result<(), StorageError>;
}

/// Why a storage could not be opened, read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StorageError {
    /// The operating system or the medium failed.
    #[error("{what}: {cause}")]
    Io {
        /// What was being done, with the file and the byte offset in hex where there is one.
        what: String,
        /// The system's own error.
        cause: io::Error,
    },
    /// The image's own structures contradict themselves.
    #[error(transparent)]
    Corrupt(#[from] Corrupt),
    /// The image's tables lead past the end of its file, as where it was cut.
    #[error("{what} is truncated or damaged: it refers to 0x{at:x}, past its end (0x{len:x})")]
    PastEnd {
        /// The image.
        what: String,
        /// The byte of the file that is referred to.
        at: u64,
        /// Length of the file in bytes.
        len: u64,
    },
    /// The tables of the image disagree: it can be read, and a write might overwrite what is in use.
    #[error(transparent)]
    Unsound(Box<Corrupt>),
    /// The data may be right; this program cannot or must not handle it. Only opening and writing end so, reading never does.
    #[error(transparent)]
    Unsupported(#[from] Unsupported),
    /// Something else holds the target (a lock, a mount, an exclusive open). Only opening ends so.
    #[error("{what}")]
    Busy {
        /// Who holds it and how.
        what: String,
        /// What the user can do.
        way_out: WayOut,
    },
    /// A read or write outside the storage.
    #[error("bytes 0x{offset:x}..0x{end:x} are outside the storage of 0x{len:x} bytes")]
    OutOfRange {
        /// First byte asked for.
        offset: u64,
        /// End of the range asked for (saturating).
        end: u64,
        /// Length of the storage.
        len: u64,
    },
    /// A parser asked for more reads than its share: the structure loops or is absurdly large.
    #[error("gave up after {reads} reads of one structure (a loop or damage)")]
    Budget {
        /// The number of reads that were allowed.
        reads: u64,
    },
    /// What one look at a target may read is spent; the medium did not fail.
    #[error("reading stopped at the limit of {0}")]
    Limit(ReadLimit),
}

/// How much of one target is read at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReadLimit {
    /// So many reads.
    Reads(u64),
    /// So many bytes together.
    Bytes(u64),
    /// Reads that take so long together.
    Time(Duration),
}

impl fmt::Display for ReadLimit {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Reads(reads) => write!(out, "{reads} reads"),
            Self::Bytes(bytes) => write!(out, "0x{bytes:x} bytes"),
            Self::Time(time) => write!(out, "{} seconds", time.as_secs()),
        }
    }
}

impl StorageError {
    /// An [`StorageError::Io`].
    pub(crate) fn io(what: impl Into<String>, source: impl Into<io::Error>) -> Self {
        Self::Io { what: what.into(), cause: source.into() }
    }

    /// A [`StorageError::Corrupt`].
    pub(crate) fn corrupt(
        what: impl Into<String>,
        at: u64,
        expected: impl Into<String>,
        found: impl Display,
    ) -> Self {
        Self::Corrupt(Corrupt::new(what, at, expected, found))
    }

    /// A [`StorageError::PastEnd`] of an image of `len` bytes.
    pub(crate) fn past_end(at: u64, len: u64) -> Self {
        Self::PastEnd { what: "the image".to_owned(), at, len }
    }

    /// A [`StorageError::Unsound`].
    pub(crate) fn unsound(
        what: impl Into<String>,
        at: u64,
        expected: impl Into<String>,
        found: impl Display,
    ) -> Self {
        Self::Unsound(Box::new(Corrupt::new(what, at, expected, found)))
    }

    /// A [`StorageError::Unsupported`].
    pub(crate) fn unsupported(what: impl Into<String>, way_out: impl Into<WayOut>) -> Self {
        Self::Unsupported(Unsupported::new(what, way_out))
    }

    /// A [`StorageError::Busy`].
    pub(crate) fn busy(what: impl Into<String>, way_out: impl Into<WayOut>) -> Self {
        Self::Busy { what: what.into(), way_out: way_out.into() }
    }

    /// What the user can do, where that is known.
    #[must_use]
    pub fn way_out(&self) -> Option<&WayOut> {
        match self {
            Self::Unsupported(Unsupported { way_out, .. }) | Self::Busy { way_out, .. } => Some(way_out),
            Self::Unsound(_) => Some(&WayOut::Image(ImageCure::Repair)),
            Self::Io { .. }
            | Self::Corrupt(_)
            | Self::PastEnd { .. }
            | Self::OutOfRange { .. }
            | Self::Budget { .. }
            | Self::Limit(_) => None,
        }
    }

    /// What is wrong, and what the user can do.
    #[cfg(test)]
    pub(crate) fn told(&self) -> (String, Option<WayOut>) {
        (self.to_string(), self.way_out().cloned())
    }

    /// The same error with the file in which it was found before it, unless it says so already.
    pub(crate) fn in_file(mut self, path: &Path) -> Self {
        let what = match &mut self {
            Self::Io { what, .. }
            | Self::PastEnd { what, .. }
            | Self::Corrupt(Corrupt { what, .. })
            | Self::Unsupported(Unsupported { what, .. })
            | Self::Busy { what, .. } => what,
            Self::Unsound(corrupt) => &mut corrupt.what,
            Self::OutOfRange { .. } | Self::Budget { .. } | Self::Limit(_) => return self,
        };
        let file = format!("{}: ", path.display());
        if !what.starts_with(&file) {
            what.insert_str(0, &file);
        }
        self
    }
}

/// Refuses a range that does not lie inside `storage_len` bytes.
///
/// # Errors
/// [`StorageError::OutOfRange`].
pub fn check_range(storage_len: u64, offset: u64, len: usize) -> Result<(), StorageError> {
    let end = u64::try_from(len).ok().and_then(|len| offset.checked_add(len));
    match end {
        Some(end) if end <= storage_len => Ok(()),
        _ => Err(StorageError::OutOfRange { offset, end: end.unwrap_or(u64::MAX), len: storage_len }),
    }
}
