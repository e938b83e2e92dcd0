//! A hybrid MBR beside a GPT: a BIOS starts by the MBR alone. sgdisk makes it and makes it anew; sfdisk reads the GPT's numbers.

use std::fs;
use std::os::unix::fs::FileExt;

use serde_json::Value as Json;

use crate::support::disk::Disk;
use crate::support::disk::hash;
use crate::support::findings::check;
use crate::support::judges::judge;
use crate::support::program::bcdrescue;
use crate::support::program::text;

/// The first 446 bytes of a disk: boot code and signature, which sgdisk does not keep.
fn kept(disk: &Disk) -> Vec<u8> {
    let mut bytes = vec![0; 446];
    fs::File::open(&disk.path).unwrap().read_exact_at(&mut bytes, 0).unwrap();
    bytes
}

/// A hybrid MBR with these partitions, made anew around boot code and signature; no entry is active.
fn hybrid(disk: &Disk, list: &str) {
    let kept = kept(disk);
    judge("sgdisk", &["--hybrid", list, disk.name()]);
    disk.put(0, &kept);
}

/// A BIOS-only Windows whose table became a GPT with a hybrid MBR; the protective entry is the first of that.
fn converted(image: &str, list: &str) -> Disk {
    let disk = Disk::raw(image);
    let kept = kept(&disk);
    judge("sgdisk", &["-g", disk.name()]);
    disk.put(0, &kept);
    hybrid(&disk, list);
    disk
}

#[track_caller]
fn stops(target: &Json, hop: &str, code: &str) {
    assert_eq!((&target["stop"]["hop"], &target["stop"]["code"]), (&hop.into(), &code.into()), "{target:#}");
    assert_eq!(target["verdict"], "broken");
}

/// Flags of the four entries.
fn flags(disk: &Disk) -> [u8; 4] {
    let mut sector = [0; 512];
    fs::File::open(&disk.path).unwrap().read_exact_at(&mut sector, 0).unwrap();
    [0x1be, 0x1ce, 0x1de, 0x1ee].map(|at| sector[at])
}

#[test]
fn the_active_entry_is_missing_doubled_or_wrong() {
    for (given, code) in [
        ([0, 0, 0, 0], "active-partition-missing"),
        ([0, 0x80, 0x80, 0], "active-partition-ambiguous"),
        ([0, 7, 0, 0], "active-partition-ambiguous"),
        ([0, 0, 0x80, 0], "active-partition-wrong"),
        ([0x80, 0, 0, 0], "active-partition-wrong"),
        ([0, 0, 0, 0x80], "active-partition-wrong"),
    ] {
        let disk = converted("win10-bios-healthy", "1:2");
        for (flag, at) in given.into_iter().zip([0x1be, 0x1ce, 0x1de, 0x1ee]) {
            disk.put(at, &[flag]);
        }
        stops(&check(&disk, 4), "active partition", code);
        bcdrescue(&["check", "-v", disk.name()]).exits(4).says("fix --active 1");
        let before = hash(&disk.path);
        bcdrescue(&["fix", disk.name(), "--yes"]).exits(4).says("nothing was written");
        bcdrescue(&["fix", disk.name(), "--yes", "--active=2"]).exits(8).says(r"no \bootmgr and no \ntldr");
        assert_eq!(hash(&disk.path), before);
        bcdrescue(&["fix", disk.name(), "--yes", "--active=1"]).exits(1).says("verified: healthy");
        assert_eq!(flags(&disk), [0, 0x80, 0, 0]);
        assert_eq!(check(&disk, 0)["verdict"], "healthy");
        judge("sgdisk", &["-v", disk.name()]);
        bcdrescue(&["fix", disk.name(), "--yes", "--active=1"]).exits(0).says("nothing was written");
        bcdrescue(&["undo", text(&disk.record()), "--yes"]).exits(1);
        assert_eq!(hash(&disk.path), before);
    }
}

/// The numbers are the GPT's, which `list` shows, whichever entry leads there.
#[test]
fn the_entry_is_found_by_its_place() {
    let disk = converted("win10-bios-healthy", "2:1");
    bcdrescue(&["fix", disk.name(), "--yes", "--active=1"]).exits(1).says("verified: healthy");
    assert_eq!(flags(&disk), [0, 0, 0x80, 0]);
    bcdrescue(&["list", disk.name()]).exits(0).says("* 1");
    let target = check(&disk, 0);
    // Windows' own record of its recovery environment names the disk by the hybrid MBR.
    assert_eq!(target["findings"].to_string().matches("recovery-config").count(), 0);
    let hops = target["chain"].as_array().unwrap();
    let hop = |name: &str| hops.iter().find(|hop| hop["hop"] == name).unwrap()["evidence"].as_str().unwrap();
    assert_eq!(hop("firmware"), "BIOS, GPT disk with a hybrid MBR");
    assert!(hop("active partition").starts_with("partition 1"));
    assert!(hop("boot record").contains(r"starts \bootmgr"));
}

#[test]
fn boot_code_and_boot_record_count_as_on_an_mbr_disk() {
    let mib = 1 << 20;
    for (at, bytes, hop, code) in [
        (0, &[0; 440][..], "boot code", "boot-code-missing"),
        (mib + 0x1c, &[63, 0, 0, 0], "boot record", "boot-record-place"),
        (
            mib + 0x200,
            &[5, 0, b'N', 0, b'T', 0, b'L', 0, b'D', 0, b'R', 0],
            "boot record",
            "boot-record-other",
        ),
    ] {
        let disk = converted("win10-bios-healthy", "1:2");
        disk.put(0x1ce, &[0x80]);
        assert_eq!(check(&disk, 0)["verdict"], "healthy");
        disk.put(at, bytes);
        stops(&check(&disk, 4), hop, code);
    }
}

/// What is there and what was expected is said; the way out works, and without it nothing is written.
#[test]
fn an_entry_that_begins_elsewhere_leads_nowhere() {
    let disk = converted("win10-bios-healthy", "1:2");
    disk.put(0x1ce, &[0x80]);
    disk.put(0x1ce + 8, &4096u32.to_le_bytes());
    let target = check(&disk, 4);
    stops(&target, "active partition", "hybrid-mbr-entry");
    let said = bcdrescue(&["check", "-v", disk.name()]).exits(4).says("Missing operating system");
    said.says("entry 2 of the hybrid MBR, at sector 4096")
        .says("at sector 2048")
        .says("sgdisk --hybrid=1:2 DISK");
    let before = hash(&disk.path);
    bcdrescue(&["fix", disk.name(), "--yes", "--active=1"]).exits(8).says("no entry in the hybrid MBR");
    bcdrescue(&["fix", disk.name(), "--yes"]).exits(4).says("nothing was written");
    assert_eq!(hash(&disk.path), before);
    hybrid(&disk, "1:2");
    bcdrescue(&["fix", disk.name(), "--yes", "--active=1"]).exits(1).says("verified: healthy");
    // Of another partition it is worth a word.
    disk.put(0x1de + 8, &4096u32.to_le_bytes());
    let target = check(&disk, 0);
    let findings = target["findings"].as_array().unwrap();
    let note = findings.iter().find(|it| it["code"] == "hybrid-mbr-entry").unwrap();
    assert_eq!(note["severity"], "note");
    // sgdisk makes no entry active: what is lost so is given back.
    let remedy = note["remedy"].as_str().unwrap();
    assert!(remedy.contains("--hybrid=1 DISK") && remedy.ends_with("then `fix --active 1`"), "{remedy}");
    hybrid(&disk, "1");
    bcdrescue(&["fix", disk.name(), "--yes", "--active", "1"]).exits(1).says("verified: healthy");
}

/// No switch is suggested that is then refused.
#[test]
fn a_boot_manager_without_a_store_is_not_to_be_active() {
    let disk = converted("win10-bios-healthy", "2");
    disk.rename("BCD", "BCX");
    let target = check(&disk, 4);
    let findings = target["findings"].as_array().unwrap();
    let stray = findings.iter().find(|it| it["code"] == "hybrid-mbr-entry").unwrap();
    let remedy = stray["remedy"].as_str().unwrap();
    assert!(remedy.contains("--hybrid=1:2 DISK") && !remedy.contains("--active"), "{remedy}");
    hybrid(&disk, "1:2");
    bcdrescue(&["fix", disk.name(), "--yes", "--active=1"]).exits(8).says(r"no \Boot\BCD");
}

#[test]
fn a_system_volume_without_an_entry_is_not_come_to() {
    let disk = converted("win10-bios-healthy", "2");
    disk.put(0x1ce, &[0x80]);
    stops(&check(&disk, 4), "active partition", "hybrid-mbr-entry");
    bcdrescue(&["check", "-v", disk.name()])
        .exits(4)
        .says("the hybrid MBR has no entry")
        .says("--hybrid=1:2 DISK");
}

/// GRUB reads the GPT, and the rest is Windows' matter.
#[test]
fn a_boot_loader_in_the_mbr_goes_by_the_gpt() {
    let disk = converted("win10-bios-healthy", "1:2");
    disk.put(0x180, b"GRUB ");
    assert_eq!(check(&disk, 0)["verdict"], "healthy");
    hybrid(&disk, "2");
    let target = check(&disk, 4);
    assert_eq!((&target["verdict"], &target["stop"]), (&"degraded".into(), &Json::Null));
    bcdrescue(&["check", "-v", disk.name()]).exits(4).says("Windows cannot see it when booted by BIOS");
}

/// UEFI goes by the GPT: whatever stands in the hybrid MBR is no alarm.
#[test]
fn a_windows_for_uefi_does_not_need_it() {
    for (flag, start) in [(0, None), (0x80, None), (0x80, Some(4096u32))] {
        let disk = Disk::raw("win11-uefi-healthy");
        judge("sgdisk", &["--hybrid", "1", disk.name()]);
        disk.put(0x1ce, &[flag]);
        if let Some(start) = start {
            disk.put(0x1ce + 8, &start.to_le_bytes());
        }
        let target = check(&disk, 0);
        assert_eq!((&target["verdict"], &target["disk"]["firmware"]), (&"healthy".into(), &"uefi".into()));
        let notes = target["findings"].to_string().matches("\"hybrid-mbr-entry\"").count();
        assert_eq!(notes, usize::from(start.is_some()));
        bcdrescue(&["fix", disk.name(), "--yes", "--active=1"])
            .exits(8)
            .says("only MBR partitions can be active");
    }
}
