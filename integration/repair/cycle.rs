//! The promise: check, fix, check is clean, a second fix writes nothing, undo brings back every byte.

use crate::support::disk::Disk;
use crate::support::disk::hash;
use crate::support::disk::image;
use crate::support::disk::same_content;
use crate::support::judges::judge;
use crate::support::places::Place;
use crate::support::places::images;
use crate::support::places::judge_stores;
use crate::support::program::bcdrescue;
use crate::support::program::text;

/// The whole promise on one disk; `stores` are read by programs that share no code with ours.
fn promise(name: &str, disk: &Disk, stores: &[(Place, usize)], is_qcow2: bool) {
    let original = disk.content("original.raw");
    let before_file = hash(&disk.path);
    let check = bcdrescue(&["check", disk.name(), "--json"]).exits(4).target();
    assert_eq!(check["verdict"], "broken", "{name}");
    bcdrescue(&["fix", disk.name(), "--dry-run"]).exits(4).says("dry run: nothing was written");
    assert_eq!(hash(&disk.path), before_file, "{name}: check or a dry run wrote");

    let fixed = bcdrescue(&["fix", disk.name(), "--yes", "--json"]).exits(1).target();
    assert_eq!(fixed["verdict"], "healthy", "{name}");
    let expected: usize = stores.iter().map(|(_, count)| count).sum();
    assert_eq!(fixed["changes"].as_array().map(Vec::len), Some(expected), "{name}");
    let repaired = disk.content("repaired.raw");
    judge_stores(name, &original, &repaired, stores, &fixed);
    if is_qcow2 {
        judge("qemu-img", &["check", "-q", disk.name()]);
    }

    bcdrescue(&["check", "-v", disk.name()]).exits(0).says("healthy");
    let after_file = hash(&disk.path);
    bcdrescue(&["fix", disk.name(), "--yes"]).exits(0).says("nothing was written");
    assert_eq!(hash(&disk.path), after_file, "{name}: a second fix wrote");
    assert_eq!(disk.records().len(), 1, "{name}: a second fix left a record");

    let record = disk.record();
    bcdrescue(&["undo", text(&record), "--dry-run"]).exits(4).says("dry run: nothing was written");
    assert_eq!(hash(&disk.path), after_file, "{name}: a dry run of undo wrote");
    bcdrescue(&["undo", text(&record), "--yes"]).exits(1).says("every byte is as it was");
    assert!(same_content(&disk.path, &original), "{name}: undo did not bring back every byte");
    if is_qcow2 {
        judge("qemu-img", &["check", "-q", disk.name()]);
    }
    bcdrescue(&["undo", text(&record), "--yes"]).exits(0).says("nothing to do");
    bcdrescue(&["check", "-v", disk.name()]).exits(4);
}

#[test]
fn every_image_as_it_is() {
    for (name, stores) in images() {
        promise(name, &Disk::of(name), &stores, true);
    }
}

#[test]
fn every_image_as_a_raw_file() {
    for (name, stores) in images() {
        promise(name, &Disk::raw(name), &stores, false);
    }
}

#[test]
fn every_kind_of_qcow2() {
    let kinds: [&[&str]; 6] = [
        &["-O", "qcow2"],
        &["-O", "qcow2", "-o", "compat=0.10"],
        &["-O", "qcow2", "-o", "cluster_size=512"],
        &["-O", "qcow2", "-o", "cluster_size=2M"],
        &["-O", "qcow2", "-c"],
        &["-O", "qcow2", "-o", "lazy_refcounts=on,preallocation=metadata"],
    ];
    for kind in kinds {
        let (name, stores) = images().swap_remove(0);
        promise(&format!("{name} {kind:?}"), &Disk::converted(name, kind), &stores, true);
    }
}

#[test]
fn an_overlay_leaves_its_base_alone_and_a_snapshot_its_content() {
    let (name, stores) = images().swap_remove(0);
    let disk = Disk::of(name);
    let base = disk.folder.path().join("base.qcow2");
    std::fs::rename(&disk.path, &base).unwrap();
    judge("qemu-img", &["create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", "base.qcow2", disk.name()]);
    let before = hash(&base);
    promise("an overlay", &disk, &stores, true);
    assert_eq!(hash(&base), before, "the base was written");

    let disk = Disk::of(name);
    judge("qemu-img", &["snapshot", "-c", "before", disk.name()]);
    promise("with a snapshot", &disk, &stores, true);
    judge("qemu-img", &["snapshot", "-a", "before", disk.name()]);
    assert!(same_content(&disk.path, &image(name)), "the snapshot changed");
}

#[test]
fn healthy_images_are_left_alone() {
    for name in images().iter().map(|(name, _)| *name).chain(["win2003-bios"]) {
        let disk = Disk::of(&format!("{name}-healthy"));
        let before = hash(&disk.path);
        bcdrescue(&["check", "-v", disk.name()]).exits(0).says("healthy");
        bcdrescue(&["fix", disk.name(), "--yes"]).exits(0).says("nothing was written");
        bcdrescue(&["list", disk.name()]).exits(0);
        bcdrescue(&["inspect", disk.name()]).exits(0);
        assert_eq!(hash(&disk.path), before, "{name}");
        assert_eq!(disk.records().len(), 0);
    }
}

#[test]
fn windows_2003_has_nothing_to_patch_and_is_told_why() {
    for name in ["win2003-bios", "win2003-bios-healthy"] {
        let disk = Disk::of(name);
        bcdrescue(&["check", "-v", disk.name()])
            .exits(0)
            .says("NTLDR")
            .says("nothing to patch")
            .says("multi(0)disk(0)");
    }
}
