//! Damage to a base, written down in few bytes, so that a fuzzer comes from one to the next.
//!
//! Each wound has sixteen bytes: the kind of place and which of them, the byte within it, what is done, and a number.

use bcdrescue::storage::Storage;

use super::base::Base;
use super::checksums::crc32;
use super::checksums::seal;
use super::number;
use super::put;
use super::sparse::SparseRam;

/// Bytes of a wound.
pub(super) const SIZE: usize = 16;
/// Wounds that are inflicted.
const MOST: usize = 12;

/// The base as the wounds of `data` leave it; where `mended`, the checksums are made right again.
pub(super) fn inflict(base: &Base, data: &[u8], mended: bool) -> SparseRam {
    let mut disk = base.disk.clone();
    for wound in data.chunks_exact(SIZE).take(MOST) {
        let (start, len) = place(base, wound[0], number(wound, 1, 2));
        let at = start + number(wound, 3, 2) % len as u64;
        let value = &wound[8..];
        match wound[5] % 9 {
            0 => {
                disk.put(at, &[disk.get_inside(at, 1).first().copied().unwrap_or(0) ^ (1 << (value[0] & 7))])
            }
            1 => disk.put(at, &value[..1]),
            2 => disk.put(at & !1, &value[..2]),
            3 => disk.put(at & !3, &value[..4]),
            4 => disk.put(at & !7, value),
            5 => disk.put(at & !511, &[value[0]; 512]),
            6 => disk.put(at & !31, &value.repeat(4)),
            7 => {
                let (other, _) = place(base, value[0], number(value, 1, 2));
                disk.put(at & !511, &disk.get_inside(other & !511, 512 << (value[3] & 3)));
            }
            _ => disk.resize(base.disk.len().min(number(value, 0, 4) * 512)),
        }
    }
    if mended {
        mend(&mut disk, base);
    }
    disk
}

fn place(base: &Base, kind: u8, index: u64) -> (u64, usize) {
    let places = &base.places[usize::from(kind) % base.places.len()];
    places[index as usize % places.len()]
}

fn mend(disk: &mut SparseRam, base: &Base) {
    let size = u64::from(base.sector_size);
    for header in [size, base.disk.len() - size] {
        let mut bytes = disk.get_inside(header, 92);
        let array = number(&bytes, 0x48, 8).saturating_mul(size);
        let len = number(&bytes, 0x50, 4).saturating_mul(128);
        if bytes.starts_with(b"EFI PART") && len <= 1 << 16 {
            put(&mut bytes, 0x58, &crc32(&disk.get_inside(array, len as usize)).to_le_bytes());
            put(&mut bytes, 0x10, &[0; 4]);
            let sum = crc32(&bytes);
            put(&mut bytes, 0x10, &sum.to_le_bytes());
            disk.put(header, &bytes);
        }
    }
    for (at, _) in base.places.iter().flatten().filter(|(_, len)| *len == 0x60) {
        let mut block = disk.get_inside(*at, 512);
        seal(&mut block);
        disk.put(*at, &block);
    }
}

/// Makes a FILE or INDX record of what `data` has behind the update sequence: the last two bytes of each 512 go into the
/// sequence, as a driver writes them.
pub(super) fn protect(record: &mut [u8]) {
    let (at, count) = (number(record, 4, 2) as usize, number(record, 6, 2) as usize);
    let number = [1, 0];
    for index in 0..count.saturating_sub(1).min(record.len() / 512) {
        let last = index * 512 + 510;
        let kept = [record[last], record[last + 1]];
        put(record, at + 2 + 2 * index, &kept);
        put(record, last, &number);
    }
    put(record, at, &number);
}
