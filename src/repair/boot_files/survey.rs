//! What a source has, within limits: it may be made to mislead.

use crate::bcd::Firmware;
use crate::repair::boot_files::boot_file::LeftOut;
use crate::repair::boot_files::boot_file::WhyLeftOut;
use crate::repair::boot_files::error::Limit;
use crate::repair::boot_files::error::NoFiles;
use crate::repair::boot_files::name;
use crate::repair::boot_files::source::Item;
use crate::repair::boot_files::source::ItemKind;
use crate::repair::boot_files::source::Source;

/// Files and directories of a source; `\Windows\Boot` of a Windows 11 has about 150 files for UEFI.
pub(super) const FILES_MAX: usize = 512;
/// Directories in directories below a part of it; Windows has one.
const DEPTH_MAX: usize = 4;

/// A part of `\Windows\Boot`, which is a directory of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// The boot manager of this kind of firmware, with what belongs to it.
    Programs(Firmware),
    /// Programs for UEFI signed under certificates of 2023.
    Programs2023,
    /// Fonts.
    Fonts,
    /// Fonts signed under certificates of 2023.
    Fonts2023,
    /// Pictures, with texts.
    Resources,
}

impl Part {
    /// The name of its directory.
    pub(super) const fn directory(self) -> &'static str {
        match self {
            Self::Programs(Firmware::Uefi) => "EFI",
            Self::Programs(Firmware::Bios) => "PCAT",
            Self::Programs2023 => "EFI_EX",
            Self::Fonts => "Fonts",
            Self::Fonts2023 => "Fonts_EX",
            Self::Resources => "Resources",
        }
    }
}

/// A file of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Listed {
    /// The part that it is in.
    pub(super) part: Part,
    /// The directories of its path below the part, and its name.
    pub(super) inside: Vec<String>,
    /// The whole of its path below the source, as that spells it.
    pub(super) path: Vec<String>,
    /// Its length in bytes.
    pub(super) len: u64,
}

/// What was found.
pub(super) struct Survey<'a> {
    source: Source<'a>,
    /// The files.
    pub(super) files: Vec<Listed>,
    /// What is none, or cannot be looked at.
    pub(super) left_out: Vec<LeftOut>,
    seen: usize,
}

impl<'a> Survey<'a> {
    pub(super) const fn new(source: Source<'a>) -> Self {
        Self { source, files: Vec::new(), left_out: Vec::new(), seen: 0 }
    }

    /// Looks at a part, which need not be there.
    pub(super) fn part(&mut self, part: Part) -> Result<(), NoFiles> {
        let why = match self.source.find(&[part.directory()]) {
            Ok(Some((path, ItemKind::Directory))) => return self.directory(part, &path, &[]),
            // What only late versions have is not missed.
            Ok(None) if matches!(part, Part::Programs2023 | Part::Fonts2023) => return Ok(()),
            Ok(None) => WhyLeftOut::Missing,
            Ok(Some(_)) => WhyLeftOut::NoFile,
            Err(cause) => WhyLeftOut::Unread(cause),
        };
        self.leave_out(&[part.directory().to_owned()], why);
        Ok(())
    }

    fn directory(&mut self, part: Part, path: &[String], inside: &[String]) -> Result<(), NoFiles> {
        let items = match self.source.list(path) {
            Ok(items) => items,
            Err(cause) => {
                self.leave_out(path, WhyLeftOut::Unread(cause));
                return Ok(());
            }
        };
        let beyond = |limit| NoFiles::Beyond { from: self.source.origin(path), limit };
        if inside.len() > DEPTH_MAX {
            return Err(beyond(Limit::Depth(DEPTH_MAX)));
        }
        self.seen = self.seen.saturating_add(items.len());
        if self.seen > FILES_MAX {
            return Err(beyond(Limit::Files(FILES_MAX)));
        }
        for Item { name, kind } in items {
            let Some(name) = name.filter(|name| name::is_fit(name)) else {
                self.leave_out(path, WhyLeftOut::Name);
                continue;
            };
            let deeper = |names: &[String]| [names, std::slice::from_ref(&name)].concat();
            let (path, inside) = (deeper(path), deeper(inside));
            match kind {
                ItemKind::Directory => self.directory(part, &path, &inside)?,
                ItemKind::File(len) => self.files.push(Listed { part, inside, path, len }),
                ItemKind::Other => self.leave_out(&path, WhyLeftOut::NoFile),
            }
        }
        Ok(())
    }

    fn leave_out(&mut self, path: &[String], why: WhyLeftOut) {
        self.left_out.push(LeftOut { from: self.source.origin(path), why });
    }
}
