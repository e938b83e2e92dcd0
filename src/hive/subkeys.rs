//! Lists of subkeys: lf and lh (offset and hint), li (offsets), ri (list of lists).
//!
//! M. Suhanov, "Windows registry file format specification", Subkeys list. Hints and hashes are not checked: they speed
//! up a search, and no search is made here.

use super::body::Body;
use super::body::Reference;
use super::cell::Cells;
use super::error::HiveError;

/// The references to `count` subkeys that the list holds.
pub(super) fn list(cells: &mut Cells<'_>, list: Reference, count: u32) -> Result<Vec<Reference>, HiveError> {
    let body = cells.take(list)?;
    let mut references = Vec::new();
    if let Some(leaves) = leaves(&body)? {
        for leaf in leaves {
            let leaf = cells.take(leaf)?;
            references.extend(leaf_entries(&leaf)?);
        }
    } else {
        references = leaf_entries(&body)?;
    }
    if u32::try_from(references.len()) == Ok(count) {
        return Ok(references);
    }
    Err(HiveError::Corrupt {
        what: "list of subkeys",
        at: body.at,
        expected: format!("{count} subkeys"),
        found: references.len().to_string(),
    })
}

/// The references to the lists of which a list of lists is made; `None` for a list of keys.
///
/// An index of indexes is not defined, so there are two levels and no recursion.
pub(super) fn leaves(body: &Body<'_>) -> Result<Option<Vec<Reference>>, HiveError> {
    if body.slice("list of subkeys", 0, 2)? != b"ri" {
        return Ok(None);
    }
    entries(body, 4, "reference to a list of subkeys").map(Some)
}

/// The references to subkeys that a list of keys holds.
pub(super) fn leaf_entries(body: &Body<'_>) -> Result<Vec<Reference>, HiveError> {
    let signature = body.slice("list of subkeys", 0, 2)?;
    match signature {
        b"lf" | b"lh" => entries(body, 8, "reference to a subkey"),
        b"li" => entries(body, 4, "reference to a subkey"),
        _ => Err(HiveError::Corrupt {
            what: "list of subkeys",
            at: body.at,
            expected: "lf, lh or li".into(),
            found: String::from_utf8_lossy(signature).escape_debug().to_string(),
        }),
    }
}

/// The references of a list whose entries are `step` bytes; the cell bounds their number.
fn entries(body: &Body<'_>, step: usize, what: &'static str) -> Result<Vec<Reference>, HiveError> {
    let count = usize::from(body.u16("list of subkeys", 2)?);
    body.slice("list of subkeys", 4, count.saturating_mul(step))?;
    (0..count).map(|index| body.reference(what, index.saturating_mul(step).saturating_add(4))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A bin whose cells have these bodies, and the offset of each.
    fn bin(bodies: &[&[u8]]) -> (Vec<u8>, Vec<u32>) {
        let mut bytes = vec![0; 0x2000];
        bytes[0x1000..0x1004].copy_from_slice(b"hbin");
        bytes[0x1009] = 0x10;
        let mut at = 0x1020;
        let mut offsets = Vec::new();
        for body in bodies {
            let size = (body.len() + 4).next_multiple_of(8);
            bytes[at..at + 4].copy_from_slice(&(-i32::try_from(size).unwrap()).to_le_bytes());
            bytes[at + 4..at + 4 + body.len()].copy_from_slice(body);
            offsets.push(u32::try_from(at - 0x1000).unwrap());
            at += size;
        }
        let free = i32::try_from(0x2000 - at).unwrap();
        bytes[at..at + 4].copy_from_slice(&free.to_le_bytes());
        (bytes, offsets)
    }

    fn read(bodies: &[&[u8]], count: u32) -> Result<Vec<u32>, HiveError> {
        let (bytes, offsets) = bin(bodies);
        let mut cells = Cells::walk(&bytes, 0x1000).unwrap();
        let reference = Reference { what: "reference", at: 0, cell: offsets[0] };
        let references = list(&mut cells, reference, count)?;
        Ok(references.iter().map(|reference| reference.cell).collect())
    }

    #[test]
    fn all_kinds_of_lists_are_read() {
        assert_eq!(read(&[b"lf\x02\0\x11\0\0\0abcd\x22\0\0\0efgh"], 2), Ok(vec![0x11, 0x22]));
        assert_eq!(read(&[b"lh\x01\0\x11\0\0\0abcd"], 1), Ok(vec![0x11]));
        assert_eq!(read(&[b"li\x02\0\x11\0\0\0\x22\0\0\0"], 2), Ok(vec![0x11, 0x22]));
        // Two leaves at 0x30 and 0x40, behind the index of 16 bytes at 0x20.
        let index = b"ri\x02\0\x30\0\0\0\x40\0\0\0";
        assert_eq!(read(&[index, b"li\x01\0\x11\0\0\0", b"li\x01\0\x22\0\0\0"], 2), Ok(vec![0x11, 0x22]));
    }

    #[test]
    fn lists_that_lie_are_named() {
        let lies = |bodies: &[&[u8]], count, what, at, [expected, found]: [&str; 2]| {
            let (expected, found) = (expected.to_owned(), found.to_owned());
            assert_eq!(read(bodies, count), Err(HiveError::Corrupt { what, at, expected, found }));
        };
        let list = "list of subkeys";
        lies(&[b"lx\x01\0\x11\0\0\0"], 1, list, 0x1024, ["lf, lh or li", "lx"]);
        lies(&[b"li\x01\0\x11\0\0\0"], 2, list, 0x1024, ["2 subkeys", "1"]);
        let cut = ["a cell that holds 0x40000 bytes", "0xc bytes"];
        lies(&[b"li\xff\xff\x11\0\0\0"], 2, list, 0x1024, cut);
        let taken = ["a cell of its own", "the cell 0x20, which is already in use"];
        lies(&[b"ri\x01\0\x20\0\0\0"], 1, "reference to a list of subkeys", 0x1028, taken);
        let nested: &[&[u8]] = &[b"ri\x01\0\x30\0\0\0", b"ri\x01\0\x20\0\0\0"];
        lies(nested, 1, list, 0x1034, ["lf, lh or li", "ri"]);
    }
}
