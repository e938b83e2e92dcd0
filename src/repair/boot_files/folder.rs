//! Reading a folder of this machine, without following a link in it.

use std::fs;
use std::fs::OpenOptions;
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::path::PathBuf;

use nix::fcntl::OFlag;

use crate::repair::boot_files::error::SourceError;
use crate::repair::boot_files::source::Item;
use crate::repair::boot_files::source::ItemKind;

/// Items of a directory that are looked at; no `\Windows\Boot` has as many.
const ITEMS_MAX: usize = 4096;

/// The path below a folder.
pub(super) fn below(folder: &Path, inside: &[String]) -> PathBuf {
    inside.iter().fold(folder.to_path_buf(), |path, name| path.join(name))
}

/// Follows a path below a folder, whatever its case; `None` when it is not there.
pub(super) fn find(folder: &Path, inside: &[&str]) -> Result<Option<(Vec<String>, ItemKind)>, SourceError> {
    let mut spelled = Vec::new();
    let mut kind = ItemKind::Directory;
    for wanted in inside {
        if kind != ItemKind::Directory {
            return Ok(None);
        }
        let items = list(&below(folder, &spelled))?;
        let named = |item: &Item| item.name.as_ref().is_some_and(|name| name.eq_ignore_ascii_case(wanted));
        let Some(Item { name: Some(name), kind: found }) = items.into_iter().find(named) else {
            return Ok(None);
        };
        spelled.push(name);
        kind = found;
    }
    Ok(Some((spelled, kind)))
}

/// What is in a directory, by name.
pub(super) fn list(directory: &Path) -> Result<Vec<Item>, SourceError> {
    let mut items = Vec::new();
    for entry in fs::read_dir(directory)?.take(ITEMS_MAX) {
        let entry = entry?;
        // Of a link this is what the link itself is.
        let about = entry.metadata()?;
        let kind = match (about.is_dir(), about.is_file()) {
            (true, _) => ItemKind::Directory,
            (false, true) => ItemKind::File(about.len()),
            (false, false) => ItemKind::Other,
        };
        items.push(Item { name: entry.file_name().into_string().ok(), kind });
    }
    items.sort_by(|one, other| one.name.cmp(&other.name));
    Ok(items)
}

/// The bytes of a file, of which at most `max` are taken.
pub(super) fn read(path: &Path, max: u64) -> Result<Vec<u8>, SourceError> {
    // What was a file when it was listed may be a link or a pipe by now.
    let flags = OFlag::O_NOFOLLOW | OFlag::O_NONBLOCK | OFlag::O_CLOEXEC;
    let file = OpenOptions::new().read(true).custom_flags(flags.bits()).open(path)?;
    let about = file.metadata()?;
    if !about.is_file() {
        return Err(SourceError::NoFile);
    }
    if about.len() > max {
        return Err(SourceError::Length { expected: max, found: about.len() });
    }
    let mut bytes = Vec::new();
    file.take(max).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn names_are_found_in_any_case_and_links_are_not_followed() {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("Boot");
        fs::create_dir_all(folder.join("efi/de-DE")).unwrap();
        fs::write(folder.join("efi/BOOTMGFW.efi"), b"MZ").unwrap();
        fs::write(home.path().join("outside"), b"secret").unwrap();
        symlink("../../outside", folder.join("efi/link.efi")).unwrap();
        symlink("../..", folder.join("efi/way-OUT")).unwrap();
        let (spelled, kind) = find(&folder, &["EFI", "bootmgfw.efi"]).unwrap().unwrap();
        assert_eq!((spelled.join("/"), kind), ("efi/BOOTMGFW.efi".into(), ItemKind::File(2)));
        assert_eq!(read(&below(&folder, &spelled), 2).unwrap(), b"MZ");
        assert!(matches!(read(&below(&folder, &spelled), 1), Err(SourceError::Length { .. })));
        assert_eq!(find(&folder, &["EFI", "bootmgr.efi"]).unwrap(), None);
        assert_eq!(find(&folder, &["EFI", "way-out", "outside"]).unwrap(), None);
        let kinds: Vec<_> = list(&folder.join("efi")).unwrap().into_iter().map(|item| item.kind).collect();
        use ItemKind::Directory;
        use ItemKind::File;
        use ItemKind::Other;
        assert_eq!(kinds, [File(2), Directory, Other, Other]);
        assert!(matches!(read(&folder.join("efi/link.efi"), 9), Err(SourceError::Folder(_))));
        assert!(matches!(read(&folder.join("efi"), 9), Err(SourceError::NoFile)));
    }
}
