//! Hives, read whole and a path at a time, stores, and logs.

use std::cell::Cell;

use bcdrescue::bcd::Store;
use bcdrescue::bcd::element::Element;
use bcdrescue::cli::output::json;
use bcdrescue::hive::BaseBlock;
use bcdrescue::hive::Hive;
use bcdrescue::hive::HiveError;
use bcdrescue::hive::Key;
use bcdrescue::hive::log_head::LogAge;
use bcdrescue::hive::sparse::SparseHive;
use bcdrescue::hive::sparse::SparseKey;

use super::checksums::seal;
use super::one_line;
use super::put;
use super::steered;
use super::stores;

/// Reads and bytes that one question to a sparse hive may take, as its own budget has them, and a page.
const READS: u32 = 4096;
const BYTES: usize = 0x100_0000 + 0x1000;

/// The hive, by the first byte with its numbers made equal and its checksum made right.
pub(super) fn hive_of(data: &[u8]) -> Vec<u8> {
    let (steer, bytes) = steered(data);
    let mut bytes = bytes.to_vec();
    if steer & 2 != 0 {
        let first = bytes.get(4..8).unwrap_or_default().to_vec();
        put(&mut bytes, 8, &first);
    }
    if steer & 1 != 0 {
        seal(&mut bytes);
    }
    bytes
}

fn said<T>(answer: Result<T, HiveError>) -> Option<T> {
    answer.map_err(|error| one_line(&error.to_string())).ok()
}

/// A hive, read whole; what a store has in it; and the other reader's opinion.
pub(super) fn hive(data: &[u8]) {
    let bytes = hive_of(data);
    let Some(hive) = said(Hive::parse(bytes.clone())) else { return };
    assert!(hive.bytes() == bytes);
    hive.damage().iter().for_each(|damage| one_line(&damage.to_string()));
    assert!(hive.damage().is_empty() || hive.base_block().is_dirty());
    let mut keys = 0;
    sound(hive.root(), &bytes, &mut keys);
    // Each has a cell of its own.
    assert!(keys <= bytes.len() / 8, "{keys} keys and values");
    agree(&hive, &bytes);
    store(&Store::from_hive(hive));
}

/// Every value stands where it says.
fn sound(key: &Key, bytes: &[u8], seen: &mut usize) {
    *seen += 1 + key.values.len();
    for value in &key.values {
        assert!(bytes.get(value.at..value.at + value.data.len()) == Some(&value.data[..]), "{value:?}");
    }
    key.subkeys.iter().for_each(|key| sound(key, bytes, seen));
}

/// The reader of big hives finds what is there, or says why not; never something else.
fn agree(whole: &Hive, bytes: &[u8]) {
    ask(bytes, &|sparse| {
        for key in whole.root().subkeys.iter().take(3) {
            let same = |found: &SparseKey, key: &Key| {
                assert_eq!((found.flags, found.last_written), (key.flags, key.last_written));
                let values = said(sparse.values(found)).filter(|_| whole.damage().is_empty());
                assert!(values.is_none_or(|values| values == key.values), "{}", key.name);
            };
            // Of two keys with one name either may be found.
            let is_alone = whole.root().subkeys.iter().filter(|other| other.name == key.name).count() == 1;
            let Some(Some(found)) = said(sparse.key(&[&key.name])).filter(|_| is_alone) else { continue };
            if found.at == key.at {
                same(&found, key);
            }
        }
        None
    });
}

fn store(store: &Store) {
    let _ = (store.default_entry().is_some(), store.display_order().len(), store.boot_manager().is_some());
    for element in store.objects().iter().take(64).flat_map(|object| object.elements.iter().take(64)) {
        stores::sound(element);
    }
    let show = |element: &Element| format!("{:?}", element.value);
    let objects = json::store::objects(None, store, &show);
    assert_eq!(objects.len(), store.objects().len());
}

/// One question after the other, each with a share of reads that is counted.
fn ask(bytes: &[u8], next: &dyn Fn(&SparseHive<'_>) -> Option<SparseKey>) {
    let used = (Cell::new(0u32), Cell::new(0usize));
    let read = |offset: u64, len: usize| {
        used.0.set(used.0.get() + 1);
        used.1.set(used.1.get() + len);
        let from = usize::try_from(offset).expect("short");
        let piece = bytes.get(from..from.saturating_add(len));
        Ok(piece.expect("no read behind the end").to_vec())
    };
    if let Some(hive) = said(SparseHive::open(&read, bytes.len() as u64)) {
        next(&hive);
        // The longest chain of questions above and below.
        assert!(used.0.get() <= 16 * READS && used.1.get() <= 16 * BYTES, "{used:?}");
    }
}

/// A hive, read a path at a time.
pub(super) fn sparse(data: &[u8]) {
    let bytes = hive_of(data);
    ask(&bytes, &|hive| {
        let root = said(hive.key(&[]))??;
        let keys = said(hive.subkeys(&root)).unwrap_or_default();
        assert!(keys.len() <= 4096 && keys.len() == root.subkey_count() as usize || keys.is_empty());
        for key in [&["Select"][..], &["Objects", "{9dea862c-5cdd-4e70-acc1-f32b344d4795}", "Elements"]] {
            let Some(Some(key)) = said(hive.key(key)) else { continue };
            let _ = said(hive.subkeys(&key));
            let _ = said(hive.value(&key, "Current"));
            for value in said(hive.values(&key)).unwrap_or_default() {
                assert!(bytes.get(value.at..value.at + value.data.len()) == Some(&value.data[..]));
            }
        }
        let _ = said(hive.values(keys.last()?));
        None
    });
}

/// A hive's base block, and behind it the beginning of a log; the first byte makes their checksums right.
pub(super) fn log_head(data: &[u8]) {
    let (steer, bytes) = steered(data);
    let (base, log) = bytes.split_at(bytes.len().min(512));
    let (mut base, mut log) = (base.to_vec(), log.to_vec());
    base.resize(0x2000, 0);
    base[0x28..0x2c].copy_from_slice(&0x1000u32.to_le_bytes());
    if steer & 1 != 0 {
        seal(&mut base);
    }
    if steer & 2 != 0 {
        seal(&mut log);
    }
    let Some(base) = said(BaseBlock::parse(&base)) else { return };
    for len in [0, log.len() as u64, u64::MAX] {
        match LogAge::judge(&base, &log, len) {
            LogAge::MayBeNewer { why } => one_line(&why),
            LogAge::Older { last } => assert!(last <= base.secondary_sequence, "{last}"),
            LogAge::Empty => assert!(log.iter().all(|byte| *byte == 0)),
        }
    }
}
