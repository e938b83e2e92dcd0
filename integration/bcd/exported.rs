//! Stores written anew and exported, held against what hivex reads in them.

use std::collections::BTreeMap;
use std::fs;

use bcdrescue::bcd::Store;
use bcdrescue::bcd::compact::compact;
use bcdrescue::bcd::compact::compact_with;
use bcdrescue::bcd::compact::pack;
use bcdrescue::bcd::compare::compare;
use bcdrescue::bcd::fresh::Stamp;
use bcdrescue::cli::output::json::exported::ExportedStore;
use bcdrescue::cli::output::json::store_change::StoreChange;
use bcdrescue::cli::output::json::store_change::changes;
use bcdrescue::hive::build::NewKey;
use bcdrescue::hive::highest_sequence;
use bcdrescue::layout::discover;
use bcdrescue::storage::open::OpenOptions;
use bcdrescue::storage::open::open;
use roxmltree::Document;
use roxmltree::Node;
use schemars::generate::SchemaSettings;
use serde_json::Value as Json;

use crate::support::corpus::folder;
use crate::support::corpus::made_by_bcdboot;
use crate::support::corpus::stores;
use crate::support::disk::image;
use crate::support::judges::judge;
use crate::support::program::counted;
use crate::support::program::text;

/// The disks of `images/`, broken and healthy.
const IMAGES: [&str; 7] = [
    "win2003-bios",
    "win2008sp2-bios",
    "win2008r2-bios",
    "win10-bios",
    "win7-logical",
    "win11-uefi",
    "win2022-uefi-4kn",
];

/// Name and bytes of all stores that are at hand: the corpus, what bcdboot made, and those of the test disks.
pub fn all() -> Vec<(String, Vec<u8>)> {
    let mut all: Vec<_> = stores().into_iter().map(|(name, bytes, _)| (name, bytes)).collect();
    if let Some((_, folder)) = made_by_bcdboot() {
        let paths = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
        let hives = paths.filter(|path| path.extension().is_some_and(|it| it == "bcd"));
        all.extend(hives.map(|path| (text(&path).to_owned(), fs::read(&path).unwrap())));
    }
    for name in IMAGES.into_iter().flat_map(|name| [name.to_owned(), format!("{name}-healthy")]) {
        let disk = open(&image(&name), &OpenOptions::default()).unwrap().storage;
        let layout = discover(disk.as_ref()).unwrap();
        let stores = layout.stores.iter().map(|file| file.parsed().expect("a store").hive().bytes().to_vec());
        all.extend(stores.map(|store| (name.clone(), store)));
    }
    assert!(all.len() >= 12);
    all
}

/// Every key with its values as hivexml prints them, but times and places in the file.
fn by_hivexml(store: &[u8]) -> BTreeMap<String, Vec<String>> {
    fn walk(found: &mut BTreeMap<String, Vec<String>>, node: Node<'_, '_>, above: &str) {
        for key in node.children().filter(|node| node.has_tag_name("node")) {
            let path = format!("{above}\\{}", key.attribute("name").unwrap());
            let values = key.children().filter(|node| node.has_tag_name("value"));
            let value = |value: Node<'_, '_>| {
                let mut parts: Vec<_> =
                    value.attributes().map(|it| format!("{}={}", it.name(), it.value())).collect();
                let strings = value.children().filter(|node| node.has_tag_name("string"));
                parts.extend(strings.map(|string| format!("string {:?}", string.text())));
                parts.join(" ")
            };
            assert!(found.insert(path.clone(), values.map(value).collect()).is_none(), "{path}");
            walk(found, key, &path);
        }
    }
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), store).unwrap();
    let xml = String::from_utf8(judge("hivexml", &[text(file.path())])).unwrap();
    let mut found = BTreeMap::new();
    walk(&mut found, Document::parse(&xml).unwrap().root_element(), "");
    found
}

#[test]
fn a_store_written_anew_holds_the_same_by_hivex() {
    let (mut keys, mut values, mut saved) = (0, 0, 0);
    let stores = all();
    for (name, bytes) in &stores {
        let store = Store::parse(bytes.clone()).unwrap();
        let packed = compact(&store).unwrap_or_else(|error| panic!("{name}: {error}"));
        let found = by_hivexml(&packed);
        assert_eq!(found, by_hivexml(bytes), "{name}");
        keys += found.len();
        values += found.values().map(Vec::len).sum::<usize>();
        assert!(packed.len() <= bytes.len(), "{name}: {} of {}", packed.len(), bytes.len());
        saved += bytes.len() - packed.len();
        let again = Store::parse(packed.clone()).unwrap();
        let [was, is] = [&store, &again].map(|store| *store.hive().base_block());
        assert_eq!((is.last_written, is.primary_sequence), (was.last_written, 1), "{name}");
        assert!(compact(&again).unwrap() == packed, "{name}");
    }
    assert!(keys > 400 && values > 400);
    counted(
        "stores written anew",
        &format!("{} stores, {keys} keys, {values} values, {saved} bytes less", stores.len()),
    );
}

/// Each bin ends with a free cell, or has none.
#[test]
fn there_is_no_room_between_what_it_holds() {
    for (name, bytes) in all() {
        let packed = compact(&Store::parse(bytes).unwrap()).unwrap();
        let mut at = 0x1000;
        while at < packed.len() {
            let number = |at: usize| i32::from_le_bytes(packed[at..at + 4].try_into().unwrap());
            let end = at + number(at + 8) as usize;
            let mut cell = at + 32;
            while cell < end {
                let size = number(cell);
                let next = cell + size.unsigned_abs() as usize;
                assert!(size < 0 || next == end, "{name}: free cell at {cell:#x}");
                cell = next;
            }
            at = end;
        }
        assert_eq!(at, packed.len(), "{name}");
    }
}

#[test]
fn no_log_beside_a_store_that_is_put_anew_applies() {
    let Some(folder) = folder() else { return };
    let mut logs = 0;
    for (name, bytes, _) in stores() {
        let Ok(log) = fs::read(folder.join(format!("{name}.LOG"))) else { continue };
        let stamp = Stamp { last_written: 1, sequence_above: highest_sequence(&log) };
        let packed = compact_with(&Store::parse(bytes).unwrap(), stamp).unwrap();
        assert!(highest_sequence(&packed) > highest_sequence(&log), "{name}");
        logs += 1;
    }
    assert!(logs > 0);
}

#[test]
fn export_and_import_and_export_is_the_same_to_the_byte() {
    let stores = all();
    let mut length = 0;
    for (name, bytes) in &stores {
        let store = Store::parse(bytes.clone()).unwrap();
        let packed = compact(&store).unwrap();
        let exported = ExportedStore::of(&store).unwrap();
        let text = exported.text().unwrap();
        let read = ExportedStore::parse(text.as_bytes()).unwrap();
        assert!(read.store().unwrap() == packed, "{name}");
        let again = ExportedStore::of(&Store::parse(read.store().unwrap()).unwrap()).unwrap();
        assert_eq!(again.text().unwrap(), text, "{name}");
        length += text.len();
    }
    counted("stores exported and taken in", &format!("{} stores, {length} bytes of JSON", stores.len()));
}

/// Real stores have nothing in unknown places, and so their documents have none.
#[test]
fn what_real_stores_hold_has_a_place() {
    for (name, bytes, expected) in stores() {
        let text = ExportedStore::of(&Store::parse(bytes).unwrap()).unwrap().text().unwrap();
        let json: Json = serde_json::from_str(&text).unwrap();
        assert_eq!((&json["other"], &json["values"]), (&Json::Null, &Json::Null), "{name}");
        let objects = json["objects"].as_array().cloned().unwrap_or_default();
        assert_eq!(objects.len(), expected["objects"].as_object().unwrap().len(), "{name}");
        for object in objects {
            let wanted = &expected["objects"][object["id"].as_str().unwrap()];
            assert_eq!((&object["other"], &object["values"]), (&Json::Null, &Json::Null), "{name}");
            let elements = object["elements"].as_array().unwrap();
            assert_eq!(elements.len(), wanted["elements"].as_object().unwrap().len(), "{name}");
            for element in elements {
                let spelt = serde_json::json!([element["type"], element["raw"]]);
                assert_eq!(spelt, wanted["elements"][element["id"].as_str().unwrap()], "{name}");
                assert_eq!((&element["subkeys"], &element["values"]), (&Json::Null, &Json::Null), "{name}");
            }
        }
    }
}

/// Validates each document of a folder by the schema beside it.
const VALIDATE: &str = r#"
import json, pathlib, sys
from jsonschema import Draft202012Validator as Validator
folder = pathlib.Path(sys.argv[1])
schema = json.loads((folder / "schema").read_text())
Validator.check_schema(schema)
for path in sorted(folder.glob("*.json")):
    Validator(schema).validate(json.loads(path.read_text()))
    print("valid")
"#;

#[test]
fn documents_are_what_their_schemas_say() {
    let settings = || SchemaSettings::draft2020_12().for_serialize().into_generator();
    let stores = all();
    let parsed: Vec<_> = stores.iter().map(|(_, bytes)| Store::parse(bytes.clone()).unwrap()).collect();
    let exported: Vec<_> =
        parsed.iter().map(|store| ExportedStore::of(store).unwrap().text().unwrap()).collect();
    let changes: Vec<_> = parsed
        .windows(2)
        .map(|pair| changes(&compare(&pair[0], &pair[1]), &|_| "a device".to_owned()))
        .map(|changes| serde_json::to_string(&changes).unwrap())
        .collect();
    let schemas = [
        settings().into_root_schema_for::<ExportedStore>().to_value(),
        settings().into_root_schema_for::<Vec<StoreChange>>().to_value(),
    ];
    for (schema, documents) in schemas.iter().zip([exported, changes]) {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("schema"), schema.to_string()).unwrap();
        for (index, document) in documents.iter().enumerate() {
            fs::write(folder.path().join(format!("{index}.json")), document).unwrap();
        }
        let said = judge("/usr/bin/python3", &["-c", VALIDATE, text(folder.path())]);
        assert_eq!(String::from_utf8(said).unwrap().lines().count(), documents.len());
    }
}

/// More than one list holds: some firmware leaves hundreds of entries.
#[test]
fn hivex_finds_each_key_of_a_long_list() {
    let leaf = |number: usize| NewKey { name: format!("{{{number:04}}}"), ..NewKey::default() };
    let objects =
        NewKey { name: "Objects".into(), values: Vec::new(), subkeys: (0..2000).map(leaf).collect() };
    let root = NewKey { name: "NewStoreRoot".into(), values: Vec::new(), subkeys: vec![objects] };
    let packed = pack(&root, Stamp { last_written: 1, sequence_above: 0 }).unwrap();
    let found: Vec<_> = by_hivexml(&packed).into_keys().collect();
    let keys = (0..2000).map(|number| format!("\\NewStoreRoot\\Objects\\{{{number:04}}}"));
    let above = ["\\NewStoreRoot".to_owned(), "\\NewStoreRoot\\Objects".to_owned()];
    assert_eq!(found, above.into_iter().chain(keys).collect::<Vec<_>>());
}
