//! What is certain of a disk when a repair ends before its end: said once, before the reason.

use std::fmt;

use crate::cli::text::exit::Usage;

/// The words for a disk that is as it was.
pub const NOTHING_WRITTEN: &str = "nothing was written";

/// What is certain of a disk when a repair ends in an error; the context of that error.
#[derive(Debug)]
pub enum DiskState {
    /// It is as it was.
    Untouched,
    /// It is as it was: there is no place for the undo record.
    NoRecord,
    /// It was written, as this tells, and how to go back.
    Begun(String),
}

impl fmt::Display for DiskState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Untouched => f.write_str(NOTHING_WRITTEN),
            Self::NoRecord => {
                write!(
                    f,
                    "{NOTHING_WRITTEN} to the disk; choose a directory for the record with --record-dir"
                )
            }
            Self::Begun(told) => f.write_str(told),
        }
    }
}

impl std::error::Error for DiskState {}

/// An error of a repair, with the state of the disk: nothing was written, unless it says more.
#[must_use]
pub fn told(error: anyhow::Error) -> anyhow::Error {
    match error.is::<DiskState>() || error.is::<Usage>() {
        true => error,
        false => error.context(DiskState::Untouched),
    }
}
