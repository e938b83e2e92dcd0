//! Files of Windows that are there by name alone: directories, no bytes, zeros.

use std::fs;
use std::path::Path;

use serde_json::Value as Json;

use crate::support::disk::Disk;
use crate::support::findings::checked;
use crate::support::findings::findings;
use crate::support::findings::has;
use crate::support::judges::judge;
use crate::support::judges::ntfs_file;
use crate::support::judges::put_fat;
use crate::support::judges::put_ntfs;
use crate::support::parts::change;
use crate::support::parts::volume;
use crate::support::program::bcdrescue;
use crate::support::program::is_root;
use crate::support::program::not_run;
use crate::support::program::text;

const NT6: [(&str, u32); 3] =
    [("win2008sp2-bios-healthy", 1), ("win10-bios-healthy", 2), ("win11-uefi-healthy", 3)];
const NT5: &str = "win2003-bios-healthy";

/// Field of the COFF header, in the programs of the test disks.
const MACHINE: usize = 0x84;

/// What `check` says where the start ends with this code; nothing is written then.
#[track_caller]
fn stops(disk: &Disk, hop: &str, code: &str) -> Json {
    let target = checked(disk, 4, "broken");
    let stop = &target["stop"];
    assert_eq!((&stop["hop"], &stop["code"]), (&hop.into(), &code.into()), "{:#}", target["findings"]);
    bcdrescue(&["fix", disk.name(), "--yes"]).says("nothing was written");
    findings(&target, code)[0].clone()
}

/// Puts a directory where a file was, as a mount does it; `false` where nothing can be mounted.
fn directory(disk: &Disk, number: u32, path: &str) -> bool {
    if !is_root() || !Path::new("/dev/fuse").exists() {
        not_run("a directory in the place of a file", "it needs root and /dev/fuse");
        return false;
    }
    change(disk, number, |volume| {
        let mount = tempfile::tempdir().unwrap();
        judge("ntfs-3g", &[text(volume), text(mount.path())]);
        let path = mount.path().join(path);
        let made = fs::remove_file(&path).and_then(|()| fs::create_dir(&path));
        judge("umount", &[text(mount.path())]);
        made.unwrap();
    });
    true
}

#[test]
fn a_directory_by_the_name_of_a_file_is_not_that_file() {
    for (base, number, path, hop, code) in [
        ("win10-bios-healthy", 2, "Windows/System32/winload.exe", "loader", "file-missing"),
        ("win11-uefi-healthy", 3, "Windows/System32/winload.efi", "loader", "file-missing"),
        ("win11-uefi-healthy", 3, "Windows/System32/ntoskrnl.exe", "Windows", "kernel-missing"),
        ("win10-bios-healthy", 2, "Windows/System32/config/SYSTEM", "Windows", "system-hive-missing"),
        (NT5, 1, "WINDOWS/system32/hal.dll", "Windows", "hal-missing"),
        (NT5, 1, "NTDETECT.COM", "boot.ini", "ntdetect-missing"),
    ] {
        let disk = Disk::raw(base);
        if !directory(&disk, number, path) {
            return;
        }
        stops(&disk, hop, code);
    }
}

#[test]
fn a_system_hive_with_nothing_in_it_stops_the_start() {
    for (base, number) in NT6.into_iter().chain([(NT5, 1)]) {
        let disk = Disk::raw(base);
        let path = match base {
            NT5 => "/WINDOWS/system32/config/system",
            _ => "/Windows/System32/config/SYSTEM",
        };
        for (bytes, said) in [(Vec::new(), "empty (0 bytes)"), (vec![0; 262_144], "zeros")] {
            change(&disk, number, |volume| put_ntfs(volume, path, &bytes));
            let finding = stops(&disk, "Windows", "system-hive-broken");
            assert!(finding["message"].as_str().unwrap().contains(said), "{finding}");
        }
    }
}

#[test]
fn what_ntldr_loads_has_something_in_it() {
    let disk = Disk::raw(NT5);
    let kernel = ntfs_file(&volume(&disk, 1), "/WINDOWS/system32/ntoskrnl.exe");
    for (path, hop, code) in [
        ("/NTDETECT.COM", "boot.ini", "ntdetect-broken"),
        ("/WINDOWS/system32/hal.dll", "Windows", "hal-broken"),
    ] {
        let sound = ntfs_file(&volume(&disk, 1), path);
        for bytes in [Vec::new(), vec![0; 50_000]] {
            change(&disk, 1, |volume| put_ntfs(volume, path, &bytes));
            stops(&disk, hop, code);
        }
        change(&disk, 1, |volume| put_ntfs(volume, path, &sound));
        checked(&disk, 0, "healthy");
    }
    // NTLDR runs on x86 and x64 alone.
    for (machine, is_right) in [(0x014cu16, true), (0x8664, true), (0xaa64, false)] {
        let mut kernel = kernel.clone();
        kernel[MACHINE..MACHINE + 2].copy_from_slice(&machine.to_le_bytes());
        change(&disk, 1, |volume| put_ntfs(volume, "/WINDOWS/system32/ntoskrnl.exe", &kernel));
        match is_right {
            true => drop(checked(&disk, 0, "healthy")),
            false => drop(stops(&disk, "Windows", "machine-mismatch")),
        }
    }
}

#[test]
fn a_driver_with_nothing_in_it_leads_to_no_disk() {
    let ini = b"[boot loader]\r\ndefault=scsi(0)disk(0)rdisk(0)partition(1)\\WINDOWS\r\n[operating systems]\r\nscsi(0)disk(0)rdisk(0)partition(1)\\WINDOWS=\"2003\"\r\n";
    let disk = Disk::raw(NT5);
    change(&disk, 1, |volume| put_ntfs(volume, "/boot.ini", ini));
    for bytes in [Vec::new(), vec![0; 20_000]] {
        change(&disk, 1, |volume| put_ntfs(volume, "/ntbootdd.sys", &bytes));
        stops(&disk, "boot.ini", "boot-ini-driver");
    }
    change(&disk, 1, |volume| put_ntfs(volume, "/ntbootdd.sys", b"MZ stands for a driver"));
    assert!(!has(&bcdrescue(&["check", "--json", disk.name()]).target(), "boot-ini-driver"));
}

#[test]
fn a_boot_sector_that_starts_by_itself_is_there() {
    let ini = |default: &str| {
        format!(
            "[boot loader]\r\ntimeout=5\r\ndefault={default}\r\n[operating systems]\r\nmulti(0)disk(0)rdisk(0)partition(1)\\WINDOWS=\"2003\"\r\nC:\\BOOTSECT.LNX=\"Linux\"\r\n"
        )
    };
    let disk = Disk::raw(NT5);
    for default in [r"C:\BOOTSECT.LNX", r"c:\bootsect.lnx"] {
        change(&disk, 1, |volume| put_ntfs(volume, "/boot.ini", ini(default).as_bytes()));
        let finding = stops(&disk, "boot.ini", "boot-ini-boot-sector");
        assert!(finding["remedy"].as_str().unwrap().contains("default="), "{finding}");
    }
    change(&disk, 1, |volume| put_ntfs(volume, "/BOOTSECT.LNX", &[0x90; 512]));
    checked(&disk, 0, "healthy");
    change(&disk, 1, |volume| put_ntfs(volume, "/boot.ini", ini(r"C:\").as_bytes()));
    assert!(!has(&checked(&disk, 0, "healthy"), "boot-ini-boot-sector"));
}

/// What GRUB put aside is offered back only where it is what it is called.
#[test]
fn a_boot_manager_that_was_put_aside_is_looked_at_before_it_is_recommended() {
    let disk = Disk::raw("win11-uefi-healthy");
    let (manager, backup) = ("/EFI/Microsoft/Boot/bootmgfw.efi", "/EFI/Microsoft/Boot/bkpbootmgfw.efi");
    let sound = crate::support::judges::fat_file(&volume(&disk, 1), manager);
    // A program without a version, as GRUB is: its resources are gone.
    let mut other = sound.clone();
    for at in other
        .windows(8)
        .enumerate()
        .filter(|(_, it)| it.starts_with(b"V\0S\0_\0V\0"))
        .map(|(at, _)| at)
        .collect::<Vec<_>>()
    {
        other[at] = b'X';
    }
    assert_ne!(other, sound);
    for (bytes, is_offered) in
        [(vec![0; 4096], false), (sound[..sound.len() / 2].to_vec(), false), (sound.clone(), true)]
    {
        change(&disk, 1, |volume| {
            put_fat(volume, manager, &other);
            put_fat(volume, backup, &bytes);
        });
        let target = checked(&disk, 0, "healthy");
        let remedy = findings(&target, "boot-manager-foreign")[0]["remedy"].as_str().unwrap();
        assert_eq!(remedy.contains("bkpbootmgfw.efi"), is_offered, "{remedy}");
    }
}
