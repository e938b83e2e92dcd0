//! NTFS volumes as mkntfs and ntfscp write them, and as we break them.

use std::sync::atomic::Ordering;

use super::file_record::tests::protect;
use super::*;
use crate::storage::cache::Cached;
use crate::storage::ram::Ram;
use crate::volume::Volume;
use crate::volume::file_system::FileSystem;
use crate::volume::hibernation::Hibernation;
use crate::volume::test_tools::Counted;
use crate::volume::test_tools::Flipped;
use crate::volume::test_tools::Image;
use crate::volume::test_tools::noise;

/// A volume with `\BCD` of 24576 bytes.
pub(super) fn image(arguments: &[&str]) -> Image {
    let image = Image::ntfs(arguments);
    image.ntfscp("BCD", &noise(24_576));
    image
}

/// The byte range of the FILE record of `path`, undone of its update sequence, and the bytes around it.
pub(super) struct Broken {
    pub(super) bytes: Vec<u8>,
    at: usize,
}

impl Broken {
    pub(super) fn new(image: &Image, path: &str) -> Self {
        let disk = image.storage();
        let head = image.bytes();
        let at = NtfsVolume::open(&disk, &head).unwrap().lookup(path).unwrap().unwrap().record.at as usize;
        let mut bytes = image.bytes();
        let record = file_record::fixed_up(&bytes[at..at + 1024], b"FILE").unwrap();
        bytes[at..at + 1024].copy_from_slice(&record);
        Self { bytes, at }
    }

    /// Offset of the attribute of a type, on the volume.
    pub(super) fn attribute(&self, kind: u32) -> usize {
        let word = |at: usize| u32::from_le_bytes(self.bytes[at..at + 4].try_into().unwrap());
        let mut at = self.at + usize::from(self.bytes[self.at + 0x14]);
        while word(at) != kind {
            assert_ne!(word(at), u32::MAX, "no attribute 0x{kind:x}");
            at += word(at + 4) as usize;
        }
        at
    }

    pub(super) fn disk(mut self) -> Ram {
        let at = self.at;
        protect(&mut self.bytes[at..at + 1024]);
        Ram::new(self.bytes, None)
    }
}

/// Why `path` must not be overwritten, which has to be the same whether its bytes are read or not.
fn refusal(disk: &Ram, path: &str) -> String {
    let volume = Volume::open(disk).unwrap();
    let error = volume.locate(path, 1 << 20).unwrap_err().to_string();
    assert_eq!(volume.extents(path).unwrap_err().to_string(), error);
    error
}

#[test]
fn files_are_found_read_and_located_whatever_the_cluster_size() {
    for arguments in [&["-c", "4096"][..], &["-c", "512"], &["-c", "65536"], &["-s", "4096"]] {
        let image = image(arguments);
        let disk = image.storage();
        let volume = Volume::open(&disk).unwrap();
        assert_eq!(volume.file_system(), FileSystem::Ntfs);
        assert_eq!(volume.label().as_deref(), Some("Tést"));
        let found = volume.find("\\bcd").unwrap().unwrap();
        assert_eq!((found.path.as_str(), found.kind), ("\\BCD", EntryKind::File { len: 24_576 }));
        assert_eq!(volume.find("\\BCD.LOG").unwrap(), None);
        assert_eq!(volume.find("\\Größe").unwrap(), None);
        assert_eq!(volume.find("\\bcd\\x").unwrap(), None);
        assert_eq!(volume.find("\\").unwrap().map(|it| it.kind), Some(EntryKind::Directory));
        let judge = image.run("ntfscat", &["-q"], &["BCD"]);
        assert_eq!(volume.read("\\BCD", 1 << 20).unwrap(), Some(judge.clone()));
        assert_eq!(volume.read_prefix("\\BCD", 4).unwrap(), Some(noise(4)));
        let located = volume.locate("\\BCD", 1 << 20).unwrap().unwrap();
        assert_eq!((located.path.as_str(), &located.bytes), ("\\BCD", &judge));
        for extent in &located.extents {
            let there = disk.read_vec(extent.volume_offset, extent.len as usize).unwrap();
            let from = extent.file_offset as usize;
            assert_eq!(there, judge[from..from + extent.len as usize]);
        }
        assert_eq!(volume.obstacles().unwrap(), []);
        assert!(volume.list("\\").unwrap().iter().any(|entry| entry.path == "\\BCD"));
        assert_eq!(volume.hibernation().unwrap(), Hibernation::None);
    }
}

#[test]
fn an_index_of_several_blocks_in_one_cluster_is_read() {
    for cluster_size in ["4096", "8192", "65536"] {
        let image = image(&["-c", cluster_size]);
        let name = |number| format!("a file with a name of some length, {number}");
        (0..40).for_each(|number| image.ntfscp(&name(number), b"x"));
        let disk = image.storage();
        let volume = Volume::open(&disk).unwrap();
        for number in 0..40 {
            let path = format!("\\{}", name(number));
            assert!(volume.find(&path).unwrap().is_some(), "{path}");
        }
    }
}

#[test]
fn names_beyond_ascii_need_the_upper_case_table_and_ascii_does_not() {
    let image = image(&[]);
    image.ntfscp("Größe", b"x");
    image.ntfscp("ſſ", b"y");
    image.ntfscp("ı", b"z");
    let disk = image.storage();
    let volume = Volume::open(&disk).unwrap();
    assert_eq!(volume.find("\\GRÖßE").unwrap().unwrap().path, "\\Größe");
    assert_eq!(volume.find("\\bcd").unwrap().unwrap().path, "\\BCD");
    assert_eq!(volume.find("\\ss").unwrap(), None);
    let inner = NtfsVolume::open(&disk, &image.bytes()).unwrap();
    inner.collation_for("ö").unwrap();
    let table = inner.collation.get().unwrap();
    for unit in 0..=u16::MAX {
        let (one, other) = (std::iter::once(unit), std::iter::once(unit));
        assert_eq!(table.compare(one, other), std::cmp::Ordering::Equal);
        for ascii in if unit < 128 { 0..0 } else { 0..128u16 } {
            let order = table.compare(std::iter::once(ascii), std::iter::once(unit));
            assert_eq!(order, std::cmp::Ordering::Less, "unit 0x{unit:x} sorts among ASCII");
        }
    }
}

#[test]
fn a_lookup_is_a_handful_of_small_reads() {
    let counted = Counted::new(image(&[]).storage());
    let cached = Cached::new(&counted);
    let volume = Volume::open(&cached).unwrap();
    assert!(volume.find("\\BCD").unwrap().is_some());
    let (reads, bytes) = (counted.reads.load(Ordering::Relaxed), counted.bytes.load(Ordering::Relaxed));
    println!("open and find: {reads} reads, {bytes} bytes");
    assert!(reads <= 8 && bytes <= 32 << 10, "{reads} reads, {bytes} bytes");
    volume.locate("\\BCD", 1 << 20).unwrap().unwrap();
    volume.obstacles().unwrap();
    let (reads, bytes) = (counted.reads.load(Ordering::Relaxed), counted.bytes.load(Ordering::Relaxed));
    println!("with locate and obstacles: {reads} reads, {bytes} bytes");
}

#[test]
fn a_step_of_a_path_is_found_once() {
    let counted = Counted::new(image(&[]).storage());
    let disk = &counted;
    let volume = Volume::open(&disk).unwrap();
    let reads = |path: &str| {
        counted.reads.store(0, Ordering::Relaxed);
        let found = volume.find(path).unwrap().map(|entry| entry.path);
        (found, counted.reads.load(Ordering::Relaxed))
    };
    let (found, first) = reads("\\BCD");
    assert!(found.as_deref() == Some("\\BCD") && first > 0, "{first}");
    assert_eq!(reads("\\BCD"), (found.clone(), 0));
    // Another spelling is looked up by itself, and what is not there is looked for each time.
    assert!(reads("\\bcd").1 > 0 && reads("\\bcd") == (found, 0));
    assert!(reads("\\none").1 > 0 && reads("\\none").1 > 0);
}

#[test]
fn each_reason_not_to_overwrite_a_file_has_its_own_words() {
    let image = image(&[]);
    let data = |broken: &Broken| broken.attribute(file_record::DATA);
    type Case = (&'static str, fn(&mut [u8], usize));
    let cases: [Case; 11] = [
        ("is encrypted", |bytes, at| bytes[at + 0x0d] = 0x40),
        ("is sparse", |bytes, at| bytes[at + 0x0d] = 0x80),
        ("is compressed", |bytes, at| bytes[at + 0x0c] = 0x01),
        ("is compressed", |bytes, at| bytes[at + 0x22] = 4),
        ("only 24575 are initialised", |bytes, at| {
            bytes[at + 0x38..at + 0x3a].copy_from_slice(&24_575u16.to_le_bytes())
        }),
        ("complete attributes", |bytes, at| bytes[at + 0x18] = 1),
        ("clusters for all bytes", |bytes, at| bytes[at + 0x29] ^= 0x10),
        ("a single unnamed $DATA", |bytes, at| bytes[at] = 0xb0),
        ("reparse tag 0x", |bytes, at| bytes[at] = 0xc0),
        ("has a hole", |bytes, at| {
            let runs = at + usize::from(bytes[at + 0x20]);
            bytes[runs] &= 0x0f;
            bytes[runs + 2] = 0;
        }),
        ("a run from 0x", |bytes, at| {
            let runs = at + usize::from(bytes[at + 0x20]);
            assert_eq!(bytes[runs] >> 4, 2, "two bytes of offset");
            bytes[runs + 3] = 0x7f;
        }),
    ];
    for (story, change) in cases {
        let mut broken = Broken::new(&image, "\\BCD");
        let at = data(&broken);
        change(&mut broken.bytes, at);
        let error = refusal(&broken.disk(), "\\BCD");
        assert!(error.contains(story), "{story}: {error}");
    }
    let mut torn = image.bytes();
    let at = Broken::new(&image, "\\BCD").at;
    torn[at + 0x1fe] ^= 1;
    let error = refusal(&Ram::new(torn, None), "\\BCD");
    assert!(error.contains("torn sector 0"), "{error}");
}

#[test]
fn resident_files_directories_and_long_files_are_refused() {
    let image = image(&[]);
    image.ntfscp("small", b"hello");
    let disk = image.storage();
    let volume = Volume::open(&disk).unwrap();
    assert_eq!(volume.read("\\small", 10).unwrap(), Some(b"hello".to_vec()));
    for (path, max, story) in [
        ("\\small", 10, "is resident"),
        ("\\$Extend", 10, "is a directory"),
        ("\\BCD", 10, "has 24576 bytes"),
    ] {
        let error = volume.locate(path, max).unwrap_err().to_string();
        assert!(error.contains(story), "{error}");
    }
    assert!(refusal(&disk, "\\small").contains("is resident"));
    assert!(refusal(&disk, "\\$Extend").contains("is a directory"));
    assert!(volume.read("\\BCD", 10).unwrap_err().to_string().contains("has 24576 bytes"));
}

#[test]
fn clusters_that_the_bitmap_has_free_are_refused() {
    let image = image(&[]);
    let disk = image.storage();
    let located = Volume::open(&disk).unwrap().locate("\\BCD", 1 << 20).unwrap().unwrap();
    let cluster = located.extents[0].volume_offset / 4096;
    let bitmap = Volume::open(&disk).unwrap().locate("\\$Bitmap", 1 << 20).unwrap().unwrap();
    let mut bytes = image.bytes();
    bytes[bitmap.extents[0].volume_offset as usize + cluster as usize / 8] &= !(1 << (cluster % 8));
    let error = refusal(&Ram::new(bytes, None), "\\BCD");
    assert!(error.contains("clusters marked in use in $Bitmap"), "{error}");
}

#[test]
fn the_dirty_flag_and_a_log_in_use_are_obstacles() {
    let image = image(&[]);
    let kinds = |bytes: Vec<u8>| {
        let disk = Ram::new(bytes, None);
        let found = Volume::open(&disk).unwrap().obstacles().unwrap();
        found.into_iter().map(|it| it.kind).collect::<Vec<_>>()
    };
    let mut dirty = Broken::new(&image, "\\$Volume");
    let at = dirty.attribute(file_record::VOLUME_INFORMATION) + 0x18 + 0x0a;
    dirty.bytes[at] |= 1;
    protect(&mut dirty.bytes[dirty.at..dirty.at + 1024]);
    assert_eq!(kinds(dirty.bytes), [ObstacleKind::DirtyVolume]);
    let log = Broken::new(&image, "\\$LogFile");
    let disk = image.storage();
    let place = Volume::open(&disk).unwrap().locate("\\$LogFile", 64 << 20).unwrap().unwrap().extents[0]
        .volume_offset;
    let mut page = vec![0; 4096];
    page[..8].copy_from_slice(b"RSTR\x1e\0\x09\0");
    (page[0x18], page[0x1c]) = (0x30, 2);
    protect(&mut page);
    let mut bytes = image.bytes();
    bytes[place as usize..place as usize + 4096].copy_from_slice(&page);
    assert_eq!(kinds(bytes.clone()), [ObstacleKind::LogFileNotClean]);
    bytes[place as usize..place as usize + 8192].fill(0);
    assert_eq!(kinds(bytes), [ObstacleKind::LogFileNotClean]);
    drop(log);
}

#[test]
fn a_sleeping_windows_is_seen() {
    let image = image(&[]);
    let mut header = vec![0; 8192];
    header[..4].copy_from_slice(b"HIBR");
    image.ntfscp("hiberfil.sys", &header);
    let disk = image.storage();
    let state = Volume::open(&disk).unwrap().hibernation().unwrap();
    assert_eq!(state, Hibernation::Hibernated { signature: "HIBR".into() });
}

#[test]
fn no_byte_of_boot_sector_or_records_can_make_it_panic_or_hang() {
    let image = image(&[]);
    let good = image.bytes();
    let disk = image.storage();
    let volume = NtfsVolume::open(&disk, &good).unwrap();
    let mft = volume.table.record(0).unwrap().at as usize;
    let root = volume.table.record(ROOT).unwrap().at as usize;
    let file = volume.lookup("\\BCD").unwrap().unwrap().record.at as usize;
    let places = (0..0x54).chain(mft..mft + 0x1a0).chain(root..root + 0x200).chain(file..file + 0x1a0);
    for at in places {
        for mask in [0x01, 0xff] {
            let flipped = Flipped { below: &disk, at: at as u64, mask };
            let volume = Volume::open(&flipped).unwrap();
            let _ = volume.locate("\\BCD", 1 << 20);
            let _ = (volume.label(), volume.obstacles());
        }
    }
}
