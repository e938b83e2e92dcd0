//! The files that are started on the boot path, with what each begins with.

use std::collections::BTreeMap;

use crate::layout::boot_file::Content;
use crate::layout::boot_file::Machine;
use crate::layout::index::VolumeIndex;
use crate::layout::known::Cause;
use crate::volume::FileForm;

/// A file that is started.
#[derive(Debug, Clone)]
pub struct BootFile {
    /// Its length in bytes.
    pub len: u64,
    /// How its bytes are kept.
    pub form: FileForm,
    /// What it begins with, or why that cannot be read.
    pub content: Result<Content, Cause>,
    /// It is a program without resources, and so without a version, which each of Windows' has.
    pub is_bare: bool,
}

impl BootFile {
    /// The processor that it is for, where it is a whole program.
    #[must_use]
    pub fn machine(&self) -> Option<Machine> {
        self.content.as_ref().ok()?.machine()
    }
}

/// A file under a name that others give Windows' boot manager when they replace it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Replaced {
    /// Its path.
    pub path: &'static str,
    /// It is a whole program with a version, as Windows' is.
    pub is_of_windows: bool,
}

/// Those of a disk that were looked into.
#[derive(Debug, Default)]
pub struct BootFiles {
    /// By volume and lower-case path.
    pub(super) files: BTreeMap<(VolumeIndex, String), BootFile>,
    /// Where the boot manager of the first system volume is another's, the file beside it that was Windows'.
    pub(super) replaced: Option<Replaced>,
}

impl BootFiles {
    /// A file by its volume and its path in lower case.
    pub(super) fn get(&self, volume: VolumeIndex, path: String) -> Option<&BootFile> {
        self.files.get(&(volume, path))
    }
}
