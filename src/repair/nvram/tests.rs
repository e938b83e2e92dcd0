use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use crate::bcd::device_path::DriveSignature;
use crate::bcd::hard_drive_edit::DrivePartition;
use crate::bcd::load_option;
use crate::guid::Guid;
use crate::repair::nvram::FirmwareEntry;
use crate::repair::nvram::NvramError;
use crate::repair::nvram::TakenBack;
use crate::repair::nvram::variables::Variables;

const GLOBAL: &str = "8be4df61-93ca-11d2-aa0d-00e098032b8c";

/// A folder in place of efivarfs.
struct Folder(TempDir);

impl Folder {
    fn new(variables: &[(&str, &[u8])]) -> Self {
        let folder = Self(tempfile::tempdir().unwrap());
        for (name, value) in variables {
            fs::write(folder.file(name), [&[7, 0, 0, 0], *value].concat()).unwrap();
        }
        folder
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.path().join(format!("{name}-{GLOBAL}"))
    }

    fn bytes(&self, name: &str) -> Option<Vec<u8>> {
        fs::read(self.file(name)).ok()
    }

    /// Every file with its bytes.
    fn all(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let files = fs::read_dir(self.0.path()).unwrap().map(|entry| entry.unwrap().path());
        let mut all: Vec<_> = files.map(|path| (path.clone(), fs::read(path).unwrap())).collect();
        all.sort();
        all
    }
}

fn entry(number: u16, order: &[u16]) -> FirmwareEntry {
    let signature = DriveSignature::Gpt(Guid::from_u128(1));
    let partition = DrivePartition { number: 1, start_lba: 0x800, lba_count: 0x1000, signature };
    FirmwareEntry { number, partition: 1, value: load_option::windows(&partition), order: order.to_vec() }
}

#[test]
fn only_entries_of_the_boot_menu_have_a_number() {
    let folder = Folder::new(&[
        ("Boot0000", b""),
        ("Boot000A", b""),
        ("BootOrder", b"\x0a\0\0\0"),
        ("BootCurrent", b"\0\0"),
        ("Boot00GG", b""),
        ("Key0001", b""),
    ]);
    fs::write(folder.0.path().join("Boot0007-00000000-93ca-11d2-aa0d-00e098032b8c"), b"").unwrap();
    let variables = Variables::open(folder.0.path()).unwrap();
    assert_eq!(variables.numbers().unwrap(), [0, 10]);
    assert_eq!(variables.order().unwrap(), [10, 0]);
    fs::write(folder.file("BootOrder"), b"\x07\0\0\0\x01").unwrap();
    let error = variables.order().unwrap_err();
    assert!(matches!(error, NvramError::Invalid { found: 1, .. }), "{error}");
}

#[test]
fn it_comes_first_and_goes_without_a_trace() {
    let before = Folder::new(&[("Boot0000", b"other"), ("BootOrder", b"\0\0\x05\0")]);
    let entry = entry(3, &[0, 5]);
    let original = before.all();
    entry.make(before.0.path()).unwrap();
    assert_eq!(before.bytes("BootOrder").unwrap(), b"\x07\0\0\0\x03\0\0\0\x05\0");
    let made = before.bytes("Boot0003").unwrap();
    assert_eq!((&made[..4], &made[4..]), (&[7, 0, 0, 0][..], &entry.value[..]));
    assert!(entry.is_there(before.0.path()).unwrap());
    assert_eq!(entry.take_back(before.0.path()).unwrap(), TakenBack::Removed);
    assert_eq!(before.all(), original);
    assert_eq!(entry.take_back(before.0.path()).unwrap(), TakenBack::Gone);
}

#[test]
fn without_an_order_it_is_the_only_one() {
    let folder = Folder::new(&[]);
    let entry = entry(0, &[]);
    entry.make(folder.0.path()).unwrap();
    assert_eq!(folder.bytes("BootOrder").unwrap(), [7, 0, 0, 0, 0, 0]);
    assert_eq!(entry.take_back(folder.0.path()).unwrap(), TakenBack::Removed);
    assert_eq!(folder.all(), []);
}

#[test]
fn what_changed_since_is_left_alone() {
    let folder = Folder::new(&[("BootOrder", b"\0\0")]);
    let original = folder.all();
    let error = entry(3, &[]).make(folder.0.path()).unwrap_err();
    assert!(matches!(error, NvramError::Changed(name) if name == "BootOrder"));
    assert_eq!(folder.all(), original);

    let entry = entry(3, &[0]);
    entry.make(folder.0.path()).unwrap();
    assert!(matches!(entry.make(folder.0.path()), Err(NvramError::Changed(_))));
    let mut other = folder.bytes("Boot0003").unwrap();
    other[10] ^= 0x20;
    fs::write(folder.file("Boot0003"), &other).unwrap();
    let changed = folder.all();
    assert!(!entry.is_there(folder.0.path()).unwrap());
    assert_eq!(entry.take_back(folder.0.path()).unwrap(), TakenBack::Other);
    assert_eq!(folder.all(), changed);
}

/// The order was changed since: only the entry goes from it.
#[test]
fn an_order_that_has_grown_keeps_what_is_new() {
    let folder = Folder::new(&[("BootOrder", b"\0\0")]);
    let entry = entry(3, &[0]);
    entry.make(folder.0.path()).unwrap();
    fs::write(folder.file("BootOrder"), b"\x07\0\0\0\x09\0\x03\0\0\0").unwrap();
    assert_eq!(entry.take_back(folder.0.path()).unwrap(), TakenBack::Removed);
    assert_eq!(folder.bytes("BootOrder").unwrap(), b"\x07\0\0\0\x09\0\0\0");
}

/// Nothing is left of an entry whose order cannot be set.
#[test]
fn half_an_entry_is_none() {
    let folder = Folder::new(&[]);
    fs::create_dir(folder.file("BootOrder")).unwrap();
    let error = entry(3, &[]).make(folder.0.path()).unwrap_err();
    assert!(matches!(error, NvramError::Io { .. }), "{error}");
    assert_eq!(folder.bytes("Boot0003"), None);
}

#[test]
fn a_machine_without_variables_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = folder.path().join("efivars");
    let error = entry(3, &[]).make(&nowhere).unwrap_err();
    assert_eq!(error.to_string(), format!("no firmware variables: {} is not there", nowhere.display()));
    assert_eq!(error.cure(), Some("boot the rescue system in UEFI mode"));
}

/// An entry in an undo record.
#[test]
fn a_record_has_every_byte() {
    let entry = entry(3, &[0, 5]);
    let text = serde_json::to_string(&entry).unwrap();
    assert!(text.starts_with(r#"{"number":3,"partition":1,"value":"010000007400"#), "{text}");
    assert_eq!(serde_json::from_str::<FirmwareEntry>(&text).unwrap(), entry);
    assert!(serde_json::from_str::<FirmwareEntry>(&text.replace("010000007400", "0x")).is_err());
}
