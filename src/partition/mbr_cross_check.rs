//! The `mbrman` crate's reading of an MBR, as a second opinion on ours.
//!
//! It refuses boot flags other than 00 and 80 and chains of extended boot records that go back, and it overflows on
//! crafted ones; so it is only asked where our own walk found nothing of that kind, and only behind a fence.

use mbrman::MBR;

use crate::error::Corrupt;
use crate::partition::ebr::Chain;
use crate::partition::error::PartitionError;
use crate::partition::master_boot_record::MasterBootRecord;
use crate::partition::table::Partition;
use crate::partition::table::PartitionType;
use crate::storage::Storage;
use crate::storage::reader::Reader;
use crate::storage::reader::fence;

/// Reads that the crate may make: one per field of one MBR and of each record of the chain, with room.
const BUDGET: u64 = 20_000;

/// Compares; notes say why the crate was not believed.
///
/// # Errors
/// [`PartitionError::Corrupt`] when both read the table and differ.
pub(crate) fn compare(
    storage: &dyn Storage,
    record: &MasterBootRecord,
    chain: &Chain,
    ours: &[Partition],
    sector_size: u32,
) -> Result<Vec<String>, PartitionError> {
    let has_chain = record.entries.iter().any(|entry| entry.is_extended());
    let flags_are_plain = record.entries.iter().all(|entry| matches!(entry.flag, 0 | 0x80));
    // The crate takes two more codes for extended partitions, and does not mind one of no sectors.
    let is_container = |kind| matches!(kind, 0x05 | 0x0f | 0x85 | 0xc5 | 0xd5);
    let odd_container = record.entries.iter().any(|entry| is_container(entry.kind) && !entry.is_extended());
    if !flags_are_plain || odd_container || (has_chain && !chain.is_plain) {
        return Ok(vec!["the partition table is unusual: only one of the two parsers reads it".into()]);
    }
    let theirs = fence(|| MBR::read_from(&mut Reader::new(storage, BUDGET), sector_size));
    let theirs = match theirs {
        Ok(Ok(theirs)) => theirs,
        Ok(Err(error)) => return Ok(vec![format!("only one of the two parsers reads the table ({error})")]),
        Err(panic) => return Ok(vec![format!("only one of the two parsers reads the table ({panic})")]),
    };
    let rows = |theirs: &MBR| -> Vec<(u64, u64, u8)> {
        let used = theirs.iter().filter(|(_, it)| it.sys != 0 && it.sectors != 0);
        let plain = used.filter(|(_, it)| !matches!(it.sys, 0x05 | 0x0f | 0x85));
        plain
            .map(|(_, it)| (bytes(it.starting_lba, sector_size), bytes(it.sectors, sector_size), it.sys))
            .collect()
    };
    let our_rows: Vec<(u64, u64, u8)> = ours.iter().map(|it| (it.start, it.len, type_byte(it))).collect();
    if theirs.header.disk_signature == record.signature.to_le_bytes() && rows(&theirs) == our_rows {
        return Ok(Vec::new());
    }
    let expected = format!("{} partitions from both parsers", our_rows.len());
    let found = format!("a different table from mbrman ({} partitions)", rows(&theirs).len());
    Err(Corrupt::new("MBR partition table", 0x1be, expected, found).into())
}

fn bytes(sectors: u32, sector_size: u32) -> u64 {
    u64::from(sectors).saturating_mul(u64::from(sector_size))
}

fn type_byte(partition: &Partition) -> u8 {
    match partition.kind {
        PartitionType::Mbr(kind) => kind,
        _ => 0,
    }
}
