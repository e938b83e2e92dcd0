//! A read cache of aligned pages, so that parsers that read a few bytes at a time cost few system calls, and few waits for what is far.

mod ahead;
mod pages;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use crate::storage::Manner;
use crate::storage::Storage;
use crate::storage::StorageError;
use crate::storage::cache::pages::Pages;
use crate::storage::check_range;

/// Bytes kept, usually; of a medium that is far as many more, as its reads are larger.
const KEPT: usize = 4 << 20;
const KEPT_OF_FAR: usize = 8 << 20;
/// Reads of more bytes pass the cache by. A store has 24 KiB and more, and is read by two readers.
const LARGE: usize = 64 << 10;
/// The same of a medium that is far, where nothing is to be asked for twice.
const LARGE_OF_FAR: usize = 1 << 20;

/// A storage with a cache before it. It never writes; throw it away before the storage below is written.
pub struct Cached<S> {
    below: S,
    page: usize,
    pages: Mutex<Pages>,
}

impl<S: Storage> Cached<S> {
    /// A cache before `below`, which is read as [`Storage::manner`] says.
    #[must_use]
    pub fn new(below: S) -> Self {
        let Manner { read_size, is_far } = below.manner();
        let page = read_size.min(Manner::NEAR.read_size);
        let kept = if is_far { KEPT_OF_FAR } else { KEPT };
        Self::of(below, page, kept.checked_div(page).unwrap_or(1))
    }

    /// A cache of at most so many pages of 4 KiB.
    #[must_use]
    pub fn with_pages(below: S, most: usize) -> Self {
        Self::of(below, Manner::NEAR.read_size, most)
    }

    fn of(below: S, page: usize, most: usize) -> Self {
        Self { below, page, pages: Mutex::new(Pages::new(page, most)) }
    }

    /// What the cache is before.
    #[must_use]
    pub fn below(&self) -> &S {
        &self.below
    }

    fn pages(&self) -> MutexGuard<'_, Pages> {
        self.pages.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Bytes of the longest read that is kept.
    fn longest(&self, pages: &Pages) -> usize {
        let large = if self.below.manner().is_far { LARGE_OF_FAR } else { LARGE };
        large.min(pages.room())
    }

    /// Brings pages that will be wanted, where they take at most so many bytes: how many, or `None` where nothing came and nothing will.
    fn bring_ahead(&self, wanted: &BTreeSet<u64>, most: usize) -> Option<usize> {
        let mut pages = self.pages();
        let before = pages.count();
        let gaps = self.gaps(&pages, &pages.missing(wanted));
        let bytes: usize = gaps.iter().map(|gap| pages.bytes(gap, self.len()).1).sum();
        if bytes == 0 || bytes > most {
            return None;
        }
        self.bring(&mut pages, wanted).ok()?;
        Some(pages.count().saturating_sub(before).saturating_mul(self.page))
    }

    /// Pages of one read.
    fn each(&self) -> u64 {
        let read_size = self.below.manner().read_size;
        u64::try_from(read_size.checked_div(self.page).unwrap_or(1)).unwrap_or(1)
    }

    fn gaps(&self, pages: &Pages, missing: &BTreeSet<u64>) -> Vec<Range<u64>> {
        pages.gaps(missing, self.each(), pages.of(self.len(), 0).end)
    }

    /// Reads what is missing of these pages; of a read that fails each page by itself. Those that still fail are lost.
    fn bring(&self, pages: &mut Pages, wanted: &BTreeSet<u64>) -> Result<(), StorageError> {
        if self.fetch(pages, wanted)? {
            self.fetch(pages, wanted)?;
        }
        Ok(())
    }

    /// Reads what is missing of these pages and not lost, neighbours in one read and all reads together; whether there is something to
    /// try again.
    fn fetch(&self, pages: &mut Pages, wanted: &BTreeSet<u64>) -> Result<bool, StorageError> {
        let mut gaps = self.gaps(pages, &pages.missing(wanted));
        if pages.make_room(&gaps) {
            gaps = self.gaps(pages, &pages.missing(wanted));
        }
        let ranges: Vec<(u64, usize)> = gaps.iter().map(|gap| pages.bytes(gap, self.len())).collect();
        let mut is_again = false;
        for (gap, read) in gaps.into_iter().zip(self.below.read_together(&ranges)) {
            match read {
                Ok(bytes) => pages.keep(gap.start, &bytes),
                Err(StorageError::Io { .. }) => is_again |= pages.fail(gap, self.each()),
                Err(error) => return Err(error),
            }
        }
        Ok(is_again)
    }
}

impl<S: Storage> Storage for Cached<S> {
    fn len(&self) -> u64 {
        self.below.len()
    }

    fn sector_size(&self) -> Option<u32> {
        self.below.sector_size()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<(), StorageError> {
        check_range(self.len(), offset, buf.len())?;
        let mut pages = self.pages();
        if buf.len() > self.longest(&pages) {
            return self.below.read_at(offset, buf);
        }
        let wanted = pages.of(offset, buf.len());
        if !pages.has(wanted.clone()) {
            if !pages.is_any_lost(wanted.clone()) {
                self.bring(&mut pages, &wanted.clone().collect())?;
            }
            // What fails may lie in what nobody asked for.
            if !pages.has(wanted) {
                return self.below.read_at(offset, buf);
            }
        }
        pages.copy(offset, buf);
        Ok(())
    }

    fn look_ahead(&self, look: &dyn Fn(&dyn Storage)) {
        match self.below.manner().is_far {
            true => ahead::look_ahead(self, look),
            false => self.below.look_ahead(look),
        }
    }
}
