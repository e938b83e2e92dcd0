//! The bytes of one sector, shared by all who hold them: plan, way back, rehearsal and record have the same ones.

use std::ops::Deref;
use std::sync::Arc;

use serde::Deserialize;
use serde::Deserializer;
use serde::Serialize;
use serde::Serializer;
use serde::de::Error;

use crate::bytes;

/// The bytes of one sector. A clone takes no memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sector(Arc<[u8]>);

impl Sector {
    /// A sector of zeros, `len` bytes long.
    #[must_use]
    pub fn zeros(len: usize) -> Self {
        Self(vec![0; len].into())
    }

    /// The bytes as a sector: `zeros` itself where they are the same, as most of a disk that was never written is.
    #[must_use]
    pub(super) fn sharing(bytes: &[u8], zeros: &Self) -> Self {
        if *bytes == **zeros { zeros.clone() } else { bytes.into() }
    }

    /// Whether there is nothing but zeros in it.
    #[must_use]
    pub fn is_zeros(&self) -> bool {
        self.iter().all(|byte| *byte == 0)
    }
}

impl Deref for Sector {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.0
    }
}

impl From<Vec<u8>> for Sector {
    fn from(bytes: Vec<u8>) -> Self {
        Self(bytes.into())
    }
}

impl From<&[u8]> for Sector {
    fn from(bytes: &[u8]) -> Self {
        Self(bytes.into())
    }
}

impl PartialEq<[u8]> for Sector {
    fn eq(&self, bytes: &[u8]) -> bool {
        *self.0 == *bytes
    }
}

impl PartialEq<Sector> for Vec<u8> {
    fn eq(&self, sector: &Sector) -> bool {
        **self == *sector.0
    }
}

impl<'a> IntoIterator for &'a Sector {
    type Item = &'a u8;
    type IntoIter = std::slice::Iter<'a, u8>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.iter()
    }
}

impl Serialize for Sector {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&bytes::hex(self))
    }
}

impl<'de> Deserialize<'de> for Sector {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let bytes = bytes::from_hex(&String::deserialize(deserializer)?);
        bytes.map(Self::from).ok_or_else(|| D::Error::custom("expected hex digits"))
    }
}
