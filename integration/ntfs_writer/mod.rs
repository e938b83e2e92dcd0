//! The NTFS writer: what it makes is read back by our reader, the crate `ntfs` and ntfs-3g, and judged by ntfs-3g's programs.
//! Beside it: files that the Windows Overlay Filter compressed, which are read and never written.

mod cuts;
mod made;
mod overlay;
mod readers;
mod refused;
mod volumes;
mod windows;

use std::os::unix::fs::FileExt;

use bcdrescue::storage::Storage;
use bcdrescue::storage::StorageError;
use bcdrescue::volume::NewEntry;
use bcdrescue::volume::NtfsWriteError;
use bcdrescue::volume::NtfsWriter;
use bcdrescue::volume::Piece;

use readers::complaints;
use readers::ours;
use readers::theirs;
use volumes::LARGEST;
use volumes::VolumeImage;
use volumes::can_mount;

use crate::support::new_entries::Files;
use crate::support::new_entries::directory;
use crate::support::new_entries::expect;
use crate::support::new_entries::file;
use crate::support::noise::noise;

/// 2026-01-02, as Windows counts.
const TIME: u64 = 134_117_856_000_000_000;

/// Every geometry that mkntfs makes: clusters, sectors, and with them records and how places in an index are counted.
const GEOMETRIES: [&[&str]; 9] = [
    &["-c", "512"],
    &["-c", "1024"],
    &["-c", "2048"],
    &["-c", "4096"],
    &["-c", "8192"],
    &["-c", "65536"],
    &["-c", LARGEST],
    &["-s", "4096", "-c", "4096"],
    &["-s", "4096", "-c", "65536"],
];

/// One of each kind.
const SOME: [&[&str]; 4] = [&["-c", "512"], &["-c", "4096"], &["-c", "65536"], &["-s", "4096"]];

/// A file as a storage.
struct OnFile(std::fs::File);

impl OnFile {
    fn open(image: &VolumeImage) -> Self {
        Self(std::fs::OpenOptions::new().read(true).write(true).open(image.path()).unwrap())
    }

    fn put(&self, pieces: &[Piece]) {
        pieces.iter().for_each(|piece| self.0.write_all_at(&piece.bytes, piece.at).unwrap());
    }
}

impl Storage for OnFile {
    fn len(&self) -> u64 {
        self.0.metadata().unwrap().len()
    }

    fn sector_size(&self) -> Option<u32> {
        None
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<(), StorageError> {
        let failed = |cause| StorageError::Io { what: "read".into(), cause };
        self.0.read_exact_at(buf, offset).map_err(failed)
    }
}

/// Writes all stages, and has every reader and judge look at the result.
#[track_caller]
fn written(image: &VolumeImage, what: &str, stages: &[Vec<Piece>], expected: &Files) {
    let disk = OnFile::open(image);
    stages.iter().for_each(|pieces| disk.put(pieces));
    same(what, &ours(&disk), expected);
    same(what, &theirs(image).unwrap(), expected);
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
type Step<'c> = Box<dyn Fn(NtfsWriter<'_>) -> Result<Vec<Vec<Piece>>, NtfsWriteError> + 'c>;

fn creating<'c>(parent: &'c str, entries: &'c [NewEntry<'c>]) -> Step<'c> {
    Box::new(move |writer| writer.create(parent, entries)?.finish())
}

fn renewing<'c>(path: &'c str, contents: &'c [u8]) -> Step<'c> {
    Box::new(move |writer| writer.renew(path, contents)?.finish())
}

fn replacing<'c>(path: &'c str, contents: &'c [u8]) -> Step<'c> {
    Box::new(move |writer| writer.replace(path, contents)?.finish())
}
