//! Names of objects.

use crate::bcd::object_id;
use crate::bcd::words::error::WordError;
use crate::guid::Guid;

/// How a command names an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectName {
    /// By its id.
    Id(Guid),
    /// `{current}`, the entry of the Windows that is meant.
    Current,
    /// `{default}`, the entry that the boot manager starts by itself.
    Default,
}

impl From<Guid> for ObjectName {
    /// The object of an id, also of the two that stand for other objects.
    fn from(id: Guid) -> Self {
        match id {
            object_id::CURRENT => Self::Current,
            object_id::DEFAULT => Self::Default,
            id => Self::Id(id),
        }
    }
}

/// The object that a GUID or one of bcdedit's names stands for, with or without braces; case does not matter.
///
/// # Errors
///
/// [`WordError::Object`] for everything else.
pub fn object(text: &str) -> Result<ObjectName, WordError> {
    let text = text.trim();
    let bare = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')).unwrap_or(text);
    let id = object_id::from_alias(text).or_else(|| bare.parse().ok());
    id.map(ObjectName::from).ok_or_else(|| WordError::Object { found: text.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_guids_with_and_without_braces() {
        let id = Guid::from_u128(0x572bcd55_ffa7_11d9_aae0_0007e994107d);
        let cases = [
            ("{bootmgr}", ObjectName::Id(object_id::BOOTMGR)),
            ("BootMgr", ObjectName::Id(object_id::BOOTMGR)),
            ("{legacy}", ObjectName::Id(object_id::NTLDR)),
            ("{EMSSETTINGS}", ObjectName::Id(object_id::EMSSETTINGS)),
            ("{current}", ObjectName::Current),
            ("default", ObjectName::Default),
            ("{fa926493-6f1c-4193-a414-58f0b2456d1e}", ObjectName::Current),
            ("{1cae1eb7-a0df-4d4d-9851-4860e34ef535}", ObjectName::Default),
            ("{572BCD55-ffa7-11d9-aae0-0007e994107d}", ObjectName::Id(id)),
            ("572bcd55-ffa7-11d9-aae0-0007e994107d", ObjectName::Id(id)),
        ];
        for (text, expected) in cases {
            assert_eq!(object(text), Ok(expected), "{text}");
        }
    }

    #[test]
    fn other_names_are_refused() {
        for text in ["", "{}", "{bootmgr", "bootmgr}", "{{bootmgr}}", "{572bcd55}", "{windows}"] {
            assert_eq!(object(text), Err(WordError::Object { found: text.into() }));
        }
        assert_eq!(
            object("{windows}").unwrap_err().to_string(),
            "object: expected a GUID or a name such as {default} or {bootmgr}, found \"{windows}\""
        );
    }
}
