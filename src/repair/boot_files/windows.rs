//! What the Windows itself tells of the boot files that it needs.

use crate::bcd::Firmware;
use crate::layout::boot_file::Content;
use crate::layout::boot_file::HEAD;
use crate::layout::boot_file::Machine;
use crate::volume::EntryKind;
use crate::volume::Volume;

/// The processor that the Windows under `root` is for, by its loader or its kernel; `None` where neither tells.
pub(crate) fn machine(windows: &Volume<'_>, root: &str, firmware: Firmware) -> Option<Machine> {
    let loaders = match firmware {
        Firmware::Uefi => ["winload.efi", "winload.exe", "ntoskrnl.exe"],
        Firmware::Bios => ["winload.exe", "winload.efi", "ntoskrnl.exe"],
    };
    loaders.into_iter().find_map(|loader| machine_of(windows, &format!(r"{root}\System32\{loader}")))
}

fn machine_of(windows: &Volume<'_>, path: &str) -> Option<Machine> {
    let EntryKind::File { len } = windows.find(path).ok()??.kind else { return None };
    let head = windows.read_prefix(path, u64::try_from(HEAD).ok()?).ok()??;
    Content::of(len, &head).machine()
}

/// Whether the Windows under `root` has a language: its loader has texts in it. Directories for languages are there for others too.
pub(super) fn has_language(windows: &Volume<'_>, root: &str, language: &str) -> bool {
    let texts = ["winload.efi.mui", "winload.exe.mui"];
    let is_there = |text: &str| {
        let found = windows.find(&format!(r"{root}\System32\{language}\{text}"));
        matches!(found, Ok(Some(entry)) if matches!(entry.kind, EntryKind::File { .. }))
    };
    texts.into_iter().any(is_there)
}
