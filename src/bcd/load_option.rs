//! `Boot####`: an entry of the firmware's own boot menu, as it stands in the firmware's memory.
//!
//! UEFI Specification, "Load Options" (`EFI_LOAD_OPTION`): attributes, the length of the paths, a name, the paths, and data
//! that the firmware hands to the program. In that of Windows the program finds the object of the store that it is (the
//! same bytes are the options for the operating system of a `FirmwareVariable`, see
//! [`firmware_variable`](crate::bcd::firmware_variable)).

use crate::bcd::device_path;
use crate::bcd::device_path::DriveSignature;
use crate::bcd::device_path::FORMAT_GPT;
use crate::bcd::device_path::FORMAT_MBR;
use crate::bcd::device_path::FilePath;
use crate::bcd::device_path::HardDrive;
use crate::bcd::device_path::SIGNATURE_GUID;
use crate::bcd::device_path::SIGNATURE_MBR;
use crate::bcd::firmware_variable_error::FirmwareVariableError;
use crate::bcd::hard_drive_edit::DrivePartition;
use crate::bcd::object_id::BOOTMGR;
use crate::bytes;

/// The name that Windows gives its entry.
pub const WINDOWS_NAME: &str = "Windows Boot Manager";
/// The program that Windows' entry starts.
pub const WINDOWS_FILE: &str = r"\EFI\Microsoft\Boot\bootmgfw.efi";

/// `LOAD_OPTION_ACTIVE`: the firmware starts the entry by itself, in its turn.
const ACTIVE: u32 = 1;
/// Attributes, and the length of the paths.
const HEADER_SIZE: usize = 6;
/// Version of the data of Windows, and of the path in it.
const VERSION: u32 = 1;
/// Where in that data the options begin, and with them the text that names the object.
const OPTIONS_AT: usize = 0x14;
/// Where in that data the path of the program's loader stands, which names none.
const LOAD_PATH_AT: usize = 0x78;
/// Length of that data.
const DATA_SIZE: usize = 0x88;
/// The node that closes a path.
const END: [u8; 4] = [0x7f, 0xff, 0x04, 0x00];
/// Kind of a `FILE_PATH` that holds an EFI device path.
const FILE_PATH_EFI: u32 = 4;

/// An entry of the firmware's boot menu.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadOption {
    /// Bit 0 active; others as the firmware has them.
    pub attributes: u32,
    /// Its name.
    pub name: String,
    /// The partitions that its paths name; offsets are within the value.
    pub hard_drives: Vec<HardDrive>,
    /// The files that its paths name.
    pub files: Vec<FilePath>,
    /// What the firmware hands to the program.
    pub data: Vec<u8>,
}

impl LoadOption {
    /// Reads the value of the variable.
    ///
    /// # Errors
    /// [`FirmwareVariableError::Field`], with the offset within `value`.
    pub fn decode(value: &[u8]) -> Result<Self, FirmwareVariableError> {
        let cut = |what, at| FirmwareVariableError::Field {
            what,
            at,
            expected: "a load option".into(),
            found: format!("the end at {:#x}", value.len()),
        };
        let attributes = bytes::le_u32(value, 0).ok_or_else(|| cut("attributes", 0))?;
        let paths = bytes::le_u16(value, 4).ok_or_else(|| cut("length of the paths", 4))?;
        let name = value.get(HEADER_SIZE..).unwrap_or_default();
        let units = name.chunks_exact(2).position(|unit| unit == [0, 0]);
        let units = units.ok_or_else(|| cut("name", HEADER_SIZE))?;
        let start = HEADER_SIZE.saturating_add(units.saturating_add(1).saturating_mul(2));
        let end = start.saturating_add(paths.into());
        let data = value.get(end..).ok_or_else(|| cut("paths", start))?.to_vec();
        let nodes = device_path::decode(value, start, end)?;
        Ok(Self {
            attributes,
            name: bytes::utf16le_until_nul(name),
            hard_drives: nodes.hard_drives,
            files: nodes.files,
            data,
        })
    }

    /// Whether it is active, and starts Windows' boot manager from this partition.
    #[must_use]
    pub fn starts_windows(&self, partition: &DrivePartition) -> bool {
        let is_it = |drive: &HardDrive| {
            drive.partition_number.value == partition.number && drive.identity() == Some(partition.signature)
        };
        let is_manager = |file: &FilePath| file.path.eq_ignore_ascii_case(WINDOWS_FILE);
        self.attributes & ACTIVE != 0
            && self.hard_drives.iter().any(is_it)
            && self.files.iter().any(is_manager)
    }
}

/// The entry that Windows makes for its boot manager on this partition.
#[must_use]
pub fn windows(partition: &DrivePartition) -> Vec<u8> {
    let paths = [hard_drive(partition), file(WINDOWS_FILE), END.to_vec()].concat();
    let mut value = ACTIVE.to_le_bytes().to_vec();
    value.extend(u16::try_from(paths.len()).unwrap_or(u16::MAX).to_le_bytes());
    value.extend(text(WINDOWS_NAME));
    value.extend(paths);
    value.extend(windows_data());
    value
}

/// What the entry of Windows has for its program: which object of the store it is.
#[must_use]
pub fn windows_data() -> Vec<u8> {
    let mut data = vec![0; DATA_SIZE];
    let number = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    let numbers = [
        (0x08, VERSION),
        (0x0c, number(DATA_SIZE)),
        (0x10, number(LOAD_PATH_AT)),
        (LOAD_PATH_AT, VERSION),
        (0x7c, number(DATA_SIZE.saturating_sub(LOAD_PATH_AT))),
        (0x80, FILE_PATH_EFI),
    ];
    bytes::put(&mut data, 0, b"WINDOWS\0");
    for (at, number) in numbers {
        bytes::put(&mut data, at, &number.to_le_bytes());
    }
    bytes::put(&mut data, OPTIONS_AT, &text(&format!("BCDOBJECT={}", BOOTMGR.braced())));
    bytes::put(&mut data, 0x84, &END);
    data
}

fn hard_drive(partition: &DrivePartition) -> Vec<u8> {
    let (signature, kind) = match partition.signature {
        DriveSignature::Mbr(signature) => {
            ([signature.to_le_bytes().as_slice(), &[0; 12]].concat(), [FORMAT_MBR, SIGNATURE_MBR])
        }
        DriveSignature::Gpt(partition) => (partition.bytes().to_vec(), [FORMAT_GPT, SIGNATURE_GUID]),
    };
    let mut fields = partition.number.to_le_bytes().to_vec();
    fields.extend(partition.start_lba.to_le_bytes());
    fields.extend(partition.lba_count.to_le_bytes());
    fields.extend(signature);
    fields.extend(kind);
    node(device_path::HARD_DRIVE, &fields)
}

fn file(path: &str) -> Vec<u8> {
    node(device_path::FILE, &text(path))
}

/// A node: its kind, the length of the whole, and what it says.
fn node(kind: [u8; 2], fields: &[u8]) -> Vec<u8> {
    let len = device_path::HEADER_SIZE.saturating_add(fields.len());
    let len = u16::try_from(len).unwrap_or(u16::MAX);
    [kind.as_slice(), &len.to_le_bytes(), fields].concat()
}

/// UTF-16 with its NUL.
fn text(text: &str) -> Vec<u8> {
    bytes::utf16le(&format!("{text}\0"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guid::Guid;

    const GUID: Guid = Guid::from_u128(0x36be3955_63bf_4068_a6ab_00195cca3a22);

    fn named(signature: DriveSignature) -> DrivePartition {
        DrivePartition { number: 1, start_lba: 0x800, lba_count: 0x8_1800, signature }
    }

    /// Each field where the specification has it, spelled out by hand.
    #[test]
    fn every_byte_of_an_entry() {
        let path: String = r"\EFI\Microsoft\Boot\bootmgfw.efi"
            .chars()
            .map(|it| format!("{:02x}00", u32::from(it)))
            .collect();
        let name: String =
            "Windows Boot Manager".chars().map(|it| format!("{:02x}00", u32::from(it))).collect();
        let object: String = "BCDOBJECT={9dea862c-5cdd-4e70-acc1-f32b344d4795}"
            .chars()
            .map(|it| format!("{:02x}00", u32::from(it)))
            .collect();
        let expected = [
            "01000000 7400",
            &name,
            "0000",
            "04012a00 01000000 0008000000000000 0018080000000000 5539be36bf636840a6ab00195cca3a22 0202",
            "04044600",
            &path,
            "0000",
            "7fff0400",
            "57494e444f575300 01000000 88000000 78000000",
            &object,
            "0000 0000",
            "01000000 10000000 04000000 7fff0400",
        ];
        let expected: String = expected.concat().split_whitespace().collect();
        assert_eq!(bytes::hex(&windows(&named(DriveSignature::Gpt(GUID)))), expected);
    }

    #[test]
    fn what_is_written_is_read() {
        let mbr = DriveSignature::Mbr(0x3623_4da4);
        for signature in [DriveSignature::Gpt(GUID), mbr] {
            let partition = named(signature);
            let value = windows(&partition);
            let read = LoadOption::decode(&value).unwrap();
            assert_eq!((read.attributes, read.name.as_str()), (1, "Windows Boot Manager"));
            let [drive] = read.hard_drives[..] else { panic!("{read:?}") };
            assert_eq!(drive.identity(), Some(signature));
            let place = (drive.partition_number.value, drive.start_lba.value, drive.lba_count.value);
            assert_eq!(place, (1, 0x800, 0x8_1800));
            let [file] = &read.files[..] else { panic!("{read:?}") };
            assert_eq!(file.path, r"\EFI\Microsoft\Boot\bootmgfw.efi");
            assert_eq!((read.data.len(), &read.data[..8]), (0x88, &b"WINDOWS\0"[..]));
            assert!(read.starts_windows(&partition));
        }
        let value = windows(&named(mbr));
        assert_eq!(value[0x48..0x5a], [&[0xa4, 0x4d, 0x23, 0x36][..], &[0; 12], &[1, 1]].concat());
    }

    #[test]
    fn another_partition_another_file_and_an_entry_that_is_off_do_not_start_it() {
        let partition = named(DriveSignature::Gpt(GUID));
        let read = LoadOption::decode(&windows(&partition)).unwrap();
        assert!(!read.starts_windows(&DrivePartition { number: 2, ..partition }));
        assert!(!read.starts_windows(&named(DriveSignature::Gpt(Guid::from_u128(1)))));
        assert!(!LoadOption { attributes: 0, ..read.clone() }.starts_windows(&partition));
        assert!(!LoadOption { files: Vec::new(), ..read.clone() }.starts_windows(&partition));
        // Firmware may write the path in upper case.
        let mut upper = read;
        upper.files[0].path.make_ascii_uppercase();
        assert!(upper.starts_windows(&partition));
    }

    /// Cut anywhere, and any byte anything: an answer or an error.
    #[test]
    fn any_byte_may_be_wrong() {
        let good = windows(&named(DriveSignature::Gpt(GUID)));
        // What is cut off within its data is still an entry.
        let paths_end = good.len() - 0x88;
        assert!((0..paths_end).all(|len| LoadOption::decode(&good[..len]).is_err()));
        assert!((paths_end..good.len()).all(|len| LoadOption::decode(&good[..len]).is_ok()));
        for at in 0..good.len() {
            for byte in 0..=u8::MAX {
                let mut value = good.clone();
                value[at] = byte;
                let _ = LoadOption::decode(&value);
            }
        }
    }
}
