//! Stores and hives: read as others read them, hostile ones too.

pub mod big_hive;
pub mod corpus;
pub mod corpus_case;
pub mod corpus_disks;
pub mod corpus_uefi;
pub mod every_byte;
pub mod file_version;
pub mod fresh_bcdboot;
pub mod fresh_disks;
pub mod fresh_used;
pub mod hostile;
pub mod letters_in_memory;
pub mod virtual_disks;
