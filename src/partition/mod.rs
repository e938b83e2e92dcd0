//! Partition tables: what a disk says of itself. MBR with extended partitions, GPT, or no table at all.

use crate::guid::Guid;

/// The identity that a disk carries, and that a BCD store names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DiskId {
    /// MBR disk signature: the `u32` at byte 0x1b8 of LBA 0. Zero means "none".
    Mbr(u32),
    /// GPT disk GUID: header byte 0x38.
    Gpt(Guid),
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
    /// MBR boot flag (0x80).
    pub active: bool,
    /// A logical partition inside an extended one.
    pub logical: bool,
    /// GPT partition name.
    pub name: Option<String>,
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
    /// What a reader should know: "primary GPT header is damaged, the backup was used", "hybrid MBR", …
    pub notes: Vec<String>,
}
