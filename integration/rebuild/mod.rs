//! `fix --rebuild`: what is lost is made again from the Windows on the same disk, and whether the disk starts.

pub mod bios_start;
mod boot_code;
mod disks;
mod firmware_entry;
mod mbr_code;
mod other_firmware;
mod power;
mod promise;
mod refused;
mod scenarios;
mod starts_bootmgr;
mod starts_on_bios;
mod starts_on_uefi;
mod store;
mod uefi_start;
