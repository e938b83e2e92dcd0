//! Each loss by itself, on the disks that `bcdrescue-make-image` makes.

use crate::rebuild::promise::damaged;
use crate::rebuild::promise::promise;

#[test]
fn a_store_that_is_gone_zeros_noise_another_s_or_cut_short() {
    for base in ["win2008sp2-bios", "win2008r2-bios", "win10-bios", "win11-uefi", "win2022-uefi-4kn"] {
        for damage in ["no-store", "store-not-a-hive", "noise-store", "setup-medium-store", "store-dirty"] {
            promise(damaged(base, &[damage]), "--rebuild");
        }
    }
}

#[test]
fn a_boot_manager_that_is_gone() {
    for base in ["win2008sp2-bios", "win2008r2-bios", "win10-bios", "win11-uefi", "win2022-uefi-4kn"] {
        promise(damaged(base, &["boot-manager-missing"]), "--rebuild");
    }
}

#[test]
fn an_efi_system_partition_that_is_empty_another_s_or_not_formatted() {
    for base in ["win11-uefi", "win2022-uefi-4kn"] {
        promise(damaged(base, &["esp-empty"]), "--rebuild");
        promise(damaged(base, &["esp-foreign"]), "--rebuild");
        promise(damaged(base, &["esp-unformatted"]), "--rebuild --format-esp=1");
    }
}

#[test]
fn a_system_reserved_that_is_empty_or_gone_and_boot_code() {
    for base in ["win2008r2-bios", "win10-bios", "win7-logical"] {
        promise(damaged(base, &["system-reserved-empty"]), "--rebuild");
        promise(damaged(base, &["no-boot-code"]), "--rebuild");
    }
    for base in ["win2008sp2-bios", "win2008r2-bios", "win10-bios"] {
        promise(damaged(base, &["windows-only"]), "--rebuild");
    }
}

#[test]
fn a_changed_identity_and_a_loss_at_once() {
    for (base, damage) in [
        ("win10-bios", "boot-manager-missing"),
        ("win11-uefi", "boot-manager-missing"),
        ("win10-bios", "no-store"),
    ] {
        promise(damaged(base, &["signature-changed", damage]), "--rebuild");
    }
}

#[test]
fn windows_7_with_nothing_active_needs_no_more_than_that() {
    promise(damaged("win7-logical", &["not-active"]), "--active=1");
}
