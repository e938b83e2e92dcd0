//! `fix --boot-ini`: signatures and partition numbers in `boot.ini`, where the file is in its record, in clusters or on FAT. Programs of
//! ntfs-3g and mtools see that the rest of the file and its attributes stay.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use bcdrescue::diagnosis::Choice;
use serde_json::Value as Json;

use crate::support::disk::Disk;
use crate::support::disk::hash;
use crate::support::findings::checked;
use crate::support::findings::findings;
use crate::support::findings::hop;
use crate::support::judges::fat_file;
use crate::support::judges::judge;
use crate::support::judges::ntfs_file;
use crate::support::judges::put_fat;
use crate::support::judges::put_ntfs;
use crate::support::letters::mbr;
use crate::support::letters::system_hive;
use crate::support::parts::change;
use crate::support::parts::sfdisk;
use crate::support::parts::volume;
use crate::support::program::bcdrescue;
use crate::support::program::counted;
use crate::support::program::text;
use crate::support::repair::refused_with;
use crate::support::sparse::SparseRam;
use crate::support::text_cuts::TextCase;

const SYSTEM: &str = "/WINDOWS/system32/config/system";

/// The signature that the disk has, and the one that its Windows remembers.
const NEW: &str = "0a1b2c3d";
const OLD: &str = "7d2c9d2c";

/// The table with Windows as the second partition, where it was before; before it one that is empty.
const SECOND: &str = "label: dos\nlabel-id: 0x0a1b2c3d\n2: start=2048, size=2093056, type=7, bootable\n\
    1: start=64, size=1984, type=6\n";

/// Bytes of a code page beside what is changed, and blanks.
fn boot_ini(path: &str) -> Vec<u8> {
    let text = format!(
        "; von Hand ge\u{e4}ndert\r\n[boot loader]\r\ntimeout=30\r\ndefault={path}\r\n[operating systems]\r\n\
         {path} = \"Windows Server 2003, f\u{fc}r partition(1)\" /fastdetect\r\nC:\\=\"DOS\"\r\n"
    );
    text.chars().map(|character| u8::try_from(u32::from(character)).unwrap()).collect()
}

/// The same, longer than a record, with the default in one sector and its entry in another.
fn long_boot_ini(path: &str) -> Vec<u8> {
    let comments: String = (0..20).map(|number| format!("; line {number:02} of many\r\n")).collect();
    let entries = format!("[operating systems]\r\n{comments}");
    let text = String::from_utf8_lossy(&boot_ini(path)).replace("[operating systems]\r\n", &entries);
    [comments.as_bytes(), text.as_bytes(), comments.as_bytes()].concat()
}

fn multi(partition: &str) -> String {
    format!(r"multi(0)disk(0)rdisk(0){partition}\WINDOWS")
}

fn signature(named: &str, partition: u32) -> String {
    format!(r"signature({named})disk(0)rdisk(0)partition({partition})\WINDOWS")
}

/// A FAT volume of so many sectors at sector 64, in a file beside the disk.
fn fat(disk: &Disk, sectors: usize) -> PathBuf {
    let path = disk.folder.path().join("fat.volume");
    fs::write(&path, vec![0; sectors * 512]).unwrap();
    judge("mkfs.fat", &["-h", "64", text(&path)]);
    path
}

/// The 2003 disk with this `boot.ini`; its Windows is the partition with this number.
fn disk(number: u32, text: &[u8]) -> Disk {
    let disk = Disk::raw("win2003-bios");
    if number == 2 {
        sfdisk(&disk.path, SECOND);
        let first = fat(&disk, 1984);
        disk.put(64 * 512, &fs::read(&first).unwrap());
        fs::remove_file(first).unwrap();
    }
    change(&disk, number, |volume| put_ntfs(volume, "/boot.ini", text));
    disk
}

fn with_text(from: &[u8], old: &str, new: &str) -> Vec<u8> {
    let latin: String = from.iter().map(|byte| char::from(*byte)).collect();
    assert!(latin.contains(old));
    latin.replace(old, new).chars().map(|character| u8::try_from(u32::from(character)).unwrap()).collect()
}

/// What ntfsinfo says of the file: its attributes, times and names, but not how its contents are kept.
fn ntfs_attributes(volume: &Path) -> String {
    let said = judge("ntfsinfo", &["-F", "/boot.ini", text(volume)]);
    let said = String::from_utf8_lossy(&said).into_owned();
    let begin = said.find("Dumping attribute $STANDARD_INFORMATION").unwrap();
    said[begin..said.find("Dumping attribute $DATA").unwrap()].to_owned()
}

/// The cure by the program, twice, and its undoing; `judge` reads the file and its attributes.
#[track_caller]
fn cured(
    disk: &Disk,
    number: u32,
    fields: &[&str],
    judge: fn(&Path) -> (Vec<u8>, String),
) -> (Vec<u8>, Vec<u8>) {
    let look = || {
        let file = volume(disk, number);
        let seen = judge(&file);
        fs::remove_file(file).unwrap();
        seen
    };
    let (before, (old, attributes)) = (hash(&disk.path), look());
    let told = bcdrescue(&["check", disk.name()]).exits(4);
    told.says(&format!("bcdrescue fix {} --boot-ini", disk.name()));
    bcdrescue(&["fix", disk.name(), "--yes"]).exits(4).says("nothing was written");
    let dry = bcdrescue(&["fix", disk.name(), "--boot-ini", "--dry-run", "-v"]).exits(4);
    fields.iter().fold(dry, |dry, field| dry.says(field)).says("dry run: nothing was written");
    assert_eq!((hash(&disk.path), disk.records().len()), (before.clone(), 0));
    let target = bcdrescue(&["fix", disk.name(), "--boot-ini", "--yes", "--json"]).exits(1).target();
    assert_eq!(target["edits"].as_array().unwrap().len(), fields.len(), "{target:#}");
    let (new, attributes_after) = look();
    assert_eq!(attributes, attributes_after);
    let target = checked(disk, 0, "healthy");
    assert_eq!(hop(&target, "boot.ini")["state"], "ok");
    assert_eq!(hop(&target, "Windows")["state"], "ok");
    let after = hash(&disk.path);
    bcdrescue(&["fix", disk.name(), "--boot-ini", "--yes"]).exits(0).says("nothing was written");
    assert_eq!((hash(&disk.path), disk.records().len()), (after, 1));
    bcdrescue(&["undo", text(&disk.record()), "--yes"]).exits(1).says("every byte is as it was");
    assert_eq!(hash(&disk.path), before);
    fs::remove_file(disk.record()).unwrap();
    (old, new)
}

fn on_ntfs(volume: &Path) -> (Vec<u8>, String) {
    (ntfs_file(volume, "/boot.ini"), ntfs_attributes(volume))
}

fn on_fat(volume: &Path) -> (Vec<u8>, String) {
    let attributes = judge("mattrib", &["-i", text(volume), "::/boot.ini"]);
    (fat_file(volume, "/boot.ini"), String::from_utf8_lossy(&attributes).into_owned())
}

#[test]
fn a_partition_with_another_number_is_found() {
    for text in [boot_ini, long_boot_ini] {
        let wrong = text(&multi("partition(1)"));
        let is_long = wrong.len() > 1024;
        let disk = disk(2, &wrong);
        let lines = if is_long { [24, 46] } else { [4, 6] };
        let said = lines.map(|line| format!("boot.ini line {line}: partition(1) -> partition(2)"));
        let (old, new) = cured(&disk, 2, &said.each_ref().map(String::as_str), on_ntfs);
        assert_eq!(
            (old, &new),
            (wrong.clone(), &with_text(&wrong, "rdisk(0)partition(1)", "rdisk(0)partition(2)"))
        );
    }
}

#[test]
fn a_number_of_another_length_makes_the_file_shorter() {
    for text in [boot_ini, long_boot_ini] {
        let wrong = text(&multi("Partition( 12 )"));
        let disk = disk(2, &wrong);
        let (old, new) = cured(&disk, 2, &["Partition( 12 ) -> Partition( 2 )"; 2], on_ntfs);
        assert_eq!((old, &new), (wrong.clone(), &with_text(&wrong, "( 12 )", "( 2 )")));
        assert_eq!(new.len() + 2, wrong.len());
    }
}

#[test]
fn the_old_signature_of_the_disk_becomes_the_present_one() {
    for (named, own, partition) in
        [(OLD, NEW, 1), ("7D2C9D2C", "0A1B2C3D", 1), ("0x7d2c9d2c", "0x0a1b2c3d", 2)]
    {
        let wrong = boot_ini(&signature(named, partition));
        let disk = disk(1, &wrong);
        let said = format!("boot.ini line 4: signature({named}) -> signature({own})");
        let also = "boot.ini line 6: partition(2) -> partition(1)";
        let fields = if partition == 2 {
            vec![&said, also, "line 4: partition(2)", "line 6: sig"]
        } else {
            vec![&said, "line 6"]
        };
        let (_, new) = cured(&disk, 1, &fields, on_ntfs);
        let right = with_text(&wrong, &signature(named, partition), &signature(own, 1));
        assert_eq!(new, right);
    }
}

/// The table of another disk looks the same: only what Windows remembers, or a record, tells an old signature.
#[test]
fn a_signature_that_nobody_tells_is_left() {
    let disk = disk(1, &boot_ini(&signature("01020304", 1)));
    let untold = |says: &str| {
        let target = checked(&disk, 4, "broken");
        let [finding] = findings(&target, "boot-ini-signature").try_into().unwrap();
        assert!(finding["switch"].is_null() && finding["evidence"].to_string().contains(says), "{finding}");
        let before = hash(&disk.path);
        bcdrescue(&["fix", disk.name(), "--boot-ini", "--yes"]).exits(4).says("nothing was written");
        assert_eq!(hash(&disk.path), before);
    };
    untold("say that signature 01020304 was this disk's");
    let letters = |letters| change(&disk, 1, |volume| put_ntfs(volume, SYSTEM, &system_hive(letters, 0)));
    // Another disk's volume, beside its own by the present signature, or by a third one.
    let own = 0x0a1b_2c3d;
    letters(vec![(r"\DosDevices\C:", mbr(own, 1 << 20)), (r"\DosDevices\D:", mbr(0x0102_0304, 1 << 20))]);
    untold("not certain enough");
    letters(vec![(r"\DosDevices\C:", mbr(7, 1 << 20)), (r"\DosDevices\D:", mbr(0x0102_0304, 1 << 20))]);
    untold("not certain enough");
    // Its own, at another place: the only disk that it remembers.
    letters(vec![(r"\DosDevices\C:", mbr(0x0102_0304, 63 * 512))]);
    let target = checked(&disk, 4, "broken");
    assert_eq!(findings(&target, "boot-ini-signature")[0]["switch"], "--boot-ini");
    letters(vec![(r"\DosDevices\C:", mbr(0x0102_0304, 1 << 20)), (r"\DosDevices\D:", mbr(7, 5 << 20))]);
    bcdrescue(&["fix", disk.name(), "--boot-ini", "--drive-letters", "--yes"]).exits(1);
    checked(&disk, 0, "healthy");
}

#[test]
fn a_record_of_the_disk_tells_its_signature() {
    let disk = disk(1, &boot_ini(&signature("01020304", 1)));
    let [now, record] = ["0x0a1b2c3d", "0x01020304"];
    judge("sfdisk", &["-q", "--disk-id", disk.name(), record]);
    let file = disk.folder.path().join("identity.json");
    bcdrescue(&["record", disk.name(), "-o", text(&file)]).exits(0);
    judge("sfdisk", &["-q", "--disk-id", disk.name(), now]);
    bcdrescue(&["fix", disk.name(), "--boot-ini", "--against", text(&file), "--yes"])
        .exits(5)
        .says("2 fields corrected");
    checked(&disk, 0, "healthy");
}

#[test]
fn which_of_two_windows_is_meant_nobody_tells() {
    let target = |disk: &Disk| {
        let target = checked(disk, 4, "broken");
        let finding = findings(&target, "boot-ini-partition")[0].clone();
        bcdrescue(&["fix", disk.name(), "--boot-ini", "--yes"]).exits(4).says("nothing was written");
        finding
    };
    // A directory of another name; a disk that is not the first.
    let other = disk(2, &boot_ini(r"multi(0)disk(0)rdisk(0)partition(1)\WINNT"));
    assert!(target(&other)["switch"].is_null());
    // The same Windows once more, on a logical partition.
    let twice = disk(1, &boot_ini(&multi("partition(3)")));
    let copy = volume(&twice, 1);
    fs::File::options().write(true).open(&twice.path).unwrap().set_len(2100 << 20).unwrap();
    let table = "label: dos\nlabel-id: 0x0a1b2c3d\n1: start=2048, size=2093056, type=7, bootable\n\
        2: start=2099200, size=2099200, type=f\n5: start=2101248, size=2093056, type=7\n";
    sfdisk(&twice.path, table);
    crate::support::parts::paste(&copy, &twice.path, 2_101_248 * 512);
    let finding = target(&twice);
    assert!(
        finding["switch"].is_null() && finding["remedy"].to_string().contains("none or several"),
        "{finding}"
    );
}

/// An entry of a Windows that is gone does not become a second one of that which is there.
#[test]
fn an_entry_of_a_windows_that_another_entry_means_is_left() {
    let text = |default: &str, entries: &[&str]| {
        let entries: String =
            entries.iter().map(|entry| format!("{}=\"Windows\"\r\n", multi(entry))).collect();
        format!("[boot loader]\r\ndefault={}\r\n[operating systems]\r\n{entries}", multi(default))
            .into_bytes()
    };
    let [one, two, three] = ["partition(1)", "partition(2)", "partition(3)"];
    for (default, entries, says) in [
        (one, vec![one, two], "another entry starts that Windows already"),
        (two, vec![two, one], "another entry starts that Windows already"),
        (two, vec![two, three], "another entry may mean that Windows too"),
        (two, vec![three], "another entry may mean that Windows too"),
    ] {
        let disk = disk(1, &text(default, &entries));
        let before = hash(&disk.path);
        bcdrescue(&["check", "-v", disk.name()]).exits(4).says(says);
        bcdrescue(&["fix", disk.name(), "--boot-ini", "--yes"]).exits(4).says("nothing was written");
        assert_eq!(hash(&disk.path), before);
    }
    // A default that no entry has, and the one entry is right; another disk's entry means nothing here.
    let disk = disk(1, &text(two, &[one]));
    let (_, new) = cured(&disk, 1, &["boot.ini line 2: partition(2) -> partition(1)"], on_ntfs);
    assert_eq!(new, text(one, &[one]));
    let other = format!("{}=\"Windows\"\r\n", signature("01020304", 1));
    let file = [text(two, &[two]), other.into_bytes()].concat();
    change(&disk, 1, |volume| put_ntfs(volume, "/boot.ini", &file));
    bcdrescue(&["fix", disk.name(), "--boot-ini", "--yes"]).exits(5).says("2 fields corrected");
}

/// What nobody can see may be the Windows that is meant.
#[test]
fn beside_a_volume_that_cannot_be_read_a_number_is_left() {
    let disk = disk(1, &boot_ini(&multi("partition(3)")));
    sfdisk(
        &disk.path,
        &format!("{SECOND}\n")
            .replace("2: start", "1: start")
            .replace("1: start=64, size=1984, type=6", "2: start=64, size=1984, type=7"),
    );
    bcdrescue(&["check", disk.name()]).exits(4).says("--boot-ini");
    let mut sector = vec![0; 512];
    sector[..11].copy_from_slice(b"\xeb\x58\x90-FVE-FS-");
    sector[0x0b..0x0d].copy_from_slice(&512u16.to_le_bytes());
    sector[510..].copy_from_slice(&[0x55, 0xaa]);
    disk.put(64 * 512, &sector);
    let target = checked(&disk, 4, "broken");
    let [finding] = findings(&target, "boot-ini-partition").try_into().unwrap();
    assert!(finding["switch"].is_null(), "{finding}");
    assert!(finding["evidence"].to_string().contains(r"and may have \\WINDOWS too"), "{finding}");
}

/// NTLDR on a FAT volume of its own, Windows on the second partition.
fn fat_disk(text: &[u8]) -> Disk {
    fat_disk_with(text, "2: start=2048, size=2093056, type=7\n")
}

fn fat_disk_with(text: &[u8], others: &str) -> Disk {
    let disk = Disk::raw("win2003-bios");
    let windows = volume(&disk, 1);
    // What it has of this is no start any more.
    disk.rename("ntldr", "ntldx");
    let first = "label: dos\nlabel-id: 0x0a1b2c3d\n1: start=64, size=1600, type=6, bootable\n";
    sfdisk(&disk.path, &format!("{first}{others}"));
    let fat = fat(&disk, 1600);
    for name in ["/ntldr", "/NTDETECT.COM"] {
        put_fat(&fat, name, &ntfs_file(&windows, name));
    }
    put_fat(&fat, "/boot.ini", text);
    judge("mattrib", &["+a", "+h", "+r", "+s", "-i", crate::support::program::text(&fat), "::/boot.ini"]);
    disk.put(64 * 512, &fs::read(&fat).unwrap());
    for file in [fat, windows] {
        fs::remove_file(file).unwrap();
    }
    disk
}

#[test]
fn on_fat_the_file_stays_hidden_and_read_only() {
    for (text, from, to) in [
        (boot_ini as fn(&str) -> Vec<u8>, "partition(1)", "partition(2)"),
        (long_boot_ini, "partition(1)", "partition(2)"),
        (boot_ini, "partition(12)", "partition(2)"),
    ] {
        let wrong = text(&multi(from));
        let disk = fat_disk(&wrong);
        let (old, new) = cured(&disk, 1, &["partition(2)"; 2], on_fat);
        assert_eq!((old, &new), (wrong.clone(), &with_text(&wrong, &multi(from), &multi(to))));
    }
}

#[test]
fn logical_partitions_are_counted_behind_primary_ones_and_the_container_is_not() {
    let wrong = boot_ini(&multi("partition(3)"));
    let others = "2: start=2040, size=2093064, type=f\n5: start=2048, size=2093056, type=7\n";
    let disk = fat_disk_with(&wrong, others);
    let (_, new) = cured(&disk, 1, &["partition(3) -> partition(2)"; 2], on_fat);
    assert_eq!(new, with_text(&wrong, &multi("partition(3)"), &multi("partition(2)")));
}

#[track_caller]
fn refused(disk: &Disk, switches: &[&str], says: &str) {
    refused_with(disk, &[&["--boot-ini"], switches].concat(), 8, &[says]);
}

#[test]
fn a_volume_that_is_not_at_rest_is_not_written() {
    let wrong = boot_ini(&multi("partition(2)"));
    let dirty = disk(1, &wrong);
    change(&dirty, 1, |volume| drop(judge("ntfsfix", &[text(volume)])));
    refused(&dirty, &[], r"\boot.ini on partition 1 (Windows) cannot be written safely now");
    refused(&dirty, &["--allow-dirty-volume"], "--allow-dirty-volume does not override this");
    let asleep = disk(1, &wrong);
    let mut session = vec![0; 4096];
    session[..4].copy_from_slice(b"hibr");
    change(&asleep, 1, |volume| put_ntfs(volume, "/hiberfil.sys", &session));
    refused(&asleep, &[], "hibernated");
    bcdrescue(&["fix", asleep.name(), "--boot-ini", "--allow-hibernated", "--yes"]).exits(1);
    let fat = fat_disk(&boot_ini(&multi("partition(1)")));
    // The mark of a volume in use, in its boot record: FAT12 has none in its table.
    fat.put(64 * 512 + 0x25, &[1]);
    refused(&fat, &[], r"\boot.ini on partition 1");
}

#[test]
fn it_is_not_asked_for_with_the_old_identity() {
    let disk = disk(1, &boot_ini(&signature(OLD, 1)));
    bcdrescue(&["fix", disk.name(), "--boot-ini", "--restore-identity"]).exits(16);
}

fn case(name: &str, old: &[u8], from: &str, to: &str) -> TextCase {
    TextCase {
        name: name.to_owned(),
        choice: Choice { boot_ini: true, ..Choice::default() },
        before: SparseRam::read(&disk(2, old).path),
        place: (2, "/boot.ini"),
        old: old.to_vec(),
        new: with_text(old, from, to),
    }
}

#[test]
fn at_every_cut_the_file_is_the_old_one_or_the_new_one() {
    let cases = [
        case(
            "in its record",
            &boot_ini(&multi("partition(1)")),
            &multi("partition(1)"),
            &multi("partition(2)"),
        ),
        case(
            "in two sectors",
            &long_boot_ini(&multi("partition(1)")),
            &multi("partition(1)"),
            &multi("partition(2)"),
        ),
        case(
            "shorter",
            &long_boot_ini(&multi("partition(12)")),
            &multi("partition(12)"),
            &multi("partition(2)"),
        ),
    ];
    let states: usize = cases.iter().map(TextCase::holds).sum();
    counted("power cuts in boot.ini", &format!("{} edits, {states} states", cases.len()));
}

#[test]
fn json_has_the_edits_as_any() {
    let disk = disk(1, &boot_ini(&multi("partition(2)")));
    let target = bcdrescue(&["check", disk.name(), "--boot-ini", "--json"]).exits(4).target();
    let [finding] = findings(&target, "boot-ini-partition").try_into().unwrap();
    let edit = &finding["cure"]["edits"][0];
    assert_eq!(edit["what"], "boot.ini line 4");
    assert_eq!(edit["meaning"], "partition(2) -> partition(1)");
    let hex = |text: &str| text.bytes().map(|byte| format!("{byte:02x}")).collect::<String>();
    let bytes = |field: &str| edit[field].as_str().unwrap().replace(' ', "");
    assert_eq!((bytes("from"), bytes("to")), (hex("partition(2)"), hex("partition(1)")));
    assert_eq!(finding["switch"], Json::Null);
}
