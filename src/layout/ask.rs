//! Asks each Windows of a disk which machine it is: for who lists disks, as nothing of it matters for booting.

use crate::hive::ReadError;
use crate::layout::disk::Layout;
use crate::layout::machine::Machine;
use crate::layout::windows::WindowsVolume;
use crate::storage::Storage;
use crate::storage::budget::Budgeted;
use crate::storage::window::Window;
use crate::volume::Volume;

/// Windows of one disk that are asked, at most.
const ASKED_MAX: usize = 16;
/// Reads and bytes for all of them, at most; one takes some dozen reads.
const READS: u64 = 16 << 10;
const BYTES: u64 = 64 << 20;

/// Asks every Windows of the disk that has this layout, and keeps in it what they say. What cannot be read is left out.
pub fn machines(storage: &dyn Storage, layout: &mut Layout) {
    let budgeted = Budgeted::new(storage, READS, BYTES);
    let Layout { table, windows, .. } = layout;
    for windows in windows.iter_mut().take(ASKED_MAX) {
        let Some(partition) = windows.volume.of(&table.partitions) else { continue };
        let window = Window::new(&budgeted, partition.start, partition.len);
        windows.machine = Volume::open(&window).ok().and_then(|it| read(&it, windows)).unwrap_or_default();
    }
}

fn read(volume: &Volume<'_>, windows: &WindowsVolume) -> Option<Machine> {
    let file = volume.open_file(&windows.system_hive_path()).ok()??;
    let read = |at, len| file.read_at(at, len).map_err(ReadError::reader);
    Machine::of_hive(&read, file.len()).ok()
}
