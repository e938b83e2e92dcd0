//! What is not written, and why.

use std::fs;

use bcdrescue::volume::Oddity;
use bcdrescue::volume::Unfit;
use bcdrescue::volume::Volume;

use super::*;
use crate::support::judges::judge;
use crate::support::program::text;

/// Where an attribute stands on the volume whose header is in the first sector of its record.
fn attribute(image: &VolumeImage, record: u64, kind: u8) -> u64 {
    let disk = OnFile::open(image);
    let table = Volume::open(&disk).unwrap().extents(r"\$MFT").unwrap().unwrap();
    let offset = record * 1024;
    let extent =
        table.extents.iter().find(|it| (it.file_offset..it.file_offset + it.len).contains(&offset)).unwrap();
    let start = extent.volume_offset + offset - extent.file_offset;
    let bytes = disk.read_vec(start, 512).unwrap();
    let mut at = usize::from(bytes[0x14]);
    while bytes[at] != kind {
        at += usize::from(u16::from_le_bytes([bytes[at + 4], bytes[at + 5]]));
    }
    start + at as u64
}

/// The number of a file's record.
fn number(image: &VolumeImage, path: &str) -> u64 {
    let said = String::from_utf8(judge("ntfsinfo", &["-f", "-F", path, text(&image.path())])).unwrap();
    let (_, rest) = said.split_once("Dumping Inode ").unwrap();
    rest.split(' ').next().unwrap().trim().parse().unwrap()
}

fn change(image: &VolumeImage, at: u64, bytes: &[u8]) {
    OnFile::open(image).0.write_all_at(bytes, at).unwrap();
}

#[track_caller]
fn refusal(image: &VolumeImage, step: &Step<'_>) -> NtfsWriteError {
    let disk = OnFile::open(image);
    NtfsWriter::new(&disk, TIME).and_then(step).unwrap_err()
}

#[test]
fn a_volume_in_an_unfit_state_is_not_written() {
    if !can_mount() {
        return;
    }
    let image = VolumeImage::made(&["-c", "4096"]);
    let whole = fs::read(image.path()).unwrap();
    let disk = OnFile::open(&image);
    let place = |path| Volume::open(&disk).unwrap().extents(path).unwrap().unwrap().extents[0].volume_offset;
    let flags = attribute(&image, 3, 0x70) + 0x18 + 0x0a;
    let bitmap = place(r"\$Bitmap");
    for (at, bytes, expected) in [
        (flags, &[0x01, 0][..], Unfit::Dirty),
        (flags, &[0x00, 0x40], Unfit::Flags(0x4000)),
        (flags - 2, &[3, 0], Unfit::Version(3, 0)),
        (place(r"\$LogFile"), &[0; 8192], Unfit::Log),
        (bitmap, &[0; 8], Unfit::FreeInUse(0)),
    ] {
        change(&image, at, bytes);
        let error = refusal(&image, &creating(r"\", &[file("x", b"")]));
        assert!(matches!(error, NtfsWriteError::Unfit(found) if found == expected), "{error}");
        fs::write(image.path(), &whole).unwrap();
    }
}

#[test]
fn what_is_odd_is_left_as_it_is() {
    if !can_mount() {
        return;
    }
    let image = VolumeImage::made(&["-c", "4096"]);
    image.mounted(&[], |mount| {
        for number in 0..40 {
            fs::hard_link(mount.join("boot.ini"), mount.join(format!("one of many links to it, {number}")))
                .unwrap();
        }
        let sparse = fs::File::create(mount.join("sparse")).unwrap();
        sparse.set_len(1 << 20).unwrap();
    });
    let whole = fs::read(image.path()).unwrap();
    let information = attribute(&image, number(&image, "/Boot"), 0x10) + 0x18;
    let new = [file("x", b"")];
    let odd = |step: Step<'_>, expected: Oddity| {
        let error = refusal(&image, &step);
        assert!(
            matches!(error, NtfsWriteError::Odd { oddity, .. } if oddity == expected),
            "{expected:?}: {error}"
        );
    };
    odd(replacing(r"\boot.ini", b"x"), Oddity::AttributeList);
    odd(replacing(r"\sparse", b"x"), Oddity::Sparse);
    odd(replacing(r"\Boot", b"x"), Oddity::Directory);
    odd(replacing(r"\$LogFile", b"x"), Oddity::System);
    odd(creating(r"\$Extend", &new), Oddity::System);
    odd(creating(r"\Boot\BCD", &new), Oddity::File);
    for (at, byte, expected) in [
        (0x21, 0x08, Oddity::Compressed),
        (0x21, 0x40, Oddity::Encrypted),
        (0x21, 0x04, Oddity::Reparse),
        (0x28, 0x01, Oddity::CaseSensitive),
    ] {
        let file_flags = information + at;
        change(&image, file_flags, &[byte]);
        // A short $STANDARD_INFORMATION has no more than 48 bytes, and its flags of directories among them.
        odd(creating(r"\Boot", &new), expected);
        fs::write(image.path(), &whole).unwrap();
    }
}

#[test]
fn names_room_and_records_have_their_own_refusals() {
    if !can_mount() {
        return;
    }
    let image = VolumeImage::made(&["-c", "4096"]);
    let twice = [file("one", b""), file("ONE", b"")];
    let nested = [directory("new", vec![file("Two", b""), file("two", b"")])];
    for (parent, entries) in
        [(r"\", &[file("BOOT.INI", b"")][..]), (r"\", &twice), (r"\many", &twice), (r"\", &nested)]
    {
        let error = refusal(&image, &creating(parent, entries));
        assert!(matches!(error, NtfsWriteError::Exists(_)), "{error}");
    }
    let error = refusal(&image, &creating(r"\none", &[]));
    assert!(matches!(error, NtfsWriteError::Missing(_)), "{error}");
    let error = refusal(&image, &creating(r"\", &[directory("a", vec![file("a:b", b"")])]));
    assert!(matches!(error, NtfsWriteError::Name(_)), "{error}");
    let error = refusal(&image, &replacing(r"\boot.ini", &vec![1; 24 << 20]));
    assert!(matches!(error, NtfsWriteError::Full { wanted: 6144, .. }), "{error}");
    let names: Vec<String> = (0..400).map(|number| number.to_string()).collect();
    let many: Vec<NewEntry<'_>> = names.iter().map(|name| file(name, b"")).collect();
    let error = refusal(&image, &creating(r"\Boot", &many));
    assert!(matches!(error, NtfsWriteError::NoRecord), "{error}");
}
