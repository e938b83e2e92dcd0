//! The old bytes of a store that got new clusters: the record has them, and the clusters that it had may have been used since.
//!
//! They were free as long as the volume is as the repair left it, which its sectors tell; what was written there meanwhile, and deleted again,
//! is nobody's.

use crate::bytes::put;
use crate::layout::Layout;
use crate::layout::extent::DiskExtent;
use crate::layout::extent::on_disk;
use crate::layout::extent::place_of;
use crate::layout::store::STORE_MAX;
use crate::partition::Partition;
use crate::repair::draft::Draft;
use crate::repair::patch::Patch;
use crate::repair::record::Record;
use crate::repair::record::SavedStore;
use crate::repair::sector::Sector;
use crate::repair::undo::Stopped;
use crate::repair::undo::UndoRefusal;
use crate::repair::undo::check::is_on_volume;
use crate::storage::Storage;
use crate::storage::StorageError;
use crate::storage::cache::Cached;
use crate::storage::window::Window;
use crate::volume::Volume;

/// The way back with what has to be written into the old clusters first; the same where they hold what they held. `layout` is what is where
/// on the disk.
///
/// # Errors
/// A sector cannot be read; or the way does not lead to the old store.
pub(super) fn with_contents(
    record: &Record,
    storage: &dyn Storage,
    layout: &Layout,
    patches: Vec<Patch>,
) -> Result<Vec<Patch>, Stopped> {
    let mut all = Vec::new();
    let end = Cached::new(Draft::with(storage, &patches));
    for saved in record.stores.iter().filter(|saved| is_on_volume(record, saved)) {
        let Some(before) = &saved.before else { continue };
        let gone = || UndoRefusal::StoreGone { path: saved.path.clone() };
        let partition = layout.by_number(saved.partition).and_then(|volume| layout.partition(volume));
        let partition = partition.ok_or_else(gone)?;
        let Some(extents) = extents(&end, partition, saved, &before.bytes).ok_or_else(gone)? else {
            continue;
        };
        let size = usize::try_from(layout.table.sector_size).unwrap_or(512).max(1);
        for (index, bytes) in before.bytes.chunks(size).enumerate() {
            let at = u64::try_from(index.saturating_mul(size)).unwrap_or(u64::MAX);
            let (offset, _) = place_of(&extents, at).ok_or_else(gone)?;
            if patches.iter().any(|patch| patch.offset == offset) {
                return Err(gone().into());
            }
            all.extend(sector(storage, offset, size, bytes)?);
        }
    }
    all.sort_by_key(|patch| patch.offset);
    all.extend(patches);
    Ok(all)
}

/// Where a store lies on the disk at the end of the way; nothing where it has the bytes that it had. `None` where the way does not lead to it.
fn extents(
    end: &dyn Storage,
    partition: &Partition,
    saved: &SavedStore,
    before: &[u8],
) -> Option<Option<Vec<DiskExtent>>> {
    let window = Window::new(end, partition.start, partition.len);
    let volume = Volume::open(&window).ok()?;
    // It may be no store that can be read, and is to be just that again.
    if volume.read(&saved.path, STORE_MAX).ok()?.is_some_and(|found| found == before) {
        return Some(None);
    }
    let found =
        volume.locate(&saved.path, STORE_MAX).ok()?.filter(|found| found.bytes.len() == before.len())?;
    on_disk(partition.start, &found.extents).ok().map(Some)
}

/// The sector at byte `offset` of the disk, where it does not begin with these bytes: clusters begin at sectors.
fn sector(
    storage: &dyn Storage,
    offset: u64,
    size: usize,
    bytes: &[u8],
) -> Result<Option<Patch>, StorageError> {
    let before = storage.read_vec(offset, size)?;
    let mut after = before.clone();
    put(&mut after, 0, bytes);
    let (before, after): (Sector, Sector) = (before.as_slice().into(), after.as_slice().into());
    Ok((before != after).then_some(Patch { offset, before, after, stage: 0 }))
}
