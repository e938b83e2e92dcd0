//! The sequence numbers that a hive or a log has come to.
//!
//! M. Suhanov, "Windows registry file format specification", Base block and Transaction log files (log entries: `HvLE`, the sequence number at
//! 0x0c).

use crate::bytes::le_u32;
use crate::hive::base_block::BaseBlock;

/// Log entries begin at multiples of this.
const UNIT: usize = 512;

/// The highest sequence number that a hive or log says it has come to; 0 for bytes that are neither.
#[must_use]
pub fn highest_sequence(bytes: &[u8]) -> u32 {
    let is_head = bytes.starts_with(b"regf")
        && BaseBlock::checksum(bytes).is_some_and(|sum| le_u32(bytes, 0x1fc) == Some(sum));
    if !is_head {
        return 0;
    }
    let of_head = [0x04, 0x08].into_iter().filter_map(|at| le_u32(bytes, at));
    let entries = bytes.chunks(UNIT).skip(1).filter(|entry| entry.starts_with(b"HvLE"));
    of_head.chain(entries.filter_map(|entry| le_u32(entry, 0x0c))).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bytes::put;

    fn log(primary: u32, entry: u32) -> Vec<u8> {
        let mut log = vec![0; 1024];
        put(&mut log, 0, b"regf");
        put(&mut log, 4, &primary.to_le_bytes());
        put(&mut log, 8, &primary.to_le_bytes());
        let sum = BaseBlock::checksum(&log).unwrap_or(0);
        put(&mut log, 0x1fc, &sum.to_le_bytes());
        put(&mut log, 512, b"HvLE");
        put(&mut log, 512 + 0x0c, &entry.to_le_bytes());
        log
    }

    #[test]
    fn the_highest_number_counts_wherever_it_stands() {
        assert_eq!(highest_sequence(&log(7, 9)), 9);
        assert_eq!(highest_sequence(&log(12, 9)), 12);
    }

    #[test]
    fn what_no_boot_manager_would_replay_does_not_count() {
        let mut damaged = log(7, 9);
        damaged[5] ^= 1;
        assert_eq!(highest_sequence(&damaged), 0);
        assert_eq!(highest_sequence(&[0xff; 2048]), 0);
        assert_eq!(highest_sequence(b"regf"), 0);
    }
}
