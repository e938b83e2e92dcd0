//! Security descriptors: shared by keys, which are counted, and standing in a ring.
//!
//! M. Suhanov, "Windows registry file format specification", Key security.

use crate::hive::body::Body;
use crate::hive::body::Reference;
use crate::hive::edit::heap::Heap;
use crate::hive::edit::owned::Owned;
use crate::hive::error::HiveError;

/// Where a descriptor refers to its neighbours, and where it says how many keys have it.
const NEXT: usize = 0x04;
const BEFORE: usize = 0x08;
const USERS: usize = 0x0c;

/// Counts one key more.
pub(super) fn raise(heap: &mut Heap, descriptor: u32) -> Result<(), HiveError> {
    let users = heap.body(descriptor)?.u32("security descriptor", USERS)?;
    heap.put_u32(descriptor, USERS, users.saturating_add(1))
}

/// Counts `fewer` keys less; a descriptor that none has any more is taken out of the ring and given back. `rest` is what the remaining
/// keys own.
pub(super) fn lower(heap: &mut Heap, descriptor: u32, fewer: u32, rest: &Owned) -> Result<(), HiveError> {
    let users = heap.body(descriptor)?.u32("security descriptor", USERS)?.saturating_sub(fewer);
    if rest.security.contains_key(&descriptor) {
        // A count that lies must not end in a descriptor that is given back and yet in use.
        return heap.put_u32(descriptor, USERS, users.max(1));
    }
    if users > 0 {
        return heap.put_u32(descriptor, USERS, users);
    }
    let body = heap.body(descriptor)?;
    let [next, before] =
        [NEXT, BEFORE].map(|at| body.reference("reference to the next security descriptor", at));
    let (next, before) = (next?, before?);
    if next.cell != descriptor || before.cell != descriptor {
        // Each neighbour refers back to this one.
        check(&neighbour(heap, next, rest)?, BEFORE, descriptor)?;
        check(&neighbour(heap, before, rest)?, NEXT, descriptor)?;
        heap.put_u32(next.cell, BEFORE, before.cell)?;
        heap.put_u32(before.cell, NEXT, next.cell)?;
    }
    heap.free(descriptor)
}

fn neighbour<'a>(heap: &'a Heap, reference: Reference, rest: &Owned) -> Result<Body<'a>, HiveError> {
    let body = heap.follow(reference)?;
    body.expect_signature("security descriptor", "sk")?;
    if rest.cells.contains(&reference.cell) {
        return Err(HiveError::Corrupt {
            what: reference.what,
            at: reference.at,
            expected: "a security descriptor".into(),
            found: format!("the cell {:#x}, which is already in use", reference.cell),
        });
    }
    Ok(body)
}

fn check(neighbour: &Body<'_>, at: usize, descriptor: u32) -> Result<(), HiveError> {
    let back = neighbour.reference("reference back in the ring of security descriptors", at)?;
    if back.cell == descriptor {
        return Ok(());
    }
    Err(HiveError::Corrupt {
        what: back.what,
        at: back.at,
        expected: format!("{descriptor:#x}"),
        found: format!("{:#x}", back.cell),
    })
}
