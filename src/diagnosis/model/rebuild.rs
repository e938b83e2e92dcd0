//! What `fix --rebuild` is asked for, and what it comes to on a disk.

use std::path::PathBuf;
use std::sync::Arc;

use crate::bcd::Firmware;
use crate::diagnosis::model::byte_edit::ByteEdit;
use crate::layout::index::StoreIndex;
use crate::layout::index::VolumeIndex;
use crate::layout::index::WindowsIndex;

/// Which parts `--rebuild` makes anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scope {
    /// `--rebuild`: what is missing or ruined.
    Missing,
    /// `--rebuild=store`: the store, whatever it is.
    Store,
    /// `--rebuild=files`: the boot files.
    Files,
    /// `--rebuild=code`: boot code and the active partition.
    Code,
    /// `--rebuild=all`: all three.
    All,
}

impl Scope {
    /// As it stands on a command line.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Missing => "--rebuild",
            Self::Store => "--rebuild=store",
            Self::Files => "--rebuild=files",
            Self::Code => "--rebuild=code",
            Self::All => "--rebuild=all",
        }
    }
}

/// Which languages the boot files come in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Languages {
    /// Those that Windows has, and en-US.
    #[default]
    Default,
    /// All that it has boot files in.
    All,
    /// These (`de-DE`).
    Of(Vec<String>),
}

/// How a rebuild is done, beside what is decided of the disk.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Orders {
    /// The time that new files and stores get, in 100 ns since 1601, UTC.
    pub now: u64,
    /// `--languages`.
    pub languages: Languages,
    /// `--files-from`: a directory like `\Windows\Boot`, from which the boot files are taken.
    pub files_from: Option<PathBuf>,
    /// `--firmware-entry`: where the variables of this machine's firmware are, in which the boot manager gets an entry.
    pub firmware_entry: Option<PathBuf>,
    /// Only what a start needs is read and put: enough to tell whether it would come out.
    pub is_trial: bool,
}

/// The parts that a rebuild makes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Parts {
    /// The file system of an EFI system partition that has none.
    pub file_system: bool,
    /// The store, and on UEFI the second one, for the recovery environment, where it is missing.
    pub store: bool,
    /// The boot manager, and what belongs to it.
    pub files: bool,
    /// The boot code of the system volume.
    pub boot_record: bool,
    /// The boot code of the MBR.
    pub boot_code: bool,
    /// The active partition.
    pub active: bool,
}

impl Parts {
    /// Whether there is any.
    #[must_use]
    pub fn is_any(self) -> bool {
        self != Self::default()
    }
}

/// What a rebuild comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rebuild {
    /// What was asked for.
    pub scope: Scope,
    /// How the machine starts.
    pub firmware: Firmware,
    /// The volume of boot manager and store.
    pub system: VolumeIndex,
    /// The installations that get an entry, the one that starts by itself first.
    pub windows: Vec<WindowsIndex>,
    /// What is made.
    pub parts: Parts,
    /// The boot flags that change, where another partition becomes the active one.
    pub flags: Vec<ByteEdit>,
    /// The store in whose place a new one comes.
    pub replaces: Option<StoreIndex>,
    /// How it is done.
    pub orders: Arc<Orders>,
}

impl Rebuild {
    /// Whether what is there is made anew though nothing is wrong with it.
    #[must_use]
    pub fn is_insisted(&self) -> bool {
        self.scope != Scope::Missing
    }
}

/// Why nothing can be rebuilt, with the way out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoRebuild {
    /// The target is one volume.
    #[error("this is one volume without its disk: examine the whole disk it is from")]
    LoneVolume,
    /// A store names a disk by its signature, and this one has none.
    #[error(
        "the disk has signature 0, which no store can refer to: give it one first (`sfdisk --disk-id DISK 0x…`)"
    )]
    NoSignature,
    /// Part of the disk cannot be read.
    #[error(
        "part of the disk cannot be read, so what is missing may be there: make it readable first, or choose the system \
         partition with --system N"
    )]
    Unread,
    /// There is no Windows to make it from.
    #[error("no readable Windows on this disk to rebuild the start by {0} from; restore it from a backup")]
    NoWindows(Firmware),
    /// The Windows that is there is not one that this firmware can start.
    #[error("the Windows on {name} has no {file}: restore that from a backup first, then `fix --rebuild`")]
    NoLoader {
        /// The partition.
        name: String,
        /// The loader.
        file: &'static str,
    },
    /// Windows is encrypted.
    #[error("Windows is encrypted: decrypt or unlock {0} first, or restore the boot files from a backup")]
    Encrypted(String),
    /// Windows of NT 5.x keeps no copy of what starts it.
    #[error(
        "this Windows (NT 5.x) keeps no copy of its boot files: copy ntldr and NTDETECT.COM from the installation \
         medium (i386)"
    )]
    Nt5,
    /// There is no EFI system partition.
    #[error(
        "no EFI system partition: create one (`sgdisk --new=0:0:+{}M --typecode=0:ef00 DISK`; it needs free space), then \
         `fix --rebuild --format-esp N`", .0
    )]
    NoEsp(u64),
    /// The same on an MBR disk.
    #[error(
        "no EFI system partition: create one (`echo size={}M,type=ef | sfdisk --append DISK`; it needs free space), then \
         `fix --rebuild --firmware uefi --format-esp N`", .0
    )]
    NoEspOfMbr(u64),
    /// The EFI system partition has no file system.
    #[error(
        "the EFI system partition, {name}, is not formatted: `fix --rebuild --format-esp {number}` formats it"
    )]
    NotFormatted {
        /// The partition's name.
        name: String,
        /// Its number.
        number: u32,
    },
    /// The EFI system partition has one that firmware does not read.
    #[error(
        "the EFI system partition, {0}, has no FAT file system, and is not empty: nothing is written to it"
    )]
    NotFat(String),
    /// No primary partition can be the system volume.
    #[error(
        "no primary NTFS or FAT32 partition that a BIOS could start from: make the Windows partition a primary one"
    )]
    NoPrimary,
    /// Several volumes may be the system volume.
    #[error("several partitions may be the system volume: choose one with --system N ({0})")]
    Several(String),
    /// The volume that the user chose does not do.
    #[error("{0} cannot be the system volume: {1}")]
    Unfit(String, &'static str),
    /// The volume to be formatted has something on it.
    #[error("{0} is not formatted: {1}")]
    NotEmpty(String, &'static str),
    /// A GPT disk does not start by BIOS.
    #[error("a BIOS does not boot Windows from a GPT disk: omit --firmware bios")]
    BiosOfGpt,
    /// The partitions cannot be named in a store.
    #[error("{0} has no identity of its own that a store could refer to")]
    NoIdentity(String),
}
