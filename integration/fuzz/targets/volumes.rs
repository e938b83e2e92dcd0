//! Volumes: whatever the bytes are, all that can be asked of them.

use std::sync::OnceLock;

use bcdrescue::storage::Storage;
use bcdrescue::storage::ram::Ram;
use bcdrescue::volume::Entry;
use bcdrescue::volume::EntryKind;
use bcdrescue::volume::LocatedFile;
use bcdrescue::volume::Volume;
use bcdrescue::volume::VolumeError;
use bcdrescue::volume::boot_code::Fat32BootCode;
use bcdrescue::volume::boot_code::NtfsBootCode;

use super::base::Base;
use super::counted::Counted;
use super::one_line;
use super::steered;
use super::wounds;

/// Longest file that is read here.
const FILE_MAX: u64 = 1 << 20;
/// Paths that a repair asks for.
const PATHS: [&str; 7] = [
    r"\Boot\BCD",
    r"\EFI\Microsoft\Boot\BCD",
    r"\bootmgr",
    r"\Windows\System32\winload.exe",
    r"\Windows\System32\config\SYSTEM",
    r"\hiberfil.sys",
    r"\Übung\x",
];
/// Reads and bytes that all questions together may take.
const READS: u64 = 400_000;
const BYTES: u64 = 256 << 20;

/// The bytes are the volume, and a file that may carry boot code.
pub(super) fn volume(data: &[u8]) {
    walk(&Ram::new(data.to_vec(), None));
    boot_code(data);
}

/// Code is found again in a record that it was written over.
fn boot_code(data: &[u8]) {
    if let Some(code) = NtfsBootCode::find_in(data) {
        let written = code.written_over(data);
        assert!(written.is_none_or(|record| NtfsBootCode::of_record(&record) == Some(code)));
    }
    if let Some(code) = Fat32BootCode::find_in(data) {
        let written = code.written_over(data);
        assert!(written.is_none_or(|record| Fat32BootCode::of_record(&record) == Some(code)));
    }
}

/// The same, with seeds that are FAT volumes.
pub(super) fn fat(data: &[u8]) {
    volume(data);
}

/// Wounds of an EFI system partition.
pub(super) fn fat32(data: &[u8]) {
    static BASE: OnceLock<Base> = OnceLock::new();
    let base = BASE.get_or_init(|| Base::partition(5, |head| head[0x52..0x57] == *b"FAT32"));
    walk(&wounds::inflict(base, data, false));
}

/// Wounds of an NTFS volume: the first byte tells whose.
pub(super) fn ntfs(data: &[u8]) {
    let (steer, data) = steered(data);
    walk(&wounds::inflict(ntfs_base(usize::from(steer)), data, false));
}

/// An NTFS volume of an image with old ones, and of one with new ones.
pub(super) fn ntfs_base(index: usize) -> &'static Base {
    static BASES: [OnceLock<Base>; 2] = [const { OnceLock::new() }; 2];
    let index = index % BASES.len();
    BASES[index].get_or_init(|| Base::partition([1, 3][index], |head| head[3..7] == *b"NTFS"))
}

fn said<T>(answer: Result<T, VolumeError>) -> Option<T> {
    answer.map_err(|error| one_line(&error.to_string())).ok()
}

/// Asks everything.
pub(super) fn walk(storage: &dyn Storage) {
    let counted = Counted::new(storage, READS, BYTES);
    if let Some(volume) = said(Volume::open(&counted)) {
        volume.damage().iter().for_each(|damage| one_line(&damage.to_string()));
        let _ = (volume.label(), volume.serial(), volume.cluster_size(), volume.file_system());
        if let Some(Some(record)) = said(volume.boot_record()) {
            assert!(record.copy.is_none_or(|copy| copy.at != 0 && copy.at + 512 <= storage.len()));
        }
        for obstacle in said(volume.obstacles()).into_iter().flatten() {
            one_line(&obstacle.message);
        }
        let _ = (said(volume.is_dirty()), said(volume.hibernation()));
        for path in PATHS {
            file(&volume, storage, path);
        }
        for directory in [r"\", r"\Boot"] {
            let entries = said(volume.list(directory)).unwrap_or_default();
            assert!(entries.len() <= 4096);
            for entry in entries.iter().take(3) {
                file(&volume, storage, &entry.path);
            }
        }
    }
    counted.check();
}

fn file(volume: &Volume<'_>, storage: &dyn Storage, path: &str) {
    let Some(Some(Entry { kind, path })) = said(volume.find(path)) else { return };
    let EntryKind::File { len } = kind else { return };
    let read = said(volume.read(&path, FILE_MAX)).flatten();
    assert!(read.as_ref().is_none_or(|bytes| bytes.len() as u64 == len), "{path}: {len}");
    let _ = said(volume.read_prefix(&path, 4096));
    if let Some(Some(file)) = said(volume.open_file(&path)) {
        assert_eq!(file.len(), len);
        let whole = usize::try_from(len.min(FILE_MAX)).expect("short");
        if let Some(pieces) = said(file.read_at(0, whole)) {
            assert!(read.as_ref().is_none_or(|read| *read == pieces), "{path}");
        }
        one_line(&file.read_at(len, 1).expect_err("behind the end").to_string());
    }
    let placed = said(volume.extents(&path)).flatten();
    let Some(Some(located)) = said(volume.locate(&path, FILE_MAX)) else { return };
    assert_eq!(placed.map(|placed| placed.extents).as_ref(), Some(&located.extents), "{path}");
    assert!(read.is_none_or(|read| read == located.bytes), "{path}");
    overwritable(&located, storage);
}

/// Every byte has one place inside the volume, and stands there.
fn overwritable(file: &LocatedFile, storage: &dyn Storage) {
    let mut at = 0;
    let mut places = Vec::new();
    for extent in &file.extents {
        assert_eq!(extent.file_offset, at, "{}", file.path);
        at += extent.len;
        assert!(extent.len > 0 && extent.volume_offset + extent.len <= storage.len());
        let there = storage.read_vec(extent.volume_offset, extent.len as usize).expect("inside");
        assert_eq!(there, file.bytes[extent.file_offset as usize..][..extent.len as usize]);
        places.push((extent.volume_offset, extent.volume_offset + extent.len));
    }
    assert_eq!(at, file.bytes.len() as u64, "{}", file.path);
    places.sort_unstable();
    assert!(places.windows(2).all(|pair| pair[0].1 <= pair[1].0), "{}: {places:?}", file.path);
}
