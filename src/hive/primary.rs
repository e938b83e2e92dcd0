//! The primary file of a hive, read whole: base block, bins and cells, and the tree of keys.

use crate::hive::base_block::BaseBlock;
use crate::hive::cell::Cells;
use crate::hive::error::HiveError;
use crate::hive::key::Key;
use crate::hive::key::TreeReader;

/// A hive, read whole.
#[derive(Debug, Clone)]
pub struct Hive {
    bytes: Vec<u8>,
    base_block: BaseBlock,
    root: Key,
    damage: Vec<HiveError>,
}

impl Hive {
    /// Reads a hive from the bytes of its file, which may be longer than its bins.
    ///
    /// A clean hive is read strictly: the first thing that is wrong is the error. In a dirty one
    /// ([`BaseBlock::is_dirty`]) keys and values that cannot be read are left out and listed by [`Hive::damage`], so
    /// that what is left can be shown; its base block, bins and root key must be sound.
    ///
    /// # Errors
    ///
    /// [`HiveError`], with the place in the file.
    pub fn parse(bytes: Vec<u8>) -> Result<Self, HiveError> {
        let base_block = BaseBlock::parse(&bytes)?;
        let cells = Cells::walk(&bytes, base_block.bins_size)?;
        let mut reader = TreeReader::new(cells, &base_block);
        let root = reader.root(base_block.root_cell)?;
        let damage = reader.into_damage();
        Ok(Self { bytes, base_block, root, damage })
    }

    /// The bytes of the file, unchanged.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The bytes of the file, unchanged.
    #[must_use]
    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// The header of the hive.
    #[must_use]
    pub const fn base_block(&self) -> &BaseBlock {
        &self.base_block
    }

    /// The root key.
    #[must_use]
    pub const fn root(&self) -> &Key {
        &self.root
    }

    /// What was left out of a dirty hive because it could not be read, the first 256 of it; empty in a clean one.
    #[must_use]
    pub fn damage(&self) -> &[HiveError] {
        &self.damage
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hive::build::NewKey;
    use crate::hive::build::NewValue;
    use crate::hive::build::build;
    use crate::hive::value::REG_BINARY;
    use crate::hive::value::REG_DWORD;

    fn small() -> Vec<u8> {
        let value = NewValue { name: "Element".into(), data_type: REG_BINARY, data: (0..88).collect() };
        let short = NewValue { name: "Type".into(), data_type: REG_DWORD, data: vec![2, 0, 0x10, 0x10] };
        let leaf = NewKey { name: "11000001".into(), values: vec![value, short], subkeys: Vec::new() };
        let other = NewKey { name: "Description".into(), values: Vec::new(), subkeys: Vec::new() };
        let root = NewKey { name: "Root".into(), values: Vec::new(), subkeys: vec![leaf, other] };
        build(&root, 0x01d0_0000_0000_0000).unwrap()
    }

    /// Sets the checksum right again after a change of the base block.
    fn seal(bytes: &mut [u8]) {
        let sum = BaseBlock::checksum(bytes).unwrap();
        bytes[0x1fc..0x200].copy_from_slice(&sum.to_le_bytes());
    }

    #[test]
    fn values_carry_the_place_of_their_bytes() {
        let bytes = small();
        let hive = Hive::parse(bytes.clone()).unwrap();
        let key = hive.root().subkey("11000001").unwrap();
        for name in ["ELEMENT", "type"] {
            let value = key.value(name).unwrap();
            assert_eq!(bytes[value.at..value.at + value.data.len()], value.data, "{name}");
        }
    }

    #[test]
    fn a_file_may_be_longer_than_its_bins_but_not_shorter() {
        let mut long = small();
        long.extend([0; 5000]);
        assert!(Hive::parse(long).is_ok());
        let mut short = small();
        short.truncate(short.len() - 1);
        let (expected, found) = ("0x1000 bytes".to_owned(), "0xfff bytes".to_owned());
        let error = HiveError::Corrupt { what: "hive bins", at: 0x1000, expected, found };
        assert_eq!(Hive::parse(short).map(|_| ()), Err(error));
    }

    #[test]
    fn a_clean_hive_is_strict_and_a_dirty_one_shows_what_is_left() {
        let mut bytes = small();
        let hive = Hive::parse(bytes.clone()).unwrap();
        let leaf = hive.root().subkey("11000001").unwrap().at;
        bytes[leaf] = b'x';
        let error = Hive::parse(bytes.clone()).unwrap_err();
        assert_eq!(
            error,
            HiveError::Corrupt { what: "key", at: leaf, expected: "nk".into(), found: "xk".into() }
        );
        bytes[4] = 9;
        seal(&mut bytes);
        let dirty = Hive::parse(bytes).unwrap();
        assert!(dirty.base_block().is_dirty());
        assert_eq!(dirty.damage(), [error]);
        assert!(dirty.root().subkey("description").is_some());
    }

    #[test]
    fn numbers_that_differ_or_a_wrong_checksum_make_a_hive_dirty() {
        for (at, sealed) in [(0x4, true), (0x8, true), (0x1fc, false), (0x70, false)] {
            let mut bytes = small();
            bytes[at] ^= 0x40;
            if sealed {
                seal(&mut bytes);
            }
            let hive = Hive::parse(bytes).unwrap();
            assert!(hive.base_block().is_dirty(), "{at:#x}");
            assert!(hive.damage().is_empty() && hive.root().subkeys.len() == 2);
        }
    }

    #[test]
    fn one_wrong_byte_has_its_own_message() {
        let cases: [(usize, u8, &str); 9] = [
            (0x0, b'x', "signature of the base block at 0x0 of the hive: expected regf, found xegf"),
            (0x14, 2, "major version at 0x14 of the hive: expected 1, found 2"),
            (0x18, 2, "hive version below 1.3 at 0x18 of the hive: not supported"),
            (0x1c, 1, "file that is a log, not a primary hive at 0x1c of the hive: not supported"),
            (
                0x28,
                1,
                "size of the hive bins at 0x28 of the hive: expected a non-zero multiple of 0x1000, found 0x1001",
            ),
            (
                0x24,
                0x28,
                "reference to the root key at 0x24 of the hive: expected the start of a cell, found 0x28",
            ),
            (0x1000, b'x', "signature of a hive bin at 0x1000 of the hive: expected hbin, found xbin"),
            (0x1004, 1, "offset of a hive bin at 0x1004 of the hive: expected 0x0, found 0x1"),
            (
                0x1020,
                0xff,
                "size of a cell at 0x1020 of the hive: expected a multiple of 8 within its bin, found -0x1",
            ),
        ];
        for (at, byte, message) in cases {
            let mut bytes = small();
            bytes[at] = byte;
            if at == 0x1020 {
                bytes[0x1020..0x1024].copy_from_slice(&(-1i32).to_le_bytes());
            }
            seal(&mut bytes);
            assert_eq!(Hive::parse(bytes).unwrap_err().to_string(), message);
        }
    }

    /// Each error takes more memory than the reference that causes it, and a hive may be full of references.
    #[test]
    fn of_much_damage_some_is_listed() {
        let named = |index| NewKey { name: format!("{index:08x}"), ..NewKey::default() };
        let root = NewKey { name: "Root".into(), values: Vec::new(), subkeys: (0..300).map(named).collect() };
        let mut bytes = build(&root, 0).unwrap();
        let whole = Hive::parse(bytes.clone()).unwrap();
        whole.root().subkeys.iter().for_each(|key| bytes[key.at] = b'x');
        bytes[4] = 9;
        seal(&mut bytes);
        let dirty = Hive::parse(bytes).unwrap();
        assert_eq!((dirty.damage().len(), dirty.root().subkeys.len()), (256, 0));
    }
}
