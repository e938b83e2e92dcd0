//! Files beside NTLDR that have nothing in them.

use crate::layout::Layout;
use crate::layout::boot_file::Content;
use crate::layout::system::SystemVolume;
use crate::layout::system_file::SystemFile;

/// Whether a file beside NTLDR has no bytes, or zeros where a program begins.
pub(super) fn is_void(layout: &Layout, system: &SystemVolume, file: SystemFile) -> bool {
    let file = layout.boot_file(system.volume, file.path());
    file.is_some_and(|file| matches!(file.content, Ok(Content::Empty | Content::Zeros)))
}
