//! The boot manager of a source: without it nothing starts.

use crate::bcd::Firmware;
use crate::layout::boot_file::Content;
use crate::layout::boot_file::Machine;
use crate::repair::boot_files::boot_file::BootFile;
use crate::repair::boot_files::boot_file::Role;
use crate::repair::boot_files::error::Limit;
use crate::repair::boot_files::error::NoFiles;
use crate::repair::boot_files::error::SourceError;
use crate::repair::boot_files::select;
use crate::repair::boot_files::source::ItemKind;
use crate::repair::boot_files::source::Source;
use crate::repair::boot_files::target::content_of;

/// Bytes of a boot manager, at most; those of Windows 11 have 3 MiB.
const LEN_MAX: u64 = 16 << 20;

/// The boot manager, and the processor that it is for; of one for a BIOS that is not told by it.
pub(super) fn take(
    source: Source<'_>,
    firmware: Firmware,
    wants_2023: bool,
    of_windows: Option<Machine>,
) -> Result<(BootFile, Option<Machine>), NoFiles> {
    let (plain, to) = select::manager(firmware);
    let of_2023 = match firmware {
        Firmware::Uefi if wants_2023 => read(source, &select::MANAGER_2023)?,
        Firmware::Uefi | Firmware::Bios => None,
    };
    let found = match of_2023 {
        Some(found) => Some(found),
        None => read(source, &plain)?,
    };
    let missing = || NoFiles::Missing(source.origin(&plain.map(str::to_owned)));
    let Read { path, contents } = found.ok_or_else(missing)?;
    let from = source.origin(&path);
    let machine = match (firmware, content_of(&contents)) {
        (Firmware::Uefi, Content::Program(found)) => match of_windows.filter(|wanted| *wanted != found) {
            Some(wanted) => return Err(NoFiles::OtherMachine { from, wanted, found }),
            None => Some(found),
        },
        (Firmware::Bios, Content::RealMode { wants }) if is_at_least(&contents, wants) => None,
        (_, found) => return Err(NoFiles::Unsound { from, found }),
    };
    let file = BootFile { from, to: to.to_owned(), contents, role: Role::Manager, replaces: None };
    Ok((file, machine))
}

fn is_at_least(contents: &[u8], wants: u64) -> bool {
    u64::try_from(contents.len()).is_ok_and(|len| len >= wants)
}

struct Read {
    /// As the source spells it.
    path: Vec<String>,
    contents: Vec<u8>,
}

fn read(source: Source<'_>, named: &[&str]) -> Result<Option<Read>, NoFiles> {
    let unread = |path: &[String], cause| NoFiles::Unread { from: source.origin(path), cause };
    let found = source.find(named).map_err(|cause| {
        let named: Vec<String> = named.iter().copied().map(str::to_owned).collect();
        unread(&named, cause)
    })?;
    let Some((path, kind)) = found else { return Ok(None) };
    let ItemKind::File(len) = kind else { return Err(unread(&path, SourceError::NoFile)) };
    if len > LEN_MAX {
        return Err(NoFiles::Beyond { from: source.origin(&path), limit: Limit::Bytes(LEN_MAX) });
    }
    let contents = source.read(&path, len).map_err(|cause| unread(&path, cause))?;
    Ok(Some(Read { path, contents }))
}
