//! What is certainly wrong with a file that is started.

use crate::layout::boot_file::Content;
use crate::layout::boot_files::BootFile;

/// What is wrong with it, behind its path in a sentence; `None` where nothing is, or nobody can tell.
pub(in crate::diagnosis) fn fault(file: &BootFile) -> Option<String> {
    match file.content.as_ref().ok()? {
        Content::Empty => Some("is empty (0 bytes)".to_owned()),
        Content::Zeros => Some("starts with zeros instead of a program header".to_owned()),
        Content::Cut { wants } => Some(format!("is truncated: {} bytes, expected {wants}", file.len)),
        Content::Program(_) | Content::Other => None,
    }
}
