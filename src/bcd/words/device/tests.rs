//! Every form of a device, and what is none.

use crate::bcd::device::Device;
use crate::bcd::device::DeviceElement;
use crate::bcd::device::QualifiedPartition;
use crate::bcd::element::ElementId;
use crate::bcd::element::ElementValue;
use crate::bcd::object_id;
use crate::bcd::object_type::ObjectType;
use crate::bcd::words::NameError;
use crate::bcd::words::Names;
use crate::bcd::words::ObjectName;
use crate::bcd::words::WordError;
use crate::bcd::words::value;
use crate::guid::Guid;

const C: QualifiedPartition = QualifiedPartition::Mbr { signature: 0x3623_4da4, offset: 0x650_0000 };
const INNER: QualifiedPartition = QualifiedPartition::Mbr { signature: 7, offset: 0x10_0000 };

fn say(id: ElementId, text: &str) -> Result<DeviceElement, WordError> {
    let partition = |name: &str| match name {
        "2" | "C:" | "2 (Windows)" | "2 (a [b] c)" => Ok(C),
        name => Err(NameError::NoPartition { name: name.to_owned(), there: vec!["2 (Windows)".to_owned()] }),
    };
    let object = |name| match name {
        ObjectName::Id(id) => Ok(id),
        _ => Err(NameError::NoEntry),
    };
    let names = Names { partition: &partition, object: &object };
    let words: Vec<&str> = text.split(' ').collect();
    match value(id, Some(ObjectType::OS_LOADER), &words, names)? {
        ElementValue::Device(device) => Ok(device),
        other => panic!("{other:?}"),
    }
}

fn plain(text: &str) -> Device {
    let element = say(ElementId::DEVICE, text).unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!(element.options, Guid::ZERO, "{text}");
    element.device
}

fn by_path(path: &str, parent: Option<Device>) -> Device {
    Device::Locate { mode: 1, element: 0, path: path.into(), parent: parent.map(Box::new) }
}

fn by_element(element: ElementId, parent: Option<Device>) -> Device {
    Device::Locate { mode: 0, element: element.0, path: String::new(), parent: parent.map(Box::new) }
}

fn file(parent: Device, path: &str) -> Device {
    Device::File { parent: Box::new(parent), path: path.into() }
}

fn vhd(parent: Device, path: &str) -> Device {
    Device::Vhd { parent: Box::new(file(parent, path)) }
}

#[test]
fn partitions_by_name_and_by_identity() {
    for text in [
        "partition=2",
        "PARTITION=C:",
        "hd_partition=C:",
        "partition=2 (Windows)",
        "partition=disk 36234da4 offset 0x6500000",
        "partition=disk signature 0x36234da4, offset 0x6500000",
        "unknown (disk signature 0x36234da4, offset 0x6500000)",
        "partition=unknown (on /dev/sdb: disk signature 0x36234da4, offset 0x6500000)",
    ] {
        assert_eq!(plain(text), Device::Partition(C), "{text}");
    }
    assert_eq!(plain("Boot"), Device::Boot);
}

#[test]
fn searches() {
    assert_eq!(plain("locate"), by_element(ElementId::PATH, None));
    assert_eq!(plain("LOCATE=custom:0x12000002"), by_element(ElementId::PATH, None));
    assert_eq!(plain("locate=custom:22000002"), by_element(ElementId::SYSTEM_ROOT, None));
    assert_eq!(plain(r"locate=\Windows"), by_path(r"\Windows", None));
    let own = say(ElementId::OS_DEVICE, "locate").unwrap().device;
    assert_eq!(own, by_element(ElementId::SYSTEM_ROOT, None));
    assert_eq!(plain(r"partition=2,locate=\x"), by_path(r"\x", Some(Device::Partition(C))));
    assert_eq!(plain("boot,locate"), by_element(ElementId::PATH, Some(Device::Boot)));
}

#[test]
fn files_in_every_place() {
    let c = || Device::Partition(C);
    for (text, place) in [
        (r"file=[2]\a b\x", c()),
        (r"file=[C:]\a b\x", c()),
        (r"file=[partition=2]\a b\x", c()),
        (r"file=[2 (Windows)]\a b\x", c()),
        (r"file=[2 (a [b] c)]\a b\x", c()),
        (r"file=[disk 36234da4 offset 0x6500000]\a b\x", c()),
        (r"file=[unknown]\a b\x (disk signature 0x36234da4, offset 0x6500000)", c()),
        (r"File=[BOOT]\a b\x", Device::Boot),
        (r"file=[locate]\a b\x", by_path(r"\a b\x", None)),
        (r"file=[locate=\y]\a b\x", by_path(r"\y", None)),
        (r"file=[locate=custom:12000002]\a b\x", by_element(ElementId::PATH, None)),
        (r"file=[file=[2]\y]\a b\x", file(c(), r"\y")),
        (r"file=[boot,locate=\y]\a b\x", by_path(r"\y", Some(Device::Boot))),
    ] {
        assert_eq!(plain(text), file(place, r"\a b\x"), "{text}");
    }
}

#[test]
fn virtual_disks_are_searched_for_what_is_on_them() {
    let disk = || vhd(Device::Partition(C), r"\x.vhd");
    assert_eq!(plain(r"vhd=[C:]\x.vhd"), by_element(ElementId::PATH, Some(disk())));
    assert_eq!(plain(r"[partition=2]\x.vhd"), by_element(ElementId::PATH, Some(disk())));
    assert!(say(ElementId::DEVICE, r"[partition=2]\x.wim").is_err());
    assert_eq!(plain(r"vhd=[2]\x.vhd,locate=custom:12000002"), by_element(ElementId::PATH, Some(disk())));
    assert_eq!(plain(r"vhd=[2]\x.vhd,locate=\w"), by_path(r"\w", Some(disk())));
    let own = say(ElementId::OS_DEVICE, r"VHD=[locate]\x.vhd").unwrap().device;
    let searched = vhd(by_path(r"\x.vhd", None), r"\x.vhd");
    assert_eq!(own, by_element(ElementId::SYSTEM_ROOT, Some(searched)));
    let host = Box::new(file(Device::Partition(C), r"\x.vhd"));
    let inside = Device::VhdPartition { inner: INNER, host };
    for text in [
        r"vhd=[2]\x.vhd (in it disk signature 0x00000007, offset 0x100000)",
        r"vhd=[unknown]\x.vhd (disk 36234da4 offset 0x6500000) (in it disk 7 offset 0x100000)",
        r"vhd=[2]\x.vhd,partition=disk 00000007 offset 0x100000",
    ] {
        assert_eq!(plain(text), inside, "{text}");
    }
}

#[test]
fn a_ram_disk_has_options() {
    let c = Device::Partition(C);
    let device =
        Device::Ramdisk { base: 0, size: 0, offset: 0, parent: Box::new(c), path: r"\x,y.wim".into() };
    for text in [
        r"ramdisk=[2]\x,y.wim,{ramdiskoptions}",
        r"ramdisk=[C:]\x,y.wim, {AE5534E0-a924-466c-b836-758539a3ee3a}",
        r"ramdisk=[unknown]\x,y.wim,{ramdiskoptions} (disk 36234da4 offset 0x6500000)",
    ] {
        let expected = DeviceElement { options: object_id::RAMDISKOPTIONS, device: device.clone() };
        assert_eq!(say(ElementId::OS_DEVICE, text), Ok(expected), "{text}");
    }
}

#[test]
fn what_is_none_says_why() {
    let device = r"boot, locate, partition=2, partition=C:, file=[2]\x, vhd=[2]\x.vhd or ramdisk=[2]\x.wim,{ramdiskoptions}";
    let file = r"a place and a path, e.g. [2]\x or [boot]\x";
    let locate = r"locate=\path or locate=custom:12000002";
    let options = r"the object with its options behind it, e.g. ramdisk=[2]\x.wim,{ramdiskoptions}";
    let identity = "the identity behind it, e.g. unknown (disk 36234da4 offset 0x100000)";
    let deep = format!("file={}x{}", "[file=".repeat(12), r"]\x".repeat(12));
    for (text, expected) in [
        ("C:", device),
        ("partition=", device),
        ("bootx", device),
        ("locatex", device),
        (r"boot (in it disk 7 offset 1)", device),
        ("boot (disk 7 offset 1)", device),
        ("locate=", locate),
        ("locate=x", locate),
        ("locate=custom:12", locate),
        (r"file=\x", file),
        (r"file=[2\x", file),
        ("file=[2]", file),
        ("file=[2]x", file),
        (r"vhd=[2]\", file),
        (r"ramdisk=[2]\x.wim", options),
        (r"ramdisk=[2]\x.wim,{nonsense}", options),
        ("unknown", identity),
        (r"file=[unknown]\x", identity),
        (r"vhd=[2]\x.vhd,partition=1", identity),
        (&deep, "at most eight nested devices"),
    ] {
        let found = match options {
            _ if text.ends_with("{nonsense}") => "{nonsense}",
            _ => text,
        };
        let says = say(ElementId::DEVICE, text).unwrap_err().to_string();
        assert_eq!(says, format!("device: expected {expected}, found \"{found}\""));
    }
    let says = |text| say(ElementId::DEVICE, text).unwrap_err().to_string();
    assert_eq!(says("partition=9"), "device: no partition 9 on this disk; it has 2 (Windows)");
    assert_eq!(says(r"ramdisk=[2]\x,{current}"), "device: {current}: no entry of this store starts Windows");
    let other = say(ElementId(0x2100_0138), "locate").unwrap_err().to_string();
    assert_eq!(other, format!("imcdevice: expected {locate}, found \"locate\""));
    assert_eq!(
        say(ElementId::DEVICE, "").unwrap_err().to_string(),
        format!("device: expected {device}, found nothing")
    );
}

/// All that a hostile store could make the layout show is read within bounds.
#[test]
fn nesting_is_bounded() {
    for text in ["[".repeat(50_000), ",locate".repeat(10_000), format!("file={}", "[file=".repeat(20_000))] {
        assert!(say(ElementId::DEVICE, &text).is_err());
    }
}
