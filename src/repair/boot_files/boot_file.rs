//! The files that are put on a system volume, and those that are not.

use std::fmt;
use std::path::PathBuf;

use sha2::Digest;
use sha2::Sha256;

use crate::bytes;
use crate::bytes::one_line;
use crate::layout::boot_file::Content;
use crate::layout::boot_file::Machine;
use crate::repair::boot_files::error::SourceError;
use crate::repair::boot_files::signer::Certificates;
use crate::repair::boot_files::words::words;

/// Where the bytes of a file come from.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// A path on the volume of the Windows.
    Windows(String),
    /// A path in the folder that the user named.
    Folder(PathBuf),
    /// They are made here.
    Made,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Windows(path) => f.write_str(&one_line(path)),
            Self::Folder(path) => f.write_str(&one_line(&path.to_string_lossy())),
            Self::Made => f.write_str("made here"),
        }
    }
}

/// A file that is to be put on the system volume.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct BootFile {
    /// Where its bytes come from.
    pub(crate) from: Origin,
    /// Its path on the system volume, as that spells what is there.
    pub(crate) to: String,
    /// Its bytes.
    pub(crate) contents: Vec<u8>,
    /// What it is.
    pub(crate) role: Role,
    /// Bytes of the file that is there under that path, which it replaces.
    pub(crate) replaces: Option<u64>,
}

impl BootFile {
    /// SHA-256 of its bytes, in hex.
    pub(crate) fn sha256(&self) -> String {
        bytes::hex(&Sha256::digest(&self.contents))
    }
}

/// What a boot file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Role {
    /// What firmware or a boot record starts: the boot manager, and its copy where firmware falls back to.
    Manager,
    /// Another program, or what belongs to those.
    Program,
    /// Texts in a language, named as their directory is.
    Texts(String),
    /// A font.
    Font,
}

/// What is put on a system volume, and what is not.
#[derive(Debug)]
pub(crate) struct Collected {
    /// The files, those that firmware or a boot record starts last.
    pub(crate) files: Vec<BootFile>,
    /// What is there and stays.
    pub(crate) kept: Vec<Kept>,
    /// What would belong to them and is not among them.
    pub(crate) left_out: Vec<LeftOut>,
    /// Which certificates the boot manager that was read is signed under.
    pub(crate) certificates: Certificates,
    /// The processor of the boot manager; of that for a BIOS, the one of the loader.
    pub(crate) machine: Machine,
}

/// A file that is there and stays.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Kept {
    /// Its path on the system volume.
    pub(crate) path: String,
    /// Why it stays.
    pub(crate) why: WhyKept,
}

/// Why a file stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum WhyKept {
    /// It has the same bytes.
    Same,
    /// It is in order as far as can be told.
    InOrder,
    /// It is of a later version.
    Newer,
    /// It is signed under certificates of 2023, and that from which it would be replaced is not.
    Certificates,
    /// It is a loader of another system.
    Foreign,
}

/// A file, or directory of files, that is not among those that are put.
#[derive(Debug)]
pub(crate) struct LeftOut {
    /// Where it is.
    pub(crate) from: Origin,
    /// Why it is left out.
    pub(crate) why: WhyLeftOut,
}

/// Why a file is left out.
#[derive(Debug)]
pub(crate) enum WhyLeftOut {
    /// There is no room for it.
    NoRoom {
        /// Its length in bytes.
        len: u64,
    },
    /// It is not there.
    Missing,
    /// It cannot be read.
    Unread(SourceError),
    /// It is no whole file: this is what it begins with.
    Broken(Content),
    /// Its name is none that every file system has.
    Name,
    /// It is a link, or neither a file nor a directory.
    NoFile,
}

impl fmt::Display for WhyLeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRoom { len } => write!(f, "no room for its {len} bytes"),
            Self::Missing => f.write_str("missing"),
            Self::Unread(cause) => cause.fmt(f),
            Self::Broken(found) => f.write_str(&words(*found)),
            Self::Name => f.write_str("a name that not every file system can have"),
            Self::NoFile => f.write_str("neither a file nor a directory"),
        }
    }
}
