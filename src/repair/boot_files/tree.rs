//! From paths to what is made and what is replaced, for those who write volumes. Pure but for what is there.

use std::collections::BTreeSet;

use crate::repair::boot_files::boot_file::BootFile;
use crate::repair::boot_files::boot_file::Role;
use crate::volume::NewEntry;

/// What is written together: everything of a group is there before the next is begun.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Group<'f> {
    /// For each directory that is there what is made in it; what is in a directory that is made comes with that.
    pub(crate) made: Vec<(String, Vec<NewEntry<'f>>)>,
    /// Files that are there, each with its new contents.
    pub(crate) replaced: Vec<(String, &'f [u8])>,
}

/// Two groups: all files but those that firmware or a boot record starts, and those. `is_there` says of a directory whether the volume
/// has it; the root it has.
///
/// # Errors
/// Those of `is_there`.
pub(crate) fn tree<'f, E>(
    files: &[&'f BootFile],
    is_there: &mut dyn FnMut(&str) -> Result<bool, E>,
) -> Result<[Group<'f>; 2], E> {
    let mut made = BTreeSet::new();
    let (managers, others): (Vec<&BootFile>, Vec<&BootFile>) =
        files.iter().copied().partition(|file| file.role == Role::Manager);
    let mut group = |files: &[&'f BootFile]| -> Result<Group<'f>, E> {
        let mut group = Group::default();
        let mut new = BTreeSet::new();
        for file in files {
            if file.replaces.is_some() {
                group.replaced.push((file.to.clone(), &file.contents));
                continue;
            }
            let names: Vec<&str> = file.to.split('\\').filter(|name| !name.is_empty()).collect();
            let Some((name, directories)) = names.split_last() else { continue };
            let mut is_known = |path: &str| Ok(made.contains(&path.to_lowercase()) || is_there(path)?);
            let depth = depth_that_is_there(directories, &mut is_known)?;
            let (there, missing) = directories.split_at_checked(depth).unwrap_or((directories, &[]));
            let directory = format!(r"\{}", there.join(r"\"));
            new.extend((depth..directories.len()).filter_map(|depth| {
                Some(format!(r"\{}", directories.get(..=depth)?.join(r"\")).to_lowercase())
            }));
            let entry = NewEntry::File { name: (*name).to_owned(), contents: &file.contents };
            let at = group.made.iter().position(|(path, _)| path.eq_ignore_ascii_case(&directory));
            match at.and_then(|at| group.made.get_mut(at)) {
                Some((_, entries)) => insert(entries, missing, entry),
                None => {
                    let mut entries = Vec::new();
                    insert(&mut entries, missing, entry);
                    group.made.push((directory, entries));
                }
            }
        }
        made.append(&mut new);
        Ok(group)
    };
    Ok([group(&others)?, group(&managers)?])
}

/// How many of these directories, one in the other, the volume has.
fn depth_that_is_there<E>(
    directories: &[&str],
    is_there: &mut dyn FnMut(&str) -> Result<bool, E>,
) -> Result<usize, E> {
    for depth in (1..=directories.len()).rev() {
        let path = directories.get(..depth).unwrap_or_default().join(r"\");
        if is_there(&format!(r"\{path}"))? {
            return Ok(depth);
        }
    }
    Ok(0)
}

/// Puts a file below directories that are made.
fn insert<'f>(entries: &mut Vec<NewEntry<'f>>, directories: &[&str], file: NewEntry<'f>) {
    let Some((first, rest)) = directories.split_first() else {
        entries.push(file);
        return;
    };
    for entry in entries.iter_mut() {
        if let NewEntry::Directory { name, entries } = entry
            && name.eq_ignore_ascii_case(first)
        {
            return insert(entries, rest, file);
        }
    }
    let mut inside = Vec::new();
    insert(&mut inside, rest, file);
    entries.push(NewEntry::Directory { name: (*first).to_owned(), entries: inside });
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;
    use crate::repair::boot_files::boot_file::Origin;

    fn file(to: &str, role: Role, replaces: Option<u64>) -> BootFile {
        BootFile { from: Origin::Made, to: to.to_owned(), contents: to.as_bytes().to_vec(), role, replaces }
    }

    fn all() -> Vec<BootFile> {
        vec![
            file(r"\EFI\Microsoft\Boot\boot.stl", Role::Program, None),
            file(r"\EFI\Microsoft\Boot\de-DE\bootmgfw.efi.mui", Role::Texts("de-DE".into()), None),
            file(r"\EFI\Microsoft\Boot\de-de\bootmgr.efi.mui", Role::Texts("de-DE".into()), None),
            file(r"\EFI\Microsoft\Boot\bootmgr.efi", Role::Program, Some(7)),
            file(r"\EFI\Boot\bootx64.efi", Role::Manager, None),
            file(r"\EFI\Microsoft\Boot\bootmgfw.efi", Role::Manager, None),
        ]
    }

    fn shown(entries: &[NewEntry<'_>]) -> String {
        let one = |entry: &NewEntry<'_>| match entry {
            NewEntry::File { name, contents } => {
                assert!(std::str::from_utf8(contents).unwrap().ends_with(name.as_str()));
                name.clone()
            }
            NewEntry::Directory { name, entries } => format!("{name}[{}]", shown(entries)),
        };
        entries.iter().map(one).collect::<Vec<_>>().join(" ")
    }

    fn of(directories: &[&str]) -> Vec<Vec<(String, String)>> {
        let files = all();
        let files: Vec<&BootFile> = files.iter().collect();
        let mut is_there = |path: &str| {
            Ok::<bool, Infallible>(directories.iter().any(|there| there.eq_ignore_ascii_case(path)))
        };
        let groups = tree(&files, &mut is_there).unwrap();
        assert_eq!(groups[0].replaced, [(files[3].to.clone(), &files[3].contents[..])]);
        assert!(groups[1].replaced.is_empty());
        let made = |group: &Group<'_>| {
            group.made.iter().map(|(path, entries)| (path.clone(), shown(entries))).collect()
        };
        groups.iter().map(made).collect()
    }

    fn pair(path: &str, entries: &str) -> (String, String) {
        (path.to_owned(), entries.to_owned())
    }

    #[test]
    fn missing_directories_are_made_whole_and_managers_come_last() {
        let german = "de-DE[bootmgfw.efi.mui bootmgr.efi.mui]";
        let groups = of(&[]);
        assert_eq!(groups[0], [pair(r"\", &format!("EFI[Microsoft[Boot[boot.stl {german}]]]"))]);
        // By then the directories are there.
        let manager = pair(r"\EFI\Microsoft\Boot", "bootmgfw.efi");
        assert_eq!(groups[1], [pair(r"\EFI", "Boot[bootx64.efi]"), manager.clone()]);
        let groups = of(&[r"\EFI", r"\EFI\Boot", r"\efi\microsoft", r"\EFI\Microsoft\Boot"]);
        assert_eq!(groups[0], [pair(r"\EFI\Microsoft\Boot", &format!("boot.stl {german}"))]);
        assert_eq!(groups[1], [pair(r"\EFI\Boot", "bootx64.efi"), manager]);
    }
}
