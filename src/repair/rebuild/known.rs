//! The entries that a store has already, whose ids a new one keeps: `ReAgent.xml`, BitLocker and people know them by these.

use std::collections::BTreeMap;

use crate::bcd::Store;
use crate::bcd::device::Device;
use crate::bcd::device::QualifiedPartition;
use crate::bcd::element::ElementId;
use crate::bcd::object::Object;
use crate::bcd::object_type::ObjectType;
use crate::guid::Guid;
use crate::layout::windows::WindowsVolume;

/// The ids of one Windows in a store.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct KnownIds {
    pub(super) entry: Option<Guid>,
    pub(super) resume: Option<Guid>,
    /// The options of the RAM disk of its recovery environment.
    pub(super) options: Option<Guid>,
}

impl KnownIds {
    /// Those of a Windows on this partition.
    pub(super) fn find(
        store: Option<&Store>,
        windows: &WindowsVolume,
        partition: QualifiedPartition,
    ) -> Self {
        let Some(store) = store else { return Self::default() };
        let is_it = |object: &&Object| {
            let root = object.string(ElementId::SYSTEM_ROOT);
            let device = object.device(ElementId::OS_DEVICE).map(|element| &element.device);
            object.is_os_loader()
                && root.is_some_and(|root| windows.is_at(root))
                && matches!(device, Some(Device::Partition(named)) if *named == partition)
        };
        let mut entries = store.objects().iter().filter(is_it);
        let default = store.default_id();
        let entry = entries.clone().find(|object| object.id == default).or_else(|| entries.next());
        let recovery = entry.and_then(|entry| entry.objects(ElementId::RECOVERY_SEQUENCE).first().copied());
        let recovery = recovery.and_then(|id| store.object(id));
        Self {
            entry: entry.and_then(|entry| entry.id),
            resume: entry.and_then(|entry| entry.object(ElementId::RESUME_OBJECT)),
            options: recovery.and_then(|it| it.device(ElementId::DEVICE)).map(|device| device.options),
        }
    }
}

type Elements<'s> = BTreeMap<&'s str, &'s [u8]>;

/// Whether two stores have the same objects with the same elements.
pub(super) fn are_alike(one: &Store, other: &Store) -> bool {
    objects(one) == objects(other)
}

fn objects(store: &Store) -> BTreeMap<&str, (Option<ObjectType>, Elements<'_>)> {
    let elements = |object| -> Elements<'_> {
        let object: &Object = object;
        object.elements.iter().map(|element| (element.key.as_str(), element.raw.as_slice())).collect()
    };
    store.objects().iter().map(|it| (it.key.as_str(), (it.object_type, elements(it)))).collect()
}
