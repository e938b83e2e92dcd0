//! A storage that ends when all that was read of it took too long together.
//!
//! Each answer of a server has a limit of its own, but a server that takes all of it for each of a thousand reads would
//! hold who reads for a day. Only the time of the reads counts: what a person thinks about in between does not.

use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;
use std::time::Duration;
use std::time::Instant;

use crate::storage::Manner;
use crate::storage::ReadLimit;
use crate::storage::Storage;
use crate::storage::StorageError;

/// How long the reads of one target that somebody else serves may take together. What is underway at the end is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TimeLimit(pub Duration);

impl Default for TimeLimit {
    /// A usual look takes a dozen answers.
    fn default() -> Self {
        Self(Duration::from_secs(300))
    }
}

/// A storage that is read for so long, over all.
pub(crate) struct TimeLimited<S> {
    below: S,
    limit: TimeLimit,
    /// Microseconds.
    spent: AtomicU64,
}

impl<S: Storage> TimeLimited<S> {
    /// The storage `below`, as long as its reads have not taken the time of `limit`.
    #[must_use]
    pub(crate) fn new(below: S, limit: TimeLimit) -> Self {
        Self { below, limit, spent: AtomicU64::new(0) }
    }

    fn over(&self) -> StorageError {
        StorageError::Limit(ReadLimit::Time(self.limit.0))
    }

    /// Reads as long as there is time.
    fn timed<T>(&self, read: impl FnOnce() -> T) -> Result<T, StorageError> {
        if Duration::from_micros(self.spent.load(Ordering::Relaxed)) >= self.limit.0 {
            return Err(self.over());
        }
        let begun = Instant::now();
        let read = read();
        let took = u64::try_from(begun.elapsed().as_micros()).unwrap_or(u64::MAX);
        self.spent.fetch_add(took, Ordering::Relaxed);
        Ok(read)
    }
}

impl<S: Storage> Storage for TimeLimited<S> {
    fn len(&self) -> u64 {
        self.below.len()
    }

    fn sector_size(&self) -> Option<u32> {
        self.below.sector_size()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<(), StorageError> {
        self.timed(|| self.below.read_at(offset, buf))?
    }

    fn read_together(&self, ranges: &[(u64, usize)]) -> Vec<Result<Vec<u8>, StorageError>> {
        match self.timed(|| self.below.read_together(ranges)) {
            Ok(read) => read,
            Err(_) => ranges.iter().map(|_| Err(self.over())).collect(),
        }
    }

    fn manner(&self) -> Manner {
        self.below.manner()
    }
}

#[cfg(test)]
mod tests {
    use std::thread::sleep;

    use super::*;
    use crate::storage::ram::Ram;

    struct Slow(Ram);

    impl Storage for Slow {
        fn len(&self) -> u64 {
            self.0.len()
        }

        fn sector_size(&self) -> Option<u32> {
            None
        }

        fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<(), StorageError> {
            sleep(Duration::from_millis(20));
            self.0.read_at(offset, buf)
        }
    }

    #[test]
    fn slow_reads_end_and_pauses_between_them_are_free() {
        let limit = Duration::from_millis(50);
        let disk = TimeLimited::new(Slow(Ram::new(vec![7; 64], None)), TimeLimit(limit));
        assert!(disk.read_vec(0, 8).is_ok());
        sleep(limit);
        assert!(disk.read_vec(0, 8).is_ok());
        let mut more = 0;
        let error = loop {
            match disk.read_vec(0, 8) {
                Ok(_) => more += 1,
                Err(error) => break error,
            }
        };
        assert!(more <= 1, "{more}");
        assert!(matches!(error, StorageError::Limit(ReadLimit::Time(time)) if time == limit), "{error}");
    }
}
