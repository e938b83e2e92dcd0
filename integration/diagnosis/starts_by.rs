//! Which firmware starts a disk: of the test disks, and of one that both start. What firmware in QEMU does with them is in
//! `rebuild::other_firmware`.

use serde_json::Value as Json;

use crate::support::both_firmwares::both;
use crate::support::both_firmwares::starts_on;
use crate::support::disk::Disk;
use crate::support::judges::judge;
use crate::support::judges::put_fat;
use crate::support::parts::change_listed;
use crate::support::program::bcdrescue;
use crate::support::program::text;

#[test]
fn the_test_disks_start_by_one_firmware() {
    for (name, bios, uefi) in [
        ("win10-bios", "yes", "no"),
        ("win11-uefi", "no", "yes"),
        ("win2003-bios", "yes", "no"),
        ("win2008r2-bios", "yes", "no"),
        ("win2008sp2-bios", "yes", "no"),
        ("win2022-uefi-4kn", "no", "yes"),
        ("win7-logical", "yes", "no"),
    ] {
        let healthy = Disk::of(&format!("{name}-healthy"));
        assert_eq!(starts_on(&healthy), [bios, uefi], "{name}");
        for (firmware, answer) in [("bios", bios), ("uefi", uefi)] {
            let requirement = format!("starts-on-{firmware}");
            let run = bcdrescue(&["check", healthy.name(), "--require", &requirement]);
            match answer {
                "yes" => run.exits(0).says("starts on "),
                _ => run.exits(4).says(&format!("{requirement}: ")),
            };
        }
        // What does not start for its store starts by neither; NTLDR has none.
        if name != "win2003-bios" {
            let broken = Disk::of(name);
            assert_eq!(starts_on(&broken), ["no", "no"], "{name}");
            bcdrescue(&["fix", broken.name(), "--yes"]).exits(1);
            assert_eq!(starts_on(&broken), [bios, uefi], "{name}");
        }
    }
}

#[test]
fn a_disk_for_both_loses_one_of_them() {
    let disk = both();
    assert_eq!(starts_on(&disk), ["yes", "yes"]);
    bcdrescue(&["check", disk.name()]).exits(0).says("starts on BIOS and UEFI");
    bcdrescue(&["check", disk.name(), "--require", "starts-on-bios,starts-on-uefi"]).exits(0);
    bcdrescue(&["list", disk.name()]).exits(0).says("starts on BIOS and UEFI");

    let without = |file: &str| {
        let disk = both();
        change_listed(&disk, 1, |volume| drop(judge("mdel", &["-i", text(volume), &format!("::{file}")])));
        let target = bcdrescue(&["check", disk.name(), "--json"]).target();
        (starts_on(&disk), target["disk"]["starts_on"].clone())
    };
    let reason = |said: &Json, firmware: &str| said[firmware]["reason"].as_str().unwrap().to_owned();
    let (answers, said) = without("/EFI/Microsoft/Boot/BCD");
    assert_eq!(answers, ["yes", "no"]);
    assert!(reason(&said, "uefi").contains(r"\EFI\Microsoft\Boot\BCD is missing on partition 1"), "{said}");
    let (answers, said) = without("/EFI/Boot/bootx64.efi");
    assert_eq!(answers, ["yes", "unknown"]);
    assert!(reason(&said, "uefi").contains("needs an entry of its own"), "{said}");
    let (answers, said) = without("/bootmgr");
    // What blocks the start and is of no store may be of both.
    assert_eq!(answers, ["no", "unknown"]);
    assert!(reason(&said, "bios").contains(r"no volume has \bootmgr"), "{said}");

    // Not active; no boot code; a boot record that starts nothing.
    for (at, bytes, why) in [
        (0x1be, &[0][..], "not exactly one partition is active"),
        (0, &[0; 440], "the MBR has no boot code"),
        ((1 << 20) + 0x5a, &[0; 400], "the boot record of the active partition"),
    ] {
        let disk = both();
        disk.put(at, bytes);
        let target = bcdrescue(&["check", disk.name(), "--json"]).target();
        let said = &target["disk"]["starts_on"];
        let [bios, uefi] = starts_on(&disk);
        assert!(bios == "no" && uefi != "no", "{why}: {said}");
        assert!(reason(said, "bios").contains(why), "{said}");
    }
}

#[test]
fn without_a_fallback_loader_uefi_needs_an_entry() {
    let disk = Disk::raw("win11-uefi-healthy");
    change_listed(&disk, 1, |volume| drop(judge("mdel", &["-i", text(volume), "::/EFI/Boot/bootx64.efi"])));
    assert_eq!(starts_on(&disk), ["no", "unknown"]);
    bcdrescue(&["check", disk.name(), "--require", "starts-on-uefi"])
        .exits(4)
        .says("the firmware needs an entry of its own");
}

/// What is there and ruined, or for another processor, starts nothing: on the disk for both, and on one for UEFI.
#[test]
fn what_is_ruined_does_not_start() {
    let zeros = |volume: &std::path::Path, path: &str| put_fat(volume, path, &[0; 4096]);
    let manager = "/EFI/Microsoft/Boot/bootmgfw.efi";
    let disk = both();
    change_listed(&disk, 1, |volume| {
        [manager, "/EFI/Boot/bootx64.efi"].iter().for_each(|path| zeros(volume, path))
    });
    assert_eq!(starts_on(&disk), ["yes", "unknown"]);
    bcdrescue(&["check", disk.name(), "--require", "starts-on-uefi"]).exits(4);
    let disk = both();
    change_listed(&disk, 1, |volume| zeros(volume, "/bootmgr"));
    assert_ne!(starts_on(&disk)[0], "yes");
    // It believes to be elsewhere: "A disk read error occurred".
    let disk = both();
    disk.put((1 << 20) + 0x1c, &63u32.to_le_bytes());
    assert_eq!(starts_on(&disk), ["unknown", "yes"]);
    bcdrescue(&["check", disk.name(), "--require", "starts-on-bios"]).exits(4);

    let disk = Disk::raw("win11-uefi-healthy");
    change_listed(&disk, 1, |volume| zeros(volume, "/EFI/Boot/bootx64.efi"));
    assert_eq!(starts_on(&disk), ["no", "unknown"]);
    let disk = Disk::raw("win11-uefi-healthy");
    change_listed(&disk, 1, |volume| {
        drop(judge("mren", &["-i", text(volume), "::/EFI/Boot/bootx64.efi", "::/EFI/Boot/bootia32.efi"]));
    });
    assert_eq!(starts_on(&disk), ["no", "unknown"]);
}

#[test]
fn what_is_no_windows_disk_starts_by_nothing() {
    let folder = crate::support::disk::folder();
    let path = folder.path().join("empty.img");
    std::fs::File::create(&path).unwrap().set_len(1 << 24).unwrap();
    let run = bcdrescue(&["check", text(&path), "--require", "starts-on-bios"]).exits(4);
    run.says("starts-on-bios: BIOS does not start it: it is not a Windows disk");
}
