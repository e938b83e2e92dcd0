//! Cures that are no re-pointing: a few bytes outside of device elements, which the user asks for by a switch.

use crate::layout::index::HiveIndex;
use crate::layout::index::StoreIndex;
use crate::layout::index::VolumeIndex;
use crate::layout::text_file::TextFile;

/// Where the bytes stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Site {
    /// In the partition table: bytes from the start of the disk.
    Table {
        /// First byte.
        at: u64,
    },
    /// In the boot record of a volume, or in its copy.
    BootRecord {
        /// Index of the volume in the layout.
        volume: VolumeIndex,
        /// First byte, from the start of the volume.
        at: u64,
    },
    /// In the file of a store, in a place that belongs to no re-pointing.
    Store {
        /// Index of the store in the layout.
        store: StoreIndex,
        /// First byte, from the start of the file.
        at: usize,
        /// Order of writing, among the re-pointings of the store.
        rank: u8,
    },
    /// In the SYSTEM hive of a Windows.
    SystemHive {
        /// Index of the hive in the layout's `mounted`.
        hive: HiveIndex,
        /// First byte, from the start of the hive file.
        at: u64,
        /// What stands there.
        field: HiveField,
    },
    /// In a small text, which may become longer or shorter.
    Text {
        /// The text.
        file: TextFile,
        /// First byte, from the start of the file.
        at: usize,
        /// The time that the file gets where its file system keeps one of its directory entry, in 100 ns since 1601, UTC.
        now: u64,
    },
}

/// What is edited in a SYSTEM hive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum HiveField {
    /// The partition of a drive letter (`--drive-letters`).
    DriveLetter,
    /// When a driver is loaded (`--on`).
    DriverStart,
}

/// Bytes before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ByteEdit {
    /// What they are: `hidden sectors in the boot record of partition 1`.
    pub what: String,
    /// Where they stand.
    pub site: Site,
    /// As they are.
    pub before: Vec<u8>,
    /// As they should be: as many, but in a text.
    pub after: Vec<u8>,
    /// The same for people: `63, should be 2048`.
    pub meaning: String,
}

impl ByteEdit {
    /// What the bytes are, within a sentence: `the hidden sectors in …`, `boot.ini line 3`.
    #[must_use]
    pub fn named(&self) -> String {
        match self.site {
            Site::Text { .. } => self.what.clone(),
            Site::Table { .. } | Site::BootRecord { .. } | Site::Store { .. } | Site::SystemHive { .. } => {
                format!("the {}", self.what)
            }
        }
    }

    /// Index of the store whose file it changes, where it changes one.
    #[must_use]
    pub const fn store(&self) -> Option<StoreIndex> {
        match self.site {
            Site::Store { store, .. } => Some(store),
            Site::Table { .. } | Site::BootRecord { .. } | Site::SystemHive { .. } | Site::Text { .. } => {
                None
            }
        }
    }
}
