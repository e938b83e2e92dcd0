//! Which Windows is on a disk: hives and programs of the test disks beside what hivex sees, and what the program says.

use std::collections::BTreeMap;

use crate::support::Disk;
use crate::support::cut;
use crate::support::hivex;
use crate::support::ntfs_file;
use crate::support::partitions;

/// A file of the volume with this number, by ntfscat; backward slashes are its business.
fn file(disk: &Disk, number: u32, path: &str) -> Vec<u8> {
    let part = partitions(&disk.path).into_iter().find(|part| part.number == number).unwrap();
    let volume = cut(&disk.path, part.start, part.len);
    let bytes = ntfs_file(&volume, path);
    std::fs::remove_file(volume).unwrap();
    bytes
}

/// The values of one key by their names, as hivex reads them.
fn values(hive: &[u8], key: &str) -> BTreeMap<String, String> {
    let all = hivex(hive);
    let root = all.keys().next().unwrap().clone();
    let below = format!("{root}\\{key}\\");
    let values =
        all.into_iter().filter_map(|(path, value)| Some((path.strip_prefix(&below)?.to_owned(), value)));
    values.collect()
}

#[test]
fn hivex_reads_the_hives_of_the_test_disks() {
    let disk = Disk::raw("win10-bios");
    let key = "Microsoft\\Windows NT\\CurrentVersion";
    let software = values(&file(&disk, 2, "/Windows/System32/config/SOFTWARE"), key);
    for (name, value) in [
        ("ProductName", "string  Windows 10 Pro"),
        ("CurrentBuildNumber", "string  19045"),
        ("DisplayVersion", "string  22H2"),
        ("UBR", "int32  3803"),
        ("InstallationType", "string  Client"),
    ] {
        assert_eq!(software[name], value, "{name}");
    }
    let system = file(&disk, 2, "/Windows/System32/config/SYSTEM");
    assert_eq!(values(&system, "Select")["Current"], "int32  1");
    // Windows as it was when its identity was the old one: the signature, and 581 MiB in bytes.
    assert_eq!(values(&system, "MountedDevices")["\\DosDevices\\C:"], "binary base64 DfChwwAAUCQAAAAA");
}

#[test]
fn re_agent_names_the_disk_as_it_was() {
    let disk = Disk::raw("win10-bios");
    let text = String::from_utf8(file(&disk, 2, "/Windows/System32/Recovery/ReAgent.xml")).unwrap();
    // 0xc3a1f00d in decimal.
    assert!(text.contains("id=\"3282169869\" offset=\"1048576\" guid=\"{00000000-"), "{text}");
    assert!(text.contains("<WinreBCD id=\"{5f3c4a92-3b1d-11ee-a2c4-0242ac1b0001}\"/>"), "{text}");
    let disk = Disk::raw("win11-uefi");
    let text = String::from_utf8(file(&disk, 3, "/Windows/System32/Recovery/ReAgent.xml")).unwrap();
    let place = "id=\"0\" offset=\"938475520\" guid=\"{5f3c0101-3b1d-4c01-9a2c-0242ac1b0001}\"";
    assert!(text.contains(place), "{text}");
}
