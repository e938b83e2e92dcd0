//! Volumes: which file system a partition holds, and the files that matter on it, with their places on the disk.

/// A file system, as far as it matters here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileSystem {
    /// NTFS.
    Ntfs,
    /// FAT with 12-bit entries.
    Fat12,
    /// FAT with 16-bit entries.
    Fat16,
    /// FAT with 32-bit entries.
    Fat32,
    /// An encrypted BitLocker volume (`-FVE-FS-`, or BitLocker To Go).
    BitLocker,
    /// Recognised by its signature, but not read here: the name to show ("ext4", "LUKS", "exFAT", "ReFS", "xfs",
    /// "swap", "LVM2", "btrfs", "LDM database", "Storage Spaces", …).
    Other(&'static str),
    /// Nothing that is known.
    Unknown,
}

/// What a path names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The path as the directory entries spell it, with backslashes, e.g. `\Windows\System32\winload.exe`.
    pub path: String,
    /// A directory, or a file with its length in bytes.
    pub kind: EntryKind,
}

/// Kind of a directory entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntryKind {
    /// A directory.
    Directory,
    /// A file.
    File {
        /// Length in bytes.
        len: u64,
    },
}

/// A run of a file's bytes that is contiguous on the volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// First byte of the run, in the file.
    pub file_offset: u64,
    /// First byte of the run, from the start of the volume.
    pub volume_offset: u64,
    /// Length in bytes.
    pub len: u64,
}

/// A file with all its bytes and the places where they lie; proven to be overwritable in place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocatedFile {
    /// The path as the directory entries spell it, with backslashes.
    pub path: String,
    /// The file's bytes.
    pub bytes: Vec<u8>,
    /// Where they lie, in file order, covering all of `bytes`.
    pub extents: Vec<Extent>,
}
