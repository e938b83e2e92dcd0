//! Rebuilt disks, started by UEFI firmware: what stands for Windows' boot manager opens the store on its own volume.

use std::path::Path;

use bcdrescue::bcd::QualifiedPartition;

use super::promise::damaged;
use super::promise::promise;
use super::uefi_start::can_start;
use super::uefi_start::does_not_start;
use super::uefi_start::starts;
use crate::guest::machine::Bus;
use crate::guest::machine::Drive;
use crate::support::disk::Disk;
use crate::support::efi_program;
use crate::support::firmware_stores::Node;
use crate::support::firmware_stores::path_of;
use crate::support::judges::fat_file;
use crate::support::judges::judge;
use crate::support::judges::put_fat;
use crate::support::judges::put_ntfs;
use crate::support::parts::change_listed;
use crate::support::parts::cut;
use crate::support::parts::gpt_of;
use crate::support::parts::listed;
use crate::support::parts::part;
use crate::support::program::text;

const ESP: u32 = 1;
const WINDOWS: u32 = 3;
const MANAGER: &str = "/EFI/Microsoft/Boot/bootmgfw.efi";
const FALLBACK: &str = "/EFI/Boot/bootx64.efi";

/// A disk with this damage, whose Windows has a boot manager to copy that says what it finds; `None` where it cannot be started.
fn disk(base: &str, damage: &str) -> Option<Disk> {
    can_start().then(|| {
        let disk = damaged(base, &[damage]);
        let manager = efi_program::boot_manager();
        change_listed(&disk, WINDOWS, |volume| {
            put_ntfs(volume, "/Windows/Boot/EFI/bootmgfw.efi", &manager);
        });
        disk
    })
}

fn sata(disk: &Path) -> Drive {
    Drive { bus: Bus::Ahci, ..Drive::raw(disk) }
}

/// What the boot manager has to say of the store on the EFI system partition, whose length mtools tells.
fn word(disk: &Disk, raw: &Path, from: &str) -> String {
    let (start, len) = listed(disk, ESP);
    let esp = cut(raw, start, len);
    judge("fsck.fat", &["-n", text(&esp)]);
    let store = fat_file(&esp, "/EFI/Microsoft/Boot/BCD");
    format!("regf {} from {from}\n", store.len())
}

#[track_caller]
fn says(said: &str, word: &str) {
    assert!(said.contains(word), "expected {word:?} in:\n{said}");
}

/// The boot files are there, and what they begin with is not.
#[test]
fn a_store_that_is_gone_zeros_or_noise() {
    for damage in ["no-store", "store-not-a-hive", "noise-store"] {
        let Some(disk) = disk("win11-uefi", damage) else { return };
        let manager = efi_program::boot_manager();
        change_listed(&disk, ESP, |volume| {
            put_fat(volume, MANAGER, &manager);
            put_fat(volume, FALLBACK, &manager);
        });
        let said = starts(sata(&disk.path), None);
        assert!(said.contains("BdsDxe: starting") && !said.contains("regf"), "{said}");
        let rebuilt = promise(disk, "--rebuild");
        let word = word(&rebuilt.disk, &rebuilt.raw, r"\EFI\BOOT\BOOTX64.EFI");
        says(&starts(sata(&rebuilt.raw), None), &word);
    }
}

#[test]
fn an_empty_efi_system_partition() {
    let Some(disk) = disk("win11-uefi", "esp-empty") else { return };
    does_not_start(sata(&disk.path), None);
    let rebuilt = promise(disk, "--rebuild");
    let word = word(&rebuilt.disk, &rebuilt.raw, r"\EFI\BOOT\BOOTX64.EFI");
    says(&starts(sata(&rebuilt.raw), None), &word);
}

#[test]
fn an_efi_system_partition_without_a_file_system() {
    let Some(disk) = disk("win11-uefi", "esp-unformatted") else { return };
    does_not_start(sata(&disk.path), None);
    let rebuilt = promise(disk, "--rebuild --format-esp=1");
    let word = word(&rebuilt.disk, &rebuilt.raw, r"\EFI\BOOT\BOOTX64.EFI");
    says(&starts(sata(&rebuilt.raw), None), &word);
}

/// Without a boot entry it is still the other system that starts; with Windows' own, Windows does.
#[test]
fn beside_the_loaders_of_another_system() {
    let Some(disk) = disk("win11-uefi", "esp-foreign") else { return };
    let other = efi_program::of_another("another system");
    change_listed(&disk, ESP, |volume| put_fat(volume, FALLBACK, &other));
    let esp = part(&disk, ESP);
    let QualifiedPartition::Gpt { partition, .. } = gpt_of(&disk, 1) else { panic!("a GPT") };
    let entry = path_of(&Node::gpt(ESP, esp.start / 512, esp.len / 512, partition));
    does_not_start(sata(&disk.path), Some(&entry));
    let rebuilt = promise(disk, "--rebuild");
    assert_eq!(fat_file(&cut(&rebuilt.raw, esp.start, esp.len), FALLBACK), other);
    says(&starts(sata(&rebuilt.raw), None), "another system\n");
    let word = word(&rebuilt.disk, &rebuilt.raw, r"\EFI\Microsoft\Boot\bootmgfw.efi");
    says(&starts(sata(&rebuilt.raw), Some(&entry)), &word);
}

#[test]
fn sectors_of_4096_bytes() {
    let Some(disk) = disk("win2022-uefi-4kn", "esp-empty") else { return };
    let nvme = |disk: &Path| Drive { bus: Bus::Nvme, sector_size: 4096, ..Drive::raw(disk) };
    does_not_start(nvme(&disk.path), None);
    let rebuilt = promise(disk, "--rebuild");
    let word = word(&rebuilt.disk, &rebuilt.raw, r"\EFI\BOOT\BOOTX64.EFI");
    says(&starts(nvme(&rebuilt.raw), None), &word);
}
