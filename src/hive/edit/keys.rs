//! Keys: found, made and deleted.
//!
//! M. Suhanov, "Windows registry file format specification", Key node.

use std::collections::BTreeSet;

use crate::hive::body::Reference;
use crate::hive::cell::NO_CELL;
use crate::hive::edit::heap::Heap;
use crate::hive::edit::lists;
use crate::hive::edit::owned::Owned;
use crate::hive::edit::security;
use crate::hive::error::HiveError;
use crate::hive::key;
use crate::hive::name;

/// The subkey of this name.
pub(super) fn subkey(heap: &Heap, parent: u32, name: &str) -> Result<Option<u32>, HiveError> {
    for subkey in lists::subkeys(heap, &heap.body(parent)?)? {
        if name::same_name(&key::node(&heap.follow(subkey)?)?.name, name) {
            return Ok(Some(subkey.cell));
        }
    }
    Ok(None)
}

/// Makes a key below `parent`, with its security descriptor; `time` is its FILETIME.
pub(super) fn create(
    heap: &mut Heap,
    minor: u32,
    parent: u32,
    name: &str,
    time: u64,
) -> Result<(), HiveError> {
    let descriptor = key::security(&heap.body(parent)?)?.cell;
    let (stored, is_latin1) = name::name_bytes(name);
    let len = u16::try_from(stored.len())
        .map_err(|_| HiveError::Unsupported { what: "name of 64 KiB or more", at: 0 })?;
    let flags = if is_latin1 { key::NAME_IS_LATIN1 } else { 0 };
    let mut node = b"nk".to_vec();
    node.extend(flags.to_le_bytes());
    node.extend(time.to_le_bytes());
    // No subkeys, no values, no class name.
    let fields = [0, parent, 0, 0, NO_CELL, NO_CELL, 0, NO_CELL, descriptor, NO_CELL, 0, 0, 0, 0, 0];
    node.extend(fields.into_iter().flat_map(u32::to_le_bytes));
    node.extend(len.to_le_bytes());
    node.extend([0, 0]);
    node.extend(stored);
    let key = heap.add(&node)?;
    lists::insert(heap, minor, parent, key, name)?;
    if descriptor != NO_CELL {
        security::raise(heap, descriptor)?;
    }
    Ok(())
}

/// Deletes the key in `key`, a subkey of `parent`, and all below it, in the hive with this root.
pub(super) fn delete(heap: &mut Heap, root: u32, parent: u32, key: u32) -> Result<(), HiveError> {
    let owned = Owned::of(heap, key)?;
    lists::remove(heap, parent, key)?;
    let rest = Owned::of(heap, root)?;
    let classes = classes(heap, &owned, &rest)?;
    for cell in owned.cells.iter().chain(&classes) {
        heap.free(*cell)?;
    }
    for (descriptor, users) in &owned.security {
        security::lower(heap, *descriptor, *users, &rest)?;
    }
    Ok(())
}

/// The cells of the class names of keys that go, which must be nothing else.
fn classes(heap: &Heap, owned: &Owned, rest: &Owned) -> Result<BTreeSet<u32>, HiveError> {
    let mut taken: BTreeSet<u32> = rest.classes.iter().map(|class| class.cell).collect();
    let mut cells = BTreeSet::new();
    for class in &owned.classes {
        let Reference { what, at, cell } = *class;
        heap.follow(*class)?;
        let others = [&owned.cells, &rest.cells];
        let is_used = others.iter().any(|cells| cells.contains(&cell))
            || [owned, rest].iter().any(|keys| keys.security.contains_key(&cell));
        if is_used || !taken.insert(cell) {
            let found = format!("the cell {cell:#x}, which is already in use");
            return Err(HiveError::Corrupt { what, at, expected: "a cell of its own".into(), found });
        }
        cells.insert(cell);
    }
    Ok(cells)
}
