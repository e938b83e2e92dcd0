//! Stores on raw disks, and stores that are made of others.

use std::fs;

use bcdrescue::bcd::ElementValue;
use bcdrescue::bcd::QualifiedPartition;
use bcdrescue::bcd::Store;
use bcdrescue::bcd::edit;
use bcdrescue::hive::build::NewKey;
use bcdrescue::hive::build::NewValue;
use bcdrescue::hive::build::build;

use crate::support::disk::Disk;
use crate::support::judges::fat_file;
use crate::support::judges::hivex;
use crate::support::judges::hivex_bytes;
use crate::support::judges::ntfs_file;
use crate::support::judges::put_fat;
use crate::support::judges::put_ntfs;
use crate::support::oracle::Identity;
use crate::support::parts::change;
use crate::support::parts::cut;
use crate::support::parts::partitions;

/// The store with the identities of those elements changed for which `to` has another; it is asked with the object's
/// name, the element's key and the identity.
pub fn with_identities(
    bytes: &[u8],
    to: impl Fn(&str, &str, QualifiedPartition) -> Option<QualifiedPartition>,
) -> Vec<u8> {
    let store = Store::parse(bytes.to_vec()).unwrap();
    let mut after = bytes.to_vec();
    for object in store.objects() {
        for element in &object.elements {
            let ElementValue::Device(device) = &element.value else { continue };
            for record in device.identities() {
                if let Some(new) = to(object.name(), &element.key, record.partition) {
                    edit::apply(&mut after, &edit::replace_identity(element, &record, new).unwrap()).unwrap();
                }
            }
        }
    }
    assert_ne!(after, bytes);
    after
}

/// The store with a loader of a Windows that lies at the same offset of another disk.
pub fn with_loader_of_another_disk(bytes: &[u8], signature: u32, offset: u64) -> Vec<u8> {
    let store = Store::parse(bytes.to_vec()).unwrap();
    let (index, object) = store
        .objects()
        .iter()
        .enumerate()
        .find(|(_, object)| {
            object.object_type.is_some_and(|kind| kind.is_os_loader())
                && object.elements.iter().any(|element| element.key == "23000003")
        })
        .unwrap();
    let mut root = NewKey::from(store.hive().root());
    let objects = root.subkeys.iter_mut().find(|key| key.name == "Objects").unwrap();
    assert_eq!(objects.subkeys[index].name, object.key);
    let mut copy: NewKey =
        NewKey::from(store.hive().root().subkey("Objects").unwrap().subkey(&object.key).unwrap());
    copy.name = "{0a0b0c0d-1111-2222-3333-445566778899}".into();
    let elements = copy.subkeys.iter_mut().find(|key| key.name == "Elements").unwrap();
    elements.subkeys.retain(|element| element.name != "23000003");
    for element in
        elements.subkeys.iter_mut().filter(|key| ["11000001", "21000001"].contains(&key.name.as_str()))
    {
        let value: &mut NewValue = &mut element.values[0];
        value.data[0x20..0x28].copy_from_slice(&offset.to_le_bytes());
        value.data[0x38..0x3c].copy_from_slice(&signature.to_le_bytes());
    }
    objects.subkeys.push(copy);
    build(&root, store.hive().base_block().last_written).unwrap()
}

/// The key of the Windows loader that names a resume object.
pub fn main_loader(bytes: &[u8]) -> String {
    let store = Store::parse(bytes.to_vec()).unwrap();
    let is_main = |object: &&bcdrescue::bcd::Object| {
        object.object_type.is_some_and(|kind| kind.is_os_loader())
            && object.elements.iter().any(|element| element.key == "23000003")
    };
    store.objects().iter().find(is_main).unwrap().key.clone()
}

pub fn qualified(identity: Identity) -> QualifiedPartition {
    match identity {
        Identity::Mbr { signature, offset } => QualifiedPartition::Mbr { signature, offset },
        Identity::Gpt { .. } => QualifiedPartition::Gpt {
            disk: identity.disk_text().parse().unwrap(),
            partition: identity.partition_text().parse().unwrap(),
        },
    }
}

/// How many element values name this identity, as hivex reads the store.
pub fn named(store: &[u8], identity: Identity) -> usize {
    let bytes = match qualified(identity) {
        QualifiedPartition::Mbr { signature, offset } => {
            (offset.to_le_bytes().to_vec(), signature.to_le_bytes().to_vec())
        }
        QualifiedPartition::Gpt { disk, partition } => (partition.bytes().to_vec(), disk.bytes().to_vec()),
    };
    let values: Vec<String> = hivex(store).into_keys().filter(|path| path.ends_with("\\Element")).collect();
    let raw = |path: &String| hivex_bytes(store, path);
    let has = |value: &[u8], part: &[u8]| value.windows(part.len()).any(|window| window == part);
    let binary = values.iter().filter(|path| hivex(store)[*path].contains("base64"));
    binary.map(raw).filter(|value| has(value, &bytes.0) && has(value, &bytes.1)).count()
}

pub const UEFI: &str = "/EFI/Microsoft/Boot/BCD";

pub const BIOS: &str = "/Boot/BCD";

/// The store of partition 1.
pub fn store_of(disk: &Disk, path: &str) -> Vec<u8> {
    let part = partitions(&disk.path).remove(0);
    let file = cut(&disk.path, part.start, part.len);
    let bytes = if path == BIOS { ntfs_file(&file, path) } else { fat_file(&file, path) };
    fs::remove_file(file).unwrap();
    bytes
}

pub fn put_store(disk: &Disk, path: &str, bytes: &[u8]) {
    change(
        disk,
        1,
        |file| if path == BIOS { put_ntfs(file, path, bytes) } else { put_fat(file, path, bytes) },
    );
}

/// The store with another primary sequence number and a checksum that fits.
pub fn with_dirty_base_block(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let word = |bytes: &[u8], at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    let next = word(&bytes, 4) + 1;
    bytes[4..8].copy_from_slice(&next.to_le_bytes());
    let sum = (0..0x1fc).step_by(4).fold(0, |sum, at| sum ^ word(&bytes, at));
    bytes[0x1fc..0x200].copy_from_slice(&sum.to_le_bytes());
    bytes
}
