//! Steps of paths that were followed, so that the next path with the same need not find them again.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::PoisonError;

use crate::volume::ntfs::file_record::FileRecord;
use crate::volume::ntfs::index::NamedFile;

/// Steps kept of a volume, where a look at one takes some fifty; a record has 64 KiB at most.
const KEPT: usize = 128;

/// What a step of a path leads to: a file as its directory names it, and its record.
#[derive(Clone)]
pub(super) struct Step {
    pub(super) file: NamedFile,
    pub(super) record: Arc<FileRecord>,
}

/// What was found, by the record number of the directory above and the name as it was asked for.
#[derive(Default)]
pub(super) struct Steps(Mutex<BTreeMap<(u64, String), Step>>);

impl Steps {
    /// Where this name led from that directory, if that was asked before.
    pub(super) fn get(&self, above: u64, name: &str) -> Option<Step> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.get(&(above, name.to_owned())).cloned()
    }

    /// Keeps a step, while there is room.
    pub(super) fn keep(&self, above: u64, name: &str, step: Step) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < KEPT {
            kept.insert((above, name.to_owned()), step);
        }
    }
}
