//! Why a disk cannot have its old identity back.

use crate::diagnosis::model::identity::show_disk;
use crate::partition::DiskId;

/// Why the old identity cannot be put back; partitions and disks by the name that people are shown.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Impossible {
    /// The record is that of another disk.
    #[error("this is not the recorded disk")]
    NotRecorded,
    /// The disk has none, or the record has none.
    #[error("the disk has no identity to change")]
    NoIdentity,
    /// The table is of another kind than the recorded one.
    #[error("the disk was converted between MBR and GPT after it was recorded")]
    Converted,
    /// Another disk has it.
    #[error("{0} has that identity: two attached disks cannot share one")]
    Taken(String),
    /// A partition has the GUID that this one had.
    #[error("another partition now has the old GUID of {0}")]
    GuidTaken(String),
    /// A store was re-pointed since the record was made.
    #[error(
        "a store already refers to the disk's current identity; undo that repair instead (`bcdrescue undo \
         RECORD`)"
    )]
    Repointed,
    /// Some elements are right, and would be stale then.
    #[error("other elements refer to the disk's current identity and would become stale")]
    NamedNow,
    /// An element means a partition of a disk beside.
    #[error("an element refers to {0}, and it is that disk whose identity changed")]
    OfCompanion(String),
    /// Stale elements do not agree on the disk.
    #[error("the stale elements refer to several old identities: {} and {}", show_disk(*.0), show_disk(*.1))]
    SeveralDisks(DiskId, DiskId),
    /// Stale elements name a signature that is none.
    #[error("the stale elements refer to signature 0, which identifies no disk")]
    SignatureZero,
    /// Stale elements do not agree on the GUID of this partition.
    #[error("the stale elements refer to {0} by several GUIDs")]
    SeveralGuids(String),
    /// Stale elements have one GUID for two partitions.
    #[error("the stale elements refer to two partitions by the same GUID")]
    OneGuid,
    /// What is stale is not of the disk's identity.
    #[error("the disk's identity has not changed")]
    Unchanged,
    /// A partition begins elsewhere.
    #[error("{place} has moved (was at 0x{then:x}, now at 0x{now:x}); restoring the identity does not help")]
    Moved {
        /// The partition.
        place: String,
        /// Where it began, in bytes from the start of the disk.
        then: u64,
        /// Where it begins.
        now: u64,
    },
    /// An element names this partition as a table of the other kind has them.
    #[error("{0} is on a different kind of partition table than the store refers to")]
    OtherTable(String),
}
