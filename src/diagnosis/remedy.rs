//! What can be done about a finding.

use crate::bcd::device::QualifiedPartition;
use crate::diagnosis::byte_edit::ByteEdit;

/// What can be done about a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Remedy {
    /// Nothing is needed.
    None,
    /// `fix` re-points the element.
    Repoint(Repoint),
    /// `fix` changes these bytes: the user gave the switch for it.
    Edit(Vec<ByteEdit>),
    /// `fix` does it when it is given this switch; what for, in a sentence.
    Switch(Switch, String),
    /// Something that the user has to do.
    Advice(String),
    /// The user has to say whether the disk that is named belongs to this one's machine (`--with`), or this one is a copy of it
    /// (`--independent`).
    Belongs(NamedDisk),
}

/// Another attached disk, which elements of the examined one name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NamedDisk {
    /// Its name.
    pub disk: String,
    /// Number of the partition that is named; none where that disk has no such partition either.
    pub partition: Option<u32>,
}

impl NamedDisk {
    /// What an element names, for a sentence: `partition 2 of /dev/vdb`.
    #[must_use]
    pub fn place(&self) -> String {
        match self.partition {
            Some(number) => format!("partition {number} of {}", self.disk),
            None => format!("a partition of {} that it does not have", self.disk),
        }
    }
}

/// A switch of `fix` with which it cures what it otherwise leaves, or has to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Switch {
    /// `--active N`: make a partition the active one; this one, where only one will do.
    Active(Option<u32>),
    /// `--boot-sector`: set a boot record right.
    BootSector,
    /// `--convert`: re-point from MBR to GPT, or back.
    Convert,
    /// `--drive-letters`: make Windows' drive letters name this disk.
    DriveLetters,
    /// `--firmware-entries`: set the store's copies of firmware entries right.
    FirmwareEntries,
    /// `--system N`: which partition is the system volume.
    System,
    /// `--windows N`: which partition is Windows'.
    Windows,
}

/// As it stands on a command line; `N` where the user has to choose the number of a partition.
impl std::fmt::Display for Switch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Active(Some(number)) => return write!(f, "--active={number}"),
            Self::Active(None) => "--active=N",
            Self::BootSector => "--boot-sector",
            Self::Convert => "--convert",
            Self::DriveLetters => "--drive-letters",
            Self::FirmwareEntries => "--firmware-entries",
            Self::System => "--system=N",
            Self::Windows => "--windows=N",
        })
    }
}

/// One identity record of one device element, and what it should name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repoint {
    /// Index of the store in the layout.
    pub store: usize,
    /// Index of the object in the store.
    pub object: usize,
    /// Index of the element in the object.
    pub element: usize,
    /// Index of the identity record in the device element.
    pub record: usize,
    /// What it names now.
    pub old: QualifiedPartition,
    /// What it should name.
    pub new: QualifiedPartition,
    /// The volume that `new` is, when it is one of this disk.
    pub volume: Option<usize>,
    /// The same for people: `partition 2 (Windows)`, with the disk's name when it is another.
    pub place: String,
    /// Number of its partition.
    pub partition: u32,
    /// Order of writing: an entry that is half patched must fail early, with the error that it had.
    pub rank: u8,
}

impl Repoint {
    /// Whether it leads from MBR to GPT or back: the disk was converted since the store was written.
    #[must_use]
    pub fn converts(&self) -> bool {
        std::mem::discriminant(&self.old) != std::mem::discriminant(&self.new)
    }
}
