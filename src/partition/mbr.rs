//! The partitions of an MBR disk: its four entries and the chains that they begin, with what is odd about them.

use crate::partition::boot_sector::BootSector;
use crate::partition::ebr;
use crate::partition::error::PartitionError;
use crate::partition::master_boot_record::Entry;
use crate::partition::master_boot_record::MasterBootRecord;
use crate::partition::mbr_cross_check;
use crate::partition::table::BootCode;
use crate::partition::table::DiskId;
use crate::partition::table::Partition;
use crate::partition::table::PartitionId;
use crate::partition::table::PartitionTable;
use crate::partition::table::PartitionType;
use crate::partition::table::TableKind;
use crate::storage::Storage;
use crate::storage::StorageError;

/// Reads an MBR disk; `None` when the four entries cannot be a partition table.
pub(crate) fn read(
    storage: &dyn Storage,
    record: &MasterBootRecord,
    sizes: &[u32],
) -> Result<Option<PartitionTable>, PartitionError> {
    let Some(mut notes) = flag_notes(record, storage.len()) else { return Ok(None) };
    let sector_size = match sizes {
        [size] => *size,
        _ => sector_size_by_evidence(storage, record)?,
    };
    notes.extend(dynamic_disk_note(storage, record)?);
    let (chain, containers) = ebr::read_all(storage, &record.entries, sector_size)?;
    let mut partitions: Vec<Partition> = record
        .numbered()
        .zip(&containers)
        .filter(|((_, entry), container)| entry.is_used() && (!entry.is_extended() || container.is_volume))
        .map(|((number, entry), _)| partition(number, entry, u64::from(entry.start), sector_size))
        .collect();
    for (number, logical) in (5u32..).zip(&chain.logicals) {
        let mut found = partition(number, &logical.entry, logical.start, sector_size);
        found.logical = true;
        partitions.push(found);
    }
    notes.extend(chain.notes.iter().cloned());
    notes.extend(mbr_cross_check::compare(storage, record, &chain, &partitions, sector_size)?);
    Ok(Some(PartitionTable {
        kind: TableKind::Mbr,
        sector_size,
        disk: Some(DiskId::Mbr(record.signature)),
        partitions,
        boot_code: BootCode::None,
        boot_flags: record.entries.map(|entry| entry.flag),
        container_code: containers.map(|container| container.has_code),
        hybrid: None,
        hybrid_entries: Vec::new(),
        unprotected: None,
        damaged_copy: None,
        beneath: None,
        unseen: chain.unseen,
        notes,
    }))
}

/// A partition from an entry whose absolute first sector is `start`.
fn partition(number: u32, entry: &Entry, start: u64, sector_size: u32) -> Partition {
    // A 33-bit sector number times 4096 is far from the end of a u64.
    let offset = start.saturating_mul(u64::from(sector_size));
    Partition {
        number,
        start: offset,
        len: u64::from(entry.sectors).saturating_mul(u64::from(sector_size)),
        kind: PartitionType::Mbr(entry.kind),
        id: Some(PartitionId::Mbr { offset }),
        active: entry.flag == 0x80,
        logical: false,
        name: None,
    }
}

/// Notes about boot flags that are neither 00 nor 80; `None` when the entries with such flags make no sense either,
/// so that the sector is some program's code and no table.
fn flag_notes(record: &MasterBootRecord, len: u64) -> Option<Vec<String>> {
    let is_inside = |entry: &Entry| {
        let end = u64::from(entry.start).saturating_add(u64::from(entry.sectors));
        entry.is_used() && entry.start != 0 && end.saturating_mul(512) <= len
    };
    let is_plain = |other: &Entry| matches!(other.flag, 0 | 0x80) && is_inside(other);
    let mut notes = Vec::new();
    for (number, entry) in record.numbered().filter(|(_, entry)| !matches!(entry.flag, 0 | 0x80)) {
        // Of a free entry the rest of the table has to tell.
        let is_free = (entry.kind, entry.start, entry.sectors) == (0, 0, 0);
        let is_table = is_inside(entry) || is_free && record.entries.iter().any(is_plain);
        if !is_table {
            return None;
        }
        notes.push(format!(
            "entry {number} has boot flag 0x{:02x}, neither 00 nor 80: boot code stops there",
            entry.flag
        ));
    }
    Some(notes)
}

/// For an image: 4096 when a boot sector of such sectors is found where that puts a partition, and none where 512 does.
fn sector_size_by_evidence(storage: &dyn Storage, record: &MasterBootRecord) -> Result<u32, PartitionError> {
    let mut answer = 512;
    for entry in record.entries.iter().filter(|entry| entry.is_used() && !entry.is_extended()) {
        if boot_sector_at(storage, entry.start, 512)?.is_some() {
            return Ok(512);
        }
        let found = boot_sector_at(storage, entry.start, 4096)?;
        if found.is_some_and(|found| found.bytes_per_sector == Some(4096)) {
            answer = 4096;
        }
    }
    Ok(answer)
}

fn boot_sector_at(
    storage: &dyn Storage,
    sector: u32,
    sector_size: u64,
) -> Result<Option<BootSector>, PartitionError> {
    match storage.read_vec(u64::from(sector).saturating_mul(sector_size), 512) {
        Ok(bytes) => Ok(BootSector::recognise(&bytes)),
        Err(StorageError::OutOfRange { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Logical Disk Manager: type 0x42, and "PRIVHEAD" in the seventh sector.
fn dynamic_disk_note(
    storage: &dyn Storage,
    record: &MasterBootRecord,
) -> Result<Option<String>, PartitionError> {
    let by_type = record.entries.iter().any(|entry| entry.is_used() && entry.kind == 0x42);
    let by_header = storage.len() >= 0xc08 && storage.read_vec(0xc00, 8)? == b"PRIVHEAD";
    Ok((by_type || by_header)
        .then(|| "dynamic disk (LDM): its volumes are not the entries of this table".into()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::partition::read;
    use crate::partition::test_tools;
    use crate::storage::ram::Ram;

    /// An MBR with the given (flag, type, start, sectors).
    pub(crate) fn sector(entries: &[(u8, u8, u32, u32)]) -> Vec<u8> {
        let mut sector = vec![0; 512];
        sector[0x1b8..0x1bc].copy_from_slice(&0x1234_5678u32.to_le_bytes());
        for (index, (flag, kind, start, sectors)) in entries.iter().enumerate() {
            let at = 0x1be + 16 * index;
            sector[at] = *flag;
            sector[at + 4] = *kind;
            sector[at + 8..at + 12].copy_from_slice(&start.to_le_bytes());
            sector[at + 12..at + 16].copy_from_slice(&sectors.to_le_bytes());
        }
        sector[0x1fe..].copy_from_slice(&[0x55, 0xaa]);
        sector
    }

    fn disk(entries: &[(u8, u8, u32, u32)], sectors: usize) -> Ram {
        let mut bytes = sector(entries);
        bytes.resize(sectors * 512, 0);
        Ram::new(bytes, None)
    }

    #[test]
    fn entries_become_byte_ranges_and_identities() {
        let table = read(&disk(&[(0x80, 7, 2048, 100), (0, 0, 0, 0), (0, 0x27, 4096, 50)], 8192)).unwrap();
        assert_eq!(table.kind, TableKind::Mbr);
        assert_eq!(table.disk, Some(DiskId::Mbr(0x1234_5678)));
        assert_eq!(table.partitions.iter().map(|it| it.number).collect::<Vec<_>>(), [1, 3]);
        assert_eq!(table.partitions[0].id, Some(PartitionId::Mbr { offset: 2048 * 512 }));
        assert!(table.partitions[0].active && !table.partitions[1].active);
        assert_eq!(table.notes, Vec::<String>::new());
    }

    #[test]
    fn a_strange_boot_flag_is_said_when_the_rest_makes_sense() {
        let table = read(&disk(&[(0x01, 7, 2048, 100)], 8192)).unwrap();
        assert_eq!(table.kind, TableKind::Mbr);
        assert!(table.notes.iter().any(|note| note.contains("boot flag 0x01")), "{:?}", table.notes);
        let table = read(&disk(&[(0x73, 7, 2048, 0xffff_0000)], 8192)).unwrap();
        assert_eq!(table.kind, TableKind::None);
    }

    #[test]
    fn overlaps_and_ends_beyond_the_disk_are_noted_and_kept() {
        let table = read(&disk(&[(0, 7, 2048, 100), (0, 7, 2100, 100_000)], 8192)).unwrap();
        assert_eq!(table.partitions.len(), 2);
        assert!(table.notes.iter().any(|note| note.contains("overlap")), "{:?}", table.notes);
        assert!(table.notes.iter().any(|note| note.contains("past the end")), "{:?}", table.notes);
    }

    #[test]
    fn a_dynamic_disk_is_named() {
        let table = read(&disk(&[(0, 0x42, 63, 4000)], 8192)).unwrap();
        assert!(table.notes.iter().any(|note| note.contains("dynamic disk")), "{:?}", table.notes);
    }

    #[test]
    fn an_image_with_sectors_of_4096_bytes_is_known_by_its_volume() {
        let mut bytes = sector(&[(0x80, 7, 16, 16)]);
        bytes.resize(64 * 4096, 0);
        let mut volume = vec![0; 512];
        volume[3..11].copy_from_slice(b"NTFS    ");
        volume[0x0b..0x0d].copy_from_slice(&4096u16.to_le_bytes());
        volume[0x1fe..].copy_from_slice(&[0x55, 0xaa]);
        bytes[16 * 4096..16 * 4096 + 512].copy_from_slice(&volume);
        let table = read(&Ram::new(bytes.clone(), None)).unwrap();
        assert_eq!((table.sector_size, table.partitions[0].start), (4096, 65536));
        let told = read(&Ram::new(bytes, Some(512))).unwrap();
        assert_eq!((told.sector_size, told.partitions[0].start), (512, 8192));
    }

    #[test]
    fn sfdisk_and_we_read_the_same() {
        let script = "label: dos\nlabel-id: 0xcafe0001\n2048,4096,7,*\n8192,20480,5\n10240,2048,7\n14336,2048,83\n18432,1024,c\n";
        let image = test_tools::sfdisk(script, 16 << 20);
        let table = read(&image.storage()).unwrap();
        assert_eq!(table.disk, Some(DiskId::Mbr(0xcafe_0001)));
        assert_eq!(test_tools::rows(&table), image.sfdisk_rows());
        assert_eq!(table.partitions.iter().filter(|it| it.logical).count(), 3);
        assert_eq!(table.notes, Vec::<String>::new());
    }

    #[test]
    fn a_volume_where_the_chain_should_begin_is_a_partition_that_was_typed_so() {
        let volume = |entry: &[u8]| {
            let mut volume = vec![0x90; 512];
            volume[3..11].copy_from_slice(b"NTFS    ");
            volume[0x0b..0x0d].copy_from_slice(&512u16.to_le_bytes());
            volume[0x1be..0x1be + entry.len()].copy_from_slice(entry);
            volume[0x1fe..].copy_from_slice(&[0x55, 0xaa]);
            let mut bytes = sector(&[(0x80, 7, 2048, 100), (0, 0x0f, 4096, 1000)]);
            bytes.resize(8192 * 512, 0);
            bytes[4096 * 512..4097 * 512].copy_from_slice(&volume);
            read(&Ram::new(bytes, None)).unwrap()
        };
        for code in [vec![], vec![0; 64]] {
            let table = volume(&code);
            assert_eq!(table.partitions.iter().map(|it| it.number).collect::<Vec<_>>(), [1, 2]);
            let second = &table.partitions[1];
            assert_eq!((second.kind, second.len), (PartitionType::Mbr(0x0f), 1000 * 512));
            assert_eq!((table.unseen, table.container_code), (None, [false; 4]));
        }
        // What an older volume left in a record does not make it one.
        let logical = sector(&[(0, 7, 63, 500)])[0x1be..0x1fe].to_vec();
        let table = volume(&logical);
        assert_eq!(table.partitions.iter().map(|it| it.number).collect::<Vec<_>>(), [1, 5]);
    }

    #[test]
    fn a_partition_of_the_protective_type_is_no_gpt() {
        let mistyped = |entries: &[(u8, u8, u32, u32)], change: &dyn Fn(&mut [u8])| {
            let mut bytes = sector(entries);
            bytes.resize(8192 * 512, 0);
            change(&mut bytes);
            read(&Ram::new(bytes, Some(512))).map(|table| (table.kind, table.partitions.len())).ok()
        };
        let beside = [(0x80, 7, 2048, 100), (0, 0xee, 4096, 100)];
        assert_eq!(mistyped(&beside, &|_| {}), Some((TableKind::Mbr, 2)));
        let alone = [(0x80, 0xee, 4096, 100)];
        let volume = |bytes: &mut [u8]| {
            bytes[4096 * 512 + 3..][..8].copy_from_slice(b"NTFS    ");
            bytes[4096 * 512 + 0x0b..][..2].copy_from_slice(&512u16.to_le_bytes());
            bytes[4097 * 512 - 2..][..2].copy_from_slice(&[0x55, 0xaa]);
        };
        assert_eq!(mistyped(&alone, &volume), Some((TableKind::Mbr, 1)));
        assert_eq!(mistyped(&alone, &|_| {}), None);
        assert_eq!(mistyped(&[(0x80, 7, 2048, 100), (0, 0xee, 1, 100)], &|_| {}), None);
        // A header that is damaged promises more than the entry does.
        for at in [512, 8191 * 512] {
            assert_eq!(mistyped(&beside, &|bytes| bytes[at..at + 8].copy_from_slice(b"EFI PART")), None);
        }
    }

    #[test]
    fn a_chain_that_goes_back_is_read_as_sfdisk_reads_it() {
        // mbrman refuses this one.
        let script = "label: dos\n8192,20480,5\n10240,2048,7\n18432,1024,7\n14336,2048,83\n";
        let image = test_tools::sfdisk(script, 16 << 20);
        let table = read(&image.storage()).unwrap();
        assert_eq!(test_tools::rows(&table), image.sfdisk_rows());
        assert_eq!(table.partitions[1].start, 18432 * 512, "numbers follow the chain");
        assert!(
            table.notes.iter().any(|note| note.contains("only one of the two parsers")),
            "{:?}",
            table.notes
        );
    }

    #[test]
    fn containers_of_other_codes_are_partitions_and_no_reason_to_differ() {
        for entry in [(0, 0xc5, 2048, 100), (0, 5, 2048, 0)] {
            let table = read(&disk(&[entry], 8192)).unwrap();
            assert_eq!(table.kind, TableKind::Mbr);
        }
    }

    #[test]
    fn no_byte_of_the_record_or_of_the_chain_can_make_it_panic_or_hang() {
        let script = "label: dos\n2048,4096,7,*\n8192,20480,f\n10240,2048,7\n14336,2048,83\n";
        let good = test_tools::sfdisk(script, 16 << 20).bytes();
        let disk = |bytes: &[u8]| read(&Ram::new(bytes.to_vec(), None)).map(|table| table.partitions.len());
        let mut small = good.clone();
        small.truncate(13_000 * 512);
        for at in (0x1b8..512).chain((8192 * 512 + 0x1be)..(8193 * 512)) {
            for flip in [0x01, 0x80, 0xff] {
                let before = small[at];
                small[at] ^= flip;
                let _ = disk(&small);
                small[at] = before;
            }
        }
    }
}
