//! A look at all directories before anything is changed: what begins where, and that no cluster is part of two things.
//!
//! Where no two clusters lead to the same one, every file begins in a cluster that none leads to, and no two begin in the
//! same, no cluster is shared, and no chain of a file is a circle. Then whatever is written or freed here belongs to one file.

use crate::storage::Storage;
use crate::volume::error::VolumeError;
use crate::volume::fat::boot_sector::BootSector;
use crate::volume::fat::boot_sector::Width;
use crate::volume::fat::write::bits::Bits;
use crate::volume::fat::write::directory::Directory;
use crate::volume::fat::write::draft::wide;
use crate::volume::fat::write::error::FatUnfit;
use crate::volume::fat::write::error::FatWriteError;
use crate::volume::fat::write::table::Overview;

/// Bytes of all directories that are read.
const BUDGET: u64 = 256 << 20;

/// Looks at all directories, and adds to the clusters in use those in which something begins although they are marked free.
///
/// # Errors
/// Two files or directories have a cluster in common, a directory is damaged, or the medium fails.
pub(super) fn survey(
    storage: &dyn Storage,
    boot: &BootSector,
    table: &mut Overview,
) -> Result<(), FatWriteError> {
    let mut starts = Bits::new(boot.clusters.saturating_add(2));
    let mut waiting = vec![0];
    if boot.width == Width::Bits32 {
        claim(boot, table, &mut starts, boot.root_cluster)?;
    }
    let mut budget = BUDGET;
    while let Some(cluster) = waiting.pop() {
        let directory = Directory::read(storage, boot, cluster)?;
        budget = budget.checked_sub(wide(directory.size())).ok_or(FatUnfit::Large)?;
        // By the short name: a long one may say what it likes.
        let is_dot = |name: &str| name == "." || name == "..";
        for entry in directory.entries.iter().filter(|it| !it.is_label && !is_dot(&it.short_name)) {
            if entry.is_directory && entry.cluster == 0 {
                let what = format!("FAT directory, {}", entry.name);
                return Err(VolumeError::corrupt(what, 0, "a cluster of its own", "that of the root").into());
            }
            if boot.place(entry.cluster).is_none() {
                continue;
            }
            claim(boot, table, &mut starts, entry.cluster)?;
            if entry.is_directory {
                waiting.push(entry.cluster);
            }
        }
    }
    Ok(())
}

fn claim(
    boot: &BootSector,
    table: &mut Overview,
    starts: &mut Bits,
    cluster: u32,
) -> Result<(), FatWriteError> {
    table.in_use.set(cluster);
    if starts.set(cluster) || table.linked.has(cluster) {
        let at = boot.place(cluster).unwrap_or(0);
        let expected = format!("cluster 0x{cluster:x} to be part of one file");
        return Err(VolumeError::corrupt("FAT directories", at, expected, "another that has it too").into());
    }
    Ok(())
}
