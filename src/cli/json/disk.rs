//! Disks in JSON: table, partitions, Windows installations.

use crate::cli::text;
use crate::layout::Layout;
use crate::layout::Role;
use crate::layout::windows::WindowsVolume;
use crate::partition::Partition;
use crate::partition::PartitionType;
use serde_json::Value;
use serde_json::json;

/// Table and identity.
#[must_use]
pub fn disk(layout: &Layout, len: u64) -> Value {
    json!({
        "table": text::table_kind(layout.table.kind).to_lowercase(),
        "identity": layout.table.disk.map(|disk| text::identity(Some(disk))),
        "size": len,
        "sector_size": layout.table.sector_size,
        "firmware": layout.systems.first().map(|system| system.firmware().to_string().to_lowercase()),
    })
}

/// Partitions with what is on them.
#[must_use]
pub fn partitions(layout: &Layout) -> Value {
    let one = |(index, facts): (usize, &crate::layout::VolumeFacts)| {
        json!({
            "number": facts.partition.number,
            "start": facts.partition.start,
            "size": facts.partition.len,
            "type": type_code(&facts.partition),
            "guid": facts.partition.guid().map(|guid| guid.to_string()),
            "name": facts.partition.name,
            "active": facts.partition.active,
            "file_system": text::file_system(facts.file_system),
            "label": facts.label,
            "role": role(facts.role),
            "windows": layout.windows.iter().filter(|windows| windows.volume == index).map(|windows| &windows.root).collect::<Vec<_>>(),
            "unreadable": facts.unreadable,
        })
    };
    layout.volumes.iter().enumerate().map(one).collect()
}

/// Every Windows, with what it is and the file that says so, or why nothing does.
#[must_use]
pub fn windows(layout: &Layout) -> Value {
    let one = |windows: &WindowsVolume| {
        let (version, error) = (windows.version.as_ref().ok(), windows.version.as_ref().err());
        json!({
            "partition": layout.table.partitions.get(windows.volume).map(|partition| partition.number),
            "root": windows.root,
            "product": version.map(|version| &version.product),
            "build": version.map(|version| &version.build),
            "version_source": version.map(|version| version.source),
            "version_error": error,
            "hibernated": windows.is_hibernated(),
        })
    };
    layout.windows.iter().map(one).collect()
}

/// A type code as text: `07`, or the type GUID.
#[must_use]
pub fn type_code(partition: &Partition) -> Option<String> {
    match partition.kind {
        PartitionType::Mbr(code) => Some(format!("{code:02x}")),
        PartitionType::Gpt(guid) => Some(guid.to_string()),
        PartitionType::Whole => None,
    }
}

/// A role as a word.
#[must_use]
pub fn role(role: Role) -> &'static str {
    match role {
        Role::System => "system",
        Role::Windows => "windows",
        Role::SystemAndWindows => "system+windows",
        Role::Recovery => "recovery",
        Role::Reserved => "reserved",
        Role::Other => "other",
    }
}
