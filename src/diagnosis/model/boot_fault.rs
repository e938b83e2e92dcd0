//! What is certainly wrong with a file that is started.

use crate::layout::Layout;
use crate::layout::boot_file::Content;
use crate::layout::boot_file::Machine;
use crate::layout::boot_files::BootFile;
use crate::layout::index::VolumeIndex;
use crate::layout::system_file::SystemFile;

/// What a file has to be for what starts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::diagnosis) enum Wanted {
    /// Code for 16 bits: a boot record jumps to its first byte.
    RealMode,
    /// A program with a PE header: UEFI firmware, boot managers and loaders read that.
    Program,
}

/// What is wrong with the loader under this name on a volume: firmware falls back to it, and it says for which processor.
pub(in crate::diagnosis) fn fault_of_fallback(
    layout: &Layout,
    volume: VolumeIndex,
    name: SystemFile,
) -> Option<String> {
    let file = layout.boot_file(volume, name.path())?;
    let other = name.machine().zip(file.machine()).filter(|(wanted, found)| wanted != found);
    fault(file, Wanted::Program).or_else(|| other.map(|(wanted, found)| mismatch(found, wanted)))
}

/// A program for this processor where it should be for that.
pub(in crate::diagnosis) fn mismatch(found: Machine, wanted: Machine) -> String {
    format!("is a program for {found}, expected {wanted}")
}

/// What a boot manager of no bytes is.
pub(in crate::diagnosis) const EMPTY: &str = "is empty (0 bytes)";

/// What is wrong with it, behind its path in a sentence; `None` where nothing is, or nobody can tell.
pub(in crate::diagnosis) fn fault(file: &BootFile, wanted: Wanted) -> Option<String> {
    let cut = |wants: u64| Some(format!("is truncated: {} bytes, expected {wants}", file.len));
    match (*file.content.as_ref().ok()?, wanted) {
        (Content::Empty, _) => Some(EMPTY.to_owned()),
        (Content::Zeros, _) => Some("starts with zeros instead of a program header".to_owned()),
        (Content::Cut { wants }, _) => cut(wants),
        (Content::RealMode { wants }, Wanted::RealMode) if wants > file.len => cut(wants),
        (Content::RealMode { .. } | Content::NoProgram, Wanted::Program) => {
            Some("is not a program: no PE header".to_owned())
        }
        (Content::Program(_), Wanted::RealMode) => {
            Some("is a PE program, but boot records start 16-bit code".to_owned())
        }
        (Content::NoProgram, Wanted::RealMode) => {
            Some("is not a program: it does not start with 16-bit code".to_owned())
        }
        (Content::RealMode { .. }, Wanted::RealMode)
        | (Content::Program(_), Wanted::Program)
        | (Content::Unclear, _) => None,
    }
}
