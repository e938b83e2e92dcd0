//! Asks each Windows of a disk what nothing on the way of its boot tells: which machine it is, and what it has of storage drivers.

use crate::hive::ReadError;
use crate::layout::disk::Layout;
use crate::layout::drivers;
use crate::layout::drivers::controller::Controllers;
use crate::layout::drivers::facts::Asked;
use crate::layout::known::Cause;
use crate::layout::machine::Machine;
use crate::layout::walk::discover;
use crate::layout::windows::WindowsVolume;
use crate::partition::PartitionError;
use crate::storage::Storage;
use crate::storage::budget::Budgeted;
use crate::storage::window::Window;
use crate::volume::Volume;

/// Windows of one disk that are asked, at most.
const ASKED_MAX: usize = 16;
/// Reads and bytes for all of them, at most; one takes some dozen reads.
const READS: u64 = 16 << 10;
const BYTES: u64 = 64 << 20;
/// The same where drivers are asked for: a SYSTEM hive is read in pieces of a megabyte.
const BYTES_OF_DRIVERS: u64 = 512 << 20;

/// Asks every Windows of the disk that has this layout, and keeps in it what they say. What cannot be read is left out.
pub fn machines(storage: &dyn Storage, layout: &mut Layout) {
    let found: &Layout = layout;
    storage.look_ahead(&|storage| drop(machines_of(storage, found)));
    let machines = machines_of(storage, found);
    layout.windows.iter_mut().zip(machines).for_each(|(windows, machine)| windows.machine = machine);
}

fn machines_of(storage: &dyn Storage, layout: &Layout) -> Vec<Machine> {
    let budgeted = Budgeted::new(storage, READS, BYTES);
    let machine = |windows: &WindowsVolume| {
        let partition = layout.partition(windows.volume)?;
        let window = Window::new(&budgeted, partition.start, partition.len);
        Volume::open(&window).ok().and_then(|it| read(&it, windows))
    };
    layout.windows.iter().take(ASKED_MAX).map(|windows| machine(windows).unwrap_or_default()).collect()
}

/// What is on a disk, and what each Windows of it has of drivers for these controllers; nothing is asked where there is none.
///
/// # Errors
/// As [`discover`].
pub fn discover_for(storage: &dyn Storage, controllers: Controllers) -> Result<Layout, PartitionError> {
    let mut layout = discover(storage)?;
    if !controllers.is_empty() {
        storage_drivers(storage, &mut layout, controllers);
    }
    Ok(layout)
}

/// Asks every Windows of the disk that has this layout what it has of drivers for these controllers, and keeps in it what they say.
pub fn storage_drivers(storage: &dyn Storage, layout: &mut Layout, controllers: Controllers) {
    let found: &Layout = layout;
    storage.look_ahead(&|storage| drop(drivers_of(storage, found, controllers)));
    let drivers = drivers_of(storage, found, controllers);
    for (windows, drivers) in layout.windows.iter_mut().zip(drivers) {
        windows.drivers = drivers.or_else(|| windows.drivers.take());
    }
}

fn drivers_of(storage: &dyn Storage, layout: &Layout, controllers: Controllers) -> Vec<Option<Asked>> {
    let budgeted = Budgeted::new(storage, READS, BYTES_OF_DRIVERS);
    let ask = |(place, windows): (usize, &WindowsVolume)| {
        if place >= ASKED_MAX {
            return Some(Asked { controllers, found: Err(Cause::NotAsked(ASKED_MAX)) });
        }
        let partition = layout.partition(windows.volume)?;
        let window = Window::new(&budgeted, partition.start, partition.len);
        let read = |volume: Volume<'_>| drivers::read(&volume, &windows.root, windows.is_nt5(), controllers);
        let found = Volume::open(&window).map_err(Cause::from).and_then(read);
        Some(Asked { controllers, found })
    };
    layout.windows.iter().enumerate().map(ask).collect()
}

fn read(volume: &Volume<'_>, windows: &WindowsVolume) -> Option<Machine> {
    let file = volume.open_file(&windows.system_hive_path()).ok()??;
    let read = |at, len| file.read_at(at, len).map_err(ReadError::reader);
    Machine::of_hive(&read, file.len()).ok()
}
