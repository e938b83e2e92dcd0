//! Checksums made right, so that damage comes past them.

use bcdrescue::hive::BaseBlock;

use super::number;
use super::put;

/// CRC-32 as a GPT has it.
pub(super) fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32, byte: &u8| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg()))
    };
    !bytes.iter().fold(u32::MAX, step)
}

/// Makes the checksums of the GPT header at `at` and of its array right, when both are inside.
pub(super) fn mend_gpt_header(disk: &mut [u8], at: usize, sector_size: usize) {
    let Some(header) = disk.get(at..at + 92).filter(|header| header.starts_with(b"EFI PART")) else { return };
    let array = number(header, 0x48, 8).saturating_mul(sector_size as u64);
    let len = number(header, 0x50, 4).saturating_mul(number(header, 0x54, 4));
    let size = number(header, 0x0c, 4) as usize;
    let array = usize::try_from(array).ok().zip(usize::try_from(len).ok());
    if let Some(array) = array.and_then(|(start, len)| disk.get(start..start.checked_add(len)?)) {
        let sum = crc32(array);
        put(disk, at + 0x58, &sum.to_le_bytes());
    }
    put(disk, at + 0x10, &[0; 4]);
    let sum = crc32(disk.get(at..at.saturating_add(size)).unwrap_or_default());
    put(disk, at + 0x10, &sum.to_le_bytes());
}

/// Makes the checksum of a hive's base block right.
pub(super) fn seal(hive: &mut [u8]) {
    if let Some(sum) = BaseBlock::checksum(hive) {
        put(hive, 0x1fc, &sum.to_le_bytes());
    }
}
