//! A boot manager on a logical partition: boot code in the MBR does not come to it, a boot loader may.

use serde_json::Value as Json;

use crate::support::disk::Disk;
use crate::support::disk::MIB;
use crate::support::disk::hash;
use crate::support::disk::made;
use crate::support::findings::checked;
use crate::support::findings::findings;
use crate::support::findings::hop;
use crate::support::judges::judge;
use crate::support::judges::judge_with;
use crate::support::parts::partitions;
use crate::support::parts::sfdisk;
use crate::support::program::bcdrescue;

/// A Windows 2008 R2 whose system volume is a logical partition in its place, and a primary one of 40 MiB behind all others, which
/// is partition 3.
fn disk() -> Disk {
    let disk = Disk::raw("win2008r2-bios-healthy");
    let id = String::from_utf8(judge("sfdisk", &["--disk-id", disk.name()])).unwrap();
    let parts = partitions(&disk.path);
    let [system, windows] = &parts[..] else { panic!("two partitions") };
    let [start, size] = [windows.start / 512, windows.len / 512];
    let end = start + size;
    let file = std::fs::OpenOptions::new().write(true).open(&disk.path).unwrap();
    file.set_len(end * 512 + 50 * MIB).unwrap();
    let table = format!(
        "label: dos\nlabel-id: {}\n1: start=64, size={}, type=5\n2: start={start}, size={size}, type=7\n3: start={}, size={}, type=83\n5: start={}, size={}, type=7\n",
        id.trim(),
        start - 64,
        end + 2048,
        40 * MIB / 512,
        system.start / 512,
        system.len / 512,
    );
    sfdisk(&disk.path, &table);
    disk
}

/// The third entry with a boot flag, and ext4 on its volume.
fn with_linux(disk: &Disk, boot_record: bool) {
    let start = partitions(&disk.path).into_iter().find(|part| part.number == 3).unwrap().start;
    let volume = disk.folder.path().join("linux.volume");
    std::fs::File::create(&volume).unwrap().set_len(40 * MIB).unwrap();
    judge("mkfs.ext4", &["-q", "-F", volume.to_str().unwrap()]);
    disk.put(start, &std::fs::read(&volume).unwrap());
    std::fs::remove_file(volume).unwrap();
    if boot_record {
        disk.put(start, b"stands for GRUB's boot.img");
        disk.put(start + 0x1fe, &[0x55, 0xaa]);
    }
    disk.put(0x1de, &[0x80]);
}

#[track_caller]
fn finding(target: &Json) -> &Json {
    let [finding] = findings(target, "system-volume-logical").try_into().unwrap();
    assert_eq!(finding["subject"], "partition 5 (System Reserved)");
    finding
}

#[test]
fn boot_code_does_not_come_to_it() {
    let plain = disk();
    let active_windows = disk();
    active_windows.put(0x1ce, &[0x80]);
    let linux = disk();
    with_linux(&linux, false);
    for disk in [&plain, &active_windows, &linux] {
        let target = checked(disk, 4, "broken");
        assert_eq!(
            (&target["stop"]["hop"], &target["stop"]["code"]),
            (&"active partition".into(), &"system-volume-logical".into())
        );
        assert!(finding(&target)["remedy"].as_str().unwrap().contains("fix --rebuild"));
        let screen = bcdrescue(&["check", "-v", disk.name()]).exits(4);
        assert!(!screen.stdout.contains("bootsect"), "{}", screen.stdout);
        let before = hash(&disk.path);
        bcdrescue(&["fix", disk.name(), "--yes"]).exits(4).says("nothing was written");
        bcdrescue(&["fix", disk.name(), "--yes", "--active=5"]).exits(8).says("is a logical partition");
        assert_eq!(hash(&disk.path), before);
    }
    plain.put(0, &[0; 440]);
    assert_eq!(checked(&plain, 4, "broken")["stop"]["code"], "boot-code-missing");
}

#[test]
fn a_boot_loader_may() {
    let in_mbr = disk();
    in_mbr.put(0x180, b"GRUB ");
    let in_partition = disk();
    with_linux(&in_partition, true);
    for disk in [&in_mbr, &in_partition] {
        let target = checked(disk, 4, "degraded");
        assert_eq!(
            (&target["stop"], &hop(&target, "active partition")["state"]),
            (&Json::Null, &"unknown".into())
        );
        assert!(finding(&target)["evidence"].to_string().contains("depends on its own files"));
        let screen = bcdrescue(&["check", "-v", disk.name()]).exits(4);
        assert!(!screen.stdout.contains("bootsect"), "{}", screen.stdout);
    }
}

/// The way out that is named works, with programs of others, and the store needs nothing.
#[test]
fn a_primary_partition_in_its_place_starts() {
    let disk = disk();
    judge_with("fixparts", &[disk.name()], b"r\n5\nw\ny\n");
    let system = partitions(&disk.path).into_iter().find(|part| part.start == MIB).unwrap();
    assert!(system.number <= 4, "{system:?}");
    bcdrescue(&["fix", disk.name(), "--yes", "--boot-sector", &format!("--active={}", system.number)])
        .exits(1)
        .says("verified: healthy");
}

/// NTLDR has no store, and `bcdboot` makes none for it.
#[test]
fn of_ntldr_nobody_speaks_of_a_store() {
    let disk = made("base = 'win2003-bios'\ndamage = ['system-logical']", "disk.qcow2");
    let target = checked(&disk, 4, "broken");
    let [finding] = findings(&target, "system-volume-logical").try_into().unwrap();
    assert_eq!(
        finding["remedy"],
        "convert it to a primary partition at the same place (`fixparts DISK`), correct partition() in \
         boot.ini, then run check again"
    );
}
