//! What an edit of a disk is refused for: the reason and the way out, the disk as it was, and what the switch lifts that is named.

use std::fs;
use std::path::Path;

use bcdrescue::bcd::ElementId;
use bcdrescue::bcd::ElementValue;
use bcdrescue::bcd::change;
use bcdrescue::bcd::change::Change;
use bcdrescue::bcd::object_id::BOOTMGR;
use bcdrescue::diagnosis::Context;
use bcdrescue::repair::case::Case;
use bcdrescue::repair::error::PlanError;
use bcdrescue::repair::refusal::Allowed;
use bcdrescue::repair::store_edit::StoreEdit;
use bcdrescue::repair::transaction::Planned;
use bcdrescue::repair::transaction::Stopped;

use crate::support::disk::Disk;
use crate::support::disk::MIB;
use crate::support::disk::hash;
use crate::support::disk::made;
use crate::support::held::Nbd;
use crate::support::judges::fat_file;
use crate::support::judges::judge;
use crate::support::judges::judged;
use crate::support::judges::put_fat;
use crate::support::parts::change as change_volume;
use crate::support::parts::cut;
use crate::support::program::bcdrescue;
use crate::support::program::text;
use crate::support::rewritten::rewritten;
use crate::support::sparse::SparseRam;
use crate::support::sparse::look;
use crate::support::store::BIOS;
use crate::support::store::UEFI;
use crate::support::store::store_of;

/// An edit that is made in place, and one that takes new clusters.
const SMALL: [&str; 3] = ["{bootmgr}", "timeout", "7"];
const LARGE: [&str; 3] = ["{bootmgr}", "displaybootmenu", "yes"];

fn set(disk: &Disk, edit: [&str; 3], more: &[&str]) -> crate::support::program::Run {
    bcdrescue(&[&["bcd", "set", disk.name()], &edit[..], more].concat())
}

/// The edit is refused with these words, for real and dry; nothing is written.
#[track_caller]
fn refused(disk: &Disk, edit: [&str; 3], more: &[&str], words: &[&str]) {
    let before = hash(&disk.path);
    for how in ["--yes", "--dry-run"] {
        let mut run = set(disk, edit, &[more, &[how]].concat()).exits(8);
        for word in words {
            run = run.says(word);
        }
    }
    assert_eq!((hash(&disk.path), disk.records().len()), (before, 0), "a refusal wrote");
}

/// The edit is made with this switch, and undone.
#[track_caller]
fn made_and_undone(disk: &Disk, edit: [&str; 3], more: &[&str]) {
    let before = hash(&disk.path);
    set(disk, edit, &[more, &["--yes"]].concat()).exits(0).says("written and verified").says("To undo:");
    assert_ne!(hash(&disk.path), before);
    let record = disk.record();
    bcdrescue(&["undo", text(&record), "--yes"]).exits(1).says("every byte is as it was");
    assert_eq!(hash(&disk.path), before);
    fs::remove_file(record).unwrap();
}

fn damaged(base: &str, damage: &str) -> Disk {
    made(&format!("base = '{base}'\ndamage = ['{damage}']\n"), "disk.raw")
}

#[test]
fn a_hibernated_windows_and_a_member_of_an_array() {
    let cases =
        [("hibernated", "hibernated", "--allow-hibernated"), ("raid-member", "RAID", "--allow-raid-member")];
    for (damage, word, switch) in cases {
        let disk = damaged("win10-bios", damage);
        for edit in [SMALL, LARGE] {
            refused(&disk, edit, &[], &[word, switch, "nothing was written"]);
            made_and_undone(&disk, edit, &[switch]);
        }
    }
}

/// Of a file system that is not in order nobody knows which clusters are free: the switch lifts an edit in place alone.
#[test]
fn a_volume_that_is_not_clean() {
    let ntfs = Disk::raw("win2008r2-bios-healthy");
    // ntfsfix leaves the dirty flag, so that Windows looks at the volume.
    change_volume(&ntfs, 1, |volume| drop(judge("ntfsfix", &[text(volume)])));
    let fat = Disk::raw("win11-uefi-healthy");
    // BS_Reserved1, bit 0: not cleanly unmounted.
    fat.put(MIB + 0x41, &[1]);
    for disk in [ntfs, fat] {
        refused(&disk, SMALL, &[], &["cannot be written safely now", "or pass --allow-dirty-volume"]);
        made_and_undone(&disk, SMALL, &["--allow-dirty-volume"]);
        refused(
            &disk,
            LARGE,
            &[],
            &["cannot be written safely now", "do that first, as this edit takes new clusters"],
        );
        assert!(!set(&disk, LARGE, &["--dry-run"]).stdout.contains("--allow-dirty-volume"));
        refused(&disk, LARGE, &["--allow-dirty-volume"], &["marked dirty"]);
    }
}

#[test]
fn a_dynamic_disk_and_partitions_that_overlap() {
    let disk = Disk::raw("win2008r2-bios-healthy");
    let mut entry = [0; 16];
    entry[4] = 7;
    entry[8..12].copy_from_slice(&4096u32.to_le_bytes());
    entry[12..].copy_from_slice(&1000u32.to_le_bytes());
    disk.put(0x1be + 32, &entry);
    refused(&disk, SMALL, &[], &["partitions 1 and 3 overlap", "repair the partition table first"]);
    refused(&disk, LARGE, &[], &["partitions 1 and 3 overlap", "repair the partition table first"]);

    let disk = Disk::raw("win2008r2-bios-healthy");
    // The type of the second partition.
    disk.put(0x1be + 16 + 4, &[0x42]);
    refused(&disk, SMALL, &[], &["dynamic disk", "repair it from Windows PE"]);
    refused(&disk, LARGE, &[], &["dynamic disk", "repair it from Windows PE"]);
}

#[test]
fn a_disk_that_is_held() {
    let disk = Disk::of("win2008r2-bios-healthy");
    let holder = Nbd::over(&disk);
    refused(&disk, SMALL, &[], &["in use by"]);
    refused(&disk, LARGE, &[], &["in use by"]);
    drop(holder);
    set(&disk, LARGE, &["--dry-run"]).exits(4);
}

/// Between the question and the lock somebody wrote to the store, or moved it: the plan is of another disk.
#[test]
fn a_disk_that_changed_since_it_was_looked_at() {
    for name in ["win2008r2-bios-healthy", "win11-uefi-healthy"] {
        let disk = SparseRam::of(name);
        let (layout, diagnosis) = look(&disk).unwrap();
        let (index, file) = layout.stores_indexed().find(|(_, file)| file.first).unwrap();
        let (store, context) = (file.parsed().unwrap(), Context::default());
        let set = |element, value| {
            let change = Change::Set { object: BOOTMGR, element, value };
            change::apply(store, &[change], 0x01dc_0000_0000_0000).unwrap()
        };
        let planned = |after: Vec<u8>| {
            let edit = StoreEdit::of(&layout, index, after, 0x01dc_0000_0000_0000).unwrap();
            let case =
                Case { storage: &disk, layout: &layout, context: &context, allowed: Allowed::default() };
            Planned::edit(case, &diagnosis, edit).unwrap().rehearse().unwrap()
        };
        let small = set(ElementId::TIMEOUT, ElementValue::Integer(9));
        let large = set(ElementId::DESCRIPTION, ElementValue::String("longer than it was before ".repeat(2)));
        for after in [small.clone(), large] {
            let sound = planned(after.clone());
            assert!(sound.lock(Box::new(disk.clone()), &context).is_ok(), "{name}");
            let others = set(ElementId::TIMEOUT, ElementValue::Integer(3));
            let mut changed = disk.clone();
            for patch in &planned(others).plan().patches {
                changed.put(patch.offset, &patch.after);
            }
            let stopped = planned(after.clone()).lock(Box::new(changed), &context).err();
            let is_changed = |error: &PlanError| matches!(error, PlanError::Changed);
            assert!(
                matches!(&stopped, Some(Stopped::Plan(error)) if is_changed(error)),
                "{name}: {stopped:?}"
            );

            // By now Windows sleeps, or a member of an array was found: the gates are asked again.
            let mut dirty = disk.clone();
            if name.ends_with("uefi-healthy") {
                dirty.put(MIB + 0x41, &[1]);
                let stopped = planned(after).lock(Box::new(dirty), &context).err();
                assert!(stopped.is_some(), "{name}");
            }
        }
    }
}

/// The file of a store that is compressed is no plain one: it is only read.
#[test]
fn a_store_that_ntfs_compressed() {
    let disk = Disk::raw("win10-bios-healthy");
    if !rewritten(&disk, 1, BIOS, "lznt1") {
        return;
    }
    refused(&disk, SMALL, &[], &["compressed", "compact /u"]);
    refused(&disk, LARGE, &[], &["compressed", "compact /u"]);
}

/// Fills an NTFS volume but for a few clusters of 4096 bytes, by ntfscp, which says no where its file would lie in too many pieces.
fn fill(volume: &Path) {
    let free = || -> usize {
        let said = String::from_utf8(judge("ntfsinfo", &["-m", text(volume)])).unwrap();
        let free = said.lines().find_map(|line| line.trim().strip_prefix("Free Clusters: ")).unwrap();
        free.split(' ').next().unwrap().parse().unwrap()
    };
    let file = tempfile::NamedTempFile::new().unwrap();
    let mut clusters = free() / 2;
    for number in 0.. {
        fs::write(file.path(), vec![0x5a; clusters * 4096]).unwrap();
        let path = format!("/full{number}.bin");
        let is_put =
            free() > clusters && judged("ntfscp", &["-q", text(volume), text(file.path()), &path]).is_ok();
        clusters = if is_put { clusters } else { clusters / 2 };
        if clusters == 0 || free() < 5 {
            break;
        }
    }
    assert!(free() < 5, "{}", free());
}

/// What is edited in place needs no room.
#[test]
fn a_volume_without_room() {
    let ntfs = Disk::raw("win2008r2-bios-healthy");
    change_volume(&ntfs, 1, fill);
    let fat = Disk::raw("win11-uefi-healthy");
    change_volume(&fat, 1, |volume| {
        let said = String::from_utf8(judge("mdir", &["-i", text(volume), "::"])).unwrap();
        let free = said.lines().find(|line| line.contains("bytes free")).unwrap();
        let free: usize = free.chars().filter(char::is_ascii_digit).collect::<String>().parse().unwrap();
        put_fat(volume, "/full.bin", &vec![0x5a; free - 4096]);
    });
    for disk in [ntfs, fat] {
        refused(&disk, LARGE, &[], &["no room on the", "make room there", "nothing was written"]);
        made_and_undone(&disk, SMALL, &[]);
    }
}

#[test]
fn beside_an_encrypted_windows_it_is_said_what_may_come() {
    for (base, damage, word) in [
        ("win2008r2-bios", "bitlocker", "recovery key"),
        ("win11-uefi", "bitlocker", "recovery key"),
        ("win2008r2-bios", "veracrypt", "rescue disk of that program"),
    ] {
        let disk = damaged(base, damage);
        for edit in [SMALL, LARGE] {
            set(&disk, edit, &["--dry-run"]).exits(4).says("after this edit").says(word);
            let said = set(&disk, edit, &["--dry-run", "--json"]).exits(4).target();
            assert!(said["notes"].to_string().contains(word), "{said:#}");
            made_and_undone(&disk, edit, &[]);
        }
    }
    let plain = Disk::raw("win2008r2-bios-healthy");
    assert!(!set(&plain, SMALL, &["--dry-run"]).stdout.contains("note:"));
}

/// What the last write of a store was to be is lost; or the file is no store; or there is none.
#[test]
fn a_store_that_cannot_be_edited() {
    let ways = ["fix --rebuild=store", "bcd import"];
    for base in ["win2008r2-bios", "win11-uefi"] {
        let disk = damaged(base, "store-dirty");
        refused(
            &disk,
            SMALL,
            &["--allow-dirty-volume"],
            &[&["its last write is incomplete"], &ways[..]].concat(),
        );
        let disk = damaged(base, "noise-store");
        refused(&disk, SMALL, &[], &[&["not a registry hive"], &ways[..]].concat());
        let disk = damaged(base, "no-store");
        refused(&disk, SMALL, &[], &["no BCD store on this disk", "run check"]);
    }
    refused(&Disk::raw("win2003-bios-healthy"), SMALL, &[], &["NTLDR and boot.ini"]);
}

/// A store that no boot manager reads is edited when it is named, and only then.
#[test]
fn a_store_that_no_boot_manager_reads() {
    let disk = Disk::raw("win11-uefi-healthy");
    let leftover = store_of(&Disk::raw("win2008r2-bios-healthy"), BIOS);
    change_volume(&disk, 1, |volume| put_fat(volume, BIOS, &leftover));
    let stores = |disk: &Disk| {
        let volume = cut(&disk.path, MIB, 100 * MIB);
        let stores = [BIOS, UEFI].map(|path| fat_file(&volume, path));
        fs::remove_file(volume).unwrap();
        stores
    };
    let before = stores(&disk);
    assert_eq!(before[0], leftover);
    set(&disk, SMALL, &["--yes"]).exits(0).says(r"\EFI\Microsoft\Boot\BCD");
    let after = stores(&disk);
    assert_eq!(after[0], before[0]);
    assert_ne!(after[1], before[1]);
    for path in [r"\Boot\BCD", "/boot/bcd", r"1:\Boot\BCD"] {
        set(&disk, LARGE, &["--dry-run", "--store-path", path]).exits(4).says(r"\Boot\BCD on partition 1");
    }
    set(&disk, LARGE, &["--yes", "--store-path", r"\Boot\BCD"]).exits(0);
    let last = stores(&disk);
    assert_ne!(last[0], after[0]);
    assert_eq!(last[1], after[1]);
    let words = [r"no store \Boot\Nothing", r"1:\EFI\Microsoft\Boot\BCD", r"1:\Boot\BCD"];
    for path in [r"\Boot\Nothing", r"2:\Boot\BCD"] {
        let mut run = set(&disk, SMALL, &["--yes", "--store-path", path]).exits(8);
        for word in &words[1..] {
            run = run.says(word);
        }
    }
    set(&disk, SMALL, &["--yes", "--store-path", r"\Boot\Nothing"]).exits(8).says(words[0]);
    assert_eq!(stores(&disk), last);
}
