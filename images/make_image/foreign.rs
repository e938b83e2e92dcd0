//! A disk on which another program than Windows has been: what encrypts it, what was put in its place, what makes it part of an array.
//!
//! Sources: VeraCrypt, `src/Boot/Windows/BootSector.asm`; Linux, `fs/ext4/ext4.h`; util-linux, `libblkid/src/superblocks/isw_raid.c`.

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;
use bcdrescue::partition::TableKind;
use bcdrescue::storage::Storage;

use crate::disk::Disk;
use crate::field::put;
use crate::noise::noise;
use crate::place::mbr_only;
use crate::place::windows_apart;
use crate::target::Target;

/// What the first sector of VeraCrypt's loader has among its messages, and where.
const LOADER: &[u8] = b" VeraCrypt Boot Loader\r\n";
const LOADER_AT: u64 = 6;
/// Bytes of a volume that are made to look encrypted.
const ENCRYPTED: usize = 16 << 10;
/// Bytes of a volume that an ext4 takes at least: its superblock is in the second kilobyte.
const BEGIN: usize = 4096;
/// Magic of an ext4, and the feature (extents) that neither ext2 nor ext3 has.
const EXT_MAGIC: (usize, [u8; 2]) = (0x438, [0x53, 0xef]);
const EXT4_FEATURE: (usize, [u8; 2]) = (0x460, [0x42, 0]);
/// What Intel's firmware keeps in the second last sector.
const INTEL: &[u8] = b"Intel Raid ISM Cfg Sig. 1.1.00";
const INTEL_FROM_END: u64 = 1024;

/// The Windows volume was encrypted by VeraCrypt, and its loader starts the disk. There is no key and no way back.
pub(crate) fn veracrypt(disk: &mut Disk, target: &Target<'_>) -> Result<()> {
    mbr_only(target.layout)?;
    let start = windows_apart(target.layout)?.start;
    disk.put(start, &noise(ENCRYPTED))?;
    Ok(disk.put(LOADER_AT, LOADER)?)
}

/// A Linux was installed over the Windows, as far as the begin of the volume says.
pub(crate) fn ext4(disk: &mut Disk, target: &Target<'_>) -> Result<()> {
    let start = windows_apart(target.layout)?.start;
    let mut begin = vec![0; BEGIN];
    put(&mut begin, EXT_MAGIC.0, &EXT_MAGIC.1)?;
    put(&mut begin, EXT4_FEATURE.0, &EXT4_FEATURE.1)?;
    Ok(disk.put(start, &begin)?)
}

/// The disk is a member of an array of Intel's firmware.
pub(crate) fn raid_member(disk: &mut Disk, target: &Target<'_>) -> Result<()> {
    ensure!(
        target.layout.table.kind == TableKind::Mbr,
        "this is a damage to disks with an MBR: where it writes, a GPT has its backup"
    );
    let at = disk.len().checked_sub(INTEL_FROM_END).context("the disk is too short")?;
    Ok(disk.put(at, INTEL)?)
}
