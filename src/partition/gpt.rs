//! The GUID partition table of a disk: which of its two copies is believed, and what is odd about them.

use crate::error::Corrupt;
use crate::error::way_out::TableCure;
use crate::guid::Guid;
use crate::partition::error::PartitionError;
use crate::partition::gpt_cross_check;
use crate::partition::gpt_header;
use crate::partition::gpt_header::Attempt;
use crate::partition::gpt_header::Copy;
use crate::partition::gpt_header::GptBytes;
use crate::partition::gpt_header::Unusable;
use crate::partition::table::BootCode;
use crate::partition::table::DiskId;
use crate::partition::table::GptCopy;
use crate::partition::table::Partition;
use crate::partition::table::PartitionId;
use crate::partition::table::PartitionTable;
use crate::partition::table::PartitionType;
use crate::partition::table::TableKind;
use crate::partition::table::Unseen;
use crate::storage::Storage;

/// Partition types of the Logical Disk Manager and of Storage Spaces: what lies in them is not a plain volume.
const POOLS: [(Guid, &str); 3] = [
    (Guid::from_u128(0x5808c8aa_7e8f_42e0_85d2_e1e90434cfb3), "dynamic disk (LDM metadata)"),
    (Guid::from_u128(0xaf9b60a0_1431_4f62_bc68_3311714a69ad), "dynamic disk (LDM data)"),
    (Guid::from_u128(0xe75caf8f_f680_4cee_afa3_b001e56efc2d), "Storage Spaces pool"),
];

/// Reads the GPT that a protective MBR promises.
///
/// # Errors
/// [`PartitionError::NoCopy`] when neither copy is sound, with what is wrong with both.
pub(crate) fn read(storage: &dyn Storage, sizes: &[u32]) -> Result<PartitionTable, PartitionError> {
    if let Some(table) = read_primary(storage, sizes)? {
        return Ok(table);
    }
    match read_backup(storage, sizes)? {
        Ok(table) => Ok(table),
        Err(story) => Err(no_table(storage, sizes, &story)?),
    }
}

/// Reads the GPT by its backup, which the primary is too damaged for; what is wrong with each copy where that is so of all.
///
/// # Errors
/// The medium fails, or the table is of a form that is not handled.
pub(crate) fn read_backup(
    storage: &dyn Storage,
    sizes: &[u32],
) -> Result<Result<PartitionTable, Vec<String>>, PartitionError> {
    let mut story = Vec::new();
    for size in sizes {
        let primary = gpt_header::read(storage, 1, *size)?;
        let why = primary.copy.err().map(|defect| defect.to_string()).unwrap_or_default();
        for lba in backup_places(storage, *size, primary.alternate) {
            let backup = gpt_header::read(storage, lba, *size)?;
            match backup.copy {
                Ok(copy) => {
                    let note = format!(
                        "the primary GPT at 0x{size:x} is damaged ({why}): the backup at 0x{:x} was used",
                        backup.at
                    );
                    let damaged_copy = Some(GptCopy::Primary);
                    return Ok(Ok(PartitionTable { damaged_copy, ..table(copy, *size, vec![note]) }));
                }
                Err(defect) => story.push(format!("0x{:x}: {defect}", backup.at)),
            }
        }
        story.push(format!("0x{size:x}: {why}"));
    }
    Ok(Err(story))
}

/// Whether a header of a GPT, sound or not, stands in one of its two places.
///
/// # Errors
/// The medium fails.
pub(crate) fn is_any(storage: &dyn Storage, sizes: &[u32]) -> Result<bool, PartitionError> {
    for size in sizes {
        for lba in [1, last_sector(storage, *size)] {
            if gpt_header::is_any(storage, lba, *size)? {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Reads the GPT by its primary copy alone; `None` when that is not sound.
///
/// # Errors
/// The medium fails, or the two parsers differ.
pub(crate) fn read_primary(
    storage: &dyn Storage,
    sizes: &[u32],
) -> Result<Option<PartitionTable>, PartitionError> {
    for size in sizes {
        let Ok(copy) = gpt_header::read(storage, 1, *size)?.copy else { continue };
        let (damaged_copy, mut notes) = of_backup(storage, &copy, *size)?;
        notes.extend(gpt_cross_check::compare(storage, &copy, *size)?);
        return Ok(Some(PartitionTable { damaged_copy, ..table(copy, *size, notes) }));
    }
    Ok(None)
}

/// Both copies of a GPT as bytes, the primary first; only when both are sound and say the same, so that one of them can be
/// rewritten while the other vouches for the disk.
///
/// # Errors
/// [`PartitionError::Corrupt`] when they are not.
pub fn copies(storage: &dyn Storage, sector_size: u32) -> Result<[GptBytes; 2], PartitionError> {
    let corrupt = |what: &str, at, found| Corrupt::new(what, at, "a valid copy of the table", found);
    let sound = |what: &str, lba: u64| {
        let at = lba.saturating_mul(u64::from(sector_size));
        gpt_header::read_bytes(storage, lba, sector_size).map_err(|unusable| match unusable {
            Unusable::Defective(defect) => corrupt(what, at, defect.to_string()).into(),
            Unusable::Refused(error) => error,
        })
    };
    let (primary, first) = sound("the primary GPT", 1)?;
    let (backup, second) = sound("the backup GPT", primary.alternate)?;
    if (primary.disk, &primary.entries) != (backup.disk, &backup.entries) {
        let found = "one that differs from the primary".to_owned();
        return Err(corrupt("the backup GPT", second.header_at, found).into());
    }
    Ok([first, second])
}

/// Sectors in which a backup header may be: where the primary says, even if it is damaged, and the last of the disk.
fn backup_places(storage: &dyn Storage, size: u32, said: Option<u64>) -> Vec<u64> {
    let last = last_sector(storage, size);
    said.filter(|lba| *lba != last).into_iter().chain([last]).filter(|lba| *lba > 1).collect()
}

fn last_sector(storage: &dyn Storage, size: u32) -> u64 {
    storage.len().checked_div(u64::from(size)).unwrap_or(0).saturating_sub(1)
}

/// What is wrong with the backup of a sound primary. After a disk grew, it is no longer in the last sector.
fn of_backup(
    storage: &dyn Storage,
    primary: &Copy,
    size: u32,
) -> Result<(Option<GptCopy>, Vec<String>), PartitionError> {
    let Attempt { at, copy, .. } = gpt_header::read(storage, primary.alternate, size)?;
    let (damaged, note) = match copy {
        Err(defect) => (true, format!("the backup GPT at 0x{at:x} is damaged: {defect}")),
        Ok(backup) if backup.disk != primary.disk || backup.entries != primary.entries => {
            (true, format!("the backup GPT at 0x{at:x} differs from the primary, which was used"))
        }
        Ok(_) if primary.alternate != last_sector(storage, size) => {
            (false, format!("the backup GPT at 0x{at:x} is not in the last sector: the disk has grown"))
        }
        Ok(_) => return Ok((None, Vec::new())),
    };
    Ok((damaged.then_some(GptCopy::Backup), vec![note]))
}

fn table(copy: Copy, size: u32, mut notes: Vec<String>) -> PartitionTable {
    let bytes = |sectors: u64| sectors.saturating_mul(u64::from(size));
    let mut unseen = None;
    let mut partitions = Vec::with_capacity(copy.entries.len());
    for entry in copy.entries {
        if let Some((_, what)) = POOLS.iter().find(|(kind, _)| *kind == entry.kind) {
            notes.push(format!("partition {} belongs to a {what}", entry.number));
        }
        let Some(sectors) = entry.last.checked_sub(entry.first).and_then(|it| it.checked_add(1)) else {
            unseen = Some(Unseen::Damaged(format!("partition {} ends before its start", entry.number)));
            continue;
        };
        partitions.push(Partition {
            number: entry.number,
            start: bytes(entry.first),
            len: bytes(sectors),
            kind: PartitionType::Gpt(entry.kind),
            id: Some(PartitionId::Gpt(entry.guid)),
            active: false,
            logical: false,
            name: Some(entry.name),
        });
    }
    PartitionTable {
        kind: TableKind::Gpt,
        sector_size: size,
        disk: Some(DiskId::Gpt(copy.disk)),
        partitions,
        boot_code: BootCode::None,
        boot_flags: [0; 4],
        container_code: [false; 4],
        hybrid: None,
        hybrid_entries: Vec::new(),
        unprotected: None,
        damaged_copy: None,
        beneath: None,
        unseen,
        notes,
    }
}

/// The error when no copy is sound. A medium with the wrong sector size gets its own words, because nothing is broken.
fn no_table(
    storage: &dyn Storage,
    sizes: &[u32],
    story: &[String],
) -> Result<PartitionError, PartitionError> {
    for other in [512u32, 4096].into_iter().filter(|size| !sizes.contains(size)) {
        if gpt_header::read(storage, 1, other)?.copy.is_ok() {
            let has = sizes.first().copied().unwrap_or(512);
            let what = format!("the GPT is for {other}-byte sectors, the medium has {has}-byte sectors");
            return Ok(PartitionError::unsupported(what, TableCure::AttachWithSectors(other)));
        }
    }
    let at = u64::from(sizes.first().copied().unwrap_or(512));
    let found = format!("none ({})", story.join(", "));
    let what = "GPT, as the type 0xee entry of the MBR indicates,";
    Ok(PartitionError::NoCopy(Corrupt::new(what, at, "a valid header there or in its backup", found)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::partition::read;
    use crate::partition::test_tools;
    use crate::partition::test_tools::Image;
    use crate::storage::ram::Ram;

    const MIB: usize = 1 << 20;

    fn image() -> Image {
        test_tools::sgdisk(&[
            "-n1:2048:+1M",
            "-t1:ef00",
            "-c1:EFI system",
            "-n3:8192:+2M",
            "-t3:0700",
            "-c3:Größe & Co",
        ])
    }

    #[test]
    fn sgdisk_and_sfdisk_and_we_read_the_same() {
        let image = image();
        let table = read(&image.storage()).unwrap();
        assert_eq!(table.kind, TableKind::Gpt);
        assert_eq!(test_tools::rows(&table), image.sfdisk_rows());
        assert_eq!(table.partitions[1].name.as_deref(), Some("Größe & Co"));
        assert_eq!(table.partitions.iter().map(|it| it.number).collect::<Vec<_>>(), [1, 3]);
        assert_eq!(table.notes, Vec::<String>::new());
        assert_eq!(
            image.sfdisk_id(),
            table.disk.map(|disk| match disk {
                DiskId::Gpt(guid) => guid.to_string(),
                DiskId::Mbr(_) => String::new(),
            })
        );
    }

    #[test]
    fn an_entry_that_ends_before_it_begins_is_not_seen() {
        let mut copy = gpt_header::read(&image().storage(), 1, 512).unwrap().copy.unwrap();
        copy.entries[1].last = copy.entries[1].first - 2;
        let table = table(copy, 512, Vec::new());
        assert_eq!(table.partitions.len(), 1);
        assert_eq!(table.unseen, Some(Unseen::Damaged("partition 3 ends before its start".into())));
    }

    #[test]
    fn a_damaged_primary_is_replaced_by_the_backup_and_that_is_said() {
        let good = image();
        let expected = test_tools::rows(&read(&good.storage()).unwrap());
        for at in [512, 512 + 0x10, 512 + 0x38, 1024, 1024 + 0x20] {
            let mut bytes = good.bytes();
            bytes[at] ^= 0xff;
            let table = read(&Ram::new(bytes, None)).unwrap();
            assert_eq!(test_tools::rows(&table), expected, "byte {at}");
            let note = table.notes.first().cloned().unwrap_or_default();
            assert!(note.contains("damaged") && note.contains("the backup at 0x"), "{note}");
        }
    }

    #[test]
    fn a_damaged_backup_and_a_grown_disk_are_notes() {
        let good = image().bytes();
        let mut bytes = good.clone();
        let last = bytes.len() - 512;
        bytes[last + 0x38] ^= 1;
        let table = read(&Ram::new(bytes, None)).unwrap();
        assert!(table.notes[0].starts_with("the backup GPT at 0x"), "{:?}", table.notes);
        let mut grown = good.clone();
        grown.resize(good.len() + MIB, 0);
        let table = read(&Ram::new(grown.clone(), None)).unwrap();
        assert!(table.notes[0].contains("the disk has grown"), "{:?}", table.notes);
        grown[1024] ^= 1;
        let table = read(&Ram::new(grown, None)).unwrap();
        assert!(table.notes[0].contains("the backup at 0x"), "grown and damaged: {:?}", table.notes);
    }

    #[test]
    fn both_copies_bad_is_an_error_that_names_both() {
        let mut bytes = image().bytes();
        let last = bytes.len() - 512;
        bytes[512 + 0x38] ^= 1;
        bytes[last + 0x38] ^= 1;
        let error = read(&Ram::new(bytes, None)).unwrap_err();
        assert_eq!(error.way_out(), Some(&TableCure::Restore.into()));
        let text = error.to_string();
        assert!(text.contains("0x200") && text.contains(&format!("0x{last:x}")), "{text}");
    }

    #[test]
    fn a_wiped_protective_mbr_does_not_hide_the_table() {
        let mut bytes = image().bytes();
        bytes[..512].fill(0);
        let table = read(&Ram::new(bytes, None)).unwrap();
        assert_eq!((table.kind, table.partitions.len()), (TableKind::Gpt, 2));
        assert!(table.unprotected.is_some());
    }

    #[test]
    fn a_hybrid_mbr_is_noted() {
        let image = test_tools::sgdisk(&["-n1:2048:+1M", "-t1:0700", "-h1"]);
        let table = read(&image.storage()).unwrap();
        assert_eq!(table.kind, TableKind::Gpt);
        assert!(table.notes.iter().any(|note| note.starts_with("hybrid MBR: 1 ")), "{:?}", table.notes);
    }

    #[test]
    fn a_table_for_other_sectors_than_the_medium_has_is_named() {
        let error = read(&Ram::new(image().bytes(), Some(4096))).unwrap_err();
        assert_eq!(error.way_out(), Some(&TableCure::AttachWithSectors(512).into()), "{error}");
    }

    #[test]
    fn no_byte_of_the_header_or_of_an_entry_can_make_it_panic() {
        let mut bytes = image().bytes();
        bytes.truncate(MIB);
        for at in (0x1be..512).chain(512..512 + 92).chain(1024..1024 + 128) {
            for flip in [0x01, 0xff] {
                bytes[at] ^= flip;
                let _ = read(&Ram::new(bytes.clone(), None));
                bytes[at] ^= flip;
            }
        }
    }
}
