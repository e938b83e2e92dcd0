//! What a finding is about: a place, and the text that people are shown of it.

use std::fmt;
use std::hash::Hash;
use std::hash::Hasher;

use crate::bcd::element::ElementId;
use crate::bcd::index::ObjectIndex;
use crate::bcd::object::Object;
use crate::diagnosis::model::context::CompanionIndex;
use crate::layout::Layout;
use crate::layout::arc_path::ArcPath;
use crate::layout::drivers::controller::Controller;
use crate::layout::index::StoreIndex;
use crate::layout::index::VolumeIndex;
use crate::layout::index::WinreIndex;
use crate::layout::store::StoreFile;

/// An element of a store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ElementPlace {
    /// Index of the store in the layout.
    pub store: StoreIndex,
    /// Index of the object in the store.
    pub object: ObjectIndex,
    /// The element's id.
    pub id: ElementId,
}

/// Which side of an element a finding is about. Each may be wrong by itself, and the one comes to light where the other is cured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// The disk and the partition that it names.
    Identity,
    /// Its value otherwise, and the file that it leads to.
    Value,
    /// The file system that the file is on.
    FileSystem,
}

/// A choice of the user's that may not fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Chosen {
    /// `--active`.
    Active,
    /// `--entry`.
    Entry,
    /// `--recovery`.
    Recovery,
    /// `--system`.
    System,
    /// `--windows`.
    Windows,
}

impl Chosen {
    /// Its switch.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "--active",
            Self::Entry => "--entry",
            Self::Recovery => "--recovery",
            Self::System => "--system",
            Self::Windows => "--windows",
        }
    }
}

/// Where a finding lies.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Place {
    /// The disk as a whole.
    Disk,
    /// The volume with this index in the layout.
    Volume(VolumeIndex),
    /// A volume of a disk beside.
    CompanionVolume {
        /// Index of the disk in the context.
        disk: CompanionIndex,
        /// Index of the volume in that disk's layout.
        volume: VolumeIndex,
    },
    /// A partition as a record of the disk counts them.
    SnapshotPartition(u32),
    /// The store with this index in a record of the disk.
    SnapshotStore(usize),
    /// A store.
    Store(StoreIndex),
    /// The store that is examined by itself.
    LoneStore,
    /// An object of a store.
    Object {
        /// Index of the store in the layout.
        store: StoreIndex,
        /// Index of the object in the store.
        object: ObjectIndex,
    },
    /// An element.
    Element(ElementPlace, Side),
    /// The default of `boot.ini`, on whichever volume it is.
    BootIniDefault,
    /// Another entry of `boot.ini`.
    BootIniEntry(ArcPath),
    /// A file that says where the recovery environment is.
    WinreFile(WinreIndex),
    /// The Windows on a volume, as it would start from a controller.
    Controller(VolumeIndex, Controller),
    /// A choice of the user's.
    Choice(Chosen),
}

/// What a finding is about. Two are the same where the place is, however it is shown.
#[derive(Debug, Clone)]
pub struct Subject {
    place: Place,
    text: String,
}

impl Subject {
    /// A place, as it is shown.
    pub(in crate::diagnosis) const fn new(place: Place, text: String) -> Self {
        Self { place, text }
    }

    /// `disk`.
    pub(in crate::diagnosis) fn disk() -> Self {
        Self::new(Place::Disk, "disk".to_owned())
    }

    /// `partition 2 (Windows)`.
    pub(in crate::diagnosis) fn volume(layout: &Layout, volume: VolumeIndex) -> Self {
        Self::new(Place::Volume(volume), layout.name(volume))
    }

    /// `\Boot\BCD`.
    pub(in crate::diagnosis) fn store(index: Option<StoreIndex>, name: &str) -> Self {
        Self::new(index.map_or(Place::LoneStore, Place::Store), name.to_owned())
    }

    /// `\Boot\BCD {bootmgr}`.
    pub(in crate::diagnosis) fn object(
        store: StoreIndex,
        file: &StoreFile,
        at: ObjectIndex,
        object: &Object,
    ) -> Self {
        let text = format!("{} {}", file.name, object.name());
        Self::new(Place::Object { store, object: at }, text)
    }

    /// `\Boot\BCD {bootmgr} default`: an element by its value.
    pub(in crate::diagnosis) fn value(at: ElementPlace, store: &str, object: &Object, element: &str) -> Self {
        let text = format!("{store} {} {element}", object.name());
        Self::new(Place::Element(at, Side::Value), text)
    }

    /// `--windows`.
    pub(in crate::diagnosis) fn choice(chosen: Chosen) -> Self {
        Self::new(Place::Choice(chosen), chosen.as_str().to_owned())
    }

    /// The store that it lies in, where it lies in one.
    #[must_use]
    pub const fn store_index(&self) -> Option<StoreIndex> {
        match self.place {
            Place::Store(store) | Place::Object { store, .. } => Some(store),
            Place::Element(at, _) => Some(at.store),
            _ => None,
        }
    }

    /// Where it lies.
    #[must_use]
    pub const fn place(&self) -> &Place {
        &self.place
    }

    /// The element that it is about, where it is one.
    #[must_use]
    pub const fn element(&self) -> Option<ElementPlace> {
        match self.place {
            Place::Element(element, _) => Some(element),
            _ => None,
        }
    }

    /// As it is shown.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl PartialEq for Subject {
    fn eq(&self, other: &Self) -> bool {
        self.place == other.place
    }
}

impl Eq for Subject {}

impl Hash for Subject {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.place.hash(state);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_place_is_the_same_subject_however_it_is_shown() {
        let shown = |text: &str| Subject::new(Place::Volume(VolumeIndex::new(1)), text.to_owned());
        assert_eq!(shown("partition 2"), shown("partition 2 (Windows)"));
        assert_ne!(
            shown("partition 2"),
            Subject::new(Place::Volume(VolumeIndex::new(2)), "partition 2".to_owned())
        );
    }

    #[test]
    fn the_sides_of_an_element_are_places_of_their_own() {
        let at =
            ElementPlace { store: StoreIndex::new(0), object: ObjectIndex::new(1), id: ElementId::DEVICE };
        let of = |side| Subject::new(Place::Element(at, side), r"\Boot\BCD {ntldr} device".to_owned());
        assert_ne!(of(Side::Identity), of(Side::Value));
        assert_eq!(of(Side::Identity).element(), of(Side::FileSystem).element());
    }
}
