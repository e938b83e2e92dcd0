//! What the diagnosis is told besides the disk: what the user decided, and the other disks at hand.

use std::sync::Arc;

use crate::bcd::Firmware;
use crate::bcd::index::index_type;
use crate::diagnosis::model::companion::Companion;
use crate::diagnosis::model::known_disks::Others;
use crate::diagnosis::model::rebuild::Orders;
use crate::diagnosis::model::rebuild::Scope;
use crate::diagnosis::model::snapshot::Snapshot;
use crate::guid::Guid;
use crate::layout::drivers::controller::Controllers;
use crate::partition::DiskId;

index_type! {
    /// Index of a disk among those in [`Context::companions`].
    CompanionIndex
}

/// What the user decided; partitions by their number.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Choice {
    /// `--system N`.
    pub system: Option<u32>,
    /// `--windows N`.
    pub windows: Option<u32>,
    /// `--windows DISK:N`: of the disk with this index among those beside.
    pub windows_on: Option<CompanionIndex>,
    /// `--recovery N`.
    pub recovery: Option<u32>,
    /// `--recovery DISK:N`: of the disk with this index among those beside.
    pub recovery_on: Option<CompanionIndex>,
    /// `--entry {GUID}`: of the boot entry with this id, where several could be meant.
    pub entry: Option<Guid>,
    /// `--active N`: this partition is to be the active one.
    pub active: Option<u32>,
    /// `--convert`: a store of an MBR disk may be re-pointed to a GPT disk, and the reverse.
    pub convert: bool,
    /// `--boot-ini`: signatures and partition numbers in `boot.ini` are to name this disk.
    pub boot_ini: bool,
    /// `--boot-sector`: boot records are to say where their partition begins.
    pub boot_sector: bool,
    /// `--firmware-entries`: the store's copies of firmware entries are to name what is here.
    pub firmware_entries: bool,
    /// `--protective-mbr`: LBA 0 of a GPT disk is to have a protective MBR.
    pub protective_mbr: bool,
    /// `--drive-letters`: the letters that a Windows remembers are to name this disk.
    pub drive_letters: bool,
    /// `--recovery-config`: `ReAgent.xml` is to name this disk, its recovery partition and the store's entry.
    pub recovery_config: bool,
    /// `--rebuild`: the store, the boot files and the boot code are to be made again.
    pub rebuild: Option<Scope>,
    /// `--firmware`: what the rebuilt disk is to start by.
    pub firmware: Option<Firmware>,
    /// `--format-esp N`: this EFI system partition is to be formatted.
    pub format: Option<u32>,
    /// `--on`: the controllers that Windows has to start from.
    pub on: Controllers,
    /// `fix --on`: those of them whose drivers are to be loaded at boot.
    pub load: Controllers,
}

impl Choice {
    /// Whether it is about re-pointing, so that nothing is left to say where the disk gets its identity back.
    #[must_use]
    pub const fn is_of_repointing(&self) -> bool {
        let Self {
            system,
            windows,
            recovery,
            entry,
            convert,
            boot_ini,
            firmware_entries,
            drive_letters,
            recovery_config,
            rebuild,
            ..
        } = self;
        let is_chosen = system.is_some() || windows.is_some() || recovery.is_some() || entry.is_some();
        let is_edited = *boot_ini || *firmware_entries || *drive_letters || *recovery_config;
        is_chosen || is_edited || *convert || rebuild.is_some()
    }
}

/// What the diagnosis knows besides the disk.
#[derive(Debug, Clone, Default)]
pub struct Context {
    /// Other disks of this machine: attached, or named with `--with`. An element that names one of them is a question, or is right.
    pub others: Others,
    /// Attached disks that are not asked what they have (`--independent`): only their identities count.
    pub apart: Others,
    /// Targets of the same command: other machines' disks, of which only an identity that is the same is told.
    pub named: Others,
    /// The user's choice.
    pub choice: Choice,
    /// Disks that the user named beside this one: an element may mean one of their partitions.
    pub companions: Arc<Vec<Companion>>,
    /// What the disk was when all was well, where the user has a record of that.
    pub snapshot: Option<Snapshot>,
    /// How a rebuild is done.
    pub orders: Arc<Orders>,
}

impl Context {
    /// A disk that the user named beside the examined one.
    #[must_use]
    pub fn companion_at(&self, index: CompanionIndex) -> Option<&Companion> {
        index.of(&self.companions)
    }

    /// All disks beside, each with its index.
    pub fn companions_indexed(&self) -> impl Iterator<Item = (CompanionIndex, &Companion)> {
        CompanionIndex::each(&self.companions)
    }

    /// Whether a disk of this name is one of those that the user named beside the examined one.
    pub(crate) fn is_companion(&self, name: &str) -> bool {
        self.companions.iter().any(|companion| companion.name == name)
    }

    /// The disk that the user named beside the examined one, if it has this identity.
    pub(crate) fn companion_named(&self, disk: DiskId) -> Option<&Companion> {
        self.companions.iter().find(|companion| companion.layout.table.disk == Some(disk))
    }
}
