//! What a repair made of each name, read from the bytes of the store.

use bcdrescue::bcd::ElementValue;
use bcdrescue::bcd::QualifiedPartition;
use bcdrescue::bcd::Store;

use crate::matching::fat;
use crate::matching::operation::show_object;
use crate::matching::scene::Scene;
use crate::matching::store::Name;
use crate::matching::store::Role;
use crate::matching::store::StoreSpec;
use crate::matching::store::records;
use crate::support::sparse::SparseRam;

/// A name with what it is after the repair.
pub struct Outcome<'a> {
    pub store: &'static str,
    pub name: &'a Name,
    pub after: QualifiedPartition,
}

impl Outcome<'_> {
    /// Whether the repair changed it.
    pub fn is_changed(&self) -> bool {
        self.name.named != self.after
    }
}

/// The store on a disk's bytes.
pub fn read_store(scene: &Scene, raw: &SparseRam, store: &StoreSpec) -> Store {
    let (_, part) = scene.now.place(scene.now.system()).expect("the system volume");
    let start = scene.now.disks[0].parts[part].start;
    Store::parse(fat::get(raw, start, store.path).expect("the store's file")).expect("a store")
}

/// Every name with what it is on these bytes.
pub fn outcomes<'a>(scene: &'a Scene, raw: &SparseRam) -> Vec<Outcome<'a>> {
    let mut found = Vec::new();
    for store in &scene.now.volumes[scene.now.system()].stores {
        let read = read_store(scene, raw, store);
        for name in &store.names {
            let element = read.object(name.object).and_then(|object| object.element(name.element));
            let element = element.expect("the element");
            assert!(matches!(element.value, ElementValue::Device(_)));
            let (after, is_inside) = records(&element.raw)[name.record];
            assert_eq!(is_inside, name.role == Role::Inner);
            found.push(Outcome { store: store.path, name, after });
        }
    }
    found
}

/// An element with what it meant, was and is.
pub fn show(scene: &Scene, outcome: &Outcome<'_>) -> String {
    let name = outcome.name;
    let meant = name.meant.map_or("nothing here".to_owned(), |meant| scene.now.volumes[meant].name.clone());
    let object = show_object(name.object);
    let is = match outcome.is_changed() {
        true => format!(" -> {}", show_place(scene, outcome.after)),
        false => String::new(),
    };
    let store = if outcome.store.contains("Recovery") { "recovery store " } else { "" };
    format!(
        "{store}{object} {} {:?}: meant {meant}, {}{is}",
        name.element,
        name.role,
        show_place(scene, name.named)
    )
}

/// An identity with what has it now.
pub fn show_place(scene: &Scene, named: QualifiedPartition) -> String {
    let short = |text: String| text[..8].to_owned();
    let text = match named {
        QualifiedPartition::Mbr { signature, offset } => format!("{signature:08x}+{offset:x}"),
        QualifiedPartition::Gpt { disk, partition } => {
            format!("{}/{}", short(disk.to_string()), short(partition.to_string()))
        }
    };
    match scene.now.resolve(named) {
        Some((disk, volume)) => {
            format!("{text} ({} on {})", scene.now.volumes[volume].name, scene.now.disks[disk].name)
        }
        None => text,
    }
}
