//! Each recipe, on and off, on every committed image: what it shows, what hivex finds then, and the way back.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value as Json;

use crate::bcd::edits::BOOTMGR;
use crate::bcd::edits::EMSSETTINGS;
use crate::bcd::edits::GLOBALSETTINGS;
use crate::bcd::edits::at;
use crate::bcd::edits::bcd;
use crate::bcd::edits::boolean;
use crate::bcd::edits::changed;
use crate::bcd::edits::first_entry;
use crate::bcd::edits::held;
use crate::bcd::edits::integer;
use crate::bcd::edits::list;
use crate::bcd::edits::nothing_to_do;
use crate::bcd::edits::now;
use crate::bcd::edits::store;
use crate::bcd::edits::undone;
use crate::bcd::edits::written;
use crate::support::disk::Disk;
use crate::support::disk::hash;
use crate::support::program::bcdrescue;
use crate::support::program::counted;

/// What keys hold; nothing where they are not there.
type Values = Vec<(String, Option<String>)>;

/// A recipe on a disk: what is typed and what the store then says.
struct Recipe {
    on: &'static [&'static str],
    then: Values,
    off: &'static [&'static str],
    after: Values,
}

/// All of them, for this entry; since Windows 8 it has a menu of its own.
fn recipes(entry: &str, has_policy: bool) -> Vec<Recipe> {
    let here = |element| at(entry, element);
    let manager = |element| at(BOOTMGR, element);
    let policy = |value| has_policy.then(|| (here("250000c2"), integer(value)));
    let safe = |mode| vec![(here("25000080"), integer(mode))];
    let serial = |ems: Option<String>, port: Option<String>, baud: Option<String>| {
        vec![
            (here("260000b0"), ems.clone()),
            (manager("16000020"), ems.clone()),
            (manager("26000020"), ems),
            (manager("25000004"), integer(10)),
            (at(EMSSETTINGS, "15000022"), port),
            (at(EMSSETTINGS, "15000023"), baud),
        ]
    };
    let menu = |shown, legacy| {
        [(manager("26000020"), shown), (manager("25000004"), integer(7))]
            .into_iter()
            .chain(policy(legacy))
            .collect()
    };
    vec![
        Recipe { on: &["safe-mode"], then: safe(0), off: &["off"], after: vec![(here("25000080"), None)] },
        Recipe {
            on: &["safe-mode", "network"],
            then: safe(1),
            off: &["off"],
            after: vec![(here("25000080"), None)],
        },
        Recipe {
            on: &["serial-console", "on"],
            then: serial(boolean(true), integer(1), integer(115_200)),
            off: &["off"],
            after: serial(None, None, None),
        },
        Recipe {
            on: &["serial-console", "--port=2", "--baud=9600"],
            then: serial(boolean(true), integer(2), integer(9600)),
            off: &["off"],
            after: serial(None, None, None),
        },
        Recipe {
            on: &["auto-repair", "off"],
            then: vec![(here("16000009"), boolean(false)), (here("250000e0"), integer(1))],
            off: &["on"],
            after: vec![(here("16000009"), boolean(true)), (here("250000e0"), None)],
        },
        Recipe { on: &["menu", "7"], then: menu(boolean(true), 0), off: &["off"], after: menu(None, 1) },
        Recipe {
            on: &["last-known-good"],
            then: vec![(here("26000025"), boolean(true))],
            off: &["off"],
            after: vec![(here("26000025"), None)],
        },
    ]
}

/// The findings of `check`, as code and subject.
fn findings(disk: &Disk) -> Vec<(String, String)> {
    let target = bcdrescue(&["check", disk.name(), "--json"]).target();
    let word = |finding: &Json, field: &str| finding[field].as_str().unwrap().to_owned();
    let all = target["findings"].as_array().unwrap().iter();
    all.map(|finding| (word(finding, "code"), word(finding, "subject"))).collect()
}

/// What differs from the values that a store holds.
fn different(before: &[u8], values: &Values) -> BTreeMap<String, Option<String>> {
    let held = held(before);
    values.iter().filter(|(path, value)| held.get(path) != value.as_ref()).cloned().collect()
}

/// What the JSON says of changed elements is what hivex finds.
#[track_caller]
fn is_told(said: &Json, expected: &BTreeMap<String, Option<String>>) {
    let one = |change: &Json| {
        let word = |value: &Json| value.as_str().unwrap().to_owned();
        let after = &change["after"];
        let value = after["raw"].as_str().map(|raw| format!("Element {} {raw}", after["type"]));
        (at(&word(&change["object"]), &word(&change["id"])), value)
    };
    let told: BTreeMap<_, _> = said["store_changes"].as_array().unwrap().iter().map(one).collect();
    assert_eq!(&told, expected);
}

/// What is typed.
fn line<'a>(disk: &'a Disk, recipe: &Recipe, words: &[&'static str]) -> Vec<&'a str> {
    [&[recipe.on[0], disk.name()], words].concat()
}

/// One recipe on a disk, and off again.
fn one(disk: &Disk, image: &str, recipe: &Recipe) {
    let (on, off) = (line(disk, recipe, &recipe.on[1..]), line(disk, recipe, recipe.off));
    let (original, before, old) = (hash(&disk.path), store(disk, image), findings(disk));

    let dry = bcd(&[&on[..], &["--dry-run"]].concat()).exits(4).says("dry run: nothing was written");
    assert_eq!((hash(&disk.path), disk.records().len()), (original.clone(), 0), "{image} {on:?}");
    let expected = different(&before, &recipe.then);
    assert!(!expected.is_empty(), "{image} {on:?}");
    assert_eq!(dry.stdout.matches(" -> ").count(), expected.len(), "{image} {on:?}\n{}", dry.stdout);

    let (said, on_record) = written(&on);
    is_told(&said, &expected);
    assert_eq!(
        (&said["verdict_after"], &said["new_faults"]),
        (&said["verdict_before"], &Json::Array(Vec::new()))
    );
    let with = store(disk, image);
    assert_eq!(now(changed(&before, &with)), expected, "{image} {on:?}");
    assert_eq!(findings(disk), old, "{image} {on:?}");
    let edited = hash(&disk.path);
    nothing_to_do(&on);
    assert_eq!(hash(&disk.path), edited, "{image} {on:?}");

    let expected = different(&with, &recipe.after);
    let (said, off_record) = written(&off);
    is_told(&said, &expected);
    assert_eq!(now(changed(&with, &store(disk, image))), expected, "{image} {off:?}");
    nothing_to_do(&off);

    undone(&off_record);
    assert_eq!(hash(&disk.path), edited, "{image} {off:?}");
    undone(&on_record);
    assert_eq!(hash(&disk.path), original, "{image} {on:?}");
    disk.records().iter().for_each(|record| fs::remove_file(record).unwrap());
}

/// All recipes on an image, and on the same after the identity has changed.
fn every(name: &str, has_policy: bool) {
    for image in [name.to_owned(), format!("{name}-healthy")] {
        let disk = Disk::raw(&image).in_memory();
        let entry = first_entry(&store(&disk, &image));
        recipes(&entry, has_policy).iter().for_each(|recipe| one(&disk, &image, recipe));
    }
}

#[test]
fn on_windows_server_2008() {
    every("win2008sp2-bios", false);
}

#[test]
fn on_windows_server_2008_r2() {
    every("win2008r2-bios", false);
}

#[test]
fn on_windows_7_in_a_logical_partition() {
    every("win7-logical", false);
}

#[test]
fn on_windows_10() {
    every("win10-bios", true);
}

#[test]
fn on_windows_11() {
    every("win11-uefi", true);
}

#[test]
fn on_windows_server_2022_with_sectors_of_4096_bytes() {
    every("win2022-uefi-4kn", true);
}

/// What has no store is told so, whichever recipe it is; and no image was forgotten above.
#[test]
fn on_windows_server_2003_there_is_no_store() {
    for image in ["win2003-bios", "win2003-bios-healthy"] {
        let disk = Disk::of(image);
        let before = hash(&disk.path);
        for recipe in recipes("{}", false) {
            let words = [&[recipe.on[0], disk.name()], &recipe.on[1..], &["--yes"]].concat();
            bcd(&words).exits(8).says("no BCD store").says("NTLDR and boot.ini");
        }
        assert_eq!((hash(&disk.path), disk.records().len()), (before, 0));
    }
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("images");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let images = files.filter(|path| path.extension().is_some_and(|it| it == "qcow2")).count();
    assert_eq!(images, 14, "an image more: its recipes belong into this file");
    counted(
        "recipes on images",
        &format!("{} recipes, on and off, on {} images", recipes("{}", true).len(), images - 2),
    );
}

/// The settings of the serial port are an object of their own, which a store can lack.
#[test]
fn a_serial_console_where_a_store_has_no_settings_for_it() {
    let disk = Disk::raw("win10-bios-healthy").in_memory();
    let (image, original) = ("win10-bios-healthy", hash(&disk.path));
    let full = store(&disk, image);
    let (_, first) = written(&["delete", disk.name(), "{emssettings}", "--force"]);
    let without = store(&disk, image);
    nothing_to_do(&["serial-console", disk.name(), "off"]);
    let (said, second) = written(&["serial-console", disk.name()]);
    assert_eq!(said["new_faults"], Json::Array(Vec::new()));
    let with = store(&disk, image);
    let held = held(&with);
    let [port, baud] = ["15000022", "15000023"].map(|element| held.get(&at(EMSSETTINGS, element)).cloned());
    assert_eq!((port, baud), (integer(1), integer(115_200)));
    assert_eq!(held[&format!("\\Objects\\{EMSSETTINGS}\\Description")], "Type 4 00001020");
    // All that inherits the global settings has the port.
    let inherit = at(GLOBALSETTINGS, "14000006");
    let [_, now] = changed(&without, &with)[&inherit].clone();
    assert!(now.unwrap().contains(list(&[EMSSETTINGS]).unwrap()[10..].trim_end_matches('0')));
    nothing_to_do(&["serial-console", disk.name()]);
    assert_ne!(changed(&full, &with).len(), 0);

    // Without these, the boot manager has it by itself.
    let (_, third) = written(&["delete", disk.name(), "{emssettings}", "--force"]);
    let (_, fourth) = written(&["delete", disk.name(), "{globalsettings}", "--force"]);
    let (_, fifth) = written(&["serial-console", disk.name()]);
    let held = self::held(&store(&disk, image));
    assert_eq!(held.get(&at(BOOTMGR, "14000006")).cloned(), list(&[EMSSETTINGS]));
    [fifth, fourth, third, second, first].iter().for_each(|record| undone(record));
    assert_eq!(hash(&disk.path), original);
}

/// Which Windows is meant has to be known.
#[test]
fn several_windows_in_one_menu() {
    let disk = Disk::raw("win2008r2-bios-healthy").in_memory();
    let image = "win2008r2-bios-healthy";
    let entry = first_entry(&store(&disk, image));
    let (said, _) = written(&["copy", disk.name(), &entry, "-d", "Second"]);
    let note = said["notes"][0].as_str().unwrap();
    let second = note[note.find('{').unwrap()..].to_owned();
    let before = store(&disk, image);
    written(&["safe-mode", disk.name(), "--entry", &second]);
    let found = now(changed(&before, &store(&disk, image)));
    assert_eq!(found, BTreeMap::from([(at(&second, "25000080"), integer(0))]));
    // The first of the menu is what starts, and so what is meant.
    let before = store(&disk, image);
    written(&["safe-mode", disk.name(), "network"]);
    let found = now(changed(&before, &store(&disk, image)));
    assert_eq!(found, BTreeMap::from([(at(&entry, "25000080"), integer(1))]));
    bcd(&["safe-mode", disk.name(), "--entry", "{12345678-0000-0000-0000-000000000000}", "--yes"])
        .exits(8)
        .says("no object {12345678-0000-0000-0000-000000000000} in this store");
}
