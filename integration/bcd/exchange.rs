//! Stores that go out and come in, what differs between two, and one that is typed from nothing.

use std::fs;

use serde_json::Value as Json;

use crate::bcd::by_hivex;
use crate::bcd::edits;
use crate::bcd::edits::bcd;
use crate::bcd::edits::store;
use crate::bcd::edits::written;
use crate::bcd::files::IMAGE;
use crate::bcd::files::file;
use crate::bcd::files::names;
use crate::bcd::files::undone;
use crate::support::corpus;
use crate::support::disk::Disk;
use crate::support::disk::hash;
use crate::support::disk::made;
use crate::support::program::bcdrescue;
use crate::support::program::counted;
use crate::support::program::text;

/// Out and in again, as a store and as JSON, whatever Windows wrote.
#[test]
fn stores_go_out_and_come_in() {
    let mut stores: Vec<(String, Vec<u8>)> =
        corpus::stores().into_iter().map(|(name, bytes, _)| (name, bytes)).collect();
    stores.push((IMAGE.to_owned(), store(&Disk::raw(IMAGE), IMAGE)));
    let (_folder, target, small) = file();
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let mut count = 0;
    for (name, bytes) in &stores {
        let [path, out, json, back] = ["in", "out", "json", "back"].map(at);
        fs::write(&path, bytes).unwrap();
        if bcd(&["enum", text(&path)]).code != 0 {
            // Dirty, and the corpus has no logs.
            fs::remove_file(&path).unwrap();
            continue;
        }
        count += 1;
        bcd(&["export", text(&path), text(&out)]).exits(0).says("exported to");
        let exported = fs::read(&out).unwrap();
        assert_eq!(by_hivex(&exported), by_hivex(bytes), "{name}");
        let printed = bcd(&["export", text(&path), "--json"]).exits(0).stdout;
        fs::write(&json, &printed).unwrap();
        bcd(&["import", text(&back), text(&json)]).exits(0).says("a new store");
        assert!(fs::read(&back).unwrap() == exported, "{name}");
        assert_eq!(bcd(&["export", text(&back), "--json"]).exits(0).stdout, printed, "{name}");
        bcd(&["diff", text(&path), text(&back)]).exits(0);
        for from in [&out, &json] {
            fs::write(&target, &small).unwrap();
            bcd(&["diff", text(&target), text(from)]
                .map(|it| if it == text(&json) { text(&back) } else { it }));
            let said = bcd(&["import", text(&target), text(from), "--yes"]).exits(0);
            assert_eq!(by_hivex(&fs::read(&target).unwrap()), by_hivex(bytes), "{name}");
            bcd(&["diff", text(&target), text(&path)]).exits(0);
            if said.stdout.contains("To undo:") {
                undone(&said);
                assert_eq!(fs::read(&target).unwrap(), small, "{name}");
            }
        }
        for file in [&path, &out, &json, &back] {
            fs::remove_file(file).unwrap();
        }
    }
    counted("stores exported, imported and compared by the program", &format!("{count} stores"));
    assert!(count >= 1);
}

#[test]
fn what_differs_between_two() {
    let (folder, path, _) = file();
    let other = folder.path().join("other");
    bcd(&["set", text(&path), "safeboot", "Minimal", "--yes", "-o", text(&other)]).exits(0);
    let differ = bcd(&["diff", text(&path), text(&other)]).exits(4);
    assert_eq!(differ.stdout.trim(), "{default}  safeboot  (none) -> Minimal");
    bcd(&["diff", text(&other), text(&path)]).exits(4).says("safeboot  Minimal -> (none)");
    let json = bcd(&["diff", text(&path), text(&other), "--json"]).exits(4).target();
    assert_eq!(
        (&json["store_changes"][0]["name"], &json["store_changes"][0]["change"]),
        (&"safeboot".into(), &"added".into())
    );
    let disk = Disk::of(IMAGE);
    bcd(&["diff", disk.name(), text(&path)]).exits(0);
    bcd(&["diff", text(&path), text(&folder.path().join("none"))]).exits(8);
    fs::write(&other, "{\"bcdrescue\": \"store\", \"version\": 1").unwrap();
    bcd(&["import", text(&path), text(&other), "--yes"]).exits(8);
    fs::write(&other, "no store").unwrap();
    bcd(&["import", text(&path), text(&other), "--yes"]).exits(8);
}

/// Out of a disk, edited by itself, and back into it: as a store and as JSON.
#[test]
fn the_store_of_a_disk_goes_out_and_comes_back() {
    for image in ["win2008r2-bios-healthy", "win11-uefi-healthy"] {
        let disk = Disk::raw(image).in_memory();
        let original = hash(&disk.path);
        let folder = tempfile::tempdir().unwrap();
        let [out, json] = ["BCD", "BCD.json"].map(|name| folder.path().join(name));
        bcd(&["export", disk.name(), text(&out)]).exits(0);
        bcd(&["diff", disk.name(), text(&out)]).exits(0);
        bcd(&["safe-mode", text(&out), "--yes"]).exits(0);
        bcd(&["diff", disk.name(), text(&out)]).exits(4).says("safeboot");
        fs::write(&json, bcd(&["export", text(&out), "--json"]).exits(0).stdout).unwrap();
        for from in [&out, &json] {
            bcd(&["import", disk.name(), text(from), "--dry-run"])
                .exits(4)
                .says("safeboot  (none) -> Minimal");
            assert_eq!(hash(&disk.path), original, "{image}");
            let (said, record) = written(&["import", disk.name(), text(from)]);
            assert_eq!(
                (&said["verdict_after"], &said["new_faults"]),
                (&"healthy".into(), &Json::Array(Vec::new()))
            );
            assert_eq!(by_hivex(&store(&disk, image)), by_hivex(&fs::read(&out).unwrap()), "{image}");
            bcd(&["diff", disk.name(), text(&out)]).exits(0);
            edits::undone(&record);
            assert_eq!(hash(&disk.path), original, "{image}");
        }
    }
}

/// A disk that has lost its store gets one where its firmware looks for it.
#[test]
fn a_disk_without_a_store_gets_one() {
    for base in ["win10-bios", "win11-uefi"] {
        let of = |damages: &str| made(&format!("base = {base:?}\ndamage = [{damages}]\n"), "disk.raw");
        let (sound, lost) = (of(""), of("\"no-store\""));
        let original = hash(&lost.path);
        let file = lost.folder.path().join("BCD");
        bcd(&["export", sound.name(), text(&file)]).exits(0);
        bcd(&["enum", lost.name()]).exits(8).says("no BCD store");
        let (said, record) = written(&["import", lost.name(), text(&file)]);
        assert_eq!(
            (&said["verdict_before"], &said["verdict_after"]),
            (&"broken".into(), &"healthy".into()),
            "{base}"
        );
        assert_eq!(by_hivex(&store(&lost, base)), by_hivex(&fs::read(&file).unwrap()), "{base}");
        edits::undone(&record);
        assert_eq!(hash(&lost.path), original, "{base}");
    }
}

/// The words that make this object in a store that has none.
fn words_of(object: &Json) -> Vec<String> {
    let kind: &[&str] = match object["type"].as_str().unwrap() {
        "10200003" => &["--application", "osloader"],
        "10200004" => &["--application", "resume"],
        "30000000" => &["--device"],
        _ => &[],
    };
    [&[object["id"].as_str().unwrap()], kind].concat().into_iter().map(str::to_owned).collect()
}

/// The store that a rebuild makes, typed line by line into an empty one.
#[test]
fn typed_from_nothing_it_is_what_a_rebuild_makes() {
    let disk = made("base = \"win10-bios\"\ndamage = [\"store-not-a-hive\"]\n", "disk.raw");
    bcdrescue(&["fix", disk.name(), "--rebuild", "--yes"]).exits(1);
    let folder = tempfile::tempdir().unwrap();
    let [rebuilt, typed] = ["rebuilt", "typed"].map(|name| folder.path().join(name));
    bcd(&["export", disk.name(), text(&rebuilt)]).exits(0);
    bcd(&["createstore", text(&typed)]).exits(0);
    let run = |words: &[&str]| {
        let words = [&[words[0], text(&typed)], &words[1..], &["--yes"]].concat();
        bcd(&words).exits(0);
        for file in names(folder.path()).iter().filter(|name| name.ends_with(".old")) {
            fs::remove_file(folder.path().join(file)).unwrap();
        }
    };
    let said = bcd(&["enum", text(&rebuilt), "all", "--json"]).exits(0).target();
    let (mut objects, mut elements) = (0, 0);
    for object in said["objects"].as_array().unwrap() {
        let words = words_of(object);
        run(&[&["create"][..], &words.iter().map(String::as_str).collect::<Vec<_>>()].concat());
        objects += 1;
        for element in object["elements"].as_array().unwrap() {
            let (id, element) =
                (object["id"].as_str().unwrap(), format!("custom:{}", element["id"].as_str().unwrap()));
            let value = bcd(&["get", text(&rebuilt), id, &element, "-v"]).exits(0).stdout;
            run(&[&["set", id, &element][..], &value.lines().collect::<Vec<_>>()].concat());
            elements += 1;
        }
    }
    let mut trees = [&rebuilt, &typed].map(|path| by_hivex(&fs::read(path).unwrap()));
    // What Windows adds when it first opens a store as that of the system.
    trees.iter_mut().for_each(|tree| drop(tree.get_mut("\\Description").unwrap().remove("TreatAsSystem")));
    assert_eq!(trees[1], trees[0]);
    counted(
        "a store typed from nothing",
        &format!("{objects} objects, {elements} elements, as a rebuild makes it"),
    );
    assert!(objects >= 11 && elements > 50);
}
