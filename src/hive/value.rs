//! Key values (vk) and their data.
//!
//! M. Suhanov, "Windows registry file format specification", Key value. Data split over several cells (db) are refused:
//! hives of version 1.3, which all boot stores have, do not know them.

use super::HiveError;
use super::cell::Body;
use super::cell::Reference;
use super::key;
use super::key::TreeReader;

/// Set in the size of data that stand in the key value itself.
pub(super) const RESIDENT: u32 = 0x8000_0000;
/// Flag of a value whose name is stored in Latin-1.
pub(super) const NAME_IS_LATIN1: u16 = 1;
/// Where the data of a resident value stand in the key value: in the place of the reference.
const DATA_FIELD: usize = 0x08;
/// Longer data are split in hives of version 1.4 and later.
const WHOLE_MAX: usize = 16344;

/// A value of a registry key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    /// Name in its stored case; empty for the key's default value.
    pub name: String,
    /// Registry type, e.g. [`REG_BINARY`](super::REG_BINARY).
    pub data_type: u32,
    /// The data.
    pub data: Vec<u8>,
    /// File offset of the first byte of the data, so that byte `k` stands at `at + k` of the hive file.
    pub at: usize,
}

/// The references that a list of values holds; it may have room for more than `count`.
pub(super) fn list(body: &Body<'_>, count: u32) -> Result<Vec<Reference>, HiveError> {
    let count = usize::try_from(count).unwrap_or(usize::MAX);
    body.slice("list of values", 0, count.saturating_mul(4))?;
    (0..count).map(|index| body.reference("reference to a value", index.saturating_mul(4))).collect()
}

/// Reads one value with its data.
pub(super) fn read(reader: &mut TreeReader<'_>, reference: Reference) -> Result<Value, HiveError> {
    let body = reader.cells.take(reference)?;
    body.expect_signature("value", "vk")?;
    let name_len = usize::from(body.u16("value", 0x02)?);
    let latin1 = body.u16("value", 0x10)? & NAME_IS_LATIN1 != 0;
    let name = body.slice("name of a value", 0x14, name_len)?;
    let (at, data) = data(reader, &body)?;
    Ok(Value {
        name: key::name_text(name, latin1),
        data_type: body.u32("value", 0x0c)?,
        data: data.to_vec(),
        at,
    })
}

/// The data of a value and their file offset.
fn data<'a>(reader: &mut TreeReader<'a>, body: &Body<'a>) -> Result<(usize, &'a [u8]), HiveError> {
    let stored = body.u32("value", 0x04)?;
    let len = usize::try_from(stored & !RESIDENT).unwrap_or(usize::MAX);
    if stored & RESIDENT != 0 {
        if len > 4 {
            let expected = "up to 4 bytes within the value".into();
            let at = body.place(0x04);
            return Err(HiveError::Corrupt {
                what: "size of data",
                at,
                expected,
                found: format!("{len:#x}"),
            });
        }
        return Ok((body.place(DATA_FIELD), body.slice("value", DATA_FIELD, len)?));
    }
    if len == 0 {
        return Ok((body.place(DATA_FIELD), &[]));
    }
    let cell = reader.cells.take(body.reference("reference to data", DATA_FIELD)?)?;
    if len > WHOLE_MAX && reader.minor > 3 && cell.bytes.starts_with(b"db") {
        return Err(HiveError::Unsupported { what: "data split over several cells", at: cell.at });
    }
    Ok((cell.at, cell.slice("data of a value", 0, len)?))
}
