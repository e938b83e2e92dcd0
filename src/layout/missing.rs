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
                "its last 0x{bytes:x} bytes are not there: the partition ends beyond the end of the disk, as of an image that was cut short"
            ),
            Self::OfWholeDisk(bytes) => write!(
                f,
                "the last 0x{bytes:x} bytes of its file system are not there: it goes on beyond the end of the disk, as of an image that was cut short"
            ),
            Self::OfPartition(bytes) => write!(
                f,
                "the last 0x{bytes:x} bytes of its file system are not in it: the partition is shorter than that, by its entry in the table"
            ),
        }
    }
}
