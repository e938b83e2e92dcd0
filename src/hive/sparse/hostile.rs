//! The sparse reader and bytes that lie, readers that fail: an error in time, with little memory.

use super::tests::File;
use super::tests::ask;
use super::tests::corrupt;
use super::tests::key;
use super::tests::list;
use super::tests::put;
use super::tests::value;
use super::tests::wide;
use super::*;
use crate::bytes;
use crate::hive::Hive;
use crate::hive::build::build;

/// Whether an error says that a question has used up its share of reading.
fn is_spent(error: &HiveError) -> bool {
    let what = "key that needs more reading than one of Windows";
    matches!(error, HiveError::Unsupported { what: found, .. } if *found == what)
}

/// An index of 65535 references to one list of 65535 references to one key.
#[test]
fn a_bomb_ends_with_an_error() {
    for (entries, count) in
        [(65_535u32, u32::MAX), (1000, u32::MAX), (1, u32::MAX), (0, u32::MAX), (1000, 4096)]
    {
        let mut bytes = build(&key("Root", Vec::new(), vec![key("x", Vec::new(), Vec::new())]), 0).unwrap();
        let root = Hive::parse(bytes.clone()).unwrap().root().at;
        let cell = bytes.len() as u32 - 0x1000;
        bytes.resize(bytes.len() + (2 << 20), 0);
        let lists = [cell + 0x100 + (1 << 20); 65_535];
        let leaf = vec![root as u32 - 0x1004; entries as usize];
        for (place, kind, entries) in [(cell + 0x100, "ri", &lists[..]), (lists[0], "li", &leaf)] {
            let body = list(kind, entries, |_| Vec::new());
            let at = place as usize + 0x1000;
            put(&mut bytes, at, (-((body.len() as i32 + 4 + 7) & !7)).cast_unsigned());
            bytes[at + 4..at + 4 + body.len()].copy_from_slice(&body);
        }
        put(&mut bytes, root + 0x14, count);
        put(&mut bytes, root + 0x1c, cell + 0x100);
        let size = bytes.len() as u32 - 0x1000;
        put(&mut bytes, 0x28, size);
        let start = std::time::Instant::now();
        let error = ask(&bytes, |hive| hive.key(&["none"])).unwrap_err();
        let miscounted = matches!(error, HiveError::Corrupt { what: "list of subkeys", .. });
        assert!(miscounted || is_spent(&error), "{entries}: {error}");
        let error = ask(&bytes, |hive| hive.subkeys(&hive.key(&[])?.unwrap())).unwrap_err();
        if count == 4096 {
            assert_eq!(corrupt(error).1, "4096 subkeys", "{entries}");
        } else {
            assert_eq!(error, HiveError::Unsupported { what: "key with more than 4096 subkeys", at: root });
        }
        assert!(start.elapsed().as_secs() < 20, "{entries}: {:?}", start.elapsed());
    }
}

#[test]
fn values_beyond_the_bounds_are_refused() {
    let bytes = build(&key("Root", vec![value("Data", vec![9; 20_000])], Vec::new()), 0).unwrap();
    let whole = Hive::parse(bytes.clone()).unwrap();
    let (root, data) = (whole.root().at, whole.root().values[0].at);
    let record = bytes.windows(4).position(|window| window == b"vk\x04\0").unwrap();
    let refused = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = bytes.clone();
        change(&mut bytes);
        ask(&bytes, |hive| hive.values(&hive.key(&[])?.unwrap())).unwrap_err()
    };
    let unsupported = |what, at| HiveError::Unsupported { what, at };
    let many = refused(&|bytes| put(bytes, root + 0x24, 4097));
    assert_eq!(many, unsupported("key with more than 4096 values", root));
    assert_eq!(corrupt(refused(&|bytes| put(bytes, root + 0x24, 9))).0, "list of values");
    let long = refused(&|bytes| put(bytes, record + 4, 65_537));
    assert_eq!(long, unsupported("value with more than 64 KiB of data", record + 8));
    let short = corrupt(refused(&|bytes| put(bytes, record + 4, 30_000)));
    assert_eq!(short.1, "a cell that holds 0x7530 bytes");
    assert_eq!(corrupt(refused(&|bytes| put(bytes, record + 8, 4))).1, "the start of a cell");
    assert_eq!(corrupt(refused(&|bytes| put(bytes, data - 4, 0x8000_0000))).0, "size of a cell");
    let split = refused(&|bytes| {
        bytes[0x18] = 5;
        bytes[data..data + 2].copy_from_slice(b"db");
    });
    assert_eq!(split, unsupported("data split over several cells", data));
}

#[test]
fn a_reader_that_fails_or_gives_too_little_is_told() {
    let bytes = build(&wide("Root", 3, &[]), 0).unwrap();
    let len = bytes.len() as u64;
    let short = |_, len: usize| Ok(vec![0; len - 1]);
    let error = SparseHive::open(&short, len).err().unwrap().to_string();
    assert_eq!(error, "bytes at 0x0 of the hive: expected 0x1000 bytes, got 0xfff");
    let gone = ReadError::reader(std::io::Error::other("the disk is gone"));
    let once = |offset: u64, len: usize| match offset {
        0 => Ok(bytes[..len].to_vec()),
        _ => Err(gone.clone()),
    };
    let error = SparseHive::open(&once, len).unwrap().key(&[]).unwrap_err();
    assert_eq!(error, HiveError::Read { at: 0x1000, cause: gone.clone() });
    assert_eq!(error.to_string(), "bytes at 0x1000 of the hive: the disk is gone");
    assert_eq!(corrupt(ask(b"regf", |_| Ok(())).unwrap_err()).0, "base block");
    assert!(ask(b"", |_| Ok(())).is_err());
}

#[test]
fn a_dirty_hive_says_so() {
    for at in [0x4, 0x1fc] {
        let mut bytes = build(&wide("Root", 3, &[]), 0).unwrap();
        bytes[at] ^= 1;
        assert!(ask(&bytes, |hive| Ok(hive.is_dirty() && hive.key(&["key 001"])?.is_some())).unwrap());
    }
}

#[test]
fn every_byte_may_be_wrong() {
    let data = [vec![1; 4], vec![2; 88], vec![3; 12]].map(|data| value("Élement", data));
    let leaf = [key("日", data[..2].to_vec(), Vec::new()), key("b", data.to_vec(), Vec::new())];
    let good = build(&key("Root", Vec::new(), vec![wide("Key", 3, &leaf), leaf[0].clone()]), 0).unwrap();
    let start = std::time::Instant::now();
    let (mut read, mut refused) = (0, 0);
    for at in (0..0x200).chain(0x1000..good.len()) {
        for mask in [0x01, 0xff] {
            let mut bytes = good.clone();
            bytes[at] ^= mask;
            let outcome = ask(&bytes, |hive| {
                for path in [&["key", "Key 002", "日"][..], &["Key", "KEY 001", "B"], &["日"]] {
                    if let Some(key) = hive.key(path)? {
                        for value in hive.values(&key)? {
                            let place = bytes::slice(&bytes, value.at, value.data.len());
                            assert_eq!(place, Some(value.data.as_slice()));
                        }
                        hive.value(&key, "éLEMENT")?;
                    }
                }
                hive.subkeys(&hive.key(&[])?.unwrap()).map(|_| ())
            });
            *(if outcome.is_ok() { &mut read } else { &mut refused }) += 1;
        }
    }
    println!("{read} read, {refused} refused, {:?}", start.elapsed());
    assert!(read > 0 && refused > 0 && start.elapsed().as_secs() < 60);
}

/// Eight thousand keys, each in a page of its own.
#[test]
fn reads_have_an_end() {
    let mut bytes = build(&key("k", Vec::new(), vec![key("x", Vec::new(), Vec::new())]), 0).unwrap();
    put(&mut bytes, 0x28, 64 << 20);
    let root = Hive::parse(build(&key("k", Vec::new(), Vec::new()), 0).unwrap()).unwrap().root().at;
    assert_eq!(root, 0x1024);
    put(&mut bytes, root + 0x14, 8000);
    put(&mut bytes, root + 0x1c, 0x1020);
    bytes.resize(0xa000, 0);
    let cells: Vec<u32> = (0x10..0x10 + 8000).map(|page| page * 0x1000 + 0x20).collect();
    let body = list("li", &cells, |_| Vec::new());
    put(&mut bytes, 0x2020, (-(body.len() as i32 + 4)).cast_unsigned());
    bytes[0x2024..0x2024 + body.len()].copy_from_slice(&body);
    let file = File::new(bytes);
    // Every page behind the list is as the first one.
    let read = |offset: u64, len| file.read_at(if offset >= 0x11000 { 0x1000 } else { offset }, len);
    let hive = SparseHive::open(&read, (64 << 20) + 0x1000).unwrap();
    let error = hive.key(&["none"]).unwrap_err();
    assert!(is_spent(&error), "{error}");
    assert!((4096..4100).contains(&file.reads.get()), "{}", file.reads.get());
    assert_eq!(hive.pages.kept(), 256);
    assert!(hive.key(&["k"]).unwrap().is_some(), "the next question has a budget of its own");
}
