//! Boot code that is gone: of the MBR, and of a boot record of NTFS.
//!
//! Sources: Microsoft, "Master Boot Records" (its code ends where the disk signature begins); the NTFS documentation of the Linux-NTFS
//! project, "$Boot".

use anyhow::Context;
use anyhow::Result;
use bcdrescue::layout::Layout;
use bcdrescue::partition::Partition;

use crate::disk::Disk;
use crate::place::mbr_only;
use crate::place::system;
use crate::target::Target;

/// Bytes of code of an MBR.
const MBR_CODE: usize = 0x1b8;
/// The code of a boot record begins behind its fields and ends before the signature; of `$Boot` it has all else.
const CODE: usize = 0x54;
const SIGNATURE: usize = 0x1fe;
const SECTOR: usize = 512;
const BOOT_FILE: usize = 8192;

/// The MBR and the boot record of the system volume have no code, as on a disk that a Linux partitioned and formatted.
pub(crate) fn missing(disk: &mut Disk, target: &Target<'_>) -> Result<()> {
    mbr_only(target.layout)?;
    clear_mbr(disk)?;
    clear_record(disk, target.layout, system(target.layout)?)
}

/// Zeros in place of the MBR's code.
pub(crate) fn clear_mbr(disk: &mut Disk) -> Result<()> {
    Ok(disk.put(0, &[0; MBR_CODE])?)
}

/// Zeros in place of the code of an NTFS boot record and of its copy; the fields stay.
pub(crate) fn clear_record(disk: &mut Disk, layout: &Layout, partition: &Partition) -> Result<()> {
    let facts = layout.volumes.iter().find(|facts| facts.partition.start == partition.start);
    let record = facts.and_then(|facts| facts.boot_record).context("the volume has no boot record")?;
    let code = [0; SIGNATURE - CODE];
    for at in [Some(0), record.copy.map(|copy| copy.at)].into_iter().flatten() {
        disk.put(partition.start + at + u64::try_from(CODE)?, &code)?;
    }
    Ok(disk.put(partition.start + u64::try_from(SECTOR)?, &[0; BOOT_FILE - SECTOR])?)
}
