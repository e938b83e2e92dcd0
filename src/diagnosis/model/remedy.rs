//! What can be done about a finding.

use crate::bcd::device::QualifiedPartition;
use crate::bcd::index::ElementIndex;
use crate::bcd::index::IdentityIndex;
use crate::bcd::index::ObjectIndex;
use crate::diagnosis::model::byte_edit::ByteEdit;
use crate::diagnosis::model::context::Choice;
use crate::diagnosis::model::rebuild::Scope;
use crate::guid::Guid;
use crate::layout::drivers::controller::Controller;
use crate::layout::index::StoreIndex;
use crate::layout::index::VolumeIndex;

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
    /// `fix` makes it anew, as it was asked to (`--rebuild`).
    Rebuild,
    /// The user has to say whether the disk that is named belongs to this one's machine (`--with`), or this one is a copy of it
    /// (`--independent`).
    Belongs(NamedDisk),
}

impl Remedy {
    /// The switch with which `fix` does it, where it takes one.
    #[must_use]
    pub const fn switch(&self) -> Option<Switch> {
        match self {
            Self::Switch(switch, _) => Some(*switch),
            Self::None
            | Self::Repoint(_)
            | Self::Edit(_)
            | Self::Advice(_)
            | Self::Rebuild
            | Self::Belongs(_) => None,
        }
    }

    /// Whether `fix` cures it with the switches that it has.
    #[must_use]
    pub const fn is_cure(&self) -> bool {
        matches!(self, Self::Repoint(_) | Self::Edit(_) | Self::Rebuild)
    }
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
            None => format!("a partition that {} does not have", self.disk),
        }
    }
}

/// A switch of `fix` with which it cures what it otherwise leaves, or has to be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Switch {
    /// `--active N`: make a partition the active one; this one, where only one will do.
    Active(Option<u32>),
    /// `--boot-ini`: correct signatures and partition numbers in `boot.ini`.
    BootIni,
    /// `--boot-sector`: set a boot record right.
    BootSector,
    /// `--convert`: re-point from MBR to GPT, or back.
    Convert,
    /// `--entry {GUID}`: which boot entry is meant; this one, where only one will do.
    Entry(Option<Guid>),
    /// `--drive-letters`: make Windows' drive letters name this disk.
    DriveLetters,
    /// `--firmware-entries`: set the store's copies of firmware entries right.
    FirmwareEntries,
    /// `--rebuild --format-esp N`: format this EFI system partition, and make on it what is missing.
    Format(u32),
    /// `--protective-mbr`: write the protective MBR of a GPT.
    ProtectiveMbr,
    /// `--rebuild`: make what is missing or ruined anew.
    Rebuild,
    /// `--on CONTROLLER`: have the drivers of this controller loaded at boot.
    On(Controller),
    /// `--recovery-config`: correct where `ReAgent.xml` says that the recovery environment is.
    RecoveryConfig,
    /// `--recovery N`: which partition has the recovery environment; this one, where only one will do.
    Recovery(Option<u32>),
    /// `--system N`: which partition is the system volume; this one, where only one will do.
    System(Option<u32>),
    /// `--windows N`: which partition is Windows'; this one, where only one will do.
    Windows(Option<OfEntry>),
}

/// The partition that an entry means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct OfEntry {
    /// Its number.
    pub number: u32,
    /// The entry, where others may be meant too.
    pub entry: Option<Guid>,
}

impl Switch {
    /// As it stands on a command line, a word each; `N` or `{GUID}` where the user has to choose.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        let word = |word: &str| vec![word.to_owned()];
        let entry = |id: &Guid| format!("--entry={}", id.braced());
        match self {
            Self::Active(Some(number)) => vec![format!("--active={number}")],
            Self::Active(None) => word("--active=N"),
            Self::BootIni => word("--boot-ini"),
            Self::BootSector => word("--boot-sector"),
            Self::Convert => word("--convert"),
            Self::Entry(Some(id)) => vec![entry(id)],
            Self::Entry(None) => word("--entry={GUID}"),
            Self::DriveLetters => word("--drive-letters"),
            Self::FirmwareEntries => word("--firmware-entries"),
            Self::Format(number) => vec!["--rebuild".to_owned(), format!("--format-esp={number}")],
            Self::On(controller) => vec![format!("--on={controller}")],
            Self::ProtectiveMbr => word("--protective-mbr"),
            Self::Rebuild => word("--rebuild"),
            Self::RecoveryConfig => word("--recovery-config"),
            Self::Recovery(Some(number)) => vec![format!("--recovery={number}")],
            Self::Recovery(None) => word("--recovery=N"),
            Self::System(Some(number)) => vec![format!("--system={number}")],
            Self::System(None) => word("--system=N"),
            Self::Windows(Some(OfEntry { number, entry: of })) => {
                std::iter::once(format!("--windows={number}")).chain(of.iter().map(entry)).collect()
            }
            Self::Windows(None) => word("--windows=N"),
        }
    }

    /// The choice with this switch too; `None` where the user has to choose a number first, or has chosen another.
    #[must_use]
    pub fn added_to(&self, choice: Choice) -> Option<Choice> {
        fn free<T: PartialEq>(chosen: Option<T>, wanted: &T) -> bool {
            chosen.is_none_or(|chosen| chosen == *wanted)
        }
        Some(match *self {
            Self::Active(Some(number)) if free(choice.active, &number) => {
                Choice { active: Some(number), ..choice }
            }
            Self::Entry(Some(id)) if free(choice.entry, &id) => Choice { entry: Some(id), ..choice },
            Self::Recovery(Some(number))
                if free(choice.recovery, &number) && choice.recovery_on.is_none() =>
            {
                Choice { recovery: Some(number), ..choice }
            }
            Self::System(Some(number)) if free(choice.system, &number) => {
                Choice { system: Some(number), ..choice }
            }
            Self::Windows(Some(OfEntry { number, entry }))
                if free(choice.windows, &number)
                    && choice.windows_on.is_none()
                    && entry.is_none_or(|entry| free(choice.entry, &entry)) =>
            {
                Choice { windows: Some(number), entry: entry.or(choice.entry), ..choice }
            }
            Self::BootIni => Choice { boot_ini: true, ..choice },
            Self::BootSector => Choice { boot_sector: true, ..choice },
            Self::Convert => Choice { convert: true, ..choice },
            Self::DriveLetters => Choice { drive_letters: true, ..choice },
            Self::FirmwareEntries => Choice { firmware_entries: true, ..choice },
            Self::Format(number) if free(choice.format, &number) => {
                let rebuild = choice.rebuild.or(Some(Scope::Missing));
                Choice { rebuild, format: Some(number), ..choice }
            }
            Self::On(controller) => {
                Choice { on: choice.on.with(controller), load: choice.load.with(controller), ..choice }
            }
            Self::ProtectiveMbr => Choice { protective_mbr: true, ..choice },
            Self::RecoveryConfig => Choice { recovery_config: true, ..choice },
            Self::Rebuild => Choice { rebuild: choice.rebuild.or(Some(Scope::Missing)), ..choice },
            Self::Active(_)
            | Self::Entry(_)
            | Self::Format(_)
            | Self::Recovery(_)
            | Self::System(_)
            | Self::Windows(_) => return None,
        })
    }
}

impl std::fmt::Display for Switch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.words().join(" "))
    }
}

/// One identity record of one device element, and what it should name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repoint {
    /// Index of the store in the layout.
    pub store: StoreIndex,
    /// Index of the object in the store.
    pub object: ObjectIndex,
    /// Index of the element in the object.
    pub element: ElementIndex,
    /// Index of the identity in the device element.
    pub identity: IdentityIndex,
    /// What it names now.
    pub old: QualifiedPartition,
    /// What it should name.
    pub new: QualifiedPartition,
    /// The volume that `new` is, when it is one of this disk.
    pub volume: Option<VolumeIndex>,
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
