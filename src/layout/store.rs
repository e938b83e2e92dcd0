//! The stores of a disk: read whole, parsed, and located so that they could be patched in place.

use crate::bcd::Store;
use crate::layout::Firmware;
use crate::layout::system::STORE_PATHS;
use crate::layout::system::SystemVolume;
use crate::layout::system::is_esp_type;
use crate::partition::PartitionTable;
use crate::volume::Extent;
use crate::volume::Volume;

/// Longest store that is read. Real ones have 8 to 256 KiB; what is longer is damage or a trap.
pub const STORE_MAX: u64 = 2 << 20;

/// Bytes of all stores of a disk together; a table of hundreds of volumes with a long store each is a trap.
const STORES_MAX: u64 = 4 << 20;

/// One store file.
#[derive(Debug)]
pub struct StoreFile {
    /// Index of the volume in the layout.
    pub volume: usize,
    /// Path as the directory spells it.
    pub path: String,
    /// The firmware that reads it.
    pub firmware: Firmware,
    /// `\EFI\Microsoft\Recovery\BCD`: the second store of an ESP.
    pub recovery: bool,
    /// Whether the firmware would come to it: on the active partition or the ESP, where one of those has a store.
    pub live: bool,
    /// The parsed store, or why there is none.
    pub store: Result<Store, String>,
    /// Where its bytes lie on the disk, or why they must not be overwritten in place.
    pub place: Result<Vec<Extent>, String>,
    /// Why the volume must not be written now (a dirty or hibernated file system).
    pub obstacles: Vec<String>,
}

impl StoreFile {
    /// The store, when it parsed.
    #[must_use]
    pub fn parsed(&self) -> Option<&Store> {
        self.store.as_ref().ok()
    }
}

/// Reads every store of the system volumes.
#[must_use]
pub fn read_all(
    volumes: &[Option<&Volume<'_>>],
    systems: &[SystemVolume],
    table: &PartitionTable,
) -> Vec<StoreFile> {
    let mut stores: Vec<StoreFile> = Vec::new();
    for system in systems {
        let Some(volume) = volumes.get(system.volume).copied().flatten() else { continue };
        let start = table.partitions.get(system.volume).map_or(0, |partition| partition.start);
        let found = STORE_PATHS.iter().filter(|(path, _)| system.stores.contains(path));
        for (path, firmware) in found {
            let taken: usize =
                stores.iter().filter_map(StoreFile::parsed).map(|store| store.hive().bytes().len()).sum();
            let left = STORES_MAX.saturating_sub(u64::try_from(taken).unwrap_or(STORES_MAX));
            let max = STORE_MAX.min(left);
            stores.push(read(volume, system.volume, start, path, *firmware, max));
        }
    }
    mark_live(&mut stores, table);
    stores
}

/// A BIOS starts from the active partition, UEFI from the ESP. A store elsewhere is a copy or a leftover; but where the
/// right place has none, the store elsewhere is all there is.
fn mark_live(stores: &mut [StoreFile], table: &PartitionTable) {
    let in_place = |file: &StoreFile| {
        table.partitions.get(file.volume).is_some_and(|partition| match file.firmware {
            Firmware::Bios => partition.active,
            Firmware::Uefi => is_esp_type(partition.kind),
        })
    };
    for firmware in [Firmware::Bios, Firmware::Uefi] {
        let is_any = stores.iter().any(|file| file.firmware == firmware && in_place(file));
        for file in stores.iter_mut().filter(|file| file.firmware == firmware) {
            file.live = !is_any || in_place(file);
        }
    }
}

fn read(
    volume: &Volume<'_>,
    index: usize,
    start: u64,
    path: &str,
    firmware: Firmware,
    max: u64,
) -> StoreFile {
    let gone = || format!("{path} was found but could not be opened");
    let (path_on_disk, bytes, place) = match volume.locate(path, max) {
        Ok(Some(file)) => (file.path, Ok(file.bytes), on_disk(start, &file.extents)),
        Ok(None) => (path.to_owned(), Err(gone()), Err(gone())),
        Err(refusal) => {
            let bytes = volume.read(path, max).map_err(|error| error.to_string());
            (path.to_owned(), bytes.and_then(|bytes| bytes.ok_or_else(gone)), Err(refusal.to_string()))
        }
    };
    let obstacles = obstacles(volume);
    StoreFile {
        volume: index,
        path: path_on_disk,
        firmware,
        recovery: path.contains(r"\Recovery\"),
        live: true,
        store: bytes.and_then(|bytes| Store::parse(bytes).map_err(|error| error.to_string())),
        place,
        obstacles,
    }
}

/// Why a volume must not be written now.
pub(super) fn obstacles(volume: &Volume<'_>) -> Vec<String> {
    match volume.obstacles() {
        Ok(obstacles) => obstacles.into_iter().map(|obstacle| obstacle.message).collect(),
        Err(error) => vec![error.to_string()],
    }
}

/// The same extents, counted from the start of the disk in [`Extent::volume_offset`].
pub(super) fn on_disk(start: u64, extents: &[Extent]) -> Result<Vec<Extent>, String> {
    let shift = |extent: &Extent| {
        let volume_offset = extent.volume_offset.checked_add(start)?;
        Some(Extent { volume_offset, ..*extent })
    };
    extents
        .iter()
        .map(shift)
        .collect::<Option<_>>()
        .ok_or_else(|| "an extent lies beyond the end of the disk".into())
}
