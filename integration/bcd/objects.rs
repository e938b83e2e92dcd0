//! Objects that are made, copied, deleted and listed, on a disk.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::bcd::commands::ENTRY;
use crate::bcd::commands::IMAGE;
use crate::bcd::commands::MENU;
use crate::bcd::commands::RECOVERY;
use crate::bcd::commands::disk;
use crate::bcd::edits::BOOTMGR;
use crate::bcd::edits::Changed;
use crate::bcd::edits::at;
use crate::bcd::edits::bcd;
use crate::bcd::edits::changed;
use crate::bcd::edits::held;
use crate::bcd::edits::list;
use crate::bcd::edits::now;
use crate::bcd::edits::store;
use crate::bcd::edits::string;
use crate::bcd::edits::undone;
use crate::bcd::edits::written;
use crate::support::disk::hash;

/// The id of the new object, which a line of its own and the JSON say.
#[track_caller]
fn new_id(said: &Json) -> String {
    let note = said["notes"][0].as_str().unwrap();
    let id = &note[note.find('{').unwrap()..];
    assert_eq!((id.len(), id.to_ascii_lowercase() == id), (38, true), "{id}");
    id.to_owned()
}

#[test]
fn create_copy_and_delete() {
    let (disk, original) = {
        let disk = disk();
        let original = hash(&disk.path);
        (disk, original)
    };
    let first = store(&disk, IMAGE);
    let mut records = Vec::new();
    let mut ids = Vec::new();
    for (words, kind) in [
        (&["-d", "One", "--application", "osloader"][..], "03002010"),
        (&["/d", "Two", "/application", "RESUME"], "04002010"),
        (&["--application", "bootsector"], "08004010"),
        (&["/inherit"], "00001020"),
        (&["--inherit", "osloader"], "03002020"),
        (&["/device"], "00000030"),
        (&["{ntldr}", "/d", "An old one"], "06003010"),
        (&["{ramdiskoptions}"], "00000030"),
    ] {
        let before = store(&disk, IMAGE);
        let (said, record) = written(&[&["create", disk.name()], words].concat());
        let object = said["store_changes"][0]["object"].as_str().unwrap().to_owned();
        if !words[0].starts_with('{') {
            assert_eq!(new_id(&said), object);
            ids.push(object.clone());
        }
        let found = now(changed(&before, &store(&disk, IMAGE)));
        assert_eq!(
            found[&format!("\\Objects\\{object}\\Description")],
            Some(format!("Type 4 {kind}")),
            "{words:?}"
        );
        let described =
            words.iter().position(|word| word.ends_with("d") && word.len() == 2).map(|at| words[at + 1]);
        assert_eq!(
            found.get(&at(&object, "12000004")).cloned().flatten(),
            described.and_then(string),
            "{words:?}"
        );
        records.push(record);
    }
    ids.sort();
    ids.dedup();
    assert_eq!(ids.len(), 6, "each new object has an id of its own");

    let before = store(&disk, IMAGE);
    let (said, record) = written(&["copy", disk.name(), "{current}", "/d", "Safe mode"]);
    let copy = new_id(&said);
    let after = store(&disk, IMAGE);
    let under = |hive: &[u8], object: &str| -> BTreeMap<String, String> {
        let path = format!("\\Objects\\{object}");
        let keys = held(hive).into_iter();
        keys.filter_map(|(key, value)| Some((key.strip_prefix(&path)?.to_owned(), value))).collect()
    };
    let mut expected = under(&before, ENTRY);
    expected.insert("\\Elements\\12000004".to_owned(), string("Safe mode").unwrap());
    assert_eq!(under(&after, &copy), expected);
    let others =
        changed(&before, &after).into_iter().filter(|(path, _)| !path.contains(&copy)).collect::<Changed>();
    assert_eq!(now(others), BTreeMap::from([(at(BOOTMGR, MENU), list(&[ENTRY, &copy]))]));
    records.push(record);

    // Deleted, it is gone from the menu as well; with /nocleanup the menu goes on naming it.
    let (_, record) = written(&["delete", disk.name(), &copy]);
    assert_eq!(changed(&before, &store(&disk, IMAGE)), Changed::new());
    undone(&record);
    let (_, record) = written(&["delete", disk.name(), &copy, "/nocleanup"]);
    let left = now(changed(&before, &store(&disk, IMAGE)));
    assert_eq!(left, BTreeMap::from([(at(BOOTMGR, MENU), list(&[ENTRY, &copy]))]));
    undone(&record);
    records.iter().rev().for_each(|record| undone(record));
    assert_eq!((hash(&disk.path), store(&disk, IMAGE) == first), (original, true));
}

#[test]
fn what_enum_lists() {
    let disk = disk();
    let ids = |words: &[&str]| {
        let said = bcd(&[&["enum", disk.name()], words, &["--json"]].concat()).exits(0).target();
        let ids = said["objects"]
            .as_array()
            .unwrap()
            .iter()
            .map(|object| object["id"].as_str().unwrap().to_owned());
        ids.collect::<Vec<_>>()
    };
    let held = held(&store(&disk, IMAGE));
    let keys = held.keys().filter_map(|path| path.strip_prefix("\\Objects\\")?.strip_suffix("\\Elements"));
    let mut all = ids(&["all"]);
    all.sort();
    assert_eq!(all, keys.map(str::to_owned).collect::<Vec<_>>());
    assert_eq!(ids(&[]), [BOOTMGR, ENTRY]);
    assert_eq!(ids(&["ACTIVE"]), ids(&[]));
    assert_eq!(ids(&["bootmgr"]), [BOOTMGR]);
    assert_eq!(ids(&["osloader"]), [ENTRY, RECOVERY]);
    assert_eq!(ids(&["{default}"]), [ENTRY]);
    let inspected = bcd(&["enum", disk.name(), "all"]).exits(0).stdout;
    for title in [
        "Windows Boot Manager\n",
        "Windows Boot Loader\n",
        "Resume from Hibernate\n",
        "EMS Settings\n",
        "Device options\n",
    ] {
        assert!(inspected.contains(title), "{inspected}");
    }
    let verbose = bcd(&["enum", disk.name(), "-v"]).exits(0).stdout;
    assert!(
        verbose.contains(&format!("identifier              {BOOTMGR}\n")) && !verbose.contains("{default}"),
        "{verbose}"
    );
}
