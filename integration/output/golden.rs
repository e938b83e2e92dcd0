//! The JSON is a promise: its whole text is compared with what was committed.
//!
//! `BLESS=1 cargo test golden` writes the files anew; read the difference before it is committed.

use std::fs;
use std::path::Path;

use serde_json::Value as Json;

use crate::support::disk::Disk;
use crate::support::judges::hivex;
use crate::support::judges::ntfs_file;
use crate::support::program::bcdrescue;

/// The document with what differs from run to run replaced: the folder's name and the time in a record's name.
fn stable(disk: &Disk, document: &str) -> String {
    let folder = disk.folder.path().to_str().expect("UTF-8");
    let mut json: Json =
        serde_json::from_str(&document.replace(folder, "/disks")).expect("one JSON document");
    for target in json["targets"].as_array_mut().expect("targets") {
        // A machine whose temporary files live in memory is told so.
        if let Some(notes) = target["notes"].as_array_mut() {
            notes.retain(|note| !note.to_string().contains("is in memory"));
        }
        if target["record"].is_string() {
            target["record"] = Json::from("/disks/disk.qcow2.TIME.undo.json");
        }
    }
    format!("{json:#}\n")
}

#[track_caller]
fn golden(name: &str, disk: &Disk, arguments: &[&str], code: i32) {
    let mut all: Vec<&str> = arguments.to_vec();
    all.extend([disk.name(), "--json"]);
    let run = bcdrescue(&all).exits(code);
    assert_eq!(run.stderr, "", "{name}: with --json everything is in the document");
    let found = stable(disk, &run.stdout);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("integration/golden").join(format!("{name}.json"));
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, &found).expect("written");
    }
    let expected = fs::read_to_string(&path).expect("the golden file");
    assert!(expected == found, "{name}: expected\n{expected}\nfound\n{found}");
}

#[test]
fn list_inspect_check_and_fix_say_what_was_promised() {
    let disk = Disk::of("win2008r2-bios");
    golden("list-2008r2", &disk, &["list"], 0);
    golden("inspect-2008r2", &disk, &["inspect"], 0);
    golden("check-2008r2", &disk, &["check"], 4);
    golden("fix-dry-run-2008r2", &disk, &["fix", "--dry-run"], 4);
    golden("fix-2008r2", &disk, &["fix", "--yes"], 1);
    golden("check-2008r2-fixed", &disk, &["check"], 0);
}

#[test]
fn uefi_and_windows_2003_too() {
    golden("check-uefi", &Disk::of("win11-uefi"), &["check"], 4);
    golden("inspect-uefi-healthy", &Disk::of("win11-uefi-healthy"), &["inspect"], 0);
    golden("check-2003", &Disk::of("win2003-bios"), &["check"], 0);
}

#[test]
fn a_target_that_cannot_be_examined_is_a_document_too() {
    let disk = Disk::of("win2003-bios");
    fs::remove_file(&disk.path).unwrap();
    golden("check-missing", &disk, &["check"], 8);
    golden("fix-missing", &disk, &["fix"], 8);
    golden("inspect-missing", &disk, &["inspect"], 8);
    golden("list-missing", &disk, &["list"], 8);
}

#[test]
fn nothing_of_a_store_is_lost_in_the_json() {
    let disk = Disk::raw("win2008r2-bios-healthy");
    let volume = crate::support::parts::cut(&disk.path, 1 << 20, 100 << 20);
    let values = hivex(&ntfs_file(&volume, "/Boot/BCD"));
    let inspect = bcdrescue(&["inspect", disk.name(), "--json"]).exits(0).target();
    let objects = inspect["stores"][0]["objects"].as_array().expect("objects").clone();
    let mut elements = 0;
    for object in &objects {
        for element in object["elements"].as_array().expect("elements") {
            let (id, element_id) = (object["id"].as_str().unwrap(), element["id"].as_str().unwrap());
            let path = format!("NewStoreRoot\\Objects\\{id}\\Elements\\{element_id}\\Element");
            assert!(values.contains_key(&path), "{path}: hivex does not know it");
            elements += 1;
        }
    }
    let known = values.keys().filter(|path| path.ends_with("\\Element")).count();
    assert_eq!(elements, known, "hivex sees more elements than the JSON has");
}
