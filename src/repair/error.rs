//! Why a repair does not come to a plan, or the plan not to a repair. Nothing was written then.

use crate::diagnosis::Switch;
use crate::error::way_out::WayOut;
use crate::layout::Layout;
use crate::partition::PartitionError;
use crate::repair::nvram::NvramError;
use crate::repair::rebuild_error::RebuildError;
use crate::storage::StorageError;
use crate::storage::first_failure::FailedRead;

/// Why no plan could be made, or may not be carried out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// The disk could not be read.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The layout and the disk disagree: it changed while it was examined, or a parser is wrong.
    #[error("{what} at 0x{at:x} of the disk: expected {expected}, found {found}")]
    Mismatch {
        /// What was looked at.
        what: &'static str,
        /// Byte of the disk.
        at: u64,
        /// What the layout says.
        expected: String,
        /// What is there.
        found: String,
    },
    /// A copy of the partition table is not sound, so that the other one cannot be written.
    #[error("{0}")]
    Table(PartitionError),
    /// The disk, looked at again under the lock, leads to another plan.
    #[error(
        "the disk has changed since it was examined: something else writes to it, or its name now belongs \
         to another disk"
    )]
    Changed,
    /// The disk, looked at again under the lock, leads to another plan, and a part of it cannot be read.
    #[error("the disk cannot be read as before, or it is now a different disk: {0}")]
    Unread(Unread),
    /// Tried in memory, the repair does not come out.
    #[error("simulated repair failed: {0}")]
    Rehearsal(Deviation),
    /// The disk cannot be read as the plan would leave it.
    #[error("internal check failed: {0}")]
    Unreadable(PartitionError),
    /// What is missing cannot be made.
    #[error("{0}")]
    Rebuild(Box<RebuildError>),
    /// The firmware's boot menu cannot get an entry.
    #[error(transparent)]
    Nvram(#[from] NvramError),
    /// A store or element is not what the diagnosis saw.
    #[error("internal check failed: {0}")]
    Check(String),
}

/// What could not be read again.
#[derive(Debug, thiserror::Error)]
pub enum Unread {
    /// The partition table.
    #[error(transparent)]
    Table(PartitionError),
    /// Another part of the disk.
    #[error("{0}")]
    Part(FailedRead),
}

impl From<RebuildError> for PlanError {
    fn from(error: RebuildError) -> Self {
        Self::Rebuild(Box::new(error))
    }
}

impl PlanError {
    /// What the user can do, where the rooms below know that.
    #[must_use]
    pub fn way_out(&self) -> Option<&WayOut> {
        match self {
            Self::Storage(cause) => cause.way_out(),
            Self::Table(cause) | Self::Unread(Unread::Table(cause)) | Self::Unreadable(cause) => {
                cause.way_out()
            }
            Self::Mismatch { .. }
            | Self::Changed
            | Self::Unread(Unread::Part(_))
            | Self::Rehearsal(_)
            | Self::Rebuild(_)
            | Self::Nvram(_)
            | Self::Check(_) => None,
        }
    }

    /// The switch with which the repair would come out, where one is known.
    #[must_use]
    pub fn wants(&self) -> Option<Switch> {
        match self {
            Self::Rehearsal(Deviation { kind: DeviationKind::Worse { switch, .. }, .. }) => *switch,
            _ => None,
        }
    }
}

/// How a disk is otherwise than it was to be, in memory or after it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deviation {
    /// What is otherwise.
    pub kind: DeviationKind,
    /// A read of that disk that failed, so that it may only not be seen.
    pub failed_read: Option<FailedRead>,
}

impl std::fmt::Display for Deviation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.kind)?;
        match &self.failed_read {
            Some(read) => write!(f, "; part of the disk {}: {read}", read.how()),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Deviation {}

impl From<DeviationKind> for Deviation {
    fn from(kind: DeviationKind) -> Self {
        Self { kind, failed_read: None }
    }
}

impl Deviation {
    /// One that may be for what cannot be read of that disk.
    pub(super) fn seen(layout: &Layout, kind: DeviationKind) -> Self {
        Self { kind, failed_read: layout.failed_read.clone() }
    }
}

/// What is otherwise.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DeviationKind {
    /// A store has other bytes.
    #[error("{path} does not hold the planned bytes")]
    Store {
        /// Its path.
        path: String,
    },
    /// A store does not have the bytes that it had before the repair.
    #[error("{path} does not have its original hash")]
    OldStore {
        /// Its path.
        path: String,
    },
    /// Something is still missing that was to be made.
    #[error("something is still missing on {place} that was to be made")]
    NotRebuilt {
        /// The system volume.
        place: String,
    },
    /// The disk has another identity than it was to get back.
    #[error("the disk does not have its old identity")]
    NotRestored,
    /// The disk has another identity than before the repair.
    #[error("the disk's identity is {found}, expected {expected}")]
    Identity {
        /// As [`disk_text`](crate::repair::record::disk_text) writes it.
        expected: String,
        /// The same.
        found: String,
    },
    /// A field is still to be changed.
    #[error("{what} does not match the plan: {meaning}")]
    Field {
        /// Which.
        what: String,
        /// What it is and should be.
        meaning: String,
    },
    /// An element is still to be re-pointed.
    #[error("{element} would still be re-pointed to {place}")]
    Element {
        /// Which.
        element: String,
        /// What it should name.
        place: String,
    },
    /// Windows would be stopped by what does not stop it now.
    #[error("{subject} would stop Windows: {message}{}", switch.map(|switch| format!("; add {switch}")).unwrap_or_default())]
    Worse {
        /// What would stop it.
        subject: String,
        /// Why.
        message: String,
        /// The switch that cures that too.
        switch: Option<Switch>,
    },
    /// Something is wrong on the disk that was not in memory.
    #[error("{subject}: {message} (not in the simulated result)")]
    New {
        /// What.
        subject: String,
        /// Why.
        message: String,
    },
    /// The verdict is another than in memory.
    #[error("the disk's state differs from the simulated result")]
    Verdict,
}
