//! `ReAgent.xml` as Windows writes it, and what it says of the committed disks when it is right.

use crate::support::disk::Disk;
use crate::support::parts::partitions;
use crate::support::program::bcdrescue;

pub const OWN: &str = "/Windows/System32/Recovery/ReAgent.xml";

pub const COPY: &str = "/Recovery/WindowsRE/ReAgent.xml";

pub const NO_GUID: &str = "{00000000-0000-0000-0000-000000000000}";

/// What a disk's file says when it is right: a GPT disk, and one with an MBR.
pub struct Right {
    pub healthy: &'static str,
    pub broken: &'static str,
    /// Partitions of Windows and of the recovery image.
    pub windows: u32,
    pub recovery: u32,
    pub id: &'static str,
    pub guid: &'static str,
    /// The same of the broken disk.
    pub new_id: &'static str,
    pub new_guid: &'static str,
}

pub const GPT: Right = Right {
    healthy: "win11-uefi-healthy",
    broken: "win11-uefi",
    windows: 3,
    recovery: 4,
    id: "0",
    guid: "{5f3c0101-3b1d-4c01-9a2c-0242ac1b0001}",
    new_id: "0",
    new_guid: "{0a2071c8-53c4-490e-8476-749b002c1f46}",
};

/// 0xc3a1f00d is what the store of `win10-bios` names, 0x4e21b6aa its signature.
pub const MBR: Right = Right {
    healthy: "win10-bios-healthy",
    broken: "win10-bios",
    windows: 2,
    recovery: 1,
    id: "3282169869",
    guid: NO_GUID,
    new_id: "1310832298",
    new_guid: NO_GUID,
};

/// The recovery loader of both stores.
pub fn entry(disk: &Disk) -> String {
    let target = bcdrescue(&["inspect", disk.name(), "--json"]).target();
    let objects = target["stores"][0]["objects"].as_array().unwrap().clone();
    let sequence = objects.iter().flat_map(|object| object["elements"].as_array().unwrap().clone());
    let sequence =
        sequence.into_iter().find(|element| element["id"] == "14000008").expect("a recovery sequence");
    sequence["value"][0].as_str().unwrap().to_owned()
}

/// Where the partition of the recovery image starts.
pub fn start(right: &Right) -> u64 {
    let disk = Disk::raw(right.healthy);
    partitions(&disk.path).into_iter().find(|part| part.number == right.recovery).unwrap().start
}

pub fn xml(entry: &str, id: &str, offset: u64, guid: &str, state: u32) -> String {
    format!(
        "<?xml version='1.0' encoding='utf-8'?>\r\n<WindowsRE version=\"2.0\">\r\n  <WinreBCD id=\"{entry}\"/>\r\n  \
         <WinreLocation path=\"\\Recovery\\WindowsRE\" id=\"{id}\" offset=\"{offset}\" guid=\"{guid}\"/>\r\n  \
         <ImageLocation path=\"\" id=\"0\" offset=\"0\" guid=\"{NO_GUID}\"/>\r\n  \
         <InstallState state=\"{state}\"/>\r\n</WindowsRE>"
    )
}
