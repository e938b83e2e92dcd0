//! Key values (vk) and their data.
//!
//! M. Suhanov, "Windows registry file format specification", Key value. Data split over several cells (db) are refused:
//! hives of version 1.3, which all boot stores have, do not know them.

use super::body::Body;
use super::body::Reference;
use super::cell::Cells;
use super::error::HiveError;
use super::name::name_text;

/// Registry type of NUL-terminated UTF-16LE text.
pub const REG_SZ: u32 = 1;
/// The same with names of environment variables in it.
pub const REG_EXPAND_SZ: u32 = 2;
/// Registry type of bytes without a meaning to the registry.
pub const REG_BINARY: u32 = 3;
/// Registry type of a little-endian `u32`.
pub const REG_DWORD: u32 = 4;
/// Registry type of a list of NUL-terminated texts that an empty text ends.
pub const REG_MULTI_SZ: u32 = 7;

/// Set in the size of data that stand in the key value itself.
pub(super) const RESIDENT: u32 = 0x8000_0000;
/// Flag of a value whose name is stored in Latin-1.
pub(super) const NAME_IS_LATIN1: u16 = 1;
/// Where the data of a resident value stand in the key value: in the place of the reference.
pub(super) const DATA_FIELD: usize = 0x08;
/// Longer data are split in hives of version 1.4 and later.
pub(super) const WHOLE_MAX: usize = 16344;

/// A value of a registry key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Value {
    /// Name in its stored case; empty for the key's default value.
    pub name: String,
    /// Registry type, e.g. [`REG_BINARY`].
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

/// A key value, its data perhaps elsewhere.
pub(super) struct Fields<'a> {
    pub(super) name: String,
    pub(super) data_type: u32,
    pub(super) data: Data<'a>,
}

/// The data of a key value.
pub(super) enum Data<'a> {
    /// In the key value itself, from that file offset.
    Inside(usize, &'a [u8]),
    /// The first `len` bytes of another cell.
    Cell { reference: Reference, len: usize },
}

/// Reads a key value without following it to its data.
pub(super) fn fields<'a>(body: &Body<'a>) -> Result<Fields<'a>, HiveError> {
    body.expect_signature("value", "vk")?;
    let name_len = usize::from(body.u16("value", 0x02)?);
    let latin1 = body.u16("value", 0x10)? & NAME_IS_LATIN1 != 0;
    let name = body.slice("name of a value", 0x14, name_len)?;
    Ok(Fields { name: name_text(name, latin1), data_type: body.u32("value", 0x0c)?, data: data(body)? })
}

fn data<'a>(body: &Body<'a>) -> Result<Data<'a>, HiveError> {
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
        return Ok(Data::Inside(body.place(DATA_FIELD), body.slice("value", DATA_FIELD, len)?));
    }
    if len == 0 {
        return Ok(Data::Inside(body.place(DATA_FIELD), &[]));
    }
    Ok(Data::Cell { reference: body.reference("reference to data", DATA_FIELD)?, len })
}

/// The `len` bytes of data that a cell holds, in a hive of minor version `minor`.
pub(super) fn data_in<'a>(cell: &Body<'a>, len: usize, minor: u32) -> Result<&'a [u8], HiveError> {
    if len > WHOLE_MAX && minor > 3 && cell.bytes.starts_with(b"db") {
        return Err(HiveError::Unsupported { what: "data split over several cells", at: cell.at });
    }
    cell.slice("data of a value", 0, len)
}

/// Reads one value with its data, in a hive of minor version `minor`.
pub(super) fn read(cells: &mut Cells<'_>, minor: u32, reference: Reference) -> Result<Value, HiveError> {
    let body = cells.take(reference)?;
    let Fields { name, data_type, data } = fields(&body)?;
    let (at, data) = match data {
        Data::Inside(at, data) => (at, data),
        Data::Cell { reference, len } => {
            let cell = cells.take(reference)?;
            (cell.at, data_in(&cell, len, minor)?)
        }
    };
    Ok(Value { name, data_type, data: data.to_vec(), at })
}

#[cfg(test)]
mod tests {
    use crate::bytes;
    use crate::hive::Hive;
    use crate::hive::REG_BINARY;
    use crate::hive::base_block::BaseBlock;
    use crate::hive::build::NewKey;
    use crate::hive::build::NewValue;
    use crate::hive::build::build;
    use crate::hive::error::HiveError;

    /// A hive whose root has one value of `len` bytes, and the file offset of its key value.
    fn hive(len: usize) -> (Vec<u8>, usize) {
        let value = NewValue { name: "Element".into(), data_type: REG_BINARY, data: vec![7; len] };
        let root = NewKey { name: "root".into(), values: vec![value], subkeys: Vec::new() };
        let bytes = build(&root, 0).unwrap();
        let at = bytes.windows(4).position(|window| window == b"vk\x07\0").unwrap();
        (bytes, at)
    }

    fn put(bytes: &mut [u8], at: usize, number: u32) {
        bytes[at..at + 4].copy_from_slice(&number.to_le_bytes());
    }

    #[test]
    fn resident_data_stand_in_the_value() {
        let (bytes, at) = hive(3);
        let value = Hive::parse(bytes).unwrap().root().values[0].clone();
        assert_eq!((value.at, value.data.as_slice()), (at + 8, &[7, 7, 7][..]));
    }

    #[test]
    fn short_data_may_have_a_cell() {
        let (mut bytes, at) = hive(88);
        put(&mut bytes, at + 4, 3);
        let value = Hive::parse(bytes).unwrap().root().values[0].clone();
        assert_eq!((value.at % 8, value.data.as_slice()), (4, &[7, 7, 7][..]));
    }

    #[test]
    fn sizes_that_lie_are_named() {
        let (bytes, at) = hive(88);
        let mut resident = bytes.clone();
        put(&mut resident, at + 4, 0x8000_0005);
        let error = |bytes, what, at, [expected, found]: [&str; 2]| {
            let (expected, found) = (expected.to_owned(), found.to_owned());
            let error = HiveError::Corrupt { what, at, expected, found };
            assert_eq!(Hive::parse(bytes).map(|_| ()), Err(error));
        };
        error(resident, "size of data", at + 4, ["up to 4 bytes within the value", "0x5"]);
        let mut long = bytes.clone();
        put(&mut long, at + 4, 0x1000);
        let data = usize::try_from(bytes::le_u32(&bytes, at + 8).unwrap()).unwrap() + 0x1004;
        error(long, "data of a value", data, ["a cell that holds 0x1000 bytes", "0x5c bytes"]);
        let mut lost = bytes;
        put(&mut lost, at + 8, 4);
        error(lost, "reference to data", at + 8, ["the start of a cell", "0x4"]);
    }

    #[test]
    fn split_data_are_refused_where_the_version_has_them() {
        let (mut bytes, at) = hive(0x4000);
        let data = usize::try_from(bytes::le_u32(&bytes, at + 8).unwrap()).unwrap() + 0x1004;
        bytes[data..data + 2].copy_from_slice(b"db");
        assert!(Hive::parse(bytes.clone()).is_ok());
        put(&mut bytes, 0x18, 5);
        let sum = BaseBlock::checksum(&bytes).unwrap();
        put(&mut bytes, 0x1fc, sum);
        let what = "data split over several cells";
        assert_eq!(Hive::parse(bytes).map(|_| ()), Err(HiveError::Unsupported { what, at: data }));
    }
}
