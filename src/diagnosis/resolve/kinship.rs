//! Which objects of a store belong together, so that one which is right tells of another that is stale.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::collections::HashMap;

use crate::bcd::Store;
use crate::bcd::element::ElementId;
use crate::bcd::element::ElementValue;
use crate::bcd::index::ObjectIndex;
use crate::bcd::object_id;
use crate::guid::Guid;
use crate::layout::Layout;
use crate::layout::index::StoreIndex;

/// An object: index of its store in the layout, and its own in the store.
pub(super) type StoredObject = (StoreIndex, ObjectIndex);

/// What belongs to what.
#[derive(Debug, Default)]
pub(super) struct Kinship {
    /// Objects that name the same volume as this one: a loader's own resume object, the own options of a RAM disk, and the memory
    /// test of a boot manager.
    twins: HashMap<StoredObject, BTreeSet<StoredObject>>,
    /// Of a loader its resume object, be it others' too.
    resumes: HashMap<StoredObject, StoredObject>,
    /// Of a loader its recovery entries, and the options of those.
    recovery: HashMap<StoredObject, BTreeSet<StoredObject>>,
}

impl Kinship {
    pub(super) fn new(layout: &Layout) -> Self {
        let mut kinship = Self::default();
        let live = layout.stores_indexed().filter(|(_, file)| file.live);
        for (index, store) in live.filter_map(|(index, file)| Some((index, file.parsed()?))) {
            kinship.learn(index, store);
        }
        kinship
    }

    /// Whether both stand for one volume: they are one object, or the one is nobody else's than the other's.
    pub(super) fn are_twins(&self, one: StoredObject, other: StoredObject) -> bool {
        one == other || self.twins.get(&one).is_some_and(|twins| twins.contains(&other))
    }

    /// The objects themselves with their twins.
    pub(super) fn with_twins(&self, objects: &BTreeSet<StoredObject>) -> BTreeSet<StoredObject> {
        let twins = objects.iter().filter_map(|object| self.twins.get(object)).flatten();
        objects.iter().chain(twins).copied().collect()
    }

    /// All that serves the objects, perhaps among others: no rivals of theirs.
    pub(super) fn with_servants(&self, objects: &BTreeSet<StoredObject>) -> BTreeSet<StoredObject> {
        let mut all = self.with_twins(objects);
        all.extend(objects.iter().filter_map(|object| self.resumes.get(object)));
        all.extend(objects.iter().flat_map(|object| self.recovery_of(*object)));
        all
    }

    /// The objects of the recovery environment of a loader, or of that whose resume object this is.
    pub(super) fn recovery_of(&self, object: StoredObject) -> impl Iterator<Item = &StoredObject> {
        let twins = self.twins.get(&object).into_iter().flatten();
        std::iter::once(object)
            .chain(twins.copied())
            .filter_map(|loader| self.recovery.get(&loader))
            .flatten()
    }

    fn learn(&mut self, index: StoreIndex, store: &Store) {
        let by_id: HashMap<Guid, ObjectIndex> =
            store.objects_indexed().filter_map(|(at, object)| Some((object.id?, at))).collect();
        let is_loader = |at: &ObjectIndex| store.object_at(*at).is_some_and(|object| object.is_os_loader());
        let mut resumed_by: BTreeMap<ObjectIndex, Vec<ObjectIndex>> = BTreeMap::new();
        let mut options_of: BTreeMap<ObjectIndex, BTreeSet<ObjectIndex>> = BTreeMap::new();
        for (at, object) in store.objects_indexed() {
            let resume = object.object(ElementId::RESUME_OBJECT).and_then(|id| by_id.get(&id));
            resume.filter(|_| is_loader(&at)).iter().for_each(|resume| {
                resumed_by.entry(**resume).or_default().push(at);
            });
            let options = object.elements.iter().filter_map(|element| match &element.value {
                ElementValue::Device(device) => by_id.get(&device.options),
                _ => None,
            });
            for options in options {
                options_of.entry(*options).or_default().insert(at);
            }
        }
        for (resume, loaders) in &resumed_by {
            self.resumes.extend(loaders.iter().map(|loader| ((index, *loader), (index, *resume))));
        }
        let mut pair = |one: ObjectIndex, other: ObjectIndex| {
            self.twins.entry((index, one)).or_default().insert((index, other));
            self.twins.entry((index, other)).or_default().insert((index, one));
        };
        if let (Some(manager), Some(tester)) =
            (by_id.get(&object_id::BOOTMGR), by_id.get(&object_id::MEMDIAG))
        {
            pair(*manager, *tester);
        }
        for (resume, loaders) in &resumed_by {
            if let [loader] = loaders.as_slice() {
                pair(*loader, *resume);
            }
        }
        for (options, users) in &options_of {
            if let (Some(user), 1) = (users.first(), users.len()) {
                pair(*user, *options);
            }
        }
        for (at, object) in store.objects_indexed().filter(|(at, _)| is_loader(at)) {
            let listed = object.objects(ElementId::RECOVERY_SEQUENCE).iter().filter_map(|id| by_id.get(id));
            let listed: BTreeSet<ObjectIndex> = listed.copied().collect();
            let options = options_of.iter().filter(|(_, users)| !users.is_disjoint(&listed));
            let all = options.map(|(options, _)| *options).chain(listed.iter().copied());
            let all: BTreeSet<StoredObject> = all.map(|object| (index, object)).collect();
            self.recovery.insert((index, at), all);
        }
    }
}
