//! A storage that ends a look at a disk which asks too much of it.
//!
//! Every parser has bounds of its own, but a crafted disk has many volumes with many directories, and each of them may
//! be asked for many paths. What a whole look may read is bounded here, and with that the time that it takes.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use crate::storage::ReadLimit;
use crate::storage::Storage;
use crate::storage::StorageError;

/// A storage of which only so much is read, over all.
pub struct Budgeted<'a> {
    below: &'a dyn Storage,
    reads: u64,
    bytes: u64,
    reads_left: AtomicU64,
    bytes_left: AtomicU64,
}

impl<'a> Budgeted<'a> {
    /// At most `reads` reads of `bytes` bytes together.
    #[must_use]
    pub fn new(below: &'a dyn Storage, reads: u64, bytes: u64) -> Self {
        Self { below, reads, bytes, reads_left: AtomicU64::new(reads), bytes_left: AtomicU64::new(bytes) }
    }
}

/// Takes `count` from what is left; false, and nothing is left, when that is too little.
fn spend(left: &AtomicU64, count: u64) -> bool {
    let enough = |left: u64| Some(left.saturating_sub(count));
    left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, enough).is_ok_and(|left| left >= count)
}

impl Storage for Budgeted<'_> {
    fn len(&self) -> u64 {
        self.below.len()
    }

    fn sector_size(&self) -> Option<u32> {
        self.below.sector_size()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<(), StorageError> {
        let len = u64::try_from(buf.len()).unwrap_or(u64::MAX);
        if !spend(&self.reads_left, 1) {
            return Err(StorageError::Limit(ReadLimit::Reads(self.reads)));
        }
        if !spend(&self.bytes_left, len) {
            return Err(StorageError::Limit(ReadLimit::Bytes(self.bytes)));
        }
        self.below.read_at(offset, buf)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::ram::Ram;

    #[test]
    fn reads_and_bytes_end() {
        let disk = Ram::new(vec![7; 64], None);
        let few = Budgeted::new(&disk, 2, 1000);
        assert!(few.read_vec(0, 8).is_ok() && few.read_vec(8, 8).is_ok());
        assert!(matches!(few.read_vec(0, 1), Err(StorageError::Limit(ReadLimit::Reads(2)))));
        let short = Budgeted::new(&disk, 100, 20);
        assert!(short.read_vec(0, 16).is_ok());
        for len in [16, 1] {
            let error = short.read_vec(0, len).unwrap_err();
            assert_eq!(error.to_string(), "reading stopped at the limit of 0x14 bytes");
        }
    }
}
