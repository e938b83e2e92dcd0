//! Several disks: System Reserved on one, Windows on another; elements are resolved over all that are named.

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::Path;

use serde_json::Value as Json;

use crate::support::disk::Disk;
use crate::support::disk::hash;
use crate::support::judges::judge;
use crate::support::judges::put_ntfs;
use crate::support::made_disks::pair;
use crate::support::made_disks::windows_disk;
use crate::support::oracle::Identity;
use crate::support::oracle::identities_of_table;
use crate::support::parts::cut;
use crate::support::parts::partitions;
use crate::support::parts::paste;
use crate::support::program::bcdrescue;
use crate::support::program::text;
use crate::support::store::named;
use crate::support::store::put_store;
use crate::support::store::store_of;
use crate::support::store::with_loader_of_another_disk;

fn checked_with(system: &Disk, with: &Disk, code: i32, verdict: &str) -> Json {
    let target = bcdrescue(&["check", system.name(), "--with", with.name(), "--json"]).exits(code).target();
    assert_eq!(target["verdict"], verdict, "{:#}", target["findings"]);
    target
}

#[test]
fn a_windows_on_another_disk_is_found_and_followed() {
    for (image, number, path) in
        [("win2008r2-bios-healthy", 2, "/Boot/BCD"), ("win11-uefi-healthy", 3, "/EFI/Microsoft/Boot/BCD")]
    {
        let (system, windows) = pair(image, number, path);
        bcdrescue(&["check", "-v", system.name()]).exits(4).says("--with DISK");
        let target = checked_with(&system, &windows, 0, "healthy");
        let device = target["chain"].as_array().unwrap().iter().find(|hop| hop["hop"] == "device").unwrap();
        assert!(device["evidence"].as_str().unwrap().contains(windows.name()), "{device}");

        let new = if path.contains("EFI") { "11111111-2222-4333-8444-555555555555" } else { "0x7ab1e0ff" };
        let old = identities_of_table(&windows.path)[0];
        judge("sfdisk", &["-q", "--disk-id", windows.name(), new]);
        if path.contains("EFI") {
            judge(
                "sfdisk",
                &["-q", "--part-uuid", windows.name(), "1", "99999999-8888-4777-8666-000000000001"],
            );
        }
        let now = identities_of_table(&windows.path)[0];
        let (before, second) = (hash(&system.path), hash(&windows.path));
        checked_with(&system, &windows, 4, "broken");
        let fix =
            |more: &[&str]| bcdrescue(&[&["fix", system.name(), "--with", windows.name()], more].concat());
        fix(&["--yes", "--restore-identity"]).exits(8).says("it is that disk whose identity changed");
        fix(&["--dry-run"]).exits(4).says("partition 1").says(windows.name());
        assert_eq!(hash(&system.path), before);
        let count = named(&store_of(&system, path), old);
        assert!(count > 2);
        fix(&["--yes"]).exits(1).says("healthy");
        let store = store_of(&system, path);
        assert_eq!((named(&store, old), named(&store, now)), (0, count), "{image}");
        checked_with(&system, &windows, 0, "healthy");
        fix(&["--yes"]).exits(0).says("nothing was written");
        assert_eq!(hash(&windows.path), second, "the disk beside was written");
        bcdrescue(&["undo", text(&system.record()), "--yes"]).exits(1);
        assert_eq!(hash(&system.path), before);
    }
}

/// The partition is there, and was formatted: no boot manager finds the loader on it.
#[test]
fn a_windows_that_is_gone_from_the_disk_beside_does_not_start() {
    let (system, windows) = pair("win2008r2-bios-healthy", 2, "/Boot/BCD");
    let part = partitions(&windows.path).remove(0);
    let volume = cut(&windows.path, part.start, part.len);
    judge("mkntfs", &["-q", "-Q", "-F", text(&volume)]);
    let blank = fs::read(&volume).unwrap();
    let raw = fs::OpenOptions::new().write(true).open(&windows.path).unwrap();
    raw.write_all_at(&blank, part.start).unwrap();
    let target = checked_with(&system, &windows, 4, "broken");
    let stop = &target["stop"];
    assert_eq!((&stop["hop"], &stop["code"]), (&"loader".into(), &"file-missing".into()), "{stop}");
    assert_eq!(stop["predicted_status"], "0xc000000f");
    assert!(stop["message"].as_str().unwrap().ends_with(&format!("of {}", windows.name())), "{stop}");
}

#[test]
fn each_entry_stays_with_its_own_windows() {
    let system = Disk::raw("win2008r2-bios-healthy");
    let windows = windows_disk(&system, 2, false);
    let (here, there) = (identities_of_table(&system.path)[1], identities_of_table(&windows.path)[0]);
    let Identity::Mbr { signature, offset } = there else { panic!() };
    let store = with_loader_of_another_disk(&store_of(&system, "/Boot/BCD"), signature, offset);
    put_store(&system, "/Boot/BCD", &store);
    checked_with(&system, &windows, 0, "healthy");
    judge("sfdisk", &["-q", "--disk-id", system.name(), "0x7ab1e0ff"]);
    judge("sfdisk", &["-q", "--disk-id", windows.name(), "0x7ab1e0fe"]);
    let counts = |here, there| {
        let store = store_of(&system, "/Boot/BCD");
        (named(&store, here), named(&store, there))
    };
    let before = counts(here, there);
    bcdrescue(&["fix", system.name(), "--with", windows.name(), "--yes"]).exits(1);
    let (here_now, there_now) = (identities_of_table(&system.path)[1], identities_of_table(&windows.path)[0]);
    assert_eq!((counts(here, there), counts(here_now, there_now)), ((0, 0), before));
    checked_with(&system, &windows, 0, "healthy");
}

#[test]
fn two_windows_that_fit_are_not_guessed_between() {
    let system = Disk::raw("win11-uefi");
    let windows = windows_disk(&system, 3, true);
    let target = checked_with(&system, &windows, 4, "broken");
    let left = |target: &Json| {
        let all = target["findings"].as_array().unwrap();
        all.iter().filter(|finding| finding["message"].as_str().unwrap().contains(" and on ")).count()
    };
    assert!(left(&target) >= 2, "{target:#}");
    let place = format!("{}:1", windows.name());
    for (choice, place) in [(place.as_str(), windows.name()), ("3", "partition 3")] {
        let dry =
            ["fix", system.name(), "--with", windows.name(), "--windows", choice, "--dry-run", "--json"];
        let changes = bcdrescue(&dry).exits(4).target()["changes"].as_array().unwrap().clone();
        let to = |change: &&Json| change["place"].as_str().unwrap().contains(place);
        assert!(changes.iter().filter(to).count() >= 2, "{choice}: {changes:#?}");
    }
    let run = |windows: &str| bcdrescue(&["fix", system.name(), "--windows", windows, "--yes"]);
    run("/dev/nowhere:1").exits(16).says("not a disk given by --with");
    run("x").exits(16).says("DISK:N");
    let absent = format!("{}:7", windows.name());
    let wrong = ["fix", system.name(), "--with", windows.name(), "--windows", &absent, "--yes"];
    bcdrescue(&wrong).exits(8).says("nothing was written");
}

#[test]
fn two_recovery_environments_of_one_path_are_not_guessed_between() {
    let system = Disk::raw("win11-uefi");
    let other = windows_disk(&system, 4, true);
    let target = checked_with(&system, &other, 4, "broken");
    let all = target["findings"].as_array().unwrap();
    let open: Vec<_> = all.iter().filter(|finding| finding["switch"] == "--recovery=N").collect();
    assert!(open.len() >= 2, "{target:#}");
    assert!(open[0]["remedy"].as_str().unwrap().contains("--recovery DISK:N"), "{}", open[0]);
    let fix = |more: &[&str]| {
        bcdrescue(&[&["fix", system.name(), "--with", other.name(), "--json"], more].concat())
    };
    let place = format!("{}:1", other.name());
    for (choice, place) in [(place.as_str(), other.name()), ("4", "partition 4")] {
        let target = fix(&["--recovery", choice, "--dry-run"]).exits(4).target();
        let changes = target["changes"].as_array().unwrap();
        let to = |change: &&Json| change["place"].as_str().unwrap().contains(place);
        assert!(changes.iter().filter(to).count() >= 2, "{choice}: {changes:#?}");
    }
    fix(&["--recovery", "4", "--yes"]).exits(1);
    checked_with(&system, &other, 0, "healthy");
    fix(&["--recovery", "/dev/nowhere:1", "--yes"]).exits(16).says("not a disk given by --with");
}

#[test]
fn a_windows_that_sleeps_beside_is_refused_and_a_disk_is_not_beside_itself() {
    let (system, windows) = pair("win2008r2-bios-healthy", 2, "/Boot/BCD");
    let part = partitions(&windows.path).remove(0);
    let volume = cut(&windows.path, part.start, part.len);
    put_ntfs(&volume, "/hiberfil.sys", &[b"HIBR".as_slice(), &[0; 8188]].concat());
    paste(&volume, &windows.path, part.start);
    judge("sfdisk", &["-q", "--disk-id", windows.name(), "0x7ab1e0ff"]);
    let fix = |more: &[&str]| bcdrescue(&[&["fix", system.name(), "--yes"], more].concat());
    fix(&["--with", windows.name()]).exits(8).says("hibernated");
    fix(&["--with", system.name()]).exits(8).says("is the target itself");
    fix(&["--with", "/nonexistent"]).exits(8).says("/nonexistent");
    fix(&["--with", windows.name(), "--allow-hibernated"]).exits(1);
    assert!(Path::new(&system.record()).exists());
}
