//! What is made anew on a disk, and whether it starts.

pub mod bios_start;

mod boot_code;

mod disks;

mod mbr_code;

mod starts_bootmgr;
