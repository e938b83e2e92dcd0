//! What tells that an image is the one that was checked before: its file, and what was asked of it.

use std::fs;
use std::fs::File;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use nix::sys::statfs::FUSE_SUPER_MAGIC;
use nix::sys::statfs::fstatfs;
use sha2::Digest;
use sha2::Sha256;

use crate::bytes::hex;

/// How long a file has to be at rest: a file system may tell times by whole seconds, or by two (FAT), and one behind a network later.
const REST: Duration = Duration::from_secs(5);
/// Hexadecimal digits of a stamp.
const DIGITS: usize = 32;

/// What was asked of all targets: the program, the form of the answer, and every switch that it depends on.
#[derive(Debug, Clone)]
pub struct Question(String);

impl Question {
    /// That of these words, to this program.
    #[must_use]
    pub fn new(words: &str) -> Self {
        Self(format!("{} {words}", env!("BCDRESCUE_VERSION")))
    }

    /// The stamp of a regular file as it is now; none of one that changed a moment ago, and of anything else.
    #[must_use]
    pub fn stamp(&self, path: &Path) -> Option<String> {
        fs::metadata(path).ok().filter(fs::Metadata::is_file)?;
        // A network file system looks again when a file is opened. One in user space may make its times up.
        let file = File::open(path).ok()?;
        if fstatfs(&file).ok()?.filesystem_type() == FUSE_SUPER_MAGIC {
            return None;
        }
        let facts = file.metadata().ok()?;
        if facts.modified().ok()?.elapsed().ok()? < REST {
            return None;
        }
        let times = (facts.mtime(), facts.mtime_nsec(), facts.ctime(), facts.ctime_nsec());
        let text = format!("{}\n{} {} {times:?}", self.0, facts.ino(), facts.len());
        let digest = hex(&Sha256::digest(text));
        digest.get(..DIGITS).map(str::to_owned)
    }
}
