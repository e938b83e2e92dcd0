//! Where an entry of `boot.ini` leads on this disk.
//!
//! Sources: Microsoft, KB 102873 (how partitions are counted), KB 227704 (`signature()` is looked up among all disks).

use crate::diagnosis::model::context::Context;
use crate::diagnosis::model::remedy::NamedDisk;
use crate::diagnosis::ntldr::void_file::is_void;
use crate::layout::Layout;
use crate::layout::arc_path::Adapter;
use crate::layout::arc_path::ArcPath;
use crate::layout::index::VolumeIndex;
use crate::layout::system::SystemVolume;
use crate::layout::system_file::SystemFile;
use crate::layout::windows::WindowsVolume;
use crate::partition::DiskId;
use crate::partition::TableKind;

/// Where an ARC path leads.
#[derive(Debug, Clone)]
pub(in crate::diagnosis) enum Lead<'a> {
    /// To this Windows.
    Windows(&'a WindowsVolume),
    /// To a disk with this signature, which is neither this one nor another that is known.
    UnknownDisk(u32),
    /// To a disk with this signature, which is another attached one.
    OtherDisk(u32, NamedDisk),
    /// To the disk that the BIOS counts by this number, from 0: there is only this one.
    NoDisk(u32),
    /// To a disk that a driver reaches which is not there.
    NoDriver,
    /// To another disk, or to one that cannot be told from here: in words.
    Elsewhere(String),
    /// To a partition that this disk does not have.
    NoPartition,
    /// To this volume, which has no Windows in the directory.
    NoWindows(VolumeIndex),
    /// To this volume, whose files cannot be seen.
    Hidden(VolumeIndex),
}

/// Follows a path as NTLDR would when this disk is the one that it was started from.
pub(in crate::diagnosis) fn lead<'a>(
    layout: &'a Layout,
    context: &Context,
    system: &SystemVolume,
    path: &ArcPath,
) -> Lead<'a> {
    let may_have_driver = system.ntldr.as_ref().is_some_and(|ntldr| ntldr.scsi_driver.may_be())
        && !is_void(layout, system, SystemFile::ScsiDriver);
    // A GPT is another matter.
    let is_lone = |number: u32| {
        let is_beside = usize::try_from(number).is_ok_and(|it| it <= context.companions.len());
        layout.table.kind == TableKind::Mbr && !is_beside
    };
    match path.adapter {
        Adapter::Signature(signature) if layout.table.disk != Some(DiskId::Mbr(signature)) => {
            return other_disk(context, path, signature);
        }
        Adapter::Scsi(_) if !may_have_driver => return Lead::NoDriver,
        Adapter::Multi(_) if path.rdisk != 0 && is_lone(path.rdisk) => return Lead::NoDisk(path.rdisk),
        Adapter::Scsi(_) => return Lead::Elsewhere("a disk found through ntbootdd.sys".into()),
        Adapter::Multi(_) if path.rdisk != 0 => {
            return Lead::Elsewhere(format!("a different disk, BIOS disk {} (counted from 0)", path.rdisk));
        }
        Adapter::Multi(_) | Adapter::Signature(_) => {}
    }
    if layout.table.kind != TableKind::Mbr {
        return Lead::Elsewhere("a partition number that applies to MBR disks only".into());
    }
    let Some(volume) = path.partition_of(&layout.table) else { return Lead::NoPartition };
    let of_volume = |windows: &&WindowsVolume| windows.volume == volume && is_root(path, windows);
    match layout.windows.iter().find(of_volume) {
        Some(windows) => Lead::Windows(windows),
        None if is_readable(layout, volume) => Lead::NoWindows(volume),
        None => Lead::Hidden(volume),
    }
}

fn other_disk<'a>(context: &Context, path: &ArcPath, signature: u32) -> Lead<'a> {
    let identity = DiskId::Mbr(signature);
    if let Some(companion) = context.companion_named(identity) {
        return Lead::Elsewhere(format!("partition {} of {}", path.partition, companion.name));
    }
    match context.others.find(identity) {
        Some(other) => {
            let named = NamedDisk { disk: other.name.clone(), partition: Some(path.partition) };
            Lead::OtherDisk(signature, named)
        }
        None => Lead::UnknownDisk(signature),
    }
}

/// The number that `partition()` has for a volume.
pub(in crate::diagnosis) fn number_of(layout: &Layout, path: &ArcPath, volume: VolumeIndex) -> Option<u32> {
    let last = u32::try_from(layout.table.partitions.len()).ok()?;
    let is = |partition: &u32| {
        ArcPath { partition: *partition, ..path.clone() }.partition_of(&layout.table) == Some(volume)
    };
    (1..=last).find(is)
}

/// The Windows that a path means, where it leads to none: the only one in its directory, or the only one that NTLDR starts.
pub(in crate::diagnosis) fn meant<'a>(layout: &'a Layout, path: &ArcPath) -> Option<&'a WindowsVolume> {
    let of_root: Vec<&WindowsVolume> =
        layout.windows.iter().filter(|windows| is_root(path, windows)).collect();
    let all = || layout.windows.iter().filter(|windows| windows.is_nt5()).collect();
    let fitting: Vec<&WindowsVolume> = if of_root.is_empty() { all() } else { of_root };
    match fitting.as_slice() {
        [only] => Some(only),
        _ => None,
    }
}

/// Whether a path names the directory of this Windows.
pub(in crate::diagnosis) fn is_root(path: &ArcPath, windows: &WindowsVolume) -> bool {
    path.directory.trim_end_matches('\\').to_lowercase() == windows.root.to_lowercase()
}

fn is_readable(layout: &Layout, volume: VolumeIndex) -> bool {
    layout.volume(volume).is_some_and(|facts| facts.file_system.is_readable() && facts.unreadable.is_none())
}
