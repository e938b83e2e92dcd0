//! Evidence: which of the files that the stores name are on which volume.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::btree_map::Entry;

use crate::bcd::Firmware;
use crate::bcd::device::Device;
use crate::bcd::element::ElementId;
use crate::bcd::element::ElementValue;
use crate::bcd::object::Object;
use crate::layout::content::Contents;
use crate::layout::index::VolumeIndex;
use crate::layout::store::StoreFile;
use crate::volume::EntryKind;
use crate::volume::Volume;

/// Paths of all stores together that are looked up, at most; real stores name under thirty.
const PATHS_MAX: usize = 256;

/// Paths times volumes, at most: a hundred volumes may be asked for all paths, thousands are a trap.
const LOOKUPS_MAX: usize = 1 << 15;

/// Answers to "is this path on that volume".
#[derive(Debug, Default)]
pub struct Evidence {
    /// By lower-case path.
    found: BTreeMap<String, Places>,
}

/// Where one path is.
#[derive(Debug, Default)]
struct Places {
    /// Volumes that have it.
    on: BTreeSet<VolumeIndex>,
    /// Volumes that may have it: they are encrypted, or damaged where one would have to look.
    hidden: BTreeSet<VolumeIndex>,
}

/// What a path has to name, where that is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    File,
    Directory,
    Either,
}

impl Wanted {
    const fn is(self, kind: EntryKind) -> bool {
        matches!(
            (self, kind),
            (Self::Either, _)
                | (Self::File, EntryKind::File { .. })
                | (Self::Directory, EntryKind::Directory)
        )
    }
}

/// Lower-case paths.
type Paths = BTreeMap<String, Wanted>;

impl Evidence {
    /// Looks up every path that the stores name on every volume that can be read; `contents` are what the volumes hold.
    #[must_use]
    pub fn collect(volumes: &[Option<&Volume<'_>>], contents: &Contents, stores: &[&StoreFile]) -> Self {
        let mut paths = Paths::new();
        for file in stores {
            file.objects().iter().for_each(|object| paths_of(object, file.firmware, &mut paths));
        }
        Self::look_up(volumes, contents, paths)
    }

    /// The same for files with these paths, which no store has to name.
    #[must_use]
    pub(super) fn of_files(
        volumes: &[Option<&Volume<'_>>],
        contents: &Contents,
        files: impl Iterator<Item = String>,
    ) -> Self {
        let paths = files.map(|path| (path.to_lowercase(), Wanted::File)).collect();
        Self::look_up(volumes, contents, paths)
    }

    fn look_up(volumes: &[Option<&Volume<'_>>], contents: &Contents, paths: Paths) -> Self {
        let most = LOOKUPS_MAX.checked_div(volumes.len()).unwrap_or(PATHS_MAX);
        let places = |(path, wanted): (String, Wanted)| {
            let places = places(volumes, contents, &path, wanted);
            (path, places)
        };
        Self { found: paths.into_iter().take(PATHS_MAX.min(most)).map(places).collect() }
    }

    /// The volumes that have `path`; empty when none has, or when no store names it.
    pub fn volumes_with(&self, path: &str) -> impl Iterator<Item = VolumeIndex> {
        self.found.get(&path.to_lowercase()).into_iter().flat_map(|places| &places.on).copied()
    }

    /// The volumes of which nobody can say whether they have `path`: encrypted ones, and those that are damaged on the
    /// way to it.
    pub fn volumes_hiding(&self, path: &str) -> impl Iterator<Item = VolumeIndex> {
        self.found.get(&path.to_lowercase()).into_iter().flat_map(|places| &places.hidden).copied()
    }

    /// Whether `path` is on `volume`.
    #[must_use]
    pub fn has(&self, volume: VolumeIndex, path: &str) -> bool {
        self.found.get(&path.to_lowercase()).is_some_and(|places| places.on.contains(&volume))
    }

    /// Whether nobody can say if `path` is on `volume`.
    #[must_use]
    pub fn hides(&self, volume: VolumeIndex, path: &str) -> bool {
        self.found.get(&path.to_lowercase()).is_some_and(|places| places.hidden.contains(&volume))
    }

    /// Whether a recovery image (`.wim`) that a store names is on `volume`.
    #[must_use]
    pub fn has_recovery_image(&self, volume: VolumeIndex) -> bool {
        self.found.iter().any(|(path, places)| path.ends_with(".wim") && places.on.contains(&volume))
    }
}

fn places(volumes: &[Option<&Volume<'_>>], contents: &Contents, path: &str, wanted: Wanted) -> Places {
    let mut places = Places::default();
    for (index, volume) in VolumeIndex::each(volumes) {
        match volume.map(|volume| volume.find(path)) {
            Some(Ok(Some(entry))) => wanted.is(entry.kind) && places.on.insert(index),
            Some(Ok(None)) if !contents.is_closed(index) => false,
            Some(Ok(None) | Err(_)) | None => places.hidden.insert(index),
        };
    }
    places
}

/// Every path in string elements and in device elements of `object`.
fn paths_of(object: &Object, firmware: Firmware, paths: &mut Paths) {
    for element in &object.elements {
        match &element.value {
            ElementValue::String(text) => {
                let wanted = match element.id {
                    Some(ElementId::PATH) => Wanted::File,
                    Some(ElementId::SYSTEM_ROOT) if object.is_os_loader() => Wanted::Directory,
                    _ => Wanted::Either,
                };
                insert(text, wanted, paths);
                for_firmware(text, firmware).iter().for_each(|text| insert(text, wanted, paths));
            }
            ElementValue::Device(device) => device_paths(&device.device, paths),
            _ => {}
        }
    }
}

/// The path of the program for this firmware, where `path` is one for the other: `winload.efi` for `winload.exe`.
#[must_use]
pub(crate) fn for_firmware(path: &str, firmware: Firmware) -> Option<String> {
    let (stem, ending) = path.rsplit_once('.')?;
    let (wrong, right) = match firmware {
        Firmware::Bios => ("efi", "exe"),
        Firmware::Uefi => ("exe", "efi"),
    };
    // The last two are halves of the one and the other, as a conversion leaves them that was cut short between sectors.
    let is_wrong = [wrong, "efe", "exi"].iter().any(|wrong| ending.eq_ignore_ascii_case(wrong));
    is_wrong.then(|| format!("{stem}.{right}"))
}

fn device_paths(device: &Device, paths: &mut Paths) {
    match device {
        Device::File { parent, path } | Device::Ramdisk { parent, path, .. } => {
            insert(path, Wanted::File, paths);
            device_paths(parent, paths);
        }
        Device::Vhd { parent } | Device::VhdPartition { host: parent, .. } => device_paths(parent, paths),
        Device::Locate { path, parent, .. } => {
            insert(path, Wanted::Either, paths);
            parent.iter().for_each(|parent| device_paths(parent, paths));
        }
        Device::Boot | Device::Partition(_) | Device::LegacyPartition(_) | Device::Opaque(_) => {}
    }
}

/// Descriptions and locales are strings too: only what begins like a path is one.
fn insert(text: &str, wanted: Wanted, paths: &mut Paths) {
    if !text.starts_with('\\') || text.len() < 2 {
        return;
    }
    match paths.entry(text.to_lowercase()) {
        Entry::Vacant(slot) => drop(slot.insert(wanted)),
        Entry::Occupied(slot) if *slot.get() == wanted => {}
        Entry::Occupied(mut slot) => drop(slot.insert(Wanted::Either)),
    }
}
