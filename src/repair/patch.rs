//! One sector of a disk, before and after: what plans, records and writes are made of.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::repair::sector::Sector;

/// One sector of a disk, before and after.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Patch {
    /// First byte of the sector, from the start of the disk.
    pub offset: u64,
    /// What must stand there (or `after`, when a repair was cut short).
    #[schemars(with = "String")]
    pub before: Sector,
    /// What will stand there.
    #[schemars(with = "String")]
    pub after: Sector,
    /// Patches of a lower stage are on stable storage before the first of the next is written.
    pub stage: u8,
}

impl Patch {
    /// Length in bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        u64::try_from(self.after.len()).unwrap_or(u64::MAX)
    }

    /// Whether it is of no bytes, as none of a plan is.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.after.is_empty()
    }
}

/// The patches that lead back, in the reverse order.
#[must_use]
pub fn inverse(patches: &[Patch]) -> Vec<Patch> {
    let back = |patch: &Patch| Patch {
        offset: patch.offset,
        before: patch.after.clone(),
        after: patch.before.clone(),
        stage: u8::MAX.saturating_sub(patch.stage),
    };
    patches.iter().rev().map(back).collect()
}

/// What there is of each sector, in order. One that is recovered and then patched is there twice.
pub(super) fn chains<T>(items: &[T], offset: impl Fn(&T) -> u64) -> BTreeMap<u64, Vec<&T>> {
    let mut chains: BTreeMap<u64, Vec<&T>> = BTreeMap::new();
    items.iter().for_each(|item| chains.entry(offset(item)).or_default().push(item));
    chains
}

/// Bytes as a string of hex digits in JSON.
pub(crate) mod hex {
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
