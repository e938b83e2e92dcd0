//! Reading ahead of a walk: it is tried without waiting, and what it missed is asked for together.
//!
//! A walk reads one thing after the other, although most of them do not depend on each other: five partitions, twenty files. A walk
//! that meets an error goes on with what does not hang on it; so one try finds all that can be asked for now, and there are as many
//! tries as the longest way from one place to the next has steps, however many ways there are.

use std::collections::BTreeSet;
use std::io;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering;

use crate::storage::Storage;
use crate::storage::StorageError;
use crate::storage::cache::Cached;
use crate::storage::check_range;

/// Tries of one look, at most; a usual disk takes a dozen.
const TRIES: usize = 32;
/// Reads of all tries of one look, at most: what asks for more is read as it is met.
const READS: u64 = 200_000;
/// Bytes that are brought for one look, at most.
const BYTES: usize = 4 << 20;

/// Brings what `look` reads.
pub(super) fn look_ahead<S: Storage>(cache: &Cached<S>, look: &dyn Fn(&dyn Storage)) {
    let reads = AtomicU64::new(0);
    let mut bytes = BYTES;
    for _ in 0..TRIES {
        if !cache.below.manner().is_far || reads.load(Ordering::Relaxed) > READS {
            return;
        }
        let ahead = Ahead { cache, missed: Mutex::default(), reads: &reads };
        look(&ahead);
        let missed = ahead.missed.into_inner().unwrap_or_else(PoisonError::into_inner);
        match cache.bring_ahead(&missed, bytes) {
            Some(taken) => bytes = bytes.saturating_sub(taken),
            None => return,
        }
    }
}

/// What is kept of a storage, and a note of what is not.
struct Ahead<'a, S> {
    cache: &'a Cached<S>,
    /// Pages.
    missed: Mutex<BTreeSet<u64>>,
    reads: &'a AtomicU64,
}

impl<S: Storage> Storage for Ahead<'_, S> {
    fn len(&self) -> u64 {
        self.cache.len()
    }

    fn sector_size(&self) -> Option<u32> {
        self.cache.sector_size()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<(), StorageError> {
        check_range(self.len(), offset, buf.len())?;
        let later = || Err(StorageError::io("not read yet", io::ErrorKind::WouldBlock));
        let pages = self.cache.pages();
        let is_over = self.reads.fetch_add(1, Ordering::Relaxed) > READS;
        if is_over || buf.len() > self.cache.longest(&pages) {
            return later();
        }
        let wanted = pages.of(offset, buf.len());
        if pages.has(wanted.clone()) {
            pages.copy(offset, buf);
            return Ok(());
        }
        let missing = pages.missing(&wanted.collect());
        self.missed.lock().unwrap_or_else(PoisonError::into_inner).extend(missing);
        later()
    }
}
