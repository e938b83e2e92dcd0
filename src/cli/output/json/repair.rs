//! What `fix`, `undo` and `record` say, in JSON.

use schemars::JsonSchema;
use serde::Serialize;

use crate::cli::output::json::action::Action;
use crate::cli::output::json::finding::Change;
use crate::cli::output::json::finding::Edit;
use crate::cli::output::json::made::Made;
use crate::cli::output::json::target::Examined;
use crate::diagnosis::Verdict;
use crate::repair::patch::Patch;
use crate::repair::run::runs;

/// Which cure.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CureKind {
    /// The store names the disk as it is now.
    Repoint,
    /// The disk gets the identity back that the store names.
    RestoreIdentity,
}

/// A disk of `fix`: after the repair where there was one, else as it was found.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Repaired {
    /// What `check` says of it.
    #[serde(flatten)]
    pub examined: Examined,
    /// What was done.
    pub action: Action,
    /// How.
    pub cure: CureKind,
    /// Elements that were or would be re-pointed.
    pub changes: Vec<Change>,
    /// Other fields that were or would be written.
    pub edits: Vec<Edit>,
    /// What was or would be made anew (`--rebuild`).
    pub made: Vec<Made>,
    /// Sectors before and after, and contents of files; null without a plan.
    pub patches: Option<Vec<Written>>,
    /// Path of the undo record.
    pub record: Option<String>,
}

/// What is written to a disk.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum Written {
    /// One sector.
    Sector(Patch),
    /// Sectors in a row with contents of files, where more than 256 KiB are written.
    Contents {
        /// First byte, from the start of the disk.
        offset: u64,
        /// Length in bytes.
        len: u64,
        /// As of a sector.
        stage: u8,
    },
}

/// Sectors as they are shown.
#[must_use]
pub fn written(patches: &[Patch]) -> Vec<Written> {
    let mut rows = Vec::new();
    for run in runs(patches) {
        match run.is_contents {
            true => rows.push(Written::Contents { offset: run.offset(), len: run.len(), stage: run.stage() }),
            false => rows.extend(run.patches.iter().cloned().map(Written::Sector)),
        }
    }
    rows
}

/// An attached disk of which `fix` without a target did nothing.
#[derive(Debug, Serialize, JsonSchema)]
pub struct LeftAlone {
    /// The disk.
    pub target: String,
    /// `nothing-to-do` or `not-chosen`.
    pub action: Action,
    /// Why; null when nothing is needed.
    pub error: Option<String>,
}

/// A disk of `undo`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Undone {
    /// The disk.
    pub target: String,
    /// What was done.
    pub action: Action,
    /// Path of the undo record.
    pub record: String,
    /// Sectors before and after the way back, and contents of files.
    pub patches: Vec<Written>,
    /// What became of the firmware entry that the repair made (`--firmware-entry`); null without one, or where it was not touched.
    pub firmware_entry: Option<EntryUndone>,
    /// Why nothing was done; null when something was, or nothing had to be.
    pub error: Option<String>,
}

/// What became of a firmware entry in an undo.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum EntryUndone {
    /// It is removed.
    Removed,
    /// It was changed since, or cannot be removed, and stays.
    Left,
}

/// A disk of `record`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Recorded {
    /// The disk.
    pub target: String,
    /// The answer in a word.
    pub verdict: Verdict,
    /// Path of the record.
    pub record: String,
    /// The disk's signature or GUID.
    pub identity: String,
    /// Always null.
    pub error: Option<String>,
}
