//! EFI device paths, as far as they name partitions and files.
//!
//! UEFI Specification, "Generic Device Path Structures", "Hard Drive Media Device Path" and "File Path Media Device
//! Path". A path is a row of nodes (type, subtype, `u16` length of the whole node) that an end node closes. Nodes of
//! other kinds are stepped over by their length.

use crate::bcd::firmware_variable_error::FirmwareVariableError;
use crate::bytes;
use crate::guid::Guid;

/// Type, subtype and length.
pub(super) const HEADER_SIZE: usize = 4;
/// Type and subtype of the node that closes a path.
const END: [u8; 2] = [0x7f, 0xff];
/// Type and subtype of a partition.
pub(super) const HARD_DRIVE: [u8; 2] = [0x04, 0x01];
/// Type and subtype of a file.
pub(super) const FILE: [u8; 2] = [0x04, 0x04];
/// Length of the node of a partition.
const HARD_DRIVE_SIZE: usize = 0x2a;

/// `PartitionFormat` of a disk with an MBR.
pub const FORMAT_MBR: u8 = 1;
/// `PartitionFormat` of a disk with a GPT.
pub const FORMAT_GPT: u8 = 2;
/// `SignatureType` of an MBR disk signature.
pub const SIGNATURE_MBR: u8 = 1;
/// `SignatureType` of a GUID.
pub const SIGNATURE_GUID: u8 = 2;

/// A field with its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Field<T> {
    /// Bytes from the start of the value that holds the path.
    pub at: usize,
    /// What stands there.
    pub value: T,
}

/// A node that names a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HardDrive {
    /// Bytes from the start of the value to the node.
    pub at: usize,
    /// Number of the partition in the table, from 1; 0 for the whole disk.
    pub partition_number: Field<u32>,
    /// First block of the partition, in the disk's logical blocks.
    pub start_lba: Field<u64>,
    /// Blocks of the partition.
    pub lba_count: Field<u64>,
    /// The partition's GUID, or the disk's signature and twelve zeros.
    pub signature: Field<[u8; 16]>,
    /// [`FORMAT_MBR`] or [`FORMAT_GPT`].
    pub format: Field<u8>,
    /// [`SIGNATURE_MBR`], [`SIGNATURE_GUID`], or 0 for none.
    pub signature_type: Field<u8>,
}

/// A node that names a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilePath {
    /// Bytes from the start of the value to the node.
    pub at: usize,
    /// The path, with backslashes.
    pub path: String,
}

/// What identifies the partition of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DriveSignature {
    /// The disk's signature, on a disk with an MBR.
    Mbr(u32),
    /// The partition's own GUID, on a disk with a GPT.
    Gpt(Guid),
}

impl HardDrive {
    fn decode(value: &[u8], at: usize) -> Option<Self> {
        let place = |field: usize| at.checked_add(field);
        let u64_at = |field| Some(Field { at: place(field)?, value: bytes::le_u64(value, place(field)?)? });
        let byte = |field| Some(Field { at: place(field)?, value: *value.get(place(field)?)? });
        Some(Self {
            at,
            partition_number: Field { at: place(0x04)?, value: bytes::le_u32(value, place(0x04)?)? },
            start_lba: u64_at(0x08)?,
            lba_count: u64_at(0x10)?,
            signature: Field { at: place(0x18)?, value: bytes::array(value, place(0x18)?)? },
            format: byte(0x28)?,
            signature_type: byte(0x29)?,
        })
    }

    /// The identity, where format and type of the signature agree; `None` for none, or for kinds that are not known.
    #[must_use]
    pub fn identity(&self) -> Option<DriveSignature> {
        match (self.format.value, self.signature_type.value) {
            (FORMAT_MBR, SIGNATURE_MBR) => bytes::le_u32(&self.signature.value, 0).map(DriveSignature::Mbr),
            (FORMAT_GPT, SIGNATURE_GUID) => Some(DriveSignature::Gpt(Guid::from_bytes(self.signature.value))),
            _ => None,
        }
    }
}

/// What the paths of a value name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Nodes {
    pub(super) hard_drives: Vec<HardDrive>,
    pub(super) files: Vec<FilePath>,
}

/// Reads the paths that stand in `value` from `at` to `end`.
///
/// An entry of the firmware is a list of paths: the first is what starts, the others are the firmware maker's. After the
/// end of the first one there may be anything; it is read as long as it is a path that ends.
pub(super) fn decode(value: &[u8], at: usize, end: usize) -> Result<Nodes, FirmwareVariableError> {
    let mut nodes = Nodes::default();
    let mut next = path(value, at, end, &mut nodes)?;
    while next < end {
        let mut more = Nodes::default();
        let Ok(after) = path(value, next, end, &mut more) else { break };
        nodes.hard_drives.append(&mut more.hard_drives);
        nodes.files.append(&mut more.files);
        next = after;
    }
    Ok(nodes)
}

/// Reads one path; gives the offset behind its end.
fn path(value: &[u8], start: usize, end: usize, nodes: &mut Nodes) -> Result<usize, FirmwareVariableError> {
    let value = value.get(..end).unwrap_or(value);
    let mut at = start;
    loop {
        let len = node_len(value, at)?;
        let next = at.saturating_add(len);
        let kind: [u8; 2] = bytes::array(value, at).unwrap_or_default();
        match kind {
            END => return Ok(next),
            HARD_DRIVE => {
                let drive = (len == HARD_DRIVE_SIZE).then(|| HardDrive::decode(value, at)).flatten();
                nodes.hard_drives.push(drive.ok_or_else(|| FirmwareVariableError::Field {
                    what: "length of a hard drive node",
                    at,
                    expected: format!("{HARD_DRIVE_SIZE:#x}"),
                    found: format!("{len:#x}"),
                })?);
            }
            FILE => {
                let text = value.get(at.saturating_add(HEADER_SIZE)..next).unwrap_or_default();
                nodes.files.push(FilePath { at, path: bytes::utf16le_until_nul(text) });
            }
            _ => {}
        }
        at = next;
    }
}

fn node_len(value: &[u8], at: usize) -> Result<usize, FirmwareVariableError> {
    let room = value.len().saturating_sub(at);
    let field = |expected: String, found: String| FirmwareVariableError::Field {
        what: "node of a device path",
        at,
        expected,
        found,
    };
    let len = at.checked_add(2).and_then(|length| bytes::le_u16(value, length));
    let Some(len) = len.map(usize::from).filter(|_| room >= HEADER_SIZE) else {
        return Err(field("a node, or the end of the path".into(), format!("{room:#x} bytes")));
    };
    if (HEADER_SIZE..=room).contains(&len) {
        return Ok(len);
    }
    Err(field(format!("a length of {HEADER_SIZE:#x} to {room:#x}"), format!("{len:#x}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A partition of a disk with a GPT, as a Windows 10 store has it.
    const DRIVE: &str =
        "04012a00 01000000 0008000000000000 0018080000000000 5539be36bf636840a6ab00195cca3a22 0202";

    fn unhex(hex: &str) -> Vec<u8> {
        bytes::from_hex(&hex.split_whitespace().collect::<String>()).unwrap()
    }

    fn read(hex: &str) -> Result<Nodes, FirmwareVariableError> {
        let value = unhex(hex);
        decode(&value, 0, value.len())
    }

    #[test]
    fn a_partition_and_a_file() {
        let nodes = read(&format!("{DRIVE} 04040800 5c006100 7fff0400")).unwrap();
        let [drive] = nodes.hard_drives[..] else { panic!("{nodes:?}") };
        assert_eq!(drive.partition_number, Field { at: 4, value: 1 });
        assert_eq!(drive.start_lba, Field { at: 8, value: 0x800 });
        assert_eq!(drive.lba_count, Field { at: 0x10, value: 0x8_1800 });
        assert_eq!((drive.signature.at, drive.format.at, drive.signature_type.at), (0x18, 0x28, 0x29));
        let guid = Guid::from_u128(0x36be3955_63bf_4068_a6ab_00195cca3a22);
        assert_eq!(drive.identity(), Some(DriveSignature::Gpt(guid)));
        assert_eq!(nodes.files, [FilePath { at: 0x2a, path: r"\a".into() }]);
    }

    #[test]
    fn a_signature_of_another_kind_is_no_identity() {
        for (kind, expected) in [
            ("0101", Some(DriveSignature::Mbr(0x36be_3955))),
            ("0102", None),
            ("0201", None),
            ("0100", None),
            ("0000", None),
        ] {
            let nodes = read(&format!("{}{kind}7fff0400", DRIVE.trim_end_matches("0202"))).unwrap();
            assert_eq!(nodes.hard_drives[0].identity(), expected, "{kind}");
        }
    }

    /// Firmware of Apple's has the maker's node first, a path of its own, and then the partition.
    #[test]
    fn further_paths_are_read_and_stray_bytes_are_not() {
        let nodes = read(&format!("01040600aabb 7fff0400 {DRIVE} 7fff0400")).unwrap();
        assert_eq!(nodes.hard_drives[0].at, 10);
        for stray in ["aa550000", "00", "04012a00", "0401040001040500aa"] {
            let nodes = read(&format!("{DRIVE} 7fff0400 {stray}")).unwrap();
            assert_eq!(nodes.hard_drives.len(), 1, "{stray}");
        }
    }

    #[test]
    fn what_is_no_path_is_named() {
        for (hex, message) in [
            (
                "",
                "node of a device path at 0x0 of the value: expected a node, or the end of the path, found 0x0 bytes",
            ),
            (
                "04040300",
                "node of a device path at 0x0 of the value: expected a length of 0x4 to 0x4, found 0x3",
            ),
            (
                "04040500",
                "node of a device path at 0x0 of the value: expected a length of 0x4 to 0x4, found 0x5",
            ),
            ("0401040000", "length of a hard drive node at 0x0 of the value: expected 0x2a, found 0x4"),
            (
                "01010400",
                "node of a device path at 0x4 of the value: expected a node, or the end of the path, found 0x0 bytes",
            ),
        ] {
            assert_eq!(read(hex).unwrap_err().to_string(), message, "{hex}");
        }
    }
}
