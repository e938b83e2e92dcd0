//! A hybrid MBR: entries of an MBR that name some of the partitions of the GPT beside it, for machines with a BIOS.
//!
//! Source: Roderick Smith, "Hybrid MBRs". No specification has them; a BIOS and Windows on a BIOS go by the MBR, all others by the GPT.

use crate::partition::master_boot_record::Entry;
use crate::partition::master_boot_record::MasterBootRecord;
use crate::partition::table::HybridEntry;
use crate::partition::table::PartitionTable;

/// What the MBR beside a GPT says besides that there is one.
pub(crate) fn add(table: &mut PartitionTable, record: &MasterBootRecord) {
    let Some(note) = record.hybrid_note() else { return };
    let bytes = |sectors: u32| u64::from(sectors).saturating_mul(u64::from(table.sector_size));
    let entry = |(number, entry): (u32, &Entry)| HybridEntry {
        number,
        start: bytes(entry.start),
        len: bytes(entry.sectors),
    };
    let entries: Vec<HybridEntry> = record.beside().map(entry).collect();
    let active: Vec<u64> = record
        .beside()
        .filter(|(_, entry)| entry.flag == 0x80)
        .map(|(_, entry)| bytes(entry.start))
        .collect();
    for partition in &mut table.partitions {
        partition.active = active.contains(&partition.start);
    }
    table.hybrid_entries = entries;
    table.hybrid = Some(record.signature).filter(|signature| *signature != 0);
    table.boot_flags = record.entries.map(|entry| entry.flag);
    table.notes.push(note);
}

#[cfg(test)]
mod tests {
    use crate::partition::read;
    use crate::partition::test_tools;
    use crate::storage::ram::Ram;

    #[test]
    fn what_sgdisk_wrote_is_read_and_a_protective_mbr_is_none() {
        let arguments = ["-n1:2048:+1M", "-n2:6144:+2M"];
        let plain = read(&test_tools::sgdisk(&arguments).storage()).unwrap();
        assert_eq!((plain.hybrid_entries.as_slice(), plain.boot_flags), (&[][..], [0; 4]));
        let mut bytes = test_tools::sgdisk(&[arguments[0], arguments[1], "-h2"]).bytes();
        let table = read(&Ram::new(bytes.clone(), None)).unwrap();
        let [entry] = *table.hybrid_entries else { panic!("{:?}", table.hybrid_entries) };
        assert_eq!((entry.start, entry.len), (6144 * 512, 2 << 20));
        assert!(table.partitions.iter().all(|partition| !partition.active));
        bytes[0x1be + 16 * (entry.number as usize - 1)] = 0x80;
        let table = read(&Ram::new(bytes, None)).unwrap();
        assert_eq!(table.partitions.iter().map(|it| it.active).collect::<Vec<_>>(), [false, true]);
        assert_eq!(table.boot_flags[entry.number as usize - 1], 0x80);
    }
}
