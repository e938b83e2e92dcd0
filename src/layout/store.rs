//! The stores of a disk: read whole, made whole from their logs where they are dirty, parsed, and located so that they
//! could be patched in place.

use crate::bcd::Firmware;
use crate::bcd::Store;
use crate::bcd::object::Object;
use crate::hive::replay::Replayed;
use crate::layout::extent::DiskExtent;
use crate::layout::extent::on_disk;
use crate::layout::index::VolumeIndex;
use crate::layout::known::Cause;
use crate::layout::obstacle::NotWritable;
use crate::layout::store_budget::StoreBudget;
use crate::layout::store_logs::made_whole;
use crate::layout::system::SystemVolume;
use crate::layout::system::is_esp_type;
use crate::layout::system_file::SystemFile;
use crate::layout::uefi_ntfs::is_read_by_firmware;
use crate::layout::unread::Unread;
use crate::partition::PartitionTable;
use crate::partition::TableKind;
use crate::volume::Volume;

pub use crate::layout::store_budget::STORE_MAX;
pub use crate::layout::store_logs::Dirty;

/// One store file.
#[derive(Debug)]
pub struct StoreFile {
    /// Index of the volume in the layout.
    pub volume: VolumeIndex,
    /// Path as the directory spells it.
    pub path: String,
    /// The same for people, with the partition's number where another store has the same path: of two EFI system partitions each.
    pub name: String,
    /// The firmware that reads it.
    pub firmware: Firmware,
    /// `\EFI\Microsoft\Recovery\BCD`: the second store of an ESP.
    pub recovery: bool,
    /// Its file has no bytes.
    pub is_empty: bool,
    /// Whether the firmware would come to it: on the active partition or the ESP, where one of those has a store.
    pub live: bool,
    /// Of several live ones of a firmware the first; the others start something only when the machine is told so.
    pub first: bool,
    /// The parsed store, or why there is none. Of a dirty store that its logs make whole: what comes out.
    pub store: Result<Store, Cause>,
    /// What became of a store that is dirty on the disk; `None` for a clean one, whose logs are not even read.
    pub dirty: Option<Dirty>,
    /// Where its bytes lie on the disk, or why they must not be overwritten in place.
    pub place: Result<Vec<DiskExtent>, Cause>,
    /// Why the volume must not be written now (a dirty or hibernated file system).
    pub obstacles: Vec<NotWritable>,
}

impl StoreFile {
    /// Its objects; none where it could not be parsed.
    #[must_use]
    pub fn objects(&self) -> &[Object] {
        self.parsed().map_or(&[], Store::objects)
    }

    /// The store, when it parsed.
    #[must_use]
    pub fn parsed(&self) -> Option<&Store> {
        self.store.as_ref().ok()
    }

    /// Whether it can be written in place, as it is or as its logs make it.
    #[must_use]
    pub fn is_writable(&self) -> bool {
        let is_whole = match self.dirty {
            Some(Dirty::NotReplayed(_)) => false,
            Some(Dirty::Replayed { .. }) => self.lacks() == 0,
            None => true,
        };
        self.place.is_ok() && is_whole
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

/// Reads every store of the system volumes; `hidden` is of each volume what may be on it and cannot be read; `is_ntfs_read` is whether
/// UEFI firmware comes to NTFS too.
#[must_use]
pub fn read_all(
    volumes: &[Option<&Volume<'_>>],
    systems: &[SystemVolume],
    hidden: &[&[Unread]],
    table: &PartitionTable,
    is_ntfs_read: bool,
) -> Vec<StoreFile> {
    let mut stores: Vec<StoreFile> = Vec::new();
    let mut budget = StoreBudget::new();
    for system in systems {
        let Some(volume) = system.volume.opened(volumes) else { continue };
        let start = system.volume.of(&table.partitions).map_or(0, |partition| partition.start);
        for file in system.stores.iter().copied() {
            stores.push(read(volume, system.volume, start, file, &mut budget));
        }
    }
    let is_read = |volume: VolumeIndex| is_ntfs_read || is_read_by_firmware(volume.opened(volumes));
    mark_live(&mut stores, hidden, table, &is_read);
    tell_apart(&mut stores, table);
    stores
}

fn tell_apart(stores: &mut [StoreFile], table: &PartitionTable) {
    let paths: Vec<String> = stores.iter().map(|file| file.path.to_lowercase()).collect();
    for file in stores {
        let path = file.path.to_lowercase();
        let number = file.volume.of(&table.partitions).map(|partition| partition.number);
        if let (2.., Some(number)) = (paths.iter().filter(|other| **other == path).count(), number) {
            file.name = format!("{} of partition {number}", file.path);
        }
    }
}

/// A BIOS starts from the active partition, UEFI from the ESP. A store elsewhere is a copy or a leftover; but where the
/// right place has none, the store elsewhere is all there is. Where nobody can tell whether the right place has one, none is taken
/// for it.
fn mark_live(
    stores: &mut [StoreFile],
    unread: &[&[Unread]],
    table: &PartitionTable,
    is_read: &dyn Fn(VolumeIndex) -> bool,
) {
    let is_in_place = |volume: VolumeIndex, firmware: Firmware| {
        is_in_place(table, volume, firmware) && (firmware == Firmware::Bios || is_read(volume))
    };
    let hidden = [Firmware::Bios, Firmware::Uefi].map(|it| (it, hiding(unread, it, &is_in_place)));
    for (firmware, hidden) in hidden {
        let is_in_place = |file: &StoreFile| is_in_place(file.volume, firmware);
        let is_any =
            hidden.is_some() || stores.iter().any(|file| file.firmware == firmware && is_in_place(file));
        for file in stores.iter_mut().filter(|file| file.firmware == firmware) {
            file.live = !is_any || is_in_place(file);
        }
    }
    // From a GPT disk a BIOS starts nothing (but by a hybrid MBR): beside a store for UEFI one for BIOS is a leftover.
    let on_esp = |file: &StoreFile| {
        file.firmware == Firmware::Uefi && self::is_in_place(table, file.volume, Firmware::Uefi)
    };
    if table.kind == TableKind::Gpt && table.hybrid.is_none() && stores.iter().any(on_esp) {
        for file in stores.iter_mut().filter(|file| file.firmware == Firmware::Bios) {
            file.live = false;
        }
    }
    // UEFI reads FAT: beside a store that is read, one for UEFI on another file system is a leftover.
    let is_read_one = |file: &StoreFile| match file.firmware {
        Firmware::Bios => table.kind == TableKind::Mbr,
        Firmware::Uefi => is_read(file.volume),
    };
    if stores.iter().any(|file| file.live && is_read_one(file)) {
        for file in stores.iter_mut().filter(|file| file.firmware == Firmware::Uefi && !is_read(file.volume))
        {
            file.live = false;
        }
    }
    for (firmware, hidden) in hidden {
        let is_it = |file: &&mut StoreFile| file.firmware == firmware && file.live && !file.recovery;
        if let Some(file) = stores.iter_mut().find(is_it)
            && hidden.is_none_or(|hidden| file.volume <= hidden)
        {
            file.first = true;
        }
    }
}

/// Whether firmware starts from this volume.
fn is_in_place(table: &PartitionTable, volume: VolumeIndex, firmware: Firmware) -> bool {
    volume.of(&table.partitions).is_some_and(|partition| match firmware {
        Firmware::Bios => partition.active,
        Firmware::Uefi => is_esp_type(partition.kind),
    })
}

/// The first volume that this firmware starts from and of which nobody can tell whether it has a store.
fn hiding(
    unread: &[&[Unread]],
    firmware: Firmware,
    is_in_place: &dyn Fn(VolumeIndex, Firmware) -> bool,
) -> Option<VolumeIndex> {
    let is_store = |unread: &Unread| unread.file.is_store() && unread.file.firmware() == firmware;
    let is_it = |(volume, unread): &(VolumeIndex, &&[Unread])| {
        is_in_place(*volume, firmware) && unread.iter().any(is_store)
    };
    VolumeIndex::each(unread).find(is_it).map(|(volume, _)| volume)
}

fn read(
    volume: &Volume<'_>,
    index: VolumeIndex,
    start: u64,
    file: SystemFile,
    budget: &mut StoreBudget,
) -> StoreFile {
    let path = file.path();
    let max = budget.longest();
    let gone = || Cause::NotOpened(path.to_owned());
    let (path_on_disk, bytes, place) = match volume.locate(path, max) {
        Ok(Some(found)) => (found.path, Ok(found.bytes), on_disk(start, &found.extents)),
        Ok(None) => (path.to_owned(), Err(gone()), Err(gone())),
        Err(refusal) => {
            let bytes = volume.read(path, max).map_err(Cause::from);
            (path.to_owned(), bytes.and_then(|bytes| bytes.ok_or_else(gone)), Err(refusal.into()))
        }
    };
    let obstacles = NotWritable::of(volume);
    let is_empty = bytes.as_ref().is_ok_and(Vec::is_empty);
    let (store, dirty) = match bytes {
        Ok(_) if is_empty => (Err(Cause::Empty), None),
        Ok(bytes) => {
            budget.take(&bytes);
            made_whole(volume, &path_on_disk, bytes, budget)
        }
        Err(error) => (Err(error), None),
    };
    StoreFile {
        volume: index,
        name: path_on_disk.clone(),
        path: path_on_disk,
        firmware: file.firmware(),
        recovery: file == SystemFile::RecoveryStore,
        is_empty,
        live: true,
        first: false,
        store,
        dirty,
        place,
        obstacles,
    }
}
