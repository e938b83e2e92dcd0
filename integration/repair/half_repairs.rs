//! Repairs that are half of what is needed, or that a word, a disk or a partition table makes doubtful: what is not settled is neither
//! called well nor written.

use std::fs;
use std::path::Path;

use serde_json::Value as Json;

use crate::support::disk::Disk;
use crate::support::disk::hash;
use crate::support::disk::made;
use crate::support::findings::checked;
use crate::support::findings::has;
use crate::support::judges::judge;
use crate::support::menu_lists::with_lists_of_nothing;
use crate::support::parts::change;
use crate::support::parts::partitions;
use crate::support::program::bcdrescue;
use crate::support::program::is_root;
use crate::support::program::not_run;
use crate::support::program::text;
use crate::support::stand_in;
use crate::support::store::BIOS;
use crate::support::store::UEFI;
use crate::support::store::put_store;
use crate::support::store::store_of;

/// The identity alone does not start a store whose menu names nothing.
#[test]
fn an_identity_that_is_given_back_is_not_all_and_the_store_stays() {
    let disk = Disk::raw("win10-bios");
    put_store(&disk, BIOS, &with_lists_of_nothing(&store_of(&disk, BIOS)));
    let fix = ["fix", disk.name(), "--restore-identity", "--yes"];
    let run =
        bcdrescue(&fix).exits(5).says("written and verified (").says("Windows still does not start: the");
    assert!(!run.stdout.contains("fixed:"), "{}", run.stdout);
    let written = hash(&disk.path);
    bcdrescue(&fix).exits(4).says("without --restore-identity fix can do more");
    bcdrescue(&[&fix[..], &["--active=1"]].concat()).exits(4);
    assert_eq!(hash(&disk.path), written);
    bcdrescue(&["fix", disk.name(), "--yes", "--record-dir", text(&disk.folder.path().join("."))]).exits(1);
    checked(&disk, 0, "healthy");
}

/// As after a copy of a cloud's encrypted server under new GUIDs.
#[test]
fn the_only_encrypted_partition_is_offered_with_the_whole_command() {
    let disk = made("base = 'win11-uefi'\ndamage = ['guids-changed', 'bitlocker']", "disk.qcow2");
    let target = checked(&disk, 4, "broken");
    let fix = &target["fix"];
    let expected = format!("bcdrescue fix {} --windows=3 --repoint", disk.name());
    assert_eq!(
        (fix["command"].as_str(), &fix["then"]),
        (Some(expected.as_str()), &"healthy".into()),
        "{fix:#}"
    );
    assert!(fix["refused"].to_string().contains("recovery key"), "{fix:#}");
    bcdrescue(&["check", "-v", disk.name()]).exits(4).says("have the recovery key ready");
    bcdrescue(&["fix", disk.name(), "--windows=3", "--repoint", "--yes"]).exits(1);
    checked(&disk, 0, "healthy");
}

/// A volume that cannot be recognised stays the place that it was: all of the old identity goes with it, and once it is back, it starts.
#[test]
fn a_volume_that_cannot_be_recognised_keeps_its_place() {
    let disk = Disk::raw("win2008r2-bios");
    let start = partitions(&disk.path)[1].start;
    let mut sector = vec![0; 512];
    std::os::unix::fs::FileExt::read_exact_at(&fs::File::open(&disk.path).unwrap(), &mut sector, start)
        .unwrap();
    disk.put(start, &[0; 512]);
    let before = hash(&disk.path);
    checked(&disk, 4, "broken");
    bcdrescue(&["fix", disk.name(), "--yes"]).exits(5).says("9 elements re-pointed");
    disk.put(start, &sector);
    checked(&disk, 0, "healthy");
    disk.put(start, &[0; 512]);
    bcdrescue(&["undo", text(&disk.record()), "--yes"]).exits(1);
    assert_eq!(hash(&disk.path), before);
}

#[test]
fn a_partition_that_a_disk_beside_has_not_got_is_no_choice() {
    let (disk, other) = (Disk::raw("win10-bios"), Disk::raw("win2008r2-bios-healthy"));
    let before = hash(&disk.path);
    for switch in ["--windows", "--recovery"] {
        let word = format!("{}:9", other.name());
        let fix = ["fix", disk.name(), "--with", other.name(), switch, &word, "--yes"];
        bcdrescue(&fix).exits(8).says("there is no partition 9 on ");
    }
    assert_eq!(hash(&disk.path), before);
}

#[test]
fn no_element_is_made_to_name_a_guid_that_two_partitions_have() {
    let disk = Disk::raw("win11-uefi");
    let json: Json = serde_json::from_slice(&judge("sfdisk", &["-J", disk.name()])).unwrap();
    let guid = json["partitiontable"]["partitions"][2]["uuid"].as_str().unwrap().to_owned();
    judge("sfdisk", &["-q", "--part-uuid", disk.name(), "4", &guid]);
    let target = checked(&disk, 4, "broken");
    assert!(has(&target, "partition-guid-shared"));
    let before = hash(&disk.path);
    bcdrescue(&["fix", disk.name(), "--yes"]).exits(4).says("--partition-guid=");
    assert_eq!(hash(&disk.path), before);
}

#[test]
fn a_gpt_without_a_protective_mbr_does_not_start() {
    let disk = Disk::raw("win11-uefi-healthy");
    disk.put(0, &[0; 512]);
    let target = checked(&disk, 4, "broken");
    assert_eq!(
        (&target["stop"]["hop"], &target["stop"]["code"]),
        (&"protective MBR".into(), &"protective-mbr-missing".into())
    );
}

/// Files of `bcdboot /f ALL` on an NTFS system volume: UEFI does not read them, so that what a BIOS lacks matters, and their store,
/// be it stale, does not.
#[test]
fn what_uefi_would_start_counts_on_fat_alone() {
    if !is_root() || !Path::new("/dev/fuse").exists() {
        return not_run(
            "a system volume for both firmwares on NTFS",
            "it needs root and /dev/fuse, to make directories",
        );
    }
    let disk = Disk::raw("win10-bios-healthy");
    let stale = store_of(&Disk::raw("win11-uefi"), UEFI);
    let manager = stand_in::of("bootmgfw.efi");
    change(&disk, 1, |volume| {
        let mount = tempfile::tempdir().unwrap();
        judge("ntfs-3g", &[text(volume), text(mount.path())]);
        for (file, bytes) in [
            ("EFI/Microsoft/Boot/BCD", stale.as_slice()),
            ("EFI/Microsoft/Boot/bootmgfw.efi", &manager),
            ("EFI/Boot/bootx64.efi", &manager),
        ] {
            let path = mount.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        judge("umount", &[text(mount.path())]);
    });
    checked(&disk, 0, "healthy");
    disk.put(0x1be, &[0]);
    let target = checked(&disk, 4, "broken");
    assert_eq!(target["stop"]["code"], "active-partition-missing");
}
