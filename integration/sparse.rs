//! Committed images in memory: the pages that hold something, over zeros, so that a thousand damaged copies cost little.

use std::collections::BTreeMap;
use std::sync::Arc;

use bcdrescue::storage::Storage;
use bcdrescue::storage::StorageError;
use bcdrescue::storage::StorageMut;
use bcdrescue::storage::check_range;

use crate::support::Disk;
use crate::support::data;

/// Bytes of a page.
pub(crate) const PAGE: usize = 4096;

type Page = Arc<[u8; PAGE]>;

/// A disk in memory; copies share the pages that they do not write.
#[derive(Clone)]
pub(crate) struct SparseRam {
    pages: BTreeMap<u64, Page>,
    len: u64,
}

impl SparseRam {
    /// The content of a committed image.
    pub(crate) fn of(name: &str) -> Self {
        Self::read(&Disk::raw(name).path)
    }

    /// The content of a sparse raw file.
    pub(crate) fn read(path: &std::path::Path) -> Self {
        let len = std::fs::metadata(path).expect("metadata").len();
        let mut sparse = Self { pages: BTreeMap::new(), len };
        for (start, bytes) in data(path) {
            for (index, page) in bytes.chunks(PAGE).enumerate() {
                if page.iter().any(|byte| *byte != 0) {
                    sparse.put(start + (index * PAGE) as u64, page);
                }
            }
        }
        sparse
    }

    /// Sets the length; what is added is zero.
    pub(crate) fn resize(&mut self, len: u64) {
        self.len = len;
    }

    /// Writes without any question.
    pub(crate) fn put(&mut self, offset: u64, bytes: &[u8]) {
        for (at, byte) in (offset..).zip(bytes) {
            let page = self.pages.entry(at / PAGE as u64).or_insert_with(|| Arc::new([0; PAGE]));
            Arc::make_mut(page)[(at % PAGE as u64) as usize] = *byte;
        }
    }

    /// Bytes at an offset.
    pub(crate) fn get(&self, offset: u64, len: usize) -> Vec<u8> {
        self.read_vec(offset, len).expect("inside the disk")
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

    /// Writes the disk into a sparse raw file.
    pub(crate) fn save(&self, path: &std::path::Path) {
        use std::os::unix::fs::FileExt;
        let file = std::fs::File::create(path).expect("writable");
        file.set_len(self.len).expect("length");
        for (index, page) in &self.pages {
            let start = index * PAGE as u64;
            let len = (self.len - start).min(PAGE as u64) as usize;
            file.write_all_at(&page[..len], start).expect("writable");
        }
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
