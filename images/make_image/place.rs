//! Where things lie on a disk in memory, as the library finds them.

use anyhow::Context;
use anyhow::Result;
use bcdrescue::layout::Layout;
use bcdrescue::layout::discover;
use bcdrescue::layout::extent::DiskExtent;
use bcdrescue::layout::store::StoreFile;
use bcdrescue::partition::Partition;
use bcdrescue::storage::Storage;
use bcdrescue::storage::cache::Cached;
use bcdrescue::storage::window::Window;

use crate::disk::Disk;

/// What is where.
pub(crate) fn look(disk: &Disk) -> Result<Layout> {
    Ok(discover(&Cached::new(Window::new(disk, 0, disk.len())))?)
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

/// The store that the boot manager reads.
pub(crate) fn store(layout: &Layout) -> Result<&StoreFile> {
    layout.stores.iter().find(|store| store.live && !store.recovery).context("this Windows has no BCD store")
}

/// The parts of a store's file on the disk.
pub(crate) fn extents(store: &StoreFile) -> Result<&[DiskExtent]> {
    store.place.as_deref().map_err(|why| anyhow::anyhow!("{}: {why}", store.path))
}
