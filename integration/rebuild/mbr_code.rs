//! Our code of a master boot record, started by a BIOS.

use std::fs;
use std::path::PathBuf;

use bcdrescue::partition::boot_code::MbrCode;
use serde_json::json;

use super::bios_start::can_start;
use super::bios_start::hard_disk;
use super::bios_start::started;
use super::bios_start::starts;
use super::bios_start::stops_with;
use crate::guest::machine::Drive;
use crate::guest::machine::Filter;
use crate::support::assembled::boot_sector;
use crate::support::judges::judge_with;
use crate::support::program::text;

/// Where the two partitions begin, in sectors.
const STARTS: [usize; 2] = [2048, 4096];
const SECTOR: usize = 512;
const ENTRIES: usize = 0x1be;

struct Disk {
    folder: tempfile::TempDir,
}

impl Disk {
    /// A disk with our code and two partitions, each with a boot record; the statuses of its entries are these.
    fn new(statuses: [u8; 2]) -> Self {
        let disk = Self { folder: tempfile::tempdir().unwrap() };
        fs::write(disk.path(), vec![0; 4 << 20]).unwrap();
        let table = "label: dos\nstart=2048,size=2048,type=7\nstart=4096,size=2048,type=7\n";
        judge_with("sfdisk", &["-q", text(&disk.path())], table.as_bytes());
        disk.change(|bytes| {
            let sector = MbrCode::own().written_over(&bytes[..SECTOR]).unwrap();
            bytes[..SECTOR].copy_from_slice(&sector);
            for (number, (start, status)) in STARTS.iter().zip(statuses).enumerate() {
                bytes[ENTRIES + number * 16] = status;
                let record = boot_sector(&format!("partition {}", number + 1));
                bytes[start * SECTOR..(start + 1) * SECTOR].copy_from_slice(&record);
            }
        });
        disk
    }

    fn change(&self, change: impl FnOnce(&mut [u8])) {
        let mut bytes = fs::read(self.path()).unwrap();
        change(&mut bytes);
        fs::write(self.path(), bytes).unwrap();
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("disk")
    }
}

#[track_caller]
fn says(said: &str, text: &str) {
    assert!(said.contains(text), "expected {text:?} in:\n{said}");
    assert_eq!(said.contains("partition 1 from"), text.contains("partition 1 from"), "{said}");
    assert_eq!(said.contains("partition 2 from"), text.contains("partition 2 from"), "{said}");
}

#[test]
fn the_active_partition_starts() {
    if !can_start() {
        return;
    }
    says(&starts(&Disk::new([0, 0x80]).path()), "partition 2 from drive 80h");
    // As with Windows' code the first one counts.
    says(&starts(&Disk::new([0x80, 0x80]).path()), "partition 1 from drive 80h");
    says(&starts(&Disk::new([0x80, 1]).path()), "partition 1 from drive 80h");
}

#[test]
fn what_cannot_be_started_is_said() {
    if !can_start() {
        return;
    }
    says(&starts(&Disk::new([0, 0]).path()), "No bootable device");
    stops(&Disk::new([1, 0x80]), "MBR: bad status of a partition before the active one");
    let disk = Disk::new([0, 0x80]);
    disk.change(|bytes| bytes[STARTS[1] * SECTOR + 0x1fe] = 0);
    stops(&disk, "MBR: the active partition has no boot record");
    disk.change(|bytes| bytes[ENTRIES + 16 + 8..][..4].copy_from_slice(&0x7000_0000_u32.to_le_bytes()));
    stops(&disk, "MBR: the active partition cannot be read");
}

#[track_caller]
fn stops(disk: &Disk, text: &str) {
    said_at_last(hard_disk(&disk.path()), text);
}

#[track_caller]
fn said_at_last(drive: Drive, text: &str) {
    let before = stops_with(drive, text);
    assert!(!before.contains("from drive"), "{before}");
}

#[test]
fn a_sector_that_fails_is_read_five_times() {
    if !can_start() {
        return;
    }
    let disk = Disk::new([0, 0x80]);
    let failing = |times: usize| {
        let rule =
            json!({ "event": "none", "iotype": "read", "sector": STARTS[1], "errno": 5, "once": true });
        let filter = Some(Filter::Errors(vec![rule; times]));
        Drive { filter, ..hard_disk(&disk.path()) }
    };
    says(&started(&[], &[failing(4)]), "partition 2 from drive 80h");
    said_at_last(failing(5), "MBR: the active partition cannot be read");
}

/// A BIOS reads a diskette by cylinder, head and sector alone.
#[test]
fn a_drive_without_lba_is_read_by_cylinder_head_and_sector() {
    if !can_start() {
        return;
    }
    let disk = Disk::new([0, 0x80]);
    let diskette = disk.folder.path().join("diskette");
    let mut bytes = vec![0; 1440 << 10];
    bytes[..SECTOR].copy_from_slice(&fs::read(disk.path()).unwrap()[..SECTOR]);
    // Cylinder 1, head 1, sector 2 of 80 cylinders with 2 heads and 18 sectors.
    bytes[ENTRIES + 16 + 1..][..3].copy_from_slice(&[1, 2, 1]);
    let at = (18 * 3 + 1) * SECTOR;
    bytes[at..at + SECTOR].copy_from_slice(&boot_sector("partition 2"));
    fs::write(&diskette, &bytes).unwrap();
    let drive = format!("if=floppy,format=raw,readonly=on,file={}", text(&diskette));
    let more = ["-drive", &drive, "-boot", "a"];
    says(&started(&more, &[]), "partition 2 from drive 00h");
    // What cannot be read there is looked for on the first hard disk.
    bytes[ENTRIES + 16 + 3] = 200;
    fs::write(&diskette, &bytes).unwrap();
    says(&started(&more, &[hard_disk(&disk.path())]), "partition 2 from drive 80h");
}
