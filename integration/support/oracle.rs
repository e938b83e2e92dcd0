//! What a repaired store must hold, computed without the library: device elements decoded from raw bytes, identities
//! as sfdisk prints them.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value as Json;

use crate::support::judges::judge;
use crate::support::program::text;

/// A partition by identity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Identity {
    Mbr {
        signature: u32,
        offset: u64,
    },
    /// Both as a store spells them: the first three groups little-endian.
    Gpt {
        disk: [u8; 16],
        partition: [u8; 16],
    },
}

impl Identity {
    /// From the texts of two GUIDs.
    pub fn gpt(disk: &str, partition: &str) -> Self {
        Self::Gpt { disk: guid(disk), partition: guid(partition) }
    }

    pub fn disk_text(&self) -> String {
        match self {
            Self::Mbr { signature, .. } => format!("0x{signature:08x}"),
            Self::Gpt { disk, .. } => guid_text(disk),
        }
    }

    pub fn partition_text(&self) -> String {
        match self {
            Self::Mbr { offset, .. } => format!("0x{offset:x}"),
            Self::Gpt { partition, .. } => guid_text(partition),
        }
    }

    /// The 40 bytes that name it: partition, type of the disk (0, a hard disk), style, disk.
    fn bytes(&self) -> [u8; 40] {
        let mut bytes = [0; 40];
        match self {
            Self::Mbr { signature, offset } => {
                bytes[..8].copy_from_slice(&offset.to_le_bytes());
                bytes[20] = 1;
                bytes[24..28].copy_from_slice(&signature.to_le_bytes());
            }
            Self::Gpt { disk, partition } => {
                bytes[..16].copy_from_slice(partition);
                bytes[24..].copy_from_slice(disk);
            }
        }
        bytes
    }
}

/// Groups of a GUID from the last byte of its text's group to the first; the last two groups are read forwards.
const ORDER: [usize; 16] = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15];

fn guid(text: &str) -> [u8; 16] {
    let bytes = unhex(&text.replace('-', ""));
    ORDER.map(|index| bytes[index])
}

fn guid_text(bytes: &[u8; 16]) -> String {
    let digits: String = ORDER.iter().map(|index| format!("{:02x}", bytes[*index])).collect();
    [0..8, 8..12, 12..16, 16..20, 20..32].map(|group| &digits[group]).join("-")
}

fn unhex(text: &str) -> Vec<u8> {
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
}

/// The identities of a disk's partitions in the order of its table, by sfdisk.
pub fn identities_of_table(raw: &Path) -> Vec<Identity> {
    let json: Json = serde_json::from_slice(&judge("sfdisk", &["-J", text(raw)])).expect("JSON");
    let table = &json["partitiontable"];
    let id = table["id"].as_str().unwrap();
    let one = |part: &Json| match table["label"].as_str().unwrap() {
        "gpt" => Identity::gpt(id, part["uuid"].as_str().unwrap()),
        _ => Identity::Mbr {
            signature: u32::from_str_radix(&id[2..], 16).unwrap(),
            offset: part["start"].as_u64().unwrap() * 512,
        },
    };
    table["partitions"].as_array().unwrap().iter().map(one).collect()
}

/// What each copy of a firmware entry, and `device` of each such entry, must become, by hivex's path: those that name
/// `named[i]` are to name `now[i]`, the partition with this number, first block and blocks. GPT only.
pub fn expected_copies(
    store: &Json,
    named: &[Identity],
    now: &[Identity],
    places: &[(u32, u64, u64)],
) -> BTreeMap<String, Vec<u8>> {
    let mut values = BTreeMap::new();
    let root = store["root"].as_str().unwrap();
    for (id, object) in store["objects"].as_object().unwrap() {
        let mut put = |path: &str, before: Vec<u8>, after: Vec<u8>| {
            if before != after {
                values.insert(format!("{root}\\Objects\\{id}\\{path}"), after);
            }
        };
        if let Some(copy) = object["description"]["FirmwareVariable"][1].as_str() {
            let before = unhex(copy);
            let mut after = before.clone();
            for at in (0..before.len()).filter(|at| before[*at..].starts_with(&[4, 1, 0x2a, 0])) {
                let is_named = |named: &Identity| matches!(named, Identity::Gpt { partition, .. } if before[at + 24..at + 40] == *partition);
                if let Some(index) = named.iter().position(is_named)
                    && let Identity::Gpt { partition, .. } = now[index]
                {
                    let (number, start, count) = places[index];
                    after[at + 4..at + 8].copy_from_slice(&number.to_le_bytes());
                    after[at + 8..at + 16].copy_from_slice(&start.to_le_bytes());
                    after[at + 16..at + 24].copy_from_slice(&count.to_le_bytes());
                    after[at + 24..at + 40].copy_from_slice(&partition);
                }
            }
            put("Description\\FirmwareVariable", before, after);
        }
        let is_firmwares = object["description"]["Type"][1] == "ffff1f10";
        if let Some(device) = object["elements"]["11000001"][1].as_str().filter(|_| is_firmwares) {
            let before = unhex(device);
            let mut after = before.clone();
            for at in places_in(&before) {
                if let Some(index) = named.iter().position(|named| before[at..at + 40] == named.bytes()) {
                    after[at..at + 40].copy_from_slice(&now[index].bytes());
                }
            }
            put("Elements\\11000001\\Element", before, after);
        }
    }
    values
}

fn u32_at(bytes: &[u8], at: usize) -> usize {
    u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize
}

/// Offsets, within a device element, of the 40 bytes that name a partition of a hard disk (not of a virtual one).
fn places_in(raw: &[u8]) -> Vec<usize> {
    let mut places = Vec::new();
    // The descriptor behind the options GUID.
    let mut at = 16;
    loop {
        match (u32_at(raw, at), u32_at(raw, at + 16)) {
            (6, _) if u32_at(raw, at + 0x20) == 0 => {
                places.push(at + 0x10);
                return places;
            }
            // A partition in a virtual disk: the file that is the disk comes behind it.
            (6, _) => at += 0x38,
            // RAM disk, file: the device that the file is on stands before the path.
            (0, 3) => at += 0x28 + 12,
            (0, 5) => at += 0x14 + 12,
            (0, 6) => at += 0x28,
            (8, _) if u32_at(raw, at + 0x18) != 0 => at += u32_at(raw, at + 0x18),
            (5 | 8, _) => return places,
            other => panic!("a device of an unknown type: {other:?}"),
        }
    }
}

/// What each element must become whose partition has another identity now, by hivex's path: every element that names
/// `named[i]` is to name `now[i]`, except those of firmware entries and of objects that are none, and those that begin
/// with one of `left`.
pub fn expected_values(
    store: &Json,
    named: &[Identity],
    now: &[Identity],
    left: &[&str],
) -> BTreeMap<String, Vec<u8>> {
    let mut values = BTreeMap::new();
    for (id, object) in store["objects"].as_object().unwrap() {
        let kind = object["description"]["Type"][1].as_str().unwrap_or_default();
        if kind == "ffff1f10" || kind.is_empty() {
            continue;
        }
        for (element, value) in object["elements"].as_object().unwrap() {
            let is_device = element.as_bytes()[1] == b'1' && value[0] == 3;
            if !is_device || left.iter().any(|left| format!("{id}/{element}").starts_with(left)) {
                continue;
            }
            let before = unhex(value[1].as_str().unwrap());
            let mut after = before.clone();
            for at in places_in(&before) {
                if let Some(index) = named.iter().position(|named| before[at..at + 40] == named.bytes()) {
                    after[at..at + 40].copy_from_slice(&now[index].bytes());
                }
            }
            if after != before {
                let root = store["root"].as_str().unwrap();
                values.insert(format!("{root}\\Objects\\{id}\\Elements\\{element}\\Element"), after);
            }
        }
    }
    values
}
