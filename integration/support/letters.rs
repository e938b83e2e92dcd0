//! SYSTEM hives with drive letters, and disks that have them.

use std::fs;

use bcdrescue::guid::Guid;
use bcdrescue::hive::BaseBlock;
use bcdrescue::hive::build::NewKey;
use bcdrescue::hive::build::NewValue;
use bcdrescue::hive::build::build;

use crate::support::disk::Disk;
use crate::support::disk::MIB;
use crate::support::judges::ntfs_file;
use crate::support::judges::put_ntfs;
use crate::support::parts::change;
use crate::support::parts::change_listed;
use crate::support::parts::cut;
use crate::support::parts::partitions;

pub const SYSTEM: &str = "/Windows/System32/config/SYSTEM";

/// The old and the new signature of `win10-bios`, and where its partitions begin.
pub const OLD: u32 = 0xc3a1_f00d;

pub const NEW: u32 = 0x4e21_b6aa;

pub const STARTS: [u64; 2] = [MIB, 581 * MIB];

/// Names and data of the values of `MountedDevices`.
pub type Letters<'a> = Vec<(&'a str, Vec<u8>)>;

pub fn mbr(signature: u32, offset: u64) -> Vec<u8> {
    [signature.to_le_bytes().as_slice(), &offset.to_le_bytes()].concat()
}

pub fn gpt(guid: &str) -> Vec<u8> {
    [b"DMIO:ID:".as_slice(), guid.parse::<Guid>().unwrap().bytes()].concat()
}

/// The text of a device interface, as sticks and CD drives have it.
pub fn stick() -> Vec<u8> {
    r"_??_USBSTOR#Disk&Ven_A#0#{53f56307-b6bf-11d0-94f2-00a0c91efb8b}"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect()
}

pub fn key(name: &str, values: Letters<'_>, subkeys: Vec<NewKey>) -> NewKey {
    let value = |(name, data): (&str, Vec<u8>)| NewValue { name: name.into(), data_type: 3, data };
    NewKey { name: name.into(), values: values.into_iter().map(value).collect(), subkeys }
}

/// A SYSTEM hive with these letters, and so many bytes of other things before them.
pub fn system_hive(letters: Letters<'_>, other: usize) -> Vec<u8> {
    let services = (0..other / 32000)
        .map(|index| key(&format!("Service{index:04}"), vec![("Data", vec![7; 32000])], vec![]));
    let control = key(
        "ControlSet001",
        vec![],
        vec![key("Services", vec![("Rest", vec![1; other % 32000])], services.collect())],
    );
    let select = key("Select", vec![("Current", vec![1, 0, 0, 0])], vec![]);
    let root = key("ROOT", vec![], vec![control, key("MountedDevices", letters, vec![]), select]);
    build(&root, 0x01d0_0000_0000_0000).unwrap()
}

/// The letters of `win10-bios` by that signature, and those of other disks.
pub fn windows_10(signature: u32) -> Letters<'static> {
    vec![
        (r"\DosDevices\C:", mbr(signature, STARTS[1])),
        (r"\??\Volume{11111111-2222-3333-4444-555555555555}", mbr(signature, STARTS[1])),
        (r"\??\Volume{11111111-2222-3333-4444-555555555556}", mbr(signature, STARTS[0])),
        (r"\DosDevices\D:", stick()),
        (r"\DosDevices\E:", mbr(0x0bad_cafe, MIB)),
        (r"\DosDevices\F:", gpt("aaaaaaaa-3b1d-4c01-9a2c-0242ac1b0003")),
        (r"\DosDevices\G:", mbr(signature, 7 * MIB)),
        ("", vec![9; 12]),
    ]
}

pub fn put(disk: &Disk, number: u32, path: &str, bytes: &[u8]) {
    change(disk, number, |volume| put_ntfs(volume, path, bytes));
}

pub fn get(disk: &Disk, number: u32, path: &str) -> Vec<u8> {
    let part = partitions(&disk.path).into_iter().find(|part| part.number == number).unwrap();
    let file = cut(&disk.path, part.start, part.len);
    let bytes = ntfs_file(&file, path);
    fs::remove_file(file).unwrap();
    bytes
}

/// A test disk whose Windows, on that partition, has this hive.
pub fn disk_with(name: &str, number: u32, hive: &[u8]) -> Disk {
    put_hive(Disk::raw(name), number, hive)
}

/// The disk with this SYSTEM hive on the partition with this number.
pub fn put_hive(disk: Disk, number: u32, hive: &[u8]) -> Disk {
    change_listed(&disk, number, |volume| put_ntfs(volume, SYSTEM, hive));
    disk
}

/// `win10-bios` with its own letters.
pub fn windows_10_disk() -> Disk {
    disk_with("win10-bios", 2, &system_hive(windows_10(OLD), 0))
}

pub const WINDOWS: &str = "5f3c0104-3b1d-4c01-9a2c-0242ac1b0004";

pub fn windows_11() -> Letters<'static> {
    vec![
        (r"\DosDevices\C:", gpt(WINDOWS)),
        (r"\??\Volume{22222222-2222-3333-4444-555555555555}", gpt(WINDOWS)),
        (r"\??\Volume{22222222-2222-3333-4444-555555555556}", gpt(ESP)),
        (r"\DosDevices\D:", gpt("aaaaaaaa-3b1d-4c01-9a2c-0242ac1b0003")),
        (r"\DosDevices\E:", stick()),
        (r"\DosDevices\F:", mbr(0x0bad_cafe, MIB)),
    ]
}

/// The GUIDs that the stores of `win11-uefi` name.
pub const ESP: &str = "5f3c0102-3b1d-4c01-9a2c-0242ac1b0002";

/// Gives a hive whose base block was changed its checksum.
pub fn seal(bytes: &mut [u8]) {
    let sum = BaseBlock::checksum(bytes).unwrap();
    bytes[0x1fc..0x200].copy_from_slice(&sum.to_le_bytes());
}
