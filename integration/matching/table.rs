//! Partition tables written byte by byte: MBR with a chain of logical partitions, and GPT in both copies.

use bcdrescue::guid::Guid;
use bcdrescue::partition::DiskId;
use bcdrescue::storage::Storage;
use crc::CRC_32_ISO_HDLC;
use crc::Crc;

use crate::matching::disk::Disk;
use crate::matching::disk::MIB;
use crate::support::sparse::SparseRam;

const SECTOR: u64 = 512;
const ESP: Guid = Guid::from_u128(0xc12a7328_f81f_11d2_ba4b_00a0c93ec93b);
const BASIC: Guid = Guid::from_u128(0xebd0a0a2_b9e5_4433_87c0_68b6b72699c7);
/// Bytes of a GPT's array of 128 entries.
const ARRAY: usize = 128 * 128;

/// Writes the table of a disk; `system` is the index of the partition that firmware starts from.
pub fn write(raw: &mut SparseRam, disk: &Disk, system: Option<usize>) {
    match disk.id {
        DiskId::Mbr(signature) => mbr(raw, disk, signature, system),
        DiskId::Gpt(guid) => gpt(raw, disk, guid, system),
    }
}

fn entry(active: bool, kind: u8, start: u64, len: u64) -> Vec<u8> {
    let sectors = |bytes: u64| ((bytes / SECTOR) as u32).to_le_bytes();
    let head = [if active { 0x80 } else { 0 }, 0, 0, 0, kind, 0, 0, 0];
    [&head[..], &sectors(start), &sectors(len)].concat()
}

fn mbr(raw: &mut SparseRam, disk: &Disk, signature: u32, system: Option<usize>) {
    // A program that does nothing: what firmware jumps to is there.
    raw.put(0, &[0xfa, 0x33, 0xc0, 0x8e, 0xd0, 0xbc, 0x00, 0x7c]);
    raw.put(0x1b8, &signature.to_le_bytes());
    raw.put(0x1fe, &[0x55, 0xaa]);
    let (primary, logical) = disk.in_order();
    for (index, part) in primary.iter().enumerate() {
        let bytes = entry(system == Some(*part), 7, disk.parts[*part].start, disk.parts[*part].len);
        raw.put(0x1be + 16 * index as u64, &bytes);
    }
    let (Some(first), Some(last)) = (logical.first(), logical.last()) else { return };
    let base = disk.parts[*first].start - MIB;
    let end = disk.parts[*last].start + disk.parts[*last].len;
    raw.put(0x1be + 16 * primary.len() as u64, &entry(false, 0x0f, base, end - base));
    for (index, part) in logical.iter().enumerate() {
        let here = disk.parts[*part].start - MIB;
        raw.put(here + 0x1be, &entry(false, 7, MIB, disk.parts[*part].len));
        if let Some(next) = logical.get(index + 1) {
            let next = &disk.parts[*next];
            raw.put(here + 0x1ce, &entry(false, 5, next.start - MIB - base, next.len + MIB));
        }
        raw.put(here + 0x1fe, &[0x55, 0xaa]);
    }
}

fn gpt(raw: &mut SparseRam, disk: &Disk, guid: Guid, system: Option<usize>) {
    raw.put(0x1be, &entry(false, 0xee, SECTOR, (raw.len() - SECTOR).min(u64::from(u32::MAX) * SECTOR)));
    raw.put(0x1fe, &[0x55, 0xaa]);
    let mut array = vec![0; ARRAY];
    for (index, part) in disk.parts.iter().enumerate() {
        let at = 128 * index;
        array[at..at + 16].copy_from_slice(if system == Some(index) { ESP } else { BASIC }.bytes());
        array[at + 16..at + 32].copy_from_slice(part.guid.bytes());
        array[at + 32..at + 40].copy_from_slice(&(part.start / SECTOR).to_le_bytes());
        array[at + 40..at + 48].copy_from_slice(&((part.start + part.len) / SECTOR - 1).to_le_bytes());
    }
    let crc = Crc::<u32>::new(&CRC_32_ISO_HDLC);
    let last = raw.len() / SECTOR - 1;
    for (here, other, array_at) in [(1, last, 2), (last, 1, last - 32)] {
        let mut header = vec![0; 92];
        header[..8].copy_from_slice(b"EFI PART");
        header[8..16].copy_from_slice(&[0, 0, 1, 0, 92, 0, 0, 0]);
        let numbers = [(24, here), (32, other), (40, 34), (48, last - 33), (72, array_at)];
        numbers.iter().for_each(|(at, number): &(usize, u64)| {
            header[*at..at + 8].copy_from_slice(&number.to_le_bytes());
        });
        header[56..72].copy_from_slice(guid.bytes());
        header[80..88].copy_from_slice(&[128, 0, 0, 0, 128, 0, 0, 0]);
        header[88..92].copy_from_slice(&crc.checksum(&array).to_le_bytes());
        let sum = crc.checksum(&header);
        header[16..20].copy_from_slice(&sum.to_le_bytes());
        raw.put(here * SECTOR, &header);
        raw.add(array_at * SECTOR, &array);
    }
}

/// The identity that a disk's bytes say, and on a GPT disk the GUIDs of its partitions in the order of the table.
pub fn read(raw: &SparseRam) -> (DiskId, Vec<Guid>) {
    let guid = |at: u64| Guid::from_bytes(raw.get(at, 16).try_into().expect("16 bytes"));
    if raw.get(SECTOR, 8) != b"EFI PART" {
        return (DiskId::Mbr(u32::from_le_bytes(raw.get(0x1b8, 4).try_into().expect("4 bytes"))), Vec::new());
    }
    let all = (0..128).map(|index| guid(2 * SECTOR + 128 * index + 16));
    (DiskId::Gpt(guid(SECTOR + 56)), all.take_while(|guid| !guid.is_zero()).collect())
}
