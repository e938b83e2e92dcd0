//! Lists of subkeys: lf and lh (offset and hint), li (offsets), ri (list of lists).
//!
//! M. Suhanov, "Windows registry file format specification", Subkeys list. Hints and hashes are not checked: they speed
//! up a search, and no search is made here.

use super::HiveError;
use super::cell::Body;
use super::cell::Cells;
use super::cell::Reference;

/// The references to `count` subkeys that the list holds.
pub(super) fn list(cells: &mut Cells<'_>, list: Reference, count: u32) -> Result<Vec<Reference>, HiveError> {
    let body = cells.take(list)?;
    let mut references = Vec::new();
    if body.slice("list of subkeys", 0, 2)? == b"ri" {
        // An index of indexes is not defined, so this is two levels and no recursion.
        for leaf in entries(&body, 4, "reference to a list of subkeys")? {
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

fn leaf_entries(body: &Body<'_>) -> Result<Vec<Reference>, HiveError> {
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
