//! The word behind bcdedit's `/store`, in which a disk stands where an article has a drive: `/dev/vdb\boot\bcd`.

use std::ffi::OsStr;
use std::ffi::OsString;
use std::path::Path;

use crate::cli::text::exit::Usage;
use crate::cli::text::shell_quote;

/// Where Windows has its stores, as their paths end: for UEFI, for a BIOS.
const PATHS: [&str; 2] = ["/efi/microsoft/boot/bcd", "/boot/bcd"];

/// What a word says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct StoreWord {
    /// The disk, the image or the file.
    pub target: OsString,
    /// The path of the store on it, with backslashes.
    pub path: Option<String>,
}

impl StoreWord {
    /// Takes a word apart.
    ///
    /// # Errors
    /// When it has a drive letter, or a path alone.
    pub(super) fn parse(word: &OsStr) -> Result<Self, Usage> {
        let Some(text) = word.to_str() else { return Ok(Self::whole(word)) };
        if is_drive(text) {
            return Err(Usage(format!(
                "{text}: Linux has no drive letters; name the disk instead: /store '/dev/vdb{}'",
                text.get(2..).unwrap_or_default()
            )));
        }
        let Some((target, path)) = split(text) else { return Ok(Self::whole(word)) };
        let target = target.strip_suffix(':').unwrap_or(target);
        if target.is_empty() {
            return Err(Usage(format!(
                "{text}: the disk is missing; put it in front: /store '/dev/vdb{text}'"
            )));
        }
        Ok(Self { target: shell_quote::path(Path::new(target)), path: Some(path) })
    }

    fn whole(word: &OsStr) -> Self {
        Self { target: shell_quote::path(Path::new(word)), path: None }
    }
}

/// `F:`, alone or with a path behind it: a file of such a name is called `./F:`.
fn is_drive(text: &str) -> bool {
    let mut chars = text.chars();
    let is_letter = chars.next().is_some_and(|letter| letter.is_ascii_alphabetic());
    is_letter && chars.next() == Some(':')
}

/// Target and path, where there is a path.
fn split(text: &str) -> Option<(&str, String)> {
    if let Some((target, path)) = text.split_once('\\') {
        return Some((target, format!("\\{}", path.replace('/', "\\"))));
    }
    let lower = text.to_ascii_lowercase();
    let is_device = text.starts_with("/dev/");
    for path in PATHS {
        // An unquoted backslash is gone when the shell is done with it.
        let eaten = path.replace('/', "");
        for ending in [path, &eaten] {
            let Some(target) = lower.strip_suffix(ending).and_then(|rest| text.get(..rest.len())) else {
                continue;
            };
            if (is_device && target.len() > "/dev/".len()) || target.ends_with(':') {
                return Some((target, path.replace('/', "\\")));
            }
        }
    }
    None
}
