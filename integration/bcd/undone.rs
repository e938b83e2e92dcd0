//! The way back of an edit, where the volume was used since: the clusters that the old store had were free, and belong to whoever takes them.

use std::fs;
use std::os::unix::fs::FileExt;

use crate::bcd::edits::store;
use crate::bcd::edits::written;
use crate::support::disk::Disk;
use crate::support::disk::data;
use crate::support::disk::hash;
use crate::support::program::bcdrescue;

/// Where these bytes lie on a raw disk, in one piece.
fn place(disk: &Disk, bytes: &[u8]) -> u64 {
    let head = &bytes[..512];
    let found = data(&disk.path).find_map(|(start, piece)| {
        piece.chunks(512).position(|sector| sector == head).map(|at| start + at as u64 * 512)
    });
    let at = found.expect("the store is on the disk");
    let mut there = vec![0; bytes.len()];
    fs::File::open(&disk.path).unwrap().read_exact_at(&mut there, at).unwrap();
    assert!(there == bytes, "the store lies in one piece");
    at
}

/// A temporary file took the old clusters and is deleted again: nothing but their bytes tells.
#[test]
fn what_a_deleted_file_left_in_the_old_clusters_is_no_obstacle() {
    for image in ["win10-bios-healthy", "win11-uefi-healthy"] {
        let disk = Disk::raw(image).in_memory();
        let old = store(&disk, image);
        let (at, before) = (place(&disk, &old), hash(&disk.path));
        let (_, record) = written(&["copy", disk.name(), "{current}", "-d", "Second"]);
        assert!(store(&disk, image) != old);
        disk.put(at, &vec![b'Z'; old.len()]);
        bcdrescue(&["check", disk.name()]).exits(0);
        let dry = bcdrescue(&["undo", &record, "--dry-run"]);
        assert_eq!(dry.code, 4, "{dry:?}");
        bcdrescue(&["undo", &record, "--yes"]).exits(1).says("every byte is as it was");
        assert!(hash(&disk.path) == before, "{image}");
        bcdrescue(&["undo", &record, "--yes"]).exits(0).says("nothing to do");
    }
}

/// The same where the switch is back already, and the store has other bytes.
#[test]
fn what_is_switched_back_is_not_taken_for_undone_unless_its_bytes_are_there() {
    let image = "win10-bios-healthy";
    let disk = Disk::raw(image).in_memory();
    let old = store(&disk, image);
    let (at, before) = (place(&disk, &old), hash(&disk.path));
    let (_, record) = written(&["copy", disk.name(), "{current}", "-d", "Second"]);
    bcdrescue(&["undo", &record, "--yes"]).exits(1);
    disk.put(at, &vec![b'Z'; old.len()]);
    bcdrescue(&["undo", &record, "--yes"]).exits(1).says("every byte is as it was");
    assert!(hash(&disk.path) == before);
}

/// In one FAT time, with the old clusters in use again, sectors alone do not tell an edit from the one before.
#[test]
fn edits_are_undone_last_first_and_in_no_other_order() {
    for image in ["win11-uefi-healthy", "win10-bios-healthy"] {
        let disk = Disk::raw(image).in_memory();
        let mut states = vec![hash(&disk.path)];
        let mut records = Vec::new();
        for words in
            [&["safe-mode", disk.name()][..], &["menu", disk.name(), "30"], &["last-known-good", disk.name()]]
        {
            records.push(written(words).1);
            states.push(hash(&disk.path));
        }
        for record in &records[..2] {
            bcdrescue(&["undo", record, "--yes"]).exits(8).says("undo");
            assert!(hash(&disk.path) == states[3], "{image}: {record}");
        }
        for (record, state) in records.iter().zip(&states).rev() {
            bcdrescue(&["undo", record, "--yes"]).exits(1).says("every byte is as it was");
            assert!(hash(&disk.path) == *state, "{image}: {record}");
        }
    }
}
