//! Committed images in memory, as the fuzz targets have them too, and what the tests need besides.

use bcdrescue::diagnosis::Context;
use bcdrescue::diagnosis::Diagnosis;
use bcdrescue::diagnosis::diagnose;
use bcdrescue::layout::Layout;
use bcdrescue::layout::ask::discover_for;
use bcdrescue::repair::cure::Cure;
use bcdrescue::repair::refusal::Allowed;
use bcdrescue::repair::refusal::Refusal;
use bcdrescue::repair::refusal::refusals;
use bcdrescue::storage::Storage;
use bcdrescue::storage::cache::Cached;

pub(crate) use crate::fuzz_targets::sparse::PAGE;
pub(crate) use crate::fuzz_targets::sparse::SparseRam;
use crate::support::disk::Disk;
use crate::support::disk::data;

impl SparseRam {
    /// The content of a committed image.
    pub(crate) fn of(name: &str) -> Self {
        Self::read(&Disk::raw(name).path)
    }

    /// The content of a sparse raw file.
    pub(crate) fn read(path: &std::path::Path) -> Self {
        let mut sparse = Self::new(std::fs::metadata(path).expect("metadata").len());
        for (start, bytes) in data(path) {
            sparse.add(start, &bytes);
        }
        sparse
    }

    /// Bytes at an offset.
    pub(crate) fn get(&self, offset: u64, len: usize) -> Vec<u8> {
        self.read_vec(offset, len).expect("inside the disk")
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

/// A look at a disk, as every command takes it.
pub(crate) fn look(disk: &SparseRam) -> Option<(Layout, Diagnosis)> {
    look_with(disk, &Context::default())
}

/// The same with what a user decided.
pub(crate) fn look_with(disk: &SparseRam, context: &Context) -> Option<(Layout, Diagnosis)> {
    let layout = discover_for(&Cached::new(disk.clone()), context.choice.on).ok()?;
    let diagnosis = diagnose(&layout, context);
    Some((layout, diagnosis))
}

/// What speaks against a repair by re-pointing, where the user allows just that.
pub(crate) fn refusals_to_repoint(layout: &Layout, diagnosis: &Diagnosis) -> Vec<Refusal> {
    let allowed = Allowed { repoint: true, ..Allowed::default() };
    refusals(layout, &Context::default(), diagnosis, Cure::Repoint, allowed)
}
