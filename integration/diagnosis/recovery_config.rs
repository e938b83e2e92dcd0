//! `ReAgent.xml`: what is said where it names another disk, another place, or no entry; and what is not.
//!
//! Windows' own file is put on a FAT volume in the place of the Windows volume, for no tool at hand makes a directory on
//! an NTFS that is not mounted; the copies stand where the images have them.

use std::fs;
use std::os::unix::fs::FileExt;

use serde_json::Value as Json;

use crate::support::disk::Disk;
use crate::support::disk::hash;
use crate::support::judges::judge;
use crate::support::judges::put_fat;
use crate::support::judges::put_ntfs;
use crate::support::parts::change;
use crate::support::parts::partitions;
use crate::support::program::bcdrescue;
use crate::support::program::text;
use crate::support::recovery_config::COPY;
use crate::support::recovery_config::GPT;
use crate::support::recovery_config::MBR;
use crate::support::recovery_config::NO_GUID;
use crate::support::recovery_config::OWN;
use crate::support::recovery_config::Right;
use crate::support::recovery_config::entry;
use crate::support::recovery_config::start;
use crate::support::recovery_config::xml;
use crate::support::stand_in;

/// The disk with a Windows volume on which this file is.
fn with_own(name: &str, right: &Right, bytes: &[u8]) -> Disk {
    let disk = Disk::raw(name);
    let file = disk.folder.path().join("fat.volume");
    fs::write(&file, vec![0; 40 << 20]).unwrap();
    judge("mkfs.fat", &["-F", "32", text(&file)]);
    for path in
        ["winload.efi", "winload.exe", "winresume.efi", "winresume.exe", "ntoskrnl.exe", "config/SYSTEM"]
    {
        put_fat(&file, &format!("/Windows/System32/{path}"), &stand_in::of(path));
    }
    put_fat(&file, OWN, bytes);
    let part = partitions(&disk.path).into_iter().find(|part| part.number == right.windows).unwrap();
    let target = fs::OpenOptions::new().write(true).open(&disk.path).unwrap();
    target.write_all_at(&fs::read(&file).unwrap(), part.start).unwrap();
    fs::remove_file(file).unwrap();
    disk
}

/// Findings about the file; all are notes.
fn findings(disk: &Disk) -> Vec<Json> {
    let target = bcdrescue(&["check", disk.name(), "--json"]).target();
    let all = target["findings"].as_array().unwrap().iter();
    let ours: Vec<Json> = all.filter(|finding| finding["code"] == "recovery-config").cloned().collect();
    assert!(ours.iter().all(|finding| finding["severity"] == "note"));
    ours
}

/// Exactly one finding, with this in its evidence.
#[track_caller]
fn found(disk: &Disk, evidence: &str) -> Json {
    let mut found = findings(disk);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0]["evidence"].to_string().contains(evidence), "{found:#?}");
    found.remove(0)
}

#[test]
fn what_is_right_is_not_spoken_of() {
    for right in [&GPT, &MBR] {
        let (entry, start) = (entry(&Disk::raw(right.healthy)), start(right));
        let good = xml(&entry, right.id, start, right.guid, 1);
        let units = |swap: fn(u16) -> [u8; 2]| good.encode_utf16().flat_map(swap).collect::<Vec<u8>>();
        let utf16 = [&[0xff, 0xfe], &units(u16::to_le_bytes)[..]].concat();
        let big = [&[0xfe, 0xff], &units(u16::to_be_bytes)[..]].concat();
        for bytes in [good.as_bytes(), &utf16, &big, b"stands for ReAgent.xml", b"", &[0; 300]] {
            assert_eq!(findings(&with_own(right.healthy, right, bytes)), Vec::<Json>::new());
        }
        // Switched off: Windows looks for the image anew when it is switched on.
        let off = xml(NO_GUID, "99", start, NO_GUID, 0);
        assert_eq!(findings(&with_own(right.healthy, right, off.as_bytes())), Vec::<Json>::new());
        // None at all.
        assert_eq!(findings(&Disk::raw(right.healthy)), Vec::<Json>::new());
    }
}

#[test]
fn what_names_something_else_is_a_note_with_advice() {
    for right in [&GPT, &MBR] {
        let (entry, start) = (entry(&Disk::raw(right.healthy)), start(right));
        let other = if right.id == "0" { NO_GUID.replace("00}", "01}") } else { NO_GUID.to_owned() };
        let id = if right.id == "0" { "0" } else { "12345" };
        let cases = [
            (xml(&entry, right.id, start + 512, right.guid, 1), "where no partition starts"),
            (xml(&entry, id, start, &other, 1), "which is not present"),
            (xml(&NO_GUID.replace("00}", "02}"), right.id, start, right.guid, 1), "which is in no store"),
        ];
        for (file, evidence) in cases {
            let units: Vec<u8> = file.encode_utf16().flat_map(u16::to_le_bytes).collect();
            for bytes in [file.as_bytes(), &[&[0xff, 0xfe], &units[..]].concat()] {
                let disk = with_own(right.healthy, right, bytes);
                let before = hash(&disk.path);
                let finding = found(&disk, evidence);
                let remedy = finding["remedy"].as_str().unwrap();
                assert!(
                    remedy.contains("reagentc /disable") && !remedy.contains("--restore-identity"),
                    "{remedy}"
                );
                assert_eq!(finding["switch"], "--recovery-config");
                bcdrescue(&["fix", disk.name(), "--yes"]).says("nothing was written");
                assert_eq!(hash(&disk.path), before);
            }
        }
    }
}

#[test]
fn the_old_identity_makes_it_right() {
    for right in [&GPT, &MBR] {
        let file = xml(&entry(&Disk::raw(right.broken)), right.id, start(right), right.guid, 1);
        let disk = with_own(right.broken, right, file.as_bytes());
        let finding = found(&disk, "this disk's old identity");
        assert!(finding["remedy"].as_str().unwrap().contains("--restore-identity"), "{finding}");
        bcdrescue(&["fix", disk.name(), "--yes", "--restore-identity"]);
        assert_eq!(findings(&disk), Vec::<Json>::new());
        bcdrescue(&["undo", text(&disk.record()), "--yes"]).exits(1);
        fs::remove_file(disk.record()).unwrap();
        bcdrescue(&["fix", disk.name(), "--yes"]);
        found(&disk, "which is not present");
    }
}

/// One finding for each Windows: its copy's goes into it.
#[test]
fn the_copy_beside_the_image_is_looked_at_too() {
    for right in [&GPT, &MBR] {
        let (entry, start) = (entry(&Disk::raw(right.healthy)), start(right));
        let stale = xml(&entry, right.id, start + 512, right.guid, 1);
        let good = xml(&entry, right.id, start, right.guid, 1);
        let disk = Disk::raw(right.healthy);
        change(&disk, right.recovery, |volume| put_ntfs(volume, COPY, good.as_bytes()));
        assert_eq!(findings(&disk), Vec::<Json>::new());
        change(&disk, right.recovery, |volume| put_ntfs(volume, COPY, stale.as_bytes()));
        let finding = found(&disk, "where no partition starts");
        assert!(finding["subject"].as_str().unwrap().starts_with(r"\Recovery\WindowsRE\ReAgent.xml on "));

        let disk = with_own(right.healthy, right, stale.as_bytes());
        change(&disk, right.recovery, |volume| put_ntfs(volume, COPY, stale.as_bytes()));
        let finding = found(&disk, "the copy is also wrong");
        assert!(finding["subject"].as_str().unwrap().starts_with(r"\Windows\System32\Recovery"));
    }
}

/// XML that is broken is named; what is too long, too deep or no XML is left alone; all of it soon.
#[test]
fn hostile_files_have_an_end() {
    let disk = |bytes: &[u8]| with_own(GPT.healthy, &GPT, bytes);
    found(&disk(b"<WindowsRE><InstallState state=\"1\"/>"), "not XML");
    found(&disk("<WindowsRE>".repeat(5000).as_bytes()), "not XML");
    found(&disk(b"<!DOCTYPE a [<!ENTITY b \"c\">]><WindowsRE>&b;</WindowsRE>"), "not XML");
    found(&disk(b"<Other/>"), "expected WindowsRE");
    found(
        &disk("<WindowsRE><WinreBCD id=\"\u{1b}[2J\"/></WindowsRE>".replace('\u{1b}', "&#27;").as_bytes()),
        "",
    );
    let long = xml(NO_GUID, "5", 7, NO_GUID, 1) + &" ".repeat(64 << 10);
    for bytes in [long.as_bytes(), &vec![b'<'; 3 << 20], &[0xff; 70_000]] {
        assert_eq!(findings(&disk(bytes)), Vec::<Json>::new());
    }
}
