//! What firmware in QEMU makes of disks that are for the other one, beside what `check` says of it.

use super::bios_start;
use super::uefi_start;
use super::uefi_start::does_not_start;
use crate::guest::machine::Bus;
use crate::guest::machine::Drive;
use crate::support::both_firmwares::starts_on;
use crate::support::both_firmwares::with_manager;
use crate::support::disk::Disk;
use crate::support::efi_program;

fn sata(disk: &Disk) -> Drive {
    Drive { bus: Bus::Ahci, ..Drive::raw(&disk.path) }
}

#[test]
fn uefi_does_not_start_a_disk_for_a_bios() {
    if !uefi_start::can_start() {
        return;
    }
    let disk = Disk::raw("win10-bios-healthy");
    assert_eq!(starts_on(&disk), ["yes", "no"]);
    does_not_start(sata(&disk), None);
}

#[test]
fn a_bios_does_not_start_a_disk_for_uefi() {
    if !bios_start::can_start() {
        return;
    }
    let disk = Disk::raw("win11-uefi-healthy");
    assert_eq!(starts_on(&disk), ["no", "yes"]);
    let said = bios_start::starts(&disk.path);
    assert!(said.contains("Booting from Hard Disk") || said.contains("No bootable device"), "{said}");
    assert!(!said.contains("a bcdrescue test disk"), "{said}");
}

#[test]
fn uefi_starts_a_disk_for_both() {
    if !uefi_start::can_start() {
        return;
    }
    let disk = with_manager(&efi_program::boot_manager());
    assert_eq!(starts_on(&disk), ["yes", "yes"]);
    let said = uefi_start::starts(sata(&disk), None);
    assert!(said.contains(r"from \EFI\BOOT\BOOTX64.EFI"), "{said}");
}
