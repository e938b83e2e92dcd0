//! Bins in the making: cells are handed out, and what is left at the end of each bin becomes a free cell.

use crate::bytes::put;
use crate::hive::base_block::BIN_UNIT;
use crate::hive::cell::BIN_HEADER_SIZE;
use crate::hive::cell::CELL_HEADER_SIZE;
use crate::hive::cell::NO_CELL;
use crate::hive::error::HiveError;

/// Bins in the making: the bytes behind the base block.
pub(super) struct Bins {
    bytes: Vec<u8>,
    /// Free space at the end of each bin: from, to.
    open: Vec<(usize, usize)>,
    last_written: u64,
}

impl Bins {
    pub(super) const fn new(last_written: u64) -> Self {
        Self { bytes: Vec::new(), open: Vec::new(), last_written }
    }

    /// FILETIME for the hive and all its keys.
    pub(super) const fn last_written(&self) -> u64 {
        self.last_written
    }

    /// Reserves a cell whose body has `len` bytes, in the first bin with room; returns its offset.
    pub(super) fn reserve(&mut self, len: usize) -> Result<usize, HiveError> {
        let size = len.saturating_add(CELL_HEADER_SIZE).next_multiple_of(8);
        let stored = i32::try_from(size).map_err(|_| too_large("value of 2 GiB or more"))?;
        if !self.open.iter().any(|(from, to)| to.saturating_sub(*from) >= size) {
            self.add_bin(size);
        }
        let Some(room) = self.open.iter_mut().find(|(from, to)| to.saturating_sub(*from) >= size) else {
            return Err(too_large("hive of this size"));
        };
        let at = room.0;
        room.0 = at.saturating_add(size);
        put(&mut self.bytes, at, &stored.saturating_neg().to_le_bytes());
        Ok(at)
    }

    fn add_bin(&mut self, cell_size: usize) {
        let at = self.bytes.len();
        let size = cell_size.saturating_add(BIN_HEADER_SIZE).next_multiple_of(BIN_UNIT);
        let end = at.saturating_add(size);
        self.bytes.resize(end, 0);
        put(&mut self.bytes, at, b"hbin");
        put(&mut self.bytes, at.saturating_add(4), &offset(at).unwrap_or(NO_CELL).to_le_bytes());
        put(&mut self.bytes, at.saturating_add(8), &offset(size).unwrap_or(NO_CELL).to_le_bytes());
        if at == 0 {
            put(&mut self.bytes, 0x14, &self.last_written.to_le_bytes());
        }
        self.open.push((at.saturating_add(BIN_HEADER_SIZE), end));
    }

    pub(super) fn fill(&mut self, cell: usize, body: &[u8]) {
        put(&mut self.bytes, cell.saturating_add(CELL_HEADER_SIZE), body);
    }

    pub(super) fn add(&mut self, body: &[u8]) -> Result<u32, HiveError> {
        let cell = self.reserve(body.len())?;
        self.fill(cell, body);
        offset(cell)
    }

    /// The bytes of all bins, what is left of each made a free cell.
    pub(super) fn finish(mut self) -> Vec<u8> {
        for (from, to) in self.open {
            if from < to {
                let size = offset(to.saturating_sub(from)).unwrap_or(0);
                put(&mut self.bytes, from, &size.to_le_bytes());
            }
        }
        self.bytes
    }
}

pub(super) fn offset(number: usize) -> Result<u32, HiveError> {
    u32::try_from(number).map_err(|_| too_large("hive of 4 GiB or more"))
}

pub(super) const fn too_large(what: &'static str) -> HiveError {
    HiveError::Unsupported { what, at: 0 }
}
