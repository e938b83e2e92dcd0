//! Editing a small hive as Windows does it: a cell is taken from a free one or from a new bin, and every byte that is not of the edit
//! stays.
//!
//! M. Suhanov, "Windows registry file format specification". Data that fit stay in their cell. Keys keep their times, which nothing
//! validates; sequence numbers are left alone ([`raise_sequence`]). Lists of lists (`ri`) are followed but not edited, and data split
//! over several cells (`db`) are refused: hives of version 1.3, which all boot stores have, know no `db`, and their keys are few.

mod error;
mod heap;
mod keys;
mod lists;
mod owned;
mod security;
mod sequence;
#[cfg(test)]
mod tests;
mod values;

pub use error::EditError;
pub use sequence::raise_sequence;

use crate::bytes::one_line;
use crate::hive::error::HiveError;
use crate::hive::key::DEPTH_MAX;
use crate::hive::primary::Hive;
use crate::hive::value::WHOLE_MAX;

use heap::Heap;
use sequence::refuse_dirty;

/// UTF-16 units of names, at most.
const KEY_NAME_MAX: usize = 255;
const VALUE_NAME_MAX: usize = 16383;

/// A hive that is being edited. Keys are named by their path below the root; case does not matter, as in the registry. After an error
/// the hive is as it was before that edit.
#[derive(Debug, Clone)]
pub struct Editor {
    heap: Heap,
    root: u32,
    minor: u32,
}

impl Editor {
    /// Takes the bytes of a hive's file, which may be longer than its bins.
    ///
    /// # Errors
    ///
    /// When it cannot be read strictly, or its last write was cut short.
    pub fn new(bytes: Vec<u8>) -> Result<Self, HiveError> {
        let hive = Hive::parse(bytes)?;
        let block = *hive.base_block();
        refuse_dirty(&block)?;
        let heap = Heap::new(hive.into_bytes(), block.bins_size)?;
        Ok(Self { heap, root: block.root_cell, minor: block.minor })
    }

    /// Sets a value: in its place when the key has one of that name, else behind its others.
    ///
    /// # Errors
    ///
    /// When there is no such key, no value can have the name, or the data are too large for the hive.
    pub fn set_value(
        &mut self,
        key: &[&str],
        name: &str,
        data_type: u32,
        data: &[u8],
    ) -> Result<(), EditError> {
        check_name(name, VALUE_NAME_MAX, "up to 16383 characters")?;
        let cell = self.find(key)?;
        if data.len() > WHOLE_MAX && self.minor > 3 {
            let what = "data of more than 16344 bytes in a hive above version 1.3";
            return Err(HiveError::Unsupported { what, at: 0x18 }.into());
        }
        self.whole(|heap| values::set(heap, cell, name, data_type, data))
    }

    /// Deletes a value.
    ///
    /// # Errors
    ///
    /// When there is no such key or value.
    pub fn delete_value(&mut self, key: &[&str], name: &str) -> Result<(), EditError> {
        let cell = self.find(key)?;
        if self.whole(|heap| values::delete(heap, cell, name))? {
            return Ok(());
        }
        Err(EditError::NoValue { path: path(key), name: name.to_owned() })
    }

    /// Makes a key without values, with the security descriptor of its parent; `time` is its FILETIME: 100 ns since 1601, UTC.
    ///
    /// # Errors
    ///
    /// When there is no such parent, it has a key of that name or too many, or no key can have the name.
    pub fn create_key(&mut self, parent: &[&str], name: &str, time: u64) -> Result<(), EditError> {
        let expected = "1 to 255 characters, none of them a backslash";
        check_name(name, KEY_NAME_MAX, expected)?;
        if name.is_empty() || name.contains('\\') {
            return Err(EditError::Name { name: name.to_owned(), expected });
        }
        let cell = self.find(parent)?;
        if u32::try_from(parent.len()).map_or(true, |depth| depth >= DEPTH_MAX) {
            return Err(HiveError::Unsupported { what: "key more than 64 levels deep", at: 0 }.into());
        }
        if keys::subkey(&self.heap, cell, name)?.is_some() {
            return Err(EditError::Exists { path: path(&[parent, &[name]].concat()) });
        }
        let minor = self.minor;
        self.whole(|heap| keys::create(heap, minor, cell, name, time))
    }

    /// Deletes a key with all that is below it.
    ///
    /// # Errors
    ///
    /// When there is no such key, or what it owns is not sound.
    pub fn delete_key(&mut self, key: &[&str]) -> Result<(), EditError> {
        let Some((_, parent)) = key.split_last() else { return Err(EditError::Root) };
        let (cell, parent, root) = (self.find(key)?, self.find(parent)?, self.root);
        self.whole(|heap| keys::delete(heap, root, parent, cell))
    }

    /// The bytes of the hive's file.
    #[must_use]
    pub fn finish(self) -> Vec<u8> {
        let bytes = self.heap.into_bytes();
        debug_assert!(Hive::parse(bytes.clone()).is_ok_and(|hive| !hive.base_block().is_dirty()));
        bytes
    }

    fn find(&self, key: &[&str]) -> Result<u32, EditError> {
        let mut cell = self.root;
        for name in key {
            let subkey = keys::subkey(&self.heap, cell, name)?;
            cell = subkey.ok_or_else(|| EditError::NoKey { path: path(key) })?;
        }
        Ok(cell)
    }

    /// Makes an edit, all of it or nothing.
    fn whole<T>(&mut self, edit: impl FnOnce(&mut Heap) -> Result<T, HiveError>) -> Result<T, EditError> {
        let mut heap = self.heap.clone();
        let done = edit(&mut heap)?;
        self.heap = heap;
        Ok(done)
    }
}

fn check_name(name: &str, most: usize, expected: &'static str) -> Result<(), EditError> {
    if name.encode_utf16().count() > most {
        return Err(EditError::Name { name: name.to_owned(), expected });
    }
    Ok(())
}

fn path(key: &[&str]) -> String {
    if key.is_empty() { r"\".to_owned() } else { one_line(&key.join(r"\")) }
}
