//! FAT volumes as mkfs.fat and mtools write them.

use super::*;
use crate::storage::ram::Ram;
use crate::volume::Volume;
use crate::volume::programs::Flipped;
use crate::volume::programs::Image;
use crate::volume::programs::noise;

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
        crate::volume::programs::run("mdel", &["-i", image.path(), &format!("::filler{index}")]);
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
        ("one marked bad", vec![(entry(0, 3), 0xfff7)]),
        ("clusters for 20000 bytes", vec![(entry(0, 3), 0xffff)]),
        ("none of its clusters", vec![(entry(0, 3), 0xfff0)]),
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
        crate_opinion::read(&disk, "\\EFI\\Microsoft\\Boot\\none", 10).is_err(),
        "the budget ends the crate"
    );
}

#[test]
fn no_byte_of_the_boot_sector_or_of_a_directory_can_make_it_panic_or_hang() {
    let image = image(2 << 20, &["-F12"]);
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
