//! Sectors that are read or written together. Few are taken one by one: a fault is then told by its sector, and a cut leaves
//! as little as possible half way. Of many, neighbours are one request.

use std::ops::ControlFlow;

use crate::storage::Storage;
use crate::storage::StorageError;

/// So many sectors are still few.
const FEW: usize = 256;
/// Bytes of one request, at most.
const MOST: usize = 1 << 20;

/// A place on the disk: its first byte, and its length in bytes.
pub(super) type Place = (u64, usize);

/// Whether so many sectors are taken one by one.
pub(super) const fn are_few(sectors: usize) -> bool {
    sectors <= FEW
}

/// What is read or written in one request each, in the order given.
pub(super) fn batches<T>(
    items: &[T],
    are_few: bool,
    place: impl Fn(&T) -> Place,
) -> impl Iterator<Item = &[T]> {
    let mut rest = items;
    std::iter::from_fn(move || {
        let count = if are_few { rest.len().min(1) } else { neighbours(rest, &place) };
        let (batch, left) = rest.split_at_checked(count).filter(|(batch, _)| !batch.is_empty())?;
        rest = left;
        Some(batch)
    })
}

/// How many of the first are neighbours, and one request.
fn neighbours<T>(items: &[T], place: impl Fn(&T) -> Place) -> usize {
    let (mut end, mut total, mut count) = (None, 0_usize, 0_usize);
    for item in items {
        let (offset, len) = place(item);
        total = total.saturating_add(len);
        if end.is_some_and(|end| end != offset) || (count > 0 && total > MOST) {
            break;
        }
        count = count.saturating_add(1);
        end = Some(offset.saturating_add(u64::try_from(len).unwrap_or(u64::MAX)));
    }
    count
}

/// Reads sectors, and shows each with its first byte, until one breaks off.
///
/// # Errors
/// [`StorageError`] of the first sector that cannot be read.
pub(super) fn read_each<B>(
    storage: &dyn Storage,
    sectors: &[Place],
    mut each: impl FnMut(u64, &[u8]) -> ControlFlow<B>,
) -> Result<Option<B>, StorageError> {
    for batch in batches(sectors, are_few(sectors.len()), |place| *place) {
        let len = batch.iter().map(|(_, len)| *len).fold(0, usize::saturating_add);
        let first = batch.first().map_or(0, |(offset, _)| *offset);
        let together = if batch.len() > 1 { storage.read_vec(first, len).ok() } else { None };
        let mut rest = together.as_deref();
        for (offset, len) in batch {
            // Where they cannot be read together, the one that is at fault is found so.
            let alone = if rest.is_none() { Some(storage.read_vec(*offset, *len)?) } else { None };
            let (now, behind) = rest.and_then(|rest| rest.split_at_checked(*len)).unwrap_or_default();
            let shown = match &alone {
                Some(alone) => each(*offset, alone),
                None => each(*offset, now),
            };
            if let ControlFlow::Break(value) = shown {
                return Ok(Some(value));
            }
            rest = rest.map(|_| behind);
        }
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::ram::Ram;

    fn shape(places: &[Place], are_few: bool) -> Vec<usize> {
        batches(places, are_few, |place| *place).map(<[Place]>::len).collect()
    }

    #[test]
    fn neighbours_of_many_are_one_request_up_to_a_mebibyte() {
        let places: Vec<Place> =
            (0..3000).map(|sector| (sector * 512, 512)).chain([(1 << 30, 512)]).collect();
        assert_eq!(shape(&places, false), [2048, 952, 1]);
        assert_eq!(shape(&places, true), [1; 3001]);
        assert_eq!(shape(&[(0, 2 << 20), (2 << 20, 512)], false), [1, 1]);
        assert!(shape(&[], false).is_empty());
    }

    #[test]
    fn each_sector_is_shown_once_and_the_one_that_cannot_be_read_is_named() {
        let bytes: Vec<u8> = (0..1_u32 << 18).map(|at| (at / 512).to_le_bytes()[0]).collect();
        let disk = Ram::new(bytes.clone(), None);
        let mut places: Vec<Place> =
            (0..512).filter(|sector| *sector != 7).map(|sector| (sector * 512, 512)).collect();
        let mut seen = Vec::new();
        let broken = read_each(&disk, &places, |offset, found| {
            let at = usize::try_from(offset).unwrap();
            assert_eq!(found, &bytes[at..at + 512]);
            seen.push(offset);
            if offset == 500 * 512 { ControlFlow::Break(offset) } else { ControlFlow::Continue(()) }
        });
        assert_eq!(broken.unwrap(), Some(500 * 512));
        assert_eq!(seen, places[..500].iter().map(|(offset, _)| *offset).collect::<Vec<_>>());
        places.push((1 << 18, 512));
        let error = read_each(&disk, &places, |_, _| ControlFlow::<()>::Continue(())).unwrap_err();
        assert!(matches!(error, StorageError::OutOfRange { offset: 0x4_0000, .. }), "{error}");
    }
}
