//! The files of drivers on the volume of Windows.

use std::collections::BTreeMap;

use crate::layout::boot_file::Content;
use crate::layout::boot_file::HEAD;
use crate::layout::drivers::facts::DriverFile;
use crate::layout::drivers::facts::Found;
use crate::layout::known::Cause;
use crate::volume::EntryKind;
use crate::volume::Volume;

/// Files that are looked for, at most; all controllers together need some fifty.
const FILES_MAX: usize = 256;

/// Looks for these files, by their path and whether their beginning is wanted too.
pub(super) fn look(volume: &Volume<'_>, wanted: &BTreeMap<String, bool>) -> Vec<DriverFile> {
    let one = |(path, is_read): (&String, &bool)| {
        let found = if *is_read { read(volume, path) } else { find(volume, path) };
        DriverFile { path: path.clone(), found }
    };
    wanted.iter().take(FILES_MAX).map(one).collect()
}

fn find(volume: &Volume<'_>, path: &str) -> Result<Found, Cause> {
    Ok(match volume.find(path)?.map(|entry| entry.kind) {
        Some(EntryKind::File { len }) => Found::Len(len),
        Some(EntryKind::Directory) | None => Found::Missing,
    })
}

fn read(volume: &Volume<'_>, path: &str) -> Result<Found, Cause> {
    let Some(file) = volume.open_file(path)? else { return Ok(Found::Missing) };
    let head = usize::try_from(file.len()).unwrap_or(usize::MAX).min(HEAD);
    Ok(Found::Read(file.len(), Content::of(file.len(), &file.read_at(0, head)?)))
}
