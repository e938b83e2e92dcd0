//! What is written.

use crate::repair::boot_code::source::Source;

/// Bytes of a disk that hold boot code, before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodeChange {
    /// First byte, from the start of the disk.
    pub at: u64,
    /// What stands there.
    pub before: Vec<u8>,
    /// What is to stand there, of the same length.
    pub after: Vec<u8>,
    /// Where the code is from.
    pub from: Source,
}
