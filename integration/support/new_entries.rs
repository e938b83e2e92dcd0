//! What writers of volumes are asked to make, and how it has to be read afterwards.

use std::collections::BTreeMap;

use bcdrescue::volume::NewEntry;

/// Files by their path, with their contents; directories have none.
pub type Files = BTreeMap<String, Option<Vec<u8>>>;

/// A file to be made.
pub fn file<'c>(name: &str, contents: &'c [u8]) -> NewEntry<'c> {
    NewEntry::File { name: name.into(), contents }
}

/// A directory to be made.
pub fn directory<'c>(name: &str, entries: Vec<NewEntry<'c>>) -> NewEntry<'c> {
    NewEntry::Directory { name: name.into(), entries }
}

/// Puts what is made into a list of files as it has to be read.
pub fn expect(files: &mut Files, parent: &str, entries: &[NewEntry<'_>]) {
    for entry in entries {
        let path = format!("{}\\{}", parent.trim_end_matches('\\'), entry.name());
        match entry {
            NewEntry::File { contents, .. } => {
                files.insert(path, Some(contents.to_vec()));
            }
            NewEntry::Directory { entries, .. } => {
                files.insert(path.clone(), None);
                expect(files, &path, entries);
            }
        }
    }
}
