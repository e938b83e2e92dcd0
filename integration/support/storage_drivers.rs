//! SYSTEM hives with services of storage drivers, and volumes with the files of those.

use std::fs;

use bcdrescue::bytes;
use bcdrescue::hive::build::NewKey;
use bcdrescue::hive::build::NewValue;
use bcdrescue::hive::build::build;
use bcdrescue::volume::NewEntry;
use bcdrescue::volume::VolumeWriter;

use crate::support::disk::Disk;
use crate::support::judges::ntfs_file;
use crate::support::judges::put_ntfs;
use crate::support::letters::SYSTEM;
use crate::support::letters::seal;
use crate::support::parts::change_listed;
use crate::support::sparse::SparseRam;

/// A text value.
pub fn text(name: &str, text: &str) -> NewValue {
    NewValue { name: name.into(), data_type: 1, data: bytes::utf16le(&format!("{text}\0")) }
}

/// A list of texts.
pub fn texts(name: &str, texts: &[&str]) -> NewValue {
    let data = texts.iter().map(|text| format!("{text}\0")).collect::<String>() + "\0";
    NewValue { name: name.into(), data_type: 7, data: bytes::utf16le(&data) }
}

/// A number.
pub fn dword(name: &str, value: u32) -> NewValue {
    NewValue { name: name.into(), data_type: 4, data: value.to_le_bytes().to_vec() }
}

/// A key.
pub fn key(name: &str, values: Vec<NewValue>, subkeys: Vec<NewKey>) -> NewKey {
    NewKey { name: name.into(), values, subkeys }
}

/// The service of a driver with this start value.
pub fn service(name: &str, start: u32) -> NewKey {
    let path = format!(r"System32\drivers\{name}.sys");
    key(name, vec![dword("Type", 1), dword("Start", start), text("ImagePath", &path)], vec![])
}

/// The same, overridden for the first hardware configuration.
pub fn overridden(name: &str, value: u32) -> NewKey {
    NewKey { subkeys: vec![key("StartOverride", vec![dword("0", value)], vec![])], ..service(name, 0) }
}

/// The services that every start needs.
pub fn chain() -> Vec<NewKey> {
    ["ACPI", "pci", "disk", "partmgr", "volmgr", "volmgrx", "mountmgr", "volsnap"]
        .map(|name| service(name, 0))
        .into()
}

/// What stands in `DriverDatabase` of a driver with one id.
pub fn package(inf: &str, bus: &str, id: &str, service: &str) -> [NewKey; 3] {
    let name = format!("{inf}_amd64_0123456789abcdef");
    let mark = NewValue { name: inf.into(), data_type: 3, data: vec![1, 0xff, 0, 0] };
    let descriptor = key(id, vec![text("Configuration", "Inst")], vec![]);
    let configuration = key("Inst", vec![text("Service", service)], vec![]);
    [
        key(bus, vec![], vec![key(id, vec![mark], vec![])]),
        key(inf, vec![text("Active", &name)], vec![]),
        key(
            &name,
            vec![],
            vec![
                key("Configurations", vec![], vec![configuration]),
                key("Descriptors", vec![], vec![key(bus, vec![], vec![descriptor])]),
            ],
        ),
    ]
}

/// A SYSTEM hive of Windows 8 or later with these services, a driver package, and values of the class of disks.
pub fn system_hive(services: Vec<NewKey>, package: [NewKey; 3], disks: Vec<NewValue>) -> Vec<u8> {
    let set = control_set(1, services, disks);
    hive_of(vec![set], vec![package], [1, 1, 1], vec![])
}

/// The control set with this number, with the services that every start needs and these, and values of the class of disks.
pub fn control_set(number: u32, services: Vec<NewKey>, disks: Vec<NewValue>) -> NewKey {
    let class = key("{4d36e967-e325-11ce-bfc1-08002be10318}", disks, vec![]);
    let control = key("Control", vec![], vec![key("Class", vec![], vec![class])]);
    let services: Vec<NewKey> = chain().into_iter().chain(services).collect();
    key(&format!("ControlSet{number:03}"), vec![], vec![control, key("Services", vec![], services)])
}

/// The same of these control sets and packages; `select` are the numbers of those that are current, start, and started last. Beside
/// them stand `more` keys.
pub fn hive_of(
    sets: Vec<NewKey>,
    packages: Vec<[NewKey; 3]>,
    select: [u32; 3],
    more: Vec<NewKey>,
) -> Vec<u8> {
    let mut database =
        ["DeviceIds", "DriverInfFiles", "DriverPackages"].map(|name| key(name, vec![], vec![]));
    for package in packages {
        for (under, below) in database.iter_mut().zip(package) {
            match under.subkeys.iter_mut().find(|there| there.name == below.name) {
                Some(there) => there.subkeys.extend(below.subkeys),
                None => under.subkeys.push(below),
            }
        }
    }
    let names = ["Current", "Default", "LastKnownGood"];
    let select = names.into_iter().zip(select).map(|(name, number)| dword(name, number)).collect();
    let mut subkeys = sets;
    subkeys.push(key("DriverDatabase", vec![], database.into()));
    subkeys.extend(more);
    subkeys.push(key("Select", select, vec![]));
    subkeys.sort_by_key(|key| key.name.to_uppercase());
    build(&key("ROOT", vec![], subkeys), 0x01d0_0000_0000_0000).unwrap()
}

/// The package of the driver for virtio SCSI.
pub fn vioscsi() -> [NewKey; 3] {
    package("oem7.inf", "PCI", "VEN_1AF4&DEV_1048", "vioscsi")
}

/// The hive as it would be had its last write been completed.
pub fn clean(mut hive: Vec<u8>) -> Vec<u8> {
    hive.copy_within(8..12, 4);
    seal(&mut hive);
    hive
}

/// The hive as it lies there when its last write was cut short.
pub fn dirty(mut hive: Vec<u8>) -> Vec<u8> {
    hive[4] ^= 1;
    seal(&mut hive);
    hive
}

/// The disk with this SYSTEM hive, and a copy of the kernel under each of these names in `System32\drivers`.
pub fn with_drivers(disk: &Disk, number: u32, hive: &[u8], names: &[&str]) {
    change_listed(disk, number, |volume| {
        put_ntfs(volume, SYSTEM, hive);
        let kernel = ntfs_file(volume, "/Windows/System32/ntoskrnl.exe");
        let entries = names.iter().map(|name| NewEntry::File { name: (*name).into(), contents: &kernel });
        let drivers = NewEntry::Directory { name: "drivers".into(), entries: entries.collect() };
        let mut image = SparseRam::read(volume);
        let writer = VolumeWriter::new(&image, 134_117_856_000_000_000).unwrap();
        let stages = writer.create(r"\Windows\System32", &[drivers]).unwrap().finish().unwrap();
        for piece in stages.into_iter().flatten() {
            image.put(piece.at, &piece.bytes);
        }
        fs::remove_file(volume).unwrap();
        image.save(volume);
    });
}

/// Files of the chain, and of all drivers that the tests have.
pub const FILES: [&str; 26] = [
    "acpi.sys",
    "pci.sys",
    "disk.sys",
    "classpnp.sys",
    "partmgr.sys",
    "volmgr.sys",
    "volmgrx.sys",
    "mountmgr.sys",
    "volsnap.sys",
    "ehstorclass.sys",
    "fvevol.sys",
    "rdyboost.sys",
    "storport.sys",
    "storahci.sys",
    "stornvme.sys",
    "intelide.sys",
    "pciide.sys",
    "pciidex.sys",
    "atapi.sys",
    "ataport.sys",
    "lsi_sas.sys",
    "vmbus.sys",
    "storvsc.sys",
    "vpci.sys",
    "msahci.sys",
    "lsi_scsi.sys",
];
