//! Why no boot code is to be had, or must not be written.

use std::fmt;

use crate::bytes::one_line;
use crate::layout::known::Cause;

/// A file that may carry boot code, and cannot be read.
#[derive(Debug, Clone)]
pub struct UnreadCarrier {
    /// Its path.
    pub path: String,
    /// Why.
    pub cause: Cause,
}

/// Why no boot code is to be had, or must not be written.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum NoCode {
    /// Windows starts from a GPT by UEFI alone.
    #[error("GPT disk: Windows starts from it by UEFI, without boot code")]
    Gpt,
    /// The first sector is that of a volume.
    #[error("no partition table: the first sector has no MBR")]
    NoTable,
    /// There is no such volume, or it could not be opened.
    #[error("the system volume is not there")]
    NoVolume,
    /// What would be changed cannot be read.
    #[error("the boot record of partition {partition} cannot be read: {cause}")]
    Unread {
        /// Its number.
        partition: u32,
        /// Why.
        cause: Cause,
    },
    /// The first sector cannot be read.
    #[error("the MBR cannot be read: {0}")]
    UnreadMbr(Cause),
    /// A file system for which no code is taken.
    #[error("partition {partition}: boot code is made for NTFS and FAT32 alone")]
    FileSystem {
        /// Its number.
        partition: u32,
    },
    /// The code compares the sizes or counts by its own.
    #[error(
        "boot record of partition {partition} at 0xb: expected sectors of {expected} bytes, found {found}"
    )]
    SectorSize {
        /// Its number.
        partition: u32,
        /// Bytes that the code needs there.
        expected: u32,
        /// Bytes of a sector of the volume, or of the disk where that differs.
        found: u32,
    },
    /// FAT32 code needs sector 12 for itself.
    #[error(
        "boot record of partition {partition}: sector 12, where the code goes on, is not free ({reason})"
    )]
    NoRoom {
        /// Its number.
        partition: u32,
        /// What is there instead.
        reason: Taken,
    },
    /// The record jumps to elsewhere than behind its fields, or is not of the kind that Windows formats with.
    #[error("boot record of partition {partition} at 0x0: not one that Windows' code fits into")]
    Record {
        /// Its number.
        partition: u32,
    },
    /// Neither in a boot record nor in a file.
    #[error("no {kind} boot code that starts \\bootmgr on this disk{}", Unread(unread))]
    NotFound {
        /// Of which file system.
        kind: Kind,
        /// Files that may have it.
        unread: Vec<UnreadCarrier>,
    },
}

/// What is in sector 12 of a FAT32 volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Taken {
    /// The tables of the file system, behind so many reserved sectors.
    Tables(u16),
    /// FSInfo, or the backup of the boot record.
    Kept,
}

impl fmt::Display for Taken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tables(reserved) => write!(f, "{reserved} reserved sectors"),
            Self::Kept => write!(f, "FSInfo or the backup of the boot record"),
        }
    }
}

/// Of which file system boot code is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// NTFS.
    Ntfs,
    /// FAT32.
    Fat32,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ntfs => "NTFS",
            Self::Fat32 => "FAT32",
        })
    }
}

/// The files that could not be read, as the end of a message.
struct Unread<'a>(&'a [UnreadCarrier]);

impl fmt::Display for Unread<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().enumerate().try_for_each(|(number, UnreadCarrier { path, cause })| {
            let before = if number == 0 { "; not read: " } else { ", " };
            write!(f, "{before}{} ({cause})", one_line(path))
        })
    }
}
