//! What a hostile reader of the program found, each as the disk that showed it.

use std::fs;
use std::os::unix::fs::FileExt;

use bcdrescue::bcd::QualifiedPartition;
use serde_json::Value as Json;

use crate::support::disk::Disk;
use crate::support::disk::MIB;
use crate::support::disk::hash;
use crate::support::findings::checked;
use crate::support::findings::has;
use crate::support::judges::judge;
use crate::support::judges::put_fat;
use crate::support::judges::put_ntfs;
use crate::support::parts::change;
use crate::support::parts::cut;
use crate::support::parts::partitions;
use crate::support::parts::paste;
use crate::support::program::bcdrescue;
use crate::support::program::text;
use crate::support::repair::refused_with;
use crate::support::stand_in;
use crate::support::store::put_store;
use crate::support::store::store_of;
use crate::support::store::with_identities;

#[track_caller]
fn refused(disk: &Disk, arguments: &[&str], says: &str) {
    refused_with(disk, arguments, 8, &[says]);
}

/// The store with another signature in {bootmgr} and {memdiag} only: Windows starts from it.
fn stale_manager(disk: &Disk) {
    let store = store_of(disk, "/Boot/BCD");
    let other = |object: &str, _: &str, named| match named {
        QualifiedPartition::Mbr { offset, .. } if matches!(object, "{bootmgr}" | "{memdiag}") => {
            Some(QualifiedPartition::Mbr { signature: 0x9999_9999, offset })
        }
        _ => None,
    };
    put_store(disk, "/Boot/BCD", &with_identities(&store, other));
}

#[test]
fn an_old_identity_that_would_break_what_is_right_is_not_given_back() {
    let disk = Disk::raw("win2008r2-bios-healthy");
    stale_manager(&disk);
    let target = checked(&disk, 4, "degraded");
    assert_eq!(target["restore_identity"]["possible"], false);
    refused(&disk, &["--restore-identity"], "other elements refer to the disk's current identity");
    // An encrypted Windows is asked about, whichever volume the elements mean.
    let windows = partitions(&disk.path).remove(1);
    disk.put(windows.start + 3, b"-FVE-FS-");
    refused(&disk, &["--restore-identity"], "other elements refer to");
    refused(&disk, &[], "encrypted with BitLocker");
    bcdrescue(&["fix", disk.name(), "--yes", "--repoint"]).exits(1);
}

#[test]
fn a_repair_that_makes_a_disk_worse_is_refused() {
    let disk = Disk::raw("win10-bios-healthy");
    change(&disk, 2, |volume| put_ntfs(volume, "/bootmgr", &stand_in::of("bootmgr")));
    refused(&disk, &["--active", "2"], r"no \Boot\BCD");
}

#[test]
fn boot_flags_of_all_four_entries_count() {
    let (first, extended, free) = (0x1be, 0x1ce, 0x1de);
    for flags in [
        [(first, 0x00), (extended, 0x80)],
        [(first, 0x00), (free, 0x80)],
        [(first, 0x80), (extended, 0x80)],
        [(first, 0x80), (free, 0x80)],
        [(first, 0x80), (extended, 0x01)],
        [(first, 0x80), (free, 0x01)],
    ] {
        let disk = Disk::raw("win7-logical-healthy");
        flags.iter().for_each(|(at, flag)| disk.put(*at, &[*flag]));
        checked(&disk, 4, "broken");
        bcdrescue(&["fix", disk.name(), "--yes", "--active", "1"]).exits(1).says("healthy");
        let sector = fs::read(&disk.path).unwrap();
        assert_eq!([first, extended, free, 0x1ee].map(|at| sector[at as usize]), [0x80, 0, 0, 0]);
        checked(&disk, 0, "healthy");
    }
}

#[test]
fn a_disk_beside_has_to_be_told_apart() {
    let system = Disk::raw("win2008r2-bios");
    let same = Disk::raw("win2008r2-bios");
    refused(&system, &["--with", same.name()], "the same identity as");
    judge("sfdisk", &["-q", "--disk-id", same.name(), "0x00000000"]);
    refused(&system, &["--with", same.name()], "has no identity that an element could refer to");
    judge("sfdisk", &["-q", "--disk-id", same.name(), "0x01020304"]);
    refused(&system, &["--with", same.name(), "--with", same.name()], "twice");
    let link = system.folder.path().join("link.img");
    std::os::unix::fs::symlink(&system.path, &link).unwrap();
    refused(&system, &["--with", text(&link)], "is the target itself");
}

#[test]
fn an_entry_whose_device_makes_no_sense_or_is_gone_is_broken() {
    let damage = |change: &dyn Fn(&mut Vec<u8>, usize)| {
        let disk = Disk::raw("win10-bios-healthy");
        let mut bytes = store_of(&disk, "/Boot/BCD");
        let store = bcdrescue::bcd::Store::parse(bytes.clone()).unwrap();
        let device = store.default_entry().unwrap().element(bcdrescue::bcd::ElementId::DEVICE).unwrap();
        change(&mut bytes, device.at);
        put_store(&disk, "/Boot/BCD", &bytes);
        disk
    };
    // A byte of the padding behind the descriptor's size.
    let disk = damage(&|bytes, at| bytes[at + 0x1c] = 0x55);
    let target = checked(&disk, 4, "broken");
    assert_eq!(
        (&target["stop"]["hop"], &target["stop"]["code"]),
        (&"device".into(), &"element-damaged".into())
    );
    // The element under another name: `device` is not there.
    let disk = damage(&|bytes, _| {
        let names: Vec<usize> = bytes
            .windows(8)
            .enumerate()
            .filter(|(_, window)| *window == b"11000001")
            .map(|(at, _)| at)
            .collect();
        names.into_iter().for_each(|at| bytes[at + 7] = b'2');
    });
    let target = checked(&disk, 4, "broken");
    assert_eq!(
        (&target["stop"]["hop"], &target["stop"]["code"]),
        (&"device".into(), &"element-missing".into())
    );
}

#[test]
fn a_leftover_store_for_the_other_firmware_or_on_a_second_esp_is_no_alarm() {
    let disk = Disk::raw("win11-uefi-healthy");
    let old = store_of(&Disk::raw("win10-bios"), "/Boot/BCD");
    // The third partition becomes the FAT volume that a converted disk may have kept, with its old store.
    let part = partitions(&disk.path).into_iter().find(|part| part.number == 4).unwrap();
    let volume = disk.folder.path().join("old.volume");
    fs::File::create(&volume).unwrap().set_len(part.len).unwrap();
    judge("mkfs.fat", &["-F", "32", text(&volume)]);
    put_fat(&volume, "/bootmgr", &stand_in::of("bootmgr"));
    put_fat(&volume, "/Boot/BCD", &old);
    paste(&volume, &disk.path, part.start);
    let target = bcdrescue(&["check", disk.name(), "--json"]).target();
    assert!(has(&target, "store-unused") && target["verdict"] != "broken", "{:#}", target["findings"]);
    // A second EFI system partition, with the store of another machine.
    let disk = Disk::raw("win11-uefi-healthy");
    judge("sfdisk", &["-q", "--part-type", disk.name(), "2", "c12a7328-f81f-11d2-ba4b-00a0c93ec93b"]);
    let part = partitions(&disk.path).remove(1);
    let volume = cut(&disk.path, part.start, part.len);
    judge("mkfs.fat", &[text(&volume)]);
    put_fat(&volume, "/EFI/Microsoft/Boot/bootmgfw.efi", &stand_in::of("bootmgfw.efi"));
    put_fat(
        &volume,
        "/EFI/Microsoft/Boot/BCD",
        &store_of(&Disk::raw("win11-uefi"), "/EFI/Microsoft/Boot/BCD"),
    );
    paste(&volume, &disk.path, part.start);
    let target = bcdrescue(&["check", disk.name(), "--json"]).target();
    assert_ne!(target["verdict"], "broken", "{:#}", target["findings"]);
}

#[test]
fn a_stick_for_uefi_does_not_need_what_a_bios_needs() {
    let disk = Disk::raw("win11-uefi-healthy");
    let esp = partitions(&disk.path).remove(0);
    let volume = cut(&disk.path, esp.start, esp.len);
    put_fat(&volume, "/bootmgr", &stand_in::of("bootmgr"));
    let stick = disk.folder.path().join("stick.img");
    fs::File::create(&stick).unwrap().set_len(esp.len + 2 * MIB).unwrap();
    crate::support::parts::sfdisk(
        &stick,
        &format!("label: dos\nlabel-id: 0x01020304\nstart=2048, size={}, type=c\n", esp.len / 512),
    );
    paste(&volume, &stick, MIB);
    let target = bcdrescue(&["check", text(&stick), "--json"]).target();
    let blocks: Vec<&Json> =
        target["findings"].as_array().unwrap().iter().filter(|it| it["severity"] == "blocks-boot").collect();
    let of_bios = |finding: &&&Json| {
        let code = finding["code"].as_str().unwrap();
        code.starts_with("boot-code") || code.starts_with("active-") || code.starts_with("boot-record")
    };
    assert_eq!(blocks.iter().filter(of_bios).count(), 0, "{blocks:#?}");
}

#[test]
fn programs_of_no_bytes_and_code_that_is_none_start_nothing() {
    let disk = Disk::raw("win10-bios-healthy");
    disk.put(MIB + 0x5a, &[0; 0x1fe - 0x5a]);
    disk.put(MIB + 0x200, &[0; 32]);
    assert!(has(&checked(&disk, 4, "broken"), "boot-record-empty"));
    let disk = Disk::raw("win10-bios-healthy");
    change(&disk, 1, |volume| {
        let empty = tempfile::NamedTempFile::new().unwrap();
        judge("ntfscp", &["-q", text(volume), text(empty.path()), "/bootmgr"]);
    });
    assert!(has(&checked(&disk, 4, "broken"), "boot-manager-broken"));
}

#[test]
fn a_boot_record_s_copy_is_where_the_volume_ends() {
    let disk = Disk::raw("win10-bios-healthy");
    let part = partitions(&disk.path).remove(0);
    // The volume is shorter than its partition: the table says 1 MiB more than NTFS does.
    let sectors = u32::try_from(part.len / 512 - 2048).unwrap();
    let volume = cut(&disk.path, part.start, part.len);
    let mut head = vec![0; 512];
    fs::File::open(&volume).unwrap().read_exact_at(&mut head, 0).unwrap();
    head[0x28..0x30].copy_from_slice(&u64::from(sectors - 1).to_le_bytes());
    head[0x1c] = 63;
    let copy = part.start + u64::from(sectors - 1) * 512;
    disk.put(part.start, &head);
    disk.put(copy, &head);
    let target = bcdrescue(&["check", disk.name(), "--json"]).target();
    assert!(has(&target, "boot-record-place"));
    bcdrescue(&["fix", disk.name(), "--yes", "--boot-sector"]).says("2 fields corrected");
    let before = hash(&disk.path);
    bcdrescue(&["undo", text(&disk.record()), "--yes"]).exits(1);
    assert_ne!(hash(&disk.path), before);
}

#[test]
fn switches_that_mean_one_disk_need_it_named() {
    for switches in [
        &["--active", "1"][..],
        &["--boot-sector"],
        &["--boot-ini"],
        &["--drive-letters"],
        &["--recovery-config"],
        &["--with", "/x"],
        &["--against", "/x"],
    ] {
        bcdrescue(&[&["fix", "--yes"], switches].concat()).exits(16).says("need a target");
    }
    let disk = Disk::raw("win10-bios-healthy");
    bcdrescue(&["check", "-v", disk.name(), "--windows", "/x:1"])
        .exits(16)
        .says("not a disk given by --with");
    refused(&disk, &["--windows", "77"], "there is no partition 77");
    bcdrescue(&["check", "-v", disk.name(), "--windows", "77"]).exits(0).says("there is no partition 77");
}
