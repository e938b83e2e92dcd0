//! Device descriptors: numbers and sizes of their parts.
//!
//! A descriptor is a header of 16 bytes (type, flags, size of the whole, zero) and a body. Layouts are ReactOS' (`bl.h`)
//! and were confirmed on stores that Windows wrote.

/// Type, flags, size, zero.
pub(super) const HEADER_SIZE: usize = 0x10;
/// Size of a descriptor of a partition or of the boot device.
pub(super) const PLAIN_SIZE: usize = 0x48;
/// Bytes of the identity of a partition: its id, type and style of the disk, the disk's id.
pub(super) const IDENTITY_SIZE: usize = 0x28;

pub(super) const TYPE_LOCAL: u32 = 0;
pub(super) const TYPE_LEGACY_PARTITION: u32 = 2;
pub(super) const TYPE_BOOT: u32 = 5;
pub(super) const TYPE_PARTITION: u32 = 6;
pub(super) const TYPE_LOCATE: u32 = 8;

pub(super) const LOCAL_HARD_DISK: u32 = 0;
pub(super) const LOCAL_RAMDISK: u32 = 3;
pub(super) const LOCAL_FILE: u32 = 5;
pub(super) const LOCAL_VHD: u32 = 6;

// The numbers that stand on the disk; the WMI documentation has them the other way round.
pub(in crate::bcd) const STYLE_GPT: u32 = 0;
pub(in crate::bcd) const STYLE_MBR: u32 = 1;

/// Flags of a RAM disk; all other devices have none.
pub(super) const RAMDISK_FLAGS: u32 = 1;
/// Version of the structure that holds a parent device and a path.
pub(super) const FILE_PATH_VERSION: u32 = 1;
/// Its kind of path, in all boot stores.
pub(super) const FILE_PATH_TYPE: u32 = 5;
/// Its bytes before the parent device.
pub(super) const FILE_PATH_HEADER_SIZE: usize = 12;
