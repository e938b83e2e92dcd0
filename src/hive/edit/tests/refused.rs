//! What cannot be done, and sequence numbers.

use super::OBJECT;
use super::put;
use super::small;
use crate::hive::base_block::BaseBlock;
use crate::hive::edit::EditError;
use crate::hive::edit::Editor;
use crate::hive::edit::raise_sequence;
use crate::hive::error::HiveError;

#[test]
fn what_cannot_be_done_is_named_and_changes_nothing() {
    let before = small();
    let mut editor = Editor::new(before.clone()).unwrap();
    let path = |path: &str| path.to_owned();
    let no_key = |path: &str| EditError::NoKey { path: path.to_owned() };
    assert_eq!(editor.set_value(&["Objects", "{x}"], "a", 3, &[]), Err(no_key(r"Objects\{x}")));
    assert_eq!(editor.create_key(&["Nothing"], "a", 0), Err(no_key("Nothing")));
    assert_eq!(editor.delete_key(&["Nothing"]), Err(no_key("Nothing")));
    assert_eq!(editor.delete_key(&["two\nlines"]), Err(no_key(r"two\nlines")));
    assert_eq!(editor.delete_key(&[]), Err(EditError::Root));
    let exists = EditError::Exists { path: path(r"Objects\{D}") };
    assert_eq!(editor.create_key(&["Objects"], "{D}", 0), Err(exists));
    let no_value = EditError::NoValue { path: path(r"Objects\{d}"), name: path("Element") };
    assert_eq!(editor.delete_value(&["Objects", "{d}"], "Element"), Err(no_value));
    for name in ["", r"a\b", &"x".repeat(256)] {
        assert!(matches!(editor.create_key(&[], name, 0), Err(EditError::Name { .. })), "{name}");
    }
    assert!(matches!(editor.set_value(&[], &"x".repeat(16384), 3, &[]), Err(EditError::Name { .. })));
    let large = HiveError::Unsupported { what: "hive of more than 64 MiB", at: 0x28 };
    assert_eq!(editor.set_value(&OBJECT, "Element", 3, &vec![0; 0x400_0000]), Err(large.into()));
    assert_eq!(editor.finish(), before);
    let mut later = before;
    put(&mut later, 0x18, 5);
    let sum = BaseBlock::checksum(&later).unwrap();
    put(&mut later, 0x1fc, sum);
    let mut editor = Editor::new(later).unwrap();
    assert!(editor.set_value(&OBJECT, "Element", 3, &[0; 16344]).is_ok());
    assert!(editor.set_value(&OBJECT, "Element", 3, &[0; 16345]).is_err());
}

#[test]
fn a_dirty_hive_is_refused() {
    let mut hive = small();
    hive[4] = 9;
    let error = HiveError::Unsupported { what: "edit of a hive whose last write was cut short", at: 4 };
    assert_eq!(Editor::new(hive.clone()).map(|_| ()), Err(error.clone()));
    assert_eq!(raise_sequence(&mut hive, 3), Err(error));
}

#[test]
fn numbers_are_raised_above_their_own_and_those_of_logs() {
    for (above, expected) in [(3, 6), (5, 6), (77, 78)] {
        let mut hive = small();
        raise_sequence(&mut hive, above).unwrap();
        let block = BaseBlock::parse(&hive).unwrap();
        assert_eq!((block.primary_sequence, block.secondary_sequence), (expected, expected));
        assert!(!block.is_dirty());
    }
    assert!(raise_sequence(&mut small(), u32::MAX).is_err());
}
