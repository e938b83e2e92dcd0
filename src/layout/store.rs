//! The stores of a disk: read whole, made whole from their logs where they are dirty, parsed, and located so that they
//! could be patched in place.

use crate::bcd::Store;
use crate::hive::replay;
use crate::hive::replay::PassedOver;
use crate::hive::replay::ReplayError;
use crate::hive::replay::Replayed;
use crate::layout::Firmware;
use crate::layout::system::STORE_PATHS;
use crate::layout::system::SystemVolume;
use crate::layout::system::is_esp_type;
use crate::partition::PartitionTable;
use crate::partition::TableKind;
use crate::volume::Extent;
use crate::volume::Volume;

/// Longest store that is read. Real ones have 8 to 256 KiB; what is longer is damage or a trap.
pub const STORE_MAX: u64 = 1 << 20;

/// Bytes of all stores of a disk and of the logs that are read, together; a table of hundreds of volumes with a long
/// store each is a trap.
const STORES_MAX: u64 = 3 << 20;

/// Endings of the transaction logs that Windows keeps beside a store. Stores of Windows 8.1 and later were seen with
/// entries in all three.
const LOG_ENDINGS: [&str; 3] = ["LOG", "LOG1", "LOG2"];

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
    /// Of several live ones of a firmware the first; the others start something only when the machine is told so.
    pub first: bool,
    /// The parsed store, or why there is none. Of a dirty store that its logs make whole: what comes out.
    pub store: Result<Store, String>,
    /// What became of a store that is dirty on the disk; `None` for a clean one, whose logs are not even read.
    pub dirty: Option<Dirty>,
    /// Where its bytes lie on the disk, or why they must not be overwritten in place.
    pub place: Result<Vec<Extent>, String>,
    /// Why the volume must not be written now (a dirty or hibernated file system).
    pub obstacles: Vec<String>,
}

/// A store whose last write was cut short.
#[derive(Debug)]
pub enum Dirty {
    /// Its logs make it whole.
    Replayed {
        /// The file as it lies on the disk.
        on_disk: Vec<u8>,
        /// What was done. The bytes that came out are those of [`StoreFile::store`], and not here once more.
        replayed: Replayed,
    },
    /// Its logs do not help, for this reason.
    NotReplayed(String),
}

impl StoreFile {
    /// The store, when it parsed.
    #[must_use]
    pub fn parsed(&self) -> Option<&Store> {
        self.store.as_ref().ok()
    }

    /// The file as it lies on the disk, when the store parsed.
    #[must_use]
    pub fn on_disk(&self) -> Option<&[u8]> {
        match &self.dirty {
            Some(Dirty::Replayed { on_disk, .. }) => Some(on_disk),
            Some(Dirty::NotReplayed(_)) | None => self.parsed().map(|store| store.hive().bytes()),
        }
    }

    /// How a dirty store was made whole, where it was.
    #[must_use]
    pub fn replayed(&self) -> Option<&Replayed> {
        match &self.dirty {
            Some(Dirty::Replayed { replayed, .. }) => Some(replayed),
            Some(Dirty::NotReplayed(_)) | None => None,
        }
    }

    /// Bytes that the file lacks for the store that its logs make of it.
    #[must_use]
    pub fn lacks(&self) -> usize {
        let whole = self.parsed().map_or(0, |store| store.hive().bytes().len());
        self.on_disk().map_or(0, |on_disk| whole.saturating_sub(on_disk.len()))
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
    let mut left = STORES_MAX;
    for system in systems {
        let Some(volume) = volumes.get(system.volume).copied().flatten() else { continue };
        let start = table.partitions.get(system.volume).map_or(0, |partition| partition.start);
        let found = STORE_PATHS.iter().filter(|(path, _)| system.stores.contains(path));
        for (path, firmware) in found {
            stores.push(read(volume, system.volume, start, path, *firmware, &mut left));
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
    // From a GPT disk a BIOS starts nothing (but by a hybrid MBR): beside a store for UEFI one for BIOS is a leftover.
    let on_esp = |file: &StoreFile| file.firmware == Firmware::Uefi && in_place(file);
    if table.kind == TableKind::Gpt && table.hybrid.is_none() && stores.iter().any(on_esp) {
        for file in stores.iter_mut().filter(|file| file.firmware == Firmware::Bios) {
            file.live = false;
        }
    }
    for firmware in [Firmware::Bios, Firmware::Uefi] {
        let is_it = |file: &&mut StoreFile| file.firmware == firmware && file.live && !file.recovery;
        if let Some(file) = stores.iter_mut().find(is_it) {
            file.first = true;
        }
    }
}

fn read(
    volume: &Volume<'_>,
    index: usize,
    start: u64,
    path: &str,
    firmware: Firmware,
    left: &mut u64,
) -> StoreFile {
    let max = STORE_MAX.min(*left);
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
    let (store, dirty) = match bytes {
        Ok(bytes) => {
            take(left, &bytes);
            made_whole(volume, &path_on_disk, bytes, left)
        }
        Err(error) => (Err(error), None),
    };
    StoreFile {
        volume: index,
        path: path_on_disk,
        firmware,
        recovery: path.contains(r"\Recovery\"),
        live: true,
        first: false,
        store,
        dirty,
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

/// Takes bytes that were read from what may still be.
fn take(left: &mut u64, bytes: &[u8]) {
    *left = left.saturating_sub(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
}

/// The store in a file; a dirty one as its logs make it, where they help.
fn made_whole(
    volume: &Volume<'_>,
    path: &str,
    on_disk: Vec<u8>,
    left: &mut u64,
) -> (Result<Store, String>, Option<Dirty>) {
    let parse = |bytes| Store::parse(bytes).map_err(|error| error.to_string());
    if replay::is_clean(&on_disk) {
        return (parse(on_disk), None);
    }
    let why = match replay_logs(volume, path, &on_disk, left) {
        Ok(None) => return (parse(on_disk), None),
        Ok(Some(mut replayed)) => match parse(std::mem::take(&mut replayed.bytes)) {
            Ok(store) => {
                take(left, store.hive().bytes());
                return (Ok(store), Some(Dirty::Replayed { on_disk, replayed }));
            }
            Err(error) => error,
        },
        Err(why) => why,
    };
    let store = parse(on_disk).map_err(|error| format!("{error}; {why}"));
    (store, Some(Dirty::NotReplayed(why)))
}

/// Reads the logs beside a store and replays them. A log that cannot be read is as good as none.
fn replay_logs(
    volume: &Volume<'_>,
    path: &str,
    on_disk: &[u8],
    left: &mut u64,
) -> Result<Option<Replayed>, String> {
    let name = path.rsplit('\\').next().unwrap_or(path);
    let (mut logs, mut unread) = (Vec::new(), Vec::new());
    for ending in LOG_ENDINGS {
        let name = format!("{name}.{ending}");
        match volume.read(&format!("{path}.{ending}"), STORE_MAX.min(*left)) {
            Ok(Some(bytes)) => {
                take(left, &bytes);
                logs.push((name, bytes));
            }
            Ok(None) => {}
            Err(error) => unread.push(PassedOver { name, why: error.to_string() }),
        }
    }
    let logs: Vec<(&str, &[u8])> =
        logs.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    match replay::replay(on_disk, &logs) {
        Ok(Some(mut replayed)) => {
            replayed.passed_over.extend(unread);
            Ok(Some(replayed))
        }
        Ok(None) => Ok(None),
        Err(ReplayError::NoLog(mut passed_over)) => {
            passed_over.extend(unread);
            Err(ReplayError::NoLog(passed_over).to_string())
        }
        Err(error) => Err(error.to_string()),
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
