//! More than one Windows, and entries that may mean either: what is told apart, what the user says, and what is left.

use std::fs;

use bcdrescue::bcd::QualifiedPartition;
use bcdrescue::bcd::Store;
use bcdrescue::hive::build::NewKey;
use bcdrescue::hive::build::build;
use serde_json::Value as Json;

use crate::support::disk::Disk;
use crate::support::disk::MIB;
use crate::support::disk::hash;
use crate::support::findings::checked;
use crate::support::findings::findings;
use crate::support::judges::hivex_difference;
use crate::support::judges::judge;
use crate::support::judges::put_ntfs;
use crate::support::made_disks::paste_a_megabyte_on;
use crate::support::made_disks::replace;
use crate::support::made_disks::second_windows;
use crate::support::parts::change;
use crate::support::parts::part;
use crate::support::parts::volume;
use crate::support::program::bcdrescue;
use crate::support::program::text;
use crate::support::repair::OLD;
use crate::support::repair::changes_to;
use crate::support::repair::cured;
use crate::support::repair::nothing_to_fix;
use crate::support::store::BIOS;
use crate::support::store::UEFI;
use crate::support::store::main_loader;
use crate::support::store::put_store;
use crate::support::store::store_of;
use crate::support::store::with_identities;
use crate::support::store::with_loader_of_another_disk;

#[test]
fn two_windows_and_nothing_known_of_the_old_disk_is_not_guessed() {
    let disk = Disk::raw("win11-uefi");
    second_windows(&disk, 3, 5);
    let target = checked(&disk, 4, "broken");
    let left = |target: &Json| {
        findings(target, "disk-unknown").iter().filter(|finding| finding["cure"].is_null()).count()
    };
    // The loader's and the resume object's. {bootmgr}, of both stores, and {memdiag} are known, and kept: they tell whose the others were.
    assert_eq!(left(&target), 5 + 3, "{:#}", target["findings"]);
    let before = store_of(&disk, UEFI);
    let target = bcdrescue(&["fix", disk.name(), "--yes", "--json"]).exits(5).target();
    assert_eq!((target["verdict"].as_str().unwrap(), left(&target)), ("broken", 8));
    assert_eq!(changes_to(&target, 3) + changes_to(&target, 5), 0, "{:#}", target["changes"]);
    assert_eq!(hivex_difference(&before, &store_of(&disk, UEFI)).len(), 3);
    bcdrescue(&["undo", text(&disk.record()), "--yes"]).exits(1);
    assert_eq!(store_of(&disk, UEFI), before);
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
    assert_eq!(store_of(&disk, UEFI), before);
}

#[test]
fn two_windows_and_a_new_signature_are_told_apart_by_their_places() {
    let disk = Disk::raw("win2008r2-bios");
    second_windows(&disk, 2, 3);
    let target = cured(&disk, &[], 9);
    assert_eq!((changes_to(&target, 1), changes_to(&target, 2)), (2, 7));
}

#[test]
fn an_entry_of_a_disk_that_is_not_here_stays_as_it_is() {
    // At the offset of this disk's Windows, and at one where nothing is.
    for offset in [101 * MIB, 5000 * MIB] {
        let disk = Disk::raw("win2008r2-bios-healthy");
        let made = with_loader_of_another_disk(&store_of(&disk, BIOS), 0xdead_beef, offset);
        put_store(&disk, BIOS, &made);
        let target = checked(&disk, 4, "degraded");
        let above =
            target["findings"].as_array().unwrap().iter().filter(|finding| finding["severity"] != "note");
        assert!(above.clone().all(|finding| finding["subject"].as_str().unwrap().contains("0a0b0c0d")));
        assert_eq!(above.count(), 2);
        nothing_to_fix(&disk, 4, "refers to a disk that is not present");

        judge("sfdisk", &["-q", "--disk-id", disk.name(), "0x12121212"]);
        checked(&disk, 4, "broken");
        let target = bcdrescue(&["fix", disk.name(), "--yes", "--json"]).exits(5).target();
        assert_eq!(target["verdict"], "degraded");
        assert_eq!(target["changes"].as_array().unwrap().len(), 9);
        let difference = hivex_difference(&made, &store_of(&disk, BIOS));
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
    let target = checked(&disk, 4, "broken");
    nothing_to_fix(&disk, 4, "--windows=3");
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
    let made = with_loader_of_another_disk(&store_of(&disk, BIOS), OLD, third);
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
        let split = checked(disk, 4, "broken");
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
    let made = with_loader_of_another_disk(&store_of(&disk, BIOS), OLD, 5000 * MIB);
    put_store(&disk, BIOS, &made);
    // Its Windows begins elsewhere now, a megabyte on.
    let (file, old) = (volume(&disk, 2), part(&disk, 2));
    let len = fs::metadata(&disk.path).unwrap().len();
    fs::OpenOptions::new().write(true).open(&disk.path).unwrap().set_len(len + 2 * MIB).unwrap();
    paste_a_megabyte_on(&disk, &file, &old);
    checked(&disk, 4, "broken");
    nothing_to_fix(&disk, 4, "more than one entry may refer to it");
    let run = bcdrescue(&["fix", disk.name(), "--yes", "--windows", "2"]).exits(8);
    run.says("the choice fits elements of several entries").says("0a0b0c0d").says("--entry {GUID}");
    let main = main_loader(&made);
    let words = ["fix", disk.name(), "--yes", "--json", "--windows", "2", "--entry", &main];
    let target = bcdrescue(&words).exits(5).target();
    assert_eq!((target["verdict"].as_str(), changes_to(&target, 2)), (Some("degraded"), 7));
    assert!(!target["changes"].to_string().contains("0a0b0c0d"));
    bcdrescue(&words).exits(4);
    bcdrescue(&["fix", disk.name(), "--yes", "--windows", "2", "--entry", "nonsense"]).exits(16);
}

/// Another system's boot sector, kept in a file on the Windows volume: it belongs there, not to the system volume.
#[test]
fn a_boot_sector_in_a_file_stays_with_its_file() {
    let disk = Disk::raw("win2008r2-bios");
    let made = with_loader_of_another_disk(&store_of(&disk, BIOS), OLD, 101 * MIB);
    let made = Store::parse(made).unwrap();
    let mut root = NewKey::from(made.hive().root());
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

#[test]
fn a_choice_that_does_not_fit_is_refused_whole() {
    let disk = Disk::of("win11-uefi");
    let before = hash(&disk.path);
    for (number, words) in [("4", "does not have"), ("99", "there is no partition 99")] {
        let run = bcdrescue(&["fix", disk.name(), "--yes", "--windows", number]).exits(8);
        run.says(words).says("nothing was written");
        assert_eq!((hash(&disk.path), disk.records().len()), (before.clone(), 0));
    }
    bcdrescue(&["fix", disk.name(), "--yes", "--windows", "3", "--system", "1"]).exits(1).says("healthy");
}

pub fn cured_by_choice(disk: &Disk, windows: &str) -> Json {
    let target = bcdrescue(&["fix", disk.name(), "--yes", "--json", "--windows", windows]).exits(1).target();
    assert_eq!(target["verdict"], "healthy", "{:#}", target["findings"]);
    checked(disk, 0, "healthy");
    target
}
