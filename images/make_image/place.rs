//! Where things lie on a disk in memory, as the library finds them.

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;
use bcdrescue::layout::Firmware;
use bcdrescue::layout::Layout;
use bcdrescue::layout::discover;
use bcdrescue::layout::extent::DiskExtent;
use bcdrescue::layout::store::StoreFile;
use bcdrescue::partition::Partition;
use bcdrescue::partition::TableKind;
use bcdrescue::storage::Storage;
use bcdrescue::storage::cache::Cached;
use bcdrescue::storage::window::Window;
use bcdrescue::volume::FileSystem;
use bcdrescue::volume::Volume;
use bcdrescue::volume::VolumeExtent;

use crate::disk::Disk;

/// What is where.
pub(crate) fn look(disk: &Disk) -> Result<Layout> {
    Ok(discover(&Cached::new(Window::new(disk, 0, disk.len())))?)
}

/// Refuses a disk without an MBR.
pub(crate) fn mbr_only(layout: &Layout) -> Result<()> {
    ensure!(layout.table.kind == TableKind::Mbr, "this is a damage to disks with an MBR");
    Ok(())
}

/// Refuses a disk without a GPT.
pub(crate) fn gpt_only(layout: &Layout) -> Result<()> {
    ensure!(layout.table.kind == TableKind::Gpt, "this is a damage to disks with a GPT");
    Ok(())
}

/// The partition that the firmware starts from.
pub(crate) fn system(layout: &Layout) -> Result<&Partition> {
    let system = layout.systems.first().context("there is no system volume")?;
    layout.partition(system.volume).context("there is no system volume")
}

/// The partition with Windows.
pub(crate) fn windows(layout: &Layout) -> Result<&Partition> {
    let windows = layout.windows.first().context("there is no Windows")?;
    layout.partition(windows.volume).context("there is no Windows")
}

/// The partition with Windows, where the firmware starts from another.
pub(crate) fn windows_apart(layout: &Layout) -> Result<&Partition> {
    let windows = windows(layout)?;
    ensure!(windows.start != system(layout)?.start, "Windows is on the system volume");
    Ok(windows)
}

/// Where a file on the volume of Windows lies, counted from the start of the partition.
pub(crate) fn file_of_windows(disk: &Disk, layout: &Layout, path: &str) -> Result<Vec<VolumeExtent>> {
    let partition = windows(layout)?;
    let window = Window::new(disk, partition.start, partition.len);
    let volume = Volume::open(&window)?;
    ensure!(volume.file_system() != FileSystem::BitLocker, "its volume is encrypted already");
    let file = volume.extents(path)?.with_context(|| format!("this Windows has no {path}"))?;
    Ok(file.extents)
}

/// The loader that the firmware needs, in the system directory.
pub(crate) fn loader(layout: &Layout) -> Result<&'static str> {
    Ok(match store(layout)?.firmware {
        Firmware::Bios => "winload.exe",
        Firmware::Uefi => "winload.efi",
    })
}

/// The store that the boot manager reads.
pub(crate) fn store(layout: &Layout) -> Result<&StoreFile> {
    layout.stores.iter().find(|store| store.live && !store.recovery).context("this Windows has no BCD store")
}

/// The parts of a store's file on the disk.
pub(crate) fn extents(store: &StoreFile) -> Result<&[DiskExtent]> {
    store.place.as_deref().map_err(|why| anyhow::anyhow!("{}: {why}", store.path))
}

/// Puts these bytes in the place of those of a store, which has as many.
pub(crate) fn overwrite(disk: &mut Disk, store: &StoreFile, bytes: &[u8]) -> Result<()> {
    for extent in extents(store)? {
        let at = usize::try_from(extent.file_offset)?;
        let part = bytes.get(at..at + usize::try_from(extent.len)?).context("a store that is cut short")?;
        disk.put(extent.disk_offset, part)?;
    }
    Ok(())
}
