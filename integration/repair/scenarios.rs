//! Disks as they come: more than one Windows, disks that are not here, repairs begun by hand, and every refusal.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use bcdrescue::bcd::ElementValue;
use bcdrescue::bcd::QualifiedPartition;
use bcdrescue::bcd::Store;
use bcdrescue::bcd::edit;
use bcdrescue::hive::build::NewKey;
use bcdrescue::hive::build::NewValue;
use bcdrescue::hive::build::build;
use serde_json::Value as Json;
use tempfile::TempDir;

use crate::stores::corpus::again;
use crate::support::disk::Disk;
use crate::support::disk::hash;
use crate::support::judges::fat_file;
use crate::support::judges::hivex_difference;
use crate::support::judges::judge;
use crate::support::judges::judge_with;
use crate::support::judges::ntfs_file;
use crate::support::judges::put_fat;
use crate::support::judges::put_ntfs;
use crate::support::parts::Part;
use crate::support::parts::cut;
use crate::support::parts::partitions;
use crate::support::parts::paste;
use crate::support::parts::sfdisk;
use crate::support::program::bcdrescue;
use crate::support::program::run as run_program;
use crate::support::program::text;

const MIB: u64 = 1 << 20;

const BIOS: &str = "/Boot/BCD";

const UEFI: &str = "/EFI/Microsoft/Boot/BCD";

/// The signature that the store of `win2008r2-bios` names, and the one that its broken disk has.
const OLD: u32 = 0x3623_4da4;

const NEW: u32 = 0x9e5f_31c7;

fn part(disk: &Disk, number: u32) -> Part {
    partitions(&disk.path).into_iter().find(|part| part.number == number).unwrap()
}

/// The volume of a partition as a file of its own.
fn volume(disk: &Disk, number: u32) -> PathBuf {
    let part = part(disk, number);
    cut(&disk.path, part.start, part.len)
}

/// Changes a volume as a file of its own and puts it back.
fn change(disk: &Disk, number: u32, with: impl Fn(&Path)) {
    let file = volume(disk, number);
    with(&file);
    paste(&file, &disk.path, part(disk, number).start);
    fs::remove_file(file).unwrap();
}

/// Puts an empty FAT volume with these files where a partition's volume was.
pub fn replace(disk: &Disk, number: u32, files: &[&str]) {
    let start = part(disk, number).start;
    let file = disk.folder.path().join("fat.volume");
    fs::write(&file, vec![0; 40 << 20]).unwrap();
    judge("mkfs.fat", &["-F", "32", text(&file)]);
    files.iter().for_each(|path| put_fat(&file, path, b"a file"));
    let bytes = fs::read(&file).unwrap();
    let target = fs::OpenOptions::new().write(true).open(&disk.path).unwrap();
    target.write_all_at(&bytes, start).unwrap();
    fs::remove_file(file).unwrap();
}

/// The store of partition 1.
fn store(disk: &Disk, path: &str) -> Vec<u8> {
    let file = volume(disk, 1);
    let bytes = if path == BIOS { ntfs_file(&file, path) } else { fat_file(&file, path) };
    fs::remove_file(file).unwrap();
    bytes
}

fn put_store(disk: &Disk, path: &str, bytes: &[u8]) {
    change(
        disk,
        1,
        |volume| if path == BIOS { put_ntfs(volume, path, bytes) } else { put_fat(volume, path, bytes) },
    );
}

/// The store with the identities of those elements changed for which `to` has another; it is asked with the object's
/// name, the element's key and the identity.
pub fn with_identities(
    bytes: &[u8],
    to: impl Fn(&str, &str, QualifiedPartition) -> Option<QualifiedPartition>,
) -> Vec<u8> {
    let store = Store::parse(bytes.to_vec()).unwrap();
    let mut after = bytes.to_vec();
    for object in store.objects() {
        for element in &object.elements {
            let ElementValue::Device(device) = &element.value else { continue };
            for record in device.identities() {
                if let Some(new) = to(object.name(), &element.key, record.partition) {
                    edit::apply(&mut after, &edit::replace_identity(element, &record, new).unwrap()).unwrap();
                }
            }
        }
    }
    assert_ne!(after, bytes);
    after
}

fn check(disk: &Disk, code: i32, verdict: &str) -> Json {
    let target = bcdrescue(&["check", disk.name(), "--json"]).exits(code).target();
    assert_eq!(target["verdict"], verdict, "{:#}", target["findings"]);
    target
}

fn findings<'a>(target: &'a Json, code: &str) -> Vec<&'a Json> {
    let all = target["findings"].as_array().unwrap();
    all.iter().filter(|finding| finding["code"] == code).collect()
}

/// `fix` leaves the disk as it is and says so with this code.
#[track_caller]
fn nothing_to_fix(disk: &Disk, code: i32, says: &str) {
    let before = hash(&disk.path);
    bcdrescue(&["fix", disk.name(), "--yes"]).exits(code).says("nothing was written").says(says);
    assert_eq!((hash(&disk.path), disk.records().len()), (before, 0));
}

/// `fix` refuses, naming the reason; with the switch it repairs, and undo brings back every byte.
#[track_caller]
fn refused(disk: &Disk, reason: &str, switch: Option<&str>) {
    let before = hash(&disk.path);
    bcdrescue(&["fix", disk.name(), "--yes"]).exits(8).says("nothing was written").says(reason);
    assert_eq!((hash(&disk.path), disk.records().len()), (before.clone(), 0));
    suggested(disk, reason);
    let Some(switch) = switch else { return };
    bcdrescue(&["fix", disk.name(), "--yes", switch]).exits(1);
    check(disk, 0, "healthy");
    bcdrescue(&["undo", text(&disk.record()), "--yes"]).exits(1);
    assert_eq!(hash(&disk.path), before);
}

/// What `check` suggests where `fix` alone is refused is carried out as it stands, and the disk is then what was said.
#[track_caller]
fn suggested(disk: &Disk, reason: &str) {
    let before = hash(&disk.path);
    let run = bcdrescue(&["check", disk.name(), "--json"]);
    let fix = &run.target()["fix"];
    assert!(fix["refused"].to_string().contains(reason), "{fix:#}");
    let Some(command) = fix["command"].as_str() else {
        return assert_eq!((&fix["possible"], &fix["then"]), (&false.into(), &Json::Null));
    };
    let program = Path::new(env!("CARGO_BIN_EXE_bcdrescue")).parent().unwrap();
    let line = format!("PATH={}:$PATH; {command} --yes", text(program));
    let run = run_program("sh", &["-c", &line]);
    assert!(matches!(run.code, 1 | 5), "{command}: {}{}", run.stdout, run.stderr);
    let target = bcdrescue(&["check", disk.name(), "--json"]).target();
    assert_eq!(target["verdict"], fix["then"], "{command}");
    let record = disk.records().pop().expect("a record");
    bcdrescue(&["undo", text(&record), "--yes"]).exits(1);
    assert_eq!(hash(&disk.path), before);
    fs::remove_file(record).unwrap();
}

/// The other cure is no less right for that: it ends with this code, changes four bytes, and can be undone.
#[track_caller]
fn gets_its_identity_back(disk: &Disk, code: i32) {
    let before = hash(&disk.path);
    let fixed =
        bcdrescue(&["fix", disk.name(), "--yes", "--json", "--restore-identity"]).exits(code).target();
    assert_eq!(fixed["patches"].as_array().map(Vec::len), Some(1));
    assert_eq!(fixed["disk"]["identity"], format!("0x{OLD:08x}"));
    let record = disk.records().pop().expect("a record");
    bcdrescue(&["undo", text(&record), "--yes"]).exits(1);
    assert_eq!(hash(&disk.path), before);
}

/// `fix` cures so many elements and leaves nothing.
#[track_caller]
fn cured(disk: &Disk, arguments: &[&str], elements: usize) -> Json {
    let mut all = vec!["fix", disk.name(), "--yes", "--json"];
    all.extend(arguments);
    let target = bcdrescue(&all).exits(1).target();
    assert_eq!(target["verdict"], "healthy", "{:#}", target["findings"]);
    assert_eq!(target["changes"].as_array().unwrap().len(), elements);
    check(disk, 0, "healthy");
    target
}

/// The changes of `fix` that lead to this partition.
fn changes_to(target: &Json, partition: u32) -> usize {
    target["changes"].as_array().unwrap().iter().filter(|change| change["partition"] == partition).count()
}

/// A second Windows, or another copy of a partition, behind all other partitions.
pub(crate) fn second_windows(disk: &Disk, of: u32, number: u32) {
    let file = volume(disk, of);
    let len = fs::metadata(&file).unwrap().len();
    let end = fs::metadata(&disk.path).unwrap().len();
    fs::OpenOptions::new().write(true).open(&disk.path).unwrap().set_len(end + len + 8 * MIB).unwrap();
    let is_gpt = partitions_label(disk) == "gpt";
    if is_gpt {
        judge("sfdisk", &["-q", "--relocate", "gpt-bak-std", disk.name()]);
    }
    let line = format!("start={}, size={}\n", (end + MIB) / 512, len / 512);
    judge_with("sfdisk", &["-q", "--append", disk.name()], line.as_bytes());
    paste(&file, &disk.path, part(disk, number).start);
    fs::remove_file(file).unwrap();
}

fn partitions_label(disk: &Disk) -> String {
    let json: Json = serde_json::from_slice(&judge("sfdisk", &["-J", disk.name()])).unwrap();
    json["partitiontable"]["label"].as_str().unwrap().to_owned()
}

#[test]
fn two_windows_and_nothing_known_of_the_old_disk_is_not_guessed() {
    let disk = Disk::raw("win11-uefi");
    second_windows(&disk, 3, 5);
    let target = check(&disk, 4, "broken");
    let left = |target: &Json| {
        findings(target, "disk-unknown").iter().filter(|finding| finding["cure"].is_null()).count()
    };
    // The loader's and the resume object's. {bootmgr}, of both stores, and {memdiag} are known, and kept: they tell whose the others were.
    assert_eq!(left(&target), 5 + 3, "{:#}", target["findings"]);
    let before = store(&disk, UEFI);
    let target = bcdrescue(&["fix", disk.name(), "--yes", "--json"]).exits(5).target();
    assert_eq!((target["verdict"].as_str().unwrap(), left(&target)), ("broken", 8));
    assert_eq!(changes_to(&target, 3) + changes_to(&target, 5), 0, "{:#}", target["changes"]);
    assert_eq!(hivex_difference(&before, &store(&disk, UEFI)).len(), 3);
    bcdrescue(&["undo", text(&disk.record()), "--yes"]).exits(1);
    assert_eq!(store(&disk, UEFI), before);
    fs::remove_file(disk.record()).unwrap();

    for number in [3, 5] {
        let chosen = number.to_string();
        let target = cured_by_choice(&disk, &chosen);
        assert_eq!(changes_to(&target, number), 5, "{:#}", target["changes"]);
        bcdrescue(&["undo", text(&disk.record()), "--yes"]).exits(1);
        fs::remove_file(disk.record()).unwrap();
    }
    // The ESP has no Windows.
    let target = bcdrescue(&["fix", disk.name(), "--yes", "--json", "--windows", "1"]).exits(8).target();
    assert_eq!(target["action"], "refused");
    assert_eq!(findings(&target, "choice-does-not-fit").len(), 5);
    assert_eq!(store(&disk, UEFI), before);
}

fn cured_by_choice(disk: &Disk, windows: &str) -> Json {
    let target = bcdrescue(&["fix", disk.name(), "--yes", "--json", "--windows", windows]).exits(1).target();
    assert_eq!(target["verdict"], "healthy", "{:#}", target["findings"]);
    check(disk, 0, "healthy");
    target
}

#[test]
fn two_windows_and_a_new_signature_are_told_apart_by_their_places() {
    let disk = Disk::raw("win2008r2-bios");
    second_windows(&disk, 2, 3);
    let target = cured(&disk, &[], 9);
    assert_eq!((changes_to(&target, 1), changes_to(&target, 2)), (2, 7));
}

/// The store with a loader of a Windows that lies at the same offset of another disk.
pub fn with_loader_of_another_disk(bytes: &[u8], signature: u32, offset: u64) -> Vec<u8> {
    let store = Store::parse(bytes.to_vec()).unwrap();
    let (index, object) = store
        .objects()
        .iter()
        .enumerate()
        .find(|(_, object)| {
            object.object_type.is_some_and(|kind| kind.is_os_loader())
                && object.elements.iter().any(|element| element.key == "23000003")
        })
        .unwrap();
    let mut root = again(store.hive().root());
    let objects = root.subkeys.iter_mut().find(|key| key.name == "Objects").unwrap();
    assert_eq!(objects.subkeys[index].name, object.key);
    let mut copy: NewKey = again(store.hive().root().subkey("Objects").unwrap().subkey(&object.key).unwrap());
    copy.name = "{0a0b0c0d-1111-2222-3333-445566778899}".into();
    let elements = copy.subkeys.iter_mut().find(|key| key.name == "Elements").unwrap();
    elements.subkeys.retain(|element| element.name != "23000003");
    for element in
        elements.subkeys.iter_mut().filter(|key| ["11000001", "21000001"].contains(&key.name.as_str()))
    {
        let value: &mut NewValue = &mut element.values[0];
        value.data[0x20..0x28].copy_from_slice(&offset.to_le_bytes());
        value.data[0x38..0x3c].copy_from_slice(&signature.to_le_bytes());
    }
    objects.subkeys.push(copy);
    build(&root, store.hive().base_block().last_written).unwrap()
}

#[test]
fn an_entry_of_a_disk_that_is_not_here_stays_as_it_is() {
    // At the offset of this disk's Windows, and at one where nothing is.
    for offset in [101 * MIB, 5000 * MIB] {
        let disk = Disk::raw("win2008r2-bios-healthy");
        let made = with_loader_of_another_disk(&store(&disk, BIOS), 0xdead_beef, offset);
        put_store(&disk, BIOS, &made);
        let target = check(&disk, 4, "degraded");
        let above =
            target["findings"].as_array().unwrap().iter().filter(|finding| finding["severity"] != "note");
        assert!(above.clone().all(|finding| finding["subject"].as_str().unwrap().contains("0a0b0c0d")));
        assert_eq!(above.count(), 2);
        nothing_to_fix(&disk, 4, "0xdeadbeef");

        judge("sfdisk", &["-q", "--disk-id", disk.name(), "0x12121212"]);
        check(&disk, 4, "broken");
        let target = bcdrescue(&["fix", disk.name(), "--yes", "--json"]).exits(5).target();
        assert_eq!(target["verdict"], "degraded");
        assert_eq!(target["changes"].as_array().unwrap().len(), 9);
        let difference = hivex_difference(&made, &store(&disk, BIOS));
        assert_eq!(difference.len(), 9);
        assert!(!difference.iter().any(|path| path.contains("0a0b0c0d")));
    }
}

/// Partitions were copied in another order: photos begin where Windows began, under the same signature.
#[test]
fn an_entry_that_names_photos_is_re_pointed_by_the_users_word() {
    let disk = Disk::raw("win2008r2-bios-healthy");
    second_windows(&disk, 2, 3);
    replace(&disk, 2, &["/photo.jpg"]);
    let target = check(&disk, 4, "broken");
    nothing_to_fix(&disk, 4, "--windows 3");
    let before = hash(&disk.path);
    let remedy = target["findings"][0]["remedy"].as_str().unwrap();
    let words: Vec<&str> = remedy.split('`').nth(1).unwrap().split(' ').skip(1).collect();
    let target = cured(&disk, &words, 7);
    assert_eq!(changes_to(&target, 3), 7);
    bcdrescue(&["undo", text(&disk.record()), "--yes"]).exits(1);
    assert_eq!(hash(&disk.path), before);
}

/// Of two entries that are both right one is split between the two Windows; then the signature changes. Each place is where it was, the
/// split is not decided for anybody, and the other entry is not drawn along.
#[test]
fn a_split_entry_under_a_new_signature_moves_no_other() {
    let disk = Disk::raw("win2008r2-bios-healthy");
    second_windows(&disk, 2, 3);
    let (second, third) = (part(&disk, 2).start, part(&disk, 3).start);
    let made = with_loader_of_another_disk(&store(&disk, BIOS), OLD, third);
    let main = main_loader(&made);
    let made = with_identities(&made, |object, element, named| match named {
        QualifiedPartition::Mbr { signature, offset }
            if (object, element, offset) == (main.as_str(), "21000001", second) =>
        {
            Some(QualifiedPartition::Mbr { signature, offset: third })
        }
        _ => None,
    });
    put_store(&disk, BIOS, &made);
    let check_split = |disk: &Disk| {
        let split = check(disk, 4, "broken");
        assert_eq!(findings(&split, "osdevice-elsewhere").len(), 1, "{:#}", split["findings"]);
    };
    check_split(&disk);
    judge("sfdisk", &["-q", "--disk-id", disk.name(), "0x7ab1e0ff"]);
    let target = bcdrescue(&["fix", disk.name(), "--yes", "--json"]).exits(5).target();
    let number = |object: &str, element: &str| {
        let changes = target["changes"].as_array().unwrap().iter();
        let mut found = changes.filter(|change| {
            change["object"].as_str().unwrap().starts_with(object) && change["element"] == element
        });
        found.next().map(|change| change["partition"].as_u64().unwrap())
    };
    let elements = ["11000001", "21000001"];
    assert_eq!(elements.map(|element| number("{0a0b0c0d", element)), [Some(3), Some(3)]);
    assert_eq!(elements.map(|element| number(&main, element)), [Some(2), Some(3)]);
    check_split(&disk);
    fs::remove_file(disk.record()).unwrap();
    bcdrescue(&["fix", disk.name(), "--yes", "--windows", "3", "--entry", &main])
        .exits(8)
        .says("another entry");
    cured(&disk, &["--windows", "2", "--entry", &main], 1);
}

/// Two entries, and one Windows that either may mean: neither is guessed, and --windows needs to know which.
#[test]
fn of_two_open_entries_the_user_says_which() {
    let disk = Disk::raw("win2008r2-bios-healthy");
    let made = with_loader_of_another_disk(&store(&disk, BIOS), OLD, 5000 * MIB);
    put_store(&disk, BIOS, &made);
    // Its Windows begins elsewhere now, a megabyte on.
    let (file, old) = (volume(&disk, 2), part(&disk, 2));
    let len = fs::metadata(&disk.path).unwrap().len();
    fs::OpenOptions::new().write(true).open(&disk.path).unwrap().set_len(len + 2 * MIB).unwrap();
    let table = format!(
        "label: dos\nlabel-id: 0x{OLD:08x}\nstart=2048, size=204800, type=7, bootable\nstart={}, size={}, type=7\n",
        (old.start + MIB) / 512,
        old.len / 512
    );
    sfdisk(&disk.path, &table);
    paste(&file, &disk.path, old.start + MIB);
    check(&disk, 4, "broken");
    nothing_to_fix(&disk, 4, "more than one entry may mean that");
    let run = bcdrescue(&["fix", disk.name(), "--yes", "--windows", "2"]).exits(8);
    run.says("--windows fits elements of several entries").says("0a0b0c0d").says("--entry {GUID}");
    let main = main_loader(&made);
    let words = ["fix", disk.name(), "--yes", "--json", "--windows", "2", "--entry", &main];
    let target = bcdrescue(&words).exits(5).target();
    assert_eq!((target["verdict"].as_str(), changes_to(&target, 2)), (Some("degraded"), 7));
    assert!(!target["changes"].to_string().contains("0a0b0c0d"));
    bcdrescue(&words).exits(4);
    bcdrescue(&["fix", disk.name(), "--yes", "--windows", "2", "--entry", "nonsense"]).exits(16);
}

#[test]
fn what_a_repair_by_hand_forgot_is_cured() {
    let moved = |named: QualifiedPartition| match named {
        QualifiedPartition::Mbr { offset, .. } => Some(QualifiedPartition::Mbr { signature: NEW, offset }),
        QualifiedPartition::Gpt { .. } => None,
    };
    // Only {bootmgr}; then all that a person thinks of: resume and WinRE stay behind.
    let disk = Disk::raw("win2008r2-bios");
    let broken = store(&disk, BIOS);
    put_store(
        &disk,
        BIOS,
        &with_identities(&broken, |object, _, named| moved(named).filter(|_| object == "{bootmgr}")),
    );
    // As it is where the boot files came to this disk and Windows is on another, at the same place: both ways on are said.
    let target = check(&disk, 4, "broken");
    let stop = findings(&target, "signature-changed");
    let remedy = stop[0]["remedy"].as_str().unwrap();
    assert!(remedy.contains("--with DISK") && remedy.contains("--windows 2"), "{remedy}");
    let target = bcdrescue(&["fix", disk.name(), "--yes", "--json"]).exits(5).target();
    assert_eq!(changes_to(&target, 1), 1);
    bcdrescue(&["undo", text(&disk.record()), "--yes"]).exits(1);
    fs::remove_file(disk.record()).unwrap();
    cured(&disk, &["--windows", "2"], 8);

    let disk = Disk::raw("win2008r2-bios");
    let main = main_loader(&broken);
    let by_hand = |object: &str| ["{bootmgr}", "{memdiag}", main.as_str()].contains(&object);
    put_store(
        &disk,
        BIOS,
        &with_identities(&broken, |object, _, named| moved(named).filter(|_| by_hand(object))),
    );
    check(&disk, 4, "degraded");
    cured(&disk, &[], 5);
}

/// The key of the Windows loader that names a resume object.
fn main_loader(bytes: &[u8]) -> String {
    let store = Store::parse(bytes.to_vec()).unwrap();
    let is_main = |object: &&bcdrescue::bcd::Object| {
        object.object_type.is_some_and(|kind| kind.is_os_loader())
            && object.elements.iter().any(|element| element.key == "23000003")
    };
    store.objects().iter().find(is_main).unwrap().key.clone()
}

#[test]
fn what_a_repair_by_hand_forgot_is_cured_on_gpt_too() {
    let disk = Disk::raw("win11-uefi");
    let (broken, sound) = (store(&disk, UEFI), store(&Disk::raw("win11-uefi-healthy"), UEFI));
    let (main, esp, windows) = (main_loader(&broken), guid_of(&disk, 1), guid_of(&disk, 3));
    assert_eq!(main, main_loader(&sound));
    let target = |number: &(String, String)| QualifiedPartition::Gpt {
        disk: number.0.parse().unwrap(),
        partition: number.1.parse().unwrap(),
    };
    put_store(
        &disk,
        UEFI,
        &with_identities(&broken, |object, _, _| match object {
            "{bootmgr}" | "{memdiag}" => Some(target(&esp)),
            object if object == main => Some(target(&windows)),
            _ => None,
        }),
    );
    check(&disk, 4, "degraded");
    // Resume: device, filedevice, 21000026; WinRE: device, osdevice, ramdisksdidevice; the recovery store's four.
    cured(&disk, &[], 10);
}

/// Disk and partition GUID by sfdisk.
fn guid_of(disk: &Disk, number: usize) -> (String, String) {
    let json: Json = serde_json::from_slice(&judge("sfdisk", &["-J", disk.name()])).unwrap();
    let table = &json["partitiontable"];
    let text = |value: &Json| value.as_str().unwrap().to_lowercase();
    (text(&table["id"]), text(&table["partitions"][number - 1]["uuid"]))
}

#[test]
fn a_disk_without_a_signature_is_told_what_it_lacks() {
    let disk = Disk::raw("win2008r2-bios-healthy");
    judge("sfdisk", &["-q", "--disk-id", disk.name(), "0x00000000"]);
    let target = check(&disk, 4, "broken");
    assert!(findings(&target, "signature-changed").iter().all(|finding| finding["cure"].is_null()));
    nothing_to_fix(&disk, 4, "signature");
    // The way out that it names.
    judge("sfdisk", &["-q", "--disk-id", disk.name(), "0x36234da4"]);
    check(&disk, 0, "healthy");
}

#[test]
fn a_new_disk_guid_alone_is_stale_and_cured() {
    let disk = Disk::raw("win11-uefi-healthy");
    judge("sfdisk", &["-q", "--disk-id", disk.name(), "11111111-2222-4333-8444-555555555555"]);
    let target = check(&disk, 4, "degraded");
    let stale = findings(&target, "disk-guid-changed");
    assert!(stale.len() == 14 && stale.iter().all(|finding| finding["severity"] == "stale"));
    cured(&disk, &[], 14);
}

#[test]
fn a_moved_partition_under_the_same_signature_is_found_again() {
    let disk = Disk::raw("win2008r2-bios-healthy");
    let (file, old) = (volume(&disk, 2), part(&disk, 2));
    let len = fs::metadata(&disk.path).unwrap().len();
    let raw = fs::OpenOptions::new().write(true).open(&disk.path).unwrap();
    raw.set_len(old.start).unwrap();
    raw.set_len(len + 2 * MIB).unwrap();
    let table = format!(
        "label: dos\nlabel-id: 0x{OLD:08x}\nstart=2048, size=204800, type=7, bootable\nstart={}, size={}, type=7\n",
        (old.start + MIB) / 512,
        old.len / 512
    );
    sfdisk(&disk.path, &table);
    paste(&file, &disk.path, old.start + MIB);
    let target = check(&disk, 4, "broken");
    assert_eq!(target["restore_identity"]["possible"], false);
    let reason = target["restore_identity"]["reason"].to_string();
    assert!(reason.contains("is no longer where it was (0x6500000, now 0x6600000)"), "{reason}");
    let run = bcdrescue(&["fix", disk.name(), "--yes", "--restore-identity"]).exits(8);
    run.says("the old identity cannot be put back").says("re-points the store instead");
    let statuses = findings(&target, "partition-changed");
    assert_eq!(statuses.len(), 7);
    assert!(statuses.iter().any(|finding| finding["predicted_status"].to_string().contains("0xc0000225")));
    let target = cured(&disk, &[], 7);
    assert_eq!(changes_to(&target, 2), 7);
}

#[test]
fn missing_files_are_said_and_nothing_is_written() {
    // No recovery image on the recovery partition.
    let disk = Disk::raw("win11-uefi-healthy");
    replace(&disk, 4, &["/nothing.txt"]);
    let target = check(&disk, 4, "degraded");
    // WinRE's device and osdevice and the RAM disk's, in both stores.
    assert_eq!(findings(&target, "file-missing").len(), 6);
    nothing_to_fix(&disk, 4, "Winre.wim");

    // No winload on the Windows volume.
    let disk = Disk::raw("win2008r2-bios-healthy");
    replace(&disk, 2, &["/Windows/System32/ntoskrnl.exe", "/Windows/System32/config/SYSTEM"]);
    let target = check(&disk, 4, "broken");
    let gravest = &target["findings"][0];
    assert_eq!(
        (gravest["code"].as_str(), gravest["predicted_status"].as_str()),
        (Some("file-missing"), Some("0xc000000f"))
    );
    nothing_to_fix(&disk, 4, "winload.exe");
}

#[test]
fn a_disk_that_is_not_windows_is_told_so() {
    let disk = Disk::raw("win2008r2-bios-healthy");
    replace(&disk, 1, &["/readme.txt"]);
    replace(&disk, 2, &["/readme.txt"]);
    let target = check(&disk, 4, "not-windows");
    assert_eq!(findings(&target, "not-windows").len(), 1);
    nothing_to_fix(&disk, 4, "no Windows");

    // Windows without a boot manager.
    let disk = Disk::raw("win2008r2-bios-healthy");
    replace(&disk, 1, &["/readme.txt"]);
    let target = check(&disk, 4, "broken");
    assert_eq!(findings(&target, "no-system-volume").len(), 1);
    nothing_to_fix(&disk, 4, "another disk");
}

#[test]
fn a_blank_disk_is_no_windows_disk() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("disk.img");
    fs::File::create(&path).unwrap().set_len(64 * MIB).unwrap();
    let disk = Disk { folder, path };
    check(&disk, 4, "not-windows");
    nothing_to_fix(&disk, 4, "no Windows");
    // Nothing at all.
    fs::File::create(&disk.path).unwrap().set_len(0).unwrap();
    bcdrescue(&["check", disk.name()]).exits(8);
}

#[test]
fn a_hibernated_windows_is_refused() {
    let disk = Disk::raw("win2008r2-bios");
    let mut sleeping = vec![0; 4096];
    sleeping[..4].copy_from_slice(b"hibr");
    change(&disk, 2, |volume| put_ntfs(volume, "/hiberfil.sys", &sleeping));
    assert_eq!(findings(&check(&disk, 4, "broken"), "hibernated").len(), 1);
    bcdrescue(&["fix", disk.name(), "--yes"])
        .exits(8)
        .says("this is carried out, and the disk is then healthy")
        .says(&format!("bcdrescue fix {} --restore-identity", disk.name()));
    gets_its_identity_back(&disk, 1);
    fs::remove_file(disk.record()).unwrap();
    refused(&disk, "hibernated", Some("--allow-hibernated"));
}

#[test]
fn a_dirty_system_volume_is_refused_and_a_dirty_windows_is_not() {
    let disk = Disk::raw("win2008r2-bios");
    // ntfsfix leaves the dirty flag, so that Windows looks at the volume.
    change(&disk, 1, |volume| drop(judge("ntfsfix", &[text(volume)])));
    assert_eq!(findings(&check(&disk, 4, "broken"), "volume-not-clean").len(), 1);
    refused(&disk, "must not be written", Some("--allow-dirty-volume"));

    let disk = Disk::raw("win2008r2-bios");
    change(&disk, 2, |volume| drop(judge("ntfsfix", &[text(volume)])));
    cured(&disk, &[], 9);
}

/// The store with another primary sequence number and a checksum that fits.
fn dirty(bytes: &[u8]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    let word = |bytes: &[u8], at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap());
    let next = word(&bytes, 4) + 1;
    bytes[4..8].copy_from_slice(&next.to_le_bytes());
    let sum = (0..0x1fc).step_by(4).fold(0, |sum, at| sum ^ word(&bytes, at));
    bytes[0x1fc..0x200].copy_from_slice(&sum.to_le_bytes());
    bytes
}

#[test]
fn a_dirty_store_is_refused() {
    let disk = Disk::raw("win2008r2-bios");
    let made = dirty(&store(&disk, BIOS));
    put_store(&disk, BIOS, &made);
    assert_eq!(findings(&check(&disk, 4, "broken"), "store-dirty").len(), 1);
    refused(&disk, "dirty", None);
    let before = hash(&disk.path);
    bcdrescue(&["fix", disk.name(), "--yes", "--allow-dirty-volume", "--allow-hibernated"]).exits(8);
    assert_eq!(hash(&disk.path), before);
    // Fixed, and the store is still dirty.
    gets_its_identity_back(&disk, 5);
}

#[test]
fn a_corrupt_store_is_broken_and_left_alone() {
    let disk = Disk::raw("win2008r2-bios");
    let good = store(&disk, BIOS);
    let mut wrong_root = good.clone();
    wrong_root[0x24..0x28].copy_from_slice(&0x00ff_fff0_u32.to_le_bytes());
    for bytes in [vec![0; good.len()], wrong_root, good[..0x1000].to_vec(), b"regf".to_vec()] {
        put_store(&disk, BIOS, &bytes);
        assert_eq!(findings(&check(&disk, 4, "broken"), "store-unreadable").len(), 1);
        nothing_to_fix(&disk, 4, "store");
    }
}

#[test]
fn a_store_by_itself_can_be_checked_and_inspected() {
    let disk = Disk::raw("win2008r2-bios");
    let bytes = store(&disk, BIOS);
    let path = disk.folder.path().join("BCD");
    fs::write(&path, &bytes).unwrap();
    let target = bcdrescue(&["check", text(&path), "--json"]).exits(0).target();
    assert_eq!((target["kind"].as_str(), target["verdict"].as_str()), (Some("store"), Some("healthy")));
    bcdrescue(&["inspect", text(&path)]).exits(0).says("winload.exe").says("36234da4");
    let target = bcdrescue(&["inspect", text(&path), "--json"]).exits(0).target();
    let objects = Store::parse(bytes.clone()).unwrap().objects().len();
    assert_eq!(target["stores"][0]["objects"].as_array().unwrap().len(), objects);

    fs::write(&path, dirty(&bytes)).unwrap();
    let target = bcdrescue(&["check", text(&path), "--json"]).exits(4).target();
    assert_eq!(findings(&target, "store-dirty").len(), 1);
    fs::write(&path, &bytes[..0x2000]).unwrap();
    bcdrescue(&["check", text(&path), "--json"]).exits(8);
    // Beside a disk, each has its say.
    fs::write(&path, &bytes).unwrap();
    bcdrescue(&["check", disk.name(), text(&path)]).exits(4);
    // A store cannot be fixed: there is no disk that it should name.
    bcdrescue(&["fix", text(&path), "--yes"]).exits(8);
    assert_eq!(fs::read(&path).unwrap(), bytes);
}

#[test]
fn a_disk_whose_store_names_the_other_target_is_judged_by_itself() {
    // The clone has a new signature and a store that still names its original.
    let (clone, original) = (Disk::raw("win2008r2-bios"), Disk::raw("win2008r2-bios-healthy"));
    let run = bcdrescue(&["check", clone.name(), original.name(), "--json"]).exits(4);
    let document: Json = serde_json::from_str(&run.stdout).unwrap();
    let [first, second] = [&document["targets"][0], &document["targets"][1]];
    assert_eq!(findings(first, "signature-changed").len(), 9);
    assert_eq!(*first, bcdrescue(&["check", clone.name(), "--json"]).exits(4).target());
    assert_eq!(second["verdict"], "healthy");
    check(&original, 0, "healthy");
    bcdrescue(&["check", clone.name(), "--with", original.name()]).exits(0);
    cured(&clone, &[], 9);
    bcdrescue(&["check", clone.name(), original.name()]).exits(0);
}

#[test]
fn the_same_identity_on_two_targets_is_said() {
    let (one, other) = (Disk::raw("win2008r2-bios-healthy"), Disk::raw("win2008r2-bios-healthy"));
    let run = bcdrescue(&["check", one.name(), other.name(), "--json"]).exits(0);
    let document: Json = serde_json::from_str(&run.stdout).unwrap();
    for target in document["targets"].as_array().unwrap() {
        assert_eq!(findings(target, "identity-collision").len(), 1);
    }
    bcdrescue(&["check", one.name(), other.name()]).exits(0).says("same identity");
    // A disk named twice is one disk.
    let run = bcdrescue(&["check", one.name(), one.name(), "--json"]).exits(0);
    assert!(!run.stdout.contains("identity-collision"));
}

/// A copy of the store where the firmware does not look is neither a reason for alarm nor written.
#[test]
fn a_store_on_a_partition_that_is_not_active_is_left_alone() {
    let disk = Disk::raw("win2008r2-bios-healthy");
    let stale = Disk::raw("win2008sp2-bios");
    // Windows gets a boot folder of its own: the volume of an old one-partition system in its place, not active.
    let old = cut(&stale.path, 1 << 20, 1022 << 20);
    let volume = disk.folder.path().join("old.volume");
    fs::copy(&old, &volume).unwrap();
    let file = fs::OpenOptions::new().write(true).open(&disk.path).unwrap();
    file.set_len(3 << 30).unwrap();
    let script = "label: dos\nlabel-id: 0x36234da4\nunit: sectors\n\
        d1 : start=2048, size=204800, type=7, bootable\n\
        d2 : start=206848, size=1888256, type=7\n\
        d3 : start=2097152, size=2093056, type=7\n";
    let table = disk.folder.path().join("table");
    fs::write(&table, script).unwrap();
    judge("sh", &["-c", "sfdisk -q \"$0\" < \"$1\"", disk.name(), text(&table)]);
    paste(&volume, &disk.path, 2_097_152 * 512);
    let before = hash(&disk.path);
    let check = bcdrescue(&["check", disk.name(), "--json"]).exits(0).target();
    let codes: Vec<_> =
        check["findings"].as_array().unwrap().iter().map(|finding| finding["code"].clone()).collect();
    assert!(codes.contains(&"store-unused".into()), "{codes:?}");
    bcdrescue(&["fix", disk.name(), "--yes"]).exits(0);
    assert_eq!(hash(&disk.path), before);
}

/// Two partitions in one place: whose bytes would be written?
#[test]
fn a_store_on_a_partition_that_overlaps_another_is_refused() {
    let disk = Disk::raw("win2008r2-bios");
    let mut bytes = fs::read(&disk.path).unwrap();
    // A third entry that lies inside the first partition.
    bytes[0x1be + 32 + 4] = 7;
    bytes[0x1be + 32 + 8..0x1be + 32 + 12].copy_from_slice(&4096u32.to_le_bytes());
    bytes[0x1be + 32 + 12..0x1be + 32 + 16].copy_from_slice(&1000u32.to_le_bytes());
    fs::write(&disk.path, bytes).unwrap();
    let before = hash(&disk.path);
    bcdrescue(&["fix", disk.name(), "--yes"]).exits(8).says("overlap").says("nothing was written");
    assert_eq!(hash(&disk.path), before);
}

/// Another system's boot sector, kept in a file on the Windows volume: it belongs there, not to the system volume.
#[test]
fn a_boot_sector_in_a_file_stays_with_its_file() {
    let disk = Disk::raw("win2008r2-bios");
    let made = with_loader_of_another_disk(&store(&disk, BIOS), OLD, 101 * MIB);
    let made = Store::parse(made).unwrap();
    let mut root = again(made.hive().root());
    let objects = root.subkeys.iter_mut().find(|key| key.name == "Objects").unwrap();
    let object = objects.subkeys.iter_mut().find(|key| key.name.starts_with("{0a0b0c0d")).unwrap();
    for key in &mut object.subkeys {
        match key.name.as_str() {
            "Description" => key.values[0].data = 0x1040_0008u32.to_le_bytes().to_vec(),
            _ => key.subkeys.retain(|element| ["11000001", "12000002"].contains(&element.name.as_str())),
        }
        for element in key.subkeys.iter_mut().filter(|element| element.name == "12000002") {
            element.values[0].data = bcdrescue::bytes::utf16le("\\linux.bin\0");
        }
    }
    put_store(&disk, BIOS, &build(&root, made.hive().base_block().last_written).unwrap());
    change(&disk, 2, |volume| put_ntfs(volume, "/linux.bin", b"boot sector"));
    let target = cured(&disk, &[], 10);
    let change = target["changes"]
        .as_array()
        .unwrap()
        .iter()
        .find(|change| change["object"].as_str().unwrap().starts_with("{0a0b0c0d"));
    assert_eq!(change.unwrap()["partition"], 2);
}

/// Half a repair by a wrong number helps nobody.
/// An undo record is JSON, which has to be UTF-8: what cannot be kept in one is refused before anything is planned.
#[test]
fn a_name_that_no_record_can_keep_is_refused_at_once() {
    let disk = Disk::raw("win10-bios");
    let name = disk.folder.path().join(OsStr::from_bytes(b"d\xe4sk.img"));
    fs::rename(&disk.path, &name).unwrap();
    let before = hash(&name);
    for switch in ["--yes", "--dry-run"] {
        let fix =
            Command::new(env!("CARGO_BIN_EXE_bcdrescue")).arg("fix").arg(&name).arg(switch).output().unwrap();
        let said = String::from_utf8(fix.stdout).unwrap();
        assert!(fix.status.code() == Some(8) && said.contains("the name is not UTF-8"), "{said}");
    }
    assert_eq!(hash(&name), before);
    fs::rename(&name, &disk.path).unwrap();
    bcdrescue(&["fix", disk.name(), "--yes"]).exits(1);
}

#[test]
fn a_choice_that_does_not_fit_is_refused_whole() {
    let disk = Disk::of("win11-uefi");
    let before = hash(&disk.path);
    for (number, words) in [("4", "is not there"), ("99", "there is no partition 99")] {
        let run = bcdrescue(&["fix", disk.name(), "--yes", "--windows", number]).exits(8);
        run.says(words).says("nothing was written");
        assert_eq!((hash(&disk.path), disk.records().len()), (before.clone(), 0));
    }
    bcdrescue(&["fix", disk.name(), "--yes", "--windows", "3", "--system", "1"]).exits(1).says("healthy");
}

/// Makes the volume of partition 1 anew as a FAT of this kind, with its files, by mkfs.fat and mtools.
pub fn make_fat_anew(disk: &Disk, start: u64, len: u64, arguments: &[&str]) {
    let file = cut(&disk.path, start, len);
    let files = disk.folder.path().join("files");
    fs::create_dir(&files).unwrap();
    judge("mcopy", &["-s", "-i", text(&file), "::/", text(&files)]);
    fs::remove_file(&file).unwrap();
    fs::File::create(&file).unwrap().set_len(len).unwrap();
    judge("mkfs.fat", &[arguments, &[text(&file)]].concat());
    for entry in fs::read_dir(&files).unwrap() {
        judge("mcopy", &["-s", "-i", text(&file), text(&entry.unwrap().path()), "::/"]);
    }
    // The old volume must not show through the holes of the new one.
    let target = fs::OpenOptions::new().write(true).open(&disk.path).unwrap();
    target.write_all_at(&fs::read(&file).unwrap(), start).unwrap();
    target.write_all_at(&u32::try_from(start / 4096).unwrap().to_le_bytes(), start + 0x1c).unwrap();
    fs::remove_dir_all(files).unwrap();
    fs::remove_file(file).unwrap();
}

#[test]
fn a_system_volume_with_large_sectors_and_a_root_directory_that_does_not_fill_them() {
    let kinds =
        [("win2022-uefi-4kn", 100 * MIB, "-F16", "-s4"), ("win2022-uefi-4kn", 300 * MIB, "-F12", "-s32")];
    for (name, len, kind, cluster) in kinds {
        for entries in [512, 500_u16] {
            let disk = Disk::raw(name);
            let root = format!("-r{entries}");
            make_fat_anew(&disk, MIB, len, &["-a", kind, cluster, "-S4096", &root]);
            let by_mtools = |disk: &Disk| {
                let file = cut(&disk.path, MIB, len);
                let store = fat_file(&file, UEFI);
                fs::remove_file(file).unwrap();
                store
            };
            let (before, old) = (hash(&disk.path), by_mtools(&disk));
            let check = check(&disk, 4, "broken");
            assert_eq!(findings(&check, "store-missing").len(), 0, "{name} {entries}");
            let is_uneven = entries == 500;
            assert_eq!(findings(&check, "volume-not-clean").len(), 2 * usize::from(is_uneven));
            if is_uneven {
                // mtools has the files a sector before the place where firmware looks for them.
                refused(&disk, "fills no whole number of sectors", Some("--allow-dirty-volume"));
                fs::remove_file(disk.record()).unwrap();
            }
            cured(&disk, if is_uneven { &["--allow-dirty-volume"] } else { &[] }, 14);
            assert_eq!(hivex_difference(&old, &by_mtools(&disk)).len(), 10, "{name} {entries}");
            if !is_uneven {
                let file = cut(&disk.path, MIB, len);
                judge("fsck.fat", &["-n", text(&file)]);
                fs::remove_file(file).unwrap();
            }
            bcdrescue(&["undo", text(&disk.record()), "--yes"]).exits(1);
            assert_eq!(hash(&disk.path), before, "{name} {entries}");

            // As the specification counts: the files begin where they would with the sector filled.
            if !is_uneven {
                disk.put(MIB + 0x11, &500_u16.to_le_bytes());
                fs::remove_file(disk.record()).unwrap();
                cured(&disk, &[], 14);
            }
        }
    }
}
