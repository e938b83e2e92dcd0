//! What a rebuild refuses, and the way out that it names.

use crate::rebuild::promise::damaged;
use crate::support::disk::hash;
use crate::support::program::bcdrescue;

#[test]
fn a_windows_of_nt5_has_no_copy_of_its_boot_files() {
    let disk = damaged("win2003-bios", &["boot-manager-missing"]);
    let before = hash(&disk.path);
    bcdrescue(&["fix", disk.name(), "--rebuild", "--yes"])
        .exits(8)
        .says("keeps no copy of its boot files")
        .says("installation medium");
    assert_eq!(hash(&disk.path), before);
}

#[test]
fn an_encrypted_windows_is_no_source() {
    let disk = damaged("win10-bios", &["bitlocker", "store-not-a-hive"]);
    bcdrescue(&["fix", disk.name(), "--rebuild", "--yes"]).exits(8).says("Windows is encrypted");
}

#[test]
fn a_bios_does_not_start_a_gpt_disk() {
    let disk = damaged("win11-uefi", &["store-not-a-hive"]);
    let run = bcdrescue(&["fix", disk.name(), "--rebuild", "--firmware=bios", "--yes"]);
    run.exits(8).says("a BIOS does not boot Windows from a GPT disk");
}
