//! What is read through a pointer.

use std::sync::Arc;

use crate::storage::Manner;
use crate::storage::Storage;
use crate::storage::StorageError;

impl<S: Storage + ?Sized> Storage for Arc<S> {
    fn len(&self) -> u64 {
        self.as_ref().len()
    }

    fn sector_size(&self) -> Option<u32> {
        self.as_ref().sector_size()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<(), StorageError> {
        self.as_ref().read_at(offset, buf)
    }

    fn read_together(&self, ranges: &[(u64, usize)]) -> Vec<Result<Vec<u8>, StorageError>> {
        self.as_ref().read_together(ranges)
    }

    fn manner(&self) -> Manner {
        self.as_ref().manner()
    }

    fn look_ahead(&self, look: &dyn Fn(&dyn Storage)) {
        self.as_ref().look_ahead(look);
    }
}

impl<S: Storage + ?Sized> Storage for Box<S> {
    fn len(&self) -> u64 {
        self.as_ref().len()
    }

    fn sector_size(&self) -> Option<u32> {
        self.as_ref().sector_size()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<(), StorageError> {
        self.as_ref().read_at(offset, buf)
    }

    fn read_together(&self, ranges: &[(u64, usize)]) -> Vec<Result<Vec<u8>, StorageError>> {
        self.as_ref().read_together(ranges)
    }

    fn manner(&self) -> Manner {
        self.as_ref().manner()
    }

    fn look_ahead(&self, look: &dyn Fn(&dyn Storage)) {
        self.as_ref().look_ahead(look);
    }
}
