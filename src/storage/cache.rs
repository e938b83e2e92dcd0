//! A read cache of aligned pages, so that parsers that read a few bytes at a time cost few system calls.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::PoisonError;

use crate::storage::Storage;
use crate::storage::StorageError;
use crate::storage::check_range;

/// Bytes of a page. Small, because what matters on a disk lies in few scattered structures of 1 to 4 KiB.
const PAGE: usize = 4096;
/// Pages kept, usually; when they are full the cache starts anew, which bounds memory at 4 MiB.
const PAGES: usize = 1024;
/// Reads of this many bytes or more pass the cache by: they are a file's own bytes, read once.
const LARGE: usize = 4 * PAGE;

/// A storage with a cache before it. It never writes; throw it away before the storage below is written.
pub struct Cached<S> {
    below: S,
    most: usize,
    pages: Mutex<HashMap<u64, Box<[u8]>>>,
}

impl<S: Storage> Cached<S> {
    /// A cache before `below`.
    #[must_use]
    pub fn new(below: S) -> Self {
        Self::with_pages(below, PAGES)
    }

    /// A cache of at most so many pages of 4 KiB.
    #[must_use]
    pub fn with_pages(below: S, most: usize) -> Self {
        Self { below, most, pages: Mutex::new(HashMap::new()) }
    }

    fn copy_from_page(&self, index: u64, from: usize, target: &mut [u8]) -> Result<(), StorageError> {
        let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        if !pages.contains_key(&index) {
            if pages.len() >= self.most {
                pages.clear();
            }
            let start = index.saturating_mul(page_u64());
            let len = self.below.len().saturating_sub(start).min(page_u64());
            let page = self.below.read_vec(start, usize::try_from(len).unwrap_or(PAGE))?;
            pages.insert(index, page.into_boxed_slice());
        }
        let page = pages.get(&index).map(AsRef::as_ref).unwrap_or_default();
        let bytes = page.get(from..from.saturating_add(target.len())).unwrap_or_default();
        target.copy_from_slice(bytes);
        Ok(())
    }
}

fn page_u64() -> u64 {
    u64::try_from(PAGE).unwrap_or(u64::MAX)
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
        if buf.len() >= LARGE {
            return self.below.read_at(offset, buf);
        }
        let mut position = offset;
        let mut rest = buf;
        while !rest.is_empty() {
            let from = usize::try_from(position.checked_rem(page_u64()).unwrap_or(0)).unwrap_or(0);
            let count = rest.len().min(PAGE.saturating_sub(from));
            let (now, later) = rest.split_at_mut(count);
            self.copy_from_page(position.checked_div(page_u64()).unwrap_or(0), from, now)?;
            position = position.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
            rest = later;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::ram::Ram;

    #[test]
    fn every_range_reads_as_without_a_cache() {
        let bytes: Vec<u8> = (0..PAGE * 3 + 700).map(|at| (at * 7 % 251) as u8).collect();
        let disk = Cached::new(Ram::new(bytes.clone(), None));
        for (offset, len) in
            [(0, 1), (PAGE - 1, 2), (PAGE - 3, PAGE + 6), (PAGE * 3, 700), (5, PAGE * 3), (0, 0)]
        {
            assert_eq!(
                disk.read_vec(offset as u64, len).unwrap(),
                &bytes[offset..offset + len],
                "{offset} {len}"
            );
        }
        assert!(disk.read_vec((PAGE * 3 + 699) as u64, 2).is_err());
    }
}
