//! A storage that remembers whether it could be read.
//!
//! Parsers, those of other crates above all, turn a failed read into "damaged" or "not there". What a disk lacks and what
//! could not be read of it are not the same, so that is noted where every read passes.

use std::fmt;
use std::sync::OnceLock;

use crate::storage::ReadLimit;
use crate::storage::Storage;
use crate::storage::StorageError;

/// A read that failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailedRead {
    what: String,
    limit: Option<ReadLimit>,
}

impl FailedRead {
    /// What happened, in a line.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.what
    }

    /// Whether a limit to the reads of one target was reached: the medium did not fail.
    #[must_use]
    pub fn is_at_limit(&self) -> bool {
        self.limit.is_some()
    }

    /// Whether that limit was the time.
    #[must_use]
    pub fn is_late(&self) -> bool {
        matches!(self.limit, Some(ReadLimit::Time(_)))
    }

    /// What to say of the part that is not known: that it cannot be read, or only that it was not.
    #[must_use]
    pub fn how(&self) -> &'static str {
        if self.is_at_limit() { "was not read" } else { "cannot be read" }
    }
}

impl fmt::Display for FailedRead {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.what)
    }
}

impl From<&StorageError> for FailedRead {
    fn from(error: &StorageError) -> Self {
        let limit = match error {
            StorageError::Limit(limit) => Some(*limit),
            _ => None,
        };
        Self { what: error.to_string(), limit }
    }
}

/// A storage that keeps the first failure of a read.
pub struct FirstFailure<'a> {
    below: &'a dyn Storage,
    failure: OnceLock<FailedRead>,
}

impl<'a> FirstFailure<'a> {
    /// A look at `below` of which nothing has failed yet.
    #[must_use]
    pub fn new(below: &'a dyn Storage) -> Self {
        Self { below, failure: OnceLock::new() }
    }

    /// The first read that failed by now; `None` when all went well.
    #[must_use]
    pub fn failure(&self) -> Option<&FailedRead> {
        self.failure.get()
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
                self.failure.get_or_init(|| error.into());
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
        assert_eq!(failure.as_str(), "reading stopped at the limit of 1 reads");
        assert_eq!((failure.is_at_limit(), failure.is_late(), failure.how()), (true, false, "was not read"));

        let looked = FirstFailure::new(&disk);
        assert!(looked.read_at(60, &mut [0; 8]).is_err() && looked.read_at(0, &mut [0; 8]).is_ok());
        assert_eq!(looked.failure(), None);
    }
}
