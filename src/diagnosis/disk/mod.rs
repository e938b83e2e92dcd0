//! Findings about the disk, and about the start before the store.

pub(crate) mod active;
mod active_choice;
mod boot_manager;
pub(crate) mod boot_manager_file;
pub(crate) mod boot_record;
mod content;
pub(crate) mod dynamic;
pub(crate) mod efi_partition;
pub(crate) mod firmware_start;
pub(crate) mod hybrid;
mod logical;
pub(crate) mod mbr_entry;
pub(crate) mod no_system;
pub(crate) mod not_fat;
pub(crate) mod overview;
mod partition_type;
pub(crate) mod preboot;
pub(crate) mod protective_mbr;
mod raid_member;
pub(crate) mod sector_size;
