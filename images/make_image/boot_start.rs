//! Damage to what a BIOS reads before the store: boot flags, and where a boot record believes its partition to begin.

use anyhow::Context;
use anyhow::Result;
use bcdrescue::partition::ENTRIES_AT;
use bcdrescue::storage::Storage;

use crate::disk::Disk;
use crate::place::mbr_only;
use crate::place::system;
use crate::target::Target;

/// Bytes of an entry of an MBR; the first byte is the boot flag, the fifth the type.
const ENTRY_LEN: u64 = 16;
const TYPE: u64 = 4;
const ACTIVE: u8 = 0x80;
/// Types of extended partitions.
const EXTENDED: [u8; 3] = [0x05, 0x0f, 0x85];
/// "Hidden sectors" of a boot record, NTFS and FAT alike: the first sector of the partition.
const HIDDEN_SECTORS: u64 = 0x1c;
/// Where partitions began before Windows Vista: behind the first track.
const FIRST_TRACK: u32 = 63;

/// No partition is active: a disk that `fdisk` or a cloning tool was set to "not bootable".
pub(crate) fn not_active(disk: &mut Disk, target: &Target<'_>) -> Result<()> {
    mbr_only(target.layout)?;
    for entry in 0..4 {
        disk.put(ENTRIES_AT + entry * ENTRY_LEN, &[0])?;
    }
    Ok(())
}

/// Two partitions are active: a tool marked another one and did not take the flag from the first. Boot code refuses that.
pub(crate) fn two_active(disk: &mut Disk, target: &Target<'_>) -> Result<()> {
    mbr_only(target.layout)?;
    let mut others = Vec::new();
    for entry in (0..4).map(|index| ENTRIES_AT + index * ENTRY_LEN) {
        let [flag, kind] = [disk.read_vec(entry, 1)?, disk.read_vec(entry + TYPE, 1)?];
        let is_plain = kind.iter().all(|kind| *kind != 0 && !EXTENDED.contains(kind));
        if is_plain && flag != [ACTIVE] {
            others.push(entry);
        }
    }
    let other = others.first().context("there is no second primary partition")?;
    Ok(disk.put(*other, &[ACTIVE])?)
}

/// The boot record of the system volume believes that the partition begins at sector 63: it was moved there from an older
/// disk, sector by sector. Its copy believes it too.
pub(crate) fn hidden_sectors_wrong(disk: &mut Disk, target: &Target<'_>) -> Result<()> {
    mbr_only(target.layout)?;
    let start = system(target.layout)?.start;
    let facts = target.layout.volumes.iter().find(|facts| facts.partition.start == start);
    let record = facts.and_then(|facts| facts.boot_record).context("the system volume has no boot record")?;
    for at in [Some(0), record.copy.map(|copy| copy.at)].into_iter().flatten() {
        disk.put(start + at + HIDDEN_SECTORS, &FIRST_TRACK.to_le_bytes())?;
    }
    Ok(())
}
