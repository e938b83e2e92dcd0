//! EFI system partitions: whose the loader is that firmware falls back to, and which of two partitions it takes.

use std::fs;

use serde_json::Value as Json;

use crate::support::disk::Disk;
use crate::support::findings::findings;
use crate::support::judges::judge;
use crate::support::judges::ntfs_file;
use crate::support::judges::put_fat;
use crate::support::parts::change;
use crate::support::parts::cut;
use crate::support::parts::partitions;
use crate::support::parts::paste;
use crate::support::program::bcdrescue;
use crate::support::program::text;
use crate::support::stand_in;
use crate::support::store::UEFI;
use crate::support::store::put_store;
use crate::support::store::store_of;

const MANAGER: &str = "/EFI/Microsoft/Boot/bootmgfw.efi";

const FALLBACK: &str = "/EFI/Boot/bootx64.efi";

fn remove(volume: &std::path::Path, path: &str) {
    judge("mdel", &["-i", text(volume), &format!("::{path}")]);
}

#[test]
fn a_fallback_loader_of_another_is_named_beside_the_boot_manager() {
    let disk = Disk::raw("win11-uefi-healthy");
    change(&disk, 1, |volume| put_fat(volume, FALLBACK, &stand_in::of_another()));
    let target = bcdrescue(&["check", disk.name(), "--json"]).exits(0).target();
    let [finding] = findings(&target, "fallback-loader-foreign").try_into().unwrap();
    assert_eq!((&finding["severity"], &finding["subject"]), (&"note".into(), &"partition 1 (SYSTEM)".into()));
    let words = r"\EFI\Boot\bootx64.efi on partition 1 (SYSTEM) is not the Windows boot manager";
    bcdrescue(&["check", "-v", disk.name()]).exits(0).says(words);
    change(&disk, 1, |volume| remove(volume, FALLBACK));
    let target = bcdrescue(&["check", disk.name(), "--json"]).exits(0).target();
    assert_eq!(findings(&target, "fallback-loader-missing")[0]["subject"], "partition 1 (SYSTEM)");
}

#[test]
fn without_the_boot_manager_only_its_copy_starts_windows() {
    let disk = Disk::raw("win11-uefi-healthy");
    let part = partitions(&disk.path).into_iter().find(|part| part.number == 3).unwrap();
    let program = ntfs_file(&cut(&disk.path, part.start, part.len), "/Windows/System32/winload.efi");
    // A program with a version stands for the copy.
    change(&disk, 1, |volume| {
        remove(volume, MANAGER);
        put_fat(volume, FALLBACK, &program);
    });
    let target = bcdrescue(&["check", disk.name(), "--json"]).exits(0).target();
    assert_eq!(target["findings"].to_string().matches("is not the Windows boot manager").count(), 0);
    change(&disk, 1, |volume| put_fat(volume, FALLBACK, &stand_in::of_another()));
    let target = bcdrescue(&["check", disk.name(), "--json"]).exits(4).target();
    assert_eq!(
        (&target["verdict"], &target["stop"]["hop"], &target["stop"]["code"]),
        (&"broken".into(), &"boot manager".into(), &"boot-manager-missing".into())
    );
    let [finding] = findings(&target, "boot-manager-missing").try_into().unwrap();
    let words = r"\EFI\Boot\bootx64.efi on partition 1 (SYSTEM) is not the Windows boot manager";
    assert_eq!(
        (&finding["subject"], &finding["evidence"][0]),
        (&"partition 1 (SYSTEM)".into(), &words.into())
    );
}

/// A second EFI system partition, where the reserved one was, with these files.
fn with_second(files: &[(&str, &[u8])]) -> Disk {
    let disk = Disk::raw("win11-uefi-healthy");
    judge("sfdisk", &["-q", "--part-type", disk.name(), "2", "c12a7328-f81f-11d2-ba4b-00a0c93ec93b"]);
    let part = partitions(&disk.path).remove(1);
    let volume = cut(&disk.path, part.start, part.len);
    judge("mkfs.fat", &["-n", "SECOND", text(&volume)]);
    files.iter().for_each(|(path, bytes)| put_fat(&volume, path, bytes));
    paste(&volume, &disk.path, part.start);
    fs::remove_file(volume).unwrap();
    disk
}

#[test]
fn of_two_that_both_start_windows_the_other_is_named() {
    let store = store_of(&Disk::raw("win11-uefi-healthy"), UEFI);
    let manager: (&str, &[u8]) = (MANAGER, &stand_in::of(MANAGER));
    let disk = with_second(&[manager, (UEFI, &store)]);
    let target = bcdrescue(&["check", disk.name(), "--json"]).exits(0).target();
    let [finding] = findings(&target, "several-efi-partitions").try_into().unwrap();
    assert_eq!((&finding["severity"], &finding["subject"]), (&"note".into(), &"partition 2 (SECOND)".into()));
    assert!(finding["evidence"].to_string().contains("partition 1 (SYSTEM)"));
    // One without a store is a fault; one without a boot manager is none at all.
    let bare = with_second(&[manager]);
    let target = bcdrescue(&["check", bare.name(), "--json"]).exits(4).target();
    assert_eq!(findings(&target, "store-elsewhere")[0]["subject"], "partition 2 (SECOND)");
    assert_eq!(findings(&target, "several-efi-partitions").len(), 0);
    let other = with_second(&[("/EFI/ubuntu/shimx64.efi", b"a loader")]);
    let target = bcdrescue(&["check", other.name(), "--json"]).exits(0).target();
    assert_eq!(findings(&target, "several-efi-partitions").len(), 0);
}

/// Two stores have one path: each finding says which is meant.
#[test]
fn findings_about_a_store_name_its_partition() {
    let disk = Disk::raw("win11-uefi-healthy");
    let whole = store_of(&disk, UEFI);
    // The first sequence number is ahead; with its checksum, the exclusive or of the words before it.
    let mut dirty = whole.clone();
    for at in [4, 0x1fc] {
        dirty[at] ^= 1;
    }
    for (bytes, code) in [(dirty, "store-dirty"), (vec![7; 4096], "store-unreadable")] {
        put_store(&disk, UEFI, &bytes);
        let target = bcdrescue(&["check", disk.name(), "--json"]).exits(4).target();
        let finding = findings(&target, code)[0];
        assert!(finding["evidence"].to_string().contains("BCD on partition 1 (SYSTEM)"), "{finding}");
    }
    change(&disk, 1, |volume| remove(volume, UEFI));
    let target = bcdrescue(&["check", disk.name(), "--json"]).exits(4).target();
    assert!(findings(&target, "store-missing")[0]["evidence"].to_string().contains("partition 1 (SYSTEM)"));
}

#[test]
fn what_is_wrong_in_two_stores_of_one_path_is_told_apart() {
    let sound = store_of(&Disk::raw("win11-uefi-healthy"), UEFI);
    let manager: (&str, &[u8]) = (MANAGER, &stand_in::of(MANAGER));
    let disk = with_second(&[manager, (UEFI, &sound)]);
    judge("sfdisk", &["-q", "--part-uuid", disk.name(), "3", "99999999-8888-4777-8666-000000000003"]);
    let target = bcdrescue(&["check", disk.name(), "--json"]).exits(4).target();
    for number in [1, 2] {
        let place = format!(" of partition {number} {{");
        let of_store = |finding: &&Json| finding["subject"].as_str().unwrap().contains(&place);
        let stale: Vec<&Json> = findings(&target, "partition-changed").into_iter().filter(of_store).collect();
        assert!(!stale.is_empty(), "{number}: {:#}", target["findings"]);
        assert!(stale.iter().all(|finding| finding["cure"]["store_partition"] == number), "{stale:#?}");
    }
    assert_eq!(target["stop"]["hop"], "device", "{:#}", target["chain"]);
    bcdrescue(&["fix", disk.name(), "--yes"]).exits(1);
    bcdrescue(&["check", "-v", disk.name()]).exits(0);
}
