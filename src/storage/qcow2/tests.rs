//! Images made by `qemu-img`, read and written by this program, judged by `qemu-img`.

use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Output;

use tempfile::TempDir;

use crate::bytes;
use crate::storage::format::Format;
use crate::storage::lock;
use crate::storage::open::OpenOptions;
use crate::storage::open::TargetKind;
use crate::storage::open::open;
use crate::storage::open::open_mut;

const SIZE: usize = 5 << 20;

pub(super) fn tool(dir: &Path, name: &str, arguments: &[&str]) -> Output {
    let output = Command::new(name).args(arguments).current_dir(dir).output();
    output.unwrap_or_else(|error| panic!("{name} is needed for this test: {error}"))
}

/// Runs a command line; a `~` is a blank inside a word.
pub(super) fn run(dir: &Path, line: &str) -> String {
    let words: Vec<_> = line.split(' ').map(|word| word.replace('~', " ")).collect();
    let words: Vec<_> = words.iter().map(String::as_str).collect();
    let output = tool(dir, words[0], &words[1..]);
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A disk with data, zeros and data that cannot be compressed.
fn pattern() -> Vec<u8> {
    let mut state = 1u64;
    let mut bytes: Vec<u8> = (0..SIZE)
        .map(|at| {
            state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            if at / 0x50000 % 3 == 0 { (at / 512 % 251) as u8 } else { (state >> 56) as u8 }
        })
        .collect();
    bytes[0x120000..0x260000].fill(0);
    bytes
}

struct Case {
    dir: TempDir,
    disk: Vec<u8>,
}

impl Case {
    fn new(lines: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let disk = pattern();
        std::fs::write(dir.path().join("raw"), &disk).unwrap();
        for line in lines {
            run(dir.path(), line);
        }
        Self { dir, disk }
    }

    fn image(&self) -> PathBuf {
        self.dir.path().join("image")
    }

    /// Every file but the raw expectation.
    fn files(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let mut files: Vec<_> = std::fs::read_dir(self.dir.path())
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.file_name().unwrap() != "raw")
            .map(|path| (path.clone(), std::fs::read(path).unwrap()))
            .collect();
        files.sort();
        files
    }

    fn assert_reads(&self) {
        let before = self.files();
        let opened = open(&self.image(), &OpenOptions::default()).unwrap();
        assert_eq!(opened.kind, TargetKind::Image(Format::Qcow2));
        assert_eq!(opened.storage.len(), SIZE as u64);
        assert!(opened.storage.read_vec(0, SIZE).unwrap() == self.disk, "the whole disk");
        for (at, len) in [(0, 1), (511, 2), (0xffff, 0x10002), (0x11fff0, 0x20), (SIZE - 700, 700)] {
            assert_eq!(
                opened.storage.read_vec(at as u64, len).unwrap(),
                &self.disk[at..at + len],
                "0x{at:x}"
            );
        }
        assert!(self.files() == before, "reading has written");
    }

    /// Writes into data, zeros, over a cluster border and at the end, and has the judges look.
    fn assert_writes(&mut self) {
        let mut image = open_mut(&self.image(), &OpenOptions::default()).unwrap();
        for (at, len) in
            [(0x1b8, 4), (0x1fffe, 8), (0x180000, 512), (0x25fff0, 0x20), (0x400000, 512), (SIZE - 88, 88)]
        {
            let bytes = vec![0xa5; len];
            image.write_at(at as u64, &bytes).unwrap();
            self.disk[at..at + len].copy_from_slice(&bytes);
            assert_eq!(image.read_vec(at as u64, len).unwrap(), bytes);
        }
        image.sync().unwrap();
        drop(image);
        std::fs::write(self.dir.path().join("raw"), &self.disk).unwrap();
        let report = run(self.dir.path(), "qemu-img check image");
        assert!(report.contains("No errors were found"), "{report}");
        run(self.dir.path(), "qemu-img compare -f raw -F qcow2 raw image");
        self.assert_reads();
    }
}

const FILL: &str = "qemu-img convert -n -f raw -O qcow2 raw image";

#[test]
fn images_of_every_kind_are_read_and_written() {
    let table: &[(&str, &[&str])] = &[
        ("version 3", &["qemu-img convert -O qcow2 raw image"]),
        ("version 2", &["qemu-img convert -O qcow2 -o compat=0.10 raw image"]),
        ("512", &["qemu-img convert -O qcow2 -o cluster_size=512 raw image"]),
        ("4k", &["qemu-img convert -O qcow2 -o cluster_size=4k raw image"]),
        ("2M", &["qemu-img convert -O qcow2 -o cluster_size=2M raw image"]),
        ("compressed", &["qemu-img convert -c -O qcow2 raw image"]),
        ("compressed 512", &["qemu-img convert -c -O qcow2 -o cluster_size=512 raw image"]),
        ("compressed 2M", &["qemu-img convert -c -O qcow2 -o cluster_size=2M raw image"]),
        ("lazy", &["qemu-img convert -O qcow2 -o lazy_refcounts=on raw image"]),
        ("refcount 1", &["qemu-img convert -O qcow2 -o refcount_bits=1 raw image"]),
        ("refcount 64", &["qemu-img convert -O qcow2 -o refcount_bits=64,cluster_size=4k raw image"]),
        ("preallocated", &["qemu-img create -f qcow2 -o preallocation=metadata image 5M", FILL]),
        ("falloc", &["qemu-img create -f qcow2 -o preallocation=falloc image 5M", FILL]),
        (
            "zero marks on clusters that are kept",
            &["qemu-img convert -O qcow2 raw image", "qemu-io -f qcow2 -c write~-z~0x120000~0x140000 image"],
        ),
        ("data file", &["qemu-img create -f qcow2 -o data_file=data image 5M", FILL]),
        ("raw data file", &["qemu-img create -f qcow2 -o data_file=data,data_file_raw=on image 5M", FILL]),
        (
            "overlay",
            &["qemu-img convert -O qcow2 raw base", "qemu-img create -f qcow2 -b base -F qcow2 image"],
        ),
        ("overlay on raw", &["cp raw base", "qemu-img create -f qcow2 -b base -F raw image"]),
        (
            "overlay on overlay on compressed",
            &[
                "qemu-img convert -c -O qcow2 raw base",
                "qemu-img create -f qcow2 -b base -F qcow2 middle",
                "qemu-img create -f qcow2 -b middle -F qcow2 image",
            ],
        ),
        (
            "overlay 512",
            &["cp raw base", "qemu-img create -f qcow2 -b base -F raw -o cluster_size=512 image"],
        ),
    ];
    for (name, lines) in table {
        eprintln!("{name}");
        let mut case = Case::new(lines);
        case.assert_reads();
        let base = std::fs::read(case.dir.path().join("base")).ok();
        case.assert_writes();
        assert!(std::fs::read(case.dir.path().join("base")).ok() == base, "{name}: the base has changed");
    }
}

/// Small clusters and wide counts: every 64 clusters need a new refcount block, 2 MiB a larger refcount table.
#[test]
fn an_image_grows_cluster_by_cluster() {
    let mut case = Case::new(&["qemu-img create -f qcow2 -o cluster_size=512,refcount_bits=64 image 5M"]);
    case.disk[..0x1dc000].fill(0x33);
    case.disk[0x1dc000..].fill(0);
    std::fs::write(case.dir.path().join("raw"), &case.disk).unwrap();
    run(case.dir.path(), FILL);
    let table = |case: &Case| bytes::be_u32(&std::fs::read(case.image()).unwrap(), 56).unwrap();
    let before = table(&case);
    let mut image = open_mut(&case.image(), &OpenOptions::default()).unwrap();
    for at in (0x1f0000..SIZE).step_by(25_000) {
        case.disk[at..at + 4].copy_from_slice(b"grow");
        image.write_at(at as u64, b"grow").unwrap();
    }
    drop(image);
    assert!(table(&case) > before, "the refcount table has not grown");
    case.assert_writes();
}

#[test]
fn a_snapshot_keeps_what_it_had() {
    let lines = ["qemu-img convert -O qcow2 raw image", "qemu-img snapshot -c one image", "cp raw first"];
    let mut case = Case::new(&lines);
    case.assert_writes();
    case.assert_writes();
    run(case.dir.path(), "qemu-img snapshot -a one image");
    run(case.dir.path(), "qemu-img compare -f raw -F qcow2 first image");
}

#[test]
fn a_write_in_place_leaves_the_tables_alone() {
    let case = Case::new(&["qemu-img convert -O qcow2 raw image"]);
    let before = std::fs::read(case.image()).unwrap();
    let mut image = open_mut(&case.image(), &OpenOptions::default()).unwrap();
    image.write_at(0x1b8, b"\x01\xfe\x02\xfd").unwrap();
    image.sync().unwrap();
    drop(image);
    let after = std::fs::read(case.image()).unwrap();
    assert_eq!(before.len(), after.len());
    let changed: Vec<_> = (0..before.len()).filter(|at| before[*at] != after[*at]).collect();
    assert_eq!(changed.len(), 4);
    assert_eq!(changed[3] - changed[0], 3);
}

#[test]
fn an_image_stays_locked_when_a_cluster_was_allocated() {
    let case = Case::new(&["qemu-img create -f qcow2 image 5M"]);
    let other = std::fs::File::open(case.image()).unwrap();
    let mut image = open_mut(&case.image(), &OpenOptions::default()).unwrap();
    for at in [0, 0x200000, 0x400000] {
        image.write_at(at, b"new").unwrap();
        assert!(lock::has_writer(&other), "the lock is gone after the write at 0x{at:x}");
    }
    drop(image);
    assert!(!lock::has_writer(&other));
}
