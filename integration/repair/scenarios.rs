//! What is refused until its switch is given, or for good: a Windows that sleeps, dirty volumes and stores, partitions that
//! overlap, names that no record can keep.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::process::Command;

use crate::support::disk::Disk;
use crate::support::disk::MIB;
use crate::support::disk::hash;
use crate::support::findings::checked;
use crate::support::findings::findings;
use crate::support::judges::fat_file;
use crate::support::judges::hivex_difference;
use crate::support::judges::judge;
use crate::support::judges::put_ntfs;
use crate::support::made_disks::make_fat_anew;
use crate::support::parts::change;
use crate::support::parts::cut;
use crate::support::program::bcdrescue;
use crate::support::program::text;
use crate::support::repair::cured;
use crate::support::repair::gets_its_identity_back;
use crate::support::repair::refused;
use crate::support::store::BIOS;
use crate::support::store::UEFI;
use crate::support::store::put_store;
use crate::support::store::store_of;
use crate::support::store::with_dirty_base_block;

#[test]
fn a_hibernated_windows_is_refused() {
    let disk = Disk::raw("win2008r2-bios");
    let mut sleeping = vec![0; 4096];
    sleeping[..4].copy_from_slice(b"hibr");
    change(&disk, 2, |volume| put_ntfs(volume, "/hiberfil.sys", &sleeping));
    assert_eq!(findings(&checked(&disk, 4, "broken"), "hibernated").len(), 1);
    bcdrescue(&["fix", disk.name(), "--yes"])
        .exits(8)
        .says(&format!("To repair: bcdrescue fix {} --restore-identity\n", disk.name()))
        .says("simulated result: healthy");
    gets_its_identity_back(&disk, 1);
    fs::remove_file(disk.record()).unwrap();
    refused(&disk, "hibernated", Some("--allow-hibernated"));
}

#[test]
fn a_dirty_system_volume_is_refused_and_a_dirty_windows_is_not() {
    let disk = Disk::raw("win2008r2-bios");
    // ntfsfix leaves the dirty flag, so that Windows looks at the volume.
    change(&disk, 1, |volume| drop(judge("ntfsfix", &[text(volume)])));
    assert_eq!(findings(&checked(&disk, 4, "broken"), "volume-not-clean").len(), 1);
    refused(&disk, "cannot be written safely", Some("--allow-dirty-volume"));

    let disk = Disk::raw("win2008r2-bios");
    change(&disk, 2, |volume| drop(judge("ntfsfix", &[text(volume)])));
    cured(&disk, &[], 9);
}

#[test]
fn a_dirty_store_is_refused() {
    let disk = Disk::raw("win2008r2-bios");
    let made = with_dirty_base_block(&store_of(&disk, BIOS));
    put_store(&disk, BIOS, &made);
    assert_eq!(findings(&checked(&disk, 4, "broken"), "store-dirty").len(), 1);
    refused(&disk, "dirty", None);
    let before = hash(&disk.path);
    bcdrescue(&["fix", disk.name(), "--yes", "--allow-dirty-volume", "--allow-hibernated"]).exits(8);
    assert_eq!(hash(&disk.path), before);
    // Fixed, and the store is still dirty.
    gets_its_identity_back(&disk, 5);
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
            let check = checked(&disk, 4, "broken");
            assert_eq!(findings(&check, "store-missing").len(), 0, "{name} {entries}");
            let is_uneven = entries == 500;
            assert_eq!(findings(&check, "volume-not-clean").len(), 2 * usize::from(is_uneven));
            if is_uneven {
                // mtools has the files a sector before the place where firmware looks for them.
                refused(&disk, "is not a whole number of sectors", Some("--allow-dirty-volume"));
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
