//! Edits of a small hive, to the byte: its values here.

mod keys;
mod refused;

use crate::bytes::le_i32;
use crate::bytes::le_u32;
use crate::hive::build::Access;
use crate::hive::build::Head;
use crate::hive::build::NewKey;
use crate::hive::build::NewValue;
use crate::hive::build::build_with;
use crate::hive::edit::EditError;
use crate::hive::edit::Editor;
use crate::hive::key::Key;
use crate::hive::primary::Hive;
use crate::hive::value::REG_BINARY;
use crate::hive::value::REG_DWORD;

/// Root with `Objects` (`{b}`, `{d}`, the former with `Element` of 88 bytes and `Type` of 4) and `Description`.
fn small() -> Vec<u8> {
    let key = |name: &str, subkeys| NewKey { name: name.into(), values: Vec::new(), subkeys };
    let value = |name: &str, data_type, data: Vec<u8>| NewValue { name: name.into(), data_type, data };
    let mut object = key("{b}", Vec::new());
    object.values = vec![
        value("Element", REG_BINARY, (0..88).collect()),
        value("Type", REG_DWORD, vec![3, 0, 0x20, 0x10]),
    ];
    let objects = key("Objects", vec![object, key("{d}", Vec::new())]);
    let root = key("Root", vec![objects, key("Description", Vec::new())]);
    let head = Head { last_written: 7, sequence: 5, path: "BCD", access: Access::OfBcdboot };
    build_with(&root, &head).unwrap()
}

const OBJECT: [&str; 2] = ["objects", "{B}"];

fn edited(bytes: &[u8], edit: impl FnOnce(&mut Editor) -> Result<(), EditError>) -> Vec<u8> {
    let mut editor = Editor::new(bytes.to_vec()).unwrap();
    edit(&mut editor).unwrap();
    editor.finish()
}

fn set(bytes: &[u8], name: &str, data_type: u32, data: &[u8]) -> Vec<u8> {
    edited(bytes, |editor| editor.set_value(&OBJECT, name, data_type, data))
}

/// The places where two files differ; the longer one has all of its bytes more.
fn difference(one: &[u8], other: &[u8]) -> Vec<usize> {
    (0..one.len().max(other.len())).filter(|at| one.get(*at) != other.get(*at)).collect()
}

fn key(bytes: &[u8], path: &[&str]) -> Key {
    let hive = Hive::parse(bytes.to_vec()).unwrap();
    assert!(!hive.base_block().is_dirty());
    path.iter().fold(hive.root().clone(), |key, name| key.subkey(name).unwrap().clone())
}

fn data(bytes: &[u8], name: &str) -> Vec<u8> {
    key(bytes, &OBJECT).value(name).unwrap().data.clone()
}

/// Signed sizes of all cells, positive ones are free.
fn cells(bytes: &[u8]) -> Vec<i32> {
    let mut sizes = Vec::new();
    let (mut at, end) = (0x1000, 0x1000 + le_u32(bytes, 0x28).unwrap() as usize);
    while at < end {
        if bytes[at..].starts_with(b"hbin") {
            at += 0x20;
            continue;
        }
        let size = le_i32(bytes, at).unwrap();
        sizes.push(size);
        at += size.unsigned_abs() as usize;
    }
    sizes
}

fn free(bytes: &[u8]) -> i32 {
    cells(bytes).into_iter().filter(|size| *size > 0).sum()
}

fn put(bytes: &mut [u8], at: usize, number: u32) {
    bytes[at..at + 4].copy_from_slice(&number.to_le_bytes());
}

#[test]
fn data_of_the_same_size_change_in_place() {
    let before = small();
    let mut new: Vec<u8> = (0..88).collect();
    new[24] = 0xff;
    let after = set(&before, "element", REG_BINARY, &new);
    assert_eq!(difference(&before, &after), [key(&before, &OBJECT).value("Element").unwrap().at + 24]);
    let short = set(&before, "TYPE", REG_DWORD, &[4, 0, 0x20, 0x10]);
    assert_eq!(difference(&before, &short), [key(&before, &OBJECT).value("Type").unwrap().at]);
    assert_eq!(set(&after, "Element", REG_BINARY, &new), after);
}

#[test]
fn shorter_data_keep_their_cell_or_move_into_the_value() {
    let before = small();
    let fewer = set(&before, "Element", REG_BINARY, &[9; 46]);
    assert_eq!((data(&fewer, "Element"), cells(&fewer)), (vec![9; 46], cells(&before)));
    let back = set(&fewer, "Element", REG_BINARY, &(0..88).collect::<Vec<u8>>());
    assert_eq!(back, before);
    let inside = set(&before, "Element", REG_BINARY, &[1]);
    assert_eq!((data(&inside, "Element"), free(&inside)), (vec![1], free(&before) + 96));
    let empty = set(&before, "Element", REG_BINARY, &[]);
    assert!(data(&empty, "Element").is_empty());
}

#[test]
fn longer_data_take_a_free_cell_and_then_a_new_bin() {
    let before = small();
    let more = set(&before, "Element", REG_BINARY, &[9; 100]);
    assert_eq!((data(&more, "Element"), more.len()), (vec![9; 100], before.len()));
    assert_eq!(free(&more), free(&before) + 96 - 104);
    // The cell that has become free is the best for data that fit into it.
    let best = set(&more, "New", REG_BINARY, &[8; 70]);
    let value = key(&before, &OBJECT).value("Element").unwrap().at;
    assert_eq!(key(&best, &OBJECT).value("New").unwrap().at, value);
    let bin = set(&before, "Element", REG_BINARY, &[9; 5000]);
    assert_eq!((data(&bin, "Element"), bin.len()), (vec![9; 5000], before.len() + 0x2000));
    assert_eq!(&bin[before.len()..before.len() + 12], b"hbin\0\x10\0\0\0\x20\0\0");
    assert_eq!((le_u32(&bin, 4), le_u32(&bin, 8), le_u32(&bin, 0x28)), (Some(5), Some(5), Some(0x3000)));
    assert_eq!(set(&bin, "Element", REG_BINARY, &[9; 5000]), bin);
}

#[test]
fn a_file_that_is_longer_than_its_bins_keeps_its_length() {
    let mut before = small();
    let bins = before.len();
    before.resize(bins + 0x2800, 0);
    let once = set(&before, "Element", REG_BINARY, &[9; 4000]);
    assert_eq!((once.len(), le_u32(&once, 0x28)), (before.len(), Some(0x2000)));
    let twice = set(&once, "Other", REG_BINARY, &[9; 8000]);
    assert_eq!((twice.len(), le_u32(&twice, 0x28)), (bins + 0x3000, Some(0x4000)));
}

#[test]
fn values_come_and_go() {
    let before = small();
    let two = set(&set(&before, "Zero", REG_BINARY, &[]), "", 1, b"x\0\0\0");
    let object = key(&two, &OBJECT);
    let names: Vec<_> = object.values.iter().map(|value| value.name.as_str()).collect();
    assert_eq!(names, ["Element", "Type", "Zero", ""]);
    let one = edited(&two, |editor| editor.delete_value(&OBJECT, "TYPE"));
    let names: Vec<_> = key(&one, &OBJECT).values.into_iter().map(|value| value.name).collect();
    assert_eq!(names, ["Element", "Zero", ""]);
    let none = edited(&one, |editor| {
        ["", "zero", "element"].iter().try_for_each(|name| editor.delete_value(&OBJECT, name))
    });
    let object = key(&none, &OBJECT);
    assert!(object.values.is_empty());
    // No list, and no longest name or data.
    assert_eq!(le_u32(&none, object.at + 0x28), Some(u32::MAX));
    assert_eq!((le_u32(&none, object.at + 0x3c), le_u32(&none, object.at + 0x40)), (Some(0), Some(0)));
    assert_eq!(set(&none, "Element", REG_BINARY, &[4; 88]).len(), before.len());
}
