//! Which stale records may be this disk's although nothing that they name is found here.
//!
//! The boot manager's elements name the system volume, which is here with the store on it; so an identity that they
//! name was this disk's. When they name one, an identity that they do not name is another disk's, with one exception:
//! somebody may have repaired {bootmgr} and the Windows entry by hand, and forgotten what belongs to that entry.

use std::collections::BTreeSet;
use std::collections::HashMap;

use crate::bcd::Store;
use crate::bcd::device::QualifiedPartition;
use crate::bcd::element::ElementId;
use crate::bcd::element::ElementValue;
use crate::bcd::object::Object;
use crate::diagnosis::disk_of;
use crate::diagnosis::record::Record;
use crate::diagnosis::record::direct;
use crate::diagnosis::record::has_file;
use crate::diagnosis::record::is_here;
use crate::diagnosis::role::Role;
use crate::guid::Guid;
use crate::layout::Layout;
use crate::partition::DiskId;

/// A [`DiskId`] that can be ordered.
pub(super) type DiskKey = [u8; 17];

pub(super) fn key(disk: DiskId) -> DiskKey {
    let mut key = [0; 17];
    let bytes = match disk {
        DiskId::Mbr(signature) => u128::from(signature).to_be_bytes(),
        DiskId::Gpt(guid) => *guid.bytes(),
    };
    key.iter_mut()
        .zip(std::iter::once(u8::from(matches!(disk, DiskId::Gpt(_)))).chain(bytes))
        .for_each(|(to, from)| *to = from);
    key
}

/// Whether `whole` begins like one of the two and goes on like the other. The first byte of a key is its style.
pub(super) fn is_splice(whole: &DiskKey, one: &DiskKey, other: &DiskKey) -> bool {
    let cut = |first: &DiskKey, second: &DiskKey| {
        (1..first.len()).any(|at| {
            whole.get(..at) == first.get(..at) && whole.get(at..) == second.get(at..) && whole != second
        })
    };
    whole != one && whole != other && (cut(one, other) || cut(other, one))
}

/// Old identities of this disk, proven by an element whose file is where it points. A virtual disk that was made of this
/// one may have its partitions' GUIDs, and proves nothing.
pub(super) fn homes(layout: &Layout, records: &[Record]) -> BTreeSet<DiskKey> {
    let proves = |record: &&Record| {
        direct(layout, &record.named).is_some_and(|volume| {
            let by_guid = matches!(record.named, QualifiedPartition::Gpt { .. });
            by_guid || (record.purpose.role == Role::System && has_file(layout, record, volume))
        })
    };
    let on_disks = records.iter().filter(|record| record.purpose.role != Role::InsideVirtualDisk);
    on_disks.filter(proves).map(|record| key(disk_of(&record.named))).collect()
}

/// What is known of old identities of this disk.
pub(super) struct Kin {
    /// Identities that were this disk's, by store; no entry where the boot manager's elements name none.
    pub(super) of_store: HashMap<usize, BTreeSet<DiskKey>>,
    /// Objects that belong to a Windows entry that is in order, as store and index.
    belonging: BTreeSet<(usize, usize)>,
}

impl Kin {
    pub(super) fn new(layout: &Layout, records: &[Record], homes: &BTreeSet<DiskKey>) -> Self {
        let mut of_store: HashMap<usize, BTreeSet<DiskKey>> = HashMap::new();
        for record in records.iter().filter(|record| record.purpose.role == Role::System) {
            let kin = of_store.entry(record.store).or_insert_with(|| homes.clone());
            kin.insert(key(disk_of(&record.named)));
        }
        let in_order = records
            .iter()
            .filter(|record| record.purpose.role == Role::Loader && is_here(layout, &record.named).is_some());
        let belonging = in_order.filter_map(|record| {
            let store = layout.stores.get(record.store)?.parsed()?;
            let objects = belonging_to(store, store.objects().get(record.object)?);
            Some(objects.into_iter().map(|object| (record.store, object)))
        });
        Self { of_store, belonging: belonging.flatten().collect() }
    }

    /// Whether `record`, which names `disk`, may be this disk's.
    pub(super) fn may_be_here(&self, record: &Record, disk: DiskKey) -> bool {
        self.of_store.get(&record.store).is_none_or(|kin| kin.contains(&disk))
            || self.belonging.contains(&(record.store, record.object))
    }
}

/// The objects that serve a Windows entry: resume, recovery environment, and the options of its RAM disk.
fn belonging_to(store: &Store, loader: &Object) -> Vec<usize> {
    let recovery = loader.objects(ElementId::RECOVERY_SEQUENCE).iter().copied();
    let direct: Vec<Guid> = loader.object(ElementId::RESUME_OBJECT).into_iter().chain(recovery).collect();
    let named = |id: &Guid| store.objects().iter().find(|object| object.id == Some(*id));
    let options = direct.iter().filter_map(named).flat_map(|object| &object.elements).filter_map(|element| {
        match &element.value {
            ElementValue::Device(device) => Some(device.options),
            _ => None,
        }
    });
    let all: BTreeSet<Guid> = options.chain(direct.iter().copied()).filter(|id| *id != Guid::ZERO).collect();
    let is_one = |object: &Object| object.id.is_some_and(|id| all.contains(&id));
    store.objects().iter().enumerate().filter(|(_, object)| is_one(object)).map(|(index, _)| index).collect()
}
