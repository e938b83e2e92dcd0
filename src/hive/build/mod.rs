//! Building a fresh hive of version 1.3, as Windows writes boot stores.
//!
//! M. Suhanov, "Windows registry file format specification". The result depends on the arguments alone. It is for new
//! stores, exported ones and test disks; the hive of a disk is edited in place where that is possible.

mod bins;
mod security;
mod tree;

pub use security::Access;

use crate::bytes::put;
use crate::bytes::utf16le;
use crate::hive::base_block::BASE_BLOCK_SIZE;
use crate::hive::base_block::BaseBlock;
use crate::hive::cell::NO_CELL;
use crate::hive::error::HiveError;
use crate::hive::key::Key;
use crate::hive::value::Value;

use bins::Bins;
use bins::offset;
use bins::too_large;
use security::security;
use tree::key_size;

/// Where a boot store is on BIOS, as Windows names it.
const BOOT_STORE: &str = r"\Device\HarddiskVolume1\Boot\BCD";
/// Bytes of a path, in UTF-16, that the base block has room for, beside a NUL: its last ones.
const FILE_NAME_LEN: usize = 62;
/// Keys below keys, well under what the reader follows.
const DEPTH_MAX: u32 = 32;

/// What a hive says of itself, beside its keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head<'a> {
    /// FILETIME for the hive and all its keys: 100 ns since 1601, UTC.
    pub last_written: u64,
    /// Both sequence numbers.
    pub sequence: u32,
    /// Where the hive is, as Windows names it; the base block keeps the end of it.
    pub path: &'a str,
    /// Who may do what with its keys.
    pub access: Access,
}

/// A key to be written, with all that is below it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewKey {
    /// Name.
    pub name: String,
    /// Values, kept in this order.
    pub values: Vec<NewValue>,
    /// Subkeys, in any order.
    pub subkeys: Vec<Self>,
}

impl From<&Key> for NewKey {
    /// A key that was read, with all that is below it.
    fn from(key: &Key) -> Self {
        let value = |value: &Value| NewValue {
            name: value.name.clone(),
            data_type: value.data_type,
            data: value.data.clone(),
        };
        Self {
            name: key.name.clone(),
            values: key.values.iter().map(value).collect(),
            subkeys: key.subkeys.iter().map(Self::from).collect(),
        }
    }
}

/// A value to be written.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct NewValue {
    /// Name; empty for the key's default value.
    pub name: String,
    /// Registry type.
    pub data_type: u32,
    /// Data.
    pub data: Vec<u8>,
}

/// The bytes of a hive that holds `root`, with the head of a boot store; `last_written` is a FILETIME for the hive and all its keys.
///
/// # Errors
///
/// As [`build_with`].
pub fn build(root: &NewKey, last_written: u64) -> Result<Vec<u8>, HiveError> {
    build_with(root, &Head { last_written, sequence: 1, path: BOOT_STORE, access: Access::Full })
}

/// The bytes of a hive that holds `root`.
///
/// # Errors
///
/// [`HiveError::Unsupported`] for what one list, cell or hive cannot hold, and for two subkeys of one name.
pub fn build_with(root: &NewKey, head: &Head<'_>) -> Result<Vec<u8>, HiveError> {
    let mut bins = Bins::new(head.last_written);
    let root_cell = bins.reserve(key_size(root)?)?;
    let security = security(&mut bins, count_keys(root, 0)?, head.access)?;
    bins.key(root, root_cell, NO_CELL, security)?;
    let bins = bins.finish();
    let mut hive = base_block(root_cell, bins.len(), head)?;
    hive.extend(bins);
    Ok(hive)
}

fn base_block(root_cell: usize, bins_size: usize, head: &Head<'_>) -> Result<Vec<u8>, HiveError> {
    let mut block = vec![0; BASE_BLOCK_SIZE];
    let bins_size = u32::try_from(bins_size).map_err(|_| too_large("hive of 4 GiB or more"))?;
    put(&mut block, 0x00, b"regf");
    let sequence = head.sequence;
    let fields = [
        (0x04, sequence),
        (0x08, sequence),
        (0x14, 1),
        (0x18, 3),
        (0x20, 1),
        (0x24, offset(root_cell)?),
        (0x28, bins_size),
        (0x2c, 1),
    ];
    for (at, number) in fields {
        put(&mut block, at, &u32::to_le_bytes(number));
    }
    put(&mut block, 0x0c, &head.last_written.to_le_bytes());
    let path = utf16le(head.path);
    put(&mut block, 0x30, path.get(path.len().saturating_sub(FILE_NAME_LEN)..).unwrap_or_default());
    put(&mut block, 0xa4, b"rmtm");
    let checksum = BaseBlock::checksum(&block).unwrap_or(1);
    put(&mut block, 0x1fc, &checksum.to_le_bytes());
    Ok(block)
}

/// Keys of the tree; refuses trees that are too deep to be followed.
fn count_keys(key: &NewKey, depth: u32) -> Result<u32, HiveError> {
    if depth > DEPTH_MAX {
        return Err(too_large("key more than 32 levels deep"));
    }
    key.subkeys
        .iter()
        .try_fold(1u32, |sum, subkey| Ok(sum.saturating_add(count_keys(subkey, depth.saturating_add(1))?)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hive::Hive;
    use crate::hive::REG_BINARY;

    fn leaf(name: &str) -> NewKey {
        NewKey { name: name.to_owned(), ..NewKey::default() }
    }

    #[test]
    fn whatever_is_built_is_read_back() {
        let value = |name: &str, len: usize| NewValue {
            name: name.to_owned(),
            data_type: REG_BINARY,
            data: vec![0x5a; len],
        };
        let sizes = [0, 1, 3, 4, 5, 8, 88, 4000, 4060, 4061, 9000, 20_000];
        let values = sizes.iter().map(|len| value(&format!("v{len}"), *len)).chain([value("", 7)]).collect();
        // One more than one list holds.
        let many = (0..508).map(|number| leaf(&format!("{number:08x}"))).collect();
        let root = NewKey {
            name: "NewStoreRoot".into(),
            values,
            subkeys: vec![
                leaf("B"),
                leaf("a"),
                leaf("\u{e9}t\u{e9}"),
                leaf("\u{65e5}\u{672c}"),
                NewKey { name: "z".into(), values: Vec::new(), subkeys: many },
            ],
        };
        let bytes = build(&root, 42).unwrap();
        assert_eq!(build(&root, 42).unwrap(), bytes);
        let hive = Hive::parse(bytes).unwrap();
        let block = hive.base_block();
        assert!(!block.is_dirty());
        assert_eq!((block.minor, block.last_written, hive.root().flags), (3, 42, 0x2c));
        let mut sorted = root;
        sorted.subkeys.swap(0, 1);
        sorted.subkeys.swap(2, 4);
        sorted.subkeys.swap(3, 4);
        assert_eq!(NewKey::from(hive.root()), sorted);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let twice = NewKey { subkeys: vec![leaf("one"), leaf("ONE")], ..leaf("root") };
        let deep = (0..40).fold(leaf("leaf"), |inner, _| NewKey { subkeys: vec![inner], ..leaf("key") });
        let cases = [
            (twice, "second subkey of the same name"),
            (deep, "key more than 32 levels deep"),
            (leaf(&"x".repeat(0x1_0000)), "name of 64 KiB or more"),
        ];
        for (root, what) in cases {
            assert_eq!(build(&root, 0), Err(HiveError::Unsupported { what, at: 0 }));
        }
    }
}
