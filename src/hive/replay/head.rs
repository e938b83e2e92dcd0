//! The head of a log, and what a hive's own base block says of its last write.

use super::reason::Unfit;
use crate::bytes;
use crate::hive::base_block::BASE_BLOCK_SIZE;
use crate::hive::base_block::BaseBlock;

/// Bytes of a log before its entries or pages: the checked part of a base block.
pub(super) const HEAD: usize = 512;

/// Which kind of log it is, by the file type in its head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scheme {
    /// Types 1 and 2: one flush, "DIRT", a bitmap and pages.
    Pages,
    /// Type 6, of Windows 8.1 and later: entries "HvLE".
    Entries,
}

/// The copy of the base block that a log begins with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    pub(super) scheme: Scheme,
    /// Both sequence numbers.
    pub(super) number: u32,
    /// FILETIME of the hive's last write.
    pub(super) written: u64,
    pub(super) bins_size: u32,
}

impl Head {
    /// Reads the head of a log, or says why it is of no use.
    pub(super) fn parse(log: &[u8]) -> Result<Self, Unfit> {
        let field = |at| bytes::le_u32(log, at).ok_or(Unfit::Short(log.len()));
        let sum = BaseBlock::checksum(log);
        let (number, secondary, stored) = (field(0x04)?, field(0x08)?, field(0x1fc)?);
        if !log.starts_with(b"regf") {
            return Err(Unfit::NoBaseBlock);
        }
        if sum != Some(stored) {
            return Err(Unfit::Checksum(stored));
        }
        if number != secondary {
            return Err(Unfit::Numbers(number, secondary));
        }
        let scheme = match field(0x1c)? {
            1 | 2 => Scheme::Pages,
            6 => Scheme::Entries,
            kind => return Err(Unfit::Type(kind)),
        };
        let written = bytes::le_u64(log, 0x0c).unwrap_or(0);
        Ok(Self { scheme, number, written, bins_size: field(0x28)? })
    }
}

/// Whether a hive was closed properly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Closed {
    /// It was: its logs tell nothing.
    Yes,
    /// A write was begun and not ended.
    No { primary: u32, secondary: u32, written: u64 },
    /// Its base block is damaged.
    Damaged,
}

impl Closed {
    pub(super) fn of(hive: &[u8]) -> Self {
        let field = |at| bytes::le_u32(hive, at);
        let sum = BaseBlock::checksum(hive);
        let is_whole = hive.starts_with(b"regf") && sum.is_some() && sum == field(0x1fc);
        match (field(4), field(8), bytes::le_u64(hive, 0x0c)) {
            (Some(primary), Some(secondary), _) if is_whole && primary == secondary => Self::Yes,
            (Some(primary), Some(secondary), Some(written)) if is_whole => {
                Self::No { primary, secondary, written }
            }
            _ => Self::Damaged,
        }
    }
}

/// FILETIME in the first bin, which is that of the base block: the one to go by where that is damaged.
pub(super) fn first_bin_written(hive: &[u8]) -> Option<u64> {
    let bin = hive.get(BASE_BLOCK_SIZE..)?;
    if bin.starts_with(b"hbin") { bytes::le_u64(bin, 0x14) } else { None }
}
