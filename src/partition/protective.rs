//! The protective MBR: an entry of type 0xee in LBA 0 that begins at sector 1. Without it firmware, Linux and Windows do not look for a
//! GPT.
//!
//! Sources: UEFI specification, "Protective MBR"; EDK2, `PartitionDxe/Gpt.c`, and Linux, `block/partitions/efi.c`, for what is asked of
//! it: the type and the first sector, by EDK2 the boot flag too, and by neither its length.

use crate::bytes::array;
use crate::partition::boot_sector::BootSector;
use crate::partition::master_boot_record::Entry;
use crate::partition::master_boot_record::MasterBootRecord;
use crate::partition::unprotected::LEN;
use crate::partition::unprotected::MbrEntry;
use crate::partition::unprotected::ProtectiveFault;
use crate::partition::unprotected::Unprotected;

/// First byte of the four entries in LBA 0.
const ENTRIES: usize = 0x1be;
/// The sector of the GPT's header, at which the protective entry begins.
pub(crate) const FIRST: u32 = 1;

/// What is wrong with `sector`, LBA 0 of a disk of so many `sectors` with a GPT; `None` when it protects that.
pub(crate) fn unprotected(sector: &[u8], sectors: u64) -> Option<Unprotected> {
    let record = MasterBootRecord::decode(sector);
    let fault = match &record {
        None => ProtectiveFault::Missing,
        // What stands there in the boot record of a volume is a part of its program.
        Some(record) if BootSector::recognise(sector).is_some() => {
            fault(record)?;
            ProtectiveFault::Missing
        }
        Some(record) => fault(record)?,
    };
    let record = record.filter(|_| fault != ProtectiveFault::Missing);
    let others = record.iter().flat_map(MasterBootRecord::beside);
    Some(Unprotected {
        fault,
        others: others.map(|(number, entry)| shown(number, entry)).collect(),
        found: array(sector, ENTRIES)?,
        right: right(sectors),
    })
}

fn shown(number: u32, entry: &Entry) -> MbrEntry {
    MbrEntry { number, kind: entry.kind, start: entry.start, sectors: entry.sectors }
}

/// What is wrong with the entries; one good one among them does.
fn fault(record: &MasterBootRecord) -> Option<ProtectiveFault> {
    let protective = || record.numbered().filter(|(_, entry)| entry.is_protective());
    let in_place = || protective().filter(|(_, entry)| entry.start == FIRST);
    if in_place().any(|(_, entry)| entry.flag == 0) {
        return None;
    }
    if let Some((number, _)) = in_place().next() {
        return Some(ProtectiveFault::Active { number });
    }
    Some(match protective().next() {
        Some((number, entry)) => ProtectiveFault::Elsewhere { number, start: entry.start },
        None => ProtectiveFault::Foreign,
    })
}

/// The entries of a protective MBR, as the specification has them.
fn right(sectors: u64) -> [u8; LEN] {
    let len = u32::try_from(sectors.saturating_sub(u64::from(FIRST))).unwrap_or(u32::MAX);
    let mut bytes = [0; LEN];
    let [head, sector, cylinder] = last(len);
    let entry = [0x00, 0x00, 0x02, 0x00, 0xee, head, sector, cylinder];
    let all = entry.into_iter().chain(FIRST.to_le_bytes()).chain(len.to_le_bytes());
    bytes.iter_mut().zip(all).for_each(|(byte, right)| *byte = right);
    if let Some(end) = bytes.last_chunk_mut() {
        *end = [0x55, 0xaa];
    }
    bytes
}

/// Head, sector and cylinder of a sector, by 255 heads of 63 sectors; all ones where they cannot name it.
fn last(number: u32) -> [u8; 3] {
    let (track, sector) = (number.div_euclid(63), number.rem_euclid(63).saturating_add(1));
    let (cylinder, head) = (track.div_euclid(255), track.rem_euclid(255));
    if cylinder > 0x3ff {
        return [0xff; 3];
    }
    // The two high bits of the cylinder stand in the byte of the sector.
    let [[head, ..], [sector, ..], [low, high, ..]] = [head, sector, cylinder].map(u32::to_le_bytes);
    [head, sector | (high << 6), low]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::partition::TableKind;
    use crate::partition::read;
    use crate::partition::test_tools;
    use crate::storage::ram::Ram;

    #[test]
    fn what_is_written_is_what_sgdisk_and_sfdisk_write() {
        let sgdisk = test_tools::sgdisk(&["-n1:2048:+1M"]).bytes();
        let sfdisk = test_tools::sfdisk("label: gpt\nstart=2048, size=2048\n", 16 << 20).bytes();
        for (bytes, names_the_end) in [(sgdisk, true), (sfdisk, false)] {
            assert_eq!(unprotected(&bytes[..512], bytes.len() as u64 / 512), None);
            let mut right = right(bytes.len() as u64 / 512);
            // sfdisk does not count in cylinders.
            if !names_the_end {
                right[5..8].fill(0xff);
            }
            assert_eq!(right[..], bytes[0x1be..0x200]);
        }
        let end = |sectors| right(sectors)[5..8].to_vec();
        // The last sector that they can name, and the next one.
        assert_eq!(end(1024 * 255 * 63), [254, 0xff, 0xff]);
        assert_eq!(end(1024 * 255 * 63 + 1), [0xff, 0xff, 0xff]);
        assert_eq!(right(1 << 40)[8..16], [1, 0, 0, 0, 0xff, 0xff, 0xff, 0xff]);
        assert_eq!(right(0)[8..16], [1, 0, 0, 0, 0, 0, 0, 0]);
    }

    /// The boot record of a volume has a program where entries are, and keeps what it has beside good ones.
    #[test]
    fn a_boot_record_over_it_protects_as_soon_as_it_has_the_entry() {
        let good = test_tools::sgdisk(&["-n1:2048:+1M"]).bytes();
        let mut bytes = good.clone();
        bytes[..0x1fe].fill(0x90);
        bytes[3..11].copy_from_slice(b"NTFS    ");
        bytes[0x0b..0x0d].copy_from_slice(&512u16.to_le_bytes());
        let table = read(&Ram::new(bytes.clone(), None)).unwrap();
        let unprotected = table.unprotected.unwrap();
        assert_eq!((unprotected.fault, unprotected.others.len()), (ProtectiveFault::Missing, 0));
        bytes[0x1be..0x200].copy_from_slice(&unprotected.right);
        let table = read(&Ram::new(bytes.clone(), None)).unwrap();
        assert_eq!((table.kind, table.unprotected), (TableKind::Gpt, None));
        // Without a GPT it is the volume that it says it is.
        bytes[512..].fill(0);
        assert_eq!(read(&Ram::new(bytes, None)).unwrap().kind, TableKind::None);
    }

    #[test]
    fn each_fault_is_told_apart() {
        let good = test_tools::sgdisk(&["-n1:2048:+1M"]).bytes();
        let fault = |change: &dyn Fn(&mut [u8])| {
            let mut bytes = good.clone();
            change(&mut bytes);
            let table = read(&Ram::new(bytes, None)).unwrap();
            let table = table.beneath.as_deref().cloned().unwrap_or(table);
            assert_eq!((table.kind, table.partitions.len()), (TableKind::Gpt, 1));
            table.unprotected.map(|it| (it.fault, it.others.len()))
        };
        assert_eq!(fault(&|_| {}), None);
        assert_eq!(fault(&|bytes| bytes[..512].fill(0)), Some((ProtectiveFault::Missing, 0)));
        assert_eq!(fault(&|bytes| bytes[0x1fe] = 0), Some((ProtectiveFault::Missing, 0)));
        let elsewhere = ProtectiveFault::Elsewhere { number: 1, start: 63 };
        assert_eq!(fault(&|bytes| bytes[0x1c6] = 63), Some((elsewhere, 0)));
        assert_eq!(fault(&|bytes| bytes[0x1be] = 0x80), Some((ProtectiveFault::Active { number: 1 }, 0)));
        assert_eq!(fault(&|bytes| bytes[0x1c2] = 7), Some((ProtectiveFault::Foreign, 1)));
        assert_eq!(fault(&|bytes| bytes[0x1be..0x1fe].fill(0)), Some((ProtectiveFault::Foreign, 0)));
        // A good one is enough, wherever it stands.
        let second = |bytes: &mut [u8]| {
            bytes.copy_within(0x1be..0x1ce, 0x1ce);
            bytes[0x1c6] = 63;
        };
        assert_eq!(fault(&second), None);
    }
}
