//! Disks of which a part is not there: images that were cut short, and tables that lost partitions. What is not seen is not taken for
//! missing, and nothing else is taken for it.

use std::fs;

use serde_json::Value as Json;

use crate::parts::cut;
use crate::parts::partitions;
use crate::parts::paste;
use crate::parts::sfdisk;
use crate::support::Disk;
use crate::support::bcdrescue;
use crate::support::hash;
use crate::support::text;

/// Sectors of `win7-logical`: its first and second extended boot record.
const FIRST_RECORD: u64 = 206_848;
const SECOND_RECORD: u64 = 1_257_472;

fn shorten(disk: &Disk, len: u64) {
    fs::OpenOptions::new().write(true).open(&disk.path).unwrap().set_len(len).unwrap();
}

fn check(disk: &Disk, code: i32) -> Json {
    bcdrescue(&["check", disk.name(), "--json"]).exits(code).target()
}

fn has(target: &Json, code: &str) -> bool {
    target["findings"].as_array().unwrap().iter().any(|finding| finding["code"] == code)
}

/// An image that was cut short somewhere in a partition.
#[test]
fn an_image_that_was_cut_short_is_not_called_well() {
    for name in
        ["win10-bios-healthy", "win11-uefi-healthy", "win2008sp2-bios-healthy", "win2003-bios-healthy"]
    {
        let whole = Disk::raw(name);
        let end = partitions(&whole.path).iter().map(|part| part.start + part.len).max().unwrap();
        for len in [2 << 20, 91 << 20, 300 << 20, 704 << 20, end - 512] {
            let disk = Disk::raw(name);
            shorten(&disk, len);
            bcdrescue(&["check", disk.name(), "--require", "healthy"]).exits(12).says("unknown");
            let target = check(&disk, 8);
            let error = target["error"].as_str().unwrap();
            assert!(error.contains("beyond the end of the disk"), "{name} {len}: {error}");
        }
    }
}

/// The same before its logical partitions, of which no entry tells then.
#[test]
fn an_image_that_was_cut_before_its_logical_partitions_is_not_called_well() {
    for (record, bytes) in [(FIRST_RECORD, 0), (FIRST_RECORD, 511), (SECOND_RECORD, 0), (SECOND_RECORD, 511)]
    {
        for name in ["win7-logical-healthy", "win7-logical"] {
            let disk = Disk::raw(name);
            shorten(&disk, record * 512 + bytes);
            let before = hash(&disk.path);
            let target = check(&disk, if record == SECOND_RECORD && name == "win7-logical" { 4 } else { 8 });
            assert!(has(&target, "volume-cut"), "{target:#}");
            assert_ne!(target["verdict"], "healthy");
            for requirement in ["healthy", "generalized", "no-hibernation", "no-bitlocker"] {
                let run = bcdrescue(&["check", disk.name(), "--json", "--require", requirement]);
                assert_eq!(run.target()["requirements"][0]["met"], false, "{requirement}: {run:?}");
            }
            bcdrescue(&["list", disk.name()]).exits(0).says("later logical partitions are not seen");
            let output = disk.folder.path().join("record.json");
            bcdrescue(&["record", disk.name(), "-o", text(&output)]).exits(8).says("not recorded");
            let other = Disk::raw("win10-bios");
            bcdrescue(&["check", other.name(), "--with", disk.name()]).exits(8).says("lies beyond the end");
            for switches in [&["--yes"][..], &["--yes", "--restore-identity"], &["--yes", "--windows=5"]] {
                bcdrescue(&[&["fix", disk.name()], switches].concat()).exits(8);
            }
            assert_eq!((hash(&disk.path), disk.records()), (before, vec![]));
        }
    }
}

/// A copy of Windows in a primary partition, and the one that the store means in a logical one; `old` is the place of its extended boot
/// record.
fn copy_and_logical() -> (Disk, u64) {
    let disk = Disk::raw("win10-bios");
    let [system, windows] = partitions(&disk.path)[..2].to_vec().try_into().unwrap();
    let volumes = [&system, &windows].map(|part| cut(&disk.path, part.start, part.len));
    let new = disk.folder.path().join("new.raw");
    let sector = |bytes: u64| bytes / 512;
    let (first, copy) = (sector(system.start), sector(windows.start));
    let container = copy + sector(windows.len) + 2048;
    let script = format!(
        "label: dos\nlabel-id: 0x11111111\nstart={first}, size={}, type=7, bootable\nstart={copy}, size={len}, type=7\nstart={container}, size={}, type=5\nstart={}, size={len}, type=7\n",
        sector(system.len),
        sector(windows.len) + 4096,
        container + 2048,
        len = sector(windows.len),
    );
    fs::File::create(&new).unwrap().set_len((container + sector(windows.len) + 8192) * 512).unwrap();
    sfdisk(&new, &script);
    let places = partitions(&new);
    paste(&volumes[0], &new, places[0].start);
    paste(&volumes[1], &new, places[1].start);
    paste(&volumes[1], &new, (container + 2048) * 512);
    fs::rename(&new, &disk.path).unwrap();
    bcdrescue(&["fix", disk.name(), "--yes", "--windows=5"]).exits(1).says("examined again: healthy");
    fs::remove_file(disk.record()).unwrap();
    disk.put(0x1b8, &[0x22; 4]);
    (disk, container * 512)
}

/// What the store means cannot be seen: another Windows is not taken for it.
#[test]
fn a_windows_that_is_seen_is_not_taken_for_one_that_is_not() {
    let (disk, _) = copy_and_logical();
    bcdrescue(&["fix", disk.name(), "--dry-run"]).exits(4).says("partition 5");

    let (disk, record) = copy_and_logical();
    shorten(&disk, record);
    let before = hash(&disk.path);
    let target = check(&disk, 8);
    assert_eq!((&target["verdict"], has(&target, "volume-cut")), (&"unknown".into(), true));
    bcdrescue(&["fix", disk.name(), "--yes"]).exits(8).says("refused").says("sfdisk --delete");
    assert_eq!(hash(&disk.path), before);

    let (disk, record) = copy_and_logical();
    disk.put(record, &[0; 512]);
    let target = check(&disk, 4);
    assert_eq!((&target["verdict"], has(&target, "partitions-lost")), (&"broken".into(), true));
    bcdrescue(&["check", disk.name()]).exits(4).says("but it may be on a logical partition too");
    let run = bcdrescue(&["fix", disk.name(), "--yes"]).exits(5);
    assert!(!run.stdout.contains("healthy") && run.stdout.contains("--windows"), "{}", run.stdout);
    bcdrescue(&["fix", disk.name(), "--yes", "--windows=2"]).exits(5).says("examined again: degraded");
}

/// A volume without a table, and one that its partition is too short for.
#[test]
fn a_file_system_that_goes_on_is_not_called_well() {
    let raw = Disk::raw("win2003-bios-healthy");
    let part = partitions(&raw.path).remove(0);
    let volume = cut(&raw.path, part.start, part.len);
    let check = |code: i32| bcdrescue(&["check", text(&volume), "--json"]).exits(code).target();
    let sound = check(0);
    assert_eq!(sound["verdict"], "healthy");
    for missing in [1024, 1 << 20, part.len / 2] {
        fs::OpenOptions::new().write(true).open(&volume).unwrap().set_len(part.len - missing).unwrap();
        let target = check(8);
        assert_eq!(target["verdict"], "unknown", "{missing}");
        assert!(target["error"].as_str().unwrap().contains("goes on beyond the end of the disk"), "{target}");
    }
    // Behind what NTFS counts there is only the copy of its boot sector.
    fs::OpenOptions::new().write(true).open(&volume).unwrap().set_len(part.len - 512).unwrap();
    assert_eq!(check(0)["verdict"], "healthy");

    let disk = Disk::raw("win10-bios-healthy");
    let sectors = u32::try_from(partitions(&disk.path)[1].len / 512).unwrap();
    disk.put(0x1ce + 12, &(sectors - 2).to_le_bytes());
    let target = bcdrescue(&["check", disk.name(), "--json"]).exits(8).target();
    assert!(
        target["error"].as_str().unwrap().contains("the partition is shorter than that, by its entry"),
        "{target}"
    );
}
