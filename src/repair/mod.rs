//! Repair: a plan of sectors before and after, a record to undo it, and the one place where a disk is written.

pub mod apply;
pub mod edits;
pub mod identity;
pub mod identity_record;
pub mod letters;
mod log_replay;
mod new_file;
pub mod plan;
pub mod prospect;
pub mod record;
pub mod refusal;
pub mod rehearse;
mod sectors;
pub mod undo;
mod verify;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::partition::DiskId;

/// One sector of a disk, before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Patch {
    /// First byte of the sector, from the start of the disk.
    pub offset: u64,
    /// What must stand there (or `after`, when a repair was cut short).
    #[serde(with = "hex_bytes")]
    #[schemars(with = "String")]
    pub before: Vec<u8>,
    /// What will stand there.
    #[serde(with = "hex_bytes")]
    #[schemars(with = "String")]
    pub after: Vec<u8>,
    /// Patches of a lower stage are on stable storage before the first of the next is written.
    pub stage: u8,
}

/// The identity of a disk in a record: `mbr:36234da4`, `gpt:67b32047-…`, `none`.
#[must_use]
pub fn disk_text(disk: Option<DiskId>) -> String {
    disk.map_or_else(|| "none".to_owned(), DiskId::text)
}

/// Bytes as a string of hex digits in JSON.
pub(crate) mod hex_bytes {
    use serde::Deserialize;
    use serde::Deserializer;
    use serde::Serializer;

    use crate::bytes;

    pub(crate) fn serialize<S: Serializer>(data: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&bytes::hex(data))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        bytes::from_hex(&text).ok_or_else(|| serde::de::Error::custom("expected hex digits"))
    }
}
