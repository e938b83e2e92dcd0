//! What is said of a disk, and why.

pub mod boot_files;
pub mod cut_images;
pub mod drive_letters;
pub mod efi_partition;
pub mod foreign_content;
pub mod hybrid;
pub mod logical;
pub mod lone_volume;
pub mod lost_windows;
pub mod menus;
pub mod named_here;
pub mod no_system;
pub mod not_fat;
pub mod ntldr;
pub mod partition_type;
pub mod protective_mbr;
pub mod recovery_config;
pub mod sector_size;
pub mod starts_by;
mod startup;
pub mod storage_drivers;
pub mod unread;
pub mod void_files;
pub mod windows;
pub mod without_entry;
