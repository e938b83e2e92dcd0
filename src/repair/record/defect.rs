//! Why a record could not be written or read.

use std::io;
use std::path::Path;
use std::path::PathBuf;

use crate::bytes;
use crate::repair::record::wire::VERSION;

/// Characters of what is wrong with a record that are shown.
const QUOTED: usize = 400;

/// Why a record could not be written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RecordError {
    /// The file could not be written or read.
    #[error("record {}: {}", path.display(), of_system(cause))]
    Io {
        /// The record.
        path: PathBuf,
        /// The system's error.
        cause: io::Error,
    },
    /// The file is no record of its kind, or a damaged one.
    #[error("record {}: {}", path.display(), quoted(defect))]
    Invalid {
        /// The record.
        path: PathBuf,
        /// What is wrong with it.
        defect: Defect,
    },
}

impl RecordError {
    /// An [`RecordError::Io`].
    pub(in crate::repair) fn io(path: &Path, cause: io::Error) -> Self {
        Self::Io { path: path.into(), cause }
    }

    /// An [`RecordError::Invalid`].
    pub(in crate::repair) fn invalid(path: &Path, defect: Defect) -> Self {
        Self::Invalid { path: path.into(), defect }
    }
}

/// What is wrong with a record.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Defect {
    /// It is no file, or one that is too long.
    #[error("not an undo record: expected a JSON file ending in .undo.json")]
    NoFile,
    /// It is no JSON of this kind; the parser's words, where it is JSON at all.
    #[error("not an undo record{}", in_brackets(.0.as_ref()))]
    NoRecord(Option<String>),
    /// It says that it is something else.
    #[error("not an undo record")]
    OtherKind,
    /// It is of a version that is not known.
    #[error("unknown format version {0}, expected 1 to {VERSION}")]
    Version(u32),
    /// Something in it was changed.
    #[error("damaged: expected digest {expected}, found {found}")]
    Digest {
        /// What the digest has to be.
        expected: String,
        /// The digest that it has.
        found: String,
    },
    /// Bytes in it are not packed as they should be.
    #[error("damaged: the bytes of {0} cannot be decompressed")]
    Packed(String),
    /// It has more than a repair writes.
    #[error("0x{found:x} bytes in total, expected at most 0x{most:x}")]
    TooLarge {
        /// So much there would be.
        found: u64,
        /// So much is read.
        most: u64,
    },
    /// It has more stores, or other parts, than a repair writes to.
    #[error("more parts of the disk than a repair writes")]
    TooManyParts,
    /// What was to be written would not be read as it is.
    #[error("it would not read back the same")]
    NotTheSame,
    /// No disk has such sectors.
    #[error("sector size {0}, expected 512 to 4096")]
    SectorSize(usize),
    /// A patch is not one sector of the disk.
    #[error("the patch at 0x{0:x} is not a sector of the disk")]
    NoSector(u64),
    /// Two patches of a sector contradict each other, or one changes nothing.
    #[error("the patches at 0x{0:x} are out of order")]
    NotInOrder(u64),
    /// A saved store is not what its hash says.
    #[error("a saved store does not match its hash")]
    Store,
    /// It is no identity record; why, where that is known.
    #[error(
        "not an identity record: expected the JSON file written by `bcdrescue record`{}",
        in_brackets(why.as_ref())
    )]
    NoSnapshot {
        /// The parser's words, where it is JSON at all.
        why: Option<String>,
    },
    /// It is another record, or an identity record of a version that is not known.
    #[error(
        "not an identity record: expected the JSON file written by `bcdrescue record`, version {expected}; \
         found {kind} version {version}"
    )]
    OtherSnapshot {
        /// The version that is known.
        expected: u32,
        /// What it says that it is.
        kind: String,
        /// The version that it says.
        version: u32,
    },
    /// What it has for an identity is none.
    #[error("{0} is not a disk identity")]
    NoIdentity(String),
}

/// The parser's words about JSON of another kind; none about what is no JSON.
pub(in crate::repair) fn beyond_syntax(error: &serde_json::Error) -> Option<String> {
    error.is_data().then(|| error.to_string())
}

fn in_brackets(words: Option<&String>) -> String {
    words.map_or_else(String::new, |words| format!(" ({words})"))
}

/// The system's error, with what the user can do about a wrong name.
fn of_system(cause: &io::Error) -> String {
    match cause.kind() {
        io::ErrorKind::NotFound => "no such file; check the path".to_owned(),
        io::ErrorKind::AlreadyExists => "already exists; choose another name".to_owned(),
        _ => cause.to_string(),
    }
}

/// What a record says may be anything, and is quoted as one line that fits a screen.
fn quoted(defect: &Defect) -> String {
    let mut what = bytes::one_line(&defect.to_string());
    if let Some((end, _)) = what.char_indices().nth(QUOTED) {
        what.truncate(end);
        what.push('…');
    }
    what
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_with_a_name_says_what_to_do() {
        let told = |kind: io::ErrorKind| RecordError::io(Path::new("a"), kind.into()).to_string();
        assert_eq!(told(io::ErrorKind::NotFound), "record a: no such file; check the path");
        assert_eq!(told(io::ErrorKind::AlreadyExists), "record a: already exists; choose another name");
        assert_eq!(told(io::ErrorKind::PermissionDenied), "record a: permission denied");
    }

    #[test]
    fn of_what_is_no_json_the_parser_says_nothing() {
        let told = |text: &str| {
            let error = serde_json::from_str::<Vec<u8>>(text).unwrap_err();
            Defect::NoRecord(beyond_syntax(&error)).to_string()
        };
        assert_eq!((told("base = 1"), told("")), ("not an undo record".into(), "not an undo record".into()));
        assert!(told("{}").starts_with("not an undo record (invalid type: map"), "{}", told("{}"));
    }
}
