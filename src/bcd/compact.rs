//! A store written anew: all that it holds, and none of the room between.
//!
//! What is not known to us is kept as it is: every key, every value with its type and bytes, names as they are spelt.

use crate::bcd::firmware::Firmware;
use crate::bcd::fresh::FIRMWARE_MODIFIED;
use crate::bcd::fresh::Stamp;
use crate::bcd::store::Store;
use crate::bcd::store::StoreError;
use crate::bytes;
use crate::hive::build::NewKey;
use crate::hive::build::build_with;

/// Bytes of all keys and values, at most; the largest stores that were seen have some hundred kilobytes.
const SIZE_MAX: usize = 16 << 20;
/// Bytes of a key and of a value before its name.
const KEY: usize = 0x50;
const VALUE: usize = 0x18;

/// The bytes of a sound store file with all that the given store holds, made for no disk: sequence numbers 1, the time of the given one's
/// last write for the hive and all keys, access as in stores that bcdboot made. A store that came from here comes out the same to the byte.
///
/// Class names of keys, their security, times and flags are not kept. No boot manager reads them.
///
/// # Errors
///
/// When something of the store could not be read, or a hive of version 1.3 cannot hold it. Nothing is left out.
pub fn compact(store: &Store) -> Result<Vec<u8>, StoreError> {
    compact_with(store, Stamp { last_written: store.hive().base_block().last_written, sequence_above: 0 })
}

/// The same for a place that a store had before: with the time and above the numbers of the stamp, so that no log beside it applies.
///
/// # Errors
///
/// As [`compact`], and when there is no number above that of the stamp.
pub fn compact_with(store: &Store, stamp: Stamp) -> Result<Vec<u8>, StoreError> {
    if let Some(damage) = store.hive().damage().first() {
        return Err(damage.clone().into());
    }
    pack(&NewKey::from(store.hive().root()), stamp)
}

/// The bytes of a store file whose root key is `root`.
///
/// # Errors
///
/// When a hive of version 1.3 cannot hold it, or no reader would take it for a store.
pub fn pack(root: &NewKey, stamp: Stamp) -> Result<Vec<u8>, StoreError> {
    let len = measure(root)?;
    if len > SIZE_MAX {
        return Err(StoreError::Large { len, max: SIZE_MAX });
    }
    let bytes = build_with(root, &stamp.head(firmware(root).store_path())?)?;
    // The strict reader has the last word, and counts the elements.
    Ok(Store::parse(bytes)?.hive().bytes().to_vec())
}

/// Bytes of a key and all that is below it; an error for a name that is no text.
fn measure(key: &NewKey) -> Result<usize, StoreError> {
    let mut sum = name_len(&key.name)?.saturating_add(KEY);
    for value in &key.values {
        let value_len = name_len(&value.name)?.saturating_add(VALUE).saturating_add(value.data.len());
        sum = sum.saturating_add(value_len);
    }
    for subkey in &key.subkeys {
        sum = sum.saturating_add(measure(subkey)?);
    }
    Ok(sum)
}

fn name_len(name: &str) -> Result<usize, StoreError> {
    // The reader of hives puts it where a name is no text. What stood there is not known then.
    if name.contains(char::REPLACEMENT_CHARACTER) {
        return Err(StoreError::Name { name: bytes::one_line(name) });
    }
    Ok(name.len())
}

/// The firmware of the machine on which a store was written, as it says itself.
fn firmware(root: &NewKey) -> Firmware {
    let descriptions = root.subkeys.iter().filter(|key| key.name.eq_ignore_ascii_case("Description"));
    let mut values = descriptions.flat_map(|key| &key.values);
    match values.any(|value| value.name.eq_ignore_ascii_case(FIRMWARE_MODIFIED)) {
        true => Firmware::Uefi,
        false => Firmware::Bios,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hive::Hive;
    use crate::hive::HiveError;
    use crate::hive::build::NewValue;
    use crate::hive::build::build;

    fn key(name: &str, values: Vec<NewValue>, subkeys: Vec<NewKey>) -> NewKey {
        NewKey { name: name.to_owned(), values, subkeys }
    }

    fn value(name: &str, data_type: u32, data: &[u8]) -> NewValue {
        NewValue { name: name.to_owned(), data_type, data: data.to_vec() }
    }

    /// Whatever a store could hold, known or not.
    fn strange() -> NewKey {
        let element =
            vec![value("Other", 0x7fff_ffff, &[1; 20]), value("element", 3, &[]), value("", 1, b"x")];
        let elements = vec![key("nonsense", element, vec![key("below", Vec::new(), Vec::new())])];
        let object = vec![
            key("DESCRIPTION", vec![value("Type", 3, &[1, 2, 3])], Vec::new()),
            key("Elements", vec![value("stray", 11, &[7; 8])], elements),
            key("\u{65e5}\u{672c}", Vec::new(), Vec::new()),
        ];
        let objects = key("Objects", vec![value("stray", 0, &[])], vec![key("{x}", Vec::new(), object)]);
        key(
            "any",
            vec![value("of the root", 4, &[1, 0, 0, 0])],
            vec![objects, key("Beside", Vec::new(), Vec::new())],
        )
    }

    fn store(root: &NewKey) -> Store {
        Store::parse(build(root, 42).unwrap()).unwrap()
    }

    #[test]
    fn all_that_a_store_holds_is_kept() {
        let given = store(&strange());
        let packed = Store::parse(compact(&given).unwrap()).unwrap();
        assert_eq!(NewKey::from(packed.hive().root()), NewKey::from(given.hive().root()));
        let block = packed.hive().base_block();
        assert_eq!((block.last_written, block.primary_sequence, block.secondary_sequence), (42, 1, 1));
        assert_eq!(compact(&packed).unwrap(), packed.hive().bytes());
    }

    #[test]
    fn the_numbers_are_above_those_of_the_logs() {
        let given = store(&strange());
        let stamp = |sequence_above| Stamp { last_written: 43, sequence_above };
        let packed = Store::parse(compact_with(&given, stamp(9)).unwrap()).unwrap();
        let block = packed.hive().base_block();
        assert_eq!((block.last_written, block.primary_sequence, block.secondary_sequence), (43, 10, 10));
        let none = compact_with(&given, stamp(u32::MAX));
        assert_eq!(none, Err(StoreError::Sequence { above: u32::MAX }));
    }

    #[test]
    fn the_path_is_that_of_the_firmware() {
        let named = |values| {
            let root = key("any", Vec::new(), vec![key("Description", values, Vec::new())]);
            bytes::utf16le_until_nul(&compact(&store(&root)).unwrap()[0x30..0x70])
        };
        assert!(named(Vec::new()).ends_with(r"\Boot\BCD"));
        assert!(
            named(vec![value("FirmwareModified", 4, &[1, 0, 0, 0])]).ends_with(r"\EFI\Microsoft\Boot\BCD")
        );
    }

    #[test]
    fn nothing_is_dropped() {
        let leaf = |name: String| key(&name, Vec::new(), Vec::new());
        let deep = (0..40).fold(leaf("leaf".into()), |inner, _| key("key", Vec::new(), vec![inner]));
        let twice = key("any", Vec::new(), vec![leaf("one".into()), leaf("ONE".into())]);
        let unsupported = |what| StoreError::Hive(HiveError::Unsupported { what, at: 0 });
        let large = key("any", vec![value("much", 3, &vec![0; SIZE_MAX])], Vec::new());
        let cases = [
            (deep, unsupported("key more than 32 levels deep")),
            (twice, unsupported("second subkey of the same name")),
            (leaf("a\u{fffd}\n".into()), StoreError::Name { name: "a\u{fffd}\\n".into() }),
            (large, StoreError::Large { len: SIZE_MAX + KEY + VALUE + 7, max: SIZE_MAX }),
        ];
        let stamp = Stamp { last_written: 0, sequence_above: 0 };
        for (root, error) in cases {
            assert_eq!(pack(&root, stamp), Err(error));
        }
        let many = (0..2000).map(|number| leaf(format!("{number}"))).collect();
        let root = key("any", Vec::new(), vec![key("Beside", Vec::new(), many)]);
        assert_eq!(
            Store::parse(pack(&root, stamp).unwrap()).unwrap().hive().root().subkeys[0].subkeys.len(),
            2000
        );
    }

    #[test]
    fn a_store_that_was_read_in_part_is_refused() {
        let mut bytes = build(&strange(), 42).unwrap();
        let at = Hive::parse(bytes.clone()).unwrap().root().subkeys[0].at;
        bytes[at] = b'x';
        // With another number it is dirty, and read as far as it goes.
        bytes[4] = 9;
        assert!(matches!(
            compact(&Store::parse(bytes).unwrap()),
            Err(StoreError::Hive(HiveError::Corrupt { .. }))
        ));
    }
}
