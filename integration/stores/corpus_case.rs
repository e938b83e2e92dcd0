//! A store that Windows wrote on a disk made for it: how the disk is made and broken, and what its repair has to come to.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

use bcdrescue::bcd::ElementValue;
use bcdrescue::bcd::QualifiedPartition;
use bcdrescue::bcd::Store;
use serde_json::Value as Json;
use tempfile::TempDir;

use crate::support::corpus::folder;
use crate::support::disk::Disk;
use crate::support::disk::MIB;
use crate::support::disk::hash;
use crate::support::disk::image;
use crate::support::judges::fat_file;
use crate::support::judges::hivex_bytes;
use crate::support::judges::hivex_difference;
use crate::support::judges::judge;
use crate::support::judges::ntfs_file;
use crate::support::judges::put_fat;
use crate::support::judges::put_ntfs;
use crate::support::oracle::Identity;
use crate::support::oracle::expected_copies;
use crate::support::oracle::expected_values;
use crate::support::oracle::identities_of_table;
use crate::support::parts::cut;
use crate::support::parts::partitions;
use crate::support::parts::paste;
use crate::support::parts::sfdisk;
use crate::support::program::bcdrescue;
use crate::support::program::text;
use crate::support::stand_in;

/// Where the bytes of a partition come from.
#[derive(Debug, Clone, Copy)]
pub enum Volume {
    /// A partition of a committed image, by number.
    Of(&'static str, u32),
    /// The same without the stores that are on it.
    Bare(&'static str, u32),
    /// A FAT volume with just the files of the case, for paths that no image has.
    Fat,
}

/// A partition of a case: what the store calls it, where it lies, and what is on it.
pub struct Part {
    pub named: Identity,
    pub start: u64,
    /// Where it lies after a move.
    pub moved: u64,
    pub volume: Volume,
    pub files: &'static [&'static str],
}

/// A way to break a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Break {
    /// New signature, or new disk GUID.
    Disk,
    /// New disk GUID and new partition GUIDs.
    All,
    /// Partitions lie elsewhere.
    Moved,
    /// Partitions lie elsewhere, and the signature is new.
    MovedDisk,
}

/// What `check` is to say: exit code, verdict, and the findings above a note by code.
pub type Said = (i32, &'static str, &'static [(&'static str, usize)]);

/// A break, what is said of it, the verdict after the fix, and the elements that must stay as they are although they
/// name a partition of the disk: beginnings of `OBJECT/ELEMENT`.
pub type Broken = (Break, Said, &'static str, &'static [&'static str]);

pub struct Case {
    pub store: &'static str,
    pub path: &'static str,
    /// The part that holds the store.
    pub system: usize,
    pub parts: Vec<Part>,
    pub sound: Said,
    pub broken: Vec<Broken>,
}

pub const fn mbr(signature: u32, offset: u64, volume: Volume) -> Part {
    let named = Identity::Mbr { signature, offset };
    Part { named, start: offset, moved: offset, volume, files: &[] }
}

pub fn gpt(disk: &str, partition: &str, start: u64, volume: Volume) -> Part {
    let named = Identity::gpt(disk, partition);
    Part { named, start, moved: start, volume, files: &[] }
}

impl Part {
    pub fn moved(self, moved: u64) -> Self {
        Self { moved, ..self }
    }

    pub fn files(self, files: &'static [&'static str]) -> Self {
        Self { files, ..self }
    }
}

/// Raw copies of the committed images, made when they are first needed.
pub struct Images {
    pub folder: TempDir,
    pub made: BTreeMap<&'static str, PathBuf>,
}

impl Images {
    pub fn new() -> Self {
        Self { folder: TempDir::new().unwrap(), made: BTreeMap::new() }
    }

    pub fn raw(&mut self, name: &'static str) -> &Path {
        let folder = self.folder.path();
        self.made.entry(name).or_insert_with(|| {
            let raw = folder.join(format!("{name}.raw"));
            let source = image(&format!("{name}-healthy"));
            judge("qemu-img", &["convert", "-O", "raw", text(&source), text(&raw)]);
            raw
        })
    }

    /// The volume of a part as a file with the part's files on it.
    pub fn volume(&mut self, index: usize, part: &Part) -> PathBuf {
        let target = self.folder.path().join(format!("part{index}.volume"));
        match part.volume {
            Volume::Of(name, number) | Volume::Bare(name, number) => {
                let raw = self.raw(name).to_owned();
                let place = partitions(&raw).into_iter().find(|part| part.number == number).unwrap();
                fs::rename(cut(&raw, place.start, place.len), &target).unwrap();
            }
            Volume::Fat => {
                fs::File::create(&target).unwrap().set_len(64 * MIB).unwrap();
                judge("mkfs.fat", &["-F", "32", text(&target)]);
            }
        }
        if let Volume::Bare(..) = part.volume {
            let stores = ["::/EFI/Microsoft/Boot/BCD", "::/EFI/Microsoft/Recovery/BCD"];
            stores.iter().for_each(|store| drop(judge("mdel", &["-i", text(&target), store])));
        }
        for path in part.files {
            put(&target, is_fat(&target), path, &stand_in::of(path));
        }
        target
    }
}

pub fn is_fat(volume: &Path) -> bool {
    use std::os::unix::fs::FileExt;
    let mut start = [0; 8];
    fs::File::open(volume).unwrap().read_exact_at(&mut start, 0).unwrap();
    &start[3..] != b"NTFS "
}

pub fn put(volume: &Path, fat: bool, path: &str, bytes: &[u8]) {
    if fat { put_fat(volume, path, bytes) } else { put_ntfs(volume, path, bytes) }
}

/// A disk of a case: its table made by sfdisk, its volumes in place.
pub fn assemble(case: &Case, volumes: &[PathBuf], at: impl Fn(&Part) -> u64) -> Disk {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("disk.img");
    let len = |volume: &PathBuf| fs::metadata(volume).unwrap().len();
    let end = case.parts.iter().zip(volumes).map(|(part, volume)| at(part) + len(volume)).max().unwrap();
    fs::File::create(&path).unwrap().set_len(end + MIB).unwrap();
    let mut script = match case.parts[0].named {
        Identity::Mbr { signature, .. } => format!("label: dos\nlabel-id: 0x{signature:08x}\n"),
        Identity::Gpt { .. } => format!("label: gpt\nlabel-id: {}\n", case.parts[0].named.disk_text()),
    };
    script += "unit: sectors\n";
    for (index, (part, volume)) in case.parts.iter().zip(volumes).enumerate() {
        script += &format!("start={}, size={}", at(part) / 512, len(volume) / 512);
        script += &match part.named {
            Identity::Mbr { .. } if index == case.system => ", type=7, bootable\n".to_owned(),
            Identity::Mbr { .. } => ", type=7\n".to_owned(),
            Identity::Gpt { .. } => format!(", uuid={}\n", part.named.partition_text()),
        };
    }
    sfdisk(&path, &script);
    for (part, volume) in case.parts.iter().zip(volumes) {
        paste(volume, &path, at(part));
    }
    let system = &case.parts[case.system];
    if matches!(system.named, Identity::Mbr { .. }) && matches!(system.volume, Volume::Fat) {
        // What Windows' own boot code of a FAT volume looks for.
        use std::os::unix::fs::FileExt;
        let disk = fs::OpenOptions::new().write(true).open(&path).unwrap();
        disk.write_all_at(b"BOOTMGR    ", at(system) + 0x170).unwrap();
    }
    Disk { folder, path }
}

/// The store of the disk, read by ntfscat or mtype from where sfdisk says the volume is.
pub fn store_of(case: &Case, disk: &Disk) -> Vec<u8> {
    let place = partitions(&disk.path)[case.system].clone();
    let volume = cut(&disk.path, place.start, place.len);
    let bytes = if is_fat(&volume) { fat_file(&volume, case.path) } else { ntfs_file(&volume, case.path) };
    fs::remove_file(volume).unwrap();
    bytes
}

pub fn break_it(case: &Case, disk: &Disk, how: Break) {
    let is_gpt = matches!(case.parts[0].named, Identity::Gpt { .. });
    if matches!(how, Break::Disk | Break::All | Break::MovedDisk) {
        let new = if is_gpt { "11111111-2222-4333-8444-555555555555" } else { "0x7ab1e0ff" };
        judge("sfdisk", &["-q", "--disk-id", disk.name(), new]);
    }
    if how == Break::All {
        for number in 1..=case.parts.len() {
            let new = format!("99999999-8888-4777-8666-{number:012}");
            judge("sfdisk", &["-q", "--part-uuid", disk.name(), &number.to_string(), &new]);
        }
    }
}

/// Codes above a note with their numbers, in the order of the codes.
pub fn codes(target: &Json) -> Vec<(String, usize)> {
    let mut codes = BTreeMap::new();
    for finding in target["findings"].as_array().unwrap() {
        if finding["severity"] != "note" {
            *codes.entry(finding["code"].as_str().unwrap().to_owned()).or_insert(0) += 1;
        }
    }
    codes.into_iter().collect()
}

pub fn said(name: &str, disk: &Disk, (code, verdict, expected): Said) -> Json {
    let run = bcdrescue(&["check", disk.name(), "--json"]);
    let target = run.target();
    let found = codes(&target);
    let found: Vec<(&str, usize)> = found.iter().map(|(code, count)| (code.as_str(), *count)).collect();
    assert_eq!(
        (run.code, target["verdict"].as_str().unwrap(), found.as_slice()),
        (code, verdict, expected),
        "{name}: {:#}",
        target["findings"]
    );
    target
}

pub fn run_case(images: &mut Images, case: &Case) {
    let Some(corpus) = folder() else { return };
    let store = fs::read(corpus.join(format!("{}.bcd", case.store))).unwrap();
    let expected: Json = serde_json::from_slice(&fs::read(corpus.join("expected.json")).unwrap()).unwrap();
    run(images, case, &store, &expected[case.store]);
}

/// Every break of an MBR disk on which nothing is missing, with the number of elements that name the disk.
pub fn cured<const NAMES: usize>() -> Vec<Broken> {
    vec![
        (Break::Disk, (4, "broken", &[("signature-changed", NAMES)]), "healthy", &[]),
        (Break::Moved, (4, "broken", &[("partition-changed", NAMES)]), "healthy", &[]),
        (Break::MovedDisk, (4, "broken", &[("disk-unknown", NAMES)]), "healthy", &[]),
    ]
}

/// The same on a disk of which the files of one entry are missing, in three findings, before and after.
pub fn cured_but_for_missing_files<const NAMES: usize>() -> Vec<Broken> {
    vec![
        (Break::Disk, (4, "broken", &[("file-missing", 3), ("signature-changed", NAMES)]), "degraded", &[]),
        (Break::Moved, (4, "broken", &[("file-missing", 3), ("partition-changed", NAMES)]), "degraded", &[]),
        (Break::MovedDisk, (4, "broken", &[("disk-unknown", NAMES), ("file-missing", 3)]), "degraded", &[]),
    ]
}

/// Runs a case with this store, of which hivex reads what is expected.
pub fn run(images: &mut Images, case: &Case, store: &[u8], expected: &Json) {
    names_the_parts(case, store);
    let volumes: Vec<_> =
        case.parts.iter().enumerate().map(|(index, part)| images.volume(index, part)).collect();
    let system = &volumes[case.system];
    put(system, is_fat(system), case.path, store);

    let disk = assemble(case, &volumes, |part| part.start);
    assert_eq!(store_of(case, &disk), store, "{}", case.store);
    said(case.store, &disk, case.sound);
    let before = hash(&disk.path);
    let run = bcdrescue(&["fix", disk.name(), "--yes"]);
    assert_eq!(run.code, case.sound.0, "{}: {}", case.store, run.stdout);
    assert_eq!(hash(&disk.path), before, "{}: a sound disk was written", case.store);

    for (how, broken, after, left) in &case.broken {
        let name = format!("{} {how:?}", case.store);
        let moved = matches!(how, Break::Moved | Break::MovedDisk);
        let disk = assemble(case, &volumes, |part| if moved { part.moved } else { part.start });
        break_it(case, &disk, *how);
        said(&name, &disk, *broken);
        cycle(&name, case, &disk, expected, after, left);
        copies(&name, case, &disk, expected, left);
    }
}

/// Fix, judge, fix again, undo.
pub fn cycle(name: &str, case: &Case, disk: &Disk, expected: &Json, verdict: &str, left: &[&str]) {
    let now = identities_of_table(&disk.path);
    let named: Vec<Identity> = case.parts.iter().map(|part| part.named).collect();
    let values = expected_values(expected, &named, &now, left);
    let original = hash(&disk.path);
    let before = store_of(case, disk);
    let run = bcdrescue(&["fix", disk.name(), "--yes", "--json"]);
    let target = run.target();
    assert_eq!(target["verdict"], verdict, "{name}: {:#}", target["findings"]);
    let something_left = if verdict == "healthy" { 0 } else { 4 };
    assert_eq!(run.code, i32::from(!values.is_empty()) | something_left, "{name}: {}", run.stderr);
    let after = store_of(case, disk);
    changes_are(name, &before, &after, &values);
    assert_eq!(target["changes"].as_array().unwrap().len(), values.len(), "{name}");

    let fixed = hash(&disk.path);
    let again = bcdrescue(&["fix", disk.name(), "--yes"]);
    assert_eq!(again.code, something_left, "{name}: {}", again.stdout);
    assert_eq!(hash(&disk.path), fixed, "{name}: a second fix wrote");
    if values.is_empty() {
        assert_eq!((fixed, disk.records().len()), (original, 0), "{name}: nothing to cure, and yet");
        return;
    }
    let record = disk.record();
    bcdrescue(&["undo", text(&record), "--yes"]).exits(1);
    assert_eq!(hash(&disk.path), original, "{name}: undo did not bring back every byte");
}

/// Between the two stores these values became what they were to become, and nothing else changed.
#[track_caller]
fn changes_are(name: &str, before: &[u8], after: &[u8], values: &BTreeMap<String, Vec<u8>>) {
    let mut difference = hivex_difference(before, after);
    difference.sort();
    assert_eq!(difference, values.keys().cloned().collect::<Vec<_>>(), "{name}");
    for (path, value) in values {
        assert_eq!(&hivex_bytes(after, path), value, "{name} {path}");
    }
}

/// The same with the copies of firmware entries, where the store has any that are stale.
pub fn copies(name: &str, case: &Case, disk: &Disk, expected: &Json, left: &[&str]) {
    let now = identities_of_table(&disk.path);
    let named: Vec<Identity> = case.parts.iter().map(|part| part.named).collect();
    let parts = partitions(&disk.path);
    let places: Vec<_> = parts.iter().map(|part| (part.number, part.start / 512, part.len / 512)).collect();
    let copies = expected_copies(expected, &named, &now, &places);
    if copies.is_empty() {
        // The volumes of the images have other sizes than those of the stores: every copy of this disk's is stale.
        assert!(!expected["objects"].to_string().contains("FirmwareVariable"), "{name}");
        return;
    }
    let mut values = expected_values(expected, &named, &now, left);
    values.extend(copies);
    disk.records().iter().for_each(|record| fs::remove_file(record).unwrap());
    let (original, before) = (hash(&disk.path), store_of(case, disk));
    bcdrescue(&["fix", disk.name(), "--yes", "--firmware-entries"]);
    let after = store_of(case, disk);
    changes_are(name, &before, &after, &values);
    let fixed = hash(&disk.path);
    bcdrescue(&["fix", disk.name(), "--yes", "--firmware-entries"]).says("nothing was written");
    assert_eq!(hash(&disk.path), fixed, "{name}: a second fix wrote");
    bcdrescue(&["undo", text(&disk.record()), "--yes"]).exits(1);
    assert_eq!(hash(&disk.path), original, "{name}: undo did not bring back every byte");
}

/// The library sees the identities in the store that the disk is made by.
pub fn names_the_parts(case: &Case, store: &[u8]) {
    let store = Store::parse(store.to_vec()).unwrap();
    let elements = store.objects().iter().flat_map(|object| &object.elements);
    let named: Vec<Identity> = elements
        .filter_map(|element| match &element.value {
            ElementValue::Device(device) => Some(device.identities()),
            _ => None,
        })
        .flatten()
        .map(|record| match record.partition {
            QualifiedPartition::Mbr { signature, offset } => Identity::Mbr { signature, offset },
            QualifiedPartition::Gpt { disk, partition } => {
                Identity::gpt(&disk.to_string(), &partition.to_string())
            }
        })
        .collect();
    for part in &case.parts {
        assert!(named.is_empty() || named.contains(&part.named), "{}: {:?}", case.store, part.named);
    }
}

pub const SYSTEM_7: Volume = Volume::Of("win2008r2-bios", 1);

pub const WINDOWS_7: Volume = Volume::Of("win2008r2-bios", 2);

pub const SYSTEM_AND_WINDOWS: Volume = Volume::Of("win2008sp2-bios", 1);

pub const SYSTEM_10: Volume = Volume::Of("win10-bios", 1);

pub const ESP: Volume = Volume::Bare("win11-uefi", 1);

pub const WINDOWS_11: Volume = Volume::Of("win11-uefi", 3);

pub const RECOVERY_11: Volume = Volume::Of("win11-uefi", 4);

pub const HEALTHY: Said = (0, "healthy", &[]);
