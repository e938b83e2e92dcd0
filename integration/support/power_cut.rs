//! A disk whose power goes, and what is then left of what was written.

use bcdrescue::storage::Storage;
use bcdrescue::storage::StorageError;
use bcdrescue::storage::StorageMut;

use crate::support::sparse::SparseRam;

/// What becomes of writes when the power goes.
#[derive(Debug, Clone, Copy)]
pub enum Cut {
    /// All that was written is there.
    Kept,
    /// What was not synced is lost.
    Lost,
    /// Of what was not synced only the last write is there: media reorder.
    LastOnly,
    /// The write that was under way is there up to this many bytes.
    Torn(usize),
}

/// A disk whose power goes in write number `writes`, from 0.
pub struct PowerCut {
    pub synced: SparseRam,
    pub now: SparseRam,
    pub last: Option<(u64, Vec<u8>)>,
    pub torn: Option<(u64, Vec<u8>)>,
    pub writes: usize,
}

impl PowerCut {
    pub fn new(disk: &SparseRam, writes: usize) -> Self {
        Self { synced: disk.clone(), now: disk.clone(), last: None, torn: None, writes }
    }

    pub fn after(self, cut: Cut) -> SparseRam {
        let put = |mut disk: SparseRam, write: Option<(u64, Vec<u8>)>, len: usize| {
            let (offset, bytes) = write.unwrap_or_default();
            disk.put(offset, &bytes[..bytes.len().min(len)]);
            disk
        };
        match cut {
            Cut::Kept => self.now,
            Cut::Lost => self.synced,
            Cut::LastOnly => put(self.synced, self.last, usize::MAX),
            Cut::Torn(len) => put(self.now, self.torn, len),
        }
    }
}

pub fn dead() -> StorageError {
    StorageError::Io { what: "the power is gone".into(), cause: std::io::Error::other("cut") }
}

impl Storage for PowerCut {
    fn len(&self) -> u64 {
        self.now.len()
    }

    fn sector_size(&self) -> Option<u32> {
        None
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<(), StorageError> {
        self.now.read_at(offset, buf)
    }
}

impl StorageMut for PowerCut {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> Result<(), StorageError> {
        let Some(left) = self.writes.checked_sub(1) else {
            self.torn.get_or_insert((offset, bytes.to_vec()));
            return Err(dead());
        };
        self.writes = left;
        self.last = Some((offset, bytes.to_vec()));
        self.now.write_at(offset, bytes)
    }

    fn sync(&mut self) -> Result<(), StorageError> {
        if self.torn.is_some() {
            return Err(dead());
        }
        self.synced = self.now.clone();
        self.last = None;
        Ok(())
    }
}
