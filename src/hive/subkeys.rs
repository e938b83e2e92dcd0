//! Lists of subkeys: lf and lh (offset and hint), li (offsets), ri (list of lists).
//!
//! M. Suhanov, "Windows registry file format specification", Subkeys list. Hints and hashes are not checked: they speed
//! up a search, and no search is made here.

use super::HiveError;
use super::body::Body;
use super::cell::Cells;
use super::cell::Reference;

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

    fn read(bodies: &[&[u8]], count: u32) -> Result<Vec<u32>, String> {
        let (bytes, offsets) = bin(bodies);
        let mut cells = Cells::walk(&bytes, 0x1000).unwrap();
        let reference = Reference { what: "reference", at: 0, cell: offsets[0] };
        let references = list(&mut cells, reference, count).map_err(|error| error.to_string())?;
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
        let cases: [(&[&[u8]], u32, &str); 5] = [
            (
                &[b"lx\x01\0\x11\0\0\0"],
                1,
                "list of subkeys at 0x1024 of the hive: expected lf, lh or li, found lx",
            ),
            (
                &[b"li\x01\0\x11\0\0\0"],
                2,
                "list of subkeys at 0x1024 of the hive: expected 2 subkeys, found 1",
            ),
            (
                &[b"li\xff\xff\x11\0\0\0"],
                2,
                "list of subkeys at 0x1024 of the hive: expected a cell that holds 0x40000 bytes, found 0xc bytes",
            ),
            (
                &[b"ri\x01\0\x20\0\0\0"],
                1,
                "reference to a list of subkeys at 0x1028 of the hive: expected a cell of its own, found the cell 0x20, \
                 which is in use already",
            ),
            (
                &[b"ri\x01\0\x30\0\0\0", b"ri\x01\0\x20\0\0\0"],
                1,
                "list of subkeys at 0x1034 of the hive: expected lf, lh or li, found ri",
            ),
        ];
        for (bodies, count, message) in cases {
            assert_eq!(read(bodies, count), Err(message.to_owned()));
        }
    }
}
