//! Memory: the program never takes more than 64 MiB, whatever the disk, the image or the record. Every run of it in these
//! tests is under that limit; here are the largest inputs that it takes.

use std::fs;

use bcdrescue::bcd::Store;
use bcdrescue::hive::build::NewKey;
use bcdrescue::hive::build::build;

use crate::support::disk::Disk;
use crate::support::disk::hash;
use crate::support::disk::image;
use crate::support::disk::same_content;
use crate::support::program::bcdrescue;
use crate::support::program::text;
use crate::support::store::UEFI;
use crate::support::store::put_store;
use crate::support::store::store_of;

const RECOVERY: &str = "/EFI/Microsoft/Recovery/BCD";

/// A store of this many bytes at most: its loader again and again, each with as many devices as fit.
fn large_store(small: &[u8], most: usize) -> Vec<u8> {
    let store = Store::parse(small.to_vec()).unwrap();
    let mut root = NewKey::from(store.hive().root());
    let objects = root.subkeys.iter_mut().find(|key| key.name == "Objects").unwrap();
    let is_loader = |key: &&NewKey| {
        key.subkeys.iter().any(|elements| elements.subkeys.iter().any(|element| element.name == "22000002"))
    };
    let loader = objects.subkeys.iter().find(is_loader).unwrap().clone();
    let mut copy = loader.clone();
    let elements = copy.subkeys.iter_mut().find(|key| key.name == "Elements").unwrap();
    let device = elements.subkeys.iter().find(|key| key.name == "11000001").unwrap().clone();
    elements.subkeys = vec![device.clone()];
    elements
        .subkeys
        .extend((0..32).map(|index| NewKey { name: format!("210001{index:02x}"), ..device.clone() }));
    let few = build(&root, 0).unwrap().len();
    let add = |root: &mut NewKey, count: usize| {
        let objects = root.subkeys.iter_mut().find(|key| key.name == "Objects").unwrap();
        let copies = (0..count).map(|index| NewKey {
            name: format!("{{00000000-0000-4000-8000-{index:012x}}}"),
            ..copy.clone()
        });
        objects.subkeys.extend(copies);
    };
    let mut one = root.clone();
    add(&mut one, 20);
    let each = (build(&one, 0).unwrap().len() - few).div_ceil(20);
    add(&mut root, ((most - few) / each - 1).min(1900 / 34));
    let large = build(&root, 0).unwrap();
    assert!(large.len() <= most && large.len() > most / 3, "{} of {most}", large.len());
    large
}

#[test]
fn the_largest_stores_are_shown_repaired_and_brought_back() {
    let disk = Disk::raw("win11-uefi");
    let store = large_store(&store_of(&disk, UEFI), 1 << 20);
    put_store(&disk, UEFI, &store);
    put_store(&disk, RECOVERY, &store);
    let before = hash(&disk.path);
    bcdrescue(&["check", disk.name(), "--json"]).exits(4);
    bcdrescue(&["inspect", disk.name(), "--json"]).exits(0);
    bcdrescue(&["inspect", disk.name()]).exits(0);
    bcdrescue(&["fix", disk.name(), "--dry-run"]).exits(4);
    let fixed = bcdrescue(&["fix", disk.name(), "--yes", "--json"]);
    assert!([1, 5].contains(&fixed.code), "{}", fixed.stderr);
    bcdrescue(&["undo", text(&disk.record()), "--yes"]).exits(1);
    assert_eq!(hash(&disk.path), before);
}

/// The most clusters that are counted at once, 2^24: the file of a compressed image is that long, so that the clusters
/// that its repair allocates are behind it, and need a table of counts that is hundreds of times larger.
#[test]
fn the_largest_tables_of_an_image_are_walked() {
    let disk = Disk::converted("win2008r2-bios", &["-c", "-O", "qcow2", "-o", "cluster_size=512"]);
    fs::OpenOptions::new().write(true).open(&disk.path).unwrap().set_len(9 << 30).unwrap();
    bcdrescue(&["check", "-v", disk.name()]).exits(4);
    bcdrescue(&["fix", disk.name(), "--yes"]).exits(1);
    bcdrescue(&["check", "-v", disk.name()]).exits(0);
    bcdrescue(&["undo", text(&disk.record()), "--yes"]).exits(1);
    assert!(same_content(&disk.path, &image("win2008r2-bios")));
}

/// A record as long as one is read, of nothing but sectors.
#[test]
fn the_longest_record_is_read() {
    let disk = Disk::raw("win2008r2-bios");
    bcdrescue(&["fix", disk.name(), "--yes"]).exits(1);
    let record = disk.record();
    let mut document: serde_json::Value = serde_json::from_slice(&fs::read(&record).unwrap()).unwrap();
    let patch = document["patches"][0].clone();
    let count = (23 << 20) / (patch.to_string().len() + 200);
    document["patches"] = (0..count).map(|_| patch.clone()).collect::<Vec<_>>().into();
    let long = disk.folder.path().join("long.undo.json");
    fs::write(&long, serde_json::to_vec_pretty(&document).unwrap()).unwrap();
    assert!(fs::metadata(&long).unwrap().len() > 20 << 20);
    bcdrescue(&["undo", text(&long), "--yes"]).exits(8).says("damaged: expected digest");
}
