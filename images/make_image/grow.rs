//! A longer disk: zeros behind what is there, and for a GPT its backup in the last sectors, where Windows puts it when a
//! disk has grown.
//!
//! Source: UEFI specification, "Protective MBR" and "GPT Header".

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;
use bcdrescue::partition;
use bcdrescue::partition::DiskId;
use bcdrescue::partition::edit::GptBytes;
use bcdrescue::partition::gpt;
use bcdrescue::storage::Storage;

use crate::disk::Disk;
use crate::field::put;

/// Fields of a header, counted in sectors.
const MY_LBA: usize = 0x18;
const ALTERNATE_LBA: usize = 0x20;
const LAST_USABLE_LBA: usize = 0x30;
const ARRAY_LBA: usize = 0x48;
/// Where an MBR has its four entries, their length, and in each the type and the count of sectors.
const ENTRIES: usize = 0x1be;
const ENTRY_LEN: usize = 16;
const TYPE: usize = 4;
const SECTORS: usize = 12;
const PROTECTIVE: u8 = 0xee;

/// Makes the disk `len` bytes long.
pub(crate) fn grow(disk: &mut Disk, len: u64) -> Result<()> {
    ensure!(
        len >= disk.len(),
        "the base has {} MiB already; a disk cannot be made smaller",
        disk.len() >> 20
    );
    let table = partition::read(disk)?;
    let copies = match table.disk {
        Some(DiskId::Gpt(_)) => Some(gpt::copies(disk, table.sector_size)?),
        _ => None,
    };
    disk.set_len(len);
    if let (Some([primary, backup]), Some(DiskId::Gpt(guid))) = (copies, table.disk) {
        let size = u64::from(table.sector_size);
        let last = len / size - 1;
        let array_at = last - u64::try_from(backup.array.len())?.div_ceil(size);
        disk.put(backup.array_at, &vec![0; backup.array.len()])?;
        disk.put(backup.header_at, &vec![0; backup.header.len()])?;
        let primary_fields = [(ALTERNATE_LBA, last), (LAST_USABLE_LBA, array_at - 1)];
        let backup_fields = [(MY_LBA, last), (LAST_USABLE_LBA, array_at - 1), (ARRAY_LBA, array_at)];
        let moved = GptBytes { header_at: last * size, array_at: array_at * size, ..backup };
        for (copy, fields) in [(primary, &primary_fields[..]), (moved, &backup_fields[..])] {
            let mut copy = copy;
            for (at, sector) in fields {
                put(&mut copy.header, *at, &sector.to_le_bytes())?;
            }
            // The same identity: what changes is the checksum.
            let copy = copy.with_identity(guid, &[]).context("a GPT without its entries")?;
            disk.put(copy.array_at, &copy.array)?;
            disk.put(copy.header_at, &copy.header)?;
        }
        protect(disk, last)?;
    }
    Ok(())
}

/// The protective entry covers the disk, or as much of it as it can count.
fn protect(disk: &mut Disk, last: u64) -> Result<()> {
    let mut sector = disk.read_vec(0, 512)?;
    for entry in (0..4).map(|index| ENTRIES + index * ENTRY_LEN) {
        if sector.get(entry + TYPE) == Some(&PROTECTIVE) {
            let sectors = u32::try_from(last).unwrap_or(u32::MAX);
            put(&mut sector, entry + SECTORS, &sectors.to_le_bytes())?;
        }
    }
    Ok(disk.put(0, &sector)?)
}
