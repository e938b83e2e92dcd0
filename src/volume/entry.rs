//! What a path on a volume names.

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
