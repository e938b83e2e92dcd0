//! Free FILE records: found in the table's own $BITMAP, and marked.

use crate::bytes::le_u16;
use crate::volume::error::VolumeError;
use crate::volume::ntfs::file_record::FileRecord;
use crate::volume::ntfs::write::error::NtfsWriteError;
use crate::volume::ntfs::write::fields::bits;
use crate::volume::ntfs::write::ground::Ground;
use crate::volume::ntfs::write::pending::Phase;

/// The first record that drivers give to files: 0 to 15 are the system's, 16 to 23 are kept for it.
const FIRST: u64 = 24;
/// Bytes of the bitmap that are read at a time, and in one search: 2 million records.
const PIECE: u64 = 4096;
const BUDGET: u64 = 256 << 10;
/// Records that the bitmap has free and that are not, in one search.
const MAX_SKIPPED: usize = 256;

/// A record that was free, and is marked in use.
pub(super) struct Slot {
    pub(super) number: u64,
    /// Sequence that a file in it gets.
    pub(super) sequence: u16,
    /// What stands there.
    pub(super) raw: Vec<u8>,
}

impl Slot {
    /// How a directory or an index names a file in it.
    pub(super) fn reference(&self) -> u64 {
        reference(self.number, self.sequence)
    }
}

/// How a directory or an index names a file.
pub(super) fn reference(number: u64, sequence: u16) -> u64 {
    number | (u64::from(sequence) << 48)
}

/// Finds a free record from `from` on, and marks it.
///
/// # Errors
/// There is none: the table is not made longer. Or the medium fails.
pub(super) fn take(ground: &mut Ground<'_>, from: u64) -> Result<Slot, NtfsWriteError> {
    let size = u64::from(ground.boot.record_size);
    let records = ground.table.initialised.checked_div(size).unwrap_or(0);
    let end = records.min(ground.records_in_use.initialised.saturating_mul(8));
    let from = from.max(FIRST);
    let mut skipped = 0usize;
    for (start, end) in [(from, end), (FIRST, from.min(end))] {
        let mut at = start & !7;
        let limit = end.min(at.saturating_add(BUDGET.saturating_mul(8)));
        while at < limit {
            let len = PIECE.min(limit.saturating_sub(at).div_ceil(8));
            let bytes = ground.read(&ground.records_in_use, at >> 3, len)?;
            for (number, in_use) in (at..limit).zip(bits(&bytes)) {
                if in_use || number < start || skipped > MAX_SKIPPED {
                    continue;
                }
                if let Some(slot) = free(ground, number)? {
                    mark(ground, number)?;
                    return Ok(slot);
                }
                skipped = skipped.saturating_add(1);
            }
            at = at.saturating_add(len.saturating_mul(8));
        }
    }
    Err(NtfsWriteError::NoRecord)
}

/// Record `number`, if it is free: never used, or left by a file. What is anything else is left alone.
fn free(ground: &Ground<'_>, number: u64) -> Result<Option<Slot>, NtfsWriteError> {
    let size = u64::from(ground.boot.record_size);
    let raw = ground.read(&ground.table, number.saturating_mul(size), size)?;
    if raw.iter().all(|byte| *byte == 0) {
        return Ok(Some(Slot { number, sequence: 1, raw }));
    }
    let is_left = FileRecord::decode(&raw, 0).is_ok_and(|record| !record.in_use);
    let sequence = le_u16(&raw, 0x10).unwrap_or(0).max(1);
    Ok(is_left.then_some(Slot { number, sequence, raw }))
}

fn mark(ground: &mut Ground<'_>, number: u64) -> Result<(), NtfsWriteError> {
    let bitmap = ground.records_in_use.clone();
    let bytes = ground.read(&bitmap, number >> 3, 1)?;
    let Some(byte) = bytes.first() else {
        return Err(VolumeError::corrupt("$MFT", number >> 3, "a bit for each record", "fewer").into());
    };
    ground.put(&bitmap, number >> 3, &[byte | 1u8 << (number & 7)], Phase::Bits)
}
