//! Before and after a rescue: a record of a disk that is well, and what it is good for when it no longer is.

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::path::PathBuf;

use crate::support::attached::Machine;
use crate::support::disk::Disk;
use crate::support::disk::hash;
use crate::support::disk::same_content;
use crate::support::findings::codes;
use crate::support::judges::judge;
use crate::support::parts::partitions;
use crate::support::program::bcdrescue;
use crate::support::program::text;

/// A raw healthy disk with its record beside it.
fn recorded(image: &str) -> (Disk, PathBuf) {
    let disk = Disk::raw(image);
    let record = disk.folder.path().join("disk.identity.json");
    let before = hash(&disk.path);
    bcdrescue(&["record", disk.name(), "-o", text(&record)]).exits(0).says("recorded in");
    assert_eq!(hash(&disk.path), before, "recording wrote to the disk");
    (disk, record)
}

fn new_identity(disk: &Disk) {
    let is_gpt = partitions(&disk.path).len() > 2;
    let new = if is_gpt { "11111111-2222-4333-8444-555555555555" } else { "0x7ab1e0ff" };
    judge("sfdisk", &["-q", "--disk-id", disk.name(), new]);
    for number in (1..=4u32).filter(|_| is_gpt) {
        let new = format!("99999999-8888-4777-8666-{number:012}");
        judge("sfdisk", &["-q", "--part-uuid", disk.name(), &number.to_string(), &new]);
    }
}

fn against<'a>(command: &'a str, disk: &'a Disk, record: &'a Path) -> Vec<&'a str> {
    vec![command, disk.name(), "--against", text(record)]
}

#[test]
fn a_recorded_disk_is_compared_repaired_and_given_back() {
    for image in ["win10-bios-healthy", "win11-uefi-healthy"] {
        let (disk, record) = recorded(image);
        let original = disk.content("original.raw");
        bcdrescue(&against("check", &disk, &record)).exits(0);
        let target =
            bcdrescue(&[against("check", &disk, &record), vec!["--json"]].concat()).exits(0).target();
        assert!(!codes(&target).iter().any(|code| code.contains("changed")), "{target:#}");
        assert!(codes(&target).contains(&"as-recorded"), "{target:#}");

        new_identity(&disk);
        let broken = hash(&disk.path);
        let target =
            bcdrescue(&[against("check", &disk, &record), vec!["--json"]].concat()).exits(4).target();
        assert!(codes(&target).contains(&"identity-changed"), "{target:#}");
        assert_eq!(target["restore_identity"]["possible"], true);
        // Cure A.
        bcdrescue(&[against("fix", &disk, &record), vec!["--yes"]].concat()).exits(1).says("healthy");
        bcdrescue(&["check", "-v", disk.name()]).exits(0);
        // The store was written to since; the identity is another, and both are said.
        bcdrescue(&against("check", &disk, &record))
            .exits(0)
            .says("identity has changed")
            .says("was written to since");
        let fixed = hash(&disk.path);
        let refused = [against("fix", &disk, &record), vec!["--yes", "--restore-identity"]].concat();
        bcdrescue(&refused)
            .exits(8)
            .says("already refers to the disk's current identity")
            .says("nothing was written");
        assert_eq!(hash(&disk.path), fixed);
        bcdrescue(&["undo", text(&disk.record()), "--yes"]).exits(1);
        assert_eq!(hash(&disk.path), broken);
        fs::remove_file(disk.record()).unwrap();
        // Cure B: to the last GUID of the last partition.
        bcdrescue(&[against("fix", &disk, &record), vec!["--yes", "--restore-identity"]].concat()).exits(1);
        let now = disk.content("now.raw");
        assert!(same_content(&original, &now), "{image}: not what it was");
        bcdrescue(&against("check", &disk, &record)).exits(0);
        let again = [against("fix", &disk, &record), vec!["--yes", "--restore-identity"]].concat();
        bcdrescue(&again).exits(0).says("nothing was written");
    }
}

#[test]
fn identities_that_no_store_names_are_given_back_too() {
    let (disk, record) = recorded("win11-uefi-healthy");
    let original = hash(&disk.path);
    judge("sfdisk", &["-q", "--part-uuid", disk.name(), "2", "99999999-8888-4777-8666-000000000002"]);
    bcdrescue(&["check", "-v", disk.name()]).exits(0);
    bcdrescue(&against("check", &disk, &record))
        .exits(0)
        .says("its GUID was")
        .says("To repair: bcdrescue fix");
    bcdrescue(&["fix", disk.name(), "--restore-identity", "--yes"]).exits(0).says("nothing was written");
    bcdrescue(&[against("fix", &disk, &record), vec!["--yes", "--restore-identity"]].concat()).exits(1);
    assert_eq!(hash(&disk.path), original);
    judge("sgdisk", &["-v", disk.name()]);
}

#[test]
fn a_record_decides_where_the_evidence_cannot() {
    // The loader is gone from sight: its volume looks encrypted, and every GUID is new.
    let (disk, record) = recorded("win11-uefi-healthy");
    let windows = partitions(&disk.path).into_iter().find(|part| part.number == 3).unwrap();
    let raw = fs::OpenOptions::new().write(true).open(&disk.path).unwrap();
    raw.write_all_at(b"-FVE-FS-", windows.start + 3).unwrap();
    new_identity(&disk);
    bcdrescue(&["fix", disk.name(), "--repoint", "--yes"]).exits(4).says("nothing was written");
    bcdrescue(&[against("fix", &disk, &record), vec!["--yes", "--repoint"]].concat())
        .exits(1)
        .says("healthy");
    bcdrescue(&["check", "-v", disk.name()]).exits(0);
}

#[test]
fn a_clone_beside_its_original_is_repaired_by_the_record() {
    let (original, record) = recorded("win10-bios-healthy");
    let clone = Disk::raw("win10-bios-healthy");
    new_identity(&clone);
    let Some(machine) = Machine::of(&[(&clone, "512"), (&original, "512")]) else { return };
    let device = machine.device(0);
    // The store of the clone names the original, which is here: left alone, but for the record.
    let before = machine.run(&["check", device, "--json"]).exits(4).target();
    assert!(codes(&before).contains(&"names-other-disk"));
    let folder = text(clone.folder.path());
    let fix = ["fix", device, "--against", text(&record), "--yes", "--record-dir", folder];
    machine.run(&fix).exits(1);
    machine.run(&["check", "-v", device]).exits(0);
}

#[test]
fn a_record_of_another_disk_is_refused() {
    let (_other, record) = recorded("win2008sp2-bios-healthy");
    let disk = Disk::raw("win10-bios");
    let before = hash(&disk.path);
    for cure in ["--repoint", "--restore-identity"] {
        let fix = [against("fix", &disk, &record), vec!["--yes", cure]].concat();
        bcdrescue(&fix).exits(8).says("not the recorded disk").says("nothing was written");
    }
    bcdrescue(&against("check", &disk, &record)).exits(4).says("not the recorded disk");
    assert_eq!((hash(&disk.path), disk.records().len()), (before, 0));
}

#[test]
fn what_moved_came_and_went_is_said() {
    let (disk, record) = recorded("win10-bios-healthy");
    let raw = fs::OpenOptions::new().write(true).open(&disk.path).unwrap();
    // Partition 2 one sector shorter, and no longer quite the recorded one; partition 1 is no longer active.
    let mut len = [0; 4];
    fs::File::open(&disk.path).unwrap().read_exact_at(&mut len, 0x1be + 16 + 12).unwrap();
    let shorter = (u32::from_le_bytes(len) - 8).to_le_bytes();
    raw.write_all_at(&shorter, 0x1be + 16 + 12).unwrap();
    raw.write_all_at(&[0], 0x1be).unwrap();
    let said = bcdrescue(&against("check", &disk, &record)).exits(8);
    said.says("missing since it was recorded")
        .says("new, moved or resized")
        .says("it is no longer active")
        .says("the partition is 0xe00 bytes shorter than its file system");
}

#[test]
fn a_disk_that_is_not_well_and_a_file_that_exists_are_refused() {
    let disk = Disk::raw("win10-bios");
    let record = disk.folder.path().join("record.json");
    bcdrescue(&["record", disk.name(), "-o", text(&record)])
        .exits(8)
        .says("not recorded")
        .says("repair it first");
    assert!(!record.exists());
    let (disk, record) = recorded("win10-bios-healthy");
    let kept = fs::read(&record).unwrap();
    bcdrescue(&["record", disk.name(), "-o", text(&record)]).exits(8).says("exists");
    assert_eq!(fs::read(&record).unwrap(), kept);
    let target = bcdrescue(&["record", disk.name(), "-o", "/nonexistent/x", "--json"]).exits(8).target();
    assert!(target["error"].as_str().unwrap().contains("/nonexistent/x"));
    // Not a record, a damaged one, more targets than one.
    bcdrescue(&["check", "-v", disk.name(), "--against", disk.name()])
        .exits(8)
        .says("not an identity record");
    fs::write(&record, String::from_utf8(kept).unwrap().replace("mbr:c3a1f00d", "mbr:c3a1f00e")).unwrap();
    bcdrescue(&against("check", &disk, &record)).exits(8).says("damaged");
    bcdrescue(&["check", "-v", disk.name(), disk.name(), "--against", text(&record)])
        .exits(16)
        .says("one target");
}

#[test]
fn two_disks_with_partitions_of_one_guid_are_told_of() {
    let disk = Disk::raw("win11-uefi-healthy");
    let other = Disk::raw("win11-uefi-healthy");
    bcdrescue(&["list", disk.name(), other.name()]).exits(0).says("has the same identity");
    bcdrescue(&["check", "-v", disk.name(), other.name()])
        .exits(0)
        .says("another attached or named disk has the same identity");
    judge("sfdisk", &["-q", "--disk-id", other.name(), "11111111-2222-4333-8444-555555555555"]);
    bcdrescue(&["check", "-v", disk.name(), other.name()]).says("partitions with the same GUIDs");
}
