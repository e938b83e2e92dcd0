//! What a partition table says: identities, partitions, and what a BIOS would start.

use crate::guid::Guid;
use crate::partition::unprotected::Unprotected;

/// The identity that a disk carries, and that a BCD store names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DiskId {
    /// MBR disk signature: the `u32` at byte 0x1b8 of LBA 0. Zero means "none".
    Mbr(u32),
    /// GPT disk GUID: header byte 0x38.
    Gpt(Guid),
}

impl DiskId {
    /// As records keep it: `mbr:36234da4`, `gpt:67b32047-…`.
    #[must_use]
    pub fn text(self) -> String {
        match self {
            Self::Mbr(signature) => format!("mbr:{signature:08x}"),
            Self::Gpt(guid) => format!("gpt:{guid}"),
        }
    }

    /// The identity that [`DiskId::text`] writes so.
    #[must_use]
    pub fn from_text(text: &str) -> Option<Self> {
        match text.split_once(':')? {
            ("mbr", digits) if digits.len() == 8 => Some(Self::Mbr(u32::from_str_radix(digits, 16).ok()?)),
            ("gpt", guid) => Some(Self::Gpt(guid.parse().ok()?)),
            _ => None,
        }
    }
}

/// The identity of a partition on its disk, in the form that a BCD store uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PartitionId {
    /// MBR: byte offset of the first sector from the start of the disk (absolute for logical partitions too).
    Mbr {
        /// Bytes from the start of the disk.
        offset: u64,
    },
    /// GPT: unique partition GUID (entry byte 0x10).
    Gpt(Guid),
}

/// What kind of table a disk has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableKind {
    /// Master boot record.
    Mbr,
    /// GUID partition table, with a protective or hybrid MBR.
    Gpt,
    /// No table: the whole storage is one volume (or nothing that is known). See [`PartitionTable::partitions`].
    None,
}

/// The type code of a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartitionType {
    /// MBR system indicator byte.
    Mbr(u8),
    /// GPT partition type GUID.
    Gpt(Guid),
    /// The whole disk, when there is no table.
    Whole,
}

impl PartitionType {
    /// That of a container of logical partitions: 05, 0F (LBA) or 85 (Linux).
    #[must_use]
    pub const fn is_extended(self) -> bool {
        matches!(self, Self::Mbr(0x05 | 0x0f | 0x85))
    }
}

/// One partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partition {
    /// Number as Linux and sfdisk count it (logical partitions from 5); 0 for a volume without a table.
    pub number: u32,
    /// First byte, from the start of the disk.
    pub start: u64,
    /// Length in bytes.
    pub len: u64,
    /// Type code.
    pub kind: PartitionType,
    /// Identity as a store would name it; `None` for a volume without a table.
    pub id: Option<PartitionId>,
    /// MBR boot flag (0x80); of a GPT's partition that of its entry in a hybrid MBR.
    pub active: bool,
    /// A logical partition inside an extended one.
    pub logical: bool,
    /// GPT partition name.
    pub name: Option<String>,
}

impl Partition {
    /// Its GUID; `None` when it is not one of a GPT.
    #[must_use]
    pub fn guid(&self) -> Option<Guid> {
        match self.id? {
            PartitionId::Gpt(guid) => Some(guid),
            PartitionId::Mbr { .. } => None,
        }
    }
}

/// The program in the first 440 bytes of LBA 0, which a BIOS starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BootCode {
    /// All bytes are zero, or there is no table: nothing to start.
    None,
    /// GRUB or LILO, which start what they like and do not care for the active partition.
    Grub,
    /// Some program: Windows' own, or one like it, starts the active partition.
    Present,
}

/// Why partitions of the table are not among those that were found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unseen {
    /// What names them lies beyond the end of the disk, as of an image that was cut short.
    Cut(String),
    /// What names them is damaged: an extended boot record, or an entry.
    Damaged(String),
}

impl Unseen {
    /// The reason in a line.
    #[must_use]
    pub fn reason(&self) -> &str {
        let (Self::Cut(reason) | Self::Damaged(reason)) = self;
        reason
    }
}

/// One of the two copies of a GPT.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GptCopy {
    /// The one behind LBA 0, by which all go while it is sound.
    Primary,
    /// The one at the end of the disk.
    Backup,
}

/// An entry of a hybrid MBR, beside the protective one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HybridEntry {
    /// Which of the four it is, from 1.
    pub number: u32,
    /// First byte, from the start of the disk.
    pub start: u64,
    /// Length in bytes.
    pub len: u64,
}

/// The partition table of one disk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PartitionTable {
    /// Kind of table.
    pub kind: TableKind,
    /// Logical sector size in bytes: the medium's, or the one in which the table makes sense.
    pub sector_size: u32,
    /// Identity; `None` without a table.
    pub disk: Option<DiskId>,
    /// All partitions in order of their numbers; extended containers are left out. Without a table: one entry that
    /// spans the whole storage.
    pub partitions: Vec<Partition>,
    /// What a BIOS starts.
    pub boot_code: BootCode,
    /// The boot flags of the four entries of an MBR or a hybrid one, used or not: boot code looks at all of them.
    pub boot_flags: [u8; 4],
    /// Which of those entries are extended partitions whose first sector begins with a program: boot code starts that.
    pub container_code: [bool; 4],
    /// Signature of a hybrid MBR beside a GPT: a BIOS starts from such a disk, and a store may name it by that.
    pub hybrid: Option<u32>,
    /// Its entries.
    pub hybrid_entries: Vec<HybridEntry>,
    /// What is wrong with the protective MBR of a GPT: firmware and Windows take the disk for one without these partitions.
    pub unprotected: Option<Unprotected>,
    /// The copy of a GPT that is damaged; the other one was read.
    pub damaged_copy: Option<GptCopy>,
    /// The sound GPT over which this MBR lies without a word of it: a leftover, or what is meant.
    pub beneath: Option<Box<Self>>,
    /// Why there may be more partitions than these.
    pub unseen: Option<Unseen>,
    /// What a reader should know: "primary GPT header is damaged, the backup was used", "hybrid MBR", …
    pub notes: Vec<String>,
}
