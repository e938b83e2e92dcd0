//! Disks of which a part is not there: images that were cut short, and tables that lost partitions. What is not seen is not taken for
//! missing, and nothing else is taken for it.

use std::fs;
use std::os::unix::fs::FileExt;

use serde_json::Value as Json;

use crate::support::disk::Disk;
use crate::support::disk::hash;
use crate::support::findings::check;
use crate::support::findings::has;
use crate::support::judges::judge;
use crate::support::made_disks::second_windows;
use crate::support::parts::cut;
use crate::support::parts::partitions;
use crate::support::parts::paste;
use crate::support::parts::sfdisk;
use crate::support::program::bcdrescue;
use crate::support::program::text;

/// Sectors of `win7-logical`: its first and second extended boot record.
const FIRST_RECORD: u64 = 206_848;

const SECOND_RECORD: u64 = 1_257_472;

fn shorten(disk: &Disk, len: u64) {
    fs::OpenOptions::new().write(true).open(&disk.path).unwrap().set_len(len).unwrap();
}

/// An image that was cut short somewhere in a partition.
#[test]
fn an_image_that_was_cut_short_is_not_called_well() {
    for name in
        ["win10-bios-healthy", "win11-uefi-healthy", "win2008sp2-bios-healthy", "win2003-bios-healthy"]
    {
        let whole = Disk::raw(name);
        let end = partitions(&whole.path).iter().map(|part| part.start + part.len).max().unwrap();
        for len in [2 << 20, 91 << 20, 300 << 20, 704 << 20] {
            let disk = Disk::raw(name);
            shorten(&disk, len);
            bcdrescue(&["check", "-v", disk.name(), "--require", "healthy"]).exits(12).says("UNKNOWN");
            let target = check(&disk, 8);
            let error = target["error"].as_str().unwrap();
            assert!(error.contains("past the end of the disk"), "{name} {len}: {error}");
        }
        // A recovery partition does not start Windows; of the other disks it is that of Windows which ends last.
        let disk = Disk::raw(name);
        shorten(&disk, end - 1024);
        let (code, verdict) = if name.contains("uefi") { (4, "degraded") } else { (8, "unknown") };
        let target = check(&disk, code);
        assert_eq!((&target["verdict"], has(&target, "volume-cut")), (&verdict.into(), true), "{name}");
        // The last sector of NTFS is a copy.
        let disk = Disk::raw(name);
        shorten(&disk, end - 512);
        let target = check(&disk, 4);
        assert_eq!(target["verdict"], "degraded", "{name}");
        assert!(has(&target, "partition-beyond-disk") && !has(&target, "volume-cut"), "{name}: {target:#}");
    }
}

/// The same before its logical partitions, of which no entry tells then.
#[test]
fn an_image_that_was_cut_before_its_logical_partitions_is_not_called_well() {
    for bytes in [0, 511] {
        for name in ["win7-logical-healthy", "win7-logical"] {
            let disk = Disk::raw(name);
            shorten(&disk, FIRST_RECORD * 512 + bytes);
            let before = hash(&disk.path);
            let target = check(&disk, 8);
            assert_eq!((&target["verdict"], has(&target, "volume-cut")), (&"unknown".into(), true));
            for requirement in ["healthy", "generalized", "no-hibernation", "no-bitlocker"] {
                let run = bcdrescue(&["check", disk.name(), "--json", "--require", requirement]);
                assert_eq!(run.target()["requirements"][0]["met"], false, "{requirement}: {run:?}");
            }
            bcdrescue(&["list", disk.name()]).exits(0).says("partitions may be missing from this list");
            let output = disk.folder.path().join("record.json");
            bcdrescue(&["record", disk.name(), "-o", text(&output)]).exits(8).says("not recorded");
            let other = Disk::raw("win10-bios");
            bcdrescue(&["check", "-v", other.name(), "--with", disk.name()])
                .exits(8)
                .says("lies past the end");
            for switches in [&["--yes"][..], &["--yes", "--restore-identity"], &["--yes", "--windows=5"]] {
                bcdrescue(&[&["fix", disk.name()], switches].concat()).exits(8);
            }
            assert_eq!((hash(&disk.path), disk.records()), (before, vec![]));
        }
    }
}

/// Before a logical partition that Windows does not start from: what the store names is seen, and judged by itself.
#[test]
fn a_logical_partition_that_is_cut_off_does_not_stop_windows() {
    let disk = Disk::raw("win7-logical");
    shorten(&disk, SECOND_RECORD * 512);
    let before = hash(&disk.path);
    bcdrescue(&["fix", disk.name(), "--yes", "--restore-identity"]).exits(8).says("is missing");
    bcdrescue(&["fix", disk.name(), "--yes", "--drive-letters"]).exits(8).says("is missing");
    assert_eq!(hash(&disk.path), before);
    bcdrescue(&["fix", disk.name(), "--yes"]).exits(5).says("verified: DEGRADED");
    let target = check(&disk, 4);
    assert_eq!((&target["verdict"], has(&target, "volume-cut")), (&"degraded".into(), true));
    let run = bcdrescue(&["check", disk.name(), "--json", "--require", "no-bitlocker"]).exits(4);
    assert_eq!(run.target()["requirements"][0]["met"], false);
}

/// A copy of Windows in a primary partition, and the one that the store means in a logical one; with the place of its extended boot
/// record, in bytes.
fn copy_and_logical() -> (Disk, u64) {
    let disk = Disk::raw("win10-bios");
    let [system, windows] = partitions(&disk.path)[..2].to_vec().try_into().unwrap();
    let volumes = [&system, &windows].map(|part| cut(&disk.path, part.start, part.len));
    let new = disk.folder.path().join("new.raw");
    let sector = |bytes: u64| bytes / 512;
    let (first, copy) = (sector(system.start), sector(windows.start));
    let container = copy + sector(windows.len) + 2048;
    let table = |copy: &str| {
        format!(
            "label: dos\nlabel-id: 0x11111111\nunit: sectors\nd1: start={first}, size={}, type=7, bootable\n{copy}d3: start={container}, size={}, type=5\nd5: start={}, size={len}, type=7\n",
            sector(system.len),
            sector(windows.len) + 4096,
            container + 2048,
            len = sector(windows.len),
        )
    };
    fs::File::create(&new).unwrap().set_len((container + sector(windows.len) + 8192) * 512).unwrap();
    sfdisk(&new, &table(""));
    paste(&volumes[0], &new, system.start);
    paste(&volumes[1], &new, windows.start);
    paste(&volumes[1], &new, (container + 2048) * 512);
    fs::rename(&new, &disk.path).unwrap();
    bcdrescue(&["fix", disk.name(), "--yes"]).exits(1).says("verified: healthy");
    fs::remove_file(disk.record()).unwrap();
    let copy = format!("d2: start={copy}, size={}, type=7\n", sector(windows.len));
    sfdisk(&disk.path, &table(&copy));
    disk.put(0x1b8, &[0x22; 4]);
    (disk, container * 512)
}

/// Another Windows, which no entry starts, is not on the way.
#[test]
fn a_second_windows_that_is_cut_off_hides_nothing_of_the_first() {
    let disk = Disk::raw("win10-bios-healthy");
    second_windows(&disk, 2, 3);
    assert_eq!(check(&disk, 0)["verdict"], "healthy");
    let len = fs::metadata(&disk.path).unwrap().len();
    fs::OpenOptions::new().write(true).open(&disk.path).unwrap().set_len(len - (64 << 20)).unwrap();
    let target = check(&disk, 4);
    assert_eq!((&target["verdict"], has(&target, "volume-cut")), (&"degraded".into(), true));
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
    bcdrescue(&["fix", disk.name(), "--yes"]).exits(8).says("refused").says("use the complete image");
    assert_eq!(hash(&disk.path), before);

    let (disk, record) = copy_and_logical();
    let mut entry = [0; 12];
    fs::File::open(&disk.path).unwrap().read_exact_at(&mut entry, record + 0x1be + 4).unwrap();
    disk.put(record, &[0; 512]);
    let target = check(&disk, 4);
    assert_eq!((&target["verdict"], has(&target, "partitions-lost")), (&"broken".into(), true));
    bcdrescue(&["check", "-v", disk.name()]).exits(4).says("but may also be on a missing partition");
    let before = hash(&disk.path);
    bcdrescue(&["fix", disk.name(), "--yes"]).exits(8).says("repair the partition table first");
    bcdrescue(&["fix", disk.name(), "--yes", "--windows=2", "--drive-letters"])
        .exits(8)
        .says("a letter may refer to one of them");
    assert_eq!(hash(&disk.path), before);
    bcdrescue(&["fix", disk.name(), "--yes", "--windows=2"]).exits(5).says("verified: DEGRADED");
    bcdrescue(&["undo", text(&disk.record()), "--yes"]).exits(1);
    fs::remove_file(disk.record()).unwrap();
    bcdrescue(&["fix", disk.name(), "--yes", "--restore-identity"])
        .exits(5)
        .says("written and verified (")
        .says("but Windows still does not start: ");
    disk.put(record + 510, &[0x55, 0xaa]);
    disk.put(record + 0x1be + 4, &entry);
    assert_eq!(check(&disk, 0)["verdict"], "healthy");
}

/// Nor is one on a disk beside, whether it is the one or the other that lost partitions.
#[test]
fn no_windows_beside_is_taken_for_one_that_is_not_seen() {
    let beside = |record: &[u8]| {
        let disk = Disk::raw("win7-logical");
        disk.put(0x1b8, &[0x33; 4]);
        // Its Windows as a primary partition, and an extended one with this record.
        let entry = |kind: u32, start: u32, len: u32| [kind, start, len].map(u32::to_le_bytes);
        let [windows, extended] = [entry(7, 208_896, 1_048_576), entry(5, 1_257_472, 131_072)];
        for (at, [kind, start, len]) in [(0x1ce, windows), (0x1de, extended)] {
            disk.put(at, &[[0; 4], kind, start, len].concat());
        }
        disk.put(SECOND_RECORD * 512, record);
        disk
    };
    let sound = [&[0; 510][..], &[0x55, 0xaa]].concat();
    let elsewhere = Disk::raw("win7-logical");
    elsewhere.put(0x1b8, &[0x33; 4]);
    second_windows(&elsewhere, 5, 3);
    elsewhere.put(FIRST_RECORD * 512, &[0; 512]);
    // What the store names was on this disk: no Windows at the same place beside is taken for it, unless the user says so.
    for (other, chosen, is_damaged) in [
        (&beside(&sound), None, false),
        (&beside(&sound), Some(2), false),
        (&beside(&[0; 512]), Some(2), false),
        (&beside(&sound), None, true),
        (&elsewhere, None, false),
    ] {
        let disk = Disk::raw("win7-logical");
        match is_damaged {
            true => disk.put(FIRST_RECORD * 512 + 510, &[0, 0]),
            false => disk.put(0x1ce, &[0; 16]),
        }
        let before = hash(&disk.path);
        let word = chosen.map(|number: u32| format!("--windows={}:{number}", other.name()));
        let mut words = vec!["fix", disk.name(), "--yes", "--json", "--with", other.name()];
        words.extend(word.as_deref());
        let run = bcdrescue(&words);
        // {bootmgr} is kept as long as it is the one that tells whose the lost Windows was.
        let code = if chosen.is_some() { 1 } else { 4 };
        assert_eq!(run.stdout.contains("missing partition"), is_damaged, "{}", run.stdout);
        let target = run.exits(code).target();
        assert_eq!(hash(&disk.path) == before, code != 1);
        let changes = target["changes"].as_array().cloned().unwrap_or_default();
        let beside = |change: &&Json| change["place"].as_str().unwrap().contains(other.name());
        assert_eq!(changes.iter().any(|change| beside(&change)), chosen.is_some(), "{changes:#?}");
    }
}

/// All extended partitions are followed, in the order and with the numbers of Linux, which partx shows.
#[test]
fn a_second_extended_partition_is_followed() {
    for (name, code) in [("win7-logical-healthy", 0), ("win7-logical", 4)] {
        let disk = Disk::raw(name);
        let mut entry = [0; 16];
        fs::File::open(&disk.path).unwrap().read_exact_at(&mut entry, 0x1ce).unwrap();
        disk.put(0x1de, &entry);
        let record = |kind: u32, start: u32, len: u32| {
            [[0; 4], kind.to_le_bytes(), start.to_le_bytes(), len.to_le_bytes()].concat()
        };
        disk.put(0x1ce, &record(0x85, 2_095_104, 2048));
        disk.put(2_095_104 * 512 + 0x1be, &record(0x83, 8, 2040));
        disk.put(2_095_104 * 512 + 510, &[0x55, 0xaa]);
        let seen =
            String::from_utf8(judge("partx", &["-g", "-o", "NR,START", "--show", disk.name()])).unwrap();
        let seen: Vec<u64> = seen.split_whitespace().map(|number| number.parse().unwrap()).collect();
        let target = bcdrescue(&["list", disk.name(), "--json"]).exits(0).target();
        let ours = target["partitions"].as_array().unwrap().iter();
        let ours =
            ours.flat_map(|part| [part["number"].as_u64().unwrap(), part["start"].as_u64().unwrap() / 512]);
        let plain: Vec<u64> =
            seen.chunks(2).filter(|row| ![2, 3].contains(&row[0])).flatten().copied().collect();
        assert_eq!(ours.collect::<Vec<_>>(), plain);
        bcdrescue(&["check", "-v", disk.name()]).exits(code).says("partition 6 (Win7)");
        if code == 4 {
            bcdrescue(&["fix", disk.name(), "--yes"]).exits(1).says("verified: healthy");
        }
    }
}

/// What is missing of a volume that neither starts the disk nor holds Windows.
#[test]
fn what_is_missing_beside_the_way_stops_nobody() {
    let disk = Disk::raw("win7-logical-healthy");
    let data = partitions(&disk.path).into_iter().find(|part| part.number == 6).unwrap();
    disk.put(data.start + 0x20, &u32::try_from(data.len / 512 + 1).unwrap().to_le_bytes());
    let target = check(&disk, 4);
    assert_eq!(
        (&target["verdict"], has(&target, "volume-longer-than-partition")),
        (&"degraded".into(), true)
    );
    // But where something is missing that may be there.
    let windows = partitions(&disk.path).into_iter().find(|part| part.number == 5).unwrap();
    disk.put(windows.start, &[0; 512]);
    assert_eq!(check(&disk, 8)["verdict"], "unknown");
}

/// A volume without a table, and one that its partition is too short for.
#[test]
fn a_file_system_that_goes_on_is_not_called_well() {
    let raw = Disk::raw("win2003-bios-healthy");
    let part = partitions(&raw.path).remove(0);
    let volume = cut(&raw.path, part.start, part.len);
    let check = |code: i32| bcdrescue(&["check", text(&volume), "--json"]).exits(code).target();
    // What NTLDR counts is on the disk that the volume is from; nothing more is wrong with it.
    let is_whole = |target: &Json| {
        let error = target["error"].as_str().unwrap();
        target["verdict"] == "unknown" && error.contains("single volume without a partition table")
    };
    assert!(is_whole(&check(8)));
    for missing in [1024, 1 << 20, part.len / 2] {
        fs::OpenOptions::new().write(true).open(&volume).unwrap().set_len(part.len - missing).unwrap();
        let target = check(8);
        assert_eq!((&target["verdict"], has(&target, "volume-cut")), (&"unknown".into(), true), "{missing}");
        assert!(target["error"].as_str().unwrap().contains("bytes past the end of the disk"), "{target}");
    }
    // Behind what NTFS counts there is only the copy of its boot sector.
    fs::OpenOptions::new().write(true).open(&volume).unwrap().set_len(part.len - 512).unwrap();
    assert!(is_whole(&check(8)));

    let disk = Disk::raw("win10-bios-healthy");
    let sectors = u32::try_from(partitions(&disk.path)[1].len / 512).unwrap();
    disk.put(0x1ce + 12, &(sectors - 2).to_le_bytes());
    let target = bcdrescue(&["check", disk.name(), "--json"]).exits(8).target();
    assert!(target["error"].as_str().unwrap().contains("bytes shorter than its file system"), "{target}");
}
