//! A storage that counts what is asked of it, and ends a question that asks too much.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use bcdrescue::storage::Storage;
use bcdrescue::storage::StorageError;

/// A storage with a share of reads and bytes.
pub(super) struct Counted<'a> {
    below: &'a dyn Storage,
    reads: AtomicU64,
    bytes: AtomicU64,
    share: (u64, u64),
}

impl<'a> Counted<'a> {
    /// At most so many reads, and so many bytes.
    pub(super) fn new(below: &'a dyn Storage, reads: u64, bytes: u64) -> Self {
        Self { below, reads: AtomicU64::new(0), bytes: AtomicU64::new(0), share: (reads, bytes) }
    }

    /// Asserts that the share was enough.
    #[track_caller]
    pub(super) fn check(&self) {
        let used = (self.reads.load(Ordering::Relaxed), self.bytes.load(Ordering::Relaxed));
        assert!(used.0 <= self.share.0 && used.1 <= self.share.1, "{used:?} reads and bytes");
    }
}

impl Storage for Counted<'_> {
    fn len(&self) -> u64 {
        self.below.len()
    }

    fn sector_size(&self) -> Option<u32> {
        self.below.sector_size()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<(), StorageError> {
        let reads = self.reads.fetch_add(1, Ordering::Relaxed) + 1;
        let bytes = self.bytes.fetch_add(buf.len() as u64, Ordering::Relaxed) + buf.len() as u64;
        if reads > self.share.0 || bytes > self.share.1 {
            return Err(StorageError::Budget { reads: self.share.0 });
        }
        self.below.read_at(offset, buf)
    }
}
