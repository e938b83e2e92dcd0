//! Stores of hundreds of objects, in the memory that the program is given.

use std::fs;

use serde_json::Value as Json;
use serde_json::json;

use crate::support::disk::Disk;
use crate::support::disk::hash;
use crate::support::findings::checked;
use crate::support::judges::hivex;
use crate::support::program::bcdrescue;
use crate::support::program::text;
use crate::support::store::BIOS;
use crate::support::store::UEFI;
use crate::support::store::store_of;

/// Elements that a store may have.
const ELEMENTS_MAX: usize = 2048;

fn export(disk: &Disk) -> Json {
    serde_json::from_str(&bcdrescue(&["bcd", "export", disk.name(), "--json"]).exits(0).stdout).unwrap()
}

fn elements(store: &Json) -> usize {
    let of = |object: &Json| object["elements"].as_array().unwrap().len();
    store["objects"].as_array().unwrap().iter().map(of).sum()
}

/// The store with more objects, of so many elements each.
fn with_more(store: &Json, objects: usize, each: usize) -> Json {
    let mut store = store.clone();
    let more = (0..objects).map(|number| {
        let raw = format!("{:016x}", number as u64);
        let element = |element| json!({ "id": format!("25{element:06x}"), "type": 3, "raw": raw });
        json!({
            "id": format!("{{00000000-0000-4000-8000-{number:012x}}}"),
            "type": "10200003",
            "description": [{ "name": "Type", "type": 4, "raw": "03002010" }],
            "elements": (0..each).map(element).collect::<Vec<_>>(),
        })
    });
    let all = store["objects"].as_array_mut().unwrap();
    all.extend(more);
    store
}

/// Takes a store in.
fn import(disk: &Disk, store: &Json) -> crate::support::program::Run {
    let file = disk.folder.path().join("store.json");
    fs::write(&file, store.to_string()).unwrap();
    bcdrescue(&["bcd", "import", disk.name(), text(&file), "--yes"])
}

#[test]
fn a_store_of_hundreds_of_objects_is_edited() {
    for (name, path) in [("win2008r2-bios-healthy", BIOS), ("win11-uefi-healthy", UEFI)] {
        let disk = Disk::raw(name);
        let original = hash(&disk.path);
        let store = export(&disk);
        import(&disk, &with_more(&store, 300, 5)).exits(0).says("written and verified");
        checked(&disk, 0, "healthy");
        let imported = disk.record();
        let large = hash(&disk.path);
        let before = hivex(&store_of(&disk, path));
        assert!(before.len() > 300 * 8, "{}", before.len());

        let last = "{00000000-0000-4000-8000-00000000012b}";
        for edit in [
            &["set", disk.name(), "{bootmgr}", "timeout", "5"][..],
            &["set", disk.name(), last, "description", "the last of three hundred"],
            &["copy", disk.name(), last, "/d", "one more"],
            &["delete", disk.name(), last],
            &["displayorder", disk.name(), last, "--addlast"],
        ] {
            let run = bcdrescue(&[&["bcd"], edit, &["--yes"]].concat())
                .exits(0)
                .says("Windows should start as before");
            assert!(run.stdout.contains("written and verified"), "{}", run.stdout);
            assert!(hivex(&store_of(&disk, path)).len() > 300 * 7);
            let record = disk.records().into_iter().find(|record| *record != imported).unwrap();
            bcdrescue(&["undo", text(&record), "--yes"]).exits(1);
            fs::remove_file(record).unwrap();
            assert_eq!(hash(&disk.path), large, "{name}: {edit:?}");
            assert_eq!(hivex(&store_of(&disk, path)), before);
        }
        bcdrescue(&["undo", text(&imported), "--yes"]).exits(1);
        assert_eq!(hash(&disk.path), original, "{name}");
    }
}

/// A store that the program itself would not read is not written.
#[test]
fn a_store_does_not_get_more_elements_than_are_read() {
    let disk = Disk::raw("win2008r2-bios-healthy");
    let store = export(&disk);
    let before = hash(&disk.path);
    import(&disk, &with_more(&store, 1, ELEMENTS_MAX + 1 - elements(&store))).exits(8).says("at most 2048");
    assert_eq!((hash(&disk.path), disk.records().len()), (before, 0));
    import(&disk, &with_more(&store, 1, ELEMENTS_MAX - elements(&store))).exits(0);
    let full = hash(&disk.path);
    let set = |element: &str, value: &str| {
        bcdrescue(&["bcd", "set", disk.name(), "{bootmgr}", element, value, "--yes"])
    };
    set("displaybootmenu", "yes").exits(8).says("at most 2048");
    assert_eq!(hash(&disk.path), full);
    set("timeout", "4").exits(0);
}

/// More than a store file may have is not read at all.
#[test]
fn json_beyond_all_bounds_is_not_read() {
    let disk = Disk::raw("win2008r2-bios-healthy");
    let before = hash(&disk.path);
    let file = disk.folder.path().join("store.json");
    fs::write(&file, " ".repeat((16 << 20) + 1)).unwrap();
    bcdrescue(&["bcd", "import", disk.name(), text(&file), "--yes"])
        .exits(8)
        .says("expected a store or JSON");
    fs::write(&file, "[".repeat(1 << 20)).unwrap();
    bcdrescue(&["bcd", "import", disk.name(), text(&file), "--yes"]).exits(8);
    let deep = format!("{{\"bcdrescue\":\"store\",\"version\":1,\"objects\":{}", "[{\"a\":".repeat(100_000));
    fs::write(&file, deep).unwrap();
    bcdrescue(&["bcd", "import", disk.name(), text(&file), "--yes"]).exits(8);
    assert_eq!((hash(&disk.path), disk.records().len()), (before, 0));
}
