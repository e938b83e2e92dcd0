//! Damage to what a partition table says of partitions that are as they were: types, and a system volume that is a logical one.
//!
//! Sources: UEFI specification, "GPT Partition Entry Array", "Defined GPT Partition Entry - Partition Type GUIDs"; Microsoft, "Master Boot
//! Records" (the chain of extended boot records).

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;
use bcdrescue::guid::Guid;
use bcdrescue::partition;
use bcdrescue::partition::DiskId;
use bcdrescue::partition::ENTRIES_AT;
use bcdrescue::partition::Partition;
use bcdrescue::partition::PartitionType;
use bcdrescue::partition::TableKind;
use bcdrescue::partition::gpt;

use crate::disk::Disk;
use crate::field::put;
use crate::place::gpt_only;
use crate::place::mbr_only;
use crate::place::system;
use crate::place::windows_apart;
use crate::target::Target;

/// Types of a GPT: an EFI system partition, basic data, Linux.
const ESP: Guid = Guid::from_u128(0xc12a7328_f81f_11d2_ba4b_00a0c93ec93b);
const DATA: Guid = Guid::from_u128(0xebd0a0a2_b9e5_4433_87c0_68b6b72699c7);
const LINUX: Guid = Guid::from_u128(0x0fc63daf_8483_4772_8e79_3d69d8477de4);
/// A Windows recovery partition.
const RECOVERY: Guid = Guid::from_u128(0xde94bba4_06d1_4d40_a16a_bfd50179d6ac);
/// Bytes of an entry of a GPT, as all have them.
const GPT_ENTRY: usize = 128;
/// Bytes of an entry of an MBR; its type is the fifth, behind it are the first sector and their number.
const MBR_ENTRY: u64 = 16;
const MBR_ENTRY_LEN: usize = 16;
const TYPE: u64 = 4;
/// Types of an MBR: Linux, and an extended partition.
const MBR_LINUX: u8 = 0x83;
const EXTENDED: u8 = 0x0f;
const NTFS: u8 = 0x07;
/// Sectors between an extended boot record and its logical partition.
const TRACK: u32 = 63;
const SECTOR: u64 = 512;

/// The EFI system partition has the type of a data partition, as after a tool that makes no other.
pub(crate) fn esp_type(disk: &mut Disk, target: &Target<'_>) -> Result<()> {
    gpt_only(target.layout)?;
    retype(disk, &[(system(target.layout)?.number, Some(DATA))])
}

/// The partition of Windows has the type of Linux, as after a copy into a partition that a Linux made.
pub(crate) fn windows_type(disk: &mut Disk, target: &Target<'_>) -> Result<()> {
    let partition = windows_apart(target.layout)?;
    if target.layout.table.kind == TableKind::Gpt {
        return retype(disk, &[(partition.number, Some(LINUX))]);
    }
    Ok(disk.put(entry(partition)? + TYPE, &[MBR_LINUX])?)
}

/// The one EFI system partition is an NTFS volume, which firmware does not read: the recovery partition in its place.
pub(crate) fn esp_ntfs(disk: &mut Disk, target: &Target<'_>) -> Result<()> {
    gpt_only(target.layout)?;
    let is_recovery = |partition: &&Partition| partition.kind == PartitionType::Gpt(RECOVERY);
    let recovery = target.layout.table.partitions.iter().find(is_recovery);
    let recovery = recovery.context("there is no recovery partition")?;
    retype(disk, &[(system(target.layout)?.number, None), (recovery.number, Some(ESP))])
}

/// The system volume is a logical partition where it was a primary one, as after a tool that made room for a fifth.
pub(crate) fn system_logical(disk: &mut Disk, target: &Target<'_>) -> Result<()> {
    mbr_only(target.layout)?;
    let partitions = &target.layout.table.partitions;
    ensure!(partitions.iter().all(|it| !it.logical), "the disk has an extended partition already");
    let partition = system(target.layout)?;
    let sectors =
        |bytes: u64| u32::try_from(bytes / SECTOR).context("a partition beyond what an MBR can name");
    let (start, len) = (sectors(partition.start)?, sectors(partition.len)?);
    let container = start.checked_sub(TRACK).context("there is no room before the partition")?;
    let mut record = vec![0; usize::try_from(SECTOR)?];
    put(&mut record, usize::try_from(ENTRIES_AT)?, &mbr_entry(NTFS, TRACK, len))?;
    put(&mut record, 0x1fe, &[0x55, 0xaa])?;
    disk.put(u64::from(container) * SECTOR, &record)?;
    Ok(disk.put(entry(partition)?, &mbr_entry(EXTENDED, container, len + TRACK))?)
}

/// Takes a primary partition out of an MBR.
pub(crate) fn remove_entry(disk: &mut Disk, partition: &Partition) -> Result<()> {
    Ok(disk.put(entry(partition)?, &[0; MBR_ENTRY_LEN])?)
}

/// An entry without a boot flag, and without places that only old programs read.
fn mbr_entry(kind: u8, first: u32, count: u32) -> Vec<u8> {
    [&[0, 0xfe, 0xff, 0xff, kind, 0xfe, 0xff, 0xff][..], &first.to_le_bytes(), &count.to_le_bytes()].concat()
}

/// Where the MBR has the entry of a primary partition.
fn entry(partition: &Partition) -> Result<u64> {
    ensure!(!partition.logical, "the partition is a logical one");
    let index = partition.number.checked_sub(1).context("a partition without a number")?;
    Ok(ENTRIES_AT + u64::from(index) * MBR_ENTRY)
}

/// Gives entries of the GPT another type, or takes them out, in both of its copies.
fn retype(disk: &mut Disk, changes: &[(u32, Option<Guid>)]) -> Result<()> {
    let table = partition::read(disk)?;
    let Some(DiskId::Gpt(guid)) = table.disk else { anyhow::bail!("this is a damage to disks with a GPT") };
    for mut copy in gpt::copies(disk, table.sector_size)? {
        for (number, kind) in changes {
            let at =
                usize::try_from(number.checked_sub(1).context("a partition without a number")?)? * GPT_ENTRY;
            match kind {
                Some(kind) => put(&mut copy.array, at, kind.bytes())?,
                None => put(&mut copy.array, at, &[0; GPT_ENTRY])?,
            }
        }
        // The same identity: what changes is the checksum.
        let new = copy.with_identity(guid, &[]).context("a GPT without its entries")?;
        disk.put(new.array_at, &new.array)?;
        disk.put(new.header_at, &new.header)?;
    }
    Ok(())
}
