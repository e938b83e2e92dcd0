//! The firmware's boot entries in a store, as `inspect` shows them.

use schemars::JsonSchema;
use serde::Serialize;

use crate::bcd::device_path::DriveSignature;
use crate::bcd::firmware_variable;
use crate::bcd::firmware_variable::FirmwareVariable;
use crate::bcd::object::Object;
use crate::diagnosis::drive_here;
use crate::diagnosis::nvram::place::show_drive;
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

/// A boot entry of the firmware, of which a store keeps a copy.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FirmwareEntry {
    /// Its name among the firmware's variables, `Boot0001`.
    id: String,
    /// Its name for people.
    name: String,
    /// Number of the partition that it starts from.
    partition_number: Option<u32>,
    /// Where that begins, in sectors.
    start: Option<u64>,
    /// GUID or signature that it names.
    identity: Option<String>,
    /// Number of the partition of this disk that it is; null when it is none.
    here: Option<u32>,
}

/// The same for JSON; `None` for an object without an entry, or one that is not understood.
#[must_use]
pub fn entry(layout: Option<&Layout>, object: &Object) -> Option<FirmwareEntry> {
    let value = firmware_variable::value_of(object);
    let variable = value.and_then(|value| FirmwareVariable::decode(&value.data).ok())?;
    let drive = variable.hard_drives.first();
    let here = drive.zip(layout).and_then(|(drive, layout)| {
        let volume = drive_here(layout, drive)?;
        layout.volume(volume).map(|facts| facts.partition.number)
    });
    let identity = drive.and_then(|drive| drive.identity()).map(|signature| match signature {
        DriveSignature::Mbr(signature) => format!("0x{signature:08x}"),
        DriveSignature::Gpt(guid) => guid.to_string(),
    });
    Some(FirmwareEntry {
        id: variable.variable(),
        name: variable.friendly_name.clone(),
        partition_number: drive.map(|drive| drive.partition_number.value),
        start: drive.map(|drive| drive.start_lba.value),
        identity,
        here,
    })
}
