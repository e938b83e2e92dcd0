//! From where firmware starts a disk.

use crate::diagnosis::disk::mbr_entry;
use crate::layout::Firmware;
use crate::layout::Layout;
use crate::layout::index::VolumeIndex;
use crate::layout::system::SystemVolume;
use crate::layout::system_file::SystemFile;
use crate::partition::BootCode;
use crate::partition::Partition;
use crate::partition::TableKind;
use crate::volume::FileSystem;

/// Whether it is the MBR that says from where Windows starts: also a hybrid one, when no volume is for UEFI.
pub(in crate::diagnosis) fn is_started_by_mbr(layout: &Layout) -> bool {
    match layout.table.kind {
        TableKind::Mbr => true,
        TableKind::Gpt => !layout.table.hybrid_entries.is_empty() && !has_uefi_start(layout),
        TableKind::None => false,
    }
}

/// Whether a Windows of this disk starts by UEFI.
pub(in crate::diagnosis) fn has_uefi_start(layout: &Layout) -> bool {
    match layout.systems.is_empty() {
        true => layout.windows.iter().any(|windows| windows.winload_efi),
        false => layout.systems.iter().any(|system| system.firmware() == Firmware::Uefi),
    }
}

/// Volumes that entries of the MBR lead to and that a BIOS could start Windows from.
pub(in crate::diagnosis) fn startable(layout: &Layout) -> impl Iterator<Item = &SystemVolume> {
    let is_mbr = is_started_by_mbr(layout);
    let systems = layout.systems.iter().filter(move |_| is_mbr);
    let with_manager = systems.filter(|system| system.bios_boot_manager || system.ntldr.is_some());
    with_manager.filter(|system| mbr_entry::of_volume(layout, system.volume).is_some())
}

/// The active partitions, as boot code counts them.
pub(in crate::diagnosis) fn active_partitions(
    layout: &Layout,
) -> impl Iterator<Item = (VolumeIndex, &Partition)> {
    let partitions = layout.partitions_indexed();
    partitions.filter(|(_, partition)| partition.active && !partition.logical)
}

/// Whether the loader in the MBR starts what it has encrypted itself, so that nobody can see what that is: no system volume can be
/// seen, or another partition is active than those.
pub(in crate::diagnosis) fn is_start_encrypted(layout: &Layout) -> bool {
    let is_encrypted = |(volume, _): (VolumeIndex, &Partition)| {
        layout.volume(volume).is_some_and(|facts| facts.file_system == FileSystem::Encrypted)
    };
    layout.table.kind == TableKind::Mbr
        && layout.encryptor.is_some()
        && (layout.systems.is_empty() || active_partitions(layout).any(is_encrypted))
}

/// Whether UEFI starts this MBR disk too, by the loader of removable media: what a BIOS lacks stops nobody then.
pub(in crate::diagnosis) fn starts_by_uefi(layout: &Layout) -> bool {
    layout.table.kind == TableKind::Mbr
        && layout.systems.iter().any(|system| {
            let is_read = system.is_fat || layout.uefi_ntfs.is_some();
            is_read && !system.fallbacks.is_empty() && system.stores.contains(&SystemFile::UefiStore)
        })
}

/// Whether a BIOS comes to this volume when it starts the disk. A boot loader in the MBR does not care which one is active.
pub(in crate::diagnosis) fn is_started_by_bios(layout: &Layout, volume: VolumeIndex) -> bool {
    let is_active = || layout.volume(volume).is_some_and(|facts| facts.partition.active);
    let is_of_loader = || {
        layout.table.boot_code == BootCode::Grub
            && layout.first_system().is_some_and(|start| start.volume == volume)
    };
    startable(layout).any(|system| system.volume == volume) && (is_active() || is_of_loader())
}
