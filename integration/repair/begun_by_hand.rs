//! Repairs begun by hand, identities and partitions that others changed: what is left of them is found and cured.

use std::fs;

use bcdrescue::bcd::QualifiedPartition;

use crate::support::disk::Disk;
use crate::support::disk::MIB;
use crate::support::findings::checked;
use crate::support::findings::findings;
use crate::support::judges::judge;
use crate::support::made_disks::paste_a_megabyte_on;
use crate::support::parts::gpt_of;
use crate::support::parts::part;
use crate::support::parts::volume;
use crate::support::program::bcdrescue;
use crate::support::program::text;
use crate::support::repair::changes_to;
use crate::support::repair::cured;
use crate::support::repair::nothing_to_fix;
use crate::support::store::BIOS;
use crate::support::store::UEFI;
use crate::support::store::main_loader;
use crate::support::store::put_store;
use crate::support::store::store_of;
use crate::support::store::with_identities;

/// The signature that the broken disk of `win2008r2-bios` has.
const NEW: u32 = 0x9e5f_31c7;

#[test]
fn what_a_repair_by_hand_forgot_is_cured() {
    let moved = |named: QualifiedPartition| match named {
        QualifiedPartition::Mbr { offset, .. } => Some(QualifiedPartition::Mbr { signature: NEW, offset }),
        QualifiedPartition::Gpt { .. } => None,
    };
    // Only {bootmgr}; then all that a person thinks of: resume and WinRE stay behind.
    let disk = Disk::raw("win2008r2-bios");
    let broken = store_of(&disk, BIOS);
    put_store(
        &disk,
        BIOS,
        &with_identities(&broken, |object, _, named| moved(named).filter(|_| object == "{bootmgr}")),
    );
    // As it is where the boot files came to this disk and Windows is on another, at the same place: both ways on are said.
    let target = checked(&disk, 4, "broken");
    let stop = findings(&target, "signature-changed");
    let remedy = stop[0]["remedy"].as_str().unwrap();
    assert!(remedy.contains("--with DISK") && remedy.contains("--windows 2"), "{remedy}");
    let target = bcdrescue(&["fix", disk.name(), "--yes", "--json"]).exits(5).target();
    assert_eq!(changes_to(&target, 1), 1);
    bcdrescue(&["undo", text(&disk.record()), "--yes"]).exits(1);
    fs::remove_file(disk.record()).unwrap();
    cured(&disk, &["--windows", "2"], 8);

    let disk = Disk::raw("win2008r2-bios");
    let main = main_loader(&broken);
    let by_hand = |object: &str| ["{bootmgr}", "{memdiag}", main.as_str()].contains(&object);
    put_store(
        &disk,
        BIOS,
        &with_identities(&broken, |object, _, named| moved(named).filter(|_| by_hand(object))),
    );
    checked(&disk, 4, "degraded");
    cured(&disk, &[], 5);
}

#[test]
fn what_a_repair_by_hand_forgot_is_cured_on_gpt_too() {
    let disk = Disk::raw("win11-uefi");
    let (broken, sound) = (store_of(&disk, UEFI), store_of(&Disk::raw("win11-uefi-healthy"), UEFI));
    let (main, esp, windows) = (main_loader(&broken), gpt_of(&disk, 1), gpt_of(&disk, 3));
    assert_eq!(main, main_loader(&sound));
    put_store(
        &disk,
        UEFI,
        &with_identities(&broken, |object, _, _| match object {
            "{bootmgr}" | "{memdiag}" => Some(esp),
            object if object == main => Some(windows),
            _ => None,
        }),
    );
    checked(&disk, 4, "degraded");
    // Resume: device, filedevice, 21000026; WinRE: device, osdevice, ramdisksdidevice; the recovery store's four.
    cured(&disk, &[], 10);
}

#[test]
fn a_disk_without_a_signature_is_told_what_it_lacks() {
    let disk = Disk::raw("win2008r2-bios-healthy");
    judge("sfdisk", &["-q", "--disk-id", disk.name(), "0x00000000"]);
    let target = checked(&disk, 4, "broken");
    assert!(findings(&target, "signature-changed").iter().all(|finding| finding["cure"].is_null()));
    nothing_to_fix(&disk, 4, "signature");
    // The way out that it names.
    judge("sfdisk", &["-q", "--disk-id", disk.name(), "0x36234da4"]);
    checked(&disk, 0, "healthy");
}

#[test]
fn a_new_disk_guid_alone_is_stale_and_cured() {
    let disk = Disk::raw("win11-uefi-healthy");
    judge("sfdisk", &["-q", "--disk-id", disk.name(), "11111111-2222-4333-8444-555555555555"]);
    let target = checked(&disk, 4, "degraded");
    let stale = findings(&target, "disk-guid-changed");
    assert!(stale.len() == 14 && stale.iter().all(|finding| finding["severity"] == "stale"));
    cured(&disk, &[], 14);
}

#[test]
fn a_moved_partition_under_the_same_signature_is_found_again() {
    let disk = Disk::raw("win2008r2-bios-healthy");
    let (file, old) = (volume(&disk, 2), part(&disk, 2));
    let len = fs::metadata(&disk.path).unwrap().len();
    let raw = fs::OpenOptions::new().write(true).open(&disk.path).unwrap();
    raw.set_len(old.start).unwrap();
    raw.set_len(len + 2 * MIB).unwrap();
    paste_a_megabyte_on(&disk, &file, &old);
    let target = checked(&disk, 4, "broken");
    assert_eq!(target["restore_identity"]["possible"], false);
    let reason = target["restore_identity"]["reason"].to_string();
    assert!(reason.contains("has moved (was at 0x6500000, now at 0x6600000)"), "{reason}");
    let run = bcdrescue(&["fix", disk.name(), "--yes", "--restore-identity"]).exits(8);
    run.says("the old identity cannot be restored").says("re-points the store instead");
    let statuses = findings(&target, "partition-changed");
    assert_eq!(statuses.len(), 7);
    assert!(statuses.iter().any(|finding| finding["predicted_status"].to_string().contains("0xc0000225")));
    let target = cured(&disk, &[], 7);
    assert_eq!(changes_to(&target, 2), 7);
}
