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
    #[error("the disk has no identity that could be changed")]
    NoIdentity,
    /// The table is of another kind than the recorded one.
    #[error("the disk was converted between MBR and GPT since it was recorded")]
    Converted,
    /// Another disk has it.
    #[error("{0} has that identity: two disks with one do not live together")]
    Taken(String),
    /// A partition has the GUID that this one had.
    #[error("another partition has the GUID that {0} had")]
    GuidTaken(String),
    /// A store was re-pointed since the record was made.
    #[error(
        "a store already names the identity that the disk has now; undo that repair instead (`bcdrescue undo RECORD`)"
    )]
    Repointed,
    /// Some elements are right, and would be stale then.
    #[error("other elements name the identity that the disk has now, and would be lost then")]
    NamedNow,
    /// An element means a partition of a disk beside.
    #[error("an element means {0}, and it is that disk whose identity changed")]
    OfCompanion(String),
    /// Stale elements do not agree on the disk.
    #[error("the stale elements name several old identities: {} and {}", show_disk(*.0), show_disk(*.1))]
    SeveralDisks(DiskId, DiskId),
    /// Stale elements name a signature that is none.
    #[error("the stale elements name the signature 0, which is none")]
    SignatureZero,
    /// Stale elements do not agree on the GUID of this partition.
    #[error("the stale elements name {0} by several GUIDs")]
    SeveralGuids(String),
    /// Stale elements have one GUID for two partitions.
    #[error("the stale elements name two partitions by the same GUID")]
    OneGuid,
    /// What is stale is not of the disk's identity.
    #[error("the disk's identity is not what changed")]
    Unchanged,
    /// A partition begins elsewhere.
    #[error("{place} is no longer where it was (0x{then:x}, now 0x{now:x}), and no identity brings it back")]
    Moved {
        /// The partition.
        place: String,
        /// Where it began, in bytes from the start of the disk.
        then: u64,
        /// Where it begins.
        now: u64,
    },
    /// An element names this partition as a table of the other kind has them.
    #[error("{0} is not on a table of the kind that the store names")]
    OtherTable(String),
}
