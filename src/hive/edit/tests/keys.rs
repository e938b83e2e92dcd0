//! Keys that come and go, and all that they own.

use std::collections::BTreeSet;

use super::OBJECT;
use super::cells;
use super::data;
use super::edited;
use super::free;
use super::key;
use super::put;
use super::set;
use super::small;
use crate::bytes::le_i32;
use crate::bytes::le_u32;
use crate::hive::edit::Editor;
use crate::hive::edit::owned::Owned;
use crate::hive::error::HiveError;
use crate::hive::key::Key;
use crate::hive::primary::Hive;
use crate::hive::value::REG_BINARY;

#[test]
fn keys_have_their_place_the_time_and_the_security_of_their_parent() {
    let before = small();
    let after = edited(&before, |editor| {
        ["{C}", "{a}", "{long name}"].iter().try_for_each(|name| editor.create_key(&["Objects"], name, 99))
    });
    let objects = key(&after, &["Objects"]);
    let names: Vec<_> = objects.subkeys.iter().map(|key| key.name.as_str()).collect();
    assert_eq!(names, ["{a}", "{b}", "{C}", "{d}", "{long name}"]);
    let new = &objects.subkeys[2];
    assert_eq!((new.last_written, new.flags, objects.last_written), (99, 0x20, 7));
    assert_eq!(le_u32(&after, new.at + 0x2c), le_u32(&after, objects.at + 0x2c));
    assert_eq!(le_u32(&after, new.at + 0x10), Some(objects.at as u32 - 0x1004));
    assert_eq!(le_u32(&after, objects.at + 0x34), Some(22));
    let users = |bytes: &[u8], key: &Key| {
        le_u32(bytes, le_u32(bytes, key.at + 0x2c).unwrap() as usize + 0x1004 + 0x0c).unwrap()
    };
    assert_eq!(users(&after, new), users(&before, &key(&before, &OBJECT)) + 3);
    let below = edited(&after, |editor| editor.create_key(&["Objects", "{a}"], "Elements", 1));
    assert!(key(&below, &["Objects", "{a}"]).subkey("Elements").is_some());
}

#[test]
fn lists_keep_their_kind() {
    let before = small();
    let objects = key(&before, &["Objects"]);
    let list = le_u32(&before, objects.at + 0x1c).unwrap() as usize + 0x1004;
    let new = |bytes: &[u8]| {
        let mut editor = Editor::new(bytes.to_vec()).unwrap();
        editor.create_key(&["Objects"], "{c}", 1).map(|()| editor.finish())
    };
    let list_of = |bytes: &[u8]| {
        let at = le_u32(bytes, objects.at + 0x1c).unwrap() as usize + 0x1004;
        bytes[at..at + 28].to_vec()
    };
    let hints = list_of(&new(&before).unwrap());
    assert_eq!((&hints[..4], &hints[16..20]), (&b"lf\x03\0"[..], &b"{c}\0"[..]));
    let mut hashes = before.clone();
    hashes[list + 1] = b'h';
    let hashes = list_of(&new(&hashes).unwrap());
    let hash = (0x7b * 37 + 0x43) * 37 + 0x7du32;
    assert_eq!((&hashes[..4], &hashes[16..20]), (&b"lh\x03\0"[..], &hash.to_le_bytes()[..]));
    let mut bare = before.clone();
    bare[list + 1] = b'i';
    bare.copy_within(list + 12..list + 16, list + 8);
    assert_eq!(list_of(&new(&bare).unwrap())[..4], *b"li\x03\0");
    // A list of the one list that was there.
    let mut index = edited(&before, |editor| editor.set_value(&OBJECT, "List", REG_BINARY, b"ri\x01\0____"));
    let at = key(&index, &OBJECT).value("List").unwrap().at;
    put(&mut index, at + 4, list as u32 - 0x1004);
    let value = key(&index, &OBJECT).at;
    put(&mut index, value + 0x24, 2);
    put(&mut index, objects.at + 0x1c, at as u32 - 0x1004);
    let what = "edit of a list of lists of subkeys";
    assert_eq!(new(&index), Err(HiveError::Unsupported { what, at }.into()));
    assert_eq!(data(&set(&index, "Element", REG_BINARY, &[9; 88]), "Element"), [9; 88]);
    // It goes with its key.
    let gone = edited(&index, |editor| editor.delete_key(&["Objects"]));
    assert_eq!(key(&gone, &[]).subkeys.len(), 1);
}

#[test]
fn a_key_goes_with_all_that_it_owns() {
    let before = small();
    let gone = edited(&before, |editor| editor.delete_key(&["OBJECTS"]));
    let root = key(&gone, &[]);
    assert_eq!(root.subkeys.iter().map(|key| key.name.as_str()).collect::<Vec<_>>(), ["Description"]);
    let descriptor = |bytes: &[u8], key: &Key| le_u32(bytes, key.at + 0x2c).unwrap() as usize + 0x1004;
    assert_eq!(le_u32(&gone, descriptor(&gone, &root.subkeys[0]) + 0x0c), Some(1));
    let empty = edited(&gone, |editor| editor.delete_key(&["Description"]));
    let root = key(&empty, &[]);
    assert_eq!((le_u32(&empty, root.at + 0x14), le_u32(&empty, root.at + 0x1c)), (Some(0), Some(u32::MAX)));
    assert_eq!(le_u32(&empty, root.at + 0x34), Some(0));
    // The root and its descriptor, alone in its ring, and one free cell behind them.
    let sizes = cells(&empty);
    assert!(sizes[0] < 0 && sizes[1] < 0 && sizes[2] > 0 && sizes.len() == 3, "{sizes:?}");
    let own = descriptor(&empty, &root);
    let cell = own as u32 - 0x1004;
    assert_eq!((le_u32(&empty, own + 4), le_u32(&empty, own + 8)), (Some(cell), Some(cell)));
}

#[test]
fn class_names_go_too_unless_they_lie() {
    let before = set(&small(), "Class", REG_BINARY, &[9; 20]);
    let object = key(&before, &OBJECT);
    let mut hive = before.clone();
    let class = object.value("Class").unwrap().at;
    // The cell of the value's data becomes that of a class name.
    put(&mut hive, object.at + 0x24, 2);
    put(&mut hive, object.at + 0x30, class as u32 - 0x1004);
    hive[object.at + 0x4a] = 20;
    let gone = edited(&hive, |editor| editor.delete_key(&OBJECT));
    assert!(le_i32(&gone, class - 4).unwrap() > 0 || free(&gone) > free(&hive) + 200);
    let other = key(&hive, &["Description"]).at as u32 - 0x1004;
    put(&mut hive, object.at + 0x30, other);
    let mut editor = Editor::new(hive.clone()).unwrap();
    let error = editor.delete_key(&OBJECT).unwrap_err().to_string();
    assert!(error.starts_with("reference to a class name at "), "{error}");
    assert_eq!(editor.finish(), hive);
}

#[test]
fn a_ring_that_lies_is_refused() {
    let before = small();
    let own = le_u32(&before, key(&before, &[]).at + 0x2c).unwrap() as usize + 0x1004;
    for (at, cell) in [(4, 0x20), (8, 0x20), (8, 8), (4, u32::MAX)] {
        let mut hive = before.clone();
        put(&mut hive, own + at, cell);
        let mut editor = Editor::new(hive).unwrap();
        editor.delete_key(&["Objects"]).unwrap();
        let error = editor.delete_key(&["Description"]).unwrap_err().to_string();
        assert!(error.contains("security descriptor"), "{error}");
        assert!(!editor.finish().is_empty());
    }
}

/// Whatever comes and goes, every cell in use is reached from the root, and none is reached that is not.
#[test]
fn no_cell_is_lost() {
    let mut editor = Editor::new(small()).unwrap();
    let mut state = 5u64;
    for _ in 0..400 {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let pick = |shift: u32, below: u64| (state >> shift) % below;
        let (key, value) = (format!("key {}", pick(20, 12)), format!("value {}", pick(30, 3)));
        let parent = [&["Objects"][..], &["Objects", "{d}"], &OBJECT][pick(40, 3) as usize];
        let path = [parent, &[&key]].concat();
        let _ = match pick(50, 8) {
            0 => editor.delete_key(&path),
            1 => editor.delete_value(&path, &value),
            2 | 3 => editor.create_key(parent, &key, 0),
            _ => editor.set_value(&path, &value, REG_BINARY, &vec![1; pick(33, 300) as usize]),
        };
        let owned = Owned::of(&editor.heap, editor.root).unwrap();
        let reached: BTreeSet<u32> = owned.cells.iter().chain(owned.security.keys()).copied().collect();
        assert_eq!(reached, editor.heap.in_use().collect());
        assert!(!editor.heap.has_free_neighbours());
        owned.security.iter().for_each(|(cell, users)| {
            assert_eq!(editor.heap.body(*cell).unwrap().u32("", 0x0c), Ok(*users));
        });
    }
    let hive = Hive::parse(editor.finish()).unwrap();
    assert!(hive.root().subkey("Objects").unwrap().subkeys.len() > 2);
}
