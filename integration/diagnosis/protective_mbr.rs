//! The protective MBR of a GPT: none, a wrong one, another MBR in its place, or an MBR that is meant. sgdisk and sfdisk see what was written.

use std::fs;
use std::os::unix::fs::FileExt;

use serde_json::Value as Json;

use crate::support::disk::Disk;
use crate::support::disk::MIB;
use crate::support::disk::hash;
use crate::support::disk::made;
use crate::support::findings::checked;
use crate::support::findings::findings;
use crate::support::findings::has;
use crate::support::findings::hop;
use crate::support::judges::judge;
use crate::support::judges::judge_with;
use crate::support::parts::partitions;
use crate::support::program::bcdrescue;
use crate::support::program::text;

/// LBA 0.
fn first_sector(disk: &Disk) -> Vec<u8> {
    let mut bytes = vec![0; 512];
    fs::File::open(&disk.path).unwrap().read_exact_at(&mut bytes, 0).unwrap();
    bytes
}

/// An entry of an MBR.
fn entry(kind: u8, start: u64, sectors: u64) -> Vec<u8> {
    let number = |number: u64| u32::try_from(number).unwrap().to_le_bytes();
    [&[0, 0, 2, 0, kind, 0xff, 0xff, 0xff], &number(start)[..], &number(sectors)[..]].concat()
}

/// The disk with something as boot code and signature, which a repair has to keep.
fn disk(image: &str) -> Disk {
    let disk = Disk::raw(image);
    disk.put(0, b"stands for boot code");
    disk.put(0x1b8, &[0xde, 0xc0, 0xad, 0x0b]);
    disk
}

/// The only thing that is wrong is said, cured by the command that is shown, and undone.
#[track_caller]
fn cured(disk: &Disk, code: &str, status: Option<&str>, judges: bool) {
    let target = checked(disk, 4, "broken");
    let stop = &target["stop"];
    assert_eq!((&stop["hop"], &stop["code"]), (&"protective MBR".into(), &code.into()), "{target:#}");
    assert_eq!(stop["predicted_status"].as_str(), status);
    assert_eq!((&target["disk"]["table"], &target["restore_identity"]), (&"gpt".into(), &Json::Null));
    let command = format!("bcdrescue fix {} --protective-mbr", disk.name());
    assert_eq!(target["fix"]["command"], command.as_str());
    let screen = bcdrescue(&["check", "-v", disk.name()]).exits(4).says(&command);
    assert!(!screen.stdout.contains("disk-id"), "{}", screen.stdout);
    let (before, sector) = (hash(&disk.path), first_sector(disk));
    bcdrescue(&["fix", disk.name(), "--yes"]).exits(4).says("nothing was written");
    let fix = |more: &[&str]| bcdrescue(&[&["fix", disk.name(), "--protective-mbr"], more].concat());
    fix(&["--dry-run"]).exits(4).says("protective MBR: ").says("1 sector");
    assert_eq!(hash(&disk.path), before);
    fix(&["--yes"]).exits(1).says("verified: healthy");
    checked(disk, 0, "healthy");
    assert_eq!(first_sector(disk)[..0x1be], sector[..0x1be]);
    if judges {
        let verified = String::from_utf8(judge("sgdisk", &["-v", disk.name()])).unwrap();
        assert!(verified.contains("No problems found"), "{verified}");
        judge("sfdisk", &["--verify", disk.name()]);
    }
    let fixed = hash(&disk.path);
    fix(&["--yes"]).exits(0).says("nothing was written");
    assert_eq!(hash(&disk.path), fixed);
    bcdrescue(&["undo", text(&disk.record()), "--yes"]).exits(1);
    assert_eq!(hash(&disk.path), before);
}

#[test]
fn a_missing_one_is_written() {
    for image in ["win11-uefi-healthy", "win2022-uefi-4kn-healthy"] {
        let is_plain = image.starts_with("win11");
        let wiped = disk(image);
        wiped.put(0, &[0; 512]);
        cured(&wiped, "protective-mbr-missing", None, is_plain);
        let unsigned = disk(image);
        unsigned.put(0x1fe, &[0, 0]);
        cured(&unsigned, "protective-mbr-missing", None, is_plain);
        let elsewhere = disk(image);
        elsewhere.put(0x1c6, &[63]);
        cured(&elsewhere, "protective-mbr-wrong", None, is_plain);
        assert_eq!(hop(&checked(&elsewhere, 4, "broken"), "protective MBR")["evidence"], "from sector 63");
    }
}

/// The store names the GPT: that is meant, whatever lies over it.
#[test]
fn an_mbr_over_the_gpt_is_replaced() {
    for (image, size) in [("win11-uefi-healthy", 512), ("win2022-uefi-4kn-healthy", 4096)] {
        let is_plain = size == 512;
        let esp = entry(7, MIB / size, 100 * MIB / size);
        let whole = entry(7, 63, 1000);
        for (entries, status) in [
            (esp.clone(), Some("0xc000000e")),
            (whole.clone(), None),
            (vec![0; 16], None),
            ([whole, esp].concat(), Some("0xc000000e")),
        ] {
            let disk = disk(image);
            disk.put(0x1be, &[0; 64]);
            disk.put(0x1be, &entries);
            cured(&disk, "mbr-over-gpt", status, is_plain);
            let count = entries.chunks(16).filter(|entry| entry[4] != 0).count();
            let screen = bcdrescue(&["fix", disk.name(), "--protective-mbr", "--dry-run"]).exits(4);
            assert_eq!(screen.stdout.contains("; lost: entry 1 of the MBR, type 07, "), count > 0);
        }
    }
}

/// The GUIDs changed too: one command cures both.
#[test]
fn it_goes_with_a_repointing() {
    for foreign in [false, true] {
        let disk = disk("win11-uefi");
        disk.put(0x1be, &[0; 64]);
        if foreign {
            disk.put(0x1be, &entry(7, MIB / 512, 100 * MIB / 512));
        }
        let target = checked(&disk, 4, "broken");
        assert_eq!(target["stop"]["hop"], "protective MBR");
        assert!(
            target["fix"]["command"].as_str().unwrap().contains(" --protective-mbr"),
            "{:#}",
            target["fix"]
        );
        let before = hash(&disk.path);
        bcdrescue(&["fix", disk.name(), "--yes", "--protective-mbr", "--repoint"])
            .exits(1)
            .says("verified: healthy");
        bcdrescue(&["undo", text(&disk.record()), "--yes"]).exits(1);
        assert_eq!(hash(&disk.path), before);
    }
}

/// By the GPT no firmware comes to the volume with the store, by the MBR it does: what that store names tells all the same.
#[test]
fn the_gpt_is_meant_where_the_store_is_found_by_the_mbr() {
    let recipe = "base = 'win11-uefi'\ndamage = ['esp-ntfs', 'mbr-over-gpt']";
    let target = checked(&made(recipe, "disk.qcow2"), 4, "broken");
    assert_eq!((&target["disk"]["table"], &target["stop"]["code"]), (&"gpt".into(), &"mbr-over-gpt".into()));
}

/// No signature makes an MBR the GPT that the store refers to.
#[test]
fn no_signature_is_advised_where_the_store_refers_to_a_gpt() {
    let disk = disk("win11-uefi-healthy");
    let parts = partitions(&disk.path);
    let end = fs::metadata(&disk.path).unwrap().len();
    for (from, to) in [(512, 34 * 512), (end - 33 * 512, end)] {
        disk.put(from, &vec![0; usize::try_from(to - from).unwrap()]);
    }
    let entries =
        [(0xef, &parts[0]), (7, &parts[2])].map(|(kind, at)| entry(kind, at.start / 512, at.len / 512));
    disk.put(0x1b8, &[0; 4]);
    disk.put(0x1be, &[entries.concat(), vec![0; 32]].concat());
    let target = checked(&disk, 4, "broken");
    assert_eq!((&target["disk"]["table"], &target["stop"]["hop"]), (&"mbr".into(), &"device".into()));
    bcdrescue(&["check", "-v", disk.name()])
        .exits(4)
        .says("the store refers to a GPT disk, but this disk has an MBR");
    assert!(!target.to_string().contains("disk-id"), "{target:#}");
}

/// A boot flag stops EDK2's firmware, and no other that is known.
#[test]
fn a_boot_flag_is_a_doubt() {
    let disk = disk("win11-uefi-healthy");
    disk.put(0x1be, &[0x80]);
    let target = checked(&disk, 4, "degraded");
    assert_eq!(findings(&target, "protective-mbr-wrong")[0]["switch"], "--protective-mbr");
    assert_eq!(hop(&target, "protective MBR")["state"], "unknown");
    bcdrescue(&["fix", disk.name(), "--yes", "--protective-mbr"]).exits(1).says("verified: healthy");
}

/// What a tool that knows no GPT left behind is no reason to doubt an MBR whose store names it.
#[test]
fn a_gpt_that_was_left_behind_is_a_note() {
    let disk = Disk::raw("win10-bios-healthy");
    let mut sectors = vec![0; 512];
    fs::File::open(&disk.path).unwrap().read_exact_at(&mut sectors, 0).unwrap();
    judge("sgdisk", &["-g", disk.name()]);
    disk.put(0, &sectors);
    let target = checked(&disk, 0, "healthy");
    assert_eq!(target["disk"]["table"], "mbr");
    assert!(findings(&target, "partition-table")[0]["message"].as_str().unwrap().contains("a leftover"));
    assert!(!has(&target, "mbr-over-gpt"));
    let before = hash(&disk.path);
    bcdrescue(&["fix", disk.name(), "--yes", "--protective-mbr"]).exits(0).says("nothing was written");
    assert_eq!(hash(&disk.path), before);
}

/// A BIOS that starts by a hybrid MBR does not ask for it, and its entries are not taken away.
#[test]
fn a_hybrid_mbr_that_starts_windows_is_left() {
    let disk = Disk::raw("win10-bios-healthy");
    let kept = first_sector(&disk)[..0x1be].to_vec();
    judge("sgdisk", &["-g", disk.name()]);
    judge("sgdisk", &["--hybrid", "1:2", disk.name()]);
    disk.put(0, &kept);
    disk.put(0x1ce, &[0x80]);
    checked(&disk, 0, "healthy");
    disk.put(0x1c6, &[63]);
    let target = checked(&disk, 0, "healthy");
    assert_eq!(findings(&target, "protective-mbr-wrong")[0]["severity"], "note");
    let before = hash(&disk.path);
    bcdrescue(&["fix", disk.name(), "--yes", "--protective-mbr"]).exits(0).says("nothing was written");
    assert_eq!(hash(&disk.path), before);
}

/// Beside another disk it is known by the identity that is meant, as by itself.
#[test]
fn an_mbr_over_a_gpt_beside_another_disk_is_known_by_the_gpt() {
    let sound = Disk::raw("win11-uefi-healthy");
    let over = made("base = 'win11-uefi'\ndamage = ['mbr-over-gpt']\n", "over.qcow2");
    let collides = |other: &Disk| {
        let first = bcdrescue(&["check", sound.name(), other.name(), "--json"]).target();
        assert_eq!(first["target"], sound.name());
        has(&first, "identity-collision")
    };
    assert!(collides(&Disk::raw("win11-uefi-healthy")) && collides(&over));
    // A GPT that was left behind is none.
    let left = Disk::raw("win10-bios-healthy");
    let end = fs::metadata(&sound.path).unwrap().len();
    for (from, to) in [(512, 34 * 512), (end - 33 * 512, end)] {
        let mut bytes = vec![0; usize::try_from(to - from).unwrap()];
        fs::File::open(&sound.path).unwrap().read_exact_at(&mut bytes, from).unwrap();
        left.put(from, &bytes);
    }
    assert!(!collides(&left));
}

/// The start of the disk was overwritten, or an MBR was written over it, and only the backup is left: what is advised writes it anew.
#[test]
fn the_backup_alone_is_found_and_named() {
    let esp = entry(7, 2048, 2_095_104);
    let over_it = [&[0x80][..], &esp[1..]].concat();
    for (entries, code, answer) in [
        (None, "protective-mbr-missing", "1"),
        (Some(over_it), "mbr-over-gpt", "2"),
        (Some(vec![0; 16]), "mbr-over-gpt", "2"),
    ] {
        let disk = Disk::raw("win11-uefi-healthy");
        disk.put(0, &[0; 1024]);
        if let Some(entries) = &entries {
            disk.put(0x1be, entries);
            disk.put(0x1fe, &[0x55, 0xaa]);
        }
        let target = checked(&disk, 4, "broken");
        let stop = &target["stop"];
        assert_eq!((&stop["hop"], &target["disk"]["table"]), (&"protective MBR".into(), &"gpt".into()));
        assert_eq!(stop["code"], code);
        let screen = bcdrescue(&["check", disk.name(), "-v"])
            .exits(4)
            .says("backup GPT at the end of the disk is valid");
        assert!(
            !screen.stdout.contains("disk-id") && !screen.stdout.contains("--protective-mbr"),
            "{}",
            screen.stdout
        );
        bcdrescue(&["fix", disk.name(), "--yes", "--protective-mbr"]).exits(4).says("nothing was written");
        let advice = findings(&target, code)[0]["remedy"].as_str().unwrap();
        assert!(advice.contains("`gdisk ") && advice.ends_with("r, b, w"), "{advice}");
        judge_with("gdisk", &[disk.name()], format!("{answer}\nr\nb\nw\ny\n").as_bytes());
        let verified = String::from_utf8(judge("sgdisk", &["-v", disk.name()])).unwrap();
        assert!(verified.contains("No problems found"), "{verified}");
        checked(&disk, 0, "healthy");
    }
}

/// A backup of no use to anybody stays unseen: a volume of the whole disk, or partitions where nothing begins.
#[test]
fn a_backup_that_nothing_bears_out_is_no_table() {
    let disk = Disk::raw("win11-uefi-healthy");
    disk.put(0, &[0; 1024]);
    for at in [MIB, 239_616 * 512, 1_832_960 * 512] {
        disk.put(at, &[0; 512]);
    }
    let target = bcdrescue(&["check", disk.name(), "--json"]).target();
    assert_eq!(target["disk"]["table"], "none");
}

/// A copy of a boot record over LBA 0 does not make a volume of the disk.
#[test]
fn a_boot_record_over_it_is_cured() {
    for from in [MIB, 239_616 * 512] {
        let disk = Disk::raw("win11-uefi-healthy");
        let mut record = vec![0; 512];
        fs::File::open(&disk.path).unwrap().read_exact_at(&mut record, from).unwrap();
        disk.put(0, &record);
        cured(&disk, "protective-mbr-missing", None, true);
    }
}

/// Which of the two copies is sound is said.
#[test]
fn a_damaged_backup_is_not_called_sound() {
    let disk = disk("win11-uefi-healthy");
    disk.put(0, &[0; 512]);
    disk.put((1 << 30) - 512, &[0; 512]);
    let target = checked(&disk, 4, "broken");
    let evidence = findings(&target, "protective-mbr-missing")[0]["evidence"].to_string();
    assert!(evidence.contains("the primary GPT is valid: 4 partitions"), "{evidence}");
}
