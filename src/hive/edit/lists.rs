//! Lists of subkeys, with a subkey more or less.
//!
//! M. Suhanov, "Windows registry file format specification", Subkeys list.

use crate::bytes;
use crate::hive::body::Body;
use crate::hive::body::Reference;
use crate::hive::cell::NO_CELL;
use crate::hive::edit::heap::Heap;
use crate::hive::error::HiveError;
use crate::hive::key;
use crate::hive::name;
use crate::hive::subkeys;

/// Where a key node says how many subkeys it has, where their list is, and how long the longest of their names is. The length has two
/// bytes; flags stand behind it.
const COUNT: usize = 0x14;
const LIST: usize = 0x1c;
const LONGEST: usize = 0x34;
/// From this minor version on, lists of subkeys have hashes.
const HASHES: u32 = 5;
/// Subkeys of a list that Windows does not split.
const SUBKEYS_MAX: usize = 507;

/// A list of subkeys that is no list of lists.
struct Leaf {
    cell: u32,
    /// `lf`, `lh` or `li`.
    signature: [u8; 2],
    /// Its entries as they stand there, hints and hashes with them.
    entries: Vec<Vec<u8>>,
    /// The keys that they refer to.
    keys: Vec<Reference>,
}

/// References to the subkeys of a key, in whatever lists.
pub(super) fn subkeys(heap: &Heap, key: &Body<'_>) -> Result<Vec<Reference>, HiveError> {
    let (count, list) = key::subkey_list(key)?;
    if count == 0 {
        return Ok(Vec::new());
    }
    let body = heap.follow(list)?;
    let Some(leaves) = subkeys::leaves(&body)? else { return subkeys::leaf_entries(&body) };
    let mut keys = Vec::new();
    for leaf in leaves {
        keys.extend(subkeys::leaf_entries(&heap.follow(leaf)?)?);
    }
    Ok(keys)
}

/// The cells of the lists in which the subkeys of a key are.
pub(super) fn list_cells(heap: &Heap, key: &Body<'_>) -> Result<Vec<u32>, HiveError> {
    let (count, list) = key::subkey_list(key)?;
    if count == 0 {
        return Ok(Vec::new());
    }
    let leaves = subkeys::leaves(&heap.follow(list)?)?.unwrap_or_default();
    Ok([list].iter().chain(&leaves).map(|list| list.cell).collect())
}

/// Puts the key `child` of this name into its place among the subkeys of `parent`, in a hive of minor version `minor`.
pub(super) fn insert(
    heap: &mut Heap,
    minor: u32,
    parent: u32,
    child: u32,
    name: &str,
) -> Result<(), HiveError> {
    let leaf = leaf(heap, parent)?;
    let (old, signature, mut entries, at) = match leaf {
        Some(leaf) => {
            let at = place_of(heap, &leaf.keys, name)?;
            (Some(leaf.cell), leaf.signature, leaf.entries, at)
        }
        None => (None, if minor < HASHES { *b"lf" } else { *b"lh" }, Vec::new(), 0),
    };
    entries.insert(at, entry(signature, child, name));
    if entries.len() > SUBKEYS_MAX {
        let at = heap.body(parent)?.at;
        return Err(HiveError::Unsupported { what: "key with more than 507 subkeys", at });
    }
    let list = list_bytes(signature, &entries)?;
    match old {
        Some(cell) if heap.body(cell)?.bytes.len() >= list.len() => heap.put(cell, 0, &list)?,
        _ => {
            let cell = heap.add(&list)?;
            heap.put_u32(parent, LIST, cell)?;
            old.map_or(Ok(()), |old| heap.free(old))?;
        }
    }
    heap.put_u32(parent, COUNT, u32::from(count(&entries)?))?;
    let len = u16::try_from(name::utf16_len(name)).unwrap_or(u16::MAX);
    if heap.body(parent)?.u16("key", LONGEST)? < len {
        heap.put(parent, LONGEST, &len.to_le_bytes())?;
    }
    Ok(())
}

/// Takes the key `child` from the subkeys of `parent`; the cell of an empty list is given back.
pub(super) fn remove(heap: &mut Heap, parent: u32, child: u32) -> Result<(), HiveError> {
    let Some(mut leaf) = leaf(heap, parent)? else { return Ok(()) };
    let Some(at) = leaf.keys.iter().position(|key| key.cell == child) else { return Ok(()) };
    leaf.entries.remove(at);
    heap.put_u32(parent, COUNT, u32::from(count(&leaf.entries)?))?;
    if leaf.entries.is_empty() {
        heap.put_u32(parent, LIST, NO_CELL)?;
        heap.put(parent, LONGEST, &[0, 0])?;
        return heap.free(leaf.cell);
    }
    heap.put(leaf.cell, 0, &list_bytes(leaf.signature, &leaf.entries)?)
}

/// The list of a key's subkeys; `None` when it has none.
fn leaf(heap: &Heap, parent: u32) -> Result<Option<Leaf>, HiveError> {
    let (count, list) = key::subkey_list(&heap.body(parent)?)?;
    if count == 0 {
        return Ok(None);
    }
    let body = heap.follow(list)?;
    if subkeys::leaves(&body)?.is_some() {
        return Err(HiveError::Unsupported { what: "edit of a list of lists of subkeys", at: body.at });
    }
    let keys = subkeys::leaf_entries(&body)?;
    let signature = bytes::array(body.bytes, 0).unwrap_or_default();
    let step = step(signature);
    let entries = body.slice("list of subkeys", 4, keys.len().saturating_mul(step))?;
    let entries = entries.chunks_exact(step).map(<[u8]>::to_vec).collect();
    Ok(Some(Leaf { cell: list.cell, signature, entries, keys }))
}

/// Before which of these keys one of this name has its place.
fn place_of(heap: &Heap, keys: &[Reference], name: &str) -> Result<usize, HiveError> {
    for (index, key) in keys.iter().enumerate() {
        let other = key::node(&heap.follow(*key)?)?.name;
        if name::upper(&other).gt(name::upper(name)) {
            return Ok(index);
        }
    }
    Ok(keys.len())
}

const fn step(signature: [u8; 2]) -> usize {
    if matches!(signature, [b'l', b'i']) { 4 } else { 8 }
}

fn entry(signature: [u8; 2], key: u32, name: &str) -> Vec<u8> {
    let mut entry = key.to_le_bytes().to_vec();
    match &signature {
        b"lf" => entry.extend(name::hint(name)),
        b"lh" => entry.extend(name::hash(name).to_le_bytes()),
        _ => {}
    }
    entry
}

fn list_bytes(signature: [u8; 2], entries: &[Vec<u8>]) -> Result<Vec<u8>, HiveError> {
    let mut list = signature.to_vec();
    list.extend(count(entries)?.to_le_bytes());
    list.extend(entries.concat());
    Ok(list)
}

fn count(entries: &[Vec<u8>]) -> Result<u16, HiveError> {
    u16::try_from(entries.len()).map_err(|_| HiveError::Unsupported { what: "list of 65536 subkeys", at: 0 })
}
