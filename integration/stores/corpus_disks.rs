//! Stores that Windows wrote, each on a disk made for it, broken in every way, repaired, judged, and undone.
//!
//! The disk's partitions lie where the store says, with volumes of the committed images; then the disk gets another
//! identity, or its partitions do, or they move. What every element must become is computed here, from the store as
//! hivex reads it and the table as sfdisk reads it, with a decoder of its own. Without the corpus these tests say so
//! and pass.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

use bcdrescue::bcd::ElementValue;
use bcdrescue::bcd::QualifiedPartition;
use bcdrescue::bcd::Store;
use serde_json::Value as Json;
use tempfile::TempDir;

use crate::stores::corpus::folder;
use crate::stores::oracle::Identity;
use crate::stores::oracle::expected_copies;
use crate::stores::oracle::expected_values;
use crate::stores::oracle::identities_of_table;
use crate::support::disk::Disk;
use crate::support::disk::hash;
use crate::support::disk::image;
use crate::support::judges::fat_file;
use crate::support::judges::hivex_bytes;
use crate::support::judges::hivex_difference;
use crate::support::judges::judge;
use crate::support::judges::ntfs_file;
use crate::support::judges::put_fat;
use crate::support::judges::put_ntfs;
use crate::support::parts::cut;
use crate::support::parts::partitions;
use crate::support::parts::paste;
use crate::support::parts::sfdisk;
use crate::support::program::bcdrescue;
use crate::support::program::text;

const MIB: u64 = 1 << 20;

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
    named: Identity,
    pub start: u64,
    /// Where it lies after a move.
    moved: u64,
    volume: Volume,
    files: &'static [&'static str],
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
    folder: TempDir,
    made: BTreeMap<&'static str, PathBuf>,
}

impl Images {
    pub fn new() -> Self {
        Self { folder: TempDir::new().unwrap(), made: BTreeMap::new() }
    }

    fn raw(&mut self, name: &'static str) -> &Path {
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
            put(&target, is_fat(&target), path, format!("stands for {path}").as_bytes());
        }
        target
    }
}

fn is_fat(volume: &Path) -> bool {
    use std::os::unix::fs::FileExt;
    let mut start = [0; 8];
    fs::File::open(volume).unwrap().read_exact_at(&mut start, 0).unwrap();
    &start[3..] != b"NTFS "
}

fn put(volume: &Path, fat: bool, path: &str, bytes: &[u8]) {
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
fn store_of(case: &Case, disk: &Disk) -> Vec<u8> {
    let place = partitions(&disk.path)[case.system].clone();
    let volume = cut(&disk.path, place.start, place.len);
    let bytes = if is_fat(&volume) { fat_file(&volume, case.path) } else { ntfs_file(&volume, case.path) };
    fs::remove_file(volume).unwrap();
    bytes
}

fn break_it(case: &Case, disk: &Disk, how: Break) {
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
fn codes(target: &Json) -> Vec<(String, usize)> {
    let mut codes = BTreeMap::new();
    for finding in target["findings"].as_array().unwrap() {
        if finding["severity"] != "note" {
            *codes.entry(finding["code"].as_str().unwrap().to_owned()).or_insert(0) += 1;
        }
    }
    codes.into_iter().collect()
}

fn said(name: &str, disk: &Disk, (code, verdict, expected): Said) -> Json {
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

fn run_case(images: &mut Images, case: &Case) {
    let Some(corpus) = folder() else { return };
    let store = fs::read(corpus.join(format!("{}.bcd", case.store))).unwrap();
    let expected: Json = serde_json::from_slice(&fs::read(corpus.join("expected.json")).unwrap()).unwrap();
    run(images, case, &store, &expected[case.store]);
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
fn cycle(name: &str, case: &Case, disk: &Disk, expected: &Json, verdict: &str, left: &[&str]) {
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
    let mut difference = hivex_difference(&before, &after);
    difference.sort();
    assert_eq!(difference, values.keys().cloned().collect::<Vec<_>>(), "{name}");
    for (path, value) in &values {
        assert_eq!(&hivex_bytes(&after, path), value, "{name} {path}");
    }
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

/// The same with the copies of firmware entries, where the store has any that are stale.
fn copies(name: &str, case: &Case, disk: &Disk, expected: &Json, left: &[&str]) {
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
    let mut difference = hivex_difference(&before, &after);
    difference.sort();
    assert_eq!(difference, values.keys().cloned().collect::<Vec<_>>(), "{name}");
    for (path, value) in &values {
        assert_eq!(&hivex_bytes(&after, path), value, "{name} {path}");
    }
    let fixed = hash(&disk.path);
    bcdrescue(&["fix", disk.name(), "--yes", "--firmware-entries"]).says("nothing was written");
    assert_eq!(hash(&disk.path), fixed, "{name}: a second fix wrote");
    bcdrescue(&["undo", text(&disk.record()), "--yes"]).exits(1);
    assert_eq!(hash(&disk.path), original, "{name}: undo did not bring back every byte");
}

/// The library sees the identities in the store that the disk is made by.
fn names_the_parts(case: &Case, store: &[u8]) {
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

const WINDOWS_7: Volume = Volume::Of("win2008r2-bios", 2);

const SYSTEM_AND_WINDOWS: Volume = Volume::Of("win2008sp2-bios", 1);

const SYSTEM_10: Volume = Volume::Of("win10-bios", 1);

pub const ESP: Volume = Volume::Bare("win11-uefi", 1);

const WINDOWS_11: Volume = Volume::Of("win11-uefi", 3);

const RECOVERY_11: Volume = Volume::Of("win11-uefi", 4);

pub const BIOS: &str = "/Boot/BCD";

pub const UEFI: &str = "/EFI/Microsoft/Boot/BCD";

pub const HEALTHY: Said = (0, "healthy", &[]);

#[test]
fn windows_7_with_a_system_volume() {
    let id = 0xa33b_6c03;
    run_case(
        &mut Images::new(),
        &Case {
            store: "win7-bios-sysreserved",
            path: BIOS,
            system: 0,
            parts: vec![
                mbr(id, MIB, SYSTEM_7).moved(1200 * MIB),
                mbr(id, 101 * MIB, Volume::Fat).moved(201 * MIB).files(&[
                    "/Windows/System32/winload.exe",
                    "/Windows/System32/winresume.exe",
                    "/Windows/System32/ntoskrnl.exe",
                    "/Windows/System32/config/SYSTEM",
                    "/Recovery/499cab98-cce8-11e5-b7bf-b8cf04c6390b/Winre.wim",
                    "/Recovery/499cab98-cce8-11e5-b7bf-b8cf04c6390b/boot.sdi",
                ]),
            ],
            sound: HEALTHY,
            broken: vec![
                (Break::Disk, (4, "broken", &[("signature-changed", 9)]), "healthy", &[]),
                (Break::Moved, (4, "broken", &[("partition-changed", 9)]), "healthy", &[]),
                (Break::MovedDisk, (4, "broken", &[("disk-unknown", 9)]), "healthy", &[]),
            ],
        },
    );
}

#[test]
fn windows_7_on_one_partition() {
    let id = 0xc97a;
    run_case(
        &mut Images::new(),
        &Case {
            store: "win7-bios-onepartition",
            path: BIOS,
            system: 0,
            parts: vec![mbr(id, MIB, SYSTEM_AND_WINDOWS).moved(63 * 512)],
            sound: HEALTHY,
            broken: vec![
                (Break::Disk, (4, "broken", &[("signature-changed", 6)]), "healthy", &[]),
                (Break::Moved, (4, "broken", &[("partition-changed", 6)]), "healthy", &[]),
                (Break::MovedDisk, (4, "broken", &[("disk-unknown", 6)]), "healthy", &[]),
            ],
        },
    );
}

#[test]
fn windows_7_behind_a_vendors_partition() {
    let id = 0x743a_fecf;
    run_case(
        &mut Images::new(),
        &Case {
            store: "win7-bios-oem-layout",
            path: BIOS,
            system: 0,
            parts: vec![
                mbr(id, 40 * MIB, SYSTEM_10).moved(MIB),
                mbr(id, 0x3_ac00_0000, WINDOWS_7).moved(1000 * MIB),
            ],
            sound: HEALTHY,
            broken: vec![
                (Break::Disk, (4, "broken", &[("signature-changed", 9)]), "healthy", &[]),
                (Break::Moved, (4, "broken", &[("partition-changed", 9)]), "healthy", &[]),
                (Break::MovedDisk, (4, "broken", &[("disk-unknown", 9)]), "healthy", &[]),
            ],
        },
    );
}

#[test]
fn windows_7_on_two_disks() {
    let id = 0xfa58_1d61;
    run_case(
        &mut Images::new(),
        &Case {
            store: "win7-bios-two-disks",
            path: BIOS,
            system: 0,
            parts: vec![mbr(id, 0x7e00, SYSTEM_7).moved(MIB)],
            sound: (4, "broken", &[("disk-unknown", 7)]),
            broken: vec![
                (Break::Disk, (4, "broken", &[("disk-unknown", 7), ("signature-changed", 2)]), "broken", &[]),
                (
                    Break::Moved,
                    (4, "broken", &[("disk-unknown", 7), ("partition-changed", 2)]),
                    "broken",
                    &[],
                ),
                (Break::MovedDisk, (4, "broken", &[("disk-unknown", 9)]), "broken", &[]),
            ],
        },
    );
}

/// The same store with the second disk named beside it: all seven elements that mean Windows are followed there.
#[test]
fn windows_7_on_two_disks_that_are_both_there() {
    let Some(corpus) = folder() else { return };
    let (name, second) = ("win7-bios-two-disks", 0x63f0_7796);
    let store = fs::read(corpus.join(format!("{name}.bcd"))).unwrap();
    let expected: Json = serde_json::from_slice(&fs::read(corpus.join("expected.json")).unwrap()).unwrap();
    let case = |parts| Case { store: name, path: BIOS, system: 0, parts, sound: HEALTHY, broken: Vec::new() };
    let system = case(vec![mbr(0xfa58_1d61, 0x7e00, SYSTEM_7)]);
    let windows = case(vec![mbr(second, 0x15f0_0000, Volume::Fat).files(&[
        "/Windows/System32/winload.exe",
        "/Windows/System32/winresume.exe",
        "/Windows/System32/ntoskrnl.exe",
        "/Windows/System32/config/SYSTEM",
        "/Recovery/26435aed-6432-11e6-84a6-f0fbf6f23a1f/Winre.wim",
        "/Recovery/26435aed-6432-11e6-84a6-f0fbf6f23a1f/boot.sdi",
    ])]);
    let mut images = Images::new();
    let made = |images: &mut Images, case: &Case, index| {
        let volume = images.volume(index, &case.parts[0]);
        if index == 0 {
            put(&volume, false, BIOS, &store);
        }
        assemble(case, &[volume], |part| part.start)
    };
    let (first, second) = (made(&mut images, &system, 0), made(&mut images, &windows, 1));
    let check = |code| {
        let run = bcdrescue(&["check", first.name(), "--with", second.name(), "--json"]);
        let target = run.target();
        assert_eq!(run.code, code, "{:#}", target["findings"]);
        target
    };
    assert_eq!(check(0)["verdict"], "healthy");
    judge("sfdisk", &["-q", "--disk-id", second.name(), "0x7ab1e0ff"]);
    assert_eq!(codes(&check(4)), [("disk-unknown".to_owned(), 7)]);
    let now = identities_of_table(&second.path);
    let values = expected_values(&expected[name], &[windows.parts[0].named], &now, &[]);
    let before = hash(&first.path);
    bcdrescue(&["fix", first.name(), "--with", second.name(), "--yes"]).exits(1);
    let after = store_of(&system, &first);
    assert_eq!(hivex_difference(&store, &after), values.keys().cloned().collect::<Vec<_>>());
    for (path, value) in &values {
        assert_eq!(&hivex_bytes(&after, path), value, "{path}");
    }
    check(0);
    bcdrescue(&["undo", text(&first.record()), "--yes"]).exits(1);
    assert_eq!(hash(&first.path), before);
}

#[test]
fn windows_7_in_a_virtual_machine() {
    let id = 0x3623_4da4;
    run_case(
        &mut Images::new(),
        &Case {
            store: "win7-bios-vm",
            path: BIOS,
            system: 0,
            parts: vec![
                mbr(id, MIB, SYSTEM_AND_WINDOWS).files(&["/Boot/boot.wim", "/Boot/boot.sdi"]).moved(63 * 512),
            ],
            sound: (4, "degraded", &[("file-missing", 3)]),
            broken: vec![
                (
                    Break::Disk,
                    (4, "broken", &[("file-missing", 3), ("signature-changed", 11)]),
                    "degraded",
                    &[],
                ),
                (
                    Break::Moved,
                    (4, "broken", &[("file-missing", 3), ("partition-changed", 11)]),
                    "degraded",
                    &[],
                ),
                (
                    Break::MovedDisk,
                    (4, "broken", &[("disk-unknown", 11), ("file-missing", 3)]),
                    "degraded",
                    &[],
                ),
            ],
        },
    );
}

#[test]
fn windows_81_beyond_4_gib_without_its_recovery_image() {
    let id = 0x3_ee7c;
    run_case(
        &mut Images::new(),
        &Case {
            store: "win81-bios-laptop",
            path: BIOS,
            system: 0,
            parts: vec![mbr(id, 0x12_4f90_0000, SYSTEM_AND_WINDOWS).moved(MIB)],
            sound: (4, "degraded", &[("file-missing", 3)]),
            broken: vec![
                (
                    Break::Disk,
                    (4, "broken", &[("file-missing", 3), ("signature-changed", 9)]),
                    "degraded",
                    &[],
                ),
                (
                    Break::Moved,
                    (4, "broken", &[("file-missing", 3), ("partition-changed", 9)]),
                    "degraded",
                    &[],
                ),
                (
                    Break::MovedDisk,
                    (4, "broken", &[("disk-unknown", 9), ("file-missing", 3)]),
                    "degraded",
                    &[],
                ),
            ],
        },
    );
}

#[test]
fn windows_10_on_bios_without_its_recovery_image() {
    let id = 0x76a4_a23d;
    run_case(
        &mut Images::new(),
        &Case {
            store: "win10-bios-sysreserved",
            path: BIOS,
            system: 0,
            parts: vec![
                mbr(id, MIB, SYSTEM_7).moved(101 * MIB),
                mbr(id, 580 * MIB, WINDOWS_7).moved(680 * MIB),
            ],
            sound: (4, "degraded", &[("file-missing", 3)]),
            broken: vec![
                (
                    Break::Disk,
                    (4, "broken", &[("file-missing", 3), ("signature-changed", 9)]),
                    "degraded",
                    &[],
                ),
                (
                    Break::Moved,
                    (4, "broken", &[("file-missing", 3), ("partition-changed", 9)]),
                    "degraded",
                    &[],
                ),
                (
                    Break::MovedDisk,
                    (4, "broken", &[("disk-unknown", 9), ("file-missing", 3)]),
                    "degraded",
                    &[],
                ),
            ],
        },
    );
}

#[test]
fn stores_that_name_no_disk_are_sound_on_any() {
    let id = 0x1234_5678;
    for (store, sound) in [
        ("win81-bios-locate", HEALTHY),
        // The RAM disk that it starts is not there: device and osdevice of its entry, and its boot.sdi.
        ("setup-media-trailing-zeros", (4, "broken", [("file-missing", 3)].as_slice())),
        ("empty-no-objects", (4, "broken", [("store-empty", 1)].as_slice())),
    ] {
        run_case(
            &mut Images::new(),
            &Case {
                store,
                path: BIOS,
                system: 0,
                parts: vec![
                    mbr(id, MIB, SYSTEM_7).moved(1200 * MIB),
                    mbr(id, 101 * MIB, WINDOWS_7).moved(202 * MIB),
                ],
                sound,
                broken: [Break::Disk, Break::Moved, Break::MovedDisk]
                    .map(|how| (how, sound, sound.1, [].as_slice()))
                    .to_vec(),
            },
        );
    }
}

#[test]
fn odd_devices_made_with_bcdedit() {
    let id = 0x3623_4da4;
    run_case(
        &mut Images::new(),
        &Case {
            store: "bcdedit-odd-devices",
            path: BIOS,
            system: 0,
            parts: vec![
                mbr(id, MIB, Volume::Fat).moved(101 * MIB).files(&[
                    "/Workspace/metadeploy/boot.wim.aoeu",
                    "/Workspace/metadeploy/boot.wim",
                    "/boot/boot.wim",
                    "/boot/boot.wimaoeu",
                    "/test.vhd",
                    "/Windows/System32/winload.exe",
                    "/bootmgr",
                ]),
                mbr(id, 0xb_1330_0000, WINDOWS_7).moved(300 * MIB),
            ],
            // There is no {bootmgr}; and one names a GPT partition, of whatever disk that was.
            sound: (4, "broken", &[("menu-missing", 1), ("table-converted", 1)]),
            // Two loaders name neither a path nor a system root: they go with the others of their place, where there are
            // others.
            broken: vec![
                (
                    Break::Disk,
                    (4, "broken", &[("menu-missing", 1), ("signature-changed", 6), ("table-converted", 1)]),
                    "broken",
                    &[],
                ),
                (
                    Break::Moved,
                    (4, "broken", &[("menu-missing", 1), ("partition-changed", 6), ("table-converted", 1)]),
                    "broken",
                    &["{33238d8c"],
                ),
                // The store has no {bootmgr}: nothing tells that a disk was this one of which no partition is where it was.
                (
                    Break::MovedDisk,
                    (4, "broken", &[("disk-unknown", 6), ("menu-missing", 1), ("table-converted", 1)]),
                    "broken",
                    &["{"],
                ),
            ],
        },
    );
}

#[test]
fn windows_10_on_uefi_with_a_recovery_partition() {
    let disk = "0b2394a9-095e-487d-8d48-719ecd4d78ca";
    run_case(
        &mut Images::new(),
        &Case {
            store: "win10-uefi",
            path: UEFI,
            system: 0,
            parts: vec![
                gpt(disk, "36be3955-63bf-4068-a6ab-00195cca3a22", MIB, ESP).moved(900 * MIB),
                gpt(disk, "8e0f2c38-e4ea-47ba-b7fc-9d8c74dccf0b", 101 * MIB, WINDOWS_11).moved(1001 * MIB),
                gpt(disk, "6cdfcd69-de75-4490-8f99-5a84bf264917", 900 * MIB, RECOVERY_11).moved(10 * MIB),
            ],
            sound: HEALTHY,
            broken: vec![
                (Break::Disk, (4, "degraded", &[("disk-guid-changed", 9)]), "healthy", &[]),
                (Break::All, (4, "broken", &[("disk-unknown", 9)]), "healthy", &[]),
                (Break::Moved, HEALTHY, "healthy", &[]),
                (Break::MovedDisk, (4, "degraded", &[("disk-guid-changed", 9)]), "healthy", &[]),
            ],
        },
    );
}

const LOADER_11: &[&str] = &[
    "/Windows/System32/winload.efi",
    "/Windows/System32/winresume.efi",
    "/Windows/System32/ntoskrnl.exe",
    "/Windows/System32/config/SYSTEM",
    "/Recovery/WindowsRE/Winre.wim",
    "/Recovery/WindowsRE/boot.sdi",
];

#[test]
fn windows_11_on_uefi_with_its_recovery_image_beside_windows() {
    let disk = "1a65f0c9-fde4-4ef8-8e47-027df05dce7c";
    let case = |volume, files, sound, broken| Case {
        store: "win11-uefi-24h2",
        path: UEFI,
        system: 0,
        parts: vec![
            gpt(disk, "6e033a75-4690-4dbc-94f1-df159766e7da", MIB, ESP).moved(900 * MIB),
            gpt(disk, "d146a0d5-cfc0-4585-9a1b-eb0d63d3f95f", 101 * MIB, volume).files(files),
        ],
        sound,
        broken,
    };
    let broken: Vec<Broken> = vec![
        (Break::Disk, (4, "degraded", &[("disk-guid-changed", 10)]), "healthy", &[]),
        (Break::All, (4, "broken", &[("disk-unknown", 10)]), "healthy", &[]),
        (Break::Moved, HEALTHY, "healthy", &[]),
    ];
    run_case(&mut Images::new(), &case(Volume::Fat, LOADER_11, HEALTHY, broken));

    // Without the image, a new partition GUID leaves nothing that says where the recovery environment was.
    let missing: Said = (4, "degraded", &[("file-missing", 3)]);
    let broken: Vec<Broken> = vec![
        (Break::Disk, (4, "degraded", &[("disk-guid-changed", 10), ("file-missing", 3)]), "degraded", &[]),
        (Break::All, (4, "broken", &[("disk-unknown", 10), ("file-missing", 3)]), "degraded", &[]),
        (Break::Moved, missing, "degraded", &[]),
    ];
    run_case(&mut Images::new(), &case(WINDOWS_11, &[], missing, broken));
}

#[test]
fn windows_11_with_many_entries_of_the_firmware() {
    let disk = "60664987-ce0e-411b-9db7-86248b86bbb2";
    run_case(
        &mut Images::new(),
        &Case {
            store: "win11-uefi-firmware-entries",
            path: UEFI,
            system: 0,
            parts: vec![
                gpt(disk, "17b16537-abcc-4487-9792-e63a0a7dc8b4", MIB, ESP).moved(900 * MIB),
                gpt(disk, "37d07619-d161-4cd7-a37a-df33df1e3d7f", 101 * MIB, Volume::Fat).files(LOADER_11),
            ],
            sound: HEALTHY,
            broken: vec![
                (Break::Disk, (4, "degraded", &[("disk-guid-changed", 10)]), "healthy", &[]),
                (Break::All, (4, "broken", &[("disk-unknown", 10)]), "healthy", &[]),
                (Break::Moved, HEALTHY, "healthy", &[]),
            ],
        },
    );
}

#[test]
fn a_recovery_store_by_itself() {
    let disk = "12feb472-7359-4140-85ea-cddcbe57c976";
    run_case(
        &mut Images::new(),
        &Case {
            store: "win10-uefi-recovery-store",
            path: "/EFI/Microsoft/Recovery/BCD",
            system: 0,
            parts: vec![
                gpt(disk, "bdb90343-e844-4cbd-8dd1-a00aceece52b", MIB, ESP).moved(900 * MIB),
                gpt(disk, "a8c5d544-8d73-48db-b235-3682c5c0b286", 101 * MIB, RECOVERY_11),
            ],
            sound: (4, "broken", &[("store-missing", 1)]),
            broken: vec![
                (
                    Break::Disk,
                    (4, "broken", &[("disk-guid-changed", 4), ("store-missing", 1)]),
                    "broken",
                    &[],
                ),
                (Break::All, (4, "broken", &[("disk-unknown", 4), ("store-missing", 1)]), "broken", &[]),
                (Break::Moved, (4, "broken", &[("store-missing", 1)]), "broken", &[]),
            ],
        },
    );
}

#[test]
fn windows_10_in_a_virtual_disk() {
    let disk = "c9c18ffe-b248-4138-b5e6-a0bcefd1d306";
    let esp = "ac8138ee-02ec-4439-b6ce-1df950028b13";
    let host = "e9c8d6b2-eb70-4c67-8af5-5a7aa93e6ae7";
    // The second store is one for BIOS, and names a GPT disk: Windows does not start so, and the cure goes on all the same.
    const MISMATCH: (&str, usize) = ("firmware-mismatch", 1);
    let uefi: [Said; 3] =
        [HEALTHY, (4, "degraded", &[("disk-guid-changed", 6)]), (4, "broken", &[("disk-unknown", 6)])];
    let bios: [Said; 3] = [
        (4, "broken", &[MISMATCH]),
        (4, "broken", &[("disk-guid-changed", 5), MISMATCH]),
        (4, "broken", &[("disk-unknown", 5), MISMATCH]),
    ];
    for (store, path, files, [sound, stale, broken]) in [
        ("win10-uefi-vhd", UEFI, &["/LTSC.VHDX", "/TEST.VHD"][..], uefi),
        ("win10-bios-vhd", BIOS, &["/1809.402.vhd"], bios),
    ] {
        run_case(
            &mut Images::new(),
            &Case {
                store,
                path,
                system: 0,
                parts: vec![
                    gpt(disk, esp, MIB, ESP).moved(900 * MIB).files(&["/bootmgr", "/Boot/memtest.exe"]),
                    gpt(disk, host, 101 * MIB, RECOVERY_11).files(files),
                ],
                sound,
                broken: vec![
                    (Break::Disk, stale, sound.1, &[]),
                    (Break::All, broken, sound.1, &[]),
                    (Break::Moved, sound, sound.1, &[]),
                ],
            },
        );
    }
}

#[test]
fn every_store_of_the_corpus_has_its_disk() {
    let Some(corpus) = folder() else { return };
    let expected: BTreeMap<String, Json> =
        serde_json::from_slice(&fs::read(corpus.join("expected.json")).unwrap()).unwrap();
    let cases = include_str!("corpus_disks.rs");
    for store in expected.keys() {
        assert!(cases.contains(&format!("\"{store}\"")), "{store} has no disk");
    }
}
