//! Why a volume must not be written, although its files can be read.

/// Why a volume must not be written, although its files can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Obstacle {
    /// Kind.
    pub kind: ObstacleKind,
    /// One line for the user: what, and the way out.
    pub message: String,
}

/// Kind of an [`Obstacle`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ObstacleKind {
    /// NTFS: the dirty flag of $VOLUME_INFORMATION; Windows will run chkdsk, which may move or cut files.
    DirtyVolume,
    /// NTFS: the log is of version 2.0 and still in use (fast startup keeps metadata in memory), or unreadable.
    LogFileNotClean,
    /// FAT: not cleanly unmounted, or the medium had errors.
    FatDirty,
    /// FAT: the copies of the table differ.
    FatCopiesDiffer,
    /// FAT: the root directory fills no whole number of sectors, and the files lie where the specification has none.
    FatRootUneven,
}
