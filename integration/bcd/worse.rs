//! What an edit does to the start is said before it is made, and it is made all the same; and what partitions and entries are called.

use std::fs;

use crate::support::disk::Disk;
use crate::support::disk::hash;
use crate::support::findings::checked;
use crate::support::program::Run;
use crate::support::program::bcdrescue;
use crate::support::program::text;

const STOPS: &str = "WARNING: with this edit Windows does not start any more.";

fn bcd(words: &str, disk: &Disk, more: &[&str]) -> Run {
    let words: Vec<&str> =
        words.split(' ').map(|word| if word == "DISK" { disk.name() } else { word }).collect();
    bcdrescue(&[&["bcd"], &words[..], more].concat())
}

/// The edit is told dry, as that of a disk which then stops, with these words; made by --yes; and what was told is so. Undo brings back
/// every byte.
#[track_caller]
fn makes_worse(name: &str, words: &str, says: &[&str]) {
    let disk = Disk::raw(name);
    let before = hash(&disk.path);
    let mut dry = bcd(words, &disk, &["--dry-run"]).exits(4).says(STOPS);
    for word in says {
        dry = dry.says(word);
    }
    let told = bcd(words, &disk, &["--dry-run", "--json"]).exits(4).target();
    assert_eq!(
        (told["verdict_before"].as_str(), told["verdict_after"].as_str()),
        (Some("healthy"), Some("broken"))
    );
    assert!(!told["new_faults"].as_array().unwrap().is_empty(), "{told:#}");
    assert_eq!(hash(&disk.path), before);
    // Nobody is there to be asked.
    bcd(words, &disk, &[]).exits(16).says(STOPS).says("--yes");
    assert_eq!(hash(&disk.path), before);

    bcd(words, &disk, &["--yes"]).exits(0).says(STOPS).says("the disk is BROKEN");
    checked(&disk, 4, "broken");
    bcdrescue(&["undo", text(&disk.record()), "--yes"]).exits(1).says("every byte is as it was");
    assert_eq!(hash(&disk.path), before);
}

#[test]
fn an_edit_that_stops_windows_is_said_and_made() {
    let (bios, uefi) = ("win2008r2-bios-healthy", "win11-uefi-healthy");
    let of_uefi = r"\Windows\system32\winload.efi is not on partition 1";
    makes_worse(
        bios,
        "set DISK device partition=1",
        &[r"\Windows\system32\winload.exe is not on partition 1"],
    );
    makes_worse(uefi, "set DISK device partition=1", &[of_uefi]);
    makes_worse(uefi, "set DISK osdevice partition=1", &["is not on partition 1"]);
    for name in [bios, uefi] {
        makes_worse(
            name,
            r"set DISK path \Windows\nothing.exe",
            &[r"\Windows\nothing.exe is not on partition"],
        );
        makes_worse(name, r"set DISK systemroot \Nothing", &[r"\Nothing is not on partition"]);
        makes_worse(name, "unset DISK osdevice", &["no `osdevice`"]);
        makes_worse(name, "delete DISK {bootmgr} --force", &["the store has no {bootmgr}"]);
        makes_worse(name, "delete DISK {current}", &["nothing boots"]);
    }
    // Its default is an entry that is not in the store, so that nothing is left but the menu.
    makes_worse(bios, "unset DISK {bootmgr} displayorder", &["nothing boots"]);
    makes_worse(bios, "displayorder DISK {current} --remove", &["nothing boots"]);
}

/// With a menu, or with a default, the other one is not needed.
#[test]
fn an_edit_that_does_not_stop_windows_is_not_said_to() {
    let disk = Disk::raw("win11-uefi-healthy");
    let before = hash(&disk.path);
    let other = "set DISK {bootmgr} default {aaaaaaaa-fc0c-11de-8f38-8e2c5384be89}";
    for words in
        [other, "unset DISK {bootmgr} displayorder", "unset DISK {bootmgr} default", "set DISK nx AlwaysOff"]
    {
        let run = bcd(words, &disk, &["--yes"]).exits(0).says("Windows should start as before.");
        assert!(!run.stdout.contains("WARNING"), "{}", run.stdout);
        checked(&disk, 0, "healthy");
        let record = disk.record();
        bcdrescue(&["undo", text(&record), "--yes"]).exits(1);
        assert_eq!(hash(&disk.path), before, "{words}");
        fs::remove_file(record).unwrap();
    }
    bcd("delete DISK {bootmgr}", &disk, &["--yes"]).exits(8).says("--force");
    assert_eq!(hash(&disk.path), before);
}

/// The disk of the article: its identity changed, and the entry is given its partitions by hand.
#[test]
fn an_edit_that_repairs_is_said_to() {
    for (name, windows) in [("win2008r2-bios", 2), ("win11-uefi", 3), ("win2022-uefi-4kn", 3)] {
        let disk = Disk::raw(name);
        let before = hash(&disk.path);
        // The letters of Windows are kept with the old identity.
        let by =
            if name.contains("uefi") { format!("partition={windows}") } else { "partition=C:".to_owned() };
        bcd("set DISK {bootmgr} device partition=1", &disk, &["--yes"]).exits(0);
        bcd(&format!("set DISK device {by}"), &disk, &["--yes"])
            .exits(0)
            .says("Windows does not start now, and would not after this edit; see check.")
            .says("the disk is BROKEN");
        bcd(&format!("set DISK osdevice partition={windows}"), &disk, &["--dry-run"])
            .exits(4)
            .says("Windows should then start.");
        bcd(&format!("set DISK osdevice partition={windows}"), &disk, &["--yes"])
            .exits(0)
            .says("Windows should then start.");
        let verdict = bcdrescue(&["check", disk.name(), "--json"]).target()["verdict"].clone();
        assert!(verdict == "healthy" || verdict == "degraded", "{verdict}");
        let mut records = disk.records();
        records.sort_by_key(|record| fs::metadata(record).unwrap().modified().unwrap());
        assert!(records.len() >= 2, "{records:?}");
        for record in records.iter().rev() {
            bcdrescue(&["undo", text(record), "--yes"]).exits(1);
        }
        assert_eq!(hash(&disk.path), before, "{name}");
    }
}

#[test]
fn names_of_partitions_and_entries() {
    let mbr = ["win2008r2-bios-healthy", "1 (System Reserved), 2 (Windows)"];
    let gpt = ["win11-uefi-healthy", "1 (SYSTEM), 2"];
    for [name, listed] in [mbr, gpt] {
        let disk = Disk::raw(name);
        let before = hash(&disk.path);
        let no = |words: &str, says: &[&str]| {
            let mut run = bcd(words, &disk, &["--yes"]).exits(8);
            for word in says {
                run = run.says(word);
            }
        };
        no("set DISK device partition=9", &["no partition 9 on this disk", listed]);
        no("set DISK device partition=Q:", &["no drive Q: on this disk", "C: is partition", listed]);
        no("set DISK --entry {aaaaaaaa-fc0c-11de-8f38-8e2c5384be89} nx OptIn", &["no object {aaaaaaaa-fc0c"]);
        no("set DISK {aaaaaaaa-fc0c-11de-8f38-8e2c5384be89} nx OptIn", &["no object {aaaaaaaa-fc0c"]);
        no("set DISK nx Sometimes", &["OptIn", "OptOut", "AlwaysOn", "AlwaysOff"]);
        for words in [
            "set DISK device partition=C:",
            "set DISK osdevice partition=c:",
            "set DISK {bootmgr} timeout 30",
        ] {
            bcd(words, &disk, &["--yes"]).exits(0).says("nothing to do: already set");
        }
        assert_eq!((hash(&disk.path), disk.records().len()), (before, 0), "{name}");
    }
    // {current} is what the user says.
    let disk = Disk::raw("win2008r2-bios-healthy");
    let recovery = "{ca73fe24-fc0c-11de-8f38-8e2c5384be89}";
    bcd("set DISK description WinRE", &disk, &["--entry", recovery, "--yes"]).exits(0).says(recovery);
    let run = bcd("get DISK", &disk, &[recovery, "description"]).exits(0);
    assert!(run.stdout.contains("WinRE"), "{}", run.stdout);
}

/// Of two stores with one path it has to be said which; of two with two paths, the one that firmware starts is meant.
#[test]
fn which_store_of_two() {
    let disk = Disk::raw("win11-uefi-healthy");
    let recovery = r"\EFI\Microsoft\Recovery\BCD";
    bcd("set DISK {bootmgr} timeout 7", &disk, &["--yes"])
        .exits(0)
        .says(r"\EFI\Microsoft\Boot\BCD on partition 1");
    bcd("set DISK {bootmgr} timeout 9", &disk, &["--yes", "--store-path", recovery]).exits(0).says(recovery);
    let timeout = |more: &[&str]| bcd("get DISK {bootmgr} timeout", &disk, more).exits(0).stdout;
    let timeouts = [timeout(&[]), timeout(&["--store-path", recovery])];
    assert!(timeouts[0].contains('7') && timeouts[1].contains('9'), "{timeouts:?}");
    for path in [r"\EFI\Nothing", r"2:\EFI\Microsoft\Boot\BCD"] {
        bcd("set DISK {bootmgr} timeout 8", &disk, &["--yes", "--store-path", path])
            .exits(8)
            .says(&format!(r"it has 1:\EFI\Microsoft\Boot\BCD, 1:{recovery}"));
    }
}
