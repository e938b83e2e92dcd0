//! The code of boot records that start `\bootmgr`: Windows' own, as it stands in records of other volumes and in the programs and
//! libraries of Windows that format volumes. Only recognised here; none of it is part of this program.

mod fat32;
mod ntfs;

pub use fat32::Fat32BootCode;
pub use ntfs::NtfsBootCode;

use sha2::Digest;
use sha2::Sha256;

use crate::bytes::hex;
use crate::bytes::slice;

/// Bytes of a record that hold all code of either kind.
pub const RECORD_SIZE: usize = 0x2000;

/// The last bytes of a boot sector, at 0x1fe.
const END: [u8; 2] = [0x55, 0xaa];
const END_AT: usize = 0x1fe;

/// The first whole 512 bytes end as a boot sector does.
fn is_boot_sector(record: &[u8]) -> bool {
    slice(record, END_AT, END.len()) == Some(&END)
}

fn has_hash(code: &[u8], sha256: &str) -> bool {
    hex(&Sha256::digest(code)) == sha256
}

/// Of the codes in a carrier the first that is known, or else the first.
fn best<T>(found: impl Iterator<Item = T>, is_known: impl Fn(&T) -> bool) -> Option<T> {
    let mut first = None;
    for code in found {
        if is_known(&code) {
            return Some(code);
        }
        first = first.or(Some(code));
    }
    first
}
