//! What is made on volumes of mkfs.fat, read by our reader and the crate `fatfs`, and judged by fsck.fat.

use std::fs;
use std::io::Read as _;
use std::time::Instant;

use super::*;
use crate::storage::StorageMut as _;
use crate::storage::ram::Ram;
use crate::storage::reader::Reader;
use crate::volume::EntryKind;
use crate::volume::Volume;
use crate::volume::new_entry::NewEntry;
use crate::volume::test_tools::Flipped;
use crate::volume::test_tools::Image;
use crate::volume::test_tools::noise;

/// 2026-01-02, as Windows counts.
const TIME: u64 = 134_117_856_000_000_000;

type Files = std::collections::BTreeMap<String, Option<Vec<u8>>>;

fn file<'c>(name: &str, contents: &'c [u8]) -> NewEntry<'c> {
    NewEntry::File { name: name.into(), contents }
}

fn directory<'c>(name: &str, entries: Vec<NewEntry<'c>>) -> NewEntry<'c> {
    NewEntry::Directory { name: name.into(), entries }
}

fn image(len: u64, arguments: &[&str]) -> Image {
    let image = Image::fat(len, arguments);
    image.mmd("EFI");
    image.mmd("EFI/Microsoft");
    image.mcopy("EFI/Microsoft/BCD", &noise(20_000));
    image.mcopy("EFI/A long name.LOG1", b"x");
    image
}

fn kinds() -> [Image; 5] {
    [
        image(2 << 20, &["-F12"]),
        image(16 << 20, &["-F16", "-s1"]),
        image(40 << 20, &["-F16", "-S4096", "-s1"]),
        image(48 << 20, &["-F32", "-s1"]),
        image(300 << 20, &["-F32", "-S4096", "-s1"]),
    ]
}

/// All files, by our reader, and each of them by the crate.
fn read(disk: &dyn Storage) -> Files {
    let volume = Volume::open(disk).unwrap();
    assert_eq!(volume.obstacles().unwrap(), []);
    let theirs = fatfs::FileSystem::new(Reader::new(disk, 10_000_000), fatfs::FsOptions::new()).unwrap();
    let mut found = Files::new();
    let mut waiting = vec!["\\".to_owned()];
    while let Some(directory) = waiting.pop() {
        for entry in volume.list(&directory).unwrap() {
            let slashed = entry.path.replace('\\', "/");
            if entry.kind == EntryKind::Directory {
                assert!(theirs.root_dir().open_dir(&slashed).is_ok(), "{slashed}");
                waiting.push(entry.path.clone());
                found.insert(entry.path, None);
                continue;
            }
            let bytes = volume.read(&entry.path, u64::MAX).unwrap().unwrap();
            let mut other = Vec::new();
            theirs.root_dir().open_file(&slashed).unwrap().read_to_end(&mut other).unwrap();
            assert!(bytes == other, "{slashed}");
            found.insert(entry.path, Some(bytes));
        }
    }
    found
}

fn expect(files: &mut Files, parent: &str, entries: &[NewEntry<'_>]) {
    for entry in entries {
        let path = path::join(parent, entry.name());
        match entry {
            NewEntry::File { contents, .. } => {
                files.insert(path, Some(contents.to_vec()));
            }
            NewEntry::Directory { entries, .. } => {
                files.insert(path.clone(), None);
                expect(files, &path, entries);
            }
        }
    }
}

/// Writes all stages, and has readers and judge look at the result.
#[track_caller]
fn written(image: &Image, stages: &[Vec<Piece>], expected: &Files) {
    let mut disk = image.storage();
    for piece in stages.iter().flatten() {
        disk.write_at(piece.at, &piece.bytes).unwrap();
    }
    let found = read(&disk);
    assert_eq!(found.keys().collect::<Vec<_>>(), expected.keys().collect::<Vec<_>>());
    assert!(found == *expected);
    fs::write(image.path(), disk.bytes()).unwrap();
    let said = String::from_utf8(image.run("fsck.fat", &["-n"], &[])).unwrap();
    assert_eq!(said.lines().count(), 2, "{said}");
}

#[test]
fn a_tree_is_made_and_contents_are_replaced_on_every_kind() {
    for image in kinds() {
        let mut files = read(&image.storage());
        let bytes = noise(70_000);
        let names: Vec<String> = (0..60).map(|number| format!("a long name {number}.mui")).collect();
        let many: Vec<NewEntry<'_>> = names.iter().map(|name| file(name, name.as_bytes())).collect();
        let fonts = directory("Fonts", many.clone());
        let boot =
            vec![file("bootx64.efi", &bytes), file("BCD.LOG1", b""), fonts, directory("de-DE", vec![])];
        let tree = [directory("Boot", boot), file("bootmgr", &bytes[..512]), file("ReAgent.xml", b"x")];
        expect(&mut files, "", &tree);
        expect(&mut files, "\\EFI", &many);
        expect(&mut files, "\\Boot\\de-DE", &many[..3]);
        files.insert("\\EFI\\Microsoft\\BCD".into(), Some(bytes[..30_001].to_vec()));
        files.insert("\\Boot\\bootx64.efi".into(), Some(bytes[..3].to_vec()));
        files.insert("\\Boot\\BCD.LOG1".into(), Some(bytes[..100].to_vec()));
        files.insert("\\ReAgent.xml".into(), Some(Vec::new()));
        let disk = image.storage();
        let free = FatWriter::new(&disk, TIME).unwrap().free();
        let writer = FatWriter::new(&disk, TIME).unwrap().create("\\", &tree).unwrap();
        assert!(writer.free() + 70_512 < free);
        let writer = writer.create("\\efi", &many).unwrap().create("\\BOOT\\de-de", &many[..3]).unwrap();
        let writer = writer.replace("\\EFI\\microsoft\\bcd", &bytes[..30_001]).unwrap();
        let writer = writer.replace("\\Boot\\bootx64.efi", &bytes[..3]).unwrap();
        let writer = writer.replace("\\Boot\\BCD.LOG1", &bytes[..100]).unwrap();
        let stages = writer.replace("\\reagent.xml", b"").unwrap().finish().unwrap();
        assert_eq!(stages.len(), 4, "contents, marks, names, what is free");
        written(&image, &stages, &files);
    }
}

#[test]
fn what_must_not_be_written_is_refused() {
    let image = image(16 << 20, &["-F16", "-s1"]);
    let disk = image.storage();
    let new = |name| [file(name, b"x")];
    let error = |step: Result<FatWriter<'_>, FatWriteError>| step.err().unwrap();
    let writer = || FatWriter::new(&disk, TIME).unwrap();
    for (directory, name) in [("\\", "efi"), ("\\EFI", "a LONG name.log1"), ("\\efi\\microsoft", "bcd")] {
        let found = error(writer().create(directory, &new(name)));
        assert!(matches!(found, FatWriteError::Exists(_)), "{found}");
    }
    let found = error(writer().create("\\", &[file("a b", b""), file("A B", b"")]));
    assert!(matches!(found, FatWriteError::Exists(_)), "{found}");
    let found = error(writer().create("\\none", &new("x")));
    assert!(matches!(found, FatWriteError::Missing(_)), "{found}");
    let found = error(writer().create("\\EFI\\..", &new("x")));
    assert!(matches!(found, FatWriteError::Missing(_)), "{found}");
    let found = error(writer().create("\\EFI\\Microsoft\\BCD", &new("x")));
    assert!(matches!(found, FatWriteError::File(_)), "{found}");
    let found = error(writer().replace("\\EFI", b""));
    assert!(matches!(found, FatWriteError::Directory(_)), "{found}");
    let found = error(writer().create("\\", &[directory("a", vec![file("a:b", b"")])]));
    assert!(matches!(found, FatWriteError::Name(_)), "{found}");
    let found = error(writer().replace("\\EFI\\Microsoft\\BCD", &vec![1; 17 << 20]));
    let FatWriteError::Full { needed, free } = found else { panic!("{found}") };
    assert_eq!((needed, free), (17 << 20, writer().free()));
    let names: Vec<String> = (0..600).map(|number| number.to_string()).collect();
    let many: Vec<NewEntry<'_>> = names.iter().map(|name| file(name, b"")).collect();
    let found = error(writer().create("\\", &many));
    assert!(matches!(found, FatWriteError::Crowded(_)), "{found}");

    let good = image.bytes();
    let table = BootSector::decode(&good, good.len() as u64).unwrap().tables;
    for (at, bit, expected) in [
        (0x25, 0x01, FatUnfit::Dirty),
        (table[1] as usize + 100, 1, FatUnfit::CopiesDiffer),
        (table[1] as usize + 1, 1, FatUnfit::CopiesDiffer),
    ] {
        let mut bytes = good.clone();
        bytes[at] ^= bit;
        let disk = Ram::new(bytes, None);
        let found = FatWriter::new(&disk, TIME).err().unwrap();
        assert!(matches!(found, FatWriteError::Unfit(unfit) if unfit == expected), "{found}");
    }
    let mut shared = good.clone();
    // The first two entries of the root directory, behind the label, begin in one cluster.
    let boot = BootSector::decode(&good, good.len() as u64).unwrap();
    let store = Directory::read(&disk, &boot, 0).unwrap().child("EFI").unwrap().cluster;
    for copy in table {
        let last = copy as usize + 2 * 5000;
        shared[last..last + 2].copy_from_slice(&(store as u16).to_le_bytes());
    }
    let disk = Ram::new(shared, None);
    let found = FatWriter::new(&disk, TIME).err().unwrap();
    assert!(matches!(found, FatWriteError::Volume(_)), "{found}");
    let cut = Ram::new(good[..good.len() - 4096].to_vec(), None);
    let found = FatWriter::new(&cut, TIME).err().unwrap();
    assert!(matches!(found, FatWriteError::Unfit(FatUnfit::Cut)), "{found}");
}

#[test]
fn a_wrong_or_missing_fsinfo_breaks_nothing_and_a_wrong_count_is_put_right() {
    let image = image(48 << 20, &["-F32", "-s1"]);
    let mut files = read(&image.storage());
    let bytes = image.bytes();
    let new = [file("x", b"x")];
    let mut missing = bytes.clone();
    missing[512] = 0;
    let disk = Ram::new(missing, None);
    let stages = FatWriter::new(&disk, TIME).unwrap().create("\\", &new).unwrap().finish().unwrap();
    assert!(stages.iter().flatten().all(|piece| piece.at > 1024), "no FSInfo is made");
    let mut wrong = bytes;
    wrong[512 + 0x1e8..][..8].copy_from_slice(&[5, 0, 0, 0, 0xff, 0xff, 0xff, 0x7f]);
    fs::write(image.path(), wrong).unwrap();
    let disk = image.storage();
    let stages = FatWriter::new(&disk, TIME).unwrap().create("\\", &new).unwrap().finish().unwrap();
    expect(&mut files, "", &new);
    written(&image, &stages, &files);
}

#[test]
fn a_fat32_is_made_over_noise_and_written() {
    for (len, sector_size, label, clusters) in [
        (34 << 20, 512, None, 512),
        (100 << 20, 512, Some("System"), 1024),
        (260 << 20, 512, None, 4096),
        (257 << 20, 4096, Some("ESP"), 4096),
    ] {
        let wanted = FatFormat { sector_size, hidden_sectors: 2048, serial: 0x1234_abcd, label };
        let mut disk = Ram::new(noise(1 << 20).repeat(len >> 20), Some(sector_size));
        let stages = format(&disk, wanted).unwrap();
        let places = |stage: usize| stages[stage].iter().map(|piece| piece.at).collect::<Vec<_>>();
        assert_eq!((stages.len(), places(1)), (2, vec![0, 6 * u64::from(sector_size)]));
        for piece in stages.iter().flatten() {
            disk.write_at(piece.at, &piece.bytes).unwrap();
        }
        let volume = Volume::open(&disk).unwrap();
        assert_eq!(volume.label(), label.map(str::to_uppercase));
        assert_eq!((volume.serial(), volume.cluster_size()), (Some(0x1234_abcd), Some(clusters)));
        for sector in [0, 6] {
            assert_eq!(disk.bytes()[sector * sector_size as usize + 0x1c..][..4], 2048u32.to_le_bytes());
        }
        let image = Image::fat(1 << 20, &[]);
        fs::write(image.path(), disk.bytes()).unwrap();
        written(&image, &[], &Files::new());
        let new = [directory("EFI", vec![file("a long name", &[1; 5000])])];
        let stages = FatWriter::new(&disk, TIME).unwrap().create("\\", &new).unwrap().finish().unwrap();
        let mut files = Files::new();
        expect(&mut files, "", &new);
        written(&image, &stages, &files);
    }
    for (len, sector_size) in [(33 << 20, 512), (256 << 20, 4096)] {
        let small = Ram::new(vec![0; len], None);
        let wanted = FatFormat { sector_size, hidden_sectors: 0, serial: 0, label: None };
        assert!(matches!(format(&small, wanted), Err(FatWriteError::Length { .. })));
        assert!(matches!(
            format(&small, FatFormat { sector_size: 520, ..wanted }),
            Err(FatWriteError::SectorSize(520))
        ));
    }
}

#[test]
fn many_megabytes_are_worked_out_at_once() {
    let image = image(64 << 20, &["-F32", "-s1"]);
    let disk = image.storage();
    let bytes = noise(1 << 20);
    let names: Vec<String> = (0..33).map(|number| format!("a long name {number}")).collect();
    let many: Vec<NewEntry<'_>> = names.iter().map(|name| file(name, &bytes)).collect();
    let start = Instant::now();
    let stages = FatWriter::new(&disk, TIME).unwrap().create("\\", &many).unwrap().finish().unwrap();
    println!("{:?}", start.elapsed());
    let sum: usize = stages.iter().flatten().map(|piece| piece.bytes.len()).sum();
    assert!(sum < 36 << 20, "{sum}");
}

#[test]
fn no_byte_of_a_volume_can_make_it_panic_or_write_outside() {
    for (image, step) in [(image(2 << 20, &["-F12"]), 1), (image(48 << 20, &["-F32", "-s1"]), 5)] {
        let disk = image.storage();
        let boot = BootSector::decode(disk.bytes(), disk.len()).unwrap();
        let root = if boot.root.1 > 0 { boot.root.0 } else { boot.data };
        let new = [directory("Boot", vec![file("a long name", &[7; 5000])])];
        let table = boot.tables[0];
        let places = (0..0x60).chain(table..table + 24).chain(root..root + 160).chain(512..520);
        for at in places.step_by(step) {
            for mask in [0x01, 0xff] {
                let flipped = Flipped { below: &disk, at, mask };
                let writer = FatWriter::new(&flipped, TIME).and_then(|it| it.create("\\", &new));
                let writer = writer.and_then(|it| it.replace("\\EFI\\Microsoft\\BCD", &[1; 40_000]));
                for piece in writer.and_then(FatWriter::finish).unwrap_or_default().into_iter().flatten() {
                    assert!(piece.at + piece.bytes.len() as u64 <= disk.len());
                    assert!(piece.at >= 512, "the boot sector is nobody's to write");
                }
            }
        }
    }
}
