//! A storage that remembers whether it could be read.
//!
//! Parsers, those of other crates above all, turn a failed read into "damaged" or "not there". What a disk lacks and what
//! could not be read of it are not the same, so that is noted where every read passes.

use std::sync::OnceLock;

use crate::storage::Storage;
use crate::storage::StorageError;

/// A storage that keeps the first failure of a read.
pub struct FirstFailure<'a> {
    below: &'a dyn Storage,
    failure: OnceLock<String>,
}

impl<'a> FirstFailure<'a> {
    /// A look at `below` of which nothing has failed yet.
    #[must_use]
    pub fn new(below: &'a dyn Storage) -> Self {
        Self { below, failure: OnceLock::new() }
    }

    /// The first read that failed by now, in a line; `None` when all went well.
    #[must_use]
    pub fn failure(&self) -> Option<&str> {
        self.failure.get().map(String::as_str)
    }
}

impl Storage for FirstFailure<'_> {
    fn len(&self) -> u64 {
        self.below.len()
    }

    fn sector_size(&self) -> Option<u32> {
        self.below.sector_size()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<(), StorageError> {
        let read = self.below.read_at(offset, buf);
        match &read {
            // Who asks for what is not there asks wrongly; the medium did not fail.
            Ok(()) | Err(StorageError::OutOfRange { .. }) => {}
            Err(error) => {
                self.failure.get_or_init(|| error.to_string());
            }
        }
        read
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::budget::Budgeted;
    use crate::storage::ram::Ram;

    #[test]
    fn the_first_failure_is_kept_and_a_wrong_question_is_none() {
        let disk = Ram::new(vec![7; 64], None);
        let short = Budgeted::new(&disk, 1, 1000);
        let looked = FirstFailure::new(&short);
        assert!(looked.read_vec(0, 65).is_err() && looked.read_at(60, &mut [0; 8]).is_err());
        assert!(looked.read_at(0, &mut [0; 8]).is_err(), "the one read is spent");
        let failure = looked.failure().unwrap();
        assert!(failure.starts_with("gave up after 1 reads"), "{failure}");

        let looked = FirstFailure::new(&disk);
        assert!(looked.read_at(60, &mut [0; 8]).is_err() && looked.read_at(0, &mut [0; 8]).is_ok());
        assert_eq!(looked.failure(), None);
    }
}
