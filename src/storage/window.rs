//! A range of a storage seen as a storage: a partition.

use crate::storage::Storage;
use crate::storage::StorageError;
use crate::storage::check_range;

/// `len` bytes of another storage from byte `start` on. Reads outside are refused, never shifted.
#[derive(Clone, Copy)]
pub struct Window<'a> {
    storage: &'a dyn Storage,
    start: u64,
    len: u64,
}

impl<'a> Window<'a> {
    /// A window on `start..start + len`, cut at the end of `storage` (a partition may promise more than the disk has).
    #[must_use]
    pub fn new(storage: &'a dyn Storage, start: u64, len: u64) -> Self {
        Self { storage, start, len: len.min(storage.len().saturating_sub(start)) }
    }

    /// First byte in the underlying storage.
    #[must_use]
    pub fn start(&self) -> u64 {
        self.start
    }
}

impl Storage for Window<'_> {
    fn len(&self) -> u64 {
        self.len
    }

    fn sector_size(&self) -> Option<u32> {
        self.storage.sector_size()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<(), StorageError> {
        check_range(self.len, offset, buf.len())?;
        self.storage.read_at(self.start.saturating_add(offset), buf)
    }

    fn look_ahead(&self, look: &dyn Fn(&dyn Storage)) {
        self.storage.look_ahead(&|storage| look(&Window { storage, ..*self }));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::ram::Ram;

    #[test]
    fn a_window_shifts_and_ends() {
        let disk = Ram::new((0..64).collect(), None);
        let window = Window::new(&disk, 16, 100);
        assert_eq!(window.len(), 48);
        assert_eq!(window.read_vec(1, 2).unwrap(), [17, 18]);
        assert!(matches!(
            window.read_vec(47, 2),
            Err(StorageError::OutOfRange { offset: 47, end: 49, len: 48 })
        ));
    }
}
