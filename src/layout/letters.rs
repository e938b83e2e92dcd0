//! What a drive letter means: the partition that a Windows remembers under it.

use crate::layout::disk::Layout;
use crate::layout::index::VolumeIndex;
use crate::layout::mounted_devices::MountedDevice;
use crate::layout::mounted_devices::MountedDevices;
use crate::layout::mounted_devices::Named;
use crate::partition::DiskId;
use crate::partition::PartitionId;

/// The drive letters in a SYSTEM hive, each with its colon and the partition of this disk that it means.
///
/// A letter of the disk's old signature counts where the same signature stands for the volume of that Windows itself: then
/// it was this disk's.
#[must_use]
pub fn letters(layout: &Layout, mounted: &MountedDevices) -> Vec<(String, VolumeIndex)> {
    let Ok(entries) = &mounted.entries else { return Vec::new() };
    let old = old_signature(layout, mounted.volume, entries);
    let means = |entry: &MountedDevice| {
        let letter = entry.letter()?.to_ascii_uppercase();
        Some((letter, partition(layout, entry.names, old)?))
    };
    let mut letters: Vec<_> = entries.iter().filter_map(means).collect();
    letters.sort_unstable();
    letters
}

/// The signature that the disk had by what a Windows on it remembers; `None` where it remembers none, or nobody can tell.
///
/// It has run from its own volume, and has a name for that. Where the volume is elsewhere by now, a Windows that remembers volumes of one
/// signature alone has had no other disk.
#[must_use]
pub fn remembered(layout: &Layout, mounted: &MountedDevices) -> Option<u32> {
    let entries = mounted.entries.as_ref().ok()?;
    let is_present = |signature: u32| layout.table.disk == Some(DiskId::Mbr(signature));
    let mut all = entries.iter().filter_map(|entry| match entry.names {
        Named::Mbr { signature, .. } => Some(signature),
        Named::Gpt(_) | Named::Other => None,
    });
    let first = all.next()?;
    match all.all(|other| other == first) {
        true => Some(first).filter(|only| *only != 0 && !is_present(*only)),
        false => old_signature(layout, mounted.volume, entries),
    }
}

/// The signature by which a Windows remembers its own volume, where that is not the disk's.
fn old_signature(layout: &Layout, own: VolumeIndex, entries: &[MountedDevice]) -> Option<u32> {
    let start = layout.partition(own)?.start;
    let mut signatures = entries.iter().filter_map(|entry| match entry.names {
        Named::Mbr { signature, offset } if offset == start => Some(signature),
        _ => None,
    });
    let is_present = |signature: u32| layout.table.disk == Some(DiskId::Mbr(signature));
    let first = signatures.next().filter(|first| !is_present(*first))?;
    // Of two that it remembers, nobody knows which was its own.
    signatures.all(|other| other == first).then_some(first)
}

fn partition(layout: &Layout, names: Named, old: Option<u32>) -> Option<VolumeIndex> {
    match names {
        Named::Mbr { signature, offset } => {
            let is_here = layout.table.disk == Some(DiskId::Mbr(signature)) && signature != 0;
            (is_here || old == Some(signature)).then(|| layout.partition_at(offset))?
        }
        Named::Gpt(guid) => layout.find_partition(|partition| partition.id == Some(PartitionId::Gpt(guid))),
        Named::Other => None,
    }
}
