//! Writers over damaged volumes: what they say is to be written stays inside, spoils no file, and can be read.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use bcdrescue::storage::Storage;
use bcdrescue::volume::EntryKind;
use bcdrescue::volume::LocatedFile;
use bcdrescue::volume::NewEntry;
use bcdrescue::volume::Volume;
use bcdrescue::volume::VolumeWriteError;
use bcdrescue::volume::VolumeWriter;

use super::base::Base;
use super::counted::Counted;
use super::one_line;
use super::sparse::SparseRam;
use super::steered;
use super::volumes::ntfs_base;
use super::wounds;

/// Reads and bytes that one plan may take.
const READS: u64 = 400_000;
const BYTES: u64 = 512 << 20;
/// Directories that are compared, and bytes of files.
const DIRECTORIES: usize = 64;
const FILE_MAX: u64 = 1 << 20;
const ALL_MAX: usize = 16 << 20;
/// Stores that a repair writes anew.
const STORES: [&str; 2] = [r"\EFI\Microsoft\Boot\BCD", r"\Boot\BCD"];

/// Wounds of an EFI system partition.
pub(super) fn fat(data: &[u8]) {
    static BASE: OnceLock<Base> = OnceLock::new();
    let base = BASE.get_or_init(|| Base::partition(5, |head| head[0x52..0x57] == *b"FAT32"));
    let (steer, data) = steered(data);
    write(&wounds::inflict(base, data, false), steer, None);
}

/// Wounds of an NTFS volume: the first byte tells whose.
pub(super) fn ntfs(data: &[u8]) {
    let (steer, data) = steered(data);
    let base = ntfs_base(usize::from(steer));
    write(&wounds::inflict(base, data, false), steer >> 1, Some(&base.disk));
}

/// Files are compared, on NTFS those that lie where the volume has them that was sound: a file whose record a wound leads into
/// the clusters of another has lost its contents already.
fn write(disk: &SparseRam, steer: u8, sound: Option<&SparseRam>) {
    let counted = Counted::new(disk, READS, BYTES);
    let large = vec![7; 70_000];
    let outcome = plan(&counted, steer, &large);
    counted.check();
    let (pieces, replaced) = match outcome {
        Ok(planned) => planned,
        Err(error) => return one_line(&error.to_string()),
    };
    let before = files(disk, sound.map(|it| it as &dyn Storage));
    let mut after = disk.clone();
    for (at, bytes) in &pieces {
        assert!(at.checked_add(bytes.len() as u64).is_some_and(|end| end <= disk.len()), "0x{at:x}: outside");
        assert!(*at >= 512, "the boot sector is nobody's to write");
        after.put(*at, bytes);
    }
    let volume = Volume::open(&after).expect("readable");
    assert!(volume.damage().is_none());
    for (path, bytes) in before {
        let now = volume.read(&path, FILE_MAX).expect("as before").expect("as before");
        let same = if replaced.as_ref().is_some_and(|it| *it == path) { now == large } else { now == bytes };
        assert!(same, "{path}");
    }
    if replaced.is_none() {
        assert_eq!(
            volume.read(r"\a new directory\with a long name.efi", FILE_MAX).expect("new"),
            Some(large)
        );
        assert_eq!(volume.read(r"\a new directory\inside\b", 9).expect("new"), Some(b"b".to_vec()));
    }
}

type Planned = (Vec<(u64, Vec<u8>)>, Option<String>);

/// Makes a tree, or replaces a store.
fn plan(disk: &dyn Storage, steer: u8, large: &[u8]) -> Result<Planned, VolumeWriteError> {
    let writer = VolumeWriter::new(disk, 134_117_856_000_000_000)?;
    let _ = writer.free()?;
    let (writer, replaced) = if steer & 1 == 0 {
        let inside = vec![NewEntry::File { name: "b".into(), contents: b"b" }];
        let entries = vec![
            NewEntry::File { name: "with a long name.efi".into(), contents: large },
            NewEntry::Directory { name: "inside".into(), entries: inside },
        ];
        let new = [NewEntry::Directory { name: "a new directory".into(), entries }];
        (writer.create("\\", &new)?, None)
    } else {
        let volume = Volume::open(disk)?;
        let found = STORES.into_iter().filter_map(|path| volume.find(path).ok().flatten()).next();
        // As it is listed: a wound of its long name leaves the short one.
        let Some(store) = found.map(|entry| entry.path) else { return Ok((Vec::new(), Some(String::new()))) };
        (writer.replace(&store, large)?, Some(store))
    };
    let pieces = writer.finish()?.into_iter().flatten();
    Ok((pieces.map(|piece| (piece.at, piece.bytes)).collect(), replaced))
}

/// The files that can be read and lie in clusters of theirs, as far as they are compared.
fn files(disk: &dyn Storage, sound: Option<&dyn Storage>) -> BTreeMap<String, Vec<u8>> {
    let volume = Volume::open(disk).expect("written");
    let sound = sound.map(|it| Volume::open(it).expect("sound"));
    let (mut found, mut size) = (BTreeMap::new(), 0);
    let mut waiting = vec!["\\".to_owned()];
    for _ in 0..DIRECTORIES {
        let Some(directory) = waiting.pop() else { break };
        for entry in volume.list(&directory).unwrap_or_default() {
            if entry.kind == EntryKind::Directory {
                waiting.push(entry.path);
            } else if size < ALL_MAX
                && !entry.path.starts_with(r"\$")
                && let Ok(Some(file)) = volume.locate(&entry.path, FILE_MAX)
                && sound.as_ref().is_none_or(|it| is_there(it, &file))
            {
                size += file.bytes.len();
                found.insert(entry.path, file.bytes);
            }
        }
    }
    found
}

fn is_there(volume: &Volume<'_>, file: &LocatedFile) -> bool {
    matches!(volume.extents(&file.path), Ok(Some(placed)) if placed.extents == file.extents)
}
