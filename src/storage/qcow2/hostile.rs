//! Damaged and forbidden images: what is refused, in which words, and that nothing else ever happens.

use std::path::Path;

use crate::error::way_out::ImageCure;
use crate::storage::open::OpenOptions;
use crate::storage::open::open;
use crate::storage::open::open_mut;
use crate::storage::qcow2::tests::run;

/// What `bytes` become when the header field at `at` is set.
fn with32(bytes: &[u8], at: usize, value: u32) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[at..at + 4].copy_from_slice(&value.to_be_bytes());
    bytes
}

fn with64(bytes: &[u8], at: usize, value: u64) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[at..at + 8].copy_from_slice(&value.to_be_bytes());
    bytes
}

/// The same sequence in every run.
fn random(state: &mut u64, below: usize) -> usize {
    *state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
    (*state >> 33) as usize % below
}

/// Tables of damaged images sent another implementation into endless recursion, which ends the whole process: no
/// damage of the tables may do more here than give an error, and a write that succeeds must be there afterwards.
#[test]
fn damaged_tables_never_do_more_than_fail() {
    let rounds = std::env::var("FUZZ_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(150);
    let bases = [
        vec![
            "qemu-img create -f qcow2 -o cluster_size=512 image 300k",
            "qemu-io -f qcow2 -c write~0~90k image",
        ],
        vec![
            "qemu-img create -f qcow2 -o cluster_size=4k image 300k",
            "qemu-io -f qcow2 -c write~-c~0~64k image",
        ],
        vec![
            "qemu-img create -f qcow2 image 300k",
            "qemu-io -f qcow2 -c write~0~128k image",
            "qemu-img snapshot -c one image",
        ],
    ];
    let mut state = 7;
    for lines in bases {
        let dir = tempfile::tempdir().unwrap();
        for line in lines {
            run(dir.path(), line);
        }
        let path = dir.path().join("image");
        let good = std::fs::read(&path).unwrap();
        let tables: Vec<_> = (0..good.len()).filter(|at| good[*at] != 0 && good[*at] != 0xcd).collect();
        for round in 0..rounds {
            let mut bytes = good.clone();
            for _ in 0..=random(&mut state, 4) {
                let near = tables[random(&mut state, tables.len())];
                let at = (near + random(&mut state, 16)).min(bytes.len() - 1);
                bytes[at] = [0, 0xff, bytes[at] ^ 1, bytes[at] ^ 0x80, random(&mut state, 256) as u8]
                    [random(&mut state, 5)];
            }
            if random(&mut state, 8) == 0 {
                bytes.truncate(random(&mut state, good.len()));
            }
            std::fs::write(&path, &bytes).unwrap();
            read_and_write_all(&path, &bytes, round);
        }
    }
}

fn read_and_write_all(path: &Path, bytes: &[u8], round: usize) {
    let options = OpenOptions::default();
    if let Ok(opened) = open(path, &options) {
        for at in (0..opened.storage.len().min(1 << 20)).step_by(32768) {
            let _ = opened.storage.read_vec(at, 512);
        }
    }
    assert!(std::fs::read(path).unwrap() == bytes, "reading has written in round {round}");
    let Ok(mut image) = open_mut(path, &options) else { return };
    for at in [0x1b8, 0x12345, 0x2a000, 0x40000] {
        if image.write_at(at, &[0x5a; 88]).is_ok() {
            assert_eq!(image.read_vec(at, 88).unwrap(), [0x5a; 88], "round {round}");
        }
    }
    image.sync().unwrap();
}

#[test]
fn marks_in_the_header_are_refused_or_noted() {
    let dir = tempfile::tempdir().unwrap();
    run(dir.path(), "qemu-img create -f qcow2 image 1M");
    let path = dir.path().join("image");
    let good = std::fs::read(&path).unwrap();
    let [repair, convert, decrypt] = [ImageCure::Repair, ImageCure::Convert, ImageCure::Decrypt].map(Some);
    let table: &[(Vec<u8>, bool, &str, Option<ImageCure>)] = &[
        (with64(&good, 72, 1), true, "the image was not closed cleanly", repair),
        (with64(&good, 72, 2), true, "the image is marked corrupt", repair),
        (with64(&good, 72, 1 << 40), false, "unknown incompatible feature bit 40", convert),
        (with32(&good, 4, 4), false, "unknown qcow2 version 4", convert),
        (with32(&good, 32, 1), false, "it is encrypted (AES)", decrypt),
        (with32(&good, 20, 22), false, "qcow2 cluster_bits at 0x14: expected 9 to 21, found 22", None),
        (
            with64(&good, 24, 1 << 57),
            false,
            "qcow2 size at 0x18: expected at most 64 PiB, found 0x200000000000000",
            None,
        ),
        (with32(&good, 36, 0), false, "qcow2 l1_size at 0x24: expected 1 entries or more, found 0", None),
        (with32(&good, 96, 7), false, "qcow2 refcount_order at 0x60: expected 0 to 6, found 7", None),
        (
            with32(&good, 100, 100),
            false,
            "qcow2 header_length at 0x64: expected 104 or more, a multiple of 8, found 100",
            None,
        ),
        (
            good[..40].to_vec(),
            false,
            "qcow2 header_length at 0x64: expected the whole field, found the end of the file at 0x28",
            None,
        ),
        (
            with64(&good, 40, 0x10001),
            false,
            "qcow2 l1_table_offset at 0x28: expected a cluster of the file (0x30008 bytes) with 0x8 bytes after it, found 0x10001",
            None,
        ),
        (
            with64(&good, 48, 1 << 50),
            false,
            "qcow2 refcount_table_offset at 0x30: expected a cluster of the file (0x30008 bytes) with 0x10000 bytes after it, found 0x4000000000000",
            None,
        ),
        (
            with32(&good, 60, 70_000),
            false,
            "qcow2 nb_snapshots at 0x3c: expected at most 65536, found 70000",
            None,
        ),
    ];
    for (bytes, readable, expected, cure) in table {
        std::fs::write(&path, bytes).unwrap();
        assert_refused(&path, *readable, expected, *cure);
    }
    std::fs::write(&path, with64(&good, 72, 1)).unwrap();
    let note = "the image was not closed cleanly; read-only until repaired with `qemu-img check -r all`";
    assert_eq!(open(&path, &OpenOptions::default()).unwrap().notes, [format!("{}: {note}", path.display())]);
}

fn assert_refused(path: &Path, readable: bool, expected: &str, cure: Option<ImageCure>) {
    let before = std::fs::read(path).unwrap();
    let expected = (format!("{}: {expected}", path.display()), cure.map(Into::into));
    let options = OpenOptions::default();
    match open(path, &options) {
        Ok(_) => assert!(readable, "{expected:?}"),
        Err(error) => assert_eq!((error.told(), readable), (expected.clone(), false)),
    }
    assert_eq!(open_mut(path, &options).err().unwrap().told(), expected);
    assert!(std::fs::read(path).unwrap() == before, "{expected:?}: the image has changed");
}

#[test]
fn wrong_reference_counts_are_refused_before_a_cluster_is_allocated() {
    let dir = tempfile::tempdir().unwrap();
    run(dir.path(), "qemu-img create -f qcow2 image 1M");
    let path = dir.path().join("image");
    let good = std::fs::read(&path).unwrap();
    // The table of refcount blocks lies in cluster 1, the first block in cluster 2; the table is emptied.
    let emptied = with64(&good, 0x10000, 0);
    std::fs::write(&path, &emptied).unwrap();
    let error = open_mut(&path, &OpenOptions::default()).unwrap().write_at(0, &[1]).unwrap_err();
    let expected =
        format!("{}: qcow2 reference count of the cluster at 0x0: expected 1, found 0", path.display());
    assert_eq!(error.told(), (expected, Some(ImageCure::Repair.into())));
    assert!(std::fs::read(&path).unwrap() == emptied);
}

/// Header, refcount table, its block, L1 table, L2 table and one data cluster follow each other in this image.
#[test]
fn entries_that_lead_astray_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    run(dir.path(), "qemu-img create -f qcow2 image 1M");
    run(dir.path(), "qemu-io -f qcow2 -c write~0~64k image");
    let path = dir.path().join("image");
    let good = std::fs::read(&path).unwrap();
    const COPIED: u64 = 1 << 63;
    const COMPRESSED: u64 = 1 << 62;
    const L1: usize = 0x30000;
    const L2: usize = 0x40000;
    let inside = "expected a cluster inside the file (0x60000 bytes), found";
    let outside =
        |at: &str| format!("the image is truncated or damaged: it refers to {at}, past its end (0x60000)");
    let tables = "expected guest data, found one of the image's tables";
    // What the entry becomes, whether its cluster can still be read, and the error of writing there (and of reading).
    let table = [
        (L1, 1 << 40, false, format!("qcow2 L1 entry at 0x30000: {inside} 0x10000000000")),
        (L1, COPIED | 0x40200, false, format!("qcow2 L1 entry at 0x30000: {inside} 0x40200")),
        (L2, COPIED | (1 << 40), false, outside("0x10000000000")),
        (L2, COMPRESSED | (1 << 50), false, outside("0x4000000000000")),
        (
            L2,
            COPIED | 0x50200,
            false,
            "qcow2 L2 entry at 0x40000: expected an offset that is a multiple of the cluster size, found 0x8000000000050200"
                .into(),
        ),
        (
            L2,
            COMPRESSED | 0x50000,
            false,
            "qcow2 compressed cluster at 0x50000: expected deflated data of 0x10000 bytes, found 0x0 bytes (Failed)".into(),
        ),
        (L2, COPIED | 0x40000, true, format!("qcow2 data cluster at 0x40000: {tables}")),
        (L2, COPIED | 0x30000, true, format!("qcow2 data cluster at 0x30000: {tables}")),
        (L2, COPIED | 0x20000, true, format!("qcow2 data cluster at 0x20000: {tables}")),
        (
            L2,
            0x40000,
            true,
            "qcow2 reference count of the cluster at 0x40000: expected 2, found 1"
                .into(),
        ),
    ];
    for (at, entry, readable, expected) in table {
        let bytes = with64(&good, at, entry);
        std::fs::write(&path, &bytes).unwrap();
        let expected = format!("{}: {expected}", path.display());
        let read = open(&path, &OpenOptions::default()).unwrap().storage.read_vec(0x1b8, 4);
        assert_eq!(read.err().map(|error| error.to_string()), (!readable).then(|| expected.clone()));
        let mut image = open_mut(&path, &OpenOptions::default()).unwrap();
        let told = image.write_at(0x1b8, &[1; 4]).unwrap_err().told();
        assert_eq!(told, (expected.clone(), readable.then_some(ImageCure::Repair.into())));
        assert!(std::fs::read(&path).unwrap() == bytes, "{expected}: the image has changed");
    }
}
