//! The FAT writer: what it makes is read back by our reader, the crate `fatfs` and mtools, and judged by fsck.fat.

mod cuts;
mod made;
mod refused;
mod volumes;

use bcdrescue::volume::FatWriteError;
use bcdrescue::volume::FatWriter;
use bcdrescue::volume::NewEntry;
use bcdrescue::volume::Piece;

use volumes::FatImage;
use volumes::complaints;
use volumes::ours;
use volumes::theirs;

use crate::support::new_entries::Files;
use crate::support::new_entries::directory;
use crate::support::new_entries::expect;
use crate::support::new_entries::file;
use crate::support::noise::noise;

/// 2026-01-02, as Windows counts.
const TIME: u64 = 134_117_856_000_000_000;

/// Every kind of table, with sectors of 512 and 4096 bytes: the length of the volume and how mkfs.fat makes it.
const KINDS: [(u64, &[&str]); 6] = [
    (2 << 20, &["-F12"]),
    (40 << 20, &["-F16"]),
    (40 << 20, &["-F16", "-S4096", "-s1"]),
    (40 << 20, &["-F32", "-s1"]),
    (300 << 20, &["-F32", "-s8"]),
    (260 << 20, &["-F32", "-S4096", "-s1"]),
];

/// Writes all stages, and has every reader and judge look at the result.
#[track_caller]
fn written(image: &FatImage, what: &str, stages: &[Vec<Piece>], expected: &Files) {
    stages.iter().for_each(|pieces| image.put(pieces));
    same(what, &ours(image), expected);
    same(what, &theirs(image), expected);
    assert_eq!(complaints(image), Vec::<String>::new(), "{what}");
}

#[track_caller]
fn same(what: &str, found: &Files, expected: &Files) {
    let names = |files: &Files| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(found), names(expected), "{what}");
    for (path, bytes) in expected {
        assert!(found[path] == *bytes, "{what}: {path} has other contents");
    }
}

/// A step of a writer, by what it does.
type Step<'c> = Box<dyn Fn(FatWriter<'_>) -> Result<Vec<Vec<Piece>>, FatWriteError> + 'c>;

fn creating<'c>(parent: &'c str, entries: &'c [NewEntry<'c>]) -> Step<'c> {
    Box::new(move |writer| writer.create(parent, entries)?.finish())
}

fn replacing<'c>(path: &'c str, contents: &'c [u8]) -> Step<'c> {
    Box::new(move |writer| writer.replace(path, contents)?.finish())
}

fn planned(image: &FatImage, step: &Step<'_>) -> Result<Vec<Vec<Piece>>, FatWriteError> {
    let disk = image.storage();
    step(FatWriter::new(&disk, TIME)?)
}
