//! The firmware's boot entries in a store, as `inspect` shows them.

use serde_json::Value;
use serde_json::json;

use crate::bcd::device_path::DriveSignature;
use crate::bcd::firmware_variable;
use crate::bcd::firmware_variable::FirmwareVariable;
use crate::bcd::object::Object;
use crate::diagnosis::firmware_place::drive_here;
use crate::diagnosis::firmware_place::show_drive;
use crate::layout::Layout;

/// An object's entry in a line: `Boot0003 "Windows Boot Manager" on partition 1 (SYSTEM), matches`; `None` for an object
/// without one. Without a layout for a store by itself.
#[must_use]
pub fn line(layout: Option<&Layout>, object: &Object) -> Option<String> {
    let value = firmware_variable::value_of(object)?;
    let variable = match FirmwareVariable::decode(&value.data) {
        Ok(variable) => variable,
        Err(error) => return Some(format!("not understood ({error}): {} bytes", value.data.len())),
    };
    let place = variable.hard_drives.first().map_or_else(
        || "no partition".to_owned(),
        |drive| {
            let here = layout.and_then(|layout| Some(layout.name(drive_here(layout, drive)?)));
            match (here, layout) {
                (Some(here), _) => format!("{here}, matches"),
                (None, Some(_)) => format!("unknown: {}", show_drive(drive)),
                (None, None) => show_drive(drive),
            }
        },
    );
    Some(format!("{} \"{}\": {place}", variable.variable(), variable.friendly_name))
}

/// The same for JSON; null for an object without an entry, or one that is not understood.
#[must_use]
pub fn entry(layout: Option<&Layout>, object: &Object) -> Value {
    let value = firmware_variable::value_of(object);
    let Some(variable) = value.and_then(|value| FirmwareVariable::decode(&value.data).ok()) else {
        return Value::Null;
    };
    let drive = variable.hard_drives.first();
    let here = drive.zip(layout).and_then(|(drive, layout)| {
        let volume = drive_here(layout, drive)?;
        layout.volumes.get(volume).map(|facts| facts.partition.number)
    });
    let identity = drive.and_then(|drive| drive.identity()).map(|signature| match signature {
        DriveSignature::Mbr(signature) => format!("0x{signature:08x}"),
        DriveSignature::Gpt(guid) => guid.to_string(),
    });
    json!({
        "id": variable.variable(),
        "name": variable.friendly_name,
        "partition_number": drive.map(|drive| drive.partition_number.value),
        "start": drive.map(|drive| drive.start_lba.value),
        "identity": identity,
        "here": here,
    })
}
