//! `FirmwareVariable` of an object's description: the firmware's own boot entry that the object stands for.
//!
//! Windows keeps there what it read from `Boot####` of the firmware's memory, in the form of NT's `BOOT_ENTRY` (System
//! Informer, phnt `ntexapi.h`): the name, the options, and the path of the loader as a `FILE_PATH` that holds an EFI device
//! path. So the identity, the start and the size of the system partition stand a second time in the store, see
//! [`device_path`]. Versions and lengths are those of stores that Windows wrote.

use std::ops::Range;

use crate::bcd::device_path;
use crate::bcd::device_path::FilePath;
use crate::bcd::device_path::HardDrive;
use crate::bcd::firmware_variable_error::FirmwareVariableError;
use crate::bcd::object::Object;
use crate::bytes;
use crate::hive::REG_BINARY;
use crate::hive::Value;

/// Name of the value.
pub const VALUE_NAME: &str = "FirmwareVariable";
/// Version of the entry and of its path.
const VERSION: u32 = 1;
/// Bytes before the options for the operating system.
const HEADER_SIZE: usize = 0x1c;
/// Bytes of a `FILE_PATH` before the path.
const FILE_PATH_HEADER_SIZE: usize = 12;
/// Kind of a `FILE_PATH` that holds an EFI device path.
const FILE_PATH_EFI: u32 = 4;

/// A boot entry of the firmware.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FirmwareVariable {
    /// Its number: `3` for `Boot0003`.
    pub id: u32,
    /// Bit 0 active, bit 2 Windows'; others as the firmware has them.
    pub attributes: u32,
    /// Its name in the firmware's menu.
    pub friendly_name: String,
    /// Where in the value the options for the operating system stand.
    pub os_options: Range<usize>,
    /// The partitions that its paths name.
    pub hard_drives: Vec<HardDrive>,
    /// The files that its paths name.
    pub files: Vec<FilePath>,
}

/// The value of an object that holds its boot entry.
#[must_use]
pub fn value_of(object: &Object) -> Option<&Value> {
    let is_one =
        |value: &&Value| value.data_type == REG_BINARY && value.name.eq_ignore_ascii_case(VALUE_NAME);
    object.description.iter().find(is_one)
}

impl FirmwareVariable {
    /// Reads the data of the value.
    ///
    /// # Errors
    ///
    /// [`FirmwareVariableError::Field`], with the offset within `data`.
    pub fn decode(data: &[u8]) -> Result<Self, FirmwareVariableError> {
        expect(data, "version", 0x00, VERSION)?;
        expect(data, "length", 0x04, u32::try_from(data.len()).unwrap_or(u32::MAX))?;
        let name_at = within(data, "offset of the friendly name", 0x10, HEADER_SIZE)?;
        let path_at = within(data, "offset of the boot path", 0x14, HEADER_SIZE)?;
        let options_len = offset(u32_at(data, "length of the options", 0x18)?);
        let options_end = HEADER_SIZE.saturating_add(options_len);
        // What follows the options, whichever comes first.
        let room = name_at.min(path_at);
        if options_end > room {
            let expected = format!("at most {:#x}", room.saturating_sub(HEADER_SIZE));
            return Err(field("length of the options", 0x18, expected, format!("{options_len:#x}")));
        }
        let nodes = boot_path(data, path_at)?;
        Ok(Self {
            id: u32_at(data, "id", 0x08)?,
            attributes: u32_at(data, "attributes", 0x0c)?,
            friendly_name: friendly_name(data, name_at, path_at)?,
            os_options: HEADER_SIZE..options_end,
            hard_drives: nodes.hard_drives,
            files: nodes.files,
        })
    }

    /// The name of the firmware's variable.
    #[must_use]
    pub fn variable(&self) -> String {
        format!("Boot{:04X}", self.id)
    }
}

fn boot_path(data: &[u8], at: usize) -> Result<device_path::Nodes, FirmwareVariableError> {
    let place = |field: usize| at.saturating_add(field);
    expect(data, "version of the boot path", at, VERSION)?;
    let length = offset(u32_at(data, "length of the boot path", place(4))?);
    let room = data.len().saturating_sub(at);
    if !(FILE_PATH_HEADER_SIZE..=room).contains(&length) {
        let expected = format!("{FILE_PATH_HEADER_SIZE:#x} to {room:#x}");
        return Err(field("length of the boot path", place(4), expected, format!("{length:#x}")));
    }
    expect(data, "type of the boot path", place(8), FILE_PATH_EFI)?;
    device_path::decode(data, place(FILE_PATH_HEADER_SIZE), place(length))
}

/// The name, which ends with a NUL before the path begins, or before the value ends where the path comes first.
fn friendly_name(data: &[u8], at: usize, path_at: usize) -> Result<String, FirmwareVariableError> {
    let end = if path_at > at { path_at } else { data.len() };
    let stored = data.get(at..end).unwrap_or_default();
    let is_ended = stored.chunks_exact(2).any(|unit| unit == [0, 0]);
    if is_ended {
        return Ok(bytes::utf16le_until_nul(stored));
    }
    Err(field("friendly name", at, "NUL-terminated text".into(), format!("{:#x} bytes", stored.len())))
}

/// The offset that stands in a field; it must lie behind `from` and before the end of the value.
fn within(data: &[u8], what: &'static str, at: usize, from: usize) -> Result<usize, FirmwareVariableError> {
    let found = offset(u32_at(data, what, at)?);
    if (from..data.len()).contains(&found) {
        return Ok(found);
    }
    Err(field(what, at, format!("{from:#x} to {:#x}", data.len()), format!("{found:#x}")))
}

fn expect(data: &[u8], what: &'static str, at: usize, expected: u32) -> Result<(), FirmwareVariableError> {
    let found = u32_at(data, what, at)?;
    if found == expected {
        return Ok(());
    }
    Err(field(what, at, format!("{expected:#x}"), format!("{found:#x}")))
}

fn u32_at(data: &[u8], what: &'static str, at: usize) -> Result<u32, FirmwareVariableError> {
    let cut = || field(what, at, "four bytes".into(), format!("the end at {:#x}", data.len()));
    bytes::le_u32(data, at).ok_or_else(cut)
}

fn offset(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

const fn field(what: &'static str, at: usize, expected: String, found: String) -> FirmwareVariableError {
    FirmwareVariableError::Field { what, at, expected, found }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::bcd::device_path::Field;

    /// A node of a partition: number 1, blocks 0x800 to 0x81fff, and an identity.
    pub(in crate::bcd) fn drive(signature: [u8; 16], kind: [u8; 2]) -> Vec<u8> {
        let mut node = vec![0x04, 0x01, 0x2a, 0x00];
        node.extend(1u32.to_le_bytes());
        node.extend(0x800u64.to_le_bytes());
        node.extend(0x8_1800u64.to_le_bytes());
        node.extend(signature);
        node.extend(kind);
        node
    }

    /// An entry with options of eight bytes and these nodes.
    pub(in crate::bcd) fn variable(nodes: &[u8]) -> Vec<u8> {
        let mut path = vec![0; FILE_PATH_HEADER_SIZE];
        path.extend(nodes);
        path.extend([0x7f, 0xff, 0x04, 0x00]);
        let path_len = u32::try_from(path.len()).unwrap();
        for (at, number) in [(0, 1), (4, path_len), (8, 4)] {
            path[at..at + 4].copy_from_slice(&u32::to_le_bytes(number));
        }
        let mut value = vec![0; HEADER_SIZE];
        value.extend(b"WINDOWS\0");
        let name_at = u32::try_from(value.len()).unwrap();
        value.extend(bytes::utf16le("Boot\0"));
        value.resize(value.len().next_multiple_of(4), 0);
        let path_at = u32::try_from(value.len()).unwrap();
        value.extend(path);
        let len = u32::try_from(value.len()).unwrap();
        for (at, number) in [(0, 1), (4, len), (8, 3), (12, 5), (16, name_at), (20, path_at), (24, 8)] {
            value[at..at + 4].copy_from_slice(&u32::to_le_bytes(number));
        }
        value
    }

    fn good() -> Vec<u8> {
        let file = [vec![0x04, 0x04, 0x08, 0x00], bytes::utf16le("a\0")].concat();
        variable(&[drive([7; 16], [2, 2]), file].concat())
    }

    #[test]
    fn an_entry_of_windows() {
        let read = FirmwareVariable::decode(&good()).unwrap();
        assert_eq!((read.id, read.attributes, read.variable().as_str()), (3, 5, "Boot0003"));
        assert_eq!((read.friendly_name.as_str(), read.os_options.clone()), ("Boot", 0x1c..0x24));
        // Its path begins at 0x30, the nodes 12 bytes further.
        assert_eq!(read.hard_drives[0].partition_number, Field { at: 0x40, value: 1 });
        assert_eq!(read.hard_drives[0].signature, Field { at: 0x54, value: [7; 16] });
        assert_eq!(read.files, [FilePath { at: 0x66, path: "a".into() }]);
    }

    #[test]
    fn one_wrong_field_is_named() {
        let cases: [(usize, u32, &str); 8] = [
            (0x00, 2, "version at 0x0 of the value: expected 0x1, found 0x2"),
            (0x04, 0x70, "length at 0x4 of the value: expected 0x72, found 0x70"),
            (
                0x10,
                0x1b,
                "offset of the friendly name at 0x10 of the value: expected 0x1c to 0x72, found 0x1b",
            ),
            (0x14, 0x72, "offset of the boot path at 0x14 of the value: expected 0x1c to 0x72, found 0x72"),
            (0x18, 9, "length of the options at 0x18 of the value: expected at most 0x8, found 0x9"),
            (0x30, 0, "version of the boot path at 0x30 of the value: expected 0x1, found 0x0"),
            (0x34, 0x43, "length of the boot path at 0x34 of the value: expected 0xc to 0x42, found 0x43"),
            (0x38, 3, "type of the boot path at 0x38 of the value: expected 0x4, found 0x3"),
        ];
        for (at, number, message) in cases {
            let mut value = good();
            value[at..at + 4].copy_from_slice(&number.to_le_bytes());
            assert_eq!(FirmwareVariable::decode(&value).unwrap_err().to_string(), message, "{at:#x}");
        }
    }

    #[test]
    fn a_name_ends() {
        let mut value = good();
        value[0x24..0x30].fill(1);
        let message = "friendly name at 0x24 of the value: expected NUL-terminated text, found 0xc bytes";
        assert_eq!(FirmwareVariable::decode(&value).unwrap_err().to_string(), message);
    }

    /// Cut anywhere, and any byte anything: an answer or an error.
    #[test]
    fn any_byte_may_be_wrong() {
        let good = good();
        assert!((0..good.len()).all(|len| FirmwareVariable::decode(&good[..len]).is_err()));
        let mut read = 0;
        for at in 0..good.len() {
            for byte in 0..=u8::MAX {
                let mut value = good.clone();
                value[at] = byte;
                if let Ok(variable) = FirmwareVariable::decode(&value) {
                    read += 1;
                    let ends = variable.hard_drives.iter().map(|drive| drive.signature_type.at + 1);
                    assert!(ends.chain([variable.os_options.end]).all(|end| end <= value.len()));
                }
            }
        }
        assert!(read > 0);
    }
}
