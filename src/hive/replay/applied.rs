//! What the logs make of a hive, page by page, and the seal on it.

use super::Page;
use super::RECOVERED_MAX;
use super::UsedLog;
use super::head::HEAD;
use crate::bytes::put;
use crate::hive::base_block::BASE_BLOCK_SIZE;
use crate::hive::base_block::BaseBlock;

/// What the logs make of a hive.
pub(super) struct Applied {
    pub(super) bytes: Vec<u8>,
    pub(super) pages: Vec<Page>,
    pub(super) used: Vec<UsedLog>,
}

impl Applied {
    /// The hive as it is.
    pub(super) fn new(hive: &[u8]) -> Self {
        Self { bytes: hive.to_vec(), pages: Vec::new(), used: Vec::new() }
    }

    /// Takes over the pages of a log, or of one entry of it.
    pub(super) fn take(&mut self, log: &str, number: u32, pages: &[(usize, &[u8])]) {
        for (at, page) in pages {
            self.put(*at, page);
            self.pages.push(Page { at: *at, len: page.len(), log: log.to_owned(), number });
        }
    }

    fn put(&mut self, at: usize, bytes: &[u8]) {
        let end = at.saturating_add(bytes.len());
        if self.bytes.len() < end {
            self.bytes.resize(end, 0);
        }
        put(&mut self.bytes, at, bytes);
    }

    /// Takes the base block of a log, of which a log has the checked part only.
    pub(super) fn take_base_block(&mut self, log: &[u8]) {
        self.put(0, log.get(..HEAD).unwrap_or_default());
    }

    /// Takes the one flag that an entry carries over.
    pub(super) fn set_flag_of(&mut self, flags: u32) {
        if let Some(byte) = self.bytes.get_mut(0x90) {
            *byte = *byte & !1 | u8::from(flags & 1 == 1);
        }
    }

    /// Sets the size of the bins, and with it the length, which is never below that of the file.
    pub(super) fn set_bins_size(&mut self, bins_size: u32) {
        self.put(0x28, &bins_size.to_le_bytes());
        let len = usize::try_from(bins_size).unwrap_or(usize::MAX).saturating_add(BASE_BLOCK_SIZE);
        if self.bytes.len() < len && len <= RECOVERED_MAX {
            self.bytes.resize(len, 0);
        }
    }
}

/// A hive with this number twice, of the type of hives, and with a checksum that fits: closed properly.
pub(super) fn seal(mut hive: Vec<u8>, number: u32) -> Vec<u8> {
    for (at, value) in [(0x04, number), (0x08, number), (0x1c, 0)] {
        put(&mut hive, at, &u32::to_le_bytes(value));
    }
    let sum = BaseBlock::checksum(&hive).unwrap_or(1);
    put(&mut hive, 0x1fc, &sum.to_le_bytes());
    hive
}
