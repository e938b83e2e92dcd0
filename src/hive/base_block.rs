//! The base block: the first 4096 bytes of a hive.
//!
//! M. Suhanov, "Windows registry file format specification", Base block.

use super::error::HiveError;
use crate::bytes;

/// Bytes before the first bin; cell offsets count from here.
pub(super) const BASE_BLOCK_SIZE: usize = 0x1000;
/// Hive bins grow in these units.
pub(super) const BIN_UNIT: usize = 0x1000;
/// Larger hives are no boot stores, and would only cost memory.
pub(super) const BINS_SIZE_MAX: u32 = 0x400_0000;

/// The fields of the base block that say what the hive is and whether it was closed properly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BaseBlock {
    /// Raised before a write begins.
    pub primary_sequence: u32,
    /// Set to the primary number when the write has ended.
    pub secondary_sequence: u32,
    /// FILETIME: 100 ns since 1601, UTC.
    pub last_written: u64,
    /// Minor version: 3 to 6. BCD stores have 3, seldom 5.
    pub minor: u32,
    /// Offset of the root key's cell, from the first bin.
    pub root_cell: u32,
    /// Bytes of bins behind the base block.
    pub bins_size: u32,
    /// Flags; leftovers of a longer file name in stores of setup media, so nothing may be decided by them.
    pub flags: u32,
    /// The checksum that stands in the base block.
    pub checksum_stored: u32,
    /// The checksum of the bytes that stand there.
    pub checksum_computed: u32,
}

impl BaseBlock {
    /// Reads the base block; a wrong checksum and unequal sequence numbers are no errors but [`BaseBlock::is_dirty`].
    ///
    /// # Errors
    ///
    /// When the bytes are no primary hive of version 1.3 to 1.6, or shorter than the bins they announce.
    pub fn parse(bytes: &[u8]) -> Result<Self, HiveError> {
        Self::of_file(bytes, u64::try_from(bytes.len()).unwrap_or(u64::MAX), BINS_SIZE_MAX)
    }

    /// Reads the base block that `bytes` begin with; the file has `file_len` bytes and at most `bins_max` of bins.
    pub(super) fn of_file(bytes: &[u8], file_len: u64, bins_max: u32) -> Result<Self, HiveError> {
        if bytes.get(..4) != Some(b"regf") {
            let found = String::from_utf8_lossy(bytes.get(..4).unwrap_or(bytes)).escape_debug().to_string();
            return Err(corrupt("signature of the base block", 0, "regf".into(), found));
        }
        let u32_at = |at| bytes::le_u32(bytes, at).ok_or_else(|| cut(bytes.len()));
        if bytes.len() < BASE_BLOCK_SIZE {
            return Err(cut(bytes.len()));
        }
        let block = Self {
            primary_sequence: u32_at(0x04)?,
            secondary_sequence: u32_at(0x08)?,
            last_written: bytes::le_u64(bytes, 0x0c).ok_or_else(|| cut(bytes.len()))?,
            minor: u32_at(0x18)?,
            root_cell: u32_at(0x24)?,
            bins_size: u32_at(0x28)?,
            flags: u32_at(0x90)?,
            checksum_stored: u32_at(0x1fc)?,
            checksum_computed: Self::checksum(bytes).ok_or_else(|| cut(bytes.len()))?,
        };
        for (what, at) in [("major version", 0x14), ("format", 0x20)] {
            let found = u32_at(at)?;
            if found != 1 {
                return Err(corrupt(what, at, "1".into(), found.to_string()));
            }
        }
        if u32_at(0x1c)? != 0 {
            return Err(HiveError::Unsupported { what: "file that is a log, not a primary hive", at: 0x1c });
        }
        block.check_minor()?;
        block.check_size(file_len, bins_max)?;
        Ok(block)
    }

    /// Whether a write to the hive was cut short: its sequence numbers differ or its checksum is wrong.
    #[must_use]
    pub const fn is_dirty(&self) -> bool {
        self.primary_sequence != self.secondary_sequence || self.checksum_stored != self.checksum_computed
    }

    /// The checksum of the first 508 bytes; `None` when there are fewer.
    ///
    /// All words xor-ed; the results 0 and `u32::MAX` are avoided, which hivex and samba do not know.
    #[must_use]
    pub fn checksum(bytes: &[u8]) -> Option<u32> {
        let words = bytes.get(..0x1fc)?.chunks_exact(4);
        match words.filter_map(|word| bytes::le_u32(word, 0)).fold(0, |sum, word| sum ^ word) {
            0 => Some(1),
            u32::MAX => Some(u32::MAX - 1),
            sum => Some(sum),
        }
    }

    fn check_minor(&self) -> Result<(), HiveError> {
        match self.minor {
            0..=2 => Err(HiveError::Unsupported { what: "hive version below 1.3", at: 0x18 }),
            3..=6 => Ok(()),
            _ => Err(HiveError::Unsupported { what: "hive version above 1.6", at: 0x18 }),
        }
    }

    fn check_size(&self, file_len: u64, bins_max: u32) -> Result<(), HiveError> {
        let size = self.bins_size;
        if size > bins_max {
            let what =
                if bins_max == BINS_SIZE_MAX { "hive of more than 64 MiB" } else { "hive of 2 GiB or more" };
            return Err(HiveError::Unsupported { what, at: 0x28 });
        }
        if size == 0 || !size.is_multiple_of(0x1000) {
            let expected = "a non-zero multiple of 0x1000".into();
            return Err(corrupt("size of the hive bins", 0x28, expected, format!("{size:#x}")));
        }
        let base = u64::try_from(BASE_BLOCK_SIZE).unwrap_or(u64::MAX);
        let present = file_len.saturating_sub(base);
        if u64::from(size) <= present {
            return Ok(());
        }
        let found = format!("{present:#x} bytes");
        Err(corrupt("hive bins", BASE_BLOCK_SIZE, format!("{size:#x} bytes"), found))
    }
}

fn corrupt(what: &'static str, at: usize, expected: String, found: String) -> HiveError {
    HiveError::Corrupt { what, at, expected, found }
}

fn cut(len: usize) -> HiveError {
    corrupt("base block", 0, format!("{BASE_BLOCK_SIZE:#x} bytes"), format!("{len:#x} bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_never_zero_nor_all_ones() {
        let mut bytes = vec![0; 0x200];
        assert_eq!(BaseBlock::checksum(&bytes), Some(1));
        bytes[..4].fill(0xff);
        assert_eq!(BaseBlock::checksum(&bytes), Some(0xffff_fffe));
        bytes[4] = 0x0f;
        assert_eq!(BaseBlock::checksum(&bytes), Some(0xffff_fff0));
        assert_eq!(BaseBlock::checksum(&bytes[..0x1fb]), None);
    }

    #[test]
    fn equal_sequence_numbers_cancel_out_of_the_checksum() {
        let mut bytes = vec![7; 0x200];
        let before = BaseBlock::checksum(&bytes);
        bytes[4..12].copy_from_slice(&[9, 8, 7, 6, 9, 8, 7, 6]);
        assert_eq!(BaseBlock::checksum(&bytes), before);
    }

    #[test]
    fn a_short_file_says_so() {
        assert_eq!(BaseBlock::parse(b"regf"), Err(cut(4)));
        assert!(BaseBlock::parse(b"").is_err());
    }
}
