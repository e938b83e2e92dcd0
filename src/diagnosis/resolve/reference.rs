//! What the device elements of all stores name: each is a reference to a partition, of this disk or another.

use crate::bcd::device::QualifiedPartition;
use crate::bcd::element::ElementValue;
use crate::bcd::index::ElementIndex;
use crate::bcd::index::IdentityIndex;
use crate::bcd::index::ObjectIndex;
use crate::diagnosis::model::identity::disk_of;
use crate::diagnosis::model::identity::partition_of;
use crate::diagnosis::resolve::role::Purpose;
use crate::diagnosis::resolve::role::purpose;
use crate::layout::Layout;
use crate::layout::index::StoreIndex;
use crate::layout::index::VolumeIndex;
use crate::partition::DiskId;
use crate::partition::PartitionId;

/// What one device element names, with its place and its purpose.
#[derive(Debug, Clone)]
pub struct Reference {
    /// Index of the store in the layout.
    pub store: StoreIndex,
    /// Index of the object in the store.
    pub object: ObjectIndex,
    /// Index of the element in the object.
    pub element: ElementIndex,
    /// Index of the identity in the device element.
    pub identity: IdentityIndex,
    /// What it names.
    pub named: QualifiedPartition,
    /// What it is for.
    pub purpose: Purpose,
}

/// All references of all stores that the firmware would come to.
///
/// Objects are found by their GUID; what lies under a key of another name, nothing ever starts (somebody's `{Default}`,
/// say, is no object, and stays as it is).
#[must_use]
pub fn references(layout: &Layout) -> Vec<Reference> {
    let mut all = Vec::new();
    let live = layout.stores_indexed().filter(|(_, file)| file.live);
    for (store, parsed) in live.filter_map(|(index, file)| Some((index, file.parsed()?))) {
        let objects = parsed.objects_indexed().filter(|(_, object)| object.id.is_some());
        for (object_index, object) in objects {
            for (element_index, element) in object.elements_indexed() {
                let ElementValue::Device(device) = &element.value else { continue };
                all.extend(device.identities_indexed().into_iter().map(|(index, identity)| Reference {
                    store,
                    object: object_index,
                    element: element_index,
                    identity: index,
                    named: identity.partition,
                    purpose: purpose(object, element, &identity),
                }));
            }
        }
    }
    all
}

/// The volume whose partition the reference names, whatever it says of the disk.
pub(in crate::diagnosis) fn direct(layout: &Layout, named: &QualifiedPartition) -> Option<VolumeIndex> {
    match partition_of(named) {
        PartitionId::Mbr { offset } => {
            matches!(layout.table.disk, Some(DiskId::Mbr(_))).then(|| layout.partition_at(offset))?
        }
        id @ PartitionId::Gpt(_) => layout.find_partition(|partition| partition.id == Some(id)),
    }
}

/// The volume of this disk that the reference names by both its identities.
#[must_use]
pub fn is_here(layout: &Layout, named: &QualifiedPartition) -> Option<VolumeIndex> {
    if let (Some(hybrid), QualifiedPartition::Mbr { signature, offset }) = (layout.table.hybrid, *named)
        && hybrid == signature
    {
        return layout.partition_at(offset);
    }
    let disk = disk_of(named);
    (layout.table.disk == Some(disk) && disk != DiskId::Mbr(0)).then(|| direct(layout, named))?
}
