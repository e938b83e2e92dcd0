//! Damage to the protective MBR of a GPT: without it nobody looks for the GPT.

use anyhow::Context;
use anyhow::Result;
use bcdrescue::partition::ENTRIES_AT;

use crate::disk::Disk;
use crate::place::gpt_only;
use crate::place::system;
use crate::target::Target;

/// Bytes of LBA 0 that say what kind of sector it is, and of its four entries with them.
const SECTOR: usize = 512;
const ENTRIES: usize = 64;
/// Where an entry says where it begins.
const FIRST_SECTOR: u64 = 8;
/// Where partitions began before Windows Vista.
const FIRST_TRACK: u32 = 63;
/// The type of NTFS.
const NTFS: u8 = 0x07;

/// LBA 0 was written over, by zeros.
pub(crate) fn missing(disk: &mut Disk, target: &Target<'_>) -> Result<()> {
    gpt_only(target.layout)?;
    Ok(disk.put(0, &[0; SECTOR])?)
}

/// A tool of old wrote the protective entry as a partition behind the first track.
pub(crate) fn moved(disk: &mut Disk, target: &Target<'_>) -> Result<()> {
    gpt_only(target.layout)?;
    Ok(disk.put(ENTRIES_AT + FIRST_SECTOR, &FIRST_TRACK.to_le_bytes())?)
}

/// A tool that knows no GPT wrote an MBR with one partition, where the EFI system partition begins.
pub(crate) fn mbr_over_gpt(disk: &mut Disk, target: &Target<'_>) -> Result<()> {
    gpt_only(target.layout)?;
    let (size, place) = (u64::from(target.layout.table.sector_size), system(target.layout)?);
    let sectors = |bytes: u64| u32::try_from(bytes / size).context("a partition beyond what an MBR can name");
    let (first, count) = (sectors(place.start)?.to_le_bytes(), sectors(place.len)?.to_le_bytes());
    let kind = [0, 0, 2, 0, NTFS, 0xff, 0xff, 0xff];
    disk.put(ENTRIES_AT, &[0; ENTRIES])?;
    Ok(disk.put(ENTRIES_AT, &[&kind[..], &first, &count].concat())?)
}
