//! Windows that starts from a virtual disk: the file lies on a partition of the disk at hand, the partition in the file
//! does not, whatever its identity.
//!
//! The stores of Windows' own that do so have a GPT host and stand in `corpus_disks.rs`; this one is made here, with an MBR
//! host and every way to nest.

use std::collections::BTreeMap;

use bcdrescue::bcd::Device;
use bcdrescue::bcd::DeviceElement;
use bcdrescue::bcd::ElementId;
use bcdrescue::bcd::ElementValue;
use bcdrescue::bcd::ObjectType;
use bcdrescue::bcd::QualifiedPartition;
use bcdrescue::bcd::Store;
use bcdrescue::bcd::create::NewObject;
use bcdrescue::bcd::create::NewStore;
use bcdrescue::bcd::object_id::BOOTMGR;
use bcdrescue::bcd::object_id::MEMDIAG;
use bcdrescue::diagnosis::resolve::role::ElementRole;
use bcdrescue::diagnosis::resolve::role::purpose;
use bcdrescue::guid::Guid;
use serde_json::Value as Json;

use crate::stores::corpus_case::Break;
use crate::stores::corpus_case::Case;
use crate::stores::corpus_case::ESP;
use crate::stores::corpus_case::HEALTHY;
use crate::stores::corpus_case::Images;
use crate::stores::corpus_case::SYSTEM_7;
use crate::stores::corpus_case::Volume;
use crate::stores::corpus_case::assemble;
use crate::stores::corpus_case::cured;
use crate::stores::corpus_case::gpt;
use crate::stores::corpus_case::mbr;
use crate::stores::corpus_case::run;
use crate::support::attached::Machine;
use crate::support::corpus::stores;
use crate::support::disk::MIB;
use crate::support::disk::hash;
use crate::support::judges::hivex;
use crate::support::judges::hivex_bytes;
use crate::support::judges::put_ntfs;
use crate::support::program::bcdrescue;
use crate::support::store::BIOS;
use crate::support::store::UEFI;

const ID: u32 = 0x36a1_04d7;

const SYSTEM: Device = Device::Partition(QualifiedPartition::Mbr { signature: ID, offset: MIB });

const HOST: QualifiedPartition = QualifiedPartition::Mbr { signature: ID, offset: 101 * MIB };

/// The partition in the virtual disk.
const INNER: QualifiedPartition = QualifiedPartition::Mbr { signature: 0xf549_dc16, offset: 0x2260_0000 };

const LOADER: Guid = Guid::from_u128(0x733b62e5_f608_11eb_825c_c112f60133ab);

const RESUME: Guid = Guid::from_u128(0x733b62e4_f608_11eb_825c_c112f60133ab);

const WINRE: Guid = Guid::from_u128(0x733b62e6_f608_11eb_825c_c112f60133ab);

const OPTIONS: Guid = Guid::from_u128(0x733b62e7_f608_11eb_825c_c112f60133ab);

const SEARCHING: Guid = Guid::from_u128(0x733b62e8_f608_11eb_825c_c112f60133ab);

const TWIN: Guid = Guid::from_u128(0x733b62e9_f608_11eb_825c_c112f60133ab);

fn file(path: &str) -> Box<Device> {
    Box::new(Device::File { parent: Box::new(Device::Partition(HOST)), path: path.into() })
}

fn inside(inner: QualifiedPartition, path: &str) -> Device {
    Device::VhdPartition { inner, host: file(path) }
}

/// Looks for the file of an element, but on a virtual disk.
fn searching(element: ElementId, path: &str) -> Device {
    let parent = Some(Box::new(Device::Vhd { parent: file(path) }));
    Device::Locate { mode: 0, element: element.0, path: String::new(), parent }
}

fn plain(device: Device) -> ElementValue {
    ElementValue::Device(DeviceElement::plain(device))
}

fn string(text: &str) -> ElementValue {
    ElementValue::String(text.into())
}

fn loader(id: Guid, device: Device, os_device: Device) -> NewObject {
    loader_of("exe", id, device, os_device)
}

fn loader_of(ending: &str, id: Guid, device: Device, os_device: Device) -> NewObject {
    NewObject::new(id, ObjectType::OS_LOADER)
        .with(ElementId::DESCRIPTION, string("Windows"))
        .with(ElementId::DEVICE, plain(device))
        .with(ElementId::PATH, string(&format!(r"\Windows\system32\winload.{ending}")))
        .with(ElementId::OS_DEVICE, plain(os_device))
        .with(ElementId::SYSTEM_ROOT, string(r"\Windows"))
}

/// A store whose Windows lies in `\vm\win.vhdx`; another one is looked for, and one lies in a copy of this very disk.
fn store() -> Vec<u8> {
    let windows = inside(INNER, r"\vm\win.vhdx");
    let manager = NewObject::new(BOOTMGR, ObjectType::BOOT_MANAGER)
        .with(ElementId::DEVICE, plain(SYSTEM))
        .with(ElementId::PATH, string(r"\bootmgr"))
        .with(ElementId::DEFAULT, ElementValue::Object(LOADER))
        .with(ElementId::DISPLAY_ORDER, ElementValue::ObjectList(vec![LOADER, SEARCHING, TWIN]));
    let tester = NewObject::new(MEMDIAG, ObjectType::MEMDIAG)
        .with(ElementId::DEVICE, plain(SYSTEM))
        .with(ElementId::PATH, string(r"\boot\memtest.exe"));
    let main = loader(LOADER, windows.clone(), windows.clone())
        .with(ElementId::RESUME_OBJECT, ElementValue::Object(RESUME))
        .with(ElementId::RECOVERY_SEQUENCE, ElementValue::ObjectList(vec![WINRE]));
    let resume = NewObject::new(RESUME, ObjectType::RESUME)
        .with(ElementId::DEVICE, plain(windows.clone()))
        .with(ElementId::PATH, string(r"\Windows\system32\winresume.exe"))
        .with(ElementId::FILE_DEVICE, plain(windows.clone()));
    let path = r"\Recovery\WindowsRE\Winre.wim".to_owned();
    let ramdisk = Device::Ramdisk { base: 0, size: 0, offset: 0, parent: Box::new(windows.clone()), path };
    let ramdisk = || ElementValue::Device(DeviceElement { options: OPTIONS, device: ramdisk.clone() });
    let recovery = NewObject::new(WINRE, ObjectType::OS_LOADER)
        .with(ElementId::DEVICE, ramdisk())
        .with(ElementId::PATH, string(r"\windows\system32\winload.exe"))
        .with(ElementId::OS_DEVICE, ramdisk())
        .with(ElementId::SYSTEM_ROOT, string(r"\windows"))
        .with(ElementId::WINPE, ElementValue::Boolean(true));
    let options = NewObject::new(OPTIONS, ObjectType::DEVICE)
        .with(ElementId::RAMDISK_SDI_DEVICE, plain(windows))
        .with(ElementId::RAMDISK_SDI_PATH, string(r"\Recovery\WindowsRE\boot.sdi"));
    let other = r"\vm\other.vhd";
    let searching =
        loader(SEARCHING, searching(ElementId::PATH, other), searching(ElementId::SYSTEM_ROOT, other));
    let copy = inside(HOST, r"\vm\copy.vhd");
    let twin = loader(TWIN, copy.clone(), copy);
    let objects = vec![manager, tester, main, resume, recovery, options, searching, twin];
    NewStore { objects, last_written: 0x01d8_0000_0000_0000, firmware_modified: false }.build().unwrap()
}

/// A store as the corpus spells what hivex reads in one.
fn expected(store: &[u8]) -> Json {
    let mut objects: BTreeMap<String, [serde_json::Map<String, Json>; 2]> = BTreeMap::new();
    let values = hivex(store);
    let root = values.keys().next().unwrap().split('\\').next().unwrap().to_owned();
    for (path, value) in &values {
        match path.split('\\').collect::<Vec<_>>()[..] {
            [_, "Objects", id, "Description", "Type"] => {
                let kind = Json::from(vec![Json::from(4), Json::from(value.as_str())]);
                objects.entry(id.into()).or_default()[0].insert("Type".into(), kind);
            }
            [_, "Objects", id, "Elements", element, "Element"] if value.starts_with("binary ") => {
                let bytes = hivex_bytes(store, path);
                let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                let value = Json::from(vec![Json::from(3), Json::from(hex)]);
                objects.entry(id.into()).or_default()[1].insert(element.into(), value);
            }
            _ => {}
        }
    }
    let objects: serde_json::Map<String, Json> = objects
        .into_iter()
        .map(|(id, [description, elements])| {
            (id, serde_json::json!({ "description": description, "elements": elements }))
        })
        .collect();
    assert!(!objects.is_empty());
    serde_json::json!({ "root": root, "objects": objects })
}

#[test]
fn a_host_with_an_mbr_is_found_by_the_file_of_the_virtual_disk() {
    let store = store();
    let case = Case {
        store: "virtual-disks",
        path: BIOS,
        system: 0,
        parts: vec![
            mbr(ID, MIB, SYSTEM_7).moved(1200 * MIB),
            mbr(ID, 101 * MIB, Volume::Fat).moved(201 * MIB).files(&[
                "/vm/win.vhdx",
                "/vm/other.vhd",
                "/vm/copy.vhd",
            ]),
        ],
        sound: HEALTHY,
        broken: cured::<13>(),
    };
    run(&mut Images::new(), &case, &store, &expected(&store));
}

/// A virtual disk that was made of the host's partition has that partition's GUID, on a disk of its own: an element that names
/// the virtual disk's GUID, and a partition that is nowhere, does not mean the host.
#[test]
fn an_identity_inside_a_virtual_disk_was_never_the_hosts() {
    let [disk, esp, host, virtual_disk, lost] =
        [1, 2, 3, 4, 5].map(|number| Guid::from_u128(0x5f3c_0300_3b1d_4c01_9a2c_0242_ac1b_0000 + number));
    let named = |disk, partition| QualifiedPartition::Gpt { disk, partition };
    let path = r"\vm\win.vhdx".to_owned();
    let file = Device::File { parent: Box::new(Device::Partition(named(disk, host))), path };
    let copy = Device::VhdPartition { inner: named(virtual_disk, host), host: Box::new(file) };
    let manager = NewObject::new(BOOTMGR, ObjectType::BOOT_MANAGER)
        .with(ElementId::DEVICE, plain(Device::Partition(named(disk, esp))))
        .with(ElementId::PATH, string(r"\EFI\Microsoft\Boot\bootmgfw.efi"))
        .with(ElementId::DEFAULT, ElementValue::Object(LOADER))
        .with(ElementId::DISPLAY_ORDER, ElementValue::ObjectList(vec![LOADER, TWIN]));
    let elsewhere = Device::Partition(named(virtual_disk, lost));
    let objects = vec![
        manager,
        loader_of("efi", LOADER, copy.clone(), copy),
        loader_of("efi", TWIN, elsewhere.clone(), elsewhere),
    ];
    let store = NewStore { objects, last_written: 0x01d8_0000_0000_0000, firmware_modified: true };
    let store = store.build().unwrap();
    let [disk, esp, host] = [disk, esp, host].map(|guid| guid.to_string());
    let case = Case {
        store: "copy-of-the-host",
        path: UEFI,
        system: 0,
        parts: vec![
            gpt(&disk, &esp, MIB, ESP),
            gpt(&disk, &host, 101 * MIB, Volume::Fat)
                .files(&["/vm/win.vhdx", "/Windows/System32/winload.efi"]),
        ],
        sound: (4, "degraded", &[("disk-unknown", 2)]),
        broken: vec![(
            Break::Disk,
            (4, "degraded", &[("disk-guid-changed", 3), ("disk-unknown", 2)]),
            "degraded",
            &[],
        )],
    };
    run(&mut Images::new(), &case, &store, &expected(&store));
}

/// The file of the virtual disk that Windows starts from lies on another attached disk: said aloud, as it is of a loader.
#[test]
fn a_host_on_another_disk_is_told_of_and_left() {
    let other = 0x7c31_90d2;
    let named = QualifiedPartition::Mbr { signature: other, offset: 101 * MIB };
    let file = Device::File { parent: Box::new(Device::Partition(named)), path: r"\vm\win.vhdx".into() };
    let windows = Device::VhdPartition { inner: INNER, host: Box::new(file) };
    let manager = NewObject::new(BOOTMGR, ObjectType::BOOT_MANAGER)
        .with(ElementId::DEVICE, plain(SYSTEM))
        .with(ElementId::PATH, string(r"\bootmgr"))
        .with(ElementId::DEFAULT, ElementValue::Object(LOADER));
    let objects = vec![manager, loader(LOADER, windows.clone(), windows)];
    let store = NewStore { objects, last_written: 0x01d8_0000_0000_0000, firmware_modified: false };
    let case = |part| Case {
        store: "host-elsewhere",
        path: BIOS,
        system: 0,
        parts: vec![part],
        sound: HEALTHY,
        broken: Vec::new(),
    };
    let mut images = Images::new();
    let mut disk = |case: &Case, store: Option<Vec<u8>>| {
        let volume = images.volume(0, &case.parts[0]);
        store.iter().for_each(|store| put_ntfs(&volume, BIOS, store));
        assemble(case, &[volume], |part| part.start)
    };
    let here = disk(&case(mbr(ID, MIB, SYSTEM_7)), Some(store.build().unwrap()));
    let host = case(mbr(other, 101 * MIB, Volume::Fat).files(&["/vm/win.vhdx"]));
    let there = disk(&host, None);
    let before = hash(&here.path);
    bcdrescue(&["check", "-v", here.name(), there.name()]).exits(4);
    bcdrescue(&["check", "-v", here.name(), "--with", there.name()]).exits(0);
    let Some(machine) = Machine::of(&[(&here, "512"), (&there, "512")]) else { return };
    let target = machine.run(&["check", "--json", machine.device(0)]).exits(4).target();
    let findings: Vec<_> = target["findings"].as_array().unwrap().iter().collect();
    let found = findings.iter().filter(|finding| finding["code"] == "names-other-disk");
    let severities: Vec<_> = found.map(|finding| finding["severity"].as_str().unwrap()).collect();
    assert_eq!(severities, ["blocks-boot", "blocks-boot"], "{findings:#?}");
    assert_eq!(hash(&here.path), before);
}

/// The roles of all records of a store that have to do with virtual disks, with the file that proves the place.
fn roles(store: &Store) -> Vec<(ElementRole, Option<String>)> {
    let mut roles = Vec::new();
    for object in store.objects() {
        for element in &object.elements {
            let ElementValue::Device(device) = &element.value else { continue };
            let records = device.identities();
            let in_vhd = records.iter().any(|record| record.inside_vhd || !record.within.is_empty());
            for record in records.iter().filter(|_| in_vhd) {
                let purpose = purpose(object, element, record);
                assert_eq!(purpose.role == ElementRole::InsideVirtualDisk, record.inside_vhd, "{purpose:?}");
                roles.push((purpose.role, purpose.file));
            }
        }
    }
    roles
}

#[test]
fn the_file_of_a_virtual_disk_is_the_evidence_for_its_host() {
    let made = roles(&Store::parse(store()).unwrap());
    let hosts: Vec<_> = made.iter().filter(|(role, _)| *role != ElementRole::InsideVirtualDisk).collect();
    assert_eq!((made.len(), hosts.len()), (20, 11));
    for (store, files) in
        [("win10-bios-vhd", &[r"\1809.402.vhd"][..]), ("win10-uefi-vhd", &[r"\LTSC.VHDX", r"\TEST.VHD"])]
    {
        for (_, bytes, _) in stores().into_iter().filter(|(name, ..)| name == store) {
            let store = Store::parse(bytes).unwrap();
            for (role, file) in
                roles(&store).iter().filter(|(role, _)| *role != ElementRole::InsideVirtualDisk)
            {
                assert_eq!(*role, ElementRole::Image);
                assert!(files.iter().any(|known| file.as_deref() == Some(known)), "{file:?}");
            }
        }
    }
    for (role, file) in hosts {
        assert_eq!(*role, ElementRole::Image);
        assert!(file.as_ref().is_some_and(|file| file.starts_with(r"\vm\")), "{file:?}");
    }
}
