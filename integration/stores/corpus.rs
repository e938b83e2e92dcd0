//! Stores that Windows wrote, read and compared with what hivex reads in them.
//!
//! The corpus is other people's data and no part of the project: `$BCDRESCUE_CORPUS` or `../shared/corpus` names it.
//! Without it these tests say so and pass.

use std::fs;

use bcdrescue::bcd::Device;
use bcdrescue::bcd::Element;
use bcdrescue::bcd::ElementValue;
use bcdrescue::bcd::Object;
use bcdrescue::bcd::QualifiedPartition;
use bcdrescue::bcd::Store;
use bcdrescue::bcd::edit;
use bcdrescue::bytes;
use bcdrescue::hive::Hive;
use bcdrescue::hive::Key;
use bcdrescue::hive::ReadError;
use bcdrescue::hive::Value;
use bcdrescue::hive::build::NewKey;
use bcdrescue::hive::build::build;
use bcdrescue::hive::log_head::LogAge;
use bcdrescue::hive::sparse::SparseHive;
use serde_json::Value as Json;

use crate::support::corpus::folder;
use crate::support::corpus::stores;
use crate::support::judges::judge;
use crate::support::program::counted;
use crate::support::program::text;

/// `[registry type, hex]`, as the expectation spells a value.
fn spelt(data_type: u32, data: &[u8]) -> Json {
    serde_json::json!([data_type, bytes::hex(data)])
}

fn object_as_expected(object: &Object) -> Json {
    let description = object.description.iter().map(|value| (value.name.clone(), spelt_value(value)));
    let elements =
        object.elements.iter().map(|element| (element.key.clone(), spelt(element.data_type, &element.raw)));
    serde_json::json!({
        "description": Json::Object(description.collect()),
        "elements": Json::Object(elements.collect()),
    })
}

fn spelt_value(value: &Value) -> Json {
    spelt(value.data_type, &value.data)
}

#[test]
fn every_store_reads_as_hivex_reads_it() {
    for (name, bytes, expected) in stores() {
        let store = Store::parse(bytes.clone()).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert!(!store.hive().base_block().is_dirty(), "{name}");
        assert_eq!(store.hive().root().name, expected["root"], "{name}");
        let objects: serde_json::Map<_, _> =
            store.objects().iter().map(|object| (object.key.clone(), object_as_expected(object))).collect();
        assert_eq!(objects.len(), store.objects().len(), "{name}");
        for (id, object) in &objects {
            assert_eq!(object, &expected["objects"][id], "{name} {id}");
        }
        assert_eq!(objects.len(), expected["objects"].as_object().unwrap().len(), "{name}");
        for element in store.objects().iter().flat_map(|object| &object.elements) {
            assert_eq!(
                bytes[element.at..element.at + element.raw.len()],
                element.raw,
                "{name} {}",
                element.key
            );
        }
    }
}

/// Whether the value means all of the element's bytes, or all but what Windows is known to leave behind it.
fn is_understood(element: &Element) -> bool {
    let Some((data_type, encoded)) = element.value.encode() else { return false };
    let bytes_agree = match element.value {
        // Old characters behind the NUL, and short numbers of setup media.
        ElementValue::String(_) => element.raw.starts_with(&encoded),
        ElementValue::Integer(_) => encoded.starts_with(&element.raw),
        _ => element.raw == encoded,
    };
    data_type == element.data_type && bytes_agree
}

#[test]
fn every_element_means_what_its_bytes_are() {
    let (mut elements, mut devices, mut identities) = (0, 0, 0);
    let stores = stores();
    for (name, bytes, _) in &stores {
        let store = Store::parse(bytes.clone()).unwrap();
        for object in store.objects() {
            // Somebody's hand made this one, below a key that Windows never looks for.
            let is_foreign = name == "win10-bios-vhd" && object.key == "{Default}";
            assert_eq!(
                object.id.is_none() || object.object_type.is_none(),
                is_foreign,
                "{name} {}",
                object.key
            );
            for element in &object.elements {
                elements += 1;
                assert!(element.id.is_some() && is_understood(element), "{name} {} {element:?}", object.key);
                let ElementValue::Device(device) = &element.value else { continue };
                devices += 1;
                assert!(!matches!(device.device, Device::Opaque(_)), "{name} {} {element:?}", object.key);
                identities += device.identities().len();
            }
        }
    }
    if !stores.is_empty() {
        let found = format!("{elements} elements, {devices} devices, {identities} identity records");
        counted("stores by real Windows", &format!("{} stores, {found}", stores.len()));
    }
    assert!(stores.is_empty() || (elements > 0 && devices > 0 && identities > 0));
}

/// hivex's view of a hive without times and places.
fn hivexml(bytes: &[u8]) -> String {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), bytes).unwrap();
    let mut xml = String::from_utf8(judge("hivexml", &[text(file.path())])).unwrap();
    for (open, close) in [("<mtime>", "</mtime>"), ("<byte_runs>", "</byte_runs>")] {
        while let Some(start) = xml.find(open) {
            let end = xml[start..].find(close).unwrap() + start + close.len();
            xml.replace_range(start..end, "");
        }
    }
    xml
}

#[test]
fn a_rebuilt_store_is_the_same_to_hivex() {
    let mut compared = 0;
    let stores = stores();
    for (name, bytes, _) in &stores {
        let hive = Hive::parse(bytes.clone()).unwrap();
        let built = build(&NewKey::from(hive.root()), hive.base_block().last_written).unwrap();
        let read = Hive::parse(built.clone()).unwrap();
        assert_eq!(NewKey::from(read.root()), NewKey::from(hive.root()), "{name}");
        let (before, after) = (hivexml(bytes), hivexml(&built));
        assert!(before.len() > 50, "{name}");
        assert_eq!(after, before, "{name}");
        compared += 1;
    }
    assert_eq!(compared, stores.len());
}

/// Another identity of the same style.
fn moved(partition: QualifiedPartition) -> QualifiedPartition {
    match partition {
        QualifiedPartition::Mbr { signature, offset } => {
            QualifiedPartition::Mbr { signature: !signature, offset: offset + 512 }
        }
        QualifiedPartition::Gpt { disk, partition } => {
            QualifiedPartition::Gpt { disk: partition, partition: disk }
        }
    }
}

#[test]
fn an_edit_changes_what_it_names_and_nothing_else() {
    let (mut edited, mut kept) = (0, 0);
    let stores = stores();
    for (name, bytes, _) in &stores {
        let store = Store::parse(bytes.clone()).unwrap();
        let mut edits = Vec::new();
        for element in store.objects().iter().flat_map(|object| &object.elements) {
            let ElementValue::Device(device) = &element.value else { continue };
            for record in device.identities() {
                let new = moved(record.partition);
                let made = edit::replace_identity(element, &record, new);
                if record.inside_vhd {
                    assert!(made.is_err(), "{name}");
                    kept += 1;
                } else {
                    edits.extend(made.unwrap());
                    edited += 1;
                }
            }
        }
        let mut after = bytes.clone();
        edit::apply(&mut after, &edits).unwrap();
        let changed = bytes.iter().zip(&after).filter(|(old, new)| old != new).count();
        assert!(changed <= edits.iter().map(|edit| edit.after.len()).sum(), "{name}");
        compare_devices(name, &store, &Store::parse(after).unwrap());
    }
    println!("{edited} records edited, {kept} inside virtual disks kept");
    assert!(stores.is_empty() || (edited > 0 && kept > 0));
}

fn compare_devices(name: &str, before: &Store, after: &Store) {
    assert_eq!(before.objects().len(), after.objects().len(), "{name}");
    for (before, after) in before.objects().iter().zip(after.objects()) {
        assert_eq!(before.elements.len(), after.elements.len(), "{name}");
        for (before, after) in before.elements.iter().zip(&after.elements) {
            let (ElementValue::Device(old), ElementValue::Device(new)) = (&before.value, &after.value) else {
                assert_eq!(before, after, "{name}");
                continue;
            };
            for (old, new) in old.identities().iter().zip(new.identities()) {
                let expected = if old.inside_vhd { old.partition } else { moved(old.partition) };
                assert_eq!(new.partition, expected, "{name}");
            }
        }
    }
}

/// Every key and value of the whole reader, each found by its path.
fn compare_sparse(name: &str, hive: &SparseHive<'_>, whole: &Key, path: &mut Vec<String>) -> usize {
    let names: Vec<&str> = path.iter().map(String::as_str).collect();
    let found = hive.key(&names).unwrap().unwrap_or_else(|| panic!("{name} {names:?}"));
    assert_eq!((&found.name, found.at), (&whole.name, whole.at), "{name} {names:?}");
    assert_eq!((found.flags, found.last_written), (whole.flags, whole.last_written), "{name} {names:?}");
    assert_eq!(hive.values(&found).unwrap(), whole.values, "{name} {names:?}");
    for value in &whole.values {
        let again = hive.value(&found, &value.name.to_lowercase()).unwrap();
        assert_eq!(again.as_ref(), Some(value), "{name} {names:?}");
    }
    assert_eq!(hive.subkeys(&found).unwrap().len(), whole.subkeys.len(), "{name} {names:?}");
    let mut keys = 1;
    for subkey in &whole.subkeys {
        path.push(subkey.name.to_lowercase());
        keys += compare_sparse(name, hive, subkey, path);
        path.pop();
    }
    keys
}

#[test]
fn a_store_reads_the_same_a_path_at_a_time() {
    let stores = stores();
    let mut keys = 0;
    for (name, bytes, _) in &stores {
        let whole = Hive::parse(bytes.clone()).unwrap();
        let read = |offset: u64, len: usize| {
            let piece = bytes::slice(bytes, usize::try_from(offset).unwrap(), len);
            piece.map(<[u8]>::to_vec).ok_or_else(|| ReadError::reader(std::io::Error::other("outside")))
        };
        let hive = SparseHive::open(&read, bytes.len() as u64).unwrap();
        assert_eq!(hive.base_block(), whole.base_block(), "{name}");
        keys += compare_sparse(name, &hive, whole.root(), &mut Vec::new());
    }
    println!("{keys} keys in {} stores", stores.len());
    assert!(stores.is_empty() || keys > 1000);
}

/// All these stores are clean, and so nothing in the logs beside them is newer.
#[test]
fn no_log_beside_a_clean_store_is_newer() {
    let mut logs = 0;
    for (name, bytes, _) in stores() {
        let base_block = *Hive::parse(bytes).unwrap().base_block();
        for ending in ["LOG", "LOG1", "LOG2"] {
            let Ok(log) = fs::read(folder().unwrap().join(format!("{name}.{ending}"))) else { continue };
            for head in [&log[..], &log[..512.min(log.len())]] {
                let age = LogAge::judge(&base_block, head, log.len() as u64);
                assert!(matches!(age, LogAge::Older { .. }), "{name}.{ending}: {age:?}");
            }
            // Were the store older than the log's first entry, the log would be newer.
            let mut older = base_block;
            older.secondary_sequence = 0;
            let age = LogAge::judge(&older, &log[..512], log.len() as u64);
            assert!(matches!(age, LogAge::MayBeNewer { .. }), "{name}.{ending}: {age:?}");
            logs += 1;
        }
    }
    println!("{logs} logs");
}

/// Every field of every structure of one small real store, each byte turned over: an answer or an error, in time.
#[test]
fn a_real_store_may_be_wrong_anywhere() {
    let Some((_, good, _)) = stores().into_iter().find(|(name, ..)| name == "bcdedit-odd-devices") else {
        return;
    };
    let start = std::time::Instant::now();
    let (mut read, mut refused) = (0, 0);
    // Nothing is read of the reserved part of the base block.
    for at in (0..0x200).chain(0xff8..good.len()) {
        let mut bytes = good.clone();
        bytes[at] = !bytes[at];
        // A dirty hive is read as far as it goes: the other way through the reader.
        if at % 2 == 0 {
            bytes[4] = bytes[4].wrapping_add(1);
        }
        match Store::parse(bytes) {
            Ok(store) => {
                read += 1;
                for element in store.objects().iter().flat_map(|object| &object.elements) {
                    if let ElementValue::Device(device) = &element.value {
                        assert_eq!(device.encode(), element.raw);
                    }
                }
            }
            Err(error) => {
                refused += 1;
                assert!(!error.to_string().contains('\n'));
            }
        }
    }
    println!("{read} read, {refused} refused, {:?}", start.elapsed());
    assert!(read > 0 && refused > 0);
    assert!(start.elapsed().as_secs() < 120, "{:?}", start.elapsed());
}
