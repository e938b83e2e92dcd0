//! FAT volumes as mkfs.fat and mtools write them.

use std::fs;

use super::*;
use crate::bytes::le_u16;
use crate::storage::ram::Ram;
use crate::volume::Volume;
use crate::volume::test_tools::Flipped;
use crate::volume::test_tools::Image;
use crate::volume::test_tools::noise;

/// A volume with `\EFI\Microsoft\Boot\BCD` of 20000 bytes, in pieces that do not follow each other.
fn image(len: u64, arguments: &[&str]) -> Image {
    let image = Image::fat(len, arguments);
    for directory in ["EFI", "EFI/Microsoft", "EFI/Microsoft/Boot"] {
        image.mmd(directory);
    }
    for index in 0..8 {
        image.mcopy(&format!("filler{index}"), &noise(2000));
    }
    for index in [1, 3, 5] {
        crate::volume::test_tools::run("mdel", &["-i", image.path(), &format!("::filler{index}")]);
    }
    image.mcopy("EFI/Microsoft/Boot/BCD", &noise(20_000));
    image.mcopy("EFI/Microsoft/Boot/A long name.LOG1", b"");
    image
}

/// The sizes at which mkfs.fat makes each kind.
fn kinds() -> [(FileSystem, Image); 4] {
    [
        (FileSystem::Fat12, image(2 << 20, &["-F12"])),
        (FileSystem::Fat16, image(16 << 20, &["-F16", "-s1"])),
        (FileSystem::Fat32, image(48 << 20, &["-F32", "-s1"])),
        (FileSystem::Fat32, image(300 << 20, &["-F32", "-S4096", "-s1"])),
    ]
}

#[test]
fn files_are_found_read_and_located_on_every_kind() {
    let mut in_pieces = false;
    for (kind, image) in kinds() {
        let disk = image.storage();
        let volume = Volume::open(&disk).unwrap();
        assert_eq!(volume.file_system(), kind);
        assert_eq!(volume.label().as_deref(), Some("SYSTEM"));
        assert!(volume.serial().is_some_and(|serial| serial != 0));
        let found = volume.find("\\efi\\MICROSOFT\\boot\\bcd").unwrap().unwrap();
        assert_eq!(found.path, "\\EFI\\Microsoft\\Boot\\BCD");
        assert_eq!(found.kind, EntryKind::File { len: 20_000 });
        assert_eq!(volume.find("\\EFI\\Microsoft\\Boot\\BCD\\x").unwrap(), None);
        assert_eq!(volume.read("\\EFI\\Microsoft\\Boot\\BCD", 20_000).unwrap(), Some(noise(20_000)));
        assert_eq!(volume.read_prefix("\\EFI\\Microsoft\\Boot\\BCD", 5).unwrap(), Some(noise(5)));
        let listed = volume.list("\\EFI\\Microsoft\\Boot").unwrap();
        let names: Vec<&str> = listed.iter().map(|entry| entry.path.as_str()).collect();
        assert_eq!(names, ["\\EFI\\Microsoft\\Boot\\A long name.LOG1", "\\EFI\\Microsoft\\Boot\\BCD"]);
        let located = volume.locate("\\EFI\\Microsoft\\Boot\\BCD", 1 << 20).unwrap().unwrap();
        assert_eq!(located.bytes, noise(20_000));
        assert_eq!(located.extents.iter().map(|extent| extent.len).sum::<u64>(), 20_000);
        for extent in &located.extents {
            let there = disk.read_vec(extent.volume_offset, extent.len as usize).unwrap();
            let from = extent.file_offset as usize;
            assert_eq!(there, located.bytes[from..from + extent.len as usize]);
        }
        let placed = volume.extents("\\efi\\Microsoft\\boot\\BCD").unwrap().unwrap();
        assert_eq!((placed.path, placed.len, &placed.extents), (located.path, 20_000, &located.extents));
        let file = volume.open_file("\\efi\\microsoft\\boot\\bcd").unwrap().unwrap();
        assert_eq!((file.path(), file.len()), ("\\EFI\\Microsoft\\Boot\\BCD", 20_000));
        for from in (0..20_000).step_by(300) {
            let len = 700.min(20_000 - from);
            assert_eq!(file.read_at(from as u64, len).unwrap(), located.bytes[from..from + len]);
        }
        assert!(file.read_at(19_999, 2).is_err());
        let empty = volume.open_file("\\EFI\\Microsoft\\Boot\\A long name.LOG1").unwrap().unwrap();
        assert!(empty.is_empty() && empty.read_at(0, 0).unwrap().is_empty());
        in_pieces |= located.extents.len() > 1;
        assert_eq!(volume.obstacles().unwrap(), []);
        image.run("fsck.fat", &["-n"], &[]);
    }
    assert!(in_pieces, "no file was in pieces");
}

/// Sector sizes, kinds of FAT and lengths of volumes in sectors of which mkfs.fat makes that kind.
fn sectors_and_kinds() -> impl Iterator<Item = (u64, FileSystem, &'static str, u64)> {
    [512, 1024, 2048, 4096]
        .into_iter()
        .flat_map(|size| [(size, FileSystem::Fat12, "-F12", 3000), (size, FileSystem::Fat16, "-F16", 8000)])
}

/// A volume of these, with a root directory of `entries` and one cluster a sector; mkfs.fat makes no more of them (`-a`).
fn with_root(size: u64, kind: &str, sectors: u64, entries: u16) -> Image {
    let (size_of, entries_of) = (format!("-S{size}"), format!("-r{entries}"));
    let image = image(sectors * size, &["-a", "-s1", kind, &size_of, &entries_of]);
    assert_eq!(le_u16(&image.bytes(), 0x11), Some(entries));
    image
}

/// The store is found, and is where its extents are; mtools wrote it.
#[track_caller]
fn finds_its_store(disk: &Ram, kind: FileSystem) -> Vec<ObstacleKind> {
    let volume = Volume::open(disk).unwrap();
    assert_eq!((volume.file_system(), volume.label().as_deref()), (kind, Some("SYSTEM")));
    let located = volume.locate("\\EFI\\Microsoft\\Boot\\BCD", 1 << 20).unwrap().unwrap();
    assert_eq!(located.bytes, noise(20_000));
    for extent in &located.extents {
        let there = disk.read_vec(extent.volume_offset, extent.len as usize).unwrap();
        assert_eq!(there, located.bytes[extent.file_offset as usize..][..extent.len as usize]);
    }
    assert_eq!(volume.read("\\filler0", 2000).unwrap(), Some(noise(2000)));
    let obstacles = volume.obstacles().unwrap();
    obstacles.into_iter().map(|obstacle| obstacle.kind).collect()
}

#[test]
fn sectors_of_every_size_with_a_root_directory_that_fills_them() {
    for (size, kind, name, sectors) in sectors_and_kinds() {
        for entries in [256, 512] {
            let image = with_root(size, name, sectors, entries);
            assert_eq!(finds_its_store(&image.storage(), kind), [], "{name} {size} {entries}");
            image.run("fsck.fat", &["-n"], &[]);
        }
    }
}

#[test]
fn a_root_directory_that_ends_within_a_sector_as_mtools_counts_it() {
    for (size, kind, name, sectors) in sectors_and_kinds() {
        for entries in [150, 225, 500] {
            let image = with_root(size, name, sectors, entries);
            let found = finds_its_store(&image.storage(), kind);
            assert_eq!(found, [ObstacleKind::FatRootUneven], "{name} {size} {entries}");
        }
    }
}

#[test]
fn a_root_directory_that_ends_within_a_sector_as_the_specification_counts_it() {
    for (size, kind, name, sectors) in sectors_and_kinds() {
        let in_a_sector = (size / 32) as u16;
        for sectors_of_root in [2, 4] {
            // mtools wrote it where nothing is to be rounded; the count then ends within the same last sector.
            let image = with_root(size, name, sectors, in_a_sector * sectors_of_root);
            for less in [1, in_a_sector / 2, in_a_sector - 1] {
                let entries = in_a_sector * sectors_of_root - less;
                if entries < 16 {
                    continue;
                }
                let mut bytes = image.bytes();
                bytes[0x11..0x13].copy_from_slice(&entries.to_le_bytes());
                fs::write(image.path(), &bytes).unwrap();
                assert_eq!(finds_its_store(&Ram::new(bytes, None), kind), [], "{name} {size} {entries}");
                // fsck.fat takes 16 entries for a sector whatever its size, and no part of that.
                if entries.is_multiple_of(16) {
                    image.run("fsck.fat", &["-n"], &[]);
                }
            }
        }
    }
}

#[test]
fn what_must_not_be_overwritten_is_refused_by_name() {
    let image = image(16 << 20, &["-F16", "-s1"]);
    let disk = image.storage();
    let volume = Volume::open(&disk).unwrap();
    let path = "\\EFI\\Microsoft\\Boot\\BCD";
    assert!(volume.locate("\\EFI", 10).unwrap_err().to_string().contains("is a directory"));
    assert!(volume.open_file("\\EFI").err().unwrap().to_string().contains("is a directory"));
    assert!(volume.open_file("\\none").unwrap().is_none() && volume.extents("\\none").unwrap().is_none());
    assert!(volume.locate(path, 10).unwrap_err().to_string().contains("has 20000 bytes"));
    let boot = BootSector::decode(&image.bytes(), 16 << 20).unwrap();
    let fat = FatVolume::open(&disk, &image.bytes()).unwrap();
    let found = fat.lookup(path).unwrap().unwrap();
    let clusters = fat.places(&found, found.len).unwrap().1;
    let entry = |copy: usize, index: usize| (boot.tables[copy] + u64::from(clusters[index]) * 2) as usize;
    for (story, changes) in [
        ("a loop", vec![(entry(0, 3), clusters[0])]),
        ("a free one", vec![(entry(0, 3), 0)]),
        ("a bad cluster", vec![(entry(0, 3), 0xfff7)]),
        ("clusters for 20000 bytes", vec![(entry(0, 3), 0xffff)]),
        ("a number outside it", vec![(entry(0, 3), 0xfff0)]),
        ("copies of the FAT", vec![(entry(1, 3), 0xffff)]),
    ] {
        let mut bytes = image.bytes();
        for (at, value) in changes {
            bytes[at..at + 2].copy_from_slice(&(value as u16).to_le_bytes());
        }
        let disk = Ram::new(bytes, None);
        let volume = Volume::open(&disk).unwrap();
        let error = volume.locate(path, 1 << 20).unwrap_err().to_string();
        assert!(error.contains(story), "{story}: {error}");
        assert_eq!(volume.extents(path).unwrap_err().to_string(), error);
    }
}

#[test]
fn every_sign_of_an_unclean_volume_is_an_obstacle() {
    for (kind, image) in kinds() {
        if kind == FileSystem::Fat12 {
            continue;
        }
        let good = image.bytes();
        let boot = BootSector::decode(&good, good.len() as u64).unwrap();
        let (state, top) = if kind == FileSystem::Fat32 { (0x41, 7) } else { (0x25, 3) };
        for (at, bit, expected) in [
            (state, 0x01, vec![ObstacleKind::FatDirty]),
            (state, 0x02, vec![ObstacleKind::FatDirty]),
            (
                boot.tables[0] as usize + top,
                if top == 7 { 8 } else { 0x80 },
                vec![ObstacleKind::FatDirty, ObstacleKind::FatCopiesDiffer],
            ),
            (boot.tables[1] as usize, 0x01, vec![ObstacleKind::FatCopiesDiffer]),
        ] {
            let mut bytes = good.clone();
            bytes[at] ^= bit;
            let disk = Ram::new(bytes, None);
            let found = Volume::open(&disk).unwrap().obstacles().unwrap();
            assert_eq!(found.iter().map(|it| it.kind).collect::<Vec<_>>(), expected, "{kind:?} {at:x}");
        }
    }
}

#[test]
fn a_directory_that_is_a_circle_ends_with_an_error() {
    let image = image(16 << 20, &["-F16", "-s1"]);
    let mut bytes = image.bytes();
    let boot = BootSector::decode(&bytes, bytes.len() as u64).unwrap();
    let disk = image.storage();
    let fat = FatVolume::open(&disk, &bytes).unwrap();
    let directory = fat.lookup("\\EFI\\Microsoft\\Boot").unwrap().unwrap().cluster;
    let at = (boot.tables[0] + u64::from(directory) * 2) as usize;
    bytes[at..at + 2].copy_from_slice(&(directory as u16).to_le_bytes());
    let place = boot.place(directory).unwrap() as usize;
    for entry in bytes[place..place + 512].chunks_exact_mut(32) {
        if entry[0] == 0 {
            entry[0] = 0xe5;
        }
    }
    let disk = Ram::new(bytes, None);
    let volume = Volume::open(&disk).unwrap();
    assert!(volume.find("\\EFI\\Microsoft\\Boot\\none").unwrap_err().to_string().contains("a loop"));
    assert!(
        cross_check::read(&disk, &boot, "\\EFI\\Microsoft\\Boot\\none", 10).is_err(),
        "the budget ends the crate"
    );
}

#[test]
fn no_byte_of_the_boot_sector_or_of_a_directory_can_make_it_panic_or_hang() {
    for image in [image(2 << 20, &["-F12"]), with_root(1024, "-F12", 3000, 150)] {
        let disk = image.storage();
        let root = BootSector::decode(disk.bytes(), disk.len()).unwrap().root.0;
        for at in (0..0x60).chain(root..root + 96) {
            for mask in [0x01, 0x80, 0xff] {
                let flipped = Flipped { below: &disk, at, mask };
                let volume = Volume::open(&flipped).unwrap();
                let _ = volume.locate("\\EFI\\Microsoft\\Boot\\BCD", 1 << 20);
                let _ = (volume.label(), volume.obstacles());
            }
        }
    }
}
