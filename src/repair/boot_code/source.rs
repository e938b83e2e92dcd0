//! Where boot code is from.

use std::fmt;

use crate::bytes::one_line;

/// Where boot code is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The boot record of the partition with this number.
    Record(u32),
    /// A file of the disk with this path.
    File(String),
    /// This program.
    Own,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Record(0) => write!(f, "code from the disk's own boot record"),
            Self::Record(partition) => write!(f, "code from partition {partition}"),
            Self::File(path) => write!(f, "code from {}", one_line(path)),
            Self::Own => write!(f, "bcdrescue's own code"),
        }
    }
}
