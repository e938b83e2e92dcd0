//! Findings about the disk, and about the start before the store.

pub mod active;
mod active_choice;
mod boot_manager;
pub mod boot_record;
pub mod dynamic;
pub mod efi_partition;
pub mod firmware_start;
pub mod hybrid;
pub mod mbr_entry;
pub mod no_system;
pub mod overview;
pub mod preboot;
pub mod sector_size;
