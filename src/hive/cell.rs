//! Bins and cells: the walk over all of them, and the one door through which a cell is reached.
//!
//! M. Suhanov, "Windows registry file format specification", Hive bin and Cell.

use super::base_block::BASE_BLOCK_SIZE;
use super::base_block::BIN_UNIT;
use super::body::Body;
use super::body::Reference;
use super::error::HiveError;
use crate::bytes;

/// A reference to nothing.
pub(super) const NO_CELL: u32 = u32::MAX;
/// Bytes of a bin before its first cell.
pub(super) const BIN_HEADER_SIZE: usize = 0x20;
/// Bytes of a cell before its body: the signed size.
pub(super) const CELL_HEADER_SIZE: usize = 4;

/// What a cell was reached as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Use {
    Free,
    Allocated,
    Taken,
    /// Security descriptors are shared between keys.
    Shared,
}

#[derive(Debug, Clone, Copy)]
struct Cell {
    /// File offset of the size field.
    at: usize,
    /// Bytes, the size field included.
    size: usize,
    state: Use,
}

/// All cells of a hive, in file order.
pub(super) struct Cells<'a> {
    bytes: &'a [u8],
    cells: Vec<Cell>,
}

impl<'a> Cells<'a> {
    /// Walks the bins and their cells; every step goes forward by at least eight bytes.
    pub(super) fn walk(bytes: &'a [u8], bins_size: u32) -> Result<Self, HiveError> {
        let size = usize::try_from(bins_size).unwrap_or(usize::MAX);
        let end = BASE_BLOCK_SIZE.saturating_add(size).min(bytes.len());
        let mut cells = Vec::new();
        let mut bin = BASE_BLOCK_SIZE;
        while bin < end {
            let bin_end = check_bin(bytes, bin, end)?;
            walk_bin(bytes, bin, bin_end, &mut cells)?;
            bin = bin_end;
        }
        Ok(Self { bytes, cells })
    }

    /// File offset and bytes of each cell, its size included, and whether it is free.
    pub(super) fn all(&self) -> impl Iterator<Item = (usize, usize, bool)> {
        self.cells.iter().map(|cell| (cell.at, cell.size, cell.state == Use::Free))
    }

    /// Takes the cell for the one structure that may refer to it.
    pub(super) fn take(&mut self, reference: Reference) -> Result<Body<'a>, HiveError> {
        self.reach(reference, Use::Taken)
    }

    /// Takes a cell to which any number of keys may refer.
    pub(super) fn share(&mut self, reference: Reference) -> Result<Body<'a>, HiveError> {
        self.reach(reference, Use::Shared)
    }

    fn reach(&mut self, reference: Reference, as_what: Use) -> Result<Body<'a>, HiveError> {
        let refuse = |expected: &str, found: String| HiveError::Corrupt {
            what: reference.what,
            at: reference.at,
            expected: expected.to_owned(),
            found,
        };
        let found = usize::try_from(reference.cell)
            .ok()
            .and_then(|offset| offset.checked_add(BASE_BLOCK_SIZE))
            .and_then(|at| self.cells.binary_search_by_key(&at, |cell| cell.at).ok())
            .and_then(|index| self.cells.get_mut(index));
        let Some(cell) = found else {
            return Err(refuse("the start of a cell", format!("{:#x}", reference.cell)));
        };
        match (cell.state, as_what) {
            (Use::Allocated, _) | (Use::Shared, Use::Shared) => cell.state = as_what,
            (Use::Free, _) => {
                return Err(refuse("an allocated cell", format!("the free cell {:#x}", reference.cell)));
            }
            _ => {
                let found = format!("the cell {:#x}, which is already in use", reference.cell);
                return Err(refuse("a cell of its own", found));
            }
        }
        let at = cell.at.saturating_add(CELL_HEADER_SIZE);
        let bytes = bytes::slice(self.bytes, at, cell.size.saturating_sub(CELL_HEADER_SIZE)).unwrap_or(&[]);
        Ok(Body { at, bytes })
    }
}

/// Checks the header of the bin at `bin`; returns where it ends.
fn check_bin(bytes: &[u8], bin: usize, end: usize) -> Result<usize, HiveError> {
    let corrupt = |what, at: usize, expected: String, found: String| {
        Err(HiveError::Corrupt { what, at, expected, found })
    };
    let field = |at: usize| bytes::le_u32(bytes, bin.saturating_add(at)).unwrap_or(0);
    let signature = bytes::slice(bytes, bin, 4).unwrap_or(&[]);
    if signature != b"hbin" {
        let found = String::from_utf8_lossy(signature).escape_debug().to_string();
        return corrupt("signature of a hive bin", bin, "hbin".into(), found);
    }
    let expected = bin.saturating_sub(BASE_BLOCK_SIZE);
    if usize::try_from(field(4)).ok() != Some(expected) {
        let found = format!("{:#x}", field(4));
        return corrupt("offset of a hive bin", bin.saturating_add(4), format!("{expected:#x}"), found);
    }
    let size = usize::try_from(field(8)).unwrap_or(usize::MAX);
    match bin.checked_add(size) {
        Some(bin_end) if size > 0 && size.is_multiple_of(BIN_UNIT) && bin_end <= end => Ok(bin_end),
        _ => {
            let room = end.saturating_sub(bin);
            let expected = format!("a multiple of 0x1000 up to {room:#x}");
            corrupt("size of a hive bin", bin.saturating_add(8), expected, format!("{size:#x}"))
        }
    }
}

fn walk_bin(bytes: &[u8], bin: usize, bin_end: usize, cells: &mut Vec<Cell>) -> Result<(), HiveError> {
    let mut at = bin.saturating_add(BIN_HEADER_SIZE);
    while at < bin_end {
        let stored = bytes::le_i32(bytes, at).unwrap_or(0);
        let size = usize::try_from(stored.unsigned_abs()).unwrap_or(usize::MAX);
        let next = at.saturating_add(size);
        if size == 0 || !size.is_multiple_of(8) || next > bin_end {
            let sign = if stored < 0 { "-" } else { "" };
            return Err(HiveError::Corrupt {
                what: "size of a cell",
                at,
                expected: "a multiple of 8 within its bin".into(),
                found: format!("{sign}{size:#x}"),
            });
        }
        let state = if stored < 0 { Use::Allocated } else { Use::Free };
        cells.push(Cell { at, size, state });
        at = next;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A bin of one allocated cell of 24 bytes at 0x20 and one free cell at 0x38.
    fn bin() -> Vec<u8> {
        let mut bytes = vec![0; 0x2000];
        bytes[0x1000..0x1004].copy_from_slice(b"hbin");
        bytes[0x1009] = 0x10;
        bytes[0x1020..0x1024].copy_from_slice(&(-24i32).to_le_bytes());
        bytes[0x1038..0x103c].copy_from_slice(&0xfc8i32.to_le_bytes());
        bytes
    }

    fn to(cell: u32) -> Reference {
        Reference { what: "reference", at: 0x99, cell }
    }

    #[test]
    fn a_cell_is_reached_once_where_it_starts_and_only_when_allocated() {
        let bytes = bin();
        let mut cells = Cells::walk(&bytes, 0x1000).unwrap();
        let body = cells.take(to(0x20)).unwrap();
        assert_eq!((body.at, body.bytes.len()), (0x1024, 20));
        let cases = [
            (0x20, "expected a cell of its own, found the cell 0x20, which is already in use"),
            (0x38, "expected an allocated cell, found the free cell 0x38"),
            (0x28, "expected the start of a cell, found 0x28"),
            (0, "expected the start of a cell, found 0x0"),
            (NO_CELL, "expected the start of a cell, found 0xffffffff"),
        ];
        for (cell, message) in cases {
            let error = cells.take(to(cell)).unwrap_err().to_string();
            assert_eq!(error, format!("reference at 0x99 of the hive: {message}"));
        }
    }

    #[test]
    fn a_shared_cell_is_for_sharing_only() {
        let bytes = bin();
        let mut cells = Cells::walk(&bytes, 0x1000).unwrap();
        assert!(cells.share(to(0x20)).is_ok());
        assert!(cells.share(to(0x20)).is_ok());
        assert!(cells.take(to(0x20)).is_err());
    }

    #[test]
    fn sizes_that_do_not_fit_are_named() {
        let cases: [(usize, i32, &str); 6] = [
            (
                0x1020,
                0,
                "size of a cell at 0x1020 of the hive: expected a multiple of 8 within its bin, found 0x0",
            ),
            (
                0x1020,
                -12,
                "size of a cell at 0x1020 of the hive: expected a multiple of 8 within its bin, found -0xc",
            ),
            (
                0x1038,
                0xfd0,
                "size of a cell at 0x1038 of the hive: expected a multiple of 8 within its bin, found 0xfd0",
            ),
            (
                0x1020,
                i32::MIN,
                "size of a cell at 0x1020 of the hive: expected a multiple of 8 within its bin, found -0x80000000",
            ),
            (
                0x1008,
                0x2000,
                "size of a hive bin at 0x1008 of the hive: expected a multiple of 0x1000 up to 0x1000, found 0x2000",
            ),
            (
                0x1008,
                0,
                "size of a hive bin at 0x1008 of the hive: expected a multiple of 0x1000 up to 0x1000, found 0x0",
            ),
        ];
        for (at, size, message) in cases {
            let mut bytes = bin();
            bytes[at..at + 4].copy_from_slice(&size.to_le_bytes());
            let error = Cells::walk(&bytes, 0x1000).map(|_| ()).unwrap_err();
            assert_eq!(error.to_string(), message);
        }
    }
}
