//! A storage in memory: for tests, and for the proof that a plan does what it says before a disk is touched.

use crate::storage::Storage;
use crate::storage::StorageError;
use crate::storage::StorageMut;
use crate::storage::check_range;

/// Bytes in memory.
#[derive(Debug, Clone)]
pub struct Ram {
    bytes: Vec<u8>,
    sector_size: Option<u32>,
}

impl Ram {
    /// A storage that holds `bytes`; `sector_size` as [`Storage::sector_size`] is to say.
    #[must_use]
    pub fn new(bytes: Vec<u8>, sector_size: Option<u32>) -> Self {
        Self { bytes, sector_size }
    }

    /// All bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn range(&self, offset: u64, len: usize) -> Result<std::ops::Range<usize>, StorageError> {
        check_range(self.len(), offset, len)?;
        let start = usize::try_from(offset).unwrap_or(usize::MAX);
        Ok(start..start.saturating_add(len))
    }
}

impl Storage for Ram {
    fn len(&self) -> u64 {
        u64::try_from(self.bytes.len()).unwrap_or(u64::MAX)
    }

    fn sector_size(&self) -> Option<u32> {
        self.sector_size
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<(), StorageError> {
        let range = self.range(offset, buf.len())?;
        buf.copy_from_slice(self.bytes.get(range).unwrap_or_default());
        Ok(())
    }
}

impl StorageMut for Ram {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> Result<(), StorageError> {
        let range = self.range(offset, bytes.len())?;
        if let Some(target) = self.bytes.get_mut(range) {
            target.copy_from_slice(bytes);
        }
        Ok(())
    }

    fn sync(&mut self) -> Result<(), StorageError> {
        Ok(())
    }
}
