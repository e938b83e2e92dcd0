use super::*;
use crate::bcd::ElementValue;
use crate::bcd::QualifiedPartition;
use crate::bcd::Store;
use crate::bcd::compare::compare;
use crate::bcd::create::NewElement;
use crate::bcd::create::NewObject;
use crate::bcd::create::NewStore;
use crate::bcd::device::Device;
use crate::bcd::device::DeviceElement;
use crate::bcd::object_id::BOOTMGR;
use crate::bcd::object_id::MEMDIAG;
use crate::cli::output::bcdedit::Named;
use crate::guid::Guid;

const LOADER: Guid = Guid::from_u128(0x733b62e5_f608_11eb_825c_c112f60133ab);
const OTHER: Guid = Guid::from_u128(0x733b62e6_f608_11eb_825c_c112f60133ab);
const HERE: QualifiedPartition = QualifiedPartition::Mbr { signature: 0x3623_4da4, offset: 0x10_0000 };
const AWAY: QualifiedPartition = QualifiedPartition::Mbr { signature: 0x1234_5678, offset: 0x10_0000 };
const SAFE_BOOT: ElementId = ElementId(0x2500_0080);

fn device(named: QualifiedPartition) -> ElementValue {
    ElementValue::Device(DeviceElement::plain(Device::Partition(named)))
}

fn manager() -> NewObject {
    NewObject::new(BOOTMGR, ObjectType::BOOT_MANAGER)
        .with(ElementId::DEFAULT, ElementValue::Object(LOADER))
        .with(ElementId::DISPLAY_ORDER, ElementValue::ObjectList(vec![LOADER]))
        .with(ElementId::TIMEOUT, ElementValue::Integer(30))
}

fn loader(id: Guid) -> NewObject {
    NewObject::new(id, ObjectType::OS_LOADER)
        .with(ElementId::DESCRIPTION, ElementValue::String("Windows Server 2008 R2".into()))
        .with(ElementId::OS_DEVICE, device(AWAY))
}

fn lines(before: Vec<NewObject>, after: Vec<NewObject>, firmware_modified: [bool; 2]) -> Vec<String> {
    let store = |objects, firmware_modified| {
        let store = NewStore { objects, last_written: 0, firmware_modified };
        Store::parse(store.build().unwrap()).unwrap()
    };
    let [before, after] =
        [(before, firmware_modified[0]), (after, firmware_modified[1])].map(|(o, f)| store(o, f));
    let mut out = Lines::of_width(80);
    add(&mut out, &compare(&before, &after), &|named| match *named == HERE {
        true => Named::Here { name: "2 (Windows)".into(), short: "2".into() },
        false => Named::Unknown("disk signature 0x12345678, offset 0x100000".into()),
    });
    let text = out.into_text().replace("\u{1b}[32m", "").replace("\u{1b}[39m", "");
    text.lines().map(str::to_owned).collect()
}

#[test]
fn an_edit_is_a_line() {
    let after = loader(LOADER)
        .with(SAFE_BOOT, ElementValue::Integer(0))
        .with(ElementId::NX, ElementValue::Integer(1));
    let before = loader(LOADER).with(ElementId::NX, ElementValue::Integer(3));
    let found = lines(vec![manager(), before], vec![manager(), after], [false; 2]);
    let expected = ["  {default}  nx        AlwaysOn -> OptOut", "             safeboot  (none) -> Minimal"];
    assert_eq!(found, expected);
    assert!(lines(vec![manager()], vec![manager()], [false; 2]).is_empty());
}

#[test]
fn devices_and_lists_are_as_in_the_listing() {
    let after = manager()
        .with(ElementId::DISPLAY_ORDER, ElementValue::ObjectList(vec![OTHER, LOADER]))
        .without(ElementId::TIMEOUT);
    let moved = loader(LOADER).with(ElementId::OS_DEVICE, device(HERE));
    let found = lines(vec![manager(), loader(LOADER)], vec![after, moved], [false; 2]);
    let expected = [
        "  {bootmgr}  displayorder  {default} -> {733b62e6-f608-11eb-825c-c112f60133ab}",
        "                           {default}",
        "             timeout       30 -> (none)",
        "  {default}  osdevice      unknown (disk signature 0x12345678, offset 0x100000)",
        "                           -> partition=2 (Windows)",
    ];
    assert_eq!(found, expected);
}

#[test]
fn objects_come_with_all_and_go() {
    let tester = NewObject::new(MEMDIAG, ObjectType::MEMDIAG);
    let found = lines(
        vec![manager(), loader(LOADER), tester],
        vec![manager(), loader(LOADER), loader(OTHER)],
        [false, true],
    );
    let expected = [
        "  (store)    FirmwareModified  (none) -> 1",
        "  {733b62e6-f608-11eb-825c-c112f60133ab}",
        "             (new)             Windows Boot Loader \"Windows Server 2008 R2\"",
        "             description       Windows Server 2008 R2",
        "             osdevice          unknown (disk signature 0x12345678, offset",
        "                               0x100000)",
        "  {memdiag}  (removed)         Windows Memory Tester",
    ];
    assert_eq!(found, expected);
}

#[test]
fn the_same_value_in_other_bytes_says_so() {
    let timeout = |raw: &[u8]| {
        let mut manager = manager().without(ElementId::TIMEOUT);
        manager.elements.push((ElementId::TIMEOUT, NewElement::Raw(raw.to_vec())));
        vec![manager]
    };
    let found = lines(timeout(&[30]), timeout(&[30, 0, 0, 0, 0, 0, 0, 0]), [false; 2]);
    assert_eq!(found, ["  {bootmgr}  timeout  30 (the same, in 8 bytes instead of 1 byte)"]);
}

#[test]
fn what_is_no_element_is_told_too() {
    let with = |kind: ObjectType, byte: u8| {
        let mut object = NewObject::new(OTHER, kind);
        object.firmware_variable = Some([vec![0; 20], vec![byte]].concat());
        object.with(ElementId::DESCRIPTION, ElementValue::String("\u{1b}[2J".repeat(usize::from(byte))))
    };
    let found = lines(vec![with(ObjectType::RESUME, 0)], vec![with(ObjectType::OS_LOADER, 1)], [false; 2]);
    let expected = [
        "  {733b62e6-f608-11eb-825c-c112f60133ab}",
        "    FirmwareVariable  00000000000000000000000000000000... (21 bytes)",
        "                      (other bytes)",
        "    Type              10200004 -> 10200003",
        "    description       (empty) -> \\u{1b}[2J",
    ];
    assert_eq!(found, expected);
}
