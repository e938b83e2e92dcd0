//! A disk that came back without what was on System Reserved, or without that partition at all.

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;

use crate::boot_code::clear_mbr;
use crate::boot_code::clear_record;
use crate::boot_start::not_active;
use crate::disk::Disk;
use crate::ntfs::Ntfs;
use crate::place::mbr_only;
use crate::place::store;
use crate::place::system;
use crate::place::windows;
use crate::place::windows_apart;
use crate::table::remove_entry;
use crate::target::Target;
use crate::wipe::wipe;

/// What a boot manager starts with, in the root.
const BOOT_FILES: [&str; 3] = ["bootmgr", "BOOTNXT", "Boot"];

/// System Reserved was made and formatted by a tool that copied Windows alone.
pub(crate) fn empty(disk: &mut Disk, target: &Target<'_>) -> Result<()> {
    mbr_only(target.layout)?;
    store(target.layout)?;
    windows_apart(target.layout)?;
    let partition = system(target.layout)?;
    Ntfs::open(disk, partition)?.empty()?;
    clear_record(disk, target.layout, partition)?;
    not_active(disk, target)
}

/// Only the partition of Windows was copied, to a disk that another tool had partitioned.
pub(crate) fn windows_only(disk: &mut Disk, target: &Target<'_>) -> Result<()> {
    mbr_only(target.layout)?;
    store(target.layout)?;
    let (system, windows) = (system(target.layout)?, windows(target.layout)?);
    ensure!(!windows.logical, "Windows is in a logical partition, which boot code does not start");
    if windows.start == system.start {
        let is_one = |name: &str| BOOT_FILES.iter().any(|file| file.eq_ignore_ascii_case(name));
        Ntfs::open(disk, windows)?.remove("", is_one).context("boot files")?;
    } else {
        wipe(disk, system)?;
        remove_entry(disk, system)?;
    }
    clear_mbr(disk)?;
    clear_record(disk, target.layout, windows)?;
    not_active(disk, target)
}
