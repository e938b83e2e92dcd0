//! Partitions of raw disks, and their volumes as files of their own.

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::path::PathBuf;

use bcdrescue::bcd::QualifiedPartition;
use serde_json::Value as Json;

use crate::support::disk::Disk;
use crate::support::disk::data;
use crate::support::judges::judge;
use crate::support::judges::judge_with;
use crate::support::program::bcdrescue;
use crate::support::program::text;

/// A partition by sfdisk, in bytes.
#[derive(Debug, Clone)]
pub struct Part {
    pub number: u32,
    pub start: u64,
    pub len: u64,
}

/// The partitions of a raw disk with 512-byte sectors, by sfdisk.
pub fn partitions(raw: &Path) -> Vec<Part> {
    let json: Json = serde_json::from_slice(&judge("sfdisk", &["-J", text(raw)])).expect("JSON");
    let number = |node: &Json| -> u32 {
        let node = node["node"].as_str().expect("node");
        node[text(raw).len()..].trim_start_matches('p').parse().expect("number")
    };
    let list = json["partitiontable"]["partitions"].as_array().expect("partitions").clone();
    let part = |entry: &Json| Part {
        number: number(entry),
        start: entry["start"].as_u64().expect("start") * 512,
        len: entry["size"].as_u64().expect("size") * 512,
    };
    list.iter().map(part).collect()
}

/// Copies `len` bytes from `start` of a raw disk into a sparse file beside it: a volume for ntfscat and its like.
pub fn cut(raw: &Path, start: u64, len: u64) -> PathBuf {
    let path = raw.with_extension(format!("{start:x}.volume"));
    let target = fs::File::create(&path).expect("writable");
    target.set_len(len).expect("length");
    for (at, bytes) in data(raw).filter(|(at, bytes)| *at < start + len && at + bytes.len() as u64 > start) {
        let (from, to) = (at.max(start), (at + bytes.len() as u64).min(start + len));
        target
            .write_all_at(&bytes[(from - at) as usize..(to - at) as usize], from - start)
            .expect("writable");
    }
    path
}

/// Puts a volume where [`cut`] took it from, or elsewhere; what it has no data for is left as it is there. Its boot
/// record is told where it begins, as a tool that moves a partition well does it.
pub fn paste(volume: &Path, raw: &Path, start: u64) {
    let target = fs::OpenOptions::new().write(true).read(true).open(raw).expect("writable");
    for (at, bytes) in data(volume) {
        target.write_all_at(&bytes, start + at).expect("writable");
    }
    let mut head = [0; 512];
    target.read_exact_at(&mut head, start).expect("readable");
    let sector = u64::from(u16::from_le_bytes([head[0x0b], head[0x0c]]));
    let copy = match (&head[3..8], &head[0x52..0x57]) {
        (b"NTFS ", _) => u64::from_le_bytes(head[0x28..0x30].try_into().unwrap()),
        (_, b"FAT32") => u64::from(head[0x32]),
        _ => return,
    };
    for at in [0, copy * sector] {
        let place = u32::try_from(start / sector).unwrap().to_le_bytes();
        target.write_all_at(&place, start + at + 0x1c).expect("writable");
    }
}

/// A table written by sfdisk; an MBR gets something where its boot code belongs.
#[track_caller]
pub fn sfdisk(disk: &Path, script: &str) {
    judge_with("sfdisk", &["-q", text(disk)], script.as_bytes());
    if script.contains("label: dos") {
        let target = fs::OpenOptions::new().write(true).open(disk).expect("writable");
        target.write_all_at(b"stands for boot code", 0).expect("writable");
    }
}

/// Changes the volume of a partition as a file of its own and puts it back.
pub fn change(disk: &Disk, number: u32, with: impl FnOnce(&Path)) {
    let part = part(disk, number);
    change_at(disk, part.start, part.len, with);
}

/// The same where sfdisk cannot say where the partition is.
pub fn change_at(disk: &Disk, start: u64, len: u64, with: impl FnOnce(&Path)) {
    let file = cut(&disk.path, start, len);
    with(&file);
    paste(&file, &disk.path, start);
    fs::remove_file(file).unwrap();
}

/// The same by what `inspect` lists: of 4096-byte sectors in a file sfdisk cannot be told.
pub fn change_listed(disk: &Disk, number: u32, with: impl FnOnce(&Path)) {
    let (start, len) = listed(disk, number);
    change_at(disk, start, len, with);
}

/// Where `inspect` lists that partition, and its length in bytes.
pub fn listed(disk: &Disk, number: u32) -> (u64, u64) {
    let target = bcdrescue(&["inspect", disk.name(), "--json"]).target();
    let parts = target["partitions"].as_array().unwrap();
    let part = parts.iter().find(|part| part["number"] == number).unwrap();
    let [start, len] = ["start", "size"].map(|field| part[field].as_u64().unwrap());
    (start, len)
}

pub fn part(disk: &Disk, number: u32) -> Part {
    partitions(&disk.path).into_iter().find(|part| part.number == number).unwrap()
}

/// The volume of a partition as a file of its own.
pub fn volume(disk: &Disk, number: u32) -> PathBuf {
    let part = part(disk, number);
    cut(&disk.path, part.start, part.len)
}

/// What an element names that means this partition of a GPT disk, by sfdisk.
pub fn gpt_of(disk: &Disk, number: usize) -> QualifiedPartition {
    let json: Json = serde_json::from_slice(&judge("sfdisk", &["-J", disk.name()])).unwrap();
    let table = &json["partitiontable"];
    let guid = |value: &Json| value.as_str().unwrap().to_lowercase().parse().unwrap();
    QualifiedPartition::Gpt {
        disk: guid(&table["id"]),
        partition: guid(&table["partitions"][number - 1]["uuid"]),
    }
}
