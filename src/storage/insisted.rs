//! A storage that is read in pieces of the size that the user wants.

use crate::storage::Manner;
use crate::storage::Storage;
use crate::storage::StorageError;
use crate::storage::read_size::ReadSize;

/// A storage, and the size of its reads.
pub(crate) struct Insisted {
    below: Box<dyn Storage>,
    read_size: ReadSize,
}

impl Insisted {
    /// The storage `below`; where the user gave no size, as it says itself.
    pub(crate) fn on(below: Box<dyn Storage>, read_size: Option<ReadSize>) -> Box<dyn Storage> {
        match read_size {
            Some(read_size) => Box::new(Self { below, read_size }),
            None => below,
        }
    }
}

impl Storage for Insisted {
    fn len(&self) -> u64 {
        self.below.len()
    }

    fn sector_size(&self) -> Option<u32> {
        self.below.sector_size()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<(), StorageError> {
        self.below.read_at(offset, buf)
    }

    fn read_together(&self, ranges: &[(u64, usize)]) -> Vec<Result<Vec<u8>, StorageError>> {
        self.below.read_together(ranges)
    }

    fn manner(&self) -> Manner {
        Manner { read_size: self.read_size.bytes(), ..self.below.manner() }
    }
}
