//! GUIDs in Microsoft's mixed-endian byte order (`Data1-Data2-Data3` little-endian, the last eight in order).

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

/// A GUID, kept as the 16 bytes that stand on the disk.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Guid([u8; 16]);

impl Guid {
    /// Sixteen zero bytes: "none" wherever a GUID is optional.
    pub const ZERO: Self = Self([0; 16]);

    /// From the 16 bytes on the disk.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(bytes)
    }

    /// From the number that the text form spells, e.g. `0x9dea862c_5cdd_4e70_acc1_f32b344d4795`.
    #[must_use]
    pub const fn from_u128(text: u128) -> Self {
        Self(Uuid::from_u128(text).to_bytes_le())
    }

    /// The 16 bytes on the disk.
    #[must_use]
    pub const fn bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Whether all bytes are zero.
    #[must_use]
    pub fn is_zero(&self) -> bool {
        self.0 == [0; 16]
    }

    /// From text with braces, as registry keys spell it.
    #[must_use]
    pub fn from_braced(text: &str) -> Option<Self> {
        text.strip_prefix('{')?.strip_suffix('}')?.parse().ok()
    }

    /// Text with braces, as registry keys spell it.
    #[must_use]
    pub fn braced(&self) -> String {
        format!("{{{self}}}")
    }
}

/// The text is not `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a GUID of the form xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx")]
pub struct NotAGuid;

impl FromStr for Guid {
    type Err = NotAGuid;

    fn from_str(text: &str) -> Result<Self, NotAGuid> {
        if text.len() != 36 {
            return Err(NotAGuid);
        }
        Uuid::try_parse(text).map(|uuid| Self(uuid.to_bytes_le())).map_err(|_| NotAGuid)
    }
}

impl fmt::Display for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Uuid::from_bytes_le(self.0).hyphenated().fmt(f)
    }
}

impl fmt::Debug for Guid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl serde::Serialize for Guid {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Guid {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_mixed_endian() {
        let bytes =
            [0x2c, 0x86, 0xea, 0x9d, 0xdd, 0x5c, 0x70, 0x4e, 0xac, 0xc1, 0xf3, 0x2b, 0x34, 0x4d, 0x47, 0x95];
        let guid = Guid::from_bytes(bytes);
        assert_eq!(guid.to_string(), "9dea862c-5cdd-4e70-acc1-f32b344d4795");
        assert_eq!(Guid::from_u128(0x9dea862c_5cdd_4e70_acc1_f32b344d4795), guid);
        assert_eq!(Guid::from_braced("{9DEA862C-5cdd-4e70-acc1-f32b344d4795}"), Some(guid));
    }

    #[test]
    fn other_spellings_are_refused() {
        for text in ["", "{}", "{9dea862c5cdd4e70acc1f32b344d4795}", "9dea862c-5cdd-4e70-acc1-f32b344d4795"] {
            assert_eq!(Guid::from_braced(text), None, "{text}");
        }
    }
}
