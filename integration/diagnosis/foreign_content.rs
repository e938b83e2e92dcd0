//! Partitions that hold something else than a volume that can be read: what others encrypted, other file systems, disks of guests.

use std::fs;
use std::os::unix::fs::FileExt;
use std::process::Command;

use serde_json::Value as Json;

use crate::support::chance::Chance;
use crate::support::disk::Disk;
use crate::support::disk::MIB;
use crate::support::disk::data;
use crate::support::disk::hash;
use crate::support::findings::check;
use crate::support::findings::checked;
use crate::support::findings::codes;
use crate::support::findings::findings;
use crate::support::findings::has;
use crate::support::findings::hop;
use crate::support::judges::judge;
use crate::support::judges::judge_with;
use crate::support::judges::put_fat;
use crate::support::parts::change;
use crate::support::parts::part;
use crate::support::parts::partitions;
use crate::support::parts::sfdisk;
use crate::support::program::bcdrescue;
use crate::support::program::is_root;
use crate::support::program::not_run;
use crate::support::program::run;
use crate::support::program::text;
use crate::support::stand_in;

/// What VeraCrypt's first sector has among its messages, and where.
const LOADER: &[u8] = b" VeraCrypt Boot Loader\r\n";
const LOADER_AT: u64 = 6;

/// Puts what looks like a cipher where a volume begins.
fn encrypt(disk: &Disk, number: u32) {
    let mut chance = Chance::new("a cipher", u64::from(number));
    let noise: Vec<u8> = (0..1 << 17).flat_map(|_| chance.next().to_le_bytes()).collect();
    disk.put(part(disk, number).start, &noise);
}

/// Nothing in the whole answer sends anybody to chkdsk, or calls what cannot be seen missing.
#[track_caller]
fn sends_nobody_to_chkdsk(disk: &Disk) {
    let run = bcdrescue(&["check", "-v", disk.name()]);
    for word in ["chkdsk", "does not start", "Windows stops"] {
        assert!(!run.stdout.contains(word), "{word}: {}", run.stdout);
    }
}

#[test]
fn a_windows_behind_the_loader_of_veracrypt_is_as_one_behind_bitlocker() {
    let uefi = Disk::raw("win11-uefi-healthy");
    change(&uefi, 1, |volume| put_fat(volume, "/EFI/VeraCrypt/DcsBoot.efi", b"stands for its loader"));
    encrypt(&uefi, 3);
    let bios = Disk::raw("win10-bios-healthy");
    bios.put(LOADER_AT, LOADER);
    encrypt(&bios, 2);
    for (disk, number) in [(&uefi, 3), (&bios, 2)] {
        let target = checked(disk, 0, "healthy");
        let [finding] = findings(&target, "encrypted").try_into().unwrap();
        assert_eq!(finding["severity"], "note");
        assert!(finding["subject"].as_str().unwrap().starts_with(&format!("partition {number}")));
        assert!(finding["message"].as_str().unwrap().contains("encrypted with VeraCrypt"));
        assert_eq!(hop(&target, "loader")["state"], "unknown");
        sends_nobody_to_chkdsk(disk);
    }
    // A Windows' boot manager under the name that VeraCrypt gives it tells the same.
    let renamed = Disk::raw("win11-uefi-healthy");
    change(&renamed, 1, |volume| {
        let manager = "::/EFI/Microsoft/Boot/bootmgfw.efi";
        judge("mren", &["-i", text(volume), manager, "::/EFI/Microsoft/Boot/bootmgfw_ms.vc"]);
        put_fat(volume, "/EFI/Boot/bootx64.efi", &stand_in::of_another());
    });
    encrypt(&renamed, 3);
    let target = checked(&renamed, 0, "healthy");
    assert_eq!(hop(&target, "boot manager")["state"], "unknown");
    // The loader alone encrypts nothing: a Windows that can be seen is judged as ever.
    let plain = Disk::raw("win10-bios-healthy");
    plain.put(LOADER_AT, LOADER);
    assert_eq!(codes(&check(&plain, 0)), codes(&check(&Disk::raw("win10-bios-healthy"), 0)));
}

/// Loaders of others: where they have what mark, and the name.
#[test]
fn other_encryptors_are_named_by_their_loaders() {
    let marks: [(u64, &[u8], &str); 4] = [
        (0, b"\xeb\x48\x90PGPGUARD", "PGP (Symantec)"),
        (3, b"SafeBoot", "SafeBoot (McAfee)"),
        (0x74, b"SGE400", "SafeGuard (Sophos)"),
        (0x78, b"SGM400", "SafeGuard (Sophos)"),
    ];
    for (at, mark, name) in marks {
        let disk = Disk::raw("win10-bios-healthy");
        disk.put(at, mark);
        // The loader alone encrypts nothing.
        assert!(!has(&checked(&disk, 0, "healthy"), "encrypted"), "{name}");
        encrypt(&disk, 2);
        let target = checked(&disk, 0, "healthy");
        let [finding] = findings(&target, "encrypted").try_into().unwrap();
        assert!(
            finding["message"].as_str().unwrap().contains(&format!("encrypted with {name}")),
            "{finding}"
        );
        assert_eq!(
            (&finding["severity"], &hop(&target, "loader")["state"]),
            (&"note".into(), &"unknown".into())
        );
        sends_nobody_to_chkdsk(&disk);
        encrypt(&disk, 1);
        let whole = checked(&disk, 8, "unknown");
        assert!(
            whole["stop"].is_null() && whole["error"].as_str().unwrap().contains(name),
            "{:#}",
            whole["error"]
        );
        // Elsewhere in the sector it is a text like any other.
        let other = Disk::raw("win10-bios-healthy");
        other.put(0x100, mark);
        encrypt(&other, 2);
        assert!(!checked(&other, 8, "unknown").to_string().contains(name), "{name}");
    }
}

#[test]
fn where_the_system_volume_is_encrypted_too_nobody_can_tell() {
    let disk = Disk::raw("win10-bios-healthy");
    disk.put(LOADER_AT, LOADER);
    encrypt(&disk, 1);
    // Half of the drive, as after an encryption that was paused.
    let half = checked(&disk, 8, "unknown");
    assert!(half["stop"].is_null(), "{:#}", half["stop"]);
    encrypt(&disk, 2);
    let whole = checked(&disk, 8, "unknown");
    let blocks = |finding: &&Json| finding["severity"] == "blocks-boot";
    for target in [&half, &whole] {
        assert_eq!(target["findings"].as_array().unwrap().iter().filter(blocks).count(), 0);
        assert!(target["error"].as_str().unwrap().contains("VeraCrypt"), "{:#}", target["error"]);
    }
    sends_nobody_to_chkdsk(&disk);
    bcdrescue(&["fix", disk.name(), "--yes"]).exits(8);
    // One partition for all, as Windows 2008 has it.
    let one = Disk::raw("win2008sp2-bios-healthy");
    one.put(LOADER_AT, LOADER);
    encrypt(&one, 1);
    checked(&one, 8, "unknown");
}

#[test]
fn a_repair_beside_it_is_gated_as_beside_bitlocker() {
    let disk = Disk::raw("win10-bios");
    disk.put(LOADER_AT, LOADER);
    encrypt(&disk, 2);
    let before = hash(&disk.path);
    let refused = bcdrescue(&["fix", disk.name(), "--yes"]).exits(8).says("--repoint");
    let refused = refused.says("encrypted with VeraCrypt").says("rescue disk");
    assert!(!refused.stdout.contains("BitLocker"), "{}", refused.stdout);
    assert_eq!(hash(&disk.path), before);
    bcdrescue(&["fix", disk.name(), "--yes", "--repoint"]).exits(1);
    checked(&disk, 0, "healthy");
    bcdrescue(&["fix", disk.name(), "--yes", "--repoint"]).exits(0);
    bcdrescue(&["undo", text(&disk.record()), "--yes"]).exits(1);
    assert_eq!(hash(&disk.path), before);
}

/// Without a loader that is known, a volume that looks encrypted may as well have been written over.
#[test]
fn what_only_looks_encrypted_is_unknown_on_the_way_and_a_note_beside_it() {
    let disk = Disk::raw("win10-bios-healthy");
    encrypt(&disk, 2);
    let target = checked(&disk, 8, "unknown");
    assert!(has(&target, "file-unknown") && !has(&target, "file-missing"), "{:?}", codes(&target));
    sends_nobody_to_chkdsk(&disk);
    let beside = Disk::raw("win10-bios-healthy");
    let last = fs::metadata(&beside.path).unwrap().len() / 512;
    fs::OpenOptions::new().write(true).open(&beside.path).unwrap().set_len((last + 8192) * 512).unwrap();
    judge("sfdisk", &["-q", "--disk-id", beside.name(), "0x12345678"]);
    let line = format!("start={last}, size=4096\n");
    judge_with("sfdisk", &["-q", "--append", beside.name()], line.as_bytes());
    let number = partitions(&beside.path).last().unwrap().number;
    encrypt(&beside, number);
    // It stands in no repair's way: nothing names it.
    bcdrescue(&["fix", beside.name(), "--yes"]).exits(1).says("healthy");
    assert!(has(&checked(&beside, 0, "healthy"), "encrypted"));
}

/// The first bytes of a volume that this program of Linux makes.
fn made_by(program: &str, arguments: &[&str]) -> Vec<u8> {
    let file = tempfile::NamedTempFile::new().unwrap();
    file.as_file().set_len(16 << 20).unwrap();
    judge(program, &[arguments, &[text(file.path())]].concat());
    let mut head = vec![0; 8192];
    file.as_file().read_exact_at(&mut head, 0).unwrap();
    head
}

#[test]
fn what_a_partition_holds_in_the_place_of_windows_is_named() {
    let padded = |magic: &[u8]| [magic, &vec![0; 8192 - magic.len()]].concat();
    let cases = [
        ("ext4", made_by("mkfs.ext4", &["-q", "-F"]), Some("0xc00000bb")),
        ("swap", made_by("mkswap", &["-q"]), None),
        ("LUKS", padded(b"LUKS\xba\xbe\0\x02"), None),
        ("xfs", padded(b"XFSB"), None),
    ];
    for (base, number) in [("win10-bios-healthy", 2), ("win11-uefi-healthy", 3)] {
        for (name, head, status) in &cases {
            let disk = Disk::raw(base);
            disk.put(part(&disk, number).start, head);
            let target = checked(&disk, 4, "broken");
            let stop = &target["stop"];
            let message = stop["message"].as_str().unwrap();
            assert!(message.starts_with(&format!("partition {number}")), "{message}");
            assert!(message.contains(&format!("holds {name}")), "{message}");
            assert_eq!((&stop["code"], stop["predicted_status"].as_str()), (&"file-missing".into(), *status));
            let finding = findings(&target, "file-missing").into_iter().find(|it| it["message"] == message);
            let remedy = finding.unwrap()["remedy"].as_str().unwrap();
            assert!(remedy.contains("restore the partition from a backup"), "{remedy}");
            let run = bcdrescue(&["check", "-v", disk.name()]);
            assert!(!run.stdout.contains("chkdsk"), "{}", run.stdout);
        }
        let disk = Disk::raw(base);
        disk.put(part(&disk, number).start + 3, b"ReFS\0\0\0\0");
        let target = checked(&disk, 8, "unknown");
        assert!(findings(&target, "file-unknown")[0]["message"].as_str().unwrap().contains("ReFS"));
    }
}

/// A host's disk with the disk of a guest in its only partition, as hosts keep them without files.
fn host_of(guest: &Disk) -> Disk {
    let host = Disk::raw("win10-bios-healthy");
    let len = fs::metadata(&guest.path).unwrap().len();
    fs::write(&host.path, []).unwrap();
    let file = fs::OpenOptions::new().write(true).open(&host.path).unwrap();
    file.set_len(len + 2 * MIB).unwrap();
    sfdisk(
        &host.path,
        &format!("label: dos\nlabel-id: 0x0badcafe\nstart=2048, size={}, type=83\n", len / 512),
    );
    data(&guest.path).for_each(|(at, bytes)| file.write_all_at(&bytes, MIB + at).unwrap());
    host
}

#[test]
fn a_guests_disk_in_a_partition_is_said_and_how_to_look_at_it() {
    for name in ["win10-bios-healthy", "win11-uefi-healthy"] {
        let host = host_of(&Disk::raw(name));
        let target = checked(&host, 4, "not-windows");
        let [finding] = findings(&target, "disk-in-partition").try_into().unwrap();
        assert_eq!(finding["subject"], "partition 1");
        let remedy = findings(&target, "not-windows")[0]["remedy"].as_str().unwrap();
        let command = remedy.split('`').nth(1).unwrap();
        assert!(command.contains("--offset 1048576"), "{command}");
        if !is_root() {
            not_run("loop devices", "they need root");
            continue;
        }
        let words: Vec<&str> = command.split(' ').skip(1).collect();
        let words: Vec<&str> =
            words.iter().map(|word| if *word == "DISK" { host.name() } else { *word }).collect();
        let output = Command::new("losetup").args(&words).output().unwrap();
        if !output.status.success() {
            not_run("loop devices", &String::from_utf8_lossy(&output.stderr));
            continue;
        }
        let device = String::from_utf8(output.stdout).unwrap().trim().to_owned();
        let looked = bcdrescue(&["check", "-v", &device]);
        run("losetup", &["-d", &device]).exits(0);
        looked.exits(0).says("healthy");
    }
}

/// The first sectors of Windows' volume were overwritten by zeros: chkdsk refuses what is RAW, and NTFS keeps a copy of the boot record.
#[test]
fn an_overwritten_begin_is_told_by_the_copy_of_the_boot_record() {
    let (start, sectors) = (1_189_888 * 512, 905_216 * 512);
    let disk = Disk::raw("win10-bios-healthy");
    let record = |at: u64| {
        let mut record = vec![0; 512];
        fs::File::open(&disk.path).unwrap().read_exact_at(&mut record, at).unwrap();
        record
    };
    let copy = record(start + sectors - 512);
    disk.put(start, &[0; 512]);
    let target = checked(&disk, 4, "broken");
    let [finding] = findings(&target, "volume-unreadable").try_into().unwrap();
    assert_eq!(
        (&finding["severity"], &finding["subject"]),
        (&"note".into(), &"partition 2".into()),
        "{finding}"
    );
    for finding in findings(&target, "file-unreadable") {
        // Of what is not on the way nothing is advised.
        let remedy = finding["remedy"].as_str().unwrap_or("testdisk");
        assert!(remedy.contains("testdisk") && !remedy.contains("chkdsk"), "{finding}");
    }
    assert!(has(&target, "file-unreadable"), "{target:#}");
    let screen = bcdrescue(&["check", disk.name()]).exits(4).says("testdisk");
    assert!(!screen.stdout.contains("chkdsk"), "{}", screen.stdout);
    // What testdisk does.
    disk.put(start, &copy);
    checked(&disk, 0, "healthy");
    // Without the copy nothing tells what it was.
    disk.put(start, &[0; 512]);
    disk.put(start + sectors - 512, &[0; 512]);
    assert!(!has(&checked(&disk, 4, "broken"), "volume-unreadable"));
}

/// A table that lost its entries says nothing of a Windows, but the partitions are where they were.
#[test]
fn a_disk_without_partitions_is_told_from_one_without_windows() {
    let disk = Disk::raw("win10-bios-healthy");
    disk.put(446, &[0; 64]);
    let target = checked(&disk, 4, "not-windows");
    let finding = findings(&target, "not-windows")[0];
    assert!(finding["message"].as_str().unwrap().starts_with("no partition is listed"), "{finding}");
    assert!(finding["remedy"].as_str().unwrap().contains("testdisk"), "{finding}");
    // One that never had any.
    disk.put(0, &[0; 512]);
    checked(&disk, 4, "not-windows");
    bcdrescue(&["check", disk.name()])
        .exits(4)
        .says("no partition is listed")
        .says("the first sector is all zeros");
}
