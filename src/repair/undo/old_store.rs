//! The old bytes of a store that got new clusters: the record has them, and the clusters that it had may have been used since.
//!
//! They were free as long as the volume is as the repair left it, which its sectors tell; what was written there meanwhile, and deleted again,
//! is nobody's.

use crate::bytes::put;
use crate::layout::Layout;
use crate::layout::discover;
use crate::layout::extent::DiskExtent;
use crate::layout::extent::on_disk;
use crate::layout::extent::place_of;
use crate::layout::store::STORE_MAX;
use crate::repair::draft::Draft;
use crate::repair::patch::Patch;
use crate::repair::record::Record;
use crate::repair::record::SavedStore;
use crate::repair::sector::Sector;
use crate::repair::undo::Stopped;
use crate::repair::undo::UndoRefusal;
use crate::repair::undo::check::is_on_volume;
use crate::storage::Storage;
use crate::storage::cache::Cached;
use crate::storage::window::Window;
use crate::volume::Volume;
use crate::volume::VolumeError;

/// The way back with what has to be written into the old clusters first; the same where they hold what they held.
///
/// # Errors
/// A sector cannot be read; or the way does not lead to the old store.
pub(super) fn with_contents(
    record: &Record,
    storage: &dyn Storage,
    patches: Vec<Patch>,
) -> Result<Vec<Patch>, Stopped> {
    let stores: Vec<&SavedStore> =
        record.stores.iter().filter(|saved| is_on_volume(record, saved) && saved.before.is_some()).collect();
    if stores.is_empty() {
        return Ok(patches);
    }
    let draft = Cached::new(Draft::with(storage, &patches));
    let layout = discover(&draft)?;
    let mut all = Vec::new();
    for saved in stores {
        all.extend(contents(record, storage, &draft, &layout, saved)?);
    }
    if all.iter().any(|one| patches.iter().any(|other| other.offset == one.offset)) {
        return Err(refusal(record).into());
    }
    all.sort_by_key(|patch| patch.offset);
    all.extend(patches);
    Ok(all)
}

/// The sectors of one store that hold something else than it had; `end` is the disk at the end of the way, and `layout` what is where on it.
fn contents(
    record: &Record,
    storage: &dyn Storage,
    end: &dyn Storage,
    layout: &Layout,
    saved: &SavedStore,
) -> Result<Vec<Patch>, Stopped> {
    let Some(before) = &saved.before else { return Ok(Vec::new()) };
    let partition = layout.by_number(saved.partition).and_then(|volume| layout.partition(volume));
    let partition = partition.ok_or_else(|| refusal(record))?;
    let window = Window::new(end, partition.start, partition.len);
    let gone = |_: VolumeError| refusal(record);
    let volume = Volume::open(&window).map_err(gone)?;
    // It may be no store that can be read, and is to be just that again.
    if volume.read(&saved.path, STORE_MAX).map_err(gone)?.as_ref() == Some(&before.bytes) {
        return Ok(Vec::new());
    }
    let found = volume.locate(&saved.path, STORE_MAX).map_err(gone)?.ok_or_else(|| refusal(record))?;
    if found.bytes.len() != before.bytes.len() {
        return Err(refusal(record).into());
    }
    let extents = on_disk(partition.start, &found.extents).map_err(|_| refusal(record))?;
    let size = usize::try_from(record.target.sector_size).unwrap_or(512).max(1);
    let mut patches = Vec::new();
    for (index, bytes) in before.bytes.chunks(size).enumerate() {
        patches.extend(sector(storage, &extents, index.saturating_mul(size), bytes, size, record)?);
    }
    Ok(patches)
}

/// The sector with byte `at` of the file, where it does not hold these bytes; clusters begin at sectors.
fn sector(
    storage: &dyn Storage,
    extents: &[DiskExtent],
    at: usize,
    bytes: &[u8],
    size: usize,
    record: &Record,
) -> Result<Option<Patch>, Stopped> {
    let place = place_of(extents, u64::try_from(at).unwrap_or(u64::MAX));
    let (offset, _) = place.ok_or_else(|| refusal(record))?;
    let before = storage.read_vec(offset, size)?;
    let mut after = before.clone();
    put(&mut after, 0, bytes);
    let (before, after): (Sector, Sector) = (before.as_slice().into(), after.as_slice().into());
    Ok((before != after).then_some(Patch { offset, before, after, stage: 0 }))
}

fn refusal(record: &Record) -> UndoRefusal {
    let path = record.stores.first().map(|saved| saved.path.clone()).unwrap_or_default();
    UndoRefusal::StoreGone { path }
}
