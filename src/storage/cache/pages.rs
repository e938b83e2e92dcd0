//! The pages that a cache keeps, and what is to be read for those that it lacks.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::ops::Range;

/// Pages of one storage, by their numbers.
pub(super) struct Pages {
    /// Bytes of a page, a power of two.
    size: usize,
    /// Pages kept; when they are full the cache starts anew, which bounds memory.
    most: usize,
    kept: BTreeMap<u64, Box<[u8]>>,
    /// First pages of large reads that failed: in them each page is read by itself.
    poor: BTreeSet<u64>,
    /// Pages that cannot be read by themselves either.
    lost: BTreeSet<u64>,
}

impl Pages {
    pub(super) fn new(size: usize, most: usize) -> Self {
        let (kept, poor, lost) = Default::default();
        Self { size, most, kept, poor, lost }
    }

    /// Bytes that are kept at most.
    pub(super) fn room(&self) -> usize {
        self.most.saturating_mul(self.size)
    }

    /// Pages kept now.
    pub(super) fn count(&self) -> usize {
        self.kept.len()
    }

    fn size(&self) -> u64 {
        u64::try_from(self.size).unwrap_or(u64::MAX)
    }

    /// The bytes of these pages, as offset and length, of a storage of `len` bytes.
    pub(super) fn bytes(&self, pages: &Range<u64>, len: u64) -> (u64, usize) {
        let start = pages.start.saturating_mul(self.size());
        let end = pages.end.saturating_mul(self.size()).min(len);
        (start, usize::try_from(end.saturating_sub(start)).unwrap_or(usize::MAX))
    }

    /// The pages in which these bytes are.
    pub(super) fn of(&self, offset: u64, len: usize) -> Range<u64> {
        let end = offset.saturating_add(u64::try_from(len).unwrap_or(u64::MAX));
        offset.checked_div(self.size()).unwrap_or(0)..end.div_ceil(self.size())
    }

    /// Whether all of these pages are kept.
    pub(super) fn has(&self, mut wanted: Range<u64>) -> bool {
        wanted.all(|page| self.kept.contains_key(&page))
    }

    /// Those of these pages that are neither kept nor lost.
    pub(super) fn missing(&self, wanted: &BTreeSet<u64>) -> BTreeSet<u64> {
        let is_missing = |page: &u64| !self.kept.contains_key(page) && !self.lost.contains(page);
        wanted.iter().copied().filter(is_missing).collect()
    }

    /// Whether one of these pages was tried already, and cannot be read.
    pub(super) fn is_any_lost(&self, mut wanted: Range<u64>) -> bool {
        wanted.any(|page| self.lost.contains(&page))
    }

    /// The first page of the large read in which this page is.
    fn first(page: u64, each: u64) -> u64 {
        page.saturating_sub(page.checked_rem(each).unwrap_or(0))
    }

    /// What to read for these pages that are missing, of a storage that ends with page `end`: each with as many around it as `each` says, neighbours
    /// in one read, in the order of the storage; a page of a large read that failed, by itself.
    pub(super) fn gaps(&self, missing: &BTreeSet<u64>, each: u64, end: u64) -> Vec<Range<u64>> {
        let is_alone = |page: u64| self.poor.contains(&Self::first(page, each));
        let mut wanted = BTreeSet::new();
        for page in missing {
            let first = Self::first(*page, each);
            if each <= 1 || is_alone(*page) {
                wanted.insert(*page);
            } else {
                let around = first..first.saturating_add(each).min(end);
                wanted.extend(around.filter(|page| !self.kept.contains_key(page)));
            }
        }
        let mut gaps: Vec<Range<u64>> = Vec::new();
        for page in wanted {
            match gaps.last_mut() {
                Some(gap) if gap.end == page && !is_alone(page) && !is_alone(gap.start) => {
                    gap.end = page.saturating_add(1);
                }
                _ => gaps.push(page..page.saturating_add(1)),
            }
        }
        gaps
    }

    /// Throws away what is kept where these would be too many more; whether it did.
    pub(super) fn make_room(&mut self, gaps: &[Range<u64>]) -> bool {
        let more: u64 = gaps.iter().map(|gap| gap.end.saturating_sub(gap.start)).sum();
        let all = self.kept.len().saturating_add(usize::try_from(more).unwrap_or(usize::MAX));
        if all > self.most {
            self.kept.clear();
        }
        all > self.most
    }

    /// Keeps the bytes of pages from this one on.
    pub(super) fn keep(&mut self, first: u64, bytes: &[u8]) {
        self.kept.extend((first..).zip(bytes.chunks(self.size).map(Box::from)));
    }

    /// These pages could not be read together; whether they may be by themselves.
    pub(super) fn fail(&mut self, gap: Range<u64>, each: u64) -> bool {
        let is_one = gap.end.saturating_sub(gap.start) <= 1;
        if is_one {
            self.lost.extend(gap);
        } else {
            self.poor.extend(gap.map(|page| Self::first(page, each)));
        }
        !is_one
    }

    /// Fills `buf` with the bytes from `offset` on, all of whose pages are kept.
    pub(super) fn copy(&self, offset: u64, buf: &mut [u8]) {
        let mut from = usize::try_from(offset.checked_rem(self.size()).unwrap_or(0)).unwrap_or(0);
        let mut rest = buf;
        for page in self.of(offset, rest.len()) {
            let count = rest.len().min(self.size.saturating_sub(from));
            let (now, later) = rest.split_at_mut(count);
            let bytes = self.kept.get(&page).map(AsRef::as_ref).unwrap_or_default();
            now.copy_from_slice(bytes.get(from..from.saturating_add(count)).unwrap_or_default());
            (from, rest) = (0, later);
        }
    }
}
