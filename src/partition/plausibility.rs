//! What a reader of any table should know: partitions that overlap or that the disk is too short for.

use crate::partition::table::PartitionTable;

/// The table with notes about overlaps and ends beyond the disk's `len` bytes. Nothing is dropped.
pub(crate) fn noted(mut table: PartitionTable, len: u64) -> PartitionTable {
    let mut notes = Vec::new();
    let mut ranges = Vec::new();
    for partition in &table.partitions {
        let end = partition.start.saturating_add(partition.len);
        if end > len {
            notes.push(format!(
                "partition {} ends at 0x{end:x}, past the end of the disk at 0x{len:x}",
                partition.number
            ));
        }
        ranges.push((partition.start, end, partition.number));
    }
    ranges.sort_unstable();
    for (one, other) in ranges.iter().zip(ranges.iter().skip(1)) {
        if other.0 < one.1 {
            notes.push(format!("partitions {} and {} overlap at 0x{:x}", one.2, other.2, other.0));
        }
    }
    table.notes.extend(notes);
    table
}
