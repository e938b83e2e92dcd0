//! What a key and all below it own: every cell that goes when the key goes.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::hive::body::Reference;
use crate::hive::cell::NO_CELL;
use crate::hive::edit::heap::Heap;
use crate::hive::edit::lists;
use crate::hive::edit::values;
use crate::hive::error::HiveError;
use crate::hive::key;

/// Cells that belong to a key and to all keys below it.
#[derive(Debug, Default)]
pub(super) struct Owned {
    /// Keys, values, their lists and data.
    pub(super) cells: BTreeSet<u32>,
    /// Class names, which no reader looks at: they may lie.
    pub(super) classes: Vec<Reference>,
    /// Security descriptors, and how many of the keys have each.
    pub(super) security: BTreeMap<u32, u32>,
}

impl Owned {
    /// What the key in `key` owns. The tree of a hive that was read strictly is as deep as the reader allows.
    pub(super) fn of(heap: &Heap, key: u32) -> Result<Self, HiveError> {
        let mut owned = Self::default();
        owned.collect(heap, key)?;
        Ok(owned)
    }

    fn collect(&mut self, heap: &Heap, key: u32) -> Result<(), HiveError> {
        let body = heap.body(key)?;
        self.cells.insert(key);
        self.cells.extend(lists::list_cells(heap, &body)?);
        if let Some((list, values)) = values::list(heap, key)? {
            self.cells.insert(list);
            for value in values {
                self.cells.extend(values::value_cells(heap, value)?);
            }
        }
        let security = key::security(&body)?;
        if security.cell != NO_CELL {
            let users = self.security.entry(security.cell).or_default();
            *users = users.saturating_add(1);
        }
        self.classes.extend(key::class_name(&body)?);
        for subkey in lists::subkeys(heap, &body)? {
            self.collect(heap, subkey.cell)?;
        }
        Ok(())
    }
}
