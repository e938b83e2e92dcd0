//! Drive letters: SYSTEM hives of every kind on the test disks, found stale, corrected in place, refused and undone.
//! hivex sees what changed.

use std::fs;
use std::path::Path;

use bcdrescue::hive::build::build;
use serde_json::Value as Json;

use crate::support::attached::Machine;
use crate::support::disk::Disk;
use crate::support::disk::data;
use crate::support::disk::hash;
use crate::support::findings::check;
use crate::support::judges::hivex_bytes;
use crate::support::judges::hivex_difference;
use crate::support::judges::judge;
use crate::support::letters::Letters;
use crate::support::letters::NEW;
use crate::support::letters::OLD;
use crate::support::letters::STARTS;
use crate::support::letters::SYSTEM;
use crate::support::letters::WINDOWS;
use crate::support::letters::disk_with;
use crate::support::letters::get;
use crate::support::letters::gpt;
use crate::support::letters::key;
use crate::support::letters::mbr;
use crate::support::letters::put;
use crate::support::letters::seal;
use crate::support::letters::system_hive;
use crate::support::letters::windows_10;
use crate::support::letters::windows_10_disk;
use crate::support::letters::windows_11;
use crate::support::parts::change;
use crate::support::parts::partitions;
use crate::support::program::bcdrescue;
use crate::support::program::text;
use crate::support::repair::refused_with;

fn finding<'a>(target: &'a Json, code: &str) -> Option<&'a Json> {
    target["findings"].as_array().unwrap().iter().find(|finding| finding["code"] == code)
}

/// `fix --drive-letters`, then all that every repair has to keep. Returns the hive before and after.
#[track_caller]
fn cured(disk: &Disk, number: u32, path: &str, fields: usize) -> (Vec<u8>, Vec<u8>) {
    let (before, old) = (hash(&disk.path), get(disk, number, path));
    let fix = |more: &[&str]| bcdrescue(&[&["fix", disk.name(), "--drive-letters"], more].concat());
    fix(&["--dry-run"]).exits(4).says("to correct").says("dry run: nothing was written");
    assert_eq!((hash(&disk.path), disk.records().len()), (before.clone(), 0), "a dry run wrote");
    let said = if fields == 1 { "1 field corrected" } else { &format!("{fields} fields corrected") };
    fix(&["--yes"]).exits(1).says(said);
    let (fixed, new) = (hash(&disk.path), get(disk, number, path));
    let target = check(disk, 0);
    assert_eq!((target["verdict"].as_str(), finding(&target, "drive-letters")), (Some("healthy"), None));
    fix(&["--yes"]).exits(0).says("nothing was written");
    assert_eq!(hash(&disk.path), fixed, "a second fix wrote");
    let record = disk.record();
    bcdrescue(&["undo", text(&record), "--dry-run"]).exits(4);
    bcdrescue(&["undo", text(&record), "--yes"]).exits(1).says("the values in");
    assert_eq!(hash(&disk.path), before, "undo did not bring back every byte");
    bcdrescue(&["undo", text(&record), "--yes"]).exits(0).says("nothing to do");
    fs::remove_file(record).unwrap();
    fix(&["--yes"]).exits(1);
    assert_eq!(hash(&disk.path), fixed);
    fs::remove_file(disk.record()).unwrap();
    (old, new)
}

/// `fix` with these switches refuses with these words and writes nothing.
#[track_caller]
fn refused(disk: &Disk, switches: &[&str], words: &[&str]) {
    refused_with(
        disk,
        &[&["--drive-letters"], switches].concat(),
        8,
        &[words, &["nothing was written"]].concat(),
    );
}

fn named(letter: &str) -> String {
    format!(r"ROOT\MountedDevices\{letter}")
}

#[test]
fn letters_go_with_the_stores_of_an_mbr_disk() {
    let disk = windows_10_disk();
    let target = check(&disk, 4);
    let found = finding(&target, "drive-letters").expect("found");
    assert_eq!((&found["severity"], &found["subject"]), (&"note".into(), &"partition 2 (Windows)".into()));
    let shown =
        bcdrescue(&["check", "-v", disk.name()]).exits(4).says("C: refers to disk signature 0xc3a1f00d");
    shown
        .says("fix --drive-letters")
        .says("not needed with `fix --restore-identity`")
        .says("2 other volume names");

    let (old, new) = cured(&disk, 2, SYSTEM, 3);
    let right: Vec<_> = windows_10(OLD)[..3].iter().map(|(name, _)| named(name)).collect();
    let mut changed = hivex_difference(&old, &new);
    changed.sort();
    let mut expected = right.clone();
    expected.sort();
    assert_eq!(changed, expected);
    for ((_, data), path) in windows_10(NEW).iter().zip(&right) {
        assert_eq!(hivex_bytes(&new, path), *data);
    }
    assert_eq!(old[..4096], new[..4096], "the base block changed");
    let differ = old.iter().zip(&new).filter(|(old, new)| old != new).count();
    assert_eq!(differ, 3 * 4);
}

#[test]
fn after_the_stores_an_mbr_disk_still_tells_its_letters() {
    let disk = windows_10_disk();
    bcdrescue(&["fix", disk.name(), "--yes"]).exits(1).says("healthy");
    fs::remove_file(disk.record()).unwrap();
    let target = check(&disk, 0);
    assert!(finding(&target, "drive-letters").is_some(), "{target:#}");
    let shown =
        bcdrescue(&["check", "-v", disk.name()]).exits(0).says("`fix --drive-letters` re-points them");
    assert!(!shown.stdout.contains("--restore-identity"));
    // With the disk attached that has that signature, they mean that one.
    let healthy = Disk::raw("win10-bios-healthy");
    if let Some(machine) = Machine::of(&[(&disk, "512"), (&healthy, "512")]) {
        let of = |words: &[&str]| {
            let run = machine.run(&[&["check", "--json", machine.device(0)], words].concat());
            finding(&run.exits(0).target(), "drive-letters").is_some()
        };
        assert_eq!([of(&[]), of(&["--independent"])], [false, true]);
    }
    let (old, new) = cured(&disk, 2, SYSTEM, 3);
    assert_eq!(hivex_difference(&old, &new).len(), 3);
}

/// A new signature for the second time: the stores, repaired in between, name the first new one, and the letters still the old. What
/// elements tell of some of them does not count for the others.
#[test]
fn letters_of_an_identity_before_the_last_go_with_the_stores() {
    let system = |signature| (r"\DosDevices\S:", mbr(signature, STARTS[0]));
    for (letters, fields) in
        [(windows_10(OLD), 3), ([windows_10(OLD), vec![system(NEW)]].concat(), 4), (vec![system(NEW)], 1)]
    {
        let disk = disk_with("win10-bios", 2, &system_hive(letters, 0));
        bcdrescue(&["fix", disk.name(), "--yes"]).exits(1);
        fs::remove_file(disk.record()).unwrap();
        disk.put(0x1b8, &[0x77; 4]);
        cured(&disk, 2, SYSTEM, fields);
    }
}

#[test]
fn what_may_be_another_disk_is_left() {
    let healthy = |letters: Letters<'_>| {
        let disk = Disk::raw("win10-bios-healthy");
        put(&disk, 2, SYSTEM, &system_hive(letters, 0));
        let before = hash(&disk.path);
        assert_eq!(finding(&check(&disk, 0), "drive-letters"), None);
        bcdrescue(&["fix", disk.name(), "--yes", "--drive-letters"]).exits(0).says("nothing was written");
        assert_eq!(hash(&disk.path), before);
    };
    let c = |signature| (r"\DosDevices\C:", mbr(signature, STARTS[1]));
    // A stick with its volume at the same place, beside the right letter.
    healthy(vec![c(OLD), (r"\DosDevices\E:", mbr(0x0bad_cafe, STARTS[1]))]);
    // Two disks could be meant.
    healthy(vec![c(0x1234_5678), (r"\DosDevices\E:", mbr(0x0bad_cafe, STARTS[1]))]);
    // A name that is no letter proves nothing, nor does signature 0, nor the place of another partition.
    healthy(vec![(r"\??\Volume{1}", mbr(0x1234_5678, STARTS[1])), (r"\DosDevices\D:", mbr(5, STARTS[0]))]);
    healthy(vec![c(0)]);
    healthy(vec![]);
    // The hive of an image that was made for copying has no such key.
    let disk = Disk::raw("win10-bios-healthy");
    put(&disk, 2, SYSTEM, &build(&key("ROOT", vec![], vec![]), 0).unwrap());
    bcdrescue(&["fix", disk.name(), "--yes", "--drive-letters"]).exits(0);
}

#[test]
fn a_letter_that_windows_gave_meanwhile_is_not_doubled() {
    let disk = Disk::raw("win10-bios");
    let mut letters = windows_10(OLD);
    letters.push((r"\DosDevices\H:", mbr(NEW, STARTS[1])));
    put(&disk, 2, SYSTEM, &system_hive(letters, 0));
    bcdrescue(&["check", "-v", disk.name()]).exits(4).says("not changed, it already has another letter");
    let (old, new) = cured(&disk, 2, SYSTEM, 2);
    // Nothing but that one: it is said, and nothing is written to the hive.
    let letters = vec![(r"\DosDevices\C:", mbr(OLD, STARTS[1])), (r"\DosDevices\H:", mbr(NEW, STARTS[1]))];
    let other = disk_with("win10-bios", 2, &system_hive(letters, 0));
    bcdrescue(&["check", "-v", other.name()]).exits(4).says("choose the letter in Windows");
    let fixed = bcdrescue(&["fix", other.name(), "--yes", "--json", "--drive-letters"]).exits(1).target();
    assert_eq!(fixed["edits"], Json::Array(vec![]));
    assert!(!hivex_difference(&old, &new).contains(&named(r"\DosDevices\C:")));
}

/// The GUID of a partition, by sfdisk.
fn guid_now(disk: &Disk, number: usize) -> String {
    let json: Json = serde_json::from_slice(&judge("sfdisk", &["-J", disk.name()])).unwrap();
    json["partitiontable"]["partitions"][number - 1]["uuid"].as_str().unwrap().to_lowercase()
}

#[test]
fn letters_go_with_the_stores_of_a_gpt_disk() {
    let disk = Disk::raw("win11-uefi");
    put(&disk, 3, SYSTEM, &system_hive(windows_11(), 0));
    bcdrescue(&["check", "-v", disk.name()]).exits(4).says(&format!("C: refers to partition GUID {WINDOWS}"));
    let (old, new) = cured(&disk, 3, SYSTEM, 3);
    assert_eq!(hivex_difference(&old, &new).len(), 3);
    for (name, number) in [(r"\DosDevices\C:", 3), (windows_11()[2].0, 1)] {
        assert_eq!(hivex_bytes(&new, &named(name)), gpt(&guid_now(&disk, number)));
    }
    assert_eq!(old[..4096], new[..4096]);
}

#[test]
fn after_the_stores_a_gpt_disk_no_longer_tells_its_letters() {
    let disk = Disk::raw("win11-uefi");
    put(&disk, 3, SYSTEM, &system_hive(windows_11(), 0));
    bcdrescue(&["fix", disk.name(), "--yes"]).exits(1);
    let target = check(&disk, 0);
    assert!(finding(&target, "drive-letters").is_none());
    assert!(finding(&target, "drive-letters-unknown").is_some(), "{target:#}");
    let before = hash(&disk.path);
    bcdrescue(&["fix", disk.name(), "--yes", "--drive-letters"]).exits(0).says("nothing was written");
    assert_eq!(hash(&disk.path), before);
    // What is said there works.
    bcdrescue(&["undo", text(&disk.record()), "--yes"]).exits(1);
    fs::remove_file(disk.record()).unwrap();
    cured(&disk, 3, SYSTEM, 3);
    // A letter that is right says nothing.
    let disk = Disk::raw("win11-uefi-healthy");
    put(&disk, 3, SYSTEM, &system_hive(windows_11(), 0));
    assert_eq!(finding(&check(&disk, 0), "drive-letters-unknown"), None);
}

#[test]
fn windows_2003_has_no_store_and_may_hang_for_its_letters() {
    let path = "/WINDOWS/system32/config/system";
    let disk = Disk::raw("win2003-bios");
    let start = partitions(&disk.path)[0].start;
    put(&disk, 1, path, &system_hive(vec![(r"\DosDevices\C:", mbr(0x0102_0304, start))], 0));
    let target = check(&disk, 0);
    assert_eq!(finding(&target, "drive-letters").expect("found")["severity"], "note");
    bcdrescue(&["fix", disk.name(), "--yes"]).exits(0).says("may hang at logon").says("nothing was written");
    let (old, new) = cured(&disk, 1, path, 1);
    assert_eq!(hivex_difference(&old, &new), [named(r"\DosDevices\C:")]);
}

#[test]
fn the_old_identity_needs_none_of_it() {
    for (name, number, letters) in [("win10-bios", 2, windows_10(OLD)), ("win11-uefi", 3, windows_11())] {
        let disk = Disk::raw(name);
        let hive = system_hive(letters, 0);
        put(&disk, number, SYSTEM, &hive);
        bcdrescue(&["fix", disk.name(), "--restore-identity", "--drive-letters"]).exits(16);
        bcdrescue(&["fix", disk.name(), "--yes", "--restore-identity"]).exits(1);
        let target = check(&disk, 0);
        let codes = ["drive-letters", "drive-letters-unknown"].map(|code| finding(&target, code));
        assert_eq!(codes, [None, None], "{name}");
        assert!(get(&disk, number, SYSTEM) == hive);
    }
}

/// A log of the new scheme whose first entry has this number, beside a hive that was built here.
fn log(hive: &[u8], number: u32) -> Vec<u8> {
    let mut bytes = hive[..512].to_vec();
    bytes[4..8].copy_from_slice(&number.to_le_bytes());
    bytes[8..12].copy_from_slice(&number.to_le_bytes());
    bytes[0x1c] = 6;
    seal(&mut bytes);
    let mut entry = vec![0; 1024];
    entry[..8].copy_from_slice(b"HvLE\0\x04\0\0");
    entry[0x0c..0x10].copy_from_slice(&number.to_le_bytes());
    [bytes, entry].concat()
}

#[test]
fn a_hive_that_is_not_at_rest_is_refused() {
    // Dirty: the primary number is ahead.
    let mut hive = system_hive(windows_10(OLD), 0);
    hive[4] += 1;
    seal(&mut hive);
    let disk = Disk::raw("win10-bios");
    put(&disk, 2, SYSTEM, &hive);
    bcdrescue(&["check", "-v", disk.name()]).exits(4).says("its log files may differ");
    refused(&disk, &[], &["SYSTEM on partition 2 (Windows) is dirty", "omit --drive-letters"]);
    refused(&disk, &["--allow-dirty-volume", "--allow-hibernated"], &["is dirty"]);
    bcdrescue(&["fix", disk.name(), "--yes"]).exits(1);

    // Logs, older and newer, of each name.
    let mut hive = system_hive(windows_10(OLD), 0);
    hive[4..12].copy_from_slice(&[9, 0, 0, 0, 9, 0, 0, 0]);
    seal(&mut hive);
    for ending in [".LOG", ".LOG1", ".LOG2"] {
        let disk = Disk::raw("win10-bios");
        put(&disk, 2, SYSTEM, &hive);
        let path = format!("{SYSTEM}{ending}");
        put(&disk, 2, &path, &log(&hive, 8));
        bcdrescue(&["fix", disk.name(), "--dry-run", "--drive-letters"]).exits(4).says("to correct");
        put(&disk, 2, &path, &log(&hive, 9));
        let words = ["may be newer", &format!("SYSTEM{ending}: it has an entry with sequence number 9")];
        refused(&disk, &[], &words);
        put(&disk, 2, &path, b"no log at all");
        refused(&disk, &[], &["may be newer"]);
    }
}

#[test]
fn a_windows_that_sleeps_is_not_written_under() {
    let disk = windows_10_disk();
    let mut sleeping = vec![0; 4096];
    sleeping[..4].copy_from_slice(b"hibr");
    put(&disk, 2, "/hiberfil.sys", &sleeping);
    refused(&disk, &[], &["hibernated", "would write its registry over the change"]);
    refused(&disk, &["--allow-hibernated"], &["--allow-hibernated does not override this"]);
    bcdrescue(&["fix", disk.name(), "--yes", "--allow-hibernated"]).exits(1);
}

#[test]
fn a_windows_volume_that_is_not_clean_is_not_written() {
    let disk = windows_10_disk();
    // ntfsfix leaves the dirty flag, so that Windows looks at the volume.
    change(&disk, 2, |volume| drop(judge("ntfsfix", &[text(volume)])));
    refused(&disk, &[], &["partition 2 (Windows) cannot be written safely now", "marked dirty"]);
    refused(&disk, &["--allow-dirty-volume"], &["--allow-dirty-volume does not override this"]);
    bcdrescue(&["fix", disk.name(), "--yes"]).exits(1);
}

#[test]
fn a_hive_that_cannot_be_read_or_overwritten_is_refused() {
    let disk = Disk::raw("win10-bios");
    put(&disk, 2, SYSTEM, b"no hive at all");
    refused(&disk, &[], &["cannot be read", "signature of the base block", "omit --drive-letters"]);
    bcdrescue(&["fix", disk.name(), "--yes"]).exits(1);

    // Bytes behind the initialised ones read as zeros, whatever is written to their clusters; a compressed or encrypted
    // file has others than it shows.
    let mut hive = system_hive(windows_10(OLD), 0);
    hive.extend([0; 8192]);
    let initialised = u64::try_from(hive.len() - 512).unwrap().to_le_bytes();
    for (at, bytes, words) in [
        (0x38, initialised.as_slice(), &["cannot be overwritten in place", "are initialised"][..]),
        (0x0c, &[0x01, 0x00], &["compressed"]),
        (0x0c, &[0x00, 0x40], &["encrypted"]),
    ] {
        let disk = Disk::raw("win10-bios");
        put(&disk, 2, SYSTEM, &hive);
        change(&disk, 2, |volume| set_in_data_attribute(volume, at, bytes));
        refused(&disk, &[], words);
    }
}

#[test]
fn a_dynamic_disk_is_refused() {
    use std::os::unix::fs::FileExt;
    let disk = Disk::raw("win2003-bios");
    let start = partitions(&disk.path)[0].start;
    let letters = vec![(r"\DosDevices\C:", mbr(0x0102_0304, start))];
    put(&disk, 1, "/WINDOWS/system32/config/system", &system_hive(letters, 0));
    let file = fs::OpenOptions::new().write(true).open(&disk.path).unwrap();
    // The type of the first partition.
    file.write_all_at(&[0x42], 0x1be + 4).unwrap();
    refused(&disk, &[], &["dynamic disk"]);
}

/// Sets bytes of the header of the hive's $DATA attribute.
fn set_in_data_attribute(volume: &Path, at: usize, bytes: &[u8]) {
    use std::os::unix::fs::FileExt;
    let name: Vec<u8> = "SYSTEM".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let file = fs::OpenOptions::new().read(true).write(true).open(volume).unwrap();
    for (start, data) in data(volume) {
        for (index, record) in data.chunks(1024).enumerate().filter(|(_, record)| record.starts_with(b"FILE"))
        {
            let mut attribute = usize::from(u16::from_le_bytes([record[0x14], record[0x15]]));
            let mut is_hive = false;
            while record[attribute] != 0xff {
                let len = usize::from(record[attribute + 4]) + 256 * usize::from(record[attribute + 5]);
                let body = &record[attribute..attribute + len];
                is_hive |=
                    body[0] == 0x30 && body[0x18 + 0x40] == 6 && body[0x18 + 0x42..].starts_with(&name);
                if is_hive && body[0] == 0x80 {
                    file.write_all_at(bytes, start + (index * 1024 + attribute + at) as u64).unwrap();
                    return;
                }
                attribute += len;
            }
        }
    }
    panic!("no FILE record of the hive");
}

#[test]
fn an_undo_keeps_the_same_rules() {
    let disk = windows_10_disk();
    bcdrescue(&["fix", disk.name(), "--yes", "--drive-letters"]).exits(1);
    let (record, hive) = (disk.record(), get(&disk, 2, SYSTEM));
    let undo = |words: &str| {
        let before = hash(&disk.path);
        bcdrescue(&["undo", text(&record), "--yes"]).exits(8).says(words);
        assert_eq!(hash(&disk.path), before);
    };
    // Windows wrote another letter.
    let mut other = hive.clone();
    let at = other.windows(8).position(|bytes| *bytes == mbr(NEW, STARTS[1])[..8]).unwrap();
    other[at + 3] ^= 1;
    put(&disk, 2, SYSTEM, &other);
    undo("contains neither the old nor the new bytes");
    put(&disk, 2, SYSTEM, &hive);
    let mut sleeping = vec![0; 4096];
    sleeping[..4].copy_from_slice(b"hibr");
    bcdrescue(&["undo", text(&record), "--yes"]).exits(1);
    assert!(get(&disk, 2, SYSTEM) == system_hive(windows_10(OLD), 0));
    fs::remove_file(&record).unwrap();
    bcdrescue(&["fix", disk.name(), "--yes", "--drive-letters"]).exits(1);
    let record = disk.record();
    put(&disk, 2, "/hiberfil.sys", &sleeping);
    let before = hash(&disk.path);
    bcdrescue(&["undo", text(&record), "--yes"]).exits(8).says("a registry in use").says("hibernated");
    assert_eq!(hash(&disk.path), before);
}
