//! A disk that counts what is read of it.

use std::sync::Mutex;

use bcdrescue::storage::Storage;
use bcdrescue::storage::StorageError;

/// Reads, and bytes of them.
pub type Count = (usize, usize);

/// A disk that counts what is read of it behind its cache.
pub struct Counted<'a>(pub &'a dyn Storage, pub &'a Mutex<Count>);

impl Storage for Counted<'_> {
    fn len(&self) -> u64 {
        self.0.len()
    }

    fn sector_size(&self) -> Option<u32> {
        self.0.sector_size()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<(), StorageError> {
        let mut count = self.1.lock().unwrap();
        *count = (count.0 + 1, count.1 + buf.len());
        drop(count);
        self.0.read_at(offset, buf)
    }
}
