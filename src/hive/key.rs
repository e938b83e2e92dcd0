//! Key nodes (nk): names, subkeys and values, read as a tree.
//!
//! M. Suhanov, "Windows registry file format specification", Key node.

use super::base_block::BaseBlock;
use super::body::Body;
use super::body::Reference;
use super::cell::Cells;
use super::cell::NO_CELL;
use super::error::HiveError;
use super::name::name_text;
use super::name::same_name;
use super::subkeys;
use super::value;
use super::value::Value;

/// Keys below keys. A BCD store has five levels; the bound keeps hostile hives off the stack.
pub(super) const DEPTH_MAX: u32 = 64;
/// Things left out of a dirty hive that are listed; a crafted one has as many as it has room for references.
const DAMAGE_MAX: usize = 256;
/// Flag of a key whose name is stored in Latin-1.
pub(super) const NAME_IS_LATIN1: u16 = 0x20;

/// A registry key with all that is below it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// Name in its stored case.
    pub name: String,
    /// File offset of the key node, behind the size of its cell.
    pub at: usize,
    /// Flags of the key node.
    pub flags: u16,
    /// FILETIME: 100 ns since 1601, UTC.
    pub last_written: u64,
    /// Subkeys in stored order.
    pub subkeys: Vec<Self>,
    /// Values in stored order.
    pub values: Vec<Value>,
}

impl Key {
    /// The subkey of this name; case does not matter, as in the registry.
    #[must_use]
    pub fn subkey(&self, name: &str) -> Option<&Self> {
        self.subkeys.iter().find(|key| same_name(&key.name, name))
    }

    /// The value of this name; case does not matter, as in the registry.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.values.iter().find(|value| same_name(&value.name, name))
    }
}

/// A key alone, without what is below it.
pub(super) fn node(body: &Body<'_>) -> Result<Key, HiveError> {
    body.expect_signature("key", "nk")?;
    let flags = body.u16("key", 0x02)?;
    let name_len = usize::from(body.u16("key", 0x48)?);
    let name = body.slice("name of a key", 0x4c, name_len)?;
    Ok(Key {
        name: name_text(name, flags & NAME_IS_LATIN1 != 0),
        at: body.at,
        flags,
        last_written: body.u64("key", 0x04)?,
        subkeys: Vec::new(),
        values: Vec::new(),
    })
}

/// How many subkeys a key has, and the reference to their list.
pub(super) fn subkey_list(key: &Body<'_>) -> Result<(u32, Reference), HiveError> {
    Ok((key.u32("key", 0x14)?, key.reference("reference to a list of subkeys", 0x1c)?))
}

/// How many values a key has, and the reference to their list.
pub(super) fn value_list(key: &Body<'_>) -> Result<(u32, Reference), HiveError> {
    Ok((key.u32("key", 0x24)?, key.reference("reference to a list of values", 0x28)?))
}

/// The reference to the security descriptor of a key, which may refer to nothing.
pub(super) fn security(key: &Body<'_>) -> Result<Reference, HiveError> {
    key.reference("reference to a security descriptor", 0x2c)
}

/// The reference to the class name of a key that has one.
pub(super) fn class_name(key: &Body<'_>) -> Result<Option<Reference>, HiveError> {
    let class = key.reference("reference to a class name", 0x30)?;
    Ok(Some(class).filter(|class| class.cell != NO_CELL && key.u16("key", 0x4a).is_ok_and(|len| len > 0)))
}

/// Follows the tree; collects what it has to leave out when the hive is dirty.
pub(super) struct TreeReader<'a> {
    cells: Cells<'a>,
    minor: u32,
    lenient: bool,
    damage: Vec<HiveError>,
}

impl<'a> TreeReader<'a> {
    pub(super) const fn new(cells: Cells<'a>, base_block: &BaseBlock) -> Self {
        Self { cells, minor: base_block.minor, lenient: base_block.is_dirty(), damage: Vec::new() }
    }

    pub(super) fn into_damage(self) -> Vec<HiveError> {
        self.damage
    }

    /// The root key and all below it.
    pub(super) fn root(&mut self, cell: u32) -> Result<Key, HiveError> {
        self.key(Reference { what: "reference to the root key", at: 0x24, cell }, 0)
    }

    fn key(&mut self, reference: Reference, depth: u32) -> Result<Key, HiveError> {
        if depth > DEPTH_MAX {
            return Err(HiveError::Unsupported { what: "key more than 64 levels deep", at: reference.at });
        }
        let body = self.cells.take(reference)?;
        let mut key = node(&body)?;
        self.check_security(&body)?;
        key.values = self.values(&body)?;
        key.subkeys = self.subkeys(&body, depth)?;
        Ok(key)
    }

    fn check_security(&mut self, key: &Body<'_>) -> Result<(), HiveError> {
        let reference = security(key)?;
        if reference.cell == NO_CELL {
            return Ok(());
        }
        let shared =
            self.cells.share(reference).and_then(|body| body.expect_signature("security descriptor", "sk"));
        self.tolerate(shared).map(|_| ())
    }

    fn values(&mut self, key: &Body<'_>) -> Result<Vec<Value>, HiveError> {
        let (count, list) = value_list(key)?;
        if count == 0 {
            return Ok(Vec::new());
        }
        let references = self.cells.take(list).and_then(|list| value::list(&list, count));
        let mut values = Vec::new();
        for reference in self.tolerate(references)?.unwrap_or_default() {
            let value = value::read(&mut self.cells, self.minor, reference);
            values.extend(self.tolerate(value)?);
        }
        Ok(values)
    }

    fn subkeys(&mut self, key: &Body<'_>, depth: u32) -> Result<Vec<Key>, HiveError> {
        let (count, list) = subkey_list(key)?;
        if count == 0 {
            return Ok(Vec::new());
        }
        let references = subkeys::list(&mut self.cells, list, count);
        let mut keys = Vec::new();
        for reference in self.tolerate(references)?.unwrap_or_default() {
            let subkey = self.key(reference, depth.saturating_add(1));
            keys.extend(self.tolerate(subkey)?);
        }
        Ok(keys)
    }

    /// An error ends the parse of a clean hive; in a dirty one it is noted, and the thing is left out.
    fn tolerate<T>(&mut self, outcome: Result<T, HiveError>) -> Result<Option<T>, HiveError> {
        match outcome {
            Ok(thing) => Ok(Some(thing)),
            Err(error) if self.lenient => {
                if self.damage.len() < DAMAGE_MAX {
                    self.damage.push(error);
                }
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }
}
