//! Values of a store.

use bcdrescue::bcd::device::DeviceElement;
use bcdrescue::bcd::device::QualifiedPartition;
use bcdrescue::bcd::device_path::DriveSignature;
use bcdrescue::bcd::edit;
use bcdrescue::bcd::edit::Edit;
use bcdrescue::bcd::edit::convert_identity;
use bcdrescue::bcd::edit::replace_identity;
use bcdrescue::bcd::element::Element;
use bcdrescue::bcd::element::ElementId;
use bcdrescue::bcd::element::ElementValue;
use bcdrescue::bcd::firmware_variable::FirmwareVariable;
use bcdrescue::bcd::hard_drive_edit::DrivePartition;
use bcdrescue::bcd::hard_drive_edit::replace_hard_drive;
use bcdrescue::guid::Guid;
use bcdrescue::hive::REG_BINARY;
use bcdrescue::hive::Value;

use super::number;
use super::one_line;

const NEW: [QualifiedPartition; 2] = [
    QualifiedPartition::Mbr { signature: 0x1234_5678, offset: 0x7e00 },
    QualifiedPartition::Gpt { disk: Guid::from_u128(0x1111), partition: Guid::from_u128(0x2222) },
];

/// The value of a device element.
pub(super) fn device(data: &[u8]) {
    sound(&element_of(ElementId(0x1100_0001), REG_BINARY, data));
    if let Err(error) = DeviceElement::decode(data) {
        one_line(&error.to_string());
    }
}

/// Any element: id and registry type, then its bytes.
pub(super) fn element(data: &[u8]) {
    let (id, kind) = (ElementId(number(data, 0, 4) as u32), number(data, 4, 4) as u32);
    sound(&element_of(id, kind, data.get(8..).unwrap_or_default()));
}

fn element_of(id: ElementId, data_type: u32, raw: &[u8]) -> Element {
    let value = ElementValue::decode(id, data_type, raw);
    Element { id: Some(id), key: format!("{:08x}", id.0), data_type, raw: raw.to_vec(), at: 0, value }
}

/// What is decoded comes back, and an edit can be undone.
pub(super) fn sound(element: &Element) {
    let Some(id) = element.id else { return };
    if let ElementValue::Opaque { why } = &element.value {
        one_line(why);
    }
    if let Some((kind, raw)) = element.value.encode() {
        assert_eq!(kind, element.data_type);
        assert_eq!(ElementValue::decode(id, kind, &raw), element.value);
    }
    let ElementValue::Device(device) = &element.value else { return };
    assert_eq!(device.encode(), element.raw);
    for record in device.identities() {
        for new in NEW {
            let edits = convert_identity(element, &record, new);
            if let Ok(same) = replace_identity(element, &record, new) {
                assert_eq!(edits.as_ref(), Ok(&same));
            }
            let edits = match edits {
                Ok(edits) => edits,
                Err(error) => {
                    one_line(&error.to_string());
                    continue;
                }
            };
            let there: Vec<Edit> =
                edits.iter().map(|edit| Edit { at: edit.at - element.at, ..edit.clone() }).collect();
            let after = done_and_undone(&element.raw, &there);
            let found = DeviceElement::decode(&after).expect("an edited device is a device");
            let changed: Vec<_> = found.identities().into_iter().map(|it| (it.at, it.partition)).collect();
            let expected = device.identities().into_iter();
            let expected = expected.map(|it| (it.at, if it.at == record.at { new } else { it.partition }));
            assert_eq!(changed, expected.collect::<Vec<_>>());
        }
    }
}

/// The bytes with the edits; without them again they are what they were.
fn done_and_undone(before: &[u8], edits: &[Edit]) -> Vec<u8> {
    let mut bytes = before.to_vec();
    edit::apply(&mut bytes, edits).expect("edits of these bytes");
    let after = bytes.clone();
    let back = |edit: &Edit| Edit { at: edit.at, before: edit.after.clone(), after: edit.before.clone() };
    edit::apply(&mut bytes, &edits.iter().map(back).collect::<Vec<_>>()).expect("edits of those bytes");
    assert_eq!(bytes, before);
    after
}

/// The data of a `FirmwareVariable`.
pub(super) fn firmware_variable(data: &[u8]) {
    let variable = match FirmwareVariable::decode(data) {
        Ok(variable) => variable,
        Err(error) => return one_line(&error.to_string()),
    };
    assert!(variable.os_options.end <= data.len() && variable.variable().starts_with("Boot"));
    let value = Value { name: String::new(), data_type: REG_BINARY, data: data.to_vec(), at: 0 };
    for drive in &variable.hard_drives {
        assert_eq!(number(data, drive.start_lba.at, 8), drive.start_lba.value);
        assert_eq!(data.get(drive.signature.at..drive.signature.at + 16), Some(&drive.signature.value[..]));
        for signature in [DriveSignature::Mbr(0x1234_5678), DriveSignature::Gpt(Guid::from_u128(0x2222))] {
            let new = DrivePartition { number: 3, start_lba: 0x800, lba_count: 0x1000, signature };
            let edits = match replace_hard_drive(&value, drive, &new) {
                Ok(edits) => edits,
                Err(error) => {
                    one_line(&error.to_string());
                    continue;
                }
            };
            let after = done_and_undone(data, &edits);
            let after = FirmwareVariable::decode(&after).expect("an edited variable is a variable");
            assert_eq!(after.hard_drives.len(), variable.hard_drives.len());
            let found = after.hard_drives.iter().find(|found| found.at == drive.at).expect("the same node");
            assert_eq!((found.partition_number.value, found.identity()), (3, Some(signature)));
        }
    }
}
