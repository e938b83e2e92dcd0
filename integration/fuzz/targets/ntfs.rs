//! FILE and INDX records of a sound volume, replaced whole.

use std::sync::OnceLock;

use bcdrescue::storage::Storage;

use super::base::Places;
use super::number;
use super::put;
use super::volumes::ntfs_base;
use super::volumes::walk;
use super::wounds::protect;

/// Bytes of each kind of record.
const FILE_LEN: usize = 1024;
const INDX_LEN: usize = 4096;

/// Where the records of the volume are: those of files that a lookup comes to first.
fn records(volume: usize) -> &'static Places {
    static RECORDS: [OnceLock<Places>; 2] = [const { OnceLock::new() }; 2];
    RECORDS[volume].get_or_init(|| all_records(volume))
}

fn all_records(volume: usize) -> Places {
    let base = ntfs_base(volume);
    let has = |at: u64, magic: &[u8]| base.disk.get_inside(at, 4) == magic;
    let files = base.places.iter().flatten().filter(|(at, len)| *len == 512 && has(*at, b"FILE"));
    let indexes = base.places.iter().flatten().filter(|(at, len)| *len == 1024 && has(*at, b"INDX"));
    let mut files: Vec<u64> = files.map(|(at, _)| *at).collect();
    files.dedup();
    files.into_iter().map(|at| (at, FILE_LEN)).chain(indexes.map(|(at, _)| (*at, INDX_LEN))).collect()
}

/// Byte 0: the volume; bytes 1 and 2: which record; byte 3: whether its header is made right; then the record as a
/// driver sees it.
pub(super) fn record(data: &[u8]) {
    let volume = usize::from(data.first().copied().unwrap_or(0)) % 2;
    let records = records(volume);
    let (at, len) = records[number(data, 1, 2) as usize % records.len()];
    let base = ntfs_base(volume);
    let mut record = data.get(4..).unwrap_or_default().to_vec();
    record.resize(len, 0);
    if data.get(3).is_some_and(|steer| steer & 1 != 0) {
        put(&mut record, 0, if len == FILE_LEN { b"FILE" } else { b"INDX" });
        let sequence = if len == FILE_LEN { 0x30u16 } else { 0x28 };
        put(&mut record, 4, &sequence.to_le_bytes());
        put(&mut record, 6, &(len as u16 / 512 + 1).to_le_bytes());
    }
    protect(&mut record);
    let mut disk = base.disk.clone();
    disk.put(at, &record);
    walk(&disk);
}

/// Seeds: every record as it is.
pub(super) fn seeds() -> Vec<Vec<u8>> {
    let of = |volume: usize| {
        records(volume).iter().copied().enumerate().map(move |(index, (at, len))| {
            let mut record = ntfs_base(volume).disk.read_vec(at, len).expect("inside");
            let sequence = number(&record, 4, 2) as usize;
            for block in 0..len / 512 {
                let kept = [record[sequence + 2 + 2 * block], record[sequence + 3 + 2 * block]];
                put(&mut record, block * 512 + 510, &kept);
            }
            [&[volume as u8, index as u8, (index >> 8) as u8, 1][..], &record].concat()
        })
    };
    (0..2).flat_map(of).collect()
}
