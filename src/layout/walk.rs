//! The walk over a disk that finds everything there is to know about it.

use crate::layout::beneath;
use crate::layout::boot_files::BootFiles;
use crate::layout::content::Contents;
use crate::layout::disk::Layout;
use crate::layout::esp;
use crate::layout::evidence::Evidence;
use crate::layout::index::VolumeIndex;
use crate::layout::known::Cause;
use crate::layout::known::Known;
use crate::layout::look_into;
use crate::layout::mounted_devices;
use crate::layout::opened_volume::OpenedVolume;
use crate::layout::raid_member;
use crate::layout::store;
use crate::layout::store::StoreFile;
use crate::layout::system;
use crate::layout::system::SystemVolume;
use crate::layout::uefi_ntfs;
use crate::layout::unread::Unread;
use crate::layout::volume_facts::VolumeFacts;
use crate::layout::volume_facts::VolumeRole;
use crate::layout::windows;
use crate::layout::windows::WindowsVolume;
use crate::layout::winre;
use crate::partition;
use crate::partition::Partition;
use crate::partition::PartitionError;
use crate::partition::PartitionTable;
use crate::partition::TableKind;
use crate::storage::Storage;
use crate::storage::budget::Budgeted;
use crate::storage::first_failure::FirstFailure;
use crate::storage::window::Window;
use crate::volume::Volume;

/// Reads and bytes that a walk over a disk may take; a usual one takes some thousand reads and a few megabytes, one over
/// a hundred volumes some hundred times that.
const READS: u64 = 2_000_000;
const BYTES: u64 = 1 << 30;

/// Walks the disk. `storage` should have a cache before it.
///
/// # Errors
/// Only when the partition table cannot be read; a volume or store that cannot be read is a fact of the layout.
pub fn discover(storage: &dyn Storage) -> Result<Layout, PartitionError> {
    discover_companion(storage, &[])
}

/// Walks a disk that stands beside another: what the stores of that one (`stores`) name is looked for here too.
///
/// # Errors
/// As [`discover`].
pub fn discover_companion(storage: &dyn Storage, stores: &[StoreFile]) -> Result<Layout, PartitionError> {
    storage.look_ahead(&|storage| {
        // Whatever its table is, a disk is read at its end too.
        let _ = storage.read_at(storage.len().saturating_sub(512), &mut [0; 512]);
        drop(walk(storage, stores));
    });
    walk(storage, stores)
}

fn walk(disk: &dyn Storage, others: &[StoreFile]) -> Result<Layout, PartitionError> {
    let budgeted = Budgeted::new(disk, READS, BYTES);
    let storage = &FirstFailure::new(&budgeted);
    let mut table = partition::read(storage)?;
    let walk_by = |table| walk_by(disk, storage, table, others);
    let Some(beneath) = table.beneath.take() else {
        let layout = walk_by(table);
        // No healthy disk is read at its end for this.
        if !beneath::may_mean_gpt(&layout) {
            return Ok(layout);
        }
        let backup = partition::backup_beneath(storage, &layout.table).ok().flatten();
        return Ok(match backup {
            Some(backup) => beneath::meant_by_backup(walk_by(backup), layout),
            None => layout,
        });
    };
    let (gpt, mbr) = (walk_by(*beneath), walk_by(table));
    Ok(beneath::meant(gpt, mbr))
}

/// Walks the disk as this table divides it.
fn walk_by(
    disk: &dyn Storage,
    storage: &FirstFailure<'_>,
    table: PartitionTable,
    others: &[StoreFile],
) -> Layout {
    let raid_member = raid_member::look(storage, &table);
    // What is far and does not say so has been measured by now.
    disk.look_ahead(&|disk| drop(walk(disk, others)));
    let places: Vec<Window<'_>> = table
        .partitions
        .iter()
        .map(|partition| Window::new(storage, partition.start, partition.len))
        .collect();
    let opened: Vec<OpenedVolume<'_>> = places
        .iter()
        .zip(&table.partitions)
        .map(|(window, partition)| OpenedVolume::new(window, partition, storage.len()))
        .collect();
    let volumes: Vec<Option<&Volume<'_>>> = opened.iter().map(|opened| opened.volume.as_ref().ok()).collect();

    let (mut systems, mut unread) = system::find(&volumes, &table);
    let uefi_ntfs = uefi_ntfs::find(&volumes, &systems);
    for system in &mut systems {
        system.is_left_to_bios = table.kind == TableKind::Mbr && !system.is_fat && uefi_ntfs.is_none();
    }
    for (unread, opened) in unread.iter_mut().zip(&opened) {
        unread.extend(opened.volume.as_ref().err().into_iter().flat_map(Unread::everything));
    }
    let is_hidden = |opened: &OpenedVolume<'_>| storage.failure().is_some() || opened.missing.is_some();
    let hidden: Vec<&[Unread]> = opened
        .iter()
        .zip(&unread)
        .map(|(opened, unread)| if is_hidden(opened) { unread.as_slice() } else { &[] })
        .collect();
    let stores = store::read_all(&volumes, &systems, &hidden, &table, uefi_ntfs.is_some());
    let all: Vec<&StoreFile> = stores.iter().chain(others).collect();
    let windows = windows::find(&volumes, &systems, &all);
    let mounted = mounted_devices::read_all(&volumes, &windows, &table);
    let contents = Contents::look(storage, &table, &places, &opened);
    let evidence = Evidence::collect(&volumes, &contents, &all);
    let found = Found { systems: &systems, windows: &windows, evidence: &evidence, contents: &contents };
    let mut facts = facts(&table, &opened, unread, &found);
    let winre = winre::read_all(&volumes, &facts, &windows, &table);
    let recovery_images = Evidence::of_files(&volumes, &contents, winre::images(&winre));
    if storage.failure().is_some() {
        let is_seen = |index: VolumeIndex| windows.iter().any(|windows| windows.volume == index);
        let hidden =
            facts.iter_mut().zip(VolumeIndex::each(&volumes)).filter(|(_, (index, _))| !is_seen(*index));
        let hidden = hidden.filter(|(facts, _)| facts.role != VolumeRole::Reserved);
        hidden.for_each(|(facts, (_, volume))| facts.asleep = windows::asleep(*volume));
    }
    let for_uefi: Vec<&SystemVolume> = systems.iter().filter(|system| system.is_for_uefi()).collect();
    let esps = match for_uefi.as_slice() {
        [] if systems.is_empty() && !windows.is_empty() => esp::look(&volumes, &table),
        [_, ..] if for_uefi.iter().all(|system| !system.is_fat) => esp::look_on_fat(&volumes),
        _ => Vec::new(),
    };
    let mut layout = Layout {
        table,
        esps,
        uefi_ntfs,
        volumes: facts,
        systems,
        windows,
        stores,
        mounted,
        evidence,
        boot_files: BootFiles::default(),
        winre,
        recovery_images,
        raid_member,
        encryptor: contents.encryptor,
        failed_read: None,
    };
    let all: Vec<&StoreFile> = layout.stores.iter().chain(others).collect();
    layout.boot_files = look_into::look_into(&volumes, &layout, &all);
    layout.failed_read = storage.failure().cloned();
    layout
}

/// What was found on the volumes.
struct Found<'a> {
    systems: &'a [SystemVolume],
    windows: &'a [WindowsVolume],
    evidence: &'a Evidence,
    contents: &'a Contents,
}

impl Found<'_> {
    fn role(&self, index: VolumeIndex, partition: &Partition) -> VolumeRole {
        let is_system = self.systems.iter().any(|system| system.volume == index);
        let is_windows = self.windows.iter().any(|windows| windows.volume == index);
        match (is_system, is_windows) {
            (true, true) => VolumeRole::SystemAndWindows,
            (true, false) => VolumeRole::System,
            (false, true) => VolumeRole::Windows,
            (false, false) if system::is_recovery_type(partition.kind) => VolumeRole::Recovery,
            (false, false) if self.evidence.has_recovery_image(index) => VolumeRole::Recovery,
            (false, false) if system::is_reserved_type(partition.kind) => VolumeRole::Reserved,
            (false, false) => VolumeRole::Other,
        }
    }
}

fn facts(
    table: &PartitionTable,
    opened: &[OpenedVolume<'_>],
    unread: Vec<Vec<Unread>>,
    found: &Found<'_>,
) -> Vec<VolumeFacts> {
    let mut facts = Vec::new();
    for (((index, partition), opened), unread) in VolumeIndex::each(&table.partitions).zip(opened).zip(unread)
    {
        let (label, unreadable) = match &opened.volume {
            Ok(volume) => (volume.label(), volume.damage().cloned().map(Cause::Damaged)),
            Err(error) => (None, Some(error.clone())),
        };
        facts.push(VolumeFacts {
            partition: partition.clone(),
            file_system: found.contents.file_system(index),
            label,
            role: found.role(index, partition),
            unreadable,
            unread,
            asleep: Known::No,
            has_spare: found.contents.has_spare(index),
            missing: opened.missing,
            beyond: opened.beyond,
            is_startable: opened.is_startable,
            boot_record: opened.boot_record,
        });
    }
    facts
}
