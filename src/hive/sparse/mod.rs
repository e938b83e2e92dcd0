//! Hives of any size (SYSTEM, SOFTWARE), of which only the pages on the way to one key are read.
//!
//! M. Suhanov, "Windows registry file format specification". Every offset, size and count is checked where it is
//! followed; what is not on the way is neither read nor judged, so that this reader answers where
//! [`Hive`](crate::hive::primary::Hive) would refuse. Paths have an end and an index of indexes is refused, so that no circle in
//! the bytes can be followed twice; a budget on reads, bytes and steps ends every question besides. As in Windows, a
//! subkey is found only when its hint or hash in the list is right. What stands in the logs of a dirty hive is not
//! seen.

#[cfg(test)]
mod hostile;
mod mark;
mod pages;
#[cfg(test)]
mod tests;

use crate::hive::base_block::BASE_BLOCK_SIZE;
use crate::hive::base_block::BaseBlock;
use crate::hive::body::Body;
use crate::hive::body::Reference;
use crate::hive::error::HiveError;
use crate::hive::error::ReadError;
use crate::hive::key;
use crate::hive::name;
use crate::hive::subkeys;
use crate::hive::value;
use crate::hive::value::Value;
use mark::Mark;
use pages::Pages;

/// Gives exactly so many bytes from that offset of the hive file, or says why not.
pub type ReadAt<'a> = dyn Fn(u64, usize) -> Result<Vec<u8>, ReadError> + 'a;

/// More bins than any Windows loads.
const BINS_SIZE_MAX: u32 = 0x7fff_e000;
/// Subkeys or values of one key that are listed.
const LISTED_MAX: u32 = 4096;
/// Data of one value that are read.
const DATA_MAX: usize = 0x1_0000;
/// Bytes of a key node, a key value or a list that can matter: all their counts have 16 bits.
const NODE_MAX: usize = 0x4c + 0xffff;
const LIST_MAX: usize = 4 + 8 * 0xffff;

/// A hive of which nothing but the base block has been read.
pub struct SparseHive<'a> {
    base_block: BaseBlock,
    pages: Pages<'a>,
}

/// A key, without what is below it.
#[derive(Debug, Clone)]
pub struct SparseKey {
    /// Name in its stored case.
    pub name: String,
    /// File offset of the key node, behind the size of its cell.
    pub at: usize,
    /// Flags of the key node.
    pub flags: u16,
    /// FILETIME: 100 ns since 1601, UTC.
    pub last_written: u64,
    subkeys: (u32, Reference),
    values: (u32, Reference),
}

impl SparseKey {
    /// How many subkeys the key says it has.
    #[must_use]
    pub const fn subkey_count(&self) -> u32 {
        self.subkeys.0
    }

    /// How many values the key says it has.
    #[must_use]
    pub const fn value_count(&self) -> u32 {
        self.values.0
    }
}

impl<'a> SparseHive<'a> {
    /// Reads the base block of the hive file of `file_len` bytes that `read` reads.
    ///
    /// # Errors
    ///
    /// It is no primary hive of version 1.3 to 1.6, or shorter than the bins it announces.
    pub fn open(read: &'a ReadAt<'a>, file_len: u64) -> Result<Self, HiveError> {
        let len = usize::try_from(file_len).unwrap_or(usize::MAX).min(BASE_BLOCK_SIZE);
        let base_block = BaseBlock::of_file(&pages::fetch(read, 0, len)?, file_len, BINS_SIZE_MAX)?;
        Ok(Self { base_block, pages: Pages::new(read, &base_block) })
    }

    /// The header of the hive.
    #[must_use]
    pub const fn base_block(&self) -> &BaseBlock {
        &self.base_block
    }

    /// Whether a write to the hive was cut short, so that its logs may hold what it lacks.
    #[must_use]
    pub const fn is_dirty(&self) -> bool {
        self.base_block.is_dirty()
    }

    /// The key at a path from the root key, which is the empty path; `None` when there is none. Case does not matter.
    ///
    /// # Errors
    ///
    /// What is on the way is damaged or cannot be read.
    pub fn key(&self, path: &[&str]) -> Result<Option<SparseKey>, HiveError> {
        self.pages.begin();
        let root = Reference { what: "reference to the root key", at: 0x24, cell: self.base_block.root_cell };
        let mut here = self.node(root)?;
        for name in path {
            let Some(next) = self.subkey(&here, name)? else { return Ok(None) };
            here = next;
        }
        Ok(Some(here))
    }

    /// All subkeys of a key, in stored order.
    ///
    /// # Errors
    ///
    /// As [`SparseHive::key`]; also when there are more than 4096.
    pub fn subkeys(&self, key: &SparseKey) -> Result<Vec<SparseKey>, HiveError> {
        self.pages.begin();
        let mut keys = Vec::new();
        if key.subkeys.0 > LISTED_MAX {
            return Err(HiveError::Unsupported { what: "key with more than 4096 subkeys", at: key.at });
        }
        self.visit::<()>(key, |entry, _| {
            keys.push(self.node(entry)?);
            Ok(None)
        })?;
        Ok(keys)
    }

    /// The value of a key by its name, empty for the default value; `None` when there is none. Case does not matter.
    ///
    /// # Errors
    ///
    /// As [`SparseHive::key`]; also when the key has more than 4096 values, or the data are more than 64 KiB or split
    /// over several cells.
    pub fn value(&self, key: &SparseKey, name: &str) -> Result<Option<Value>, HiveError> {
        self.pages.begin();
        for reference in self.value_references(key)? {
            if let Some(value) = self.value_if(reference, |found| name::same_name(found, name))? {
                return Ok(Some(value));
            }
        }
        Ok(None)
    }

    /// All values of a key, in stored order.
    ///
    /// # Errors
    ///
    /// As [`SparseHive::value`], for each of them.
    pub fn values(&self, key: &SparseKey) -> Result<Vec<Value>, HiveError> {
        self.pages.begin();
        let mut values = Vec::new();
        for reference in self.value_references(key)? {
            values.extend(self.value_if(reference, |_| true)?);
        }
        Ok(values)
    }

    fn node(&self, reference: Reference) -> Result<SparseKey, HiveError> {
        let cell = self.pages.cell(reference, NODE_MAX)?;
        let body = cell.body();
        let key::Key { name, at, flags, last_written, .. } = key::node(&body)?;
        let (subkeys, values) = (key::subkey_list(&body)?, key::value_list(&body)?);
        Ok(SparseKey { name, at, flags, last_written, subkeys, values })
    }

    fn subkey(&self, key: &SparseKey, name: &str) -> Result<Option<SparseKey>, HiveError> {
        self.visit(key, |entry, mark| {
            if !mark.may_be(name) {
                return Ok(None);
            }
            let found = self.node(entry)?;
            Ok(name::same_name(&found.name, name).then_some(found))
        })
    }

    /// Shows every entry of a key's list of subkeys, until one gives an answer.
    fn visit<T>(
        &self,
        key: &SparseKey,
        mut each: impl FnMut(Reference, Mark) -> Result<Option<T>, HiveError>,
    ) -> Result<Option<T>, HiveError> {
        let (count, list) = key.subkeys;
        if count == 0 {
            return Ok(None);
        }
        let mut seen = 0u32;
        let mut leaf = |body: &Body<'_>| {
            for (index, entry) in subkeys::leaf_entries(body)?.into_iter().enumerate() {
                self.pages.step(entry.at)?;
                seen = seen.saturating_add(1);
                if seen > count {
                    return Err(miscounted(body.at, count, "more"));
                }
                if let Some(answer) = each(entry, Mark::of(body, index))? {
                    return Ok(Some(answer));
                }
            }
            Ok(None)
        };
        let cell = self.pages.cell(list, LIST_MAX)?;
        if let Some(leaves) = subkeys::leaves(&cell.body())? {
            for reference in leaves {
                let cell = self.pages.cell(reference, LIST_MAX)?;
                if let Some(answer) = leaf(&cell.body())? {
                    return Ok(Some(answer));
                }
            }
        } else if let Some(answer) = leaf(&cell.body())? {
            return Ok(Some(answer));
        }
        if seen == count {
            return Ok(None);
        }
        Err(miscounted(cell.body().at, count, &seen.to_string()))
    }

    fn value_references(&self, key: &SparseKey) -> Result<Vec<Reference>, HiveError> {
        let (count, list) = key.values;
        if count == 0 {
            return Ok(Vec::new());
        }
        if count > LISTED_MAX {
            return Err(HiveError::Unsupported { what: "key with more than 4096 values", at: key.at });
        }
        value::list(&self.pages.cell(list, LIST_MAX)?.body(), count)
    }

    /// The value with its data, when its name is wanted.
    fn value_if(
        &self,
        reference: Reference,
        wanted: impl FnOnce(&str) -> bool,
    ) -> Result<Option<Value>, HiveError> {
        let cell = self.pages.cell(reference, NODE_MAX)?;
        let value::Fields { name, data_type, data } = value::fields(&cell.body())?;
        if !wanted(&name) {
            return Ok(None);
        }
        let (at, data) = match data {
            value::Data::Inside(at, data) => (at, data.to_vec()),
            value::Data::Cell { reference, len } => {
                if len > DATA_MAX {
                    let what = "value with more than 64 KiB of data";
                    return Err(HiveError::Unsupported { what, at: reference.at });
                }
                let cell = self.pages.cell(reference, len)?;
                let body = cell.body();
                (body.at, value::data_in(&body, len, self.base_block.minor)?.to_vec())
            }
        };
        Ok(Some(Value { name, data_type, data, at }))
    }
}

fn miscounted(at: usize, count: u32, found: &str) -> HiveError {
    let expected = format!("{count} subkeys");
    HiveError::Corrupt { what: "list of subkeys", at, expected, found: found.to_owned() }
}
