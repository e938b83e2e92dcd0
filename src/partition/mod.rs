//! Partition tables: what a disk says of itself. MBR with extended partitions, GPT, or no table at all.
//!
//! Every table is decoded here, with checks, and then put before the crate for it (`mbrman`, `gpt`) as a second opinion:
//! two readings that agree are believed, two that differ are an error.

mod boot_sector;
mod ebr;
pub mod edit;
pub mod gpt;
mod gpt_cross_check;
mod gpt_header;
mod hybrid;
mod mbr;
mod mbr_cross_check;
mod plausibility;
#[cfg(test)]
mod test_tools;

pub use hybrid::HybridEntry;

use crate::error::Corrupt;
use crate::error::Unsupported;
use crate::guid::Guid;
use crate::storage::Storage;
use crate::storage::StorageError;

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
    /// A GPT without a protective MBR in LBA 0: firmware and Windows take the disk for one without partitions.
    pub unprotected: bool,
    /// Why there may be more partitions than these.
    pub unseen: Option<Unseen>,
    /// What a reader should know: "primary GPT header is damaged, the backup was used", "hybrid MBR", …
    pub notes: Vec<String>,
}

/// Why a partition table could not be read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PartitionError {
    /// The medium failed.
    #[error(transparent)]
    Io(#[from] StorageError),
    /// The table contradicts itself.
    #[error(transparent)]
    Corrupt(#[from] Corrupt),
    /// The table may be right; this program cannot handle it.
    #[error(transparent)]
    Unsupported(#[from] Unsupported),
}

/// Reads the partition table of a disk, or says that it has none.
///
/// The order of doubt is that of libblkid: no 0x55aa means no table; a boot sector of a file system in LBA 0 means a
/// bare volume, whatever its boot code looks like; an entry of type 0xee means GPT; only then is it an MBR.
///
/// # Errors
/// [`PartitionError`]: the medium fails, both copies of a GPT are bad, or the table is of a form that is not handled.
pub fn read(storage: &dyn Storage) -> Result<PartitionTable, PartitionError> {
    let sizes = sector_sizes(storage)?;
    if storage.len() < mbr::SIZE_IN_BYTES {
        let note = format!("{} bytes are too few for a partition table", storage.len());
        return Ok(without_table(storage, vec![note]));
    }
    let sector = storage.read_vec(0, 512)?;
    if let Some(volume) = boot_sector::BootSector::recognise(&sector) {
        return Ok(without_table(
            storage,
            vec![format!("no partition table: {} begins at 0x0", volume.name)],
        ));
    }
    let Some(record) = mbr::MasterBootRecord::decode(&sector) else {
        return without_signature(storage, &sector, &sizes);
    };
    if record.entries.iter().any(mbr::Entry::is_protective) {
        let mut table = gpt::read(storage, &sizes)?;
        table.boot_code = mbr::boot_code(&sector);
        hybrid::add(&mut table, &record);
        return Ok(plausibility::noted(table, storage.len()));
    }
    match mbr::read(storage, &record, &sizes)? {
        Some(table) => {
            let table = PartitionTable { boot_code: mbr::boot_code(&sector), ..table };
            Ok(plausibility::noted(table, storage.len()))
        }
        None => {
            let note = "0x55aa at 0x1fe, but what lies at 0x1be is no partition table";
            Ok(without_table(storage, vec![note.into()]))
        }
    }
}

/// Sector sizes in which the table may be written: the medium's, or for an image the two that exist.
fn sector_sizes(storage: &dyn Storage) -> Result<Vec<u32>, PartitionError> {
    match storage.sector_size() {
        None => Ok(vec![512, 4096]),
        Some(size) if size.is_power_of_two() && (512..=4096).contains(&size) => Ok(vec![size]),
        Some(size) => {
            let what = format!("the medium has sectors of {size} bytes");
            Err(Unsupported::new(what, "only 512 to 4096 are handled; copy the disk to an image first")
                .into())
        }
    }
}

/// A disk without 0x55aa: blank, a volume that is not recognised here, or a GPT whose protective MBR was wiped.
fn without_signature(
    storage: &dyn Storage,
    sector: &[u8],
    sizes: &[u32],
) -> Result<PartitionTable, PartitionError> {
    if let Some(mut table) = gpt::read_primary(storage, sizes)? {
        table.unprotected = true;
        return Ok(plausibility::noted(table, storage.len()));
    }
    let blank = sector.iter().all(|byte| *byte == 0);
    let note =
        if blank { "the first sector is all zero bytes" } else { "no 0x55aa at 0x1fe: no partition table" };
    Ok(without_table(storage, vec![note.into()]))
}

/// The whole storage as one volume.
fn without_table(storage: &dyn Storage, notes: Vec<String>) -> PartitionTable {
    let whole = Partition {
        number: 0,
        start: 0,
        len: storage.len(),
        kind: PartitionType::Whole,
        id: None,
        active: false,
        logical: false,
        name: None,
    };
    PartitionTable {
        kind: TableKind::None,
        sector_size: storage.sector_size().unwrap_or(512),
        disk: None,
        partitions: vec![whole],
        boot_code: BootCode::None,
        boot_flags: [0; 4],
        container_code: [false; 4],
        hybrid: None,
        hybrid_entries: Vec::new(),
        unprotected: false,
        unseen: None,
        notes,
    }
}
