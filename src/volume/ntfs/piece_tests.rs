//! Files of NTFS volumes read in pieces, and their places without their bytes.

use std::sync::atomic::Ordering;

use super::file_record;
use super::tests::Broken;
use super::tests::image;
use crate::storage::Storage;
use crate::volume::Volume;
use crate::volume::test_tools::Counted;
use crate::volume::test_tools::Image;
use crate::volume::test_tools::noise;

#[test]
fn a_file_is_opened_once_and_read_in_pieces() {
    let image = image(&["-c", "512"]);
    image.ntfscp("small", b"hello");
    image.ntfscp("empty", b"");
    let disk = image.storage();
    let volume = Volume::open(&disk).unwrap();
    let small = volume.open_file("\\SMALL").unwrap().unwrap();
    assert_eq!((small.path(), small.len(), small.read_at(1, 3).unwrap()), ("\\small", 5, b"ell".to_vec()));
    assert!(small.read_at(3, 3).is_err());
    assert!(volume.open_file("\\empty").unwrap().unwrap().is_empty());
    assert!(volume.open_file("\\none").unwrap().is_none());
    let error = volume.open_file("\\$Extend").err().unwrap().to_string();
    assert!(error.contains("is a directory"), "{error}");
    let file = volume.open_file("\\bcd").unwrap().unwrap();
    let located = volume.locate("\\bcd", 1 << 20).unwrap().unwrap();
    let placed = volume.extents("\\bcd").unwrap().unwrap();
    assert_eq!((placed.path, placed.len, placed.extents), (located.path, 24_576, located.extents));
    for (offset, len) in [(0, 24_576), (511, 2), (24_575, 1), (4096, 4096)] {
        let from = offset as usize;
        assert_eq!(file.read_at(offset, len).unwrap(), located.bytes[from..from + len]);
    }
    assert!(file.read_at(24_575, 2).is_err());
}

#[test]
fn a_piece_is_one_read_and_places_are_found_without_the_bytes() {
    let image = Image::ntfs(&[]);
    image.ntfscp("SYSTEM", &noise(8 << 20));
    let counted = Counted::new(image.storage());
    let storage = &counted;
    // The handle outlives the volume that it was looked up on.
    let file = Volume::open(&storage).unwrap().open_file("\\SYSTEM").unwrap().unwrap();
    let reads = counted.reads.load(Ordering::Relaxed);
    assert_eq!(file.read_at(5 << 20, 64).unwrap(), noise(8 << 20)[5 << 20..][..64]);
    assert_eq!(counted.reads.load(Ordering::Relaxed), reads + 1);
    let before = counted.bytes.load(Ordering::Relaxed);
    let placed = Volume::open(&storage).unwrap().extents("\\SYSTEM").unwrap().unwrap();
    assert!(counted.bytes.load(Ordering::Relaxed) - before < 256 << 10);
    assert_eq!(placed.extents.iter().map(|extent| extent.len).sum::<u64>(), 8 << 20);
    for extent in placed.extents {
        let there = counted.below.read_vec(extent.volume_offset, 64).unwrap();
        assert_eq!(there, file.read_at(extent.file_offset, 64).unwrap());
    }
}

#[test]
fn contents_that_are_elsewhere_or_otherwise_are_not_opened() {
    let image = image(&[]);
    type Case = (&'static str, fn(&mut [u8], usize));
    let cases: [Case; 3] = [
        ("is encrypted", |bytes, at| bytes[at + 0x0d] = 0x40),
        ("is compressed", |bytes, at| bytes[at + 0x0c] = 0x01),
        ("reparse tag 0x", |bytes, at| bytes[at] = 0xc0),
    ];
    for (story, change) in cases {
        let mut broken = Broken::new(&image, "\\BCD");
        let at = broken.attribute(file_record::DATA);
        change(&mut broken.bytes, at);
        let disk = broken.disk();
        let error = Volume::open(&disk).unwrap().open_file("\\BCD").err().unwrap().to_string();
        assert!(error.contains(story), "{story}: {error}");
    }
    // Not initialised: zeros, whatever the clusters hold.
    let mut broken = Broken::new(&image, "\\BCD");
    let at = broken.attribute(file_record::DATA);
    broken.bytes[at + 0x38..at + 0x3a].copy_from_slice(&1000u16.to_le_bytes());
    let disk = broken.disk();
    let file = Volume::open(&disk).unwrap().open_file("\\BCD").unwrap().unwrap();
    assert_eq!(file.read_at(998, 4).unwrap(), [&noise(1000)[998..], &[0, 0]].concat());
}
