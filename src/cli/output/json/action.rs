//! What became of a repair, in JSON.

use schemars::JsonSchema;
use serde::Serialize;

/// What was done.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Action {
    /// Nothing, since nothing had to be or could be.
    NothingToDo,
    /// Nothing: `error` says why.
    Refused,
    /// Nothing, as asked; `patches` says what would be.
    DryRun,
    /// Nothing, since nobody agreed.
    NotConfirmed,
    /// Nothing, since several disks need it and none was named.
    NotChosen,
    /// It could not be done, or not to its end: `error` says how far it came, and the way out.
    Failed,
    /// The repair, and it was proven: Windows should start.
    Fixed,
    /// The repair, and it was proven; but Windows still does not start, or nobody can tell: `stop` and `fix` say more.
    Written,
    /// The way back, and it was proven.
    Undone,
}
