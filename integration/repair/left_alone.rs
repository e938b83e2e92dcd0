//! What is no Windows, has no files, or is not what firmware comes to: said, and left alone.

use std::fs;

use bcdrescue::bcd::Store;
use serde_json::Value as Json;
use tempfile::TempDir;

use crate::support::disk::Disk;
use crate::support::disk::MIB;
use crate::support::disk::hash;
use crate::support::findings::checked;
use crate::support::findings::findings;
use crate::support::judges::judge;
use crate::support::made_disks::replace;
use crate::support::parts::cut;
use crate::support::parts::paste;
use crate::support::program::bcdrescue;
use crate::support::program::text;
use crate::support::repair::cured;
use crate::support::repair::nothing_to_fix;
use crate::support::store::BIOS;
use crate::support::store::put_store;
use crate::support::store::store_of;
use crate::support::store::with_dirty_base_block;

#[test]
fn missing_files_are_said_and_nothing_is_written() {
    // No recovery image on the recovery partition.
    let disk = Disk::raw("win11-uefi-healthy");
    replace(&disk, 4, &["/nothing.txt"]);
    let target = checked(&disk, 4, "degraded");
    // WinRE's device and osdevice and the RAM disk's, in both stores.
    assert_eq!(findings(&target, "file-missing").len(), 6);
    nothing_to_fix(&disk, 4, "Winre.wim");

    // No winload on the Windows volume.
    let disk = Disk::raw("win2008r2-bios-healthy");
    replace(&disk, 2, &["/Windows/System32/ntoskrnl.exe", "/Windows/System32/config/SYSTEM"]);
    let target = checked(&disk, 4, "broken");
    let gravest = &target["findings"][0];
    assert_eq!(
        (gravest["code"].as_str(), gravest["predicted_status"].as_str()),
        (Some("file-missing"), Some("0xc000000f"))
    );
    nothing_to_fix(&disk, 4, "winload.exe");
}

#[test]
fn a_disk_that_is_not_windows_is_told_so() {
    let disk = Disk::raw("win2008r2-bios-healthy");
    replace(&disk, 1, &["/readme.txt"]);
    replace(&disk, 2, &["/readme.txt"]);
    let target = checked(&disk, 4, "not-windows");
    assert_eq!(findings(&target, "not-windows").len(), 1);
    nothing_to_fix(&disk, 4, "no boot manager, BCD store or Windows");

    // Windows without a boot manager.
    let disk = Disk::raw("win2008r2-bios-healthy");
    replace(&disk, 1, &["/readme.txt"]);
    let target = checked(&disk, 4, "broken");
    assert_eq!(findings(&target, "no-system-volume").len(), 1);
    nothing_to_fix(&disk, 4, "--rebuild");
}

#[test]
fn a_blank_disk_is_no_windows_disk() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("disk.img");
    fs::File::create(&path).unwrap().set_len(64 * MIB).unwrap();
    let disk = Disk { folder, path };
    checked(&disk, 4, "not-windows");
    nothing_to_fix(&disk, 4, "no boot manager, BCD store or Windows");
    // Nothing at all.
    fs::File::create(&disk.path).unwrap().set_len(0).unwrap();
    bcdrescue(&["check", "-v", disk.name()]).exits(8);
}

#[test]
fn a_corrupt_store_is_broken_and_left_alone() {
    let disk = Disk::raw("win2008r2-bios");
    let good = store_of(&disk, BIOS);
    let mut wrong_root = good.clone();
    wrong_root[0x24..0x28].copy_from_slice(&0x00ff_fff0_u32.to_le_bytes());
    for bytes in [vec![0; good.len()], wrong_root, good[..0x1000].to_vec(), b"regf".to_vec()] {
        put_store(&disk, BIOS, &bytes);
        assert_eq!(findings(&checked(&disk, 4, "broken"), "store-unreadable").len(), 1);
        nothing_to_fix(&disk, 4, "store");
    }
}

#[test]
fn a_store_by_itself_can_be_checked_and_inspected() {
    let disk = Disk::raw("win2008r2-bios");
    let bytes = store_of(&disk, BIOS);
    let path = disk.folder.path().join("BCD");
    fs::write(&path, &bytes).unwrap();
    let target = bcdrescue(&["check", text(&path), "--json"]).exits(0).target();
    assert_eq!((target["kind"].as_str(), target["verdict"].as_str()), (Some("store"), Some("healthy")));
    bcdrescue(&["inspect", text(&path)]).exits(0).says("winload.exe").says("36234da4");
    let target = bcdrescue(&["inspect", text(&path), "--json"]).exits(0).target();
    let objects = Store::parse(bytes.clone()).unwrap().objects().len();
    assert_eq!(target["stores"][0]["objects"].as_array().unwrap().len(), objects);

    fs::write(&path, with_dirty_base_block(&bytes)).unwrap();
    let target = bcdrescue(&["check", text(&path), "--json"]).exits(4).target();
    assert_eq!(findings(&target, "store-dirty").len(), 1);
    fs::write(&path, &bytes[..0x2000]).unwrap();
    bcdrescue(&["check", text(&path), "--json"]).exits(8);
    // Beside a disk, each has its say.
    fs::write(&path, &bytes).unwrap();
    bcdrescue(&["check", "-v", disk.name(), text(&path)]).exits(4);
    // A store cannot be fixed: there is no disk that it should name.
    bcdrescue(&["fix", text(&path), "--yes"]).exits(8);
    assert_eq!(fs::read(&path).unwrap(), bytes);
}

#[test]
fn a_disk_whose_store_names_the_other_target_is_judged_by_itself() {
    // The clone has a new signature and a store that still names its original.
    let (clone, original) = (Disk::raw("win2008r2-bios"), Disk::raw("win2008r2-bios-healthy"));
    let run = bcdrescue(&["check", clone.name(), original.name(), "--json"]).exits(4);
    let document: Json = serde_json::from_str(&run.stdout).unwrap();
    let [first, second] = [&document["targets"][0], &document["targets"][1]];
    assert_eq!(findings(first, "signature-changed").len(), 9);
    assert_eq!(*first, bcdrescue(&["check", clone.name(), "--json"]).exits(4).target());
    assert_eq!(second["verdict"], "healthy");
    checked(&original, 0, "healthy");
    bcdrescue(&["check", "-v", clone.name(), "--with", original.name()]).exits(0);
    cured(&clone, &[], 9);
    bcdrescue(&["check", "-v", clone.name(), original.name()]).exits(0);
}

#[test]
fn the_same_identity_on_two_targets_is_said() {
    let (one, other) = (Disk::raw("win2008r2-bios-healthy"), Disk::raw("win2008r2-bios-healthy"));
    let run = bcdrescue(&["check", one.name(), other.name(), "--json"]).exits(0);
    let document: Json = serde_json::from_str(&run.stdout).unwrap();
    for target in document["targets"].as_array().unwrap() {
        assert_eq!(findings(target, "identity-collision").len(), 1);
    }
    bcdrescue(&["check", "-v", one.name(), other.name()]).exits(0).says("same identity");
    // A disk named twice is one disk.
    let run = bcdrescue(&["check", one.name(), one.name(), "--json"]).exits(0);
    assert!(!run.stdout.contains("identity-collision"));
}

/// A copy of the store where the firmware does not look is neither a reason for alarm nor written.
#[test]
fn a_store_on_a_partition_that_is_not_active_is_left_alone() {
    let disk = Disk::raw("win2008r2-bios-healthy");
    let stale = Disk::raw("win2008sp2-bios");
    // Windows gets a boot folder of its own: the volume of an old one-partition system in its place, not active.
    let old = cut(&stale.path, 1 << 20, 1022 << 20);
    let volume = disk.folder.path().join("old.volume");
    fs::copy(&old, &volume).unwrap();
    let file = fs::OpenOptions::new().write(true).open(&disk.path).unwrap();
    file.set_len(3 << 30).unwrap();
    let script = "label: dos\nlabel-id: 0x36234da4\nunit: sectors\n\
        d1 : start=2048, size=204800, type=7, bootable\n\
        d2 : start=206848, size=1888256, type=7\n\
        d3 : start=2097152, size=2093056, type=7\n";
    let table = disk.folder.path().join("table");
    fs::write(&table, script).unwrap();
    judge("sh", &["-c", "sfdisk -q \"$0\" < \"$1\"", disk.name(), text(&table)]);
    paste(&volume, &disk.path, 2_097_152 * 512);
    let before = hash(&disk.path);
    let check = bcdrescue(&["check", disk.name(), "--json"]).exits(0).target();
    let codes: Vec<_> =
        check["findings"].as_array().unwrap().iter().map(|finding| finding["code"].clone()).collect();
    assert!(codes.contains(&"store-unused".into()), "{codes:?}");
    bcdrescue(&["fix", disk.name(), "--yes"]).exits(0);
    assert_eq!(hash(&disk.path), before);
}
