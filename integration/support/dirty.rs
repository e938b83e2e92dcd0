//! Stores that a power cut left dirty, with their truth in the logs beside them.

use std::fs;
use std::path::PathBuf;

use crate::log_file::entry;
use crate::log_file::entry_log;
use crate::log_file::numbered;
use crate::log_file::page_log;
use crate::support::disk::Disk;
use crate::support::judges::fat_file;
use crate::support::judges::ntfs_file;
use crate::support::judges::put_fat;
use crate::support::judges::put_ntfs;
use crate::support::parts::cut;
use crate::support::parts::paste;
use crate::support::sparse::SparseRam;
use crate::support::sparse::look;
use crate::support::store::BIOS;
use crate::support::store::UEFI;

/// The number of the store when its last flush is complete.
pub const NUMBER: u32 = 700;

/// Logs by the endings of their names.
pub type Logs = Vec<(&'static str, Vec<u8>)>;

/// How the truth lies in the logs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// One entry in BCD.LOG.
    Entry,
    /// Entries that interleave over two files, and a third of older ones.
    ThreeFiles,
    /// Pages in BCD.LOG1.
    Pages,
    /// One entry; the base block was being written too.
    TornBaseBlock,
}

pub const KINDS: [Kind; 4] = [Kind::Entry, Kind::ThreeFiles, Kind::Pages, Kind::TornBaseBlock];

/// Every other page of 4096 bytes from `first` on, as offsets from the first bin.
pub fn lost(store: &[u8], first: usize) -> Vec<(usize, usize)> {
    (first * 0x1000..store.len() - 0x1000).step_by(0x2000).map(|at| (at, 0x1000)).collect()
}

/// A sound store as it is while its last flush is under way, and the logs of that moment.
pub fn dirty(store: &[u8], kind: Kind) -> (Vec<u8>, Logs) {
    let new = numbered(store, NUMBER, NUMBER);
    let lost = lost(&new, 0);
    let mut old = new.clone();
    lost.iter().for_each(|(at, len)| old[0x1000 + at..0x1000 + at + len].fill(0));
    // So that a boot manager that goes by the time of the first bin finds it.
    old[0x1000..0x1020].copy_from_slice(&new[0x1000..0x1020]);
    let whole = || entry(NUMBER - 1, &new, &lost);
    let logs: Logs = match kind {
        Kind::Entry | Kind::TornBaseBlock => vec![("LOG", entry_log(NUMBER - 1, &new, &[whole()]))],
        Kind::ThreeFiles => {
            let (first, second) = lost.split_at(1);
            let stale = entry_log(600, &old, &[entry(600, &old, &lost)]);
            let log1 = entry_log(NUMBER - 1, &new, &[entry(NUMBER - 1, &new, second)]);
            let log2 = entry_log(NUMBER - 2, &new, &[entry(NUMBER - 2, &new, first)]);
            vec![("LOG", stale), ("LOG1", log1), ("LOG2", log2)]
        }
        Kind::Pages => {
            let pages: Vec<usize> =
                lost.iter().flat_map(|(at, len)| (*at..at + len).step_by(0x200)).collect();
            vec![("LOG1", page_log(NUMBER, &new, &pages))]
        }
    };
    let secondary = if kind == Kind::ThreeFiles { NUMBER - 2 } else { NUMBER - 1 };
    let mut old = numbered(&old, NUMBER, secondary);
    if kind == Kind::TornBaseBlock {
        old[0x1fc] ^= 0x55;
    }
    (old, logs)
}

/// The system volume of a raw disk as a file of its own, and where it begins. By our own reader: sfdisk takes every disk
/// for one with sectors of 512 bytes.
pub fn volume(disk: &Disk) -> (PathBuf, u64) {
    let (layout, _) = look(&SparseRam::read(&disk.path)).unwrap();
    let partition = layout.partition(layout.systems[0].volume).unwrap();
    (cut(&disk.path, partition.start, partition.len), partition.start)
}

pub fn store(disk: &Disk, path: &str) -> Vec<u8> {
    let (volume, _) = volume(disk);
    let bytes = if path == BIOS { ntfs_file(&volume, path) } else { fat_file(&volume, path) };
    fs::remove_file(volume).unwrap();
    bytes
}

/// Puts a store and its logs; a log that is not named becomes empty.
pub fn put(disk: &Disk, path: &str, bytes: &[u8], logs: &Logs) {
    let (volume, start) = volume(disk);
    let put = |path: &str, bytes: &[u8]| match path.starts_with(BIOS) {
        true => put_ntfs(&volume, path, bytes),
        false => put_fat(&volume, path, bytes),
    };
    put(path, bytes);
    for ending in ["LOG", "LOG1", "LOG2"] {
        let log = logs.iter().find(|(name, _)| *name == ending).map_or(&[0; 512][..], |(_, log)| log);
        put(&format!("{path}.{ending}"), log);
    }
    paste(&volume, &disk.path, start);
    fs::remove_file(volume).unwrap();
}

/// A committed image whose store is dirty; with the store as it would be, were it clean.
pub fn disk(name: &str, path: &str, kind: Kind) -> (Disk, Vec<u8>) {
    let disk = Disk::raw(name);
    let new = numbered(&store(&disk, path), NUMBER, NUMBER);
    let (old, logs) = dirty(&new, kind);
    put(&disk, path, &old, &logs);
    (disk, new)
}

/// A disk whose store lacks a letter in each of two pages, and each page is in a log of its own: made whole by one of them alone it is
/// sound too, and another.
pub fn in_two_logs() -> SparseRam {
    let disk = Disk::raw("win2008r2-bios");
    let new = numbered(&store(&disk, BIOS), NUMBER, NUMBER);
    let word: Vec<u8> = "Windows".encode_utf16().flat_map(u16::to_le_bytes).collect();
    let at: Vec<usize> = (0x1000..new.len() - 14).filter(|at| new[*at..].starts_with(&word)).collect();
    let pages = [at[0], at[at.len() - 1]].map(|at| (at / 0x1000 * 0x1000 - 0x1000, 0x1000));
    assert_ne!(pages[0], pages[1]);
    let mut old = new.clone();
    [at[0], at[at.len() - 1]].iter().for_each(|at| old[*at] = b'V');
    let logs = vec![
        ("LOG1", entry_log(NUMBER - 1, &new, &[entry(NUMBER - 1, &new, &pages[1..])])),
        ("LOG2", entry_log(NUMBER - 2, &new, &[entry(NUMBER - 2, &new, &pages[..1])])),
    ];
    put(&disk, BIOS, &numbered(&old, NUMBER, NUMBER - 2), &logs);
    SparseRam::read(&disk.path)
}

/// Dirty disks for the tests of power cuts.
pub fn disks() -> Vec<(&'static str, SparseRam)> {
    let names = [
        ("win2008r2-bios", "pages on NTFS", BIOS, Kind::Pages),
        ("win11-uefi", "an entry on FAT", UEFI, Kind::Entry),
        ("win2008r2-bios", "a torn base block", BIOS, Kind::TornBaseBlock),
        ("win2022-uefi-4kn", "sectors of 4096 bytes", UEFI, Kind::ThreeFiles),
    ];
    names.map(|(name, story, path, kind)| (story, SparseRam::read(&disk(name, path, kind).0.path))).into()
}
