//! A disk that a BIOS and UEFI firmware start: an MBR, and a FAT32 system volume with the boot files for both, as `bcdboot /f ALL` leaves it.

use std::fs;

use crate::support::disk::Disk;
use crate::support::judges::judge;
use crate::support::judges::ntfs_file;
use crate::support::judges::put_fat;
use crate::support::judges::put_ntfs;
use crate::support::parts::change_listed;
use crate::support::parts::part;
use crate::support::parts::volume;
use crate::support::program::bcdrescue;
use crate::support::program::text;
use crate::support::stand_in;
use crate::support::store::BIOS;
use crate::support::store::store_of;

/// Where the boot code of a FAT32 boot record begins, and where its signature.
const CODE: std::ops::Range<usize> = 0x5a..0x1fe;

/// The disk, healthy.
pub fn both() -> Disk {
    with_manager(&stand_in::of("bootmgfw.efi"))
}

/// The same with this boot manager for UEFI.
pub fn with_manager(manager: &[u8]) -> Disk {
    let disk = Disk::raw("win2008r2-bios-healthy");
    let (store, old) = (store_of(&disk, BIOS), volume(&disk, 1));
    let bootmgr = ntfs_file(&old, "/bootmgr");
    fs::remove_file(old).unwrap();
    let for_uefi = disk.folder.path().join("BCD");
    fs::write(&for_uefi, &store).unwrap();
    for (entry, path) in [
        ("{ca73fe20-fc0c-11de-8f38-8e2c5384be89}", r"\Windows\system32\winresume.efi"),
        ("{ca73fe21-fc0c-11de-8f38-8e2c5384be89}", r"\Windows\system32\winload.efi"),
        ("{ca73fe24-fc0c-11de-8f38-8e2c5384be89}", r"\windows\system32\winload.efi"),
        ("{memdiag}", r"\EFI\Microsoft\Boot\memtest.efi"),
    ] {
        bcdrescue(&["bcd", "set", text(&for_uefi), entry, "path", path, "--yes"]).exits(0);
    }
    let part = part(&disk, 1);
    let fat = disk.folder.path().join("fat.volume");
    fs::File::create(&fat).unwrap().set_len(part.len).unwrap();
    judge("mkfs.fat", &["-F", "32", "-h", &(part.start / 512).to_string(), text(&fat)]);
    for (path, bytes) in [
        ("/bootmgr", bootmgr.as_slice()),
        ("/Boot/BCD", &store),
        ("/Boot/memtest.exe", &stand_in::of("memtest.exe")),
        ("/EFI/Microsoft/Boot/BCD", &fs::read(&for_uefi).unwrap()),
        ("/EFI/Microsoft/Boot/bootmgfw.efi", manager),
        ("/EFI/Microsoft/Boot/memtest.efi", &stand_in::of("memtest.efi")),
        ("/EFI/Boot/bootx64.efi", manager),
    ] {
        put_fat(&fat, path, bytes);
    }
    let mut bytes = fs::read(&fat).unwrap();
    bytes[CODE].fill(0x90);
    bytes[0x170..0x17b].copy_from_slice(b"BOOTMGR    ");
    disk.put(part.start, &bytes);
    fs::remove_file(fat).unwrap();
    change_listed(&disk, 2, |volume| {
        for name in ["winload.efi", "winresume.efi"] {
            put_ntfs(volume, &format!("/Windows/System32/{name}"), &stand_in::of(name));
        }
    });
    disk
}

/// Whether a BIOS and UEFI start it, as `check` says.
#[track_caller]
pub fn starts_on(disk: &Disk) -> [String; 2] {
    let target = bcdrescue(&["check", disk.name(), "--json"]).target();
    ["bios", "uefi"]
        .map(|firmware| target["disk"]["starts_on"][firmware]["answer"].as_str().unwrap().to_owned())
}
