//! What boot files are wanted.

use std::path::Path;

use crate::bcd::Firmware;
use crate::diagnosis::model::rebuild::Languages;

/// What boot files are wanted.
#[derive(Debug, Clone)]
pub(crate) struct Wish<'a> {
    /// How the machine starts.
    pub(crate) firmware: Firmware,
    /// In which languages the boot manager is to have its texts.
    pub(crate) languages: Languages,
    /// How many of the files.
    pub(crate) extent: Extent,
    /// What happens to files that are there.
    pub(crate) overwrite: Overwrite,
    /// Bytes that are free on the system volume, where that counts.
    pub(crate) room: Option<u64>,
    /// A folder laid out like `\Windows\Boot`, which is taken instead of that.
    pub(crate) files_from: Option<&'a Path>,
}

/// How many of the files.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Extent {
    /// What a start needs: the boot manager, and on UEFI where firmware falls back to.
    Needed,
    /// All that `bcdboot` copies.
    Full,
}

/// What happens to files that are there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Overwrite {
    /// Only those that could not be used are replaced.
    OnlyMissingOrBroken,
    /// All that differ are replaced, but by none that is older.
    All,
}
