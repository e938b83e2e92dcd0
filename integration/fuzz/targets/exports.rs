//! Stores that go out and in: written anew, and in JSON.

use bcdrescue::bcd::Store;
use bcdrescue::bcd::compact;
use bcdrescue::bcd::compare::compare;
use bcdrescue::cli::output::json::exported::ExportedStore;
use bcdrescue::hive::build::NewKey;

use super::hives::hive_of;
use super::one_line;

/// A store, written anew: it holds the same, and comes out the same again, by way of JSON too.
pub(super) fn compact(data: &[u8]) {
    let Ok(store) = Store::parse(hive_of(data)) else { return };
    let bytes = match compact::compact(&store) {
        Ok(bytes) => bytes,
        Err(error) => {
            assert!(ExportedStore::of(&store).is_err());
            return one_line(&error.to_string());
        }
    };
    let packed = Store::parse(bytes.clone()).expect("a store");
    assert!(!packed.hive().base_block().is_dirty());
    let comparison = compare(&store, &packed);
    assert!(comparison.differences.is_empty(), "{:?}", comparison.differences);
    assert!(count(&store) == count(&packed), "keys or values came or went");
    assert!(compact::compact(&packed).as_deref() == Ok(&bytes));
    let exported = ExportedStore::of(&store).expect("it can be written anew");
    same_again(&exported, &bytes);
}

/// How many keys and values there are.
fn count(store: &Store) -> usize {
    fn below(key: &NewKey) -> usize {
        key.values.len() + 1 + key.subkeys.iter().map(below).sum::<usize>()
    }
    below(&NewKey::from(store.hive().root()))
}

/// The text becomes the bytes again, and the bytes the text.
fn same_again(exported: &ExportedStore, bytes: &[u8]) {
    let text = exported.text().expect("a text");
    let read = ExportedStore::parse(text.as_bytes()).expect("an exported store");
    assert!(read == *exported);
    assert!(read.store().expect("a store") == bytes);
    assert_eq!(read.text().expect("a text"), text);
}

/// The text of an exported store.
pub(super) fn exported(data: &[u8]) {
    let bytes = match ExportedStore::parse(data).and_then(|read| read.store()) {
        Ok(bytes) => bytes,
        Err(error) => return one_line(&error.to_string()),
    };
    let store = Store::parse(bytes.clone()).expect("a store");
    assert!(compact::compact(&store).as_deref() == Ok(&bytes));
    same_again(&ExportedStore::of(&store).expect("it can be written anew"), &bytes);
}
