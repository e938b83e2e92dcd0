//! Values of elements: what their bytes mean, in the format that the element's id tells.
//!
//! The registry types and lengths are those of stores that Windows wrote.

use crate::bcd::device::DeviceElement;
use crate::bcd::element::ElementFormat;
use crate::bcd::element::ElementId;
use crate::bytes;
use crate::guid::Guid;
use crate::hive::REG_BINARY;
use crate::hive::REG_MULTI_SZ;
use crate::hive::REG_SZ;

/// What the value of an element means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ElementValue {
    /// A device.
    Device(DeviceElement),
    /// Text.
    String(String),
    /// The id of an object.
    Object(Guid),
    /// Ids of objects.
    ObjectList(Vec<Guid>),
    /// A number.
    Integer(u64),
    /// True or false.
    Boolean(bool),
    /// Numbers.
    IntegerList(Vec<u64>),
    /// Bytes that are no more than that.
    Binary(Vec<u8>),
    /// Bytes that are not understood; shown, never changed.
    Opaque {
        /// The reason.
        why: String,
    },
}

impl ElementValue {
    /// The meaning of the bytes `raw` of registry type `data_type` in the element `id`.
    #[must_use]
    pub fn decode(id: ElementId, data_type: u32, raw: &[u8]) -> Self {
        let format = id.format();
        if let ElementFormat::Unknown(number) = format {
            return Self::Opaque { why: format!("unknown format {number:#x}") };
        }
        let expected = format.registry_type();
        if data_type != expected {
            return Self::Opaque { why: format!("registry type: expected {expected}, found {data_type}") };
        }
        let value = match format {
            ElementFormat::Device => {
                return DeviceElement::decode(raw)
                    .map_or_else(|error| Self::Opaque { why: error.to_string() }, Self::Device);
            }
            ElementFormat::String => string(raw),
            ElementFormat::Object => object(raw),
            ElementFormat::ObjectList => object_list(raw),
            ElementFormat::Integer => integer(raw),
            ElementFormat::Boolean => boolean(raw),
            ElementFormat::IntegerList => integer_list(raw),
            ElementFormat::Binary | ElementFormat::Unknown(_) => Some(Self::Binary(raw.to_vec())),
        };
        value.unwrap_or_else(|| Self::Opaque { why: misfit(format, raw.len()) })
    }

    /// Registry type and bytes of a value as Windows writes it; `None` for [`ElementValue::Opaque`], whose bytes only the
    /// element has.
    #[must_use]
    pub fn encode(&self) -> Option<(u32, Vec<u8>)> {
        let nul_ended = |text: &str| {
            let mut bytes = bytes::utf16le(text);
            bytes.extend([0, 0]);
            bytes
        };
        Some(match self {
            Self::Device(device) => (REG_BINARY, device.encode()),
            Self::String(text) => (REG_SZ, nul_ended(text)),
            Self::Object(id) => (REG_SZ, nul_ended(&id.braced())),
            Self::ObjectList(ids) => {
                let mut bytes: Vec<u8> = ids.iter().flat_map(|id| nul_ended(&id.braced())).collect();
                bytes.extend([0, 0]);
                (REG_MULTI_SZ, bytes)
            }
            Self::Integer(number) => (REG_BINARY, number.to_le_bytes().to_vec()),
            Self::Boolean(truth) => (REG_BINARY, vec![u8::from(*truth)]),
            Self::IntegerList(numbers) => {
                (REG_BINARY, numbers.iter().flat_map(|number| number.to_le_bytes()).collect())
            }
            Self::Binary(bytes) => (REG_BINARY, bytes.clone()),
            Self::Opaque { .. } => return None,
        })
    }
}

fn misfit(format: ElementFormat, len: usize) -> String {
    let expected = match format {
        ElementFormat::String => "UTF-16 text",
        ElementFormat::Object => "a GUID in braces",
        ElementFormat::ObjectList => "GUIDs in braces",
        ElementFormat::Integer => "1 to 8 bytes",
        ElementFormat::Boolean => "one byte, 0 or 1",
        _ => "a multiple of 8 bytes",
    };
    format!("value: expected {expected}, found invalid data of {len:#x} bytes")
}

/// Text up to its first NUL; Windows itself leaves old characters behind it.
fn string(raw: &[u8]) -> Option<ElementValue> {
    raw.len().is_multiple_of(2).then(|| ElementValue::String(bytes::utf16le_until_nul(raw)))
}

fn object(raw: &[u8]) -> Option<ElementValue> {
    Guid::from_braced(&bytes::utf16le_until_nul(raw)).map(ElementValue::Object)
}

/// GUIDs of 38 characters, each with its NUL, and a NUL at the end.
fn object_list(raw: &[u8]) -> Option<ElementValue> {
    let (list, end) = raw.split_at_checked(raw.len().saturating_sub(2))?;
    if end != [0, 0] || !list.len().is_multiple_of(78) {
        return None;
    }
    let ids = list.chunks_exact(78).map(|entry| {
        (entry.get(76..) == Some(&[0, 0]))
            .then(|| Guid::from_braced(&bytes::utf16le_until_nul(entry)))
            .flatten()
    });
    ids.collect::<Option<_>>().map(ElementValue::ObjectList)
}

/// Setup media store numbers of one and of three bytes.
fn integer(raw: &[u8]) -> Option<ElementValue> {
    let mut number = [0; 8];
    number.get_mut(..raw.len())?.copy_from_slice(raw);
    (!raw.is_empty()).then(|| ElementValue::Integer(u64::from_le_bytes(number)))
}

fn boolean(raw: &[u8]) -> Option<ElementValue> {
    match raw {
        [0] => Some(ElementValue::Boolean(false)),
        [1] => Some(ElementValue::Boolean(true)),
        _ => None,
    }
}

fn integer_list(raw: &[u8]) -> Option<ElementValue> {
    let whole = raw.len().is_multiple_of(8);
    whole.then(|| {
        ElementValue::IntegerList(raw.chunks_exact(8).filter_map(|word| bytes::le_u64(word, 0)).collect())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bcd::object_id::BOOTMGR;
    use crate::bcd::object_id::MEMDIAG;

    #[test]
    fn values_come_back_as_they_went() {
        let cases = [
            (0x1200_0002, ElementValue::String(r"\Windows\system32\winload.exe".into())),
            (0x2300_0003, ElementValue::Object(MEMDIAG)),
            (0x2400_0001, ElementValue::ObjectList(vec![BOOTMGR, MEMDIAG])),
            (0x2400_0001, ElementValue::ObjectList(Vec::new())),
            (0x2500_0004, ElementValue::Integer(30)),
            (0x1600_0009, ElementValue::Boolean(true)),
            (0x1700_0077, ElementValue::IntegerList(vec![1, u64::MAX])),
            (0x1800_0001, ElementValue::Binary(vec![1, 2, 3])),
        ];
        for (id, value) in cases {
            let (data_type, raw) = value.encode().unwrap();
            assert_eq!(ElementValue::decode(ElementId(id), data_type, &raw), value);
        }
    }

    #[test]
    fn short_numbers_and_old_characters_are_understood() {
        let number = ElementValue::decode(ElementId(0x1500_0014), REG_BINARY, &[0x00, 0xc2, 0x01]);
        assert_eq!(number, ElementValue::Integer(115_200));
        let text = ElementValue::decode(ElementId(0x1200_0004), REG_SZ, &bytes::utf16le("Ramdisk\0\u{1c2}"));
        assert_eq!(text, ElementValue::String("Ramdisk".into()));
    }

    #[test]
    fn misfits_say_why() {
        let cases: [(u32, u32, &[u8], &str); 9] = [
            (0x1200_0002, 3, &[], "registry type: expected 1, found 3"),
            (0x1200_0002, 1, &[0x41], "value: expected UTF-16 text, found invalid data of 0x1 bytes"),
            (0x2300_0003, 1, &[0x41, 0], "value: expected a GUID in braces, found invalid data of 0x2 bytes"),
            (
                0x2400_0001,
                7,
                &[0x41, 0, 0, 0],
                "value: expected GUIDs in braces, found invalid data of 0x4 bytes",
            ),
            (0x2500_0004, 3, &[], "value: expected 1 to 8 bytes, found invalid data of 0x0 bytes"),
            (0x2500_0004, 3, &[0; 9], "value: expected 1 to 8 bytes, found invalid data of 0x9 bytes"),
            (0x1600_0009, 3, &[2], "value: expected one byte, 0 or 1, found invalid data of 0x1 bytes"),
            (
                0x1700_000a,
                3,
                &[0; 9],
                "value: expected a multiple of 8 bytes, found invalid data of 0x9 bytes",
            ),
            (0x1900_000a, 3, &[0; 9], "unknown format 0x9"),
        ];
        for (id, data_type, raw, why) in cases {
            let value = ElementValue::decode(ElementId(id), data_type, raw);
            assert_eq!(value, ElementValue::Opaque { why: why.to_owned() });
        }
    }
}
