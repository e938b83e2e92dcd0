//! Values of a key: set and deleted.
//!
//! M. Suhanov, "Windows registry file format specification", Key value.

use crate::bytes::put;
use crate::hive::cell::NO_CELL;
use crate::hive::edit::heap::Heap;
use crate::hive::error::HiveError;
use crate::hive::key;
use crate::hive::name;
use crate::hive::value;
use crate::hive::value::DATA_FIELD;
use crate::hive::value::Data;
use crate::hive::value::RESIDENT;

/// Where a key node says how many values it has, where their list is, and how long the longest name and data are.
const COUNT: usize = 0x24;
const LIST: usize = 0x28;
const LONGEST_NAME: usize = 0x3c;
const LONGEST_DATA: usize = 0x40;
/// Where a key value says how long its data are, and their type.
const SIZE: usize = 0x04;
const TYPE: usize = 0x0c;
/// Data of so many bytes stand in the key value itself.
const INSIDE: usize = 4;

/// A value of a key.
struct Found {
    cell: u32,
    /// Its place in the list.
    index: usize,
    data_type: u32,
    data: Vec<u8>,
    /// The cell of the data, where they have one, and the bytes that it has room for.
    data_cell: Option<(u32, usize)>,
}

/// The cells of the value in `cell`: its own, and that of its data.
pub(super) fn value_cells(heap: &Heap, cell: u32) -> Result<Vec<u32>, HiveError> {
    match value::fields(&heap.body(cell)?)?.data {
        Data::Inside(..) => Ok(vec![cell]),
        Data::Cell { reference, .. } => Ok(vec![cell, reference.cell]),
    }
}

/// The cell of the list of a key's values, and the cells that it refers to.
pub(super) fn list(heap: &Heap, key: u32) -> Result<Option<(u32, Vec<u32>)>, HiveError> {
    let (count, list) = key::value_list(&heap.body(key)?)?;
    if count == 0 {
        return Ok(None);
    }
    let values = value::list(&heap.follow(list)?, count)?;
    Ok(Some((list.cell, values.iter().map(|value| value.cell).collect())))
}

/// Sets a value of the key, in its place when it is there, else behind the others.
pub(super) fn set(
    heap: &mut Heap,
    key: u32,
    name: &str,
    data_type: u32,
    data: &[u8],
) -> Result<(), HiveError> {
    let found = find(heap, key, name)?;
    if found.as_ref().is_some_and(|found| found.data_type == data_type && found.data == data) {
        return Ok(());
    }
    match found {
        Some(found) => {
            if found.data_type != data_type {
                heap.put_u32(found.cell, TYPE, data_type)?;
            }
            put_data(heap, &found, data)?;
        }
        None => append(heap, key, name, data_type, data)?,
    }
    raise(heap, key, LONGEST_DATA, data.len())
}

/// Deletes a value of the key; whether it was there.
pub(super) fn delete(heap: &mut Heap, key: u32, name: &str) -> Result<bool, HiveError> {
    let Some(found) = find(heap, key, name)? else { return Ok(false) };
    let Some((list, mut values)) = list(heap, key)? else { return Ok(false) };
    for cell in value_cells(heap, found.cell)? {
        heap.free(cell)?;
    }
    values.remove(found.index);
    heap.put_u32(key, COUNT, number(values.len())?)?;
    if values.is_empty() {
        heap.put_u32(key, LIST, NO_CELL)?;
        heap.put_u32(key, LONGEST_NAME, 0)?;
        heap.put_u32(key, LONGEST_DATA, 0)?;
        heap.free(list)?;
    } else {
        heap.put(list, 0, &list_bytes(&values))?;
    }
    Ok(true)
}

fn find(heap: &Heap, key: u32, name: &str) -> Result<Option<Found>, HiveError> {
    let Some((_, values)) = list(heap, key)? else { return Ok(None) };
    for (index, cell) in values.into_iter().enumerate() {
        let fields = value::fields(&heap.body(cell)?)?;
        if !name::same_name(&fields.name, name) {
            continue;
        }
        let (data, data_cell) = match fields.data {
            Data::Inside(_, data) => (data, None),
            Data::Cell { reference, len } => {
                let body = heap.follow(reference)?;
                (body.slice("data of a value", 0, len)?, Some((reference.cell, body.bytes.len())))
            }
        };
        let data = data.to_vec();
        return Ok(Some(Found { cell, index, data_type: fields.data_type, data, data_cell }));
    }
    Ok(None)
}

/// Puts data where those of the value are, or into the value, or into a cell that has room.
fn put_data(heap: &mut Heap, found: &Found, data: &[u8]) -> Result<(), HiveError> {
    let is_as_long = data.len() == found.data.len();
    match found.data_cell {
        Some((cell, _)) if is_as_long => heap.put(cell, 0, data),
        None if is_as_long => heap.put(found.cell, DATA_FIELD, data),
        old if data.len() <= INSIDE => {
            put_inside(heap, found.cell, data)?;
            old.map_or(Ok(()), |(cell, _)| heap.free(cell))
        }
        Some((cell, room)) if data.len() <= room => {
            heap.put(cell, 0, data)?;
            heap.put_u32(found.cell, SIZE, number(data.len())?)
        }
        old => {
            let cell = heap.add(data)?;
            heap.put_u32(found.cell, DATA_FIELD, cell)?;
            heap.put_u32(found.cell, SIZE, number(data.len())?)?;
            old.map_or(Ok(()), |(cell, _)| heap.free(cell))
        }
    }
}

fn put_inside(heap: &mut Heap, value: u32, data: &[u8]) -> Result<(), HiveError> {
    heap.put_u32(value, SIZE, number(data.len())? | RESIDENT)?;
    heap.put_u32(value, DATA_FIELD, 0)?;
    heap.put(value, DATA_FIELD, data)
}

fn append(heap: &mut Heap, key: u32, name: &str, data_type: u32, data: &[u8]) -> Result<(), HiveError> {
    let (stored, is_latin1) = name::name_bytes(name);
    let len = u16::try_from(stored.len())
        .map_err(|_| HiveError::Unsupported { what: "name of 64 KiB or more", at: 0 })?;
    let mut size = number(data.len())?;
    let mut field = [0; 4];
    if data.len() <= INSIDE {
        size |= RESIDENT;
        put(&mut field, 0, data);
    } else {
        // Before the value itself, which would split the cell that fits best.
        field = heap.add(data)?.to_le_bytes();
    }
    // The default value has no name, and no flag that says how the name is stored.
    let flags = if is_latin1 && !stored.is_empty() { value::NAME_IS_LATIN1 } else { 0 };
    let mut record = b"vk".to_vec();
    record.extend(len.to_le_bytes());
    record.extend(size.to_le_bytes());
    record.extend(field);
    record.extend(data_type.to_le_bytes());
    record.extend(flags.to_le_bytes());
    record.extend([0, 0]);
    record.extend(stored);
    let value = heap.add(&record)?;
    let old = list(heap, key)?;
    let mut values = old.as_ref().map(|(_, values)| values.clone()).unwrap_or_default();
    values.push(value);
    let bytes = list_bytes(&values);
    match old {
        Some((list, _)) if heap.body(list)?.bytes.len() >= bytes.len() => heap.put(list, 0, &bytes)?,
        _ => {
            let list = heap.add(&bytes)?;
            heap.put_u32(key, LIST, list)?;
            old.map_or(Ok(()), |(old, _)| heap.free(old))?;
        }
    }
    heap.put_u32(key, COUNT, number(values.len())?)?;
    raise(heap, key, LONGEST_NAME, name::utf16_len(name))
}

/// Raises a length of a key node.
fn raise(heap: &mut Heap, key: u32, at: usize, len: usize) -> Result<(), HiveError> {
    let len = number(len)?;
    if heap.body(key)?.u32("key", at)? < len {
        heap.put_u32(key, at, len)?;
    }
    Ok(())
}

fn list_bytes(values: &[u32]) -> Vec<u8> {
    values.iter().flat_map(|cell| cell.to_le_bytes()).collect()
}

fn number(len: usize) -> Result<u32, HiveError> {
    let limit = u32::try_from(len).ok().filter(|len| len & RESIDENT == 0);
    limit.ok_or(HiveError::Unsupported { what: "value of 2 GiB or more", at: 0 })
}
