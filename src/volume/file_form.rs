//! How a file's bytes are kept.

/// How a file's bytes are kept. FAT keeps all as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileForm {
    /// As they are.
    Plain,
    /// Compressed by NTFS (LZNT1).
    Compressed,
    /// Compressed by the Windows Overlay Filter: a reparse point, with the bytes in a stream beside (`compact /exe`).
    Overlay,
    /// Encrypted by Windows (EFS).
    Encrypted,
    /// Elsewhere: a reparse point of this tag.
    Reparse(u32),
}
