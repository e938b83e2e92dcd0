//! What is on the system volume already, and whether it stays.

use std::collections::BTreeMap;

use crate::layout::boot_file::Content;
use crate::layout::boot_file::HEAD;
use crate::layout::file_version;
use crate::layout::file_version::FileVersion;
use crate::repair::boot_files::boot_file::BootFile;
use crate::repair::boot_files::boot_file::Role;
use crate::repair::boot_files::boot_file::WhyKept;
use crate::repair::boot_files::error::NoFiles;
use crate::repair::boot_files::signer;
use crate::repair::boot_files::signer::Certificates;
use crate::repair::boot_files::wish::Overwrite;
use crate::volume::EntryKind;
use crate::volume::FileForm;
use crate::volume::Volume;

/// Bytes of a program whose certificates are looked at; those of Windows 11 have 3 MiB.
const PROGRAM_MAX: u64 = 16 << 20;

/// The system volume, or nothing where one is to be formatted.
pub(super) struct Target<'a> {
    volume: Option<&'a Volume<'a>>,
    /// Directories by their paths in lower case, as the volume spells them.
    directories: BTreeMap<String, Option<String>>,
}

/// What becomes of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fate {
    /// It is put under this path, where nothing is.
    New(String),
    /// It replaces the file of this path and length.
    Replaces(String, u64),
    /// The one that is there stays.
    Stays(String, WhyKept),
}

impl<'a> Target<'a> {
    pub(super) const fn new(volume: Option<&'a Volume<'a>>) -> Self {
        Self { volume, directories: BTreeMap::new() }
    }

    /// Under which certificates a program that is there is signed, as far as it can be read.
    pub(super) fn certificates(&self, path: &str) -> Certificates {
        let read = self.volume.map(|volume| volume.read(path, PROGRAM_MAX));
        match read {
            Some(Ok(Some(program))) => signer::certificates(&program),
            Some(Ok(None) | Err(_)) | None => Certificates::Unknown,
        }
    }

    /// The path of a file as the volume spells it, and its length where it is there.
    pub(super) fn look(&mut self, to: &str) -> Result<(String, Option<u64>), NoFiles> {
        let Some(volume) = self.volume else { return Ok((to.to_owned(), None)) };
        match volume.find(to)? {
            Some(entry) => match entry.kind {
                EntryKind::File { len } => Ok((entry.path, Some(len))),
                EntryKind::Directory => Err(NoFiles::WrongKind { path: entry.path, is_directory: true }),
            },
            None => Ok((self.spelled(volume, to)?, None)),
        }
    }

    /// The path of what is not there, with the directories that are spelled as they are.
    fn spelled(&mut self, volume: &Volume<'_>, to: &str) -> Result<String, NoFiles> {
        let Some((parent, name)) = to.rsplit_once('\\').filter(|(parent, _)| !parent.is_empty()) else {
            return Ok(to.to_owned());
        };
        let key = parent.to_lowercase();
        let known = self.directories.get(&key).cloned();
        let found = match known {
            Some(found) => found,
            None => match volume.find(parent)? {
                Some(entry) if entry.kind == EntryKind::Directory => Some(entry.path),
                Some(entry) => return Err(NoFiles::WrongKind { path: entry.path, is_directory: false }),
                None => None,
            },
        };
        self.directories.insert(key, found.clone());
        let parent = match found {
            Some(parent) => parent,
            None => self.spelled(volume, parent)?,
        };
        Ok(format!(r"{parent}\{name}"))
    }

    /// What becomes of a file that is to be put.
    pub(super) fn fate(&mut self, file: &BootFile, overwrite: Overwrite) -> Result<Fate, NoFiles> {
        let (path, len) = self.look(&file.to)?;
        let (Some(volume), Some(len)) = (self.volume, len) else { return Ok(Fate::New(path)) };
        let there = There { volume, path: &path, len };
        Ok(match there.why_kept(file, overwrite) {
            Some(why) => Fate::Stays(path, why),
            None => Fate::Replaces(path, len),
        })
    }
}

/// A file that is there.
struct There<'t> {
    volume: &'t Volume<'t>,
    path: &'t str,
    len: u64,
}

impl There<'_> {
    /// Why it stays; `None` where it is replaced. What cannot be read is broken.
    fn why_kept(&self, file: &BootFile, overwrite: Overwrite) -> Option<WhyKept> {
        let content = self.content();
        let is_same = self.has(&file.contents);
        if is_fallback(file) && !is_same && self.is_foreign(content) {
            return Some(WhyKept::Foreign);
        }
        // A boot record cannot read a boot manager that NTFS or a filter compressed.
        if file.role == Role::Manager && !self.is_plain() {
            return None;
        }
        if is_same {
            return Some(WhyKept::Same);
        }
        if !is_sound(content?, self.len, content_of(&file.contents)) {
            return None;
        }
        if overwrite == Overwrite::OnlyMissingOrBroken {
            return Some(WhyKept::InOrder);
        }
        if self.version().zip(version_of(&file.contents)).is_some_and(|(there, new)| there > new) {
            return Some(WhyKept::Newer);
        }
        let is_older_signature = file.role == Role::Manager
            && signer::certificates(&file.contents) != Certificates::Ca2023
            && Target::new(Some(self.volume)).certificates(self.path) == Certificates::Ca2023;
        is_older_signature.then_some(WhyKept::Certificates)
    }

    fn is_plain(&self) -> bool {
        matches!(self.volume.form(self.path), Ok(Some((_, FileForm::Plain))))
    }

    fn has(&self, contents: &[u8]) -> bool {
        u64::try_from(contents.len()) == Ok(self.len)
            && matches!(self.volume.read(self.path, self.len), Ok(Some(bytes)) if bytes == contents)
    }

    fn content(&self) -> Option<Content> {
        let head = self.volume.read_prefix(self.path, u64::try_from(HEAD).ok()?).ok()??;
        Some(Content::of(self.len, &head))
    }

    /// Whether it is another system's: it carries no version. What has no bytes is nobody's.
    fn is_foreign(&self, content: Option<Content>) -> bool {
        !matches!(content, Some(Content::Empty | Content::Zeros)) && self.version().is_none()
    }

    fn version(&self) -> Option<FileVersion> {
        let file = self.volume.open_file(self.path).ok()??;
        file_version::read(file.len(), &|at, len| file.read_at(at, len).ok()).ok()
    }
}

/// Whether it lies where firmware falls back to, where loaders of other systems are too.
fn is_fallback(file: &BootFile) -> bool {
    let is_manager = file.role == Role::Manager;
    is_manager && file.to.to_lowercase().starts_with(r"\efi\boot\")
}

/// What a file begins with.
pub(super) fn content_of(contents: &[u8]) -> Content {
    let head = contents.get(..HEAD).unwrap_or(contents);
    Content::of(u64::try_from(contents.len()).unwrap_or(u64::MAX), head)
}

fn version_of(contents: &[u8]) -> Option<FileVersion> {
    let read = |at, len| crate::bytes::slice(contents, usize::try_from(at).ok()?, len).map(<[u8]>::to_vec);
    file_version::read(u64::try_from(contents.len()).ok()?, &read).ok()
}

/// Whether what is there can do what the new file can, as far as their beginnings tell.
fn is_sound(there: Content, len: u64, new: Content) -> bool {
    match (there, new) {
        (Content::Empty | Content::Cut { .. }, _) => false,
        (Content::Zeros, new) => new == Content::Zeros,
        (Content::Program(there), Content::Program(new)) => there == new,
        (_, Content::Program(_)) => false,
        (there, Content::RealMode { .. }) => matches!(there, Content::RealMode { wants } if wants <= len),
        _ => true,
    }
}
