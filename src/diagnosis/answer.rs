//! What an identity record turned out to be.

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

/// Why a stale record is left as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Left {
    /// No volume has the file.
    NoCandidate,
    /// Several volumes have it.
    Ambiguous(Vec<usize>),
    /// Volumes of several disks have it: their names.
    AmbiguousDisks(Vec<String>),
    /// One volume has it, but others cannot be looked into and may be the one that is meant.
    Hidden {
        /// The volume that has it.
        seen: usize,
        /// Those that may have it; none where it is partitions that are not seen.
        hidden: Vec<usize>,
    },
    /// The volume that fits belongs to an entry that names another disk: this one means a disk that is not attached.
    AbsentDisk(usize),
    /// Nothing of it is known here, and the boot manager's own elements name yet another disk: a disk that is absent.
    NotThisDisk,
    /// The record names an MBR partition on a GPT disk, or the reverse; with `--convert` it would name this volume.
    OtherStyle(Option<usize>),
    /// The same, and no Windows here has the loader for this firmware (`exe` or `efi`).
    NoLoader(&'static str),
    /// The disk has no usable identity (signature 0).
    NoIdentity,
    /// The user's choice names a partition that cannot be it.
    BadChoice(u32),
}

/// What a record turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Resolution {
    /// Names a volume of this disk.
    Here(usize),
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
        volume: usize,
        /// What changed.
        change: Change,
    },
    /// Stale, and the right volume is one of a disk that was named beside this one.
    RepointBeside {
        /// Index of the disk in the context.
        disk: usize,
        /// The volume in that disk's layout.
        volume: usize,
        /// What changed.
        change: Change,
    },
    /// Stale, and left.
    Left {
        /// What changed.
        change: Change,
        /// Why it is left.
        why: Left,
    },
}
