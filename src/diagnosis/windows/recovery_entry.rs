//! The loaders of recovery environments that stores have, and which image on this disk each starts.

use crate::bcd::Device;
use crate::bcd::element::ElementId;
use crate::bcd::index::ObjectIndex;
use crate::bcd::object::Object;
use crate::diagnosis::store::whole::Entries;
use crate::guid::Guid;
use crate::layout::index::StoreIndex;
use crate::layout::index::VolumeIndex;
use crate::layout::windows::WindowsVolume;

/// Entries of Windows that are asked, at most; a menu of more is absurd.
const ENTRIES_MAX: usize = 64;

/// A loader of a recovery environment, which an entry of Windows falls back to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RecoveryEntry {
    /// Its id in the store.
    pub(super) id: Guid,
    /// The volume of this disk and the path of the image that it starts, as it is after a repair; `None` where that is elsewhere, or is
    /// not known.
    pub(super) image: Option<(VolumeIndex, String)>,
}

/// The recovery environments of a Windows, by all live stores; those of all Windows where none is given. Each id once.
pub(super) fn recovery_entries(entries: Entries<'_>, windows: Option<&WindowsVolume>) -> Vec<RecoveryEntry> {
    let mut found: Vec<RecoveryEntry> = Vec::new();
    for (store, object, of) in loaders(entries).take(ENTRIES_MAX) {
        if windows.is_some_and(|windows| !starts(entries, store, object, windows)) {
            continue;
        }
        for id in of.objects(ElementId::RECOVERY_SEQUENCE).iter().take(ENTRIES_MAX) {
            let Some(entry) = entry(entries, store, *id) else { continue };
            match found.iter_mut().find(|other| other.id == entry.id) {
                Some(other) if *other != entry => other.image = None,
                Some(_) => {}
                None => found.push(entry),
            }
        }
    }
    found
}

/// The loaders that have a recovery environment.
fn loaders<'a>(entries: Entries<'a>) -> impl Iterator<Item = (StoreIndex, ObjectIndex, &'a Object)> {
    let live = entries.layout.stores_indexed().filter(|(_, file)| file.live);
    let parsed = live.filter_map(|(index, file)| Some((index, file.parsed()?)));
    let objects = parsed
        .flat_map(|(store, parsed)| parsed.objects_indexed().map(move |(object, of)| (store, object, of)));
    objects.filter(|(_, _, of)| of.is_os_loader() && !of.objects(ElementId::RECOVERY_SEQUENCE).is_empty())
}

/// Whether an entry starts this Windows.
fn starts(entries: Entries<'_>, store: StoreIndex, object: ObjectIndex, windows: &WindowsVolume) -> bool {
    let Some((goal, Ok(started))) = entries.windows(store, object) else { return false };
    goal.companion.is_none() && (started.volume, &started.root) == (windows.volume, &windows.root)
}

fn entry(entries: Entries<'_>, store: StoreIndex, id: Guid) -> Option<RecoveryEntry> {
    let parsed = entries.layout.store(store)?.parsed()?;
    let index = parsed.position(id)?;
    let object = parsed.object_at(index).filter(|object| object.is_os_loader())?;
    let path = object.device(ElementId::DEVICE).and_then(|device| match &device.device {
        Device::File { path, .. } | Device::Ramdisk { path, .. } => Some(path.clone()),
        _ => None,
    });
    let goal = entries.leads(store, index, ElementId::DEVICE, false);
    let here = goal.filter(|goal| goal.companion.is_none()).map(|goal| goal.volume);
    Some(RecoveryEntry { id, image: here.zip(path) })
}
