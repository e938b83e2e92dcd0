//! The firmware's boot entries in stores that Windows wrote: read, compared with the elements, and edited.
//!
//! The judge finds nodes by their first four bytes and knows nothing else of the encoding. Without the corpus these tests
//! say so and pass.

use bcdrescue::bcd::ElementId;
use bcdrescue::bcd::Object;
use bcdrescue::bcd::QualifiedPartition;
use bcdrescue::bcd::Store;
use bcdrescue::bcd::device_path::DriveSignature;
use bcdrescue::bcd::device_path::HardDrive;
use bcdrescue::bcd::edit;
use bcdrescue::bcd::firmware_variable;
use bcdrescue::bcd::firmware_variable::FirmwareVariable;
use bcdrescue::bcd::hard_drive_edit::DrivePartition;
use bcdrescue::bcd::hard_drive_edit::replace_hard_drive;
use bcdrescue::guid::Guid;
use bcdrescue::hive::Value;

use crate::support::corpus::stores;
use crate::support::judges::hivex_bytes;
use crate::support::judges::hivex_difference;

/// An object with a boot entry.
struct Entry<'a> {
    object: &'a Object,
    value: &'a Value,
    variable: FirmwareVariable,
}

fn entries<'a>(name: &str, store: &'a Store) -> Vec<Entry<'a>> {
    let with_value =
        store.objects().iter().filter_map(|object| Some((object, firmware_variable::value_of(object)?)));
    with_value
        .map(|(object, value)| {
            let variable = FirmwareVariable::decode(&value.data)
                .unwrap_or_else(|error| panic!("{name} {}: {error}", object.key));
            Entry { object, value, variable }
        })
        .collect()
}

/// Where nodes of partitions begin, as a search for their header finds them.
fn nodes(data: &[u8]) -> Vec<usize> {
    (0..data.len()).filter(|at| data[*at..].starts_with(&[4, 1, 0x2a, 0])).collect()
}

/// The signature that the object's `device` says the node should have; `None` without such an element.
fn projected(object: &Object) -> Option<DriveSignature> {
    let identities = object.device(ElementId::DEVICE)?.identities();
    Some(match identities.first()?.partition {
        QualifiedPartition::Mbr { signature, .. } => DriveSignature::Mbr(signature),
        QualifiedPartition::Gpt { partition, .. } => DriveSignature::Gpt(partition),
    })
}

#[test]
fn every_entry_is_read_and_says_what_its_element_says() {
    let (mut read, mut with_node, mut both, mut agreed) = (0, 0, 0, 0);
    let stores = stores();
    for (name, bytes, expected) in &stores {
        let store = Store::parse(bytes.clone()).unwrap();
        let found = entries(name, &store);
        let objects = expected["objects"].as_object().unwrap().values();
        let there = objects.filter(|object| !object["description"]["FirmwareVariable"].is_null()).count();
        assert_eq!(found.len(), there, "{name}");
        for Entry { object, value, variable } in found {
            let story = format!("{name} {} {}", object.key, variable.variable());
            read += 1;
            assert!(!variable.friendly_name.is_empty(), "{story}");
            let drives: Vec<usize> = variable.hard_drives.iter().map(|drive| drive.at).collect();
            assert_eq!(drives, nodes(&value.data), "{story}");
            assert!(variable.hard_drives.iter().all(|drive| drive.identity().is_some()), "{story}");
            let Some(drive) = variable.hard_drives.first() else { continue };
            with_node += 1;
            if let Some(projected) = projected(object) {
                both += 1;
                agreed += usize::from(drive.identity() == Some(projected));
                same_place(&story, object, drive);
            }
        }
    }
    println!("{read} entries, {with_node} with a partition, {both} with an element too, {agreed} agree");
    assert!(stores.is_empty() || (read, with_node, both, agreed) == (48, 46, 45, 45));
}

/// On MBR disks the element has the partition's offset too: the node has the same one, in blocks of 512 bytes.
fn same_place(story: &str, object: &Object, drive: &HardDrive) {
    let identities = object.device(ElementId::DEVICE).unwrap().identities();
    if let QualifiedPartition::Mbr { offset, .. } = identities[0].partition {
        assert_eq!(drive.start_lba.value * 512, offset, "{story}");
    }
}

/// What a node's value must become, put together here.
fn expected(data: &[u8], drive: &HardDrive, new: &DrivePartition) -> Vec<u8> {
    let mut data = data.to_vec();
    let signature = match new.signature {
        DriveSignature::Mbr(signature) => signature.to_le_bytes().to_vec(),
        DriveSignature::Gpt(guid) => guid.bytes().to_vec(),
    };
    let mut put = |at: usize, bytes: &[u8]| {
        data[drive.at + at..drive.at + at + bytes.len()].copy_from_slice(bytes);
    };
    put(4, &new.number.to_le_bytes());
    put(8, &new.start_lba.to_le_bytes());
    put(16, &new.lba_count.to_le_bytes());
    put(24, &signature);
    data
}

#[test]
fn an_edit_of_an_entry_changes_its_node_and_nothing_else() {
    let (mut edited, mut styles) = (0, [0, 0]);
    for (name, bytes, json) in stores() {
        let store = Store::parse(bytes.clone()).unwrap();
        for Entry { object, value, variable } in entries(&name, &store) {
            let Some(drive) = variable.hard_drives.first() else { continue };
            let story = format!("{name} {}", object.key);
            let (signature, other) = match drive.identity().unwrap() {
                DriveSignature::Mbr(_) => {
                    (DriveSignature::Mbr(0x7ab1_e0ff), DriveSignature::Gpt(Guid::from_u128(1)))
                }
                DriveSignature::Gpt(_) => {
                    let guid = Guid::from_u128(0x9999_9999_8888_4777_8666_0000_0000_0001);
                    (DriveSignature::Gpt(guid), DriveSignature::Mbr(1))
                }
            };
            let new = DrivePartition { number: 7, start_lba: 0x1234_5678, lba_count: 0xabcd, signature };
            let refused = DrivePartition { signature: other, ..new };
            assert!(replace_hard_drive(value, drive, &refused).is_err(), "{story}");

            let edits = replace_hard_drive(value, drive, &new).unwrap();
            let mut after = bytes.clone();
            edit::apply(&mut after, &edits).unwrap();
            let node = value.at + drive.at + 4..value.at + drive.at + 40;
            let changed: Vec<usize> = (0..bytes.len()).filter(|at| bytes[*at] != after[*at]).collect();
            assert!(!changed.is_empty() && changed.iter().all(|at| node.contains(at)), "{story}");

            let root = json["root"].as_str().unwrap();
            let path = format!("{root}\\Objects\\{}\\Description\\FirmwareVariable", object.key);
            assert_eq!(hivex_difference(&bytes, &after), [path.as_str()], "{story}");
            assert_eq!(hivex_bytes(&after, &path), expected(&value.data, drive, &new), "{story}");
            let again = Store::parse(after).unwrap();
            let read = entries(&name, &again);
            let entry = read.iter().find(|entry| entry.object.key == object.key).unwrap();
            assert_eq!(entry.variable.hard_drives[0].identity(), Some(signature), "{story}");
            assert_eq!(replace_hard_drive(entry.value, &entry.variable.hard_drives[0], &new), Ok(vec![]));
            edited += 1;
            styles[usize::from(matches!(signature, DriveSignature::Gpt(_)))] += 1;
        }
    }
    println!("{edited} entries edited: {} of MBR disks, {} of GPT disks", styles[0], styles[1]);
    assert!(edited == 0 || styles.iter().all(|style| *style > 0));
}
