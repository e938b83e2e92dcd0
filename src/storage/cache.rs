//! A read cache of aligned pages, so that parsers that read a few bytes at a time cost few system calls.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Mutex;
use std::sync::PoisonError;

use crate::storage::Storage;
use crate::storage::StorageError;
use crate::storage::check_range;

/// Bytes of a page. Small, because what matters on a disk lies in few scattered structures of 1 to 4 KiB.
const PAGE: usize = 4096;
const PAGE_LEN: u64 = 4096;
/// Pages kept, usually; when they are full the cache starts anew, which bounds memory at 4 MiB.
const PAGES: usize = 1024;
/// Reads of more bytes pass the cache by. A store has 24 KiB and more, and is read by two readers.
const LARGE: usize = 16 * PAGE;

type Pages = BTreeMap<u64, Box<[u8]>>;

/// A storage with a cache before it. It never writes; throw it away before the storage below is written.
pub struct Cached<S> {
    below: S,
    most: usize,
    pages: Mutex<Pages>,
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
        Self { below, most, pages: Mutex::new(Pages::new()) }
    }

    /// What the cache is before.
    #[must_use]
    pub fn below(&self) -> &S {
        &self.below
    }

    /// Reads what is missing of these pages, neighbours in one read.
    fn fetch(&self, pages: &mut Pages, wanted: Range<u64>) -> Result<(), StorageError> {
        let missing = wanted.clone().filter(|index| !pages.contains_key(index)).count();
        if pages.len().saturating_add(missing) > self.most {
            pages.clear();
        }
        let mut next = wanted.start;
        while next < wanted.end {
            let end = (next..wanted.end).find(|index| pages.contains_key(index)).unwrap_or(wanted.end);
            if next < end {
                let start = next.saturating_mul(PAGE_LEN);
                let len = end.saturating_mul(PAGE_LEN).min(self.below.len()).saturating_sub(start);
                let bytes = self.below.read_vec(start, usize::try_from(len).unwrap_or(usize::MAX))?;
                pages.extend((next..).zip(bytes.chunks(PAGE).map(Box::from)));
            }
            next = end.saturating_add(1);
        }
        Ok(())
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
        if buf.len() > LARGE.min(self.most.saturating_mul(PAGE)) {
            return self.below.read_at(offset, buf);
        }
        let mut pages = self.pages.lock().unwrap_or_else(PoisonError::into_inner);
        let end = offset.saturating_add(u64::try_from(buf.len()).unwrap_or(u64::MAX));
        let first = offset.checked_div(PAGE_LEN).unwrap_or(0);
        match self.fetch(&mut pages, first..end.div_ceil(PAGE_LEN)) {
            Ok(()) => {}
            // What fails may lie in what nobody asked for.
            Err(StorageError::Io { .. }) => return self.below.read_at(offset, buf),
            Err(error) => return Err(error),
        }
        let mut from = usize::try_from(offset.checked_rem(PAGE_LEN).unwrap_or(0)).unwrap_or(0);
        let mut rest = buf;
        for index in first.. {
            if rest.is_empty() {
                break;
            }
            let count = rest.len().min(PAGE.saturating_sub(from));
            let (now, later) = rest.split_at_mut(count);
            let page = pages.get(&index).map(AsRef::as_ref).unwrap_or_default();
            now.copy_from_slice(page.get(from..from.saturating_add(count)).unwrap_or_default());
            (from, rest) = (0, later);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io;

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

    /// Counts the reads of what is below.
    struct Counted(Ram, Mutex<Vec<(u64, usize)>>);

    impl Storage for Counted {
        fn len(&self) -> u64 {
            self.0.len()
        }

        fn sector_size(&self) -> Option<u32> {
            None
        }

        fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<(), StorageError> {
            self.1.lock().unwrap().push((offset, buf.len()));
            self.0.read_at(offset, buf)
        }
    }

    #[test]
    fn neighbours_are_one_read_and_nothing_is_read_twice() {
        let below = Counted(Ram::new(vec![7; 40 * PAGE + 100], None), Mutex::default());
        let disk = Cached::new(below);
        let read = |offset: usize, len: usize| {
            disk.read_vec(offset as u64, len).unwrap();
            std::mem::take(&mut *disk.below().1.lock().unwrap())
        };
        let page = PAGE as u64;
        assert_eq!(read(2 * PAGE + 9, 10), [(2 * page, PAGE)]);
        // Around what is there already, and to the end of the disk.
        assert_eq!(read(PAGE, 6 * PAGE), [(page, PAGE), (3 * page, 4 * PAGE)]);
        assert_eq!(read(PAGE + 1, 6 * PAGE - 1), []);
        assert_eq!(read(39 * PAGE, PAGE + 100), [(39 * page, PAGE + 100)]);
        assert_eq!(read(40 * PAGE, 100), []);
        // Too much to be kept.
        assert_eq!(read(1, LARGE + 1), [(1, LARGE + 1)]);
        assert_eq!(read(1, LARGE), [(0, PAGE), (7 * page, LARGE - 6 * PAGE)]);
    }

    #[test]
    fn what_is_kept_has_a_bound() {
        let bytes: Vec<u8> = (0..PAGE * 9).map(|at| (at * 7 % 251) as u8).collect();
        let disk = Cached::with_pages(Ram::new(bytes.clone(), None), 2);
        for (offset, len) in
            [(0, 1), (PAGE * 3, 2 * PAGE), (PAGE - 1, 2), (PAGE + 5, 2 * PAGE), (7, 5 * PAGE)]
        {
            let read = disk.read_vec(offset as u64, len).unwrap();
            assert_eq!(read, &bytes[offset..offset + len], "{offset} {len}");
            assert!(disk.pages.lock().unwrap().len() <= 3);
        }
    }
    /// A disk of which the bytes from 5000 to 5512 cannot be read.
    struct Worn(Ram);

    impl Storage for Worn {
        fn len(&self) -> u64 {
            self.0.len()
        }

        fn sector_size(&self) -> Option<u32> {
            None
        }

        fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<(), StorageError> {
            if offset < 5512 && 5000 < offset + buf.len() as u64 {
                return Err(StorageError::io("cannot read", io::Error::from_raw_os_error(5)));
            }
            self.0.read_at(offset, buf)
        }
    }

    #[test]
    fn what_cannot_be_read_hides_nothing_beside_it() {
        let bytes: Vec<u8> = (0..PAGE * 3).map(|at| (at * 7 % 251) as u8).collect();
        let disk = Cached::new(Worn(Ram::new(bytes.clone(), None)));
        for (offset, len) in [(4096, 904), (5512, 10), (4000, 1000), (5600, 5000), (0, 5000)] {
            assert_eq!(disk.read_vec(offset, len).unwrap(), &bytes[offset as usize..][..len]);
        }
        for (offset, len) in [(4999, 2), (5511, 1), (0, PAGE * 3)] {
            assert!(disk.read_vec(offset, len).is_err(), "{offset}");
        }
    }
}
