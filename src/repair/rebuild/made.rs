//! What a rebuild makes, for people, reports and the proof.

use crate::layout::boot_file::Machine;
use crate::repair::change::store::StorePlan;
use crate::repair::nvram::FirmwareEntry;

/// One thing that is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Made {
    /// A file system.
    FileSystem {
        /// Number of the partition.
        partition: u32,
    },
    /// A store.
    Store(MadeStore),
    /// Boot files.
    Files(MadeFiles),
    /// Boot code.
    Code {
        /// Number of the partition; none for the MBR.
        partition: Option<u32>,
        /// Where it comes from, for people.
        from: String,
    },
    /// The active partition.
    Active {
        /// Its number.
        partition: u32,
    },
    /// An entry of the firmware's boot menu, which is not on the disk.
    FirmwareEntry(FirmwareEntry),
}

impl Made {
    /// The store, where it is one.
    #[must_use]
    pub const fn store(&self) -> Option<&MadeStore> {
        match self {
            Self::Store(store) => Some(store),
            _ => None,
        }
    }

    /// The entry of the firmware's boot menu, where it is one.
    #[must_use]
    pub const fn firmware_entry(&self) -> Option<&FirmwareEntry> {
        match self {
            Self::FirmwareEntry(entry) => Some(entry),
            _ => None,
        }
    }
}

/// A store that is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MadeStore {
    /// Number of its partition.
    pub partition: u32,
    /// Its path.
    pub path: String,
    /// All of it.
    pub bytes: Vec<u8>,
    /// What its entries start, for people: `Windows 11 Pro 23H2 on partition 3`.
    pub entries: Vec<String>,
    /// The file that was there: ruined, or not wanted.
    pub before: Option<Vec<u8>>,
    /// It is the second one of an EFI system partition.
    pub is_recovery: bool,
}

impl MadeStore {
    /// The same as a store of a plan.
    pub(in crate::repair) fn plan(&self) -> StorePlan {
        StorePlan {
            partition: self.partition,
            path: self.path.clone(),
            name: self.path.clone(),
            before: self.before.clone(),
            after: self.bytes.clone(),
            recovered: None,
        }
    }
}

/// Boot files that are put somewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MadeFiles {
    /// Number of the partition.
    pub partition: u32,
    /// Where they are from, for people: `\Windows\Boot\EFI`.
    pub from: String,
    /// The processor that the boot manager is for.
    pub machine: Machine,
    /// Each of them.
    pub files: Vec<MadeFile>,
    /// What is there and stays, and what was left out, for people.
    pub remarks: Vec<String>,
}

/// A file that is put somewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MadeFile {
    /// Its path.
    pub path: String,
    /// Its length in bytes.
    pub len: u64,
    /// SHA-256 of its bytes, hex.
    pub sha256: String,
    /// Where it was taken from, for people.
    pub from: String,
}
