//! The sparse reader against the whole one, and against bytes that lie.

use std::cell::Cell;

use super::*;
use crate::bytes;
use crate::hive::Hive;
use crate::hive::Key;
use crate::hive::REG_BINARY;
use crate::hive::build::NewKey;
use crate::hive::build::NewValue;
use crate::hive::build::build;

/// Bytes as a file that counts what is read of it.
pub(super) struct File {
    pub(super) bytes: Vec<u8>,
    pub(super) reads: Cell<usize>,
    read: Cell<usize>,
}

impl File {
    pub(super) fn new(bytes: Vec<u8>) -> Self {
        Self { bytes, reads: Cell::new(0), read: Cell::new(0) }
    }

    pub(super) fn read_at(&self, offset: u64, len: usize) -> Result<Vec<u8>, ReadError> {
        self.reads.set(self.reads.get() + 1);
        self.read.set(self.read.get() + len);
        bytes::slice(&self.bytes, offset as usize, len).map(<[u8]>::to_vec).ok_or_else(outside)
    }
}

/// What a reader says where there is nothing to read.
pub(super) fn outside() -> ReadError {
    ReadError::reader(std::io::Error::other("outside"))
}

/// What was expected and what was found, of an error about damage.
pub(super) fn corrupt(error: HiveError) -> (&'static str, String, String) {
    let HiveError::Corrupt { what, expected, found, .. } = error else { panic!("{error}") };
    (what, expected, found)
}

/// Opens the bytes and asks.
pub(super) fn ask<T>(
    bytes: &[u8],
    question: impl FnOnce(&SparseHive<'_>) -> Result<T, HiveError>,
) -> Result<T, HiveError> {
    let file = File::new(bytes.to_vec());
    let read = |offset, len| file.read_at(offset, len);
    let hive = SparseHive::open(&read, bytes.len() as u64);
    hive.and_then(|hive| question(&hive))
}

pub(super) fn value(name: &str, data: Vec<u8>) -> NewValue {
    NewValue { name: name.into(), data_type: REG_BINARY, data }
}

pub(super) fn key(name: &str, values: Vec<NewValue>, subkeys: Vec<NewKey>) -> NewKey {
    NewKey { name: name.into(), values, subkeys }
}

pub(super) fn wide(name: &str, count: usize, below: &[NewKey]) -> NewKey {
    let subkeys = (0..count).map(|index| key(&format!("Key {index:03}"), Vec::new(), below.to_vec()));
    key(name, vec![value("", vec![1]), value("Tést", vec![7; 100])], subkeys.collect())
}

/// Some hundred keys, names of every kind, data of every length.
fn sample() -> Vec<u8> {
    let lengths = [0, 1, 4, 5, 88, 4000, 5000, 20_000, 65_536];
    let values = lengths.map(|len| value(&format!("of {len}"), vec![len as u8; len]));
    let odd = ["Größe", "ÿ", "日本", "a\u{17f}", "GRoss", "x", "{9dea862c-5cdd-4e70-acc1-f32b344d4795}"];
    let odd = odd.map(|name| key(name, vec![value(name, vec![2; 12])], vec![wide("w", 2, &[])]));
    let below = vec![wide("wide", 507, &[]), key("odd", values.to_vec(), odd.to_vec())];
    build(&key("Root", vec![value("日", vec![3])], below), 5).unwrap()
}

/// Every key of the whole reader, found by its path in capital letters, with all its values.
fn compare(hive: &SparseHive<'_>, whole: &Key, path: &mut Vec<String>) {
    let names: Vec<&str> = path.iter().map(String::as_str).collect();
    let found = hive.key(&names).unwrap().unwrap_or_else(|| panic!("{names:?}"));
    assert_eq!((&found.name, found.at, found.flags), (&whole.name, whole.at, whole.flags));
    assert_eq!(found.last_written, whole.last_written);
    assert_eq!(found.value_count() as usize, whole.values.len());
    assert_eq!(hive.values(&found).unwrap(), whole.values);
    for value in &whole.values {
        assert_eq!(hive.value(&found, &value.name.to_uppercase()).unwrap().as_ref(), Some(value));
    }
    assert_eq!(hive.value(&found, "none").unwrap(), None);
    assert_eq!(hive.key(&[&names[..], &["none"]].concat()).unwrap().map(|key| key.name), None);
    let subkeys = hive.subkeys(&found).unwrap();
    let subkeys: Vec<&str> = subkeys.iter().map(|key| key.name.as_str()).collect();
    assert_eq!(subkeys, whole.subkeys.iter().map(|key| key.name.as_str()).collect::<Vec<_>>());
    for subkey in &whole.subkeys {
        path.push(subkey.name.to_uppercase());
        compare(hive, subkey, path);
        path.pop();
    }
}

/// Both readers say the same of a whole hive.
fn compare_whole(bytes: &[u8]) {
    let whole = Hive::parse(bytes.to_vec()).unwrap();
    ask(bytes, |hive| {
        assert_eq!(hive.base_block(), whole.base_block());
        compare(hive, whole.root(), &mut Vec::new());
        Ok(())
    })
    .unwrap();
}

#[test]
fn every_key_and_value_is_what_the_whole_reader_finds() {
    compare_whole(&sample());
}

#[test]
fn a_path_is_a_handful_of_reads() {
    let leaf = key("Leaf", vec![value("Data", vec![5; 500])], Vec::new());
    let below = [wide("Control", 60, &[leaf])];
    let bytes = build(&wide("Root", 500, &below), 0).unwrap();
    assert!(bytes.len() > 3 << 20, "{}", bytes.len());
    let file = File::new(bytes);
    let read = |offset, len| file.read_at(offset, len);
    let hive = SparseHive::open(&read, file.bytes.len() as u64).unwrap();
    let found = hive.key(&["key 250", "CONTROL", "key 059", "leaf"]).unwrap().unwrap();
    assert_eq!(hive.value(&found, "data").unwrap().unwrap().data, vec![5; 500]);
    println!("{} reads, {} bytes", file.reads.get(), file.read.get());
    // The base block, and for each of five keys a list, which may lie in two pages, and those of the same four
    // letters; neighbours share pages.
    assert!(file.reads.get() <= 16, "{} reads", file.reads.get());
    let before = file.reads.get();
    hive.key(&["key 250", "CONTROL", "key 059", "leaf"]).unwrap().unwrap();
    assert_eq!(file.reads.get(), before, "pages are kept");
}

#[test]
fn pages_come_and_go() {
    let below = [key("Leaf", vec![value("Data", vec![8; 4000])], Vec::new())];
    let bytes = build(&wide("Root", 400, &below), 0).unwrap();
    ask(&bytes, |hive| {
        for index in (0..400).rev().chain(0..400) {
            let found = hive.key(&[&format!("key {index:03}"), "LEAF"])?.unwrap();
            assert_eq!(hive.values(&found)?[0].data, vec![8; 4000]);
        }
        assert_eq!(hive.pages.kept(), 256);
        Ok(())
    })
    .unwrap();
}

#[test]
fn a_hive_of_more_than_64_mib_is_read() {
    let mut bytes = build(&wide("Root", 3, &[]), 0).unwrap();
    put(&mut bytes, 0x28, 150 << 20);
    let sum = BaseBlock::checksum(&bytes).unwrap();
    put(&mut bytes, 0x1fc, sum);
    let file = File::new(bytes);
    let read = |offset, len| file.read_at(offset, len);
    let hive = SparseHive::open(&read, (150 << 20) + 0x1000).unwrap();
    assert!(!hive.is_dirty() && hive.key(&["key 002"]).unwrap().is_some());
    let short = SparseHive::open(&read, 150 << 20).err();
    assert!(matches!(short, Some(HiveError::Corrupt { what: "hive bins", at: 0x1000, .. })), "{short:?}");
    let mut bytes = file.bytes.clone();
    put(&mut bytes, 0x28, 0x8000_0000);
    let file = File::new(bytes);
    let read = |offset, len| file.read_at(offset, len);
    let long = SparseHive::open(&read, u64::MAX).err();
    assert_eq!(long, Some(HiveError::Unsupported { what: "hive of 2 GiB or more", at: 0x28 }));
}

pub(super) fn put(bytes: &mut [u8], at: usize, number: u32) {
    bytes[at..at + 4].copy_from_slice(&number.to_le_bytes());
}

fn get(bytes: &[u8], at: usize) -> u32 {
    bytes::le_u32(bytes, at).unwrap()
}

/// A hive whose root has twenty subkeys; the file offset of the body of their list, and the cells that it names.
fn listed() -> (Vec<u8>, usize, Vec<u32>) {
    let bytes = build(&wide("Root", 20, &[]), 0).unwrap();
    let root = Hive::parse(bytes.clone()).unwrap().root().at;
    let list = get(&bytes, root + 0x1c) as usize + 0x1004;
    let cells = (0..20).map(|index| get(&bytes, list + 4 + index * 8)).collect();
    (bytes, list, cells)
}

/// In place of the list of subkeys: cells with these bodies, then a free cell.
fn relist(bytes: &mut [u8], list: usize, bodies: &[Vec<u8>]) {
    let mut at = list - 4;
    let end = at + get(bytes, at).cast_signed().unsigned_abs() as usize;
    for body in bodies {
        let size = (body.len() + 4).next_multiple_of(8);
        put(bytes, at, (-(size as i32)).cast_unsigned());
        bytes[at + 4..at + 4 + body.len()].copy_from_slice(body);
        at += size;
    }
    assert!(at <= end);
    if at < end {
        put(bytes, at, (end - at) as u32);
    }
}

pub(super) fn list(kind: &str, cells: &[u32], mark: impl Fn(u32) -> Vec<u8>) -> Vec<u8> {
    let entries = cells.iter().flat_map(|cell| [cell.to_le_bytes().to_vec(), mark(*cell)].concat());
    [kind.as_bytes(), &(cells.len() as u16).to_le_bytes(), &entries.collect::<Vec<u8>>()].concat()
}

#[test]
fn all_kinds_of_lists_are_followed() {
    let (good, at, cells) = listed();
    let hash = |cell: u32| {
        let name = &good[cell as usize + 0x1004 + 0x4c..][..7];
        let hash = name.iter().fold(0u32, |sum, letter| {
            sum.wrapping_mul(37).wrapping_add(u32::from(letter.to_ascii_uppercase()))
        });
        hash.to_le_bytes().to_vec()
    };
    let plain = |_| Vec::new();
    let first = (at - 4 - 0x1000) as u32;
    let index = list("ri", &[first + 16, first + 16 + 48], plain);
    for bodies in [
        vec![list("lh", &cells, hash)],
        vec![list("li", &cells, plain)],
        vec![index.clone(), list("li", &cells[..10], plain), list("li", &cells[10..], plain)],
    ] {
        let mut bytes = good.clone();
        relist(&mut bytes, at, &bodies);
        compare_whole(&bytes);
    }
    // With a wrong hash nothing is found by name, and everything in the list.
    let mut bytes = good.clone();
    relist(&mut bytes, at, &[list("lh", &cells, |_| vec![0; 4])]);
    assert_eq!(ask(&bytes, |hive| hive.key(&["key 003"])).unwrap().map(|key| key.name), None);
    let all = ask(&bytes, |hive| hive.subkeys(&hive.key(&[])?.unwrap())).unwrap();
    assert_eq!(all.len(), 20);
}

#[test]
fn circles_and_lists_that_lie_end() {
    let (good, at, cells) = listed();
    let plain = |_| Vec::new();
    let first = (at - 4 - 0x1000) as u32;
    let root = Hive::parse(good.clone()).unwrap().root().at as u32 - 0x1004;
    let found = |bodies: &[Vec<u8>]| {
        let mut bytes = good.clone();
        relist(&mut bytes, at, bodies);
        corrupt(ask(&bytes, |hive| hive.key(&["key 003"]).map(|key| key.map(|key| key.name))).unwrap_err())
    };
    let no_list = |found: &str| ("list of subkeys", "lf, lh or li".to_owned(), found.to_owned());
    assert_eq!(found(&[list("ri", &[first], plain)]), no_list("ri"));
    assert_eq!(found(&[list("ri", &[first + 16], plain), list("ri", &[first], plain)]), no_list("ri"));
    assert_eq!(found(&[list("lx", &cells, plain)]), no_list("lx"));
    let miscounted = |found: &str| ("list of subkeys", "20 subkeys".to_owned(), found.to_owned());
    assert_eq!(found(&[list("li", &cells[10..], plain)]), miscounted("10"));
    let more = [&[cells[0]; 21][..], &[cells[3]]].concat();
    assert_eq!(found(&[list("li", &more, plain)]), miscounted("more"));
    assert_eq!(found(&[list("li", &[4, 0x21, u32::MAX], plain)]).1, "the start of a cell");
    let mut bytes = good.clone();
    relist(&mut bytes, at, &[list("li", &[root; 20], plain)]);
    let name = ask(&bytes, |hive| hive.key(&["root"; 100])).unwrap().unwrap().name;
    assert_eq!(name, "Root", "a circle has as many turns as the path");
    put(&mut bytes, root as usize + 0x1000, 8);
    let error = ask(&bytes, |hive| hive.key(&[])).unwrap_err();
    assert_eq!(corrupt(error).1, "an allocated cell");
}
