//! The update sequence put on a record, as it goes to the disk.
//!
//! A write of several sectors gets a new number, so that one that was torn is seen to be. A change within one sector
//! keeps the number: then only that sector changes, and it is written whole or not at all.

use crate::bytes::le_u16;
use crate::bytes::put;
use crate::bytes::slice;
use crate::volume::ntfs::file_record::STRIDE;

/// Words of the update sequence of a record of `len` bytes: its number, and the last of each stride.
pub(super) const fn words(len: usize) -> usize {
    (len / STRIDE).saturating_add(1)
}

/// `record` (its last words in their places) as it goes to the disk over `old`, which stands there; `None` when its
/// header has no place for the sequence.
pub(super) fn protected(record: &[u8], old: &[u8]) -> Option<Vec<u8>> {
    let at = usize::from(le_u16(record, 4)?);
    let place = le_u16(old, 4).filter(|place| usize::from(*place) == at);
    let number = place.and_then(|_| le_u16(old, at)).unwrap_or(0);
    let kept = with_number(record, at, number)?;
    let differs = kept.chunks(STRIDE).zip(old.chunks(STRIDE)).filter(|(one, other)| one != other).count();
    if number != 0 && differs <= 1 {
        return Some(kept);
    }
    // 0 and 0xffff are numbers that no driver gives.
    with_number(record, at, if number >= 0xfffe { 1 } else { number.saturating_add(1) })
}

fn with_number(record: &[u8], at: usize, number: u16) -> Option<Vec<u8>> {
    let words = words(record.len());
    slice(record, at, words.checked_mul(2)?)?;
    if usize::from(le_u16(record, 6)?) != words || !record.len().is_multiple_of(STRIDE) {
        return None;
    }
    let mut bytes = record.to_vec();
    put(&mut bytes, at, &number.to_le_bytes());
    for index in 1..words {
        let last = index.checked_mul(STRIDE)?.checked_sub(2)?;
        let word = slice(record, last, 2)?;
        put(&mut bytes, at.checked_add(index.checked_mul(2)?)?, word);
        put(&mut bytes, last, &number.to_le_bytes());
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volume::ntfs::file_record::fixed_up;

    fn record() -> Vec<u8> {
        let mut record: Vec<u8> = (0..1024).map(|at| at as u8).collect();
        record[..8].copy_from_slice(b"FILE\x30\0\x03\0");
        record
    }

    #[test]
    fn a_change_in_one_sector_keeps_the_number_and_one_in_two_does_not() {
        let old = protected(&record(), &[0; 1024]).unwrap();
        assert_eq!(old[0x30..0x32], [1, 0]);
        assert_eq!(fixed_up(&old, b"FILE").unwrap()[0x36..], record()[0x36..]);
        let mut near = fixed_up(&old, b"FILE").unwrap();
        near[700] = 0;
        let new = protected(&near, &old).unwrap();
        assert_eq!(new.iter().zip(&old).filter(|(new, old)| new != old).count(), 1);
        near[100] = 0;
        let new = protected(&near, &old).unwrap();
        assert_eq!((&new[0x30..0x32], &new[510..512], &new[1022..]), (&[2, 0][..], &[2, 0][..], &[2, 0][..]));
        let mut far = fixed_up(&old, b"FILE").unwrap();
        (far[700], far[1023]) = (0, 0);
        assert_eq!(protected(&far, &old).unwrap()[0x30], 2, "its last word stands in the first sector");
    }

    #[test]
    fn numbers_that_no_driver_gives_are_left_out() {
        let mut old = with_number(&record(), 0x30, 0xfffe).unwrap();
        old[100] ^= 1;
        old[700] ^= 1;
        assert_eq!(protected(&record(), &old).unwrap()[0x30..0x32], [1, 0]);
        let mut odd = record();
        odd[6] = 4;
        assert_eq!(protected(&odd, &old), None);
    }
}
