//! NTFS: sixteen sectors of 512 bytes, which are the file `$Boot`. The second begins with the length and name of the file that the
//! code starts.

use crate::bytes::put;
use crate::bytes::slice;
use crate::bytes::tails;
use crate::volume::boot_code::RECORD_SIZE;
use crate::volume::boot_code::best;
use crate::volume::boot_code::has_hash;
use crate::volume::boot_code::is_boot_sector;

/// What a record begins with: the jump over its fields, and the OEM id.
const SIGNATURE: &[u8] = b"\xeb\x52\x90NTFS    ";
/// Where the fields end, and the code begins.
const CODE_AT: usize = 0x54;
/// The length of the name in UTF-16 units and the name.
const NAME_AT: usize = 0x200;
const NAME: &[u8] = b"\x07\0B\0O\0O\0T\0M\0G\0R\0";
/// The code of Windows 8 and later ends at 0x1309, and that of Windows 7 leaves the last sectors free too.
const ZEROS_AT: usize = 0x1c00;
/// The code of Windows 8 to 11, byte for byte.
const KNOWN: &str = "89298ff3c98b7e81081effa6133cfd3a67c7ab7f3f1b698f8b06e37f44606cf5";

/// The code of an NTFS boot record that starts `\bootmgr`: bytes 0x54 to 0x1fff.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NtfsBootCode(Vec<u8>);

impl NtfsBootCode {
    /// The code in a program or library of Windows, which carries whole records; one that is known goes before others.
    #[must_use]
    pub fn find_in(carrier: &[u8]) -> Option<Self> {
        best(tails(carrier, SIGNATURE).filter_map(Self::of_record), Self::is_known)
    }

    /// The code of a record, of which the first 8192 bytes are needed; `None` for one that starts something else.
    #[must_use]
    pub fn of_record(record: &[u8]) -> Option<Self> {
        let record = record.get(..RECORD_SIZE)?;
        let is_it = record.starts_with(SIGNATURE)
            && is_boot_sector(record)
            && slice(record, NAME_AT, NAME.len()) == Some(NAME)
            && record.get(ZEROS_AT..)?.iter().all(|byte| *byte == 0);
        let code = record.get(CODE_AT..)?;
        let begins = code.iter().take(8).any(|byte| *byte != 0);
        (is_it && begins).then(|| Self(code.to_vec()))
    }

    /// Whether it is byte for byte that of Windows 8 to 11.
    #[must_use]
    pub fn is_known(&self) -> bool {
        has_hash(&self.0, KNOWN)
    }

    /// A record, of which the first 8192 bytes are needed, with this code and all its fields; `None` when it does not jump to where
    /// the code begins, or is not that of NTFS.
    #[must_use]
    pub fn written_over(&self, record: &[u8]) -> Option<Vec<u8>> {
        if record.len() < RECORD_SIZE || !record.starts_with(SIGNATURE) {
            return None;
        }
        let mut record = record.to_vec();
        put(&mut record, CODE_AT, &self.0);
        Some(record)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volume::test_tools::noise;

    /// A record with code that is nobody's.
    fn record(name: &str) -> Vec<u8> {
        let mut record = noise(RECORD_SIZE);
        record[..SIGNATURE.len()].copy_from_slice(SIGNATURE);
        record[0x1fe..0x200].copy_from_slice(&[0x55, 0xaa]);
        let name = [vec![name.len() as u8, 0], crate::bytes::utf16le(name)].concat();
        record[0x200..0x200 + name.len()].copy_from_slice(&name);
        record[0x1400..].fill(0);
        record
    }

    #[test]
    fn code_is_found_in_what_carries_it() {
        let record = record("BOOTMGR");
        let code = NtfsBootCode::of_record(&record).unwrap();
        assert!(!code.is_known());
        let carrier = [noise(777), SIGNATURE.to_vec(), noise(100), record.clone(), noise(5)].concat();
        assert_eq!(NtfsBootCode::find_in(&carrier), Some(code));
        assert_eq!(NtfsBootCode::find_in(&carrier[..carrier.len() - 6]), None);
        assert_eq!(NtfsBootCode::find_in(&[]), None);
    }

    #[test]
    fn what_starts_something_else_is_not_taken() {
        // An image of a volume in a file, as boot.sdi is.
        assert_eq!(NtfsBootCode::find_in(&record("NTLDR")), None);
        for (at, value) in [(0x1ff, 0), (0x200, 8), (0x20c, 7), (0x1fff, 1), (1, 0x58), (3, b'n')] {
            let mut other = record("BOOTMGR");
            other[at] = value;
            assert_eq!(NtfsBootCode::of_record(&other), None, "{at:x}");
        }
        let mut empty = record("BOOTMGR");
        empty[0x54..0x1fe].fill(0);
        assert_eq!(NtfsBootCode::of_record(&empty), None);
    }

    #[test]
    fn fields_stay_and_the_code_comes() {
        let code = NtfsBootCode::of_record(&record("BOOTMGR")).unwrap();
        let mut other = vec![0x11; RECORD_SIZE + 512];
        assert_eq!(code.written_over(&other), None);
        other[..SIGNATURE.len()].copy_from_slice(SIGNATURE);
        let written = code.written_over(&other).unwrap();
        assert_eq!((&written[..0x54], &written[RECORD_SIZE..]), (&other[..0x54], &other[RECORD_SIZE..]));
        assert_eq!(NtfsBootCode::of_record(&written), Some(code.clone()));
        assert_eq!(code.written_over(&other[..RECORD_SIZE - 1]), None);
    }
}
