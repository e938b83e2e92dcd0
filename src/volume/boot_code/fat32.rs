//! FAT32: the first sector, and a second part in sector 12 of the volume, which the first loads. In what carries it the three sectors
//! that Windows formats with (boot sector, FSInfo, second part) stand one after the other.

use crate::bytes::put;
use crate::bytes::slice;
use crate::bytes::tails;
use crate::volume::boot_code::END;
use crate::volume::boot_code::END_AT;
use crate::volume::boot_code::best;
use crate::volume::boot_code::has_hash;
use crate::volume::boot_code::is_boot_sector;

/// Bytes of a sector, by which the code counts.
const SECTOR: usize = 512;
/// The jump over the fields.
const JUMP: &[u8] = b"\xeb\x58\x90";
/// The name of the file system, the last of the fields.
const TYPE_AT: usize = 0x52;
const TYPE: &[u8] = b"FAT32   ";
/// Where the fields end, and the code begins.
const CODE_AT: usize = 0x5a;
/// The name that the code looks for, as a directory spells it.
const NAME_AT: usize = 0x16d;
const NAME: &[u8] = b"BOOTMGR    ";
/// What FSInfo begins with.
const INFO: &[u8] = b"RRaA";
/// The third sector of what carries the code.
const CARRIED_AT: usize = 0x400;
/// The code of Windows 8 to 11: the first sector without fields and end, and the second part.
const KNOWN: [&str; 2] = [
    "44f66283148c68b48d8c574d9e60b638126c77524b7bef91f4fec84341388537",
    "451ed2338384c95de0560feffed85c8f45230ddeaee679ecf6e339736caacfa7",
];

/// The code of a FAT32 boot record that starts `\bootmgr`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fat32BootCode {
    /// Bytes 0x5a to 0x1fd of the first sector.
    first: Vec<u8>,
    /// All of sector 12.
    second: Vec<u8>,
}

impl Fat32BootCode {
    /// First byte of its second part, in sector 12 of a volume.
    pub const SECOND_AT: usize = 0x1800;
    /// Bytes of a record with both parts.
    pub const RECORD_SIZE: usize = 0x1a00;

    /// The code in a program or library of Windows; one that is known goes before others.
    #[must_use]
    pub fn find_in(carrier: &[u8]) -> Option<Self> {
        let carried = |record: &[u8]| {
            let has_info = slice(record, SECTOR, INFO.len()) == Some(INFO);
            Self::of_parts(record, slice(record, CARRIED_AT, SECTOR)?).filter(|_| has_info)
        };
        best(tails(carrier, JUMP).filter_map(carried), Self::is_known)
    }

    /// The code of a record, of which the first 13 sectors are needed; `None` for one that starts something else.
    #[must_use]
    pub fn of_record(record: &[u8]) -> Option<Self> {
        Self::of_parts(record, slice(record, Self::SECOND_AT, SECTOR)?)
    }

    fn of_parts(first: &[u8], second: &[u8]) -> Option<Self> {
        let is_it = is_record(first)
            && is_boot_sector(first)
            && slice(first, NAME_AT, NAME.len()) == Some(NAME)
            && second.iter().take(8).any(|byte| *byte != 0);
        let first = first.get(CODE_AT..END_AT)?;
        is_it.then(|| Self { first: first.to_vec(), second: second.to_vec() })
    }

    /// Whether it is byte for byte that of Windows 8 to 11.
    #[must_use]
    pub fn is_known(&self) -> bool {
        let [first, second] = KNOWN;
        has_hash(&self.first, first) && has_hash(&self.second, second)
    }

    /// A record, of which the first 13 sectors are needed, with this code and all its fields; `None` when it does not jump to where
    /// the code begins, or is not that of FAT32.
    #[must_use]
    pub fn written_over(&self, record: &[u8]) -> Option<Vec<u8>> {
        slice(record, 0, Self::RECORD_SIZE)?;
        let mut record = self.written_over_sector(record)?;
        put(&mut record, Self::SECOND_AT, &self.second);
        Some(record)
    }

    /// The same of the first sector alone, as its backup has it.
    #[must_use]
    pub fn written_over_sector(&self, sector: &[u8]) -> Option<Vec<u8>> {
        if sector.len() < SECTOR || !is_record(sector) {
            return None;
        }
        let mut sector = sector.to_vec();
        put(&mut sector, CODE_AT, &self.first);
        put(&mut sector, END_AT, &END);
        Some(sector)
    }
}

fn is_record(record: &[u8]) -> bool {
    record.starts_with(JUMP) && slice(record, TYPE_AT, TYPE.len()) == Some(TYPE)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volume::test_tools::noise;

    /// The three sectors of a carrier, with code that is nobody's.
    fn carried() -> Vec<u8> {
        let mut carried = noise(0x600);
        for (at, value) in [(0, JUMP), (TYPE_AT, TYPE), (NAME_AT, NAME), (END_AT, &END), (SECTOR, INFO)] {
            put(&mut carried, at, value);
        }
        carried
    }

    #[test]
    fn code_is_found_in_what_carries_it() {
        let carrier = [noise(99), JUMP.to_vec(), carried(), noise(7)].concat();
        let code = Fat32BootCode::find_in(&carrier).unwrap();
        assert!(!code.is_known());
        assert_eq!(code.second, carried()[0x400..]);
        assert_eq!(code.first, carried()[0x5a..0x1fe]);
        assert_eq!(Fat32BootCode::find_in(&carrier[..99 + 3 + 0x5ff]), None);
        for at in [1, 0x52, 0x16d, 0x1fe, 0x200] {
            let mut other = carried();
            other[at] ^= 1;
            assert_eq!(Fat32BootCode::find_in(&other), None, "{at:x}");
        }
        let mut other = carried();
        other[0x400..].fill(0);
        assert_eq!(Fat32BootCode::find_in(&other), None);
    }

    #[test]
    fn fields_stay_and_both_parts_come() {
        let code = Fat32BootCode::find_in(&carried()).unwrap();
        let mut other = vec![0x11; Fat32BootCode::RECORD_SIZE + 512];
        assert_eq!(code.written_over(&other), None);
        put(&mut other, 0, JUMP);
        put(&mut other, TYPE_AT, TYPE);
        let written = code.written_over(&other).unwrap();
        assert_eq!(Fat32BootCode::of_record(&written), Some(code.clone()));
        assert_eq!(written[..0x5a], other[..0x5a]);
        assert_eq!(written[0x200..0x1800], other[0x200..0x1800]);
        assert_eq!(written[0x1a00..], other[0x1a00..]);
        assert_eq!(code.written_over(&other[..0x19ff]), None);
        assert_eq!(code.written_over_sector(&other[..512]).unwrap(), written[..512]);
        assert_eq!(Fat32BootCode::of_record(&written[..0x1900]), None);
    }
}
