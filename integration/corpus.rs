//! Stores that Windows wrote, read and compared with what hivex reads in them.
//!
//! The corpus is other people's data and no part of the project: `$BCDRESCUE_CORPUS` or `../shared/corpus` names it.
//! Without it these tests say so and pass.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

use bcdrescue::bcd::Device;
use bcdrescue::bcd::Element;
use bcdrescue::bcd::ElementValue;
use bcdrescue::bcd::Object;
use bcdrescue::bcd::Store;
use bcdrescue::bytes;
use bcdrescue::hive::Value;
use serde_json::Value as Json;

fn folder() -> Option<PathBuf> {
    let named = std::env::var_os("BCDRESCUE_CORPUS").map(PathBuf::from);
    let folder = named.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus"));
    if folder.join("expected.json").is_file() {
        return Some(folder);
    }
    println!("the corpus was not found: this part was not run");
    None
}

/// Name, bytes and expectation of every store; empty without the corpus.
fn stores() -> Vec<(String, Vec<u8>, Json)> {
    let Some(folder) = folder() else { return Vec::new() };
    let expected = fs::read(folder.join("expected.json")).unwrap();
    let expected: BTreeMap<String, Json> = serde_json::from_slice(&expected).unwrap();
    assert!(!expected.is_empty());
    expected
        .into_iter()
        .map(|(name, expected)| {
            let bytes = fs::read(folder.join(format!("{name}.bcd"))).unwrap();
            (name, bytes, expected)
        })
        .collect()
}

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
    println!(
        "{elements} elements, {devices} devices, {identities} identity records in {} stores",
        stores.len()
    );
    assert!(stores.is_empty() || (elements > 0 && devices > 0 && identities > 0));
}
