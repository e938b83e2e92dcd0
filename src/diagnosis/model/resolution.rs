//! What an identity record turned out to be.

use crate::diagnosis::model::context::CompanionIndex;
use crate::layout::index::VolumeIndex;
use crate::partition::DiskId;

/// Why the identity in a record is no longer right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// Same offset, other MBR signature.
    Signature,
    /// Same partition GUID, other disk GUID.
    DiskGuid,
    /// Same disk identity, the partition is another.
    Partition,
    /// Neither the disk nor the partition is known here.
    Both,
    /// The disk was converted between MBR and GPT.
    Style,
}

/// Why an identity that no disk here has is not taken for this disk's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NotHere {
    /// Other elements name this disk by the identity that it has.
    PresentNamed,
    /// This disk had that other one, by the word of other elements.
    OtherOld(DiskId),
    /// Nothing says that it was this one.
    Unproven,
}

/// Why a stale record is left as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unresolved {
    /// No volume has what it stands for.
    NoCandidate,
    /// Several volumes have it.
    Ambiguous(Vec<VolumeIndex>),
    /// Volumes of several disks have it: their names.
    AmbiguousDisks(Vec<String>),
    /// One volume has it, but others cannot be looked into and may be the one that is meant.
    Hidden {
        /// The volume that has it.
        seen: VolumeIndex,
        /// Those that may have it; none where it is partitions that are not seen.
        hidden: Vec<VolumeIndex>,
    },
    /// The volume of this name has it, and another entry names that.
    Taken(String),
    /// The volume of this name has it, and several old places may be that.
    Rivals(String),
    /// It seems to mean a disk that is absent.
    NotThisDisk {
        /// What says so.
        why: NotHere,
        /// The volumes of this disk that have it, and that no other entry names.
        seen: Vec<VolumeIndex>,
    },
    /// It is known to be this volume, and kept while other elements of the same old disk are an open question: it tells whose they were.
    Kept(VolumeIndex),
    /// No volume of this disk has it, and one of a disk beside: that disk's name, and the partition's number.
    OnCompanion(String, u32),
    /// The record names an MBR partition on a GPT disk, or the reverse; with `--convert` it would name this volume.
    OtherStyle(Option<VolumeIndex>),
    /// The same, and no Windows here has the loader for this firmware (`exe` or `efi`).
    NoLoader(&'static str),
    /// The disk has no usable identity (signature 0).
    NoIdentity,
    /// It is this volume, whose identity another partition has too.
    SharedIdentity(VolumeIndex),
    /// The user's choice names a partition that cannot be it.
    BadChoice(u32),
    /// The user's choice names a partition that another entry names.
    TakenChoice(u32),
    /// The user's choice fits several entries: `--entry` has to say which is meant.
    EntryNeeded(u32),
}

/// What a record turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolution {
    /// Names a volume of this disk.
    Here(VolumeIndex),
    /// Not to be touched: a firmware entry or a partition inside a virtual disk.
    Untouched,
    /// Names another disk that is known, with the partition's number if that is there.
    OtherDisk {
        /// The disk's name.
        name: String,
        /// Partition number on it.
        partition: Option<u32>,
        /// The user named that disk beside this one, and the partition is there with the file.
        is_named: bool,
    },
    /// Stale, and the right volume is known.
    Repoint {
        /// The volume.
        volume: VolumeIndex,
        /// What changed.
        change: Change,
    },
    /// Stale, and the right volume is one of a disk that was named beside this one.
    RepointCompanion {
        /// Index of the disk in the context.
        disk: CompanionIndex,
        /// The volume in that disk's layout.
        volume: VolumeIndex,
        /// What changed.
        change: Change,
    },
    /// Stale, and left.
    Unresolved {
        /// What changed.
        change: Change,
        /// Why it is left.
        why: Unresolved,
    },
}
