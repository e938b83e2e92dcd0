//! What the commands of `bcd` that edit say, in JSON.

use schemars::JsonSchema;
use serde::Serialize;

use crate::cli::output::json::action::Action;
use crate::cli::output::json::repair::Written;
use crate::cli::output::json::store_change::StoreChange;
use crate::diagnosis::Verdict;

/// A store that was edited, or would be.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Edited {
    /// The disk or the store file, as the user named it.
    pub target: String,
    /// The store's path on its volume; null for a store file by itself.
    pub store: Option<String>,
    /// Number of its partition; null for a store file by itself.
    pub partition: Option<u32>,
    /// What was done: `written`, `dry-run`, `nothing-to-do`, `not-confirmed` or `refused`.
    pub action: Action,
    /// What differs between the store as it was and as it is to be.
    pub store_changes: Vec<StoreChange>,
    /// What `check` says of the disk as it was; null for a store file.
    pub verdict_before: Option<Verdict>,
    /// The same of the disk with the edits; null without a plan.
    pub verdict_after: Option<Verdict>,
    /// What is wrong with the disk then and was not before.
    pub new_faults: Vec<NewFault>,
    /// What else there is to say, such as the id of a new object.
    pub notes: Vec<String>,
    /// Sectors before and after, and contents of files; null for a store file, and without a plan.
    pub patches: Option<Vec<Written>>,
    /// Path of the undo record, or of the store file as it was.
    pub record: Option<String>,
    /// Why nothing was done; null when something was, or nothing had to be.
    pub error: Option<String>,
}

/// What is wrong with a disk after edits, and was not before.
#[derive(Debug, Serialize, JsonSchema)]
pub struct NewFault {
    /// What kind it is, as in `check`.
    pub code: &'static str,
    /// What it is about.
    pub subject: String,
    /// One sentence.
    pub message: String,
}

/// Two stores of `bcd diff`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Compared {
    /// The first, as the user named it.
    pub target: String,
    /// The second.
    pub other: String,
    /// What differs: the first is before, the second after.
    pub store_changes: Vec<StoreChange>,
    /// Always null.
    pub error: Option<String>,
}
