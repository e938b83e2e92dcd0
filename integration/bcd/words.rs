//! What is shown of a store in bcdedit's layout is what the same words say: names, numbers, devices.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use bcdrescue::bcd::Element;
use bcdrescue::bcd::ElementId;
use bcdrescue::bcd::ElementValue;
use bcdrescue::bcd::Object;
use bcdrescue::bcd::QualifiedPartition;
use bcdrescue::bcd::Store;
use bcdrescue::bcd::words;
use bcdrescue::bcd::words::NameError;
use bcdrescue::bcd::words::Names;
use bcdrescue::bcd::words::ObjectName;
use bcdrescue::cli::output::bcdedit;
use bcdrescue::cli::output::bcdedit::Listing;
use bcdrescue::cli::output::bcdedit::Named;
use bcdrescue::cli::output::object_names::ObjectNames;
use bcdrescue::cli::output::which::Which;
use bcdrescue::cli::text::lines::Lines;
use bcdrescue::diagnosis::show_identity;
use bcdrescue::guid::Guid;
use bcdrescue::layout::discover;
use bcdrescue::storage::cache::Cached;
use bcdrescue::storage::open::OpenOptions;
use bcdrescue::storage::open::open;

use crate::support::chance::Chance;
use crate::support::corpus;
use crate::support::program::counted;

/// Tells which partition a name is.
type Partition<'a> = &'a dyn Fn(&str) -> Result<QualifiedPartition, NameError>;

/// Every store of the corpus and of the images.
fn stores() -> Vec<(String, Store)> {
    let parsed = |(name, bytes, _)| (name, Store::parse(bytes).unwrap());
    let mut stores: Vec<_> = corpus::stores().into_iter().map(parsed).collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("images");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    for path in files.filter(|path| path.extension().is_some_and(|it| it == "qcow2")) {
        let disk = Cached::new(open(&path, &OpenOptions::default()).unwrap().storage);
        let layout = discover(&disk).unwrap();
        let here = layout.stores.iter().filter_map(|file| file.parsed().cloned());
        stores.extend(here.map(|store| (path.display().to_string(), store)));
    }
    assert!(stores.len() >= 14);
    stores
}

/// The rows of an object: a name, and its value line by line.
fn rows(block: &str) -> Vec<(&str, Vec<&str>)> {
    let mut rows: Vec<(&str, Vec<&str>)> = Vec::new();
    for line in block.lines().skip(2) {
        let (name, value) = line.split_at_checked(24).unwrap_or((line, ""));
        match name.trim() {
            "" => rows.last_mut().unwrap().1.push(value),
            name => rows.push((name, vec![value])),
        }
    }
    rows
}

/// Whether these bytes are the value's, but for what Windows is known to leave behind it.
fn is_stored(element: &Element, value: &ElementValue) -> bool {
    let (data_type, bytes) = value.encode().unwrap();
    let is_same = match value {
        // Old characters behind the NUL, and short numbers of setup media.
        ElementValue::String(_) => element.raw.starts_with(&bytes),
        ElementValue::Integer(_) => bytes.starts_with(&element.raw),
        _ => bytes == element.raw,
    };
    is_same && data_type == element.data_type
}

/// Compares what is shown of an object with what its words say; how many elements that are.
fn compare(store: &Store, object: &Object, block: &str, partition: Partition<'_>) -> usize {
    let id_of = |name| match name {
        ObjectName::Id(id) => Ok(id),
        ObjectName::Default => Ok(store.default_id().unwrap()),
        ObjectName::Current => Err(NameError::NoEntry),
    };
    let names = Names { partition, object: &id_of };
    let mut rows = rows(block);
    let (identifier, shown) = rows.remove(0);
    assert_eq!(identifier, "identifier");
    if let Some(id) = object.id {
        assert_eq!(id_of(words::object(shown[0]).unwrap()), Ok(id));
    }
    rows.retain(|(name, _)| *name != "firmwarevariable");
    assert_eq!(rows.len(), object.elements.len(), "{block}");
    for ((name, lines), element) in rows.iter().zip(&object.elements) {
        let id = words::element(name, object.object_type).unwrap();
        assert_eq!(Some(id), element.id, "{name}");
        let value = words::value(id, object.object_type, lines, names);
        let value = value.unwrap_or_else(|error| panic!("{name} {lines:?}: {error}"));
        assert_eq!(value, element.value, "{name} {lines:?}");
        assert!(is_stored(element, &value), "{name} {lines:?} {element:?}");
    }
    rows.len()
}

/// Not in these stores, and shown without words that say it again: what is not understood, an older encoding of partitions, a virtual
/// disk that nothing is looked for on, and a RAM disk that is in memory already or has no options.
#[test]
fn what_is_shown_is_what_its_words_say() {
    let (mut objects, mut elements) = (0, 0);
    let stores = stores();
    for (name, store) in &stores {
        let known = store.objects().iter().flat_map(|object| &object.elements);
        let devices = known.filter_map(|element| match &element.value {
            ElementValue::Device(device) => Some(device.identities()),
            _ => None,
        });
        let places = devices.flatten().map(|record| record.partition);
        let places: BTreeMap<QualifiedPartition, String> =
            places.zip(1..).map(|(named, number)| (named, format!("{number} (a [b] c)"))).collect();
        let here = |named: &QualifiedPartition| {
            let name = places[named].clone();
            Named::Here { short: name.split(' ').next().unwrap().to_owned(), name }
        };
        let by_name = |text: &str| {
            let found = places.iter().find(|(_, name)| *name == text || name.split(' ').next() == Some(text));
            found.map(|(named, _)| *named).ok_or_else(|| NameError::NoDisk { name: text.to_owned() })
        };
        let nowhere = |named: &QualifiedPartition| Named::Unknown(show_identity(named));
        let elsewhere =
            |named: &QualifiedPartition| Named::Unknown(format!("on /dev/sdb: {}", show_identity(named)));
        let resolves: [bcdedit::Resolve<'_>; 3] = [&here, &nowhere, &elsewhere];
        for resolve in resolves {
            for names in [ObjectNames::short(store), ObjectNames::full()] {
                for columns in [80, 4096] {
                    let listing = Listing { layout: None, store, resolve, which: Which::All, names };
                    let mut out = Lines::of_width(columns);
                    bcdedit::objects(&mut out, &listing);
                    let shown = out.into_text();
                    let blocks: Vec<&str> =
                        shown.split("\n\n").map(|block| block.trim_matches('\n')).collect();
                    let listed = Which::All.of(store);
                    assert_eq!(listed.len(), store.objects().len(), "{name}");
                    if listed.is_empty() {
                        continue;
                    }
                    assert_eq!(blocks.len(), listed.len(), "{name}\n{shown}");
                    for (object, block) in listed.iter().zip(blocks) {
                        objects += 1;
                        elements += compare(store, object, block, &by_name);
                    }
                }
            }
        }
    }
    let found = format!("{} stores, {objects} objects, {elements} elements", stores.len());
    counted("what is shown of a store and read again", &found);
    assert!(elements > 5000, "{found}");
}

/// An id that no store has.
const NOWHERE: Guid = Guid::from_u128(0x1234);

#[test]
fn every_choice_of_enum_over_all_stores() {
    for (name, store) in &stores() {
        let all = Which::All.of(store);
        let ids = |which: Which| which.of(store).iter().map(|object| object.key.clone()).collect::<Vec<_>>();
        // Every object with a type is in exactly one of these, but for {bootmgr}, which is in two.
        let kinds = [Which::BootManager, Which::OsLoaders, Which::Resume, Which::BootApps, Which::Inherit];
        let mut apart: Vec<String> = kinds.into_iter().chain([Which::Firmware]).flat_map(ids).collect();
        apart.sort();
        apart.dedup();
        let typed =
            all.iter().filter(|object| object.object_type.is_some_and(|kind| !kind.is_device_object()));
        let mut typed: Vec<String> = typed.map(|object| object.key.clone()).collect();
        typed.sort();
        assert_eq!(apart, typed, "{name}");
        let mut menu: Vec<String> = store.boot_manager().iter().map(|object| object.key.clone()).collect();
        let entries = store.display_order().iter().filter_map(|id| store.object(*id));
        menu.extend(entries.map(|object| object.key.clone()));
        assert_eq!(ids(Which::Active), menu, "{name}");
        for object in all.iter().filter_map(|object| object.id) {
            assert_eq!(ids(Which::One(object)).len(), 1, "{name}");
        }
        assert!(ids(Which::One(NOWHERE)).is_empty());
    }
}

/// Pieces of which values are made, and what could be mistaken for them.
const PIECES: [&str; 36] = [
    "[",
    "]",
    "(",
    ")",
    "{",
    "}",
    ",",
    " ",
    "=",
    "\\",
    "\\x.wim",
    "boot",
    "unknown",
    "locate",
    "locate=",
    "custom:12000002",
    "partition=",
    "hd_partition=",
    "file=",
    "vhd=",
    "ramdisk=",
    ",locate",
    ",partition=",
    ",{ramdiskoptions}",
    "2",
    "{default}",
    "(in it disk 7 offset 1)",
    " (disk 7 offset 1)",
    "0x",
    "ff",
    "yes",
    "1394",
    "é",
    "\u{130}",
    "\0",
    "😀",
];

#[test]
fn whatever_is_said_there_is_an_answer() {
    let mut chance = Chance::new("words", 1);
    let known = QualifiedPartition::Mbr { signature: 7, offset: 1 };
    let names = Names { partition: &|_| Ok(known), object: &|_| Ok(NOWHERE) };
    let show = |named: &QualifiedPartition, _| named.to_string();
    let (mut devices, mut nested) = (0, 0);
    for round in 0..20_000_u32 {
        let text: String = (0..chance.below(9)).map(|_| *chance.of(&PIECES)).collect();
        // Every format, and most of the time a device.
        let id =
            if round % 4 == 0 { ElementId(0x1000_0001 | (round / 4 % 16) << 24) } else { ElementId::DEVICE };
        let _ = (words::object(&text), words::identity(&text));
        if round % 50 == 0 {
            let _ = words::element(&text, None);
        }
        let Ok(ElementValue::Device(device)) = words::value(id, None, &[&text], names) else { continue };
        devices += 1;
        nested += u32::from(!device.identities().is_empty());
        let again = words::value(id, None, &[&device.display_with(&show)], names);
        assert_eq!(again, Ok(ElementValue::Device(device)), "{text}");
    }
    assert!(devices > 100 && nested > 10, "{devices} {nested}");
}
