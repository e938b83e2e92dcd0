//! Disks that were converted between MBR and GPT: what a store of the other kind becomes, and where that is not enough.

use std::fs;
use std::os::unix::fs::FileExt;

use serde_json::Value as Json;

use crate::support::disk::Disk;
use crate::support::disk::hash;
use crate::support::judges::hivex;
use crate::support::judges::hivex_difference;
use crate::support::judges::judge;
use crate::support::made_disks::second_windows;
use crate::support::oracle::identities_of_table;
use crate::support::parts::partitions;
use crate::support::program::Run;
use crate::support::program::bcdrescue;
use crate::support::program::text;
use crate::support::store::BIOS;
use crate::support::store::UEFI;
use crate::support::store::named;
use crate::support::store::put_store;
use crate::support::store::store_of;

fn codes(target: &Json) -> Vec<&str> {
    let findings = target["findings"].as_array().unwrap().iter();
    findings.filter(|it| it["severity"] != "note").map(|it| it["code"].as_str().unwrap()).collect()
}

/// Values of the store, as hivex reads it, that are text and end so.
fn programs(store: &[u8], ending: &str) -> usize {
    hivex(store).values().filter(|value| value.to_lowercase().ends_with(ending)).count()
}

/// A disk of one kind with the store of a disk of the other.
fn with_store_of(image: &str, path: &str, other: &str, other_path: &str) -> Disk {
    let disk = Disk::raw(image);
    put_store(&disk, path, &store_of(&Disk::raw(other), other_path));
    disk
}

#[test]
fn a_store_of_the_other_kind_is_converted_where_the_loader_is_there() {
    for (image, path, other, other_path, [old, new], [system, windows], on_system) in [
        ("win11-uefi-healthy", UEFI, "win10-bios-healthy", BIOS, ["exe", "efi"], [0, 2], 2),
        ("win10-bios-healthy", BIOS, "win11-uefi-healthy", UEFI, ["efi", "exe"], [0, 1], 5),
    ] {
        let disk = with_store_of(image, path, other, other_path);
        let before = hash(&disk.path);
        let target = bcdrescue(&["check", disk.name(), "--json"]).exits(4).target();
        assert_eq!(target["verdict"], "broken");
        let codes = codes(&target);
        assert!(codes.contains(&"table-converted") && codes.contains(&"loader-other-firmware"), "{codes:?}");
        assert_eq!(target["stop"]["hop"], "device");
        bcdrescue(&["fix", disk.name(), "--yes"]).exits(4).says(" --convert\n").says("nothing was written");
        let fix = |more: &[&str]| bcdrescue(&[&["fix", disk.name(), "--convert"], more].concat());
        fix(&["--dry-run"]).exits(4).says(&format!("winload.{new}"));
        assert_eq!(hash(&disk.path), before);

        let store = store_of(&disk, path);
        fix(&["--yes"]).exits(1).says("healthy");
        let target = bcdrescue(&["check", disk.name(), "--json"]).exits(0).target();
        assert_eq!(target["verdict"], "healthy");
        let after = store_of(&disk, path);
        let table = identities_of_table(&disk.path);
        // {bootmgr} and {memdiag}; on the BIOS disk the recovery environment too.
        assert_eq!(named(&after, table[system]), on_system);
        assert!(named(&after, table[windows]) >= 4, "device, osdevice, and those of resume");
        let loader = |ending: &str| format!(r"\system32\winload.{ending}");
        assert!(programs(&store, &loader(old)) > 0 && programs(&store, &loader(new)) == 0);
        assert_eq!(
            (programs(&after, &loader(old)), programs(&after, &loader(new))),
            (0, programs(&store, &loader(old)))
        );
        // Nothing but devices and those paths.
        let difference = hivex_difference(&store, &after);
        let is_planned = |path: &String| {
            let element = path.trim_end_matches("\\Element").rsplit('\\').next().unwrap();
            element.as_bytes()[1] == b'1' || element == "12000002"
        };
        assert!(difference.iter().all(is_planned), "{difference:#?}");
        let fixed = hash(&disk.path);
        fix(&["--yes"]).exits(0).says("nothing was written");
        assert_eq!(hash(&disk.path), fixed);
        bcdrescue(&["undo", text(&disk.record()), "--yes"]).exits(1);
        assert_eq!(hash(&disk.path), before);
    }
}

/// A Windows that is seen is not taken for one that is not, nor for one of two; and what is left would no longer be known for this
/// disk's.
#[test]
fn no_windows_is_guessed_and_nothing_converted_by_half() {
    let plain = |_: &Disk| {};
    let encrypted = |disk: &Disk| disk.put(partitions(&disk.path)[2].start + 3, b"-FVE-FS-");
    // In place of its entry that of an extended partition, of which the record is none.
    let lost = |disk: &Disk| {
        disk.put(partitions(&disk.path)[2].start + 510, &[0, 0]);
        disk.put(0x1de + 4, &[5]);
    };
    type Case<'a> = (&'a dyn Fn(&Disk), &'a str);
    let cases: [Case<'_>; 3] = [
        (&plain, "is on partition 2"),
        (&encrypted, "but may also be on partition 3"),
        (&lost, "a missing partition"),
    ];
    for (case, words) in cases {
        let disk = with_store_of("win10-bios-healthy", BIOS, "win11-uefi-healthy", UEFI);
        second_windows(&disk, 2, 3);
        case(&disk);
        let before = hash(&disk.path);
        let fix = |more: &[&str]| {
            bcdrescue(&[&["fix", disk.name(), "--yes", "--convert", "--repoint"], more].concat())
        };
        fix(&[]).exits(8).says(words).says("--windows");
        assert_eq!((hash(&disk.path), disk.records().len()), (before, 0));
        let run = fix(&["--windows=2"]);
        assert!(run.code & 8 == 0 && run.stdout.contains("fixed: "), "{run:?}");
    }
}

#[test]
fn without_a_loader_for_the_firmware_nothing_is_converted() {
    let disk = with_store_of("win11-uefi-healthy", UEFI, "win2008r2-bios-healthy", BIOS);
    let windows = partitions(&disk.path).into_iter().find(|part| part.number == 3).unwrap();
    let raw = fs::OpenOptions::new().write(true).open(&disk.path).unwrap();
    raw.write_all_at(&[0; 4096], windows.start).unwrap();
    let before = hash(&disk.path);
    let loaders =
        |run: Run| run.says("winload.efi that this firmware needs").says("no readable Windows on this disk");
    loaders(bcdrescue(&["check", "-v", disk.name()]).exits(4));
    // What is not Windows' is converted, the entries of Windows are left, and both are said.
    let target = bcdrescue(&["fix", disk.name(), "--convert", "--yes", "--json"]).exits(5).target();
    assert_eq!((&target["action"], &target["verdict"]), (&"written".into(), &"broken".into()));
    bcdrescue(&["undo", text(&disk.record()), "--yes"]).exits(1);
    assert_eq!(hash(&disk.path), before);
}

#[test]
fn a_converted_table_without_an_esp_is_told_what_is_missing() {
    let disk = Disk::raw("win10-bios-healthy");
    judge("sgdisk", &["-g", disk.name()]);
    let target = bcdrescue(&["check", disk.name(), "--json"]).exits(4).target();
    assert_eq!(
        (&target["stop"]["hop"], &target["stop"]["code"]),
        (&"firmware".into(), &"firmware-mismatch".into())
    );
    let said = bcdrescue(&["check", "-v", disk.name()]).exits(4);
    said.says("an EFI system partition").says("sgdisk --new").says("boots from GPT by UEFI only");
    let before = hash(&disk.path);
    bcdrescue(&["fix", disk.name(), "--yes", "--convert"]).exits(4).says("nothing was written");
    bcdrescue(&["fix", disk.name(), "--yes"]).exits(4).says("nothing was written");
    assert_eq!(hash(&disk.path), before);
}

#[test]
fn a_hybrid_mbr_is_an_identity_too() {
    let disk = Disk::raw("win10-bios-healthy");
    let signature = fs::read(&disk.path).unwrap()[0x1b8..0x1bc].to_vec();
    judge("sgdisk", &["-g", disk.name()]);
    judge("sgdisk", &["-h", "1:2", disk.name()]);
    let raw = fs::OpenOptions::new().write(true).open(&disk.path).unwrap();
    raw.write_all_at(&signature, 0x1b8).unwrap();
    // sgdisk writes neither; the protective entry is the first.
    raw.write_all_at(b"stands for boot code", 0).unwrap();
    raw.write_all_at(&[0x80], 0x1ce).unwrap();
    let target = bcdrescue(&["check", disk.name(), "--json"]).exits(0).target();
    assert_eq!((&target["verdict"], &target["disk"]["table"]), (&"healthy".into(), &"gpt".into()));
    // Under another signature nothing is guessed, and nothing written.
    raw.write_all_at(&[1, 2, 3, 4], 0x1b8).unwrap();
    let before = hash(&disk.path);
    bcdrescue(&["fix", disk.name(), "--convert", "--yes"]).exits(4).says("nothing was written");
    assert_eq!(hash(&disk.path), before);
}
