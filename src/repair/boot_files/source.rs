//! Where boot files are taken from: `\Windows\Boot` of a Windows, or a folder that is laid out like it.

use std::path::Path;

use crate::repair::boot_files::boot_file::Origin;
use crate::repair::boot_files::error::SourceError;
use crate::repair::boot_files::folder;
use crate::volume::EntryKind;
use crate::volume::Volume;

/// Where boot files are taken from.
#[derive(Clone, Copy)]
pub(super) enum Source<'a> {
    /// The directory `Boot` below the root of a Windows.
    Windows(&'a Volume<'a>, &'a str),
    /// A folder of this machine.
    Folder(&'a Path),
}

/// What is in a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Item {
    /// Its name; `None` for one that is no Unicode.
    pub(super) name: Option<String>,
    /// What it is.
    pub(super) kind: ItemKind,
}

/// What an item of a directory is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ItemKind {
    /// A directory.
    Directory,
    /// A file of this many bytes.
    File(u64),
    /// A link, or something that is neither.
    Other,
}

impl Source<'_> {
    /// Where that is which has this path below the source.
    pub(super) fn origin(self, inside: &[String]) -> Origin {
        match self {
            Self::Windows(_, root) => Origin::Windows(below(root, inside)),
            Self::Folder(folder) => Origin::Folder(folder::below(folder, inside)),
        }
    }

    /// The path of a file or directory as the source spells it; `None` when it is not there.
    pub(super) fn find(self, inside: &[&str]) -> Result<Option<(Vec<String>, ItemKind)>, SourceError> {
        let named: Vec<String> = inside.iter().copied().map(str::to_owned).collect();
        match self {
            Self::Windows(volume, root) => {
                let Some(entry) = volume.find(&below(root, &named))? else { return Ok(None) };
                let names: Vec<String> = entry.path.split('\\').map(str::to_owned).collect();
                let spelled = names.len().checked_sub(named.len()).and_then(|at| names.get(at..));
                Ok(spelled.map(|spelled| (spelled.to_vec(), ItemKind::of(entry.kind))))
            }
            Self::Folder(folder) => folder::find(folder, inside),
        }
    }

    /// What is in a directory.
    pub(super) fn list(self, inside: &[String]) -> Result<Vec<Item>, SourceError> {
        match self {
            Self::Windows(volume, root) => {
                let entries = volume.list(&below(root, inside))?.into_iter();
                let item = |path: &str, kind| Item {
                    name: path.rsplit('\\').next().map(str::to_owned),
                    kind: ItemKind::of(kind),
                };
                Ok(entries.map(|entry| item(&entry.path, entry.kind)).collect())
            }
            Self::Folder(folder) => folder::list(&folder::below(folder, inside)),
        }
    }

    /// The bytes of a file that has `len` of them.
    pub(super) fn read(self, inside: &[String], len: u64) -> Result<Vec<u8>, SourceError> {
        let bytes = match self {
            Self::Windows(volume, root) => {
                volume.read(&below(root, inside), len)?.ok_or(SourceError::NoFile)?
            }
            Self::Folder(folder) => folder::read(&folder::below(folder, inside), len)?,
        };
        let found = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        if found == len { Ok(bytes) } else { Err(SourceError::Length { expected: len, found }) }
    }
}

impl ItemKind {
    const fn of(kind: EntryKind) -> Self {
        match kind {
            EntryKind::Directory => Self::Directory,
            EntryKind::File { len } => Self::File(len),
        }
    }
}

fn below(root: &str, inside: &[String]) -> String {
    let root = root.trim_end_matches('\\');
    format!(r"{root}\Boot\{}", inside.join(r"\"))
}
