//! What a boot manager starts by itself: {bootmgr}'s `default` and its menu, `displayorder`.
//!
//! Measured alike on 6.1 BIOS, 10.0 BIOS and 26100 UEFI: where there is a menu, only its entries are started, and a default that is
//! not among them is not (one that is there beside a menu of missing ones: c0000034); without a menu the default is the only entry;
//! and an entry that no list names is never started.

use std::collections::BTreeSet;

use crate::bcd::Store;
use crate::bcd::element::ElementId;
use crate::bcd::index::ObjectIndex;
use crate::bcd::object::Object;
use crate::guid::Guid;
use crate::layout::Layout;
use crate::layout::store::StoreFile;

/// What is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Start {
    /// The object with this index.
    Entry {
        /// Its index among the objects of the store.
        object: ObjectIndex,
        /// Which list names it.
        by: By,
    },
    /// Nothing: there is neither list.
    NoList,
    /// Nothing: what the lists name is not there.
    NotThere,
}

/// Which list names what is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum By {
    /// It is the default.
    Default,
    /// It is the first of the menu that is there; and the default, which is not there, or not in the menu.
    Menu(Option<Guid>),
}

/// What the boot manager starts by itself.
#[must_use]
pub(crate) fn start(store: &Store) -> Start {
    let find = |id: &Guid| store.position(*id);
    let (default, menu) = (store.default_id(), store.display_order());
    let entry = |object, by| Start::Entry { object, by };
    let of_default = default.as_ref().and_then(find).map(|object| entry(object, By::Default));
    if menu.is_empty() {
        return default.map_or(Start::NoList, |_| of_default.unwrap_or(Start::NotThere));
    }
    let is_listed = default.is_some_and(|default| menu.contains(&default));
    let of_menu = || menu.iter().find_map(find).map(|object| entry(object, By::Menu(default)));
    of_default.filter(|_| is_listed).or_else(of_menu).unwrap_or(Start::NotThere)
}

/// The entry that starts by itself, as an index of the store's objects; `None` where none does, and where it is one that starts no
/// system: the memory test, a resume object, the recovery environment of another.
#[must_use]
pub(crate) fn main_entry(store: &Store) -> Option<ObjectIndex> {
    match start(store) {
        Start::Entry { object, .. } => {
            let is_it = |it: &&Object| is_system(it) && !is_recovery_beside(store, it);
            store.object_at(object).filter(is_it).map(|_| object)
        }
        Start::NoList | Start::NotThere => None,
    }
}

/// Loaders that other loaders name as their recovery sequence.
#[must_use]
pub(crate) fn recovery_entries(store: &Store) -> BTreeSet<Guid> {
    let lists = store.objects().iter().map(|object| object.objects(ElementId::RECOVERY_SEQUENCE));
    lists.flatten().copied().collect()
}

/// Whether an entry is the recovery environment of another.
pub(in crate::diagnosis) fn is_recovery_beside(store: &Store, object: &Object) -> bool {
    object.id.is_some_and(|id| recovery_entries(store).contains(&id))
}

/// Whether the object with this index is the entry that starts by itself; a store for recovery has none.
#[must_use]
pub(crate) fn is_main(file: &StoreFile, object: ObjectIndex) -> bool {
    file.first && file.parsed().is_some_and(|store| main_entry(store) == Some(object))
}

/// Whether the menu leads to the object; without one that is the default alone.
#[must_use]
pub(crate) fn is_listed(store: &Store, object: &Object) -> bool {
    object.id.is_some_and(|id| match store.display_order() {
        [] => store.default_id() == Some(id),
        menu => menu.contains(&id),
    })
}

/// Whether an object starts an operating system.
pub(in crate::diagnosis) fn is_system(object: &Object) -> bool {
    object.object_type.is_some_and(|kind| kind.is_os_loader() || kind.is_ntldr() || kind.is_boot_sector())
}

/// Whether the menu of a boot manager leads to NTLDR, and whether that starts by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Legacy {
    /// No menu names it.
    Unlisted,
    /// A menu names it.
    Listed,
    /// It starts by itself.
    Main,
}

/// How a disk's boot managers come to NTLDR.
#[must_use]
pub(crate) fn legacy(layout: &Layout) -> Legacy {
    let stores = layout.stores.iter().filter(|file| file.first).filter_map(StoreFile::parsed);
    let objects = stores.flat_map(|store| {
        let is_ntldr = |object: &Object| object.object_type.is_some_and(|kind| kind.is_ntldr());
        let all = store.objects_indexed().filter(move |(_, object)| is_ntldr(object));
        all.map(move |(index, object)| match (main_entry(store) == Some(index), is_listed(store, object)) {
            (true, _) => Legacy::Main,
            (false, true) => Legacy::Listed,
            (false, false) => Legacy::Unlisted,
        })
    });
    objects.max().unwrap_or(Legacy::Unlisted)
}

/// The entries of the menu, each once, as indices of the store's objects; those that are not there are left out.
pub(in crate::diagnosis) fn listed(store: &Store) -> Vec<ObjectIndex> {
    let mut found: Vec<ObjectIndex> = Vec::new();
    let find = |id: &Guid| store.position(*id);
    for object in store.display_order().iter().filter_map(find) {
        if !found.contains(&object) {
            found.push(object);
        }
    }
    found
}

/// Whether the menu element is there at all, whatever it holds.
pub(in crate::diagnosis) fn has_element(store: &Store, id: ElementId) -> bool {
    store.boot_manager().is_some_and(|manager| manager.element(id).is_some())
}
