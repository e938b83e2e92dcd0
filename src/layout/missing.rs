//! Volumes that go on where there is nothing more.

use std::fmt;

/// Bytes of a volume that are missing, and what ends before them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Missing {
    /// The disk ends before its partition does.
    OfDisk(u64),
    /// The disk, which is this volume as a whole, ends before the file system does.
    OfWholeDisk(u64),
    /// The partition ends before its file system does.
    OfPartition(u64),
}

impl Missing {
    /// Whether it is the disk that ends, and with it what can be read.
    #[must_use]
    pub const fn is_of_disk(self) -> bool {
        matches!(self, Self::OfDisk(_) | Self::OfWholeDisk(_))
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OfDisk(bytes) => write!(
                f,
                "truncated: the partition ends 0x{bytes:x} bytes past the end of the disk (incomplete \
                 image?)"
            ),
            Self::OfWholeDisk(bytes) => write!(
                f,
                "truncated: the file system extends 0x{bytes:x} bytes past the end of the disk (incomplete \
                 image?)"
            ),
            Self::OfPartition(bytes) => {
                write!(f, "the partition is 0x{bytes:x} bytes shorter than its file system")
            }
        }
    }
}
