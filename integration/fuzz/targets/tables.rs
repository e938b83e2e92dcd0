//! Partition tables.

use bcdrescue::guid::Guid;
use bcdrescue::partition::DiskId;
use bcdrescue::partition::PartitionTable;
use bcdrescue::partition::TableKind;
use bcdrescue::partition::boot_code::MbrCode;
use bcdrescue::partition::edit::with_signature;
use bcdrescue::partition::gpt::copies;
use bcdrescue::partition::read;
use bcdrescue::storage::StorageMut;
use bcdrescue::storage::ram::Ram;

use super::checksums::mend_gpt_header;
use super::counted::Counted;
use super::number;
use super::one_line;
use super::put;
use super::steered;

/// Reads that a table may take: two crates with a budget each, and ours.
const READS: u64 = 60_000;
const BYTES: u64 = 64 << 20;

/// The first byte tells the sector size that the medium has.
fn sector_size(steer: u8) -> Option<u32> {
    match steer & 3 {
        0 => None,
        1 => Some(512),
        2 => Some(4096),
        _ => Some(2048),
    }
}

fn table(disk: &Ram) -> Option<PartitionTable> {
    let counted = Counted::new(disk, READS, BYTES);
    let found = read(&counted);
    counted.check();
    match found {
        Ok(table) => {
            table.notes.iter().for_each(|note| one_line(note));
            assert!(matches!(table.sector_size, 512..=4096), "{table:?}");
            let text = table.disk.map(DiskId::text);
            assert_eq!(text.as_deref().and_then(DiskId::from_text), table.disk);
            Some(table)
        }
        Err(error) => {
            one_line(&error.to_string());
            None
        }
    }
}

/// A disk: the first byte steers, the rest is the disk.
pub(super) fn mbr(data: &[u8]) {
    let (steer, bytes) = steered(data);
    let disk = Ram::new(bytes.to_vec(), sector_size(steer));
    let Some(found) = table(&disk) else { return };
    let Some(DiskId::Mbr(old)) = found.disk.filter(|_| found.kind == TableKind::Mbr) else { return };
    // Another signature is four bytes and nothing else.
    let new = with_signature(&bytes[..512], !old).expect("a whole sector");
    let mut other = disk.clone();
    other.write_at(0, &new).expect("inside");
    let changed = table(&other).expect("the same table with another signature");
    assert_eq!(changed.disk, Some(DiskId::Mbr(!old)));
    assert_eq!(PartitionTable { disk: found.disk, ..changed }, found);
    assert_eq!(with_signature(&new, old).as_deref(), Some(&bytes[..512]));
    // Other code is no other table.
    for code in MbrCode::find_in(bytes).into_iter().chain([MbrCode::own()]) {
        let mut other = disk.clone();
        other.write_at(0, &code.written_over(bytes).expect("a whole sector")).expect("inside");
        let changed = table(&other).expect("the same table with other code");
        assert_eq!(PartitionTable { boot_code: found.boot_code, ..changed }, found);
    }
}

/// A disk: the first byte steers (the sector size, and whether the checksums are made right), the rest is the disk.
pub(super) fn gpt(data: &[u8]) {
    let (steer, bytes) = steered(data);
    let mut bytes = bytes.to_vec();
    if steer & 4 != 0 {
        mend(&mut bytes);
    }
    let mut disk = Ram::new(bytes, sector_size(steer));
    let Some(found) = table(&disk) else { return };
    let Some(DiskId::Gpt(old)) = found.disk else { return };
    let counted = Counted::new(&disk, READS, BYTES);
    let both = copies(&counted, found.sector_size);
    counted.check();
    let both = match both {
        Ok(both) => both,
        Err(error) => return one_line(&error.to_string()),
    };
    let other = Guid::from_u128(0x1234_5678_9abc_def0_1122_3344_5566_7788);
    let before = disk.bytes().to_vec();
    for guid in [other, old] {
        for copy in &both {
            let new = copy.with_identity(guid, &[]).expect("a whole copy");
            for (at, bytes) in [(new.array_at, &new.array), (new.header_at, &new.header)] {
                disk.write_at(at, bytes).expect("inside");
            }
        }
        let changed = table(&disk).expect("the same table with another GUID");
        assert_eq!(changed.disk, Some(DiskId::Gpt(guid)));
        assert_eq!(changed.partitions, found.partitions);
    }
    assert!(disk.bytes() == before, "the old GUID again, but not the old bytes");
}

/// Makes the checksums of both copies right, at either sector size.
fn mend(bytes: &mut [u8]) {
    for size in [512, 4096] {
        for header in [Some(size), bytes.len().checked_sub(size)].into_iter().flatten() {
            mend_gpt_header(bytes, header, size);
        }
    }
}

/// Seeds: a plain MBR, one with logical partitions, a GPT with both copies in either sector size.
pub(super) fn seeds() -> (Vec<Vec<u8>>, Vec<Vec<u8>>) {
    let entry = |flag: u8, kind: u8, start: u32, sectors: u32| {
        let mut entry = vec![flag, 0, 0, 0, kind, 0, 0, 0];
        entry.extend(start.to_le_bytes());
        entry.extend(sectors.to_le_bytes());
        entry
    };
    let record = |entries: &[Vec<u8>]| {
        let mut sector = vec![0; 512];
        sector[..4].copy_from_slice(b"code");
        put(&mut sector, 0x1b8, &0x3623_4da4u32.to_le_bytes());
        entries.iter().enumerate().for_each(|(index, entry)| put(&mut sector, 0x1be + 16 * index, entry));
        sector[0x1fe..].copy_from_slice(&[0x55, 0xaa]);
        sector
    };
    let plain = [vec![0], record(&[entry(0x80, 7, 2, 2), entry(0, 0x27, 4, 2)]), vec![0; 6 * 512]].concat();
    let chain = [
        vec![1],
        record(&[entry(0x80, 7, 1, 1), entry(0, 0x0f, 2, 8)]),
        vec![0; 512],
        record(&[entry(0, 7, 1, 1), entry(0, 5, 2, 2)]),
        vec![0; 512],
        record(&[entry(0, 7, 1, 1), entry(0, 5, 4, 2)]),
        vec![0; 512],
        record(&[entry(0, 0x83, 1, 1)]),
        vec![0; 3 * 512],
    ]
    .concat();
    let mbr = vec![plain, chain];
    let gpt = [512usize, 4096].map(|size| {
        let sectors = 64;
        let mut disk = record(&[entry(0, 0xee, 1, sectors as u32 - 1)]);
        disk.resize(sectors * size, 0);
        let array = 8;
        let mut entries = vec![0; array * 128];
        for (index, (first, last)) in [(20u64, 29u64), (30, 40)].into_iter().enumerate() {
            let at = index * 128;
            entries[at..at + 16].copy_from_slice(&[0x28 + index as u8; 16]);
            entries[at + 16..at + 32].copy_from_slice(&[7 + index as u8; 16]);
            put(&mut entries, at + 32, &first.to_le_bytes());
            put(&mut entries, at + 40, &last.to_le_bytes());
        }
        let last = sectors as u64 - 1;
        for (own, other, table) in [(1, last, 2), (last, 1, last - 2)] {
            let mut header = vec![0; 92];
            header[..12].copy_from_slice(b"EFI PART\0\0\x01\0");
            put(&mut header, 0x0c, &92u32.to_le_bytes());
            for (at, value) in [(0x18, own), (0x20, other), (0x28, 10), (0x30, last - 10), (0x48, table)] {
                put(&mut header, at, &value.to_le_bytes());
            }
            header[0x38..0x48].fill(9);
            put(&mut header, 0x50, &(array as u32).to_le_bytes());
            put(&mut header, 0x54, &128u32.to_le_bytes());
            put(&mut disk, own as usize * size, &header);
            put(&mut disk, table as usize * size, &entries);
        }
        assert_eq!(number(&disk, size, 3), 0x49_4645);
        mend(&mut disk);
        [vec![4], disk].concat()
    });
    assert!(table(&Ram::new(gpt[0][1..].to_vec(), None)).is_some_and(|table| table.disk.is_some()));
    (mbr, gpt.to_vec())
}
