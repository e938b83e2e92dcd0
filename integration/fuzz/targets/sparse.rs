//! Disks in memory: the pages that hold something, over zeros, so that a thousand damaged copies cost little.

use std::collections::BTreeMap;
use std::sync::Arc;

use bcdrescue::storage::Storage;
use bcdrescue::storage::StorageError;
use bcdrescue::storage::StorageMut;
use bcdrescue::storage::check_range;

/// Bytes of a page.
pub(crate) const PAGE: usize = 4096;

pub(crate) type Page = Arc<[u8; PAGE]>;

/// A disk in memory; copies share the pages that they do not write.
#[derive(Clone)]
pub(crate) struct SparseRam {
    pub(crate) pages: BTreeMap<u64, Page>,
    pub(crate) len: u64,
}

impl SparseRam {
    /// A disk of zeros.
    pub(crate) fn new(len: u64) -> Self {
        Self { pages: BTreeMap::new(), len }
    }

    /// A copy of a range of a storage.
    pub(crate) fn copy(storage: &dyn Storage, start: u64, len: u64) -> Self {
        const STEP: usize = 64 * PAGE;
        let len = len.min(storage.len() - start);
        let mut sparse = Self::new(len);
        for at in (0..len).step_by(STEP) {
            let bytes = storage.read_vec(start + at, STEP.min((len - at) as usize)).expect("readable");
            sparse.add(at, &bytes);
        }
        sparse
    }

    /// Adds what is not zero of bytes that lie at an offset.
    pub(crate) fn add(&mut self, offset: u64, bytes: &[u8]) {
        for (index, page) in bytes.chunks(PAGE).enumerate() {
            if page.iter().any(|byte| *byte != 0) {
                self.put(offset + (index * PAGE) as u64, page);
            }
        }
    }

    /// Sets the length; what is added is zero.
    pub(crate) fn resize(&mut self, len: u64) {
        self.len = len;
    }

    /// Writes what is inside, without any question.
    pub(crate) fn put(&mut self, offset: u64, bytes: &[u8]) {
        let inside = usize::try_from(self.len.saturating_sub(offset)).unwrap_or(usize::MAX).min(bytes.len());
        let (mut at, mut rest) = (offset, &bytes[..inside]);
        while !rest.is_empty() {
            let within = (at % PAGE as u64) as usize;
            let (now, later) = rest.split_at(rest.len().min(PAGE - within));
            let page = self.pages.entry(at / PAGE as u64).or_insert_with(|| Arc::new([0; PAGE]));
            Arc::make_mut(page)[within..within + now.len()].copy_from_slice(now);
            at += now.len() as u64;
            rest = later;
        }
    }

    /// What is inside of a range, without the rest.
    pub(crate) fn get_inside(&self, offset: u64, len: usize) -> Vec<u8> {
        let there = usize::try_from(self.len.saturating_sub(offset)).unwrap_or(usize::MAX).min(len);
        self.read_vec(offset.min(self.len), there).expect("inside")
    }

    /// The offsets of all pages that hold something.
    pub(crate) fn page_offsets(&self) -> impl Iterator<Item = u64> {
        self.pages.keys().map(|index| index * PAGE as u64)
    }

    /// Whether both hold the same bytes.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let differs = |(index, page): (&u64, &Page), other: &Self| match other.pages.get(index) {
            Some(other) => !Arc::ptr_eq(page, other) && page != other,
            None => page.iter().any(|byte| *byte != 0),
        };
        self.len == other.len
            && !self.pages.iter().any(|entry| differs(entry, other))
            && !other.pages.iter().any(|entry| differs(entry, self))
    }
}

impl Storage for SparseRam {
    fn len(&self) -> u64 {
        self.len
    }

    fn sector_size(&self) -> Option<u32> {
        None
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<(), StorageError> {
        check_range(self.len, offset, buf.len())?;
        let mut at = offset;
        let mut rest = buf;
        while !rest.is_empty() {
            let within = (at % PAGE as u64) as usize;
            let count = rest.len().min(PAGE - within);
            let (now, later) = rest.split_at_mut(count);
            match self.pages.get(&(at / PAGE as u64)) {
                Some(page) => now.copy_from_slice(&page[within..within + count]),
                None => now.fill(0),
            }
            at += count as u64;
            rest = later;
        }
        Ok(())
    }
}

impl StorageMut for SparseRam {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> Result<(), StorageError> {
        check_range(self.len, offset, bytes.len())?;
        self.put(offset, bytes);
        Ok(())
    }

    fn sync(&mut self) -> Result<(), StorageError> {
        Ok(())
    }
}
