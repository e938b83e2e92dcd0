//! Disks in JSON: table, partitions, Windows installations.

use schemars::JsonSchema;
use serde::Serialize;

use crate::bcd::Firmware;
use crate::cli::output::json::controller;
use crate::cli::output::json::controller::Controller;
use crate::cli::text::words;
use crate::diagnosis::Diagnosis;
use crate::diagnosis::starts_by::StartsBy;
use crate::diagnosis::starts_by::starts_by;
use crate::layout::Layout;
use crate::layout::VolumeFacts;
use crate::layout::VolumeRole;
use crate::layout::index::VolumeIndex;
use crate::layout::windows::WindowsVolume;
use crate::partition;
use crate::partition::PartitionType;

/// Table and identity of a disk.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Disk {
    /// `mbr`, `gpt` or `none`.
    table: String,
    /// The MBR's disk signature (`0x36234da4`) or the GPT's disk GUID; null without a table.
    identity: Option<String>,
    /// Length in bytes.
    size: u64,
    /// Bytes of a logical sector.
    sector_size: u32,
    /// The firmware that its system volume is for, `bios` or `uefi`; null where there is none.
    firmware: Option<String>,
    /// Which firmware starts it at all.
    starts_on: StartsOn,
}

/// Which firmware starts a disk; a driver that a disk controller lacks is no part of it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct StartsOn {
    /// Whether a BIOS does.
    bios: StartsBy,
    /// Whether UEFI firmware does that has no entry for it.
    uefi: StartsBy,
}

/// A partition with what is on it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Partition {
    /// Its number in the table; 0 when the whole disk is one volume.
    number: u32,
    /// Where it begins, in bytes of the disk.
    start: u64,
    /// Length in bytes.
    size: u64,
    /// Type code in hex (`07`), or type GUID.
    r#type: Option<String>,
    /// Its own GUID (GPT).
    guid: Option<String>,
    /// Its name (GPT).
    name: Option<String>,
    /// Whether a BIOS starts from it (MBR).
    active: bool,
    /// `NTFS`, `FAT32`, `BitLocker` and so on.
    file_system: String,
    /// The volume's label.
    label: Option<String>,
    /// `system`, `windows`, `system+windows`, `recovery`, `reserved` or `other`.
    role: &'static str,
    /// The Windows directories on it.
    windows: Vec<String>,
    /// Why it cannot be read; null when it can.
    unreadable: Option<String>,
}

/// A Windows installation.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Windows {
    /// Number of its partition.
    partition: Option<u32>,
    /// Its directory, `\Windows`.
    root: String,
    /// What it calls itself.
    product: Option<String>,
    /// Build number.
    build: Option<String>,
    /// The file that says so.
    version_source: Option<String>,
    /// Why nothing says so.
    version_error: Option<String>,
    /// Whether a session is saved in `hiberfil.sys`.
    hibernated: bool,
    /// Why that cannot be told.
    hibernation_error: Option<String>,
    /// The name of the computer (`list` and `inspect`); left out where its SYSTEM hive does not say so.
    #[serde(skip_serializing_if = "Option::is_none")]
    computer_name: Option<String>,
    /// When it was last shut down, UTC (`list` and `inspect`); left out where its SYSTEM hive does not say so.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_shutdown: Option<String>,
    /// Whether it would start from each disk controller: `check` with `--on` of those, `inspect` of all; left out otherwise.
    #[serde(skip_serializing_if = "Option::is_none")]
    controllers: Option<Vec<Controller>>,
}

/// Table and identity.
#[must_use]
pub fn disk(layout: &Layout, diagnosis: &Diagnosis, len: u64) -> Disk {
    let starts_by = |firmware| starts_by(layout, diagnosis, firmware);
    Disk {
        table: words::table_kind(layout.table.kind).to_lowercase(),
        identity: layout.table.disk.map(|disk| words::identity(Some(disk))),
        size: len,
        sector_size: layout.table.sector_size,
        firmware: layout.systems.first().map(|system| system.firmware().to_string().to_lowercase()),
        starts_on: StartsOn { bios: starts_by(Firmware::Bios), uefi: starts_by(Firmware::Uefi) },
    }
}

/// Partitions with what is on them.
#[must_use]
pub fn partitions(layout: &Layout) -> Vec<Partition> {
    let windows = |index: VolumeIndex| {
        layout.windows.iter().filter(move |windows| windows.volume == index).map(|it| it.root.clone())
    };
    let one = |(index, facts): (VolumeIndex, &VolumeFacts)| Partition {
        number: facts.partition.number,
        start: facts.partition.start,
        size: facts.partition.len,
        r#type: type_code(&facts.partition),
        guid: facts.partition.guid().map(|guid| guid.to_string()),
        name: facts.partition.name.clone(),
        active: facts.partition.active,
        file_system: words::file_system(facts.file_system).to_owned(),
        label: facts.label.clone(),
        role: role(facts.role),
        windows: windows(index).collect(),
        unreadable: facts.unread_reason().map(ToString::to_string),
    };
    layout.volumes_indexed().map(one).collect()
}

/// Every Windows, with what it is and the file that says so, or why nothing does.
#[must_use]
pub fn windows(layout: &Layout) -> Vec<Windows> {
    let one = |windows: &WindowsVolume| {
        let (version, error) = (windows.version.as_ref().ok(), windows.version.as_ref().err());
        Windows {
            partition: layout.partition(windows.volume).map(|partition| partition.number),
            root: windows.root.clone(),
            product: version.map(|version| version.product.clone()),
            build: version.and_then(|version| version.build.clone()),
            version_source: version.map(|version| version.source.to_string()),
            version_error: error.map(ToString::to_string),
            hibernated: windows.asleep.is_yes(),
            hibernation_error: windows.asleep.cause().map(ToString::to_string),
            computer_name: windows.machine.computer_name.clone(),
            last_shutdown: windows
                .machine
                .last_shutdown
                .map(|time| humantime::format_rfc3339_seconds(time).to_string()),
            controllers: controller::controllers(layout, windows),
        }
    };
    layout.windows.iter().map(one).collect()
}

/// A type code as text: `07`, or the type GUID.
#[must_use]
pub fn type_code(partition: &partition::Partition) -> Option<String> {
    match partition.kind {
        PartitionType::Mbr(code) => Some(format!("{code:02x}")),
        PartitionType::Gpt(guid) => Some(guid.to_string()),
        PartitionType::Whole => None,
    }
}

/// A role as a word.
#[must_use]
pub fn role(role: VolumeRole) -> &'static str {
    match role {
        VolumeRole::System => "system",
        VolumeRole::Windows => "windows",
        VolumeRole::SystemAndWindows => "system+windows",
        VolumeRole::Recovery => "recovery",
        VolumeRole::Reserved => "reserved",
        VolumeRole::Other => "other",
    }
}
