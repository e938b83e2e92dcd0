//! One copy of a GUID partition table: a header and the array of entries that it vouches for.
//!
//! Source: UEFI specification, "GPT Header" and "GPT Partition Entry Array".

use crc::CRC_32_ISO_HDLC;
use crc::Crc;

use crate::bytes::array;
use crate::bytes::le_u32;
use crate::bytes::le_u64;
use crate::bytes::slice;
use crate::bytes::utf16le_until_nul;
use crate::error::way_out::TableCure;
use crate::guid::Guid;
use crate::partition::error::PartitionError;
use crate::storage::Storage;
use crate::storage::StorageError;

/// Bytes of an entry. Other sizes are allowed by the specification and written by nobody.
pub(crate) const ENTRY_SIZE: u32 = 128;
/// Entries that are read; Windows and sgdisk write 128, and more than this is damage or an attack on our memory.
const MAX_ENTRIES: u32 = 4096;
/// How a header begins.
const SIGNATURE: &[u8] = b"EFI PART";
pub(crate) const CRC: Crc<u32> = Crc::<u32>::new(&CRC_32_ISO_HDLC);

/// One entry in use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// Place in the array, from 1, as Linux numbers partitions.
    pub(crate) number: u32,
    /// Partition type.
    pub(crate) kind: Guid,
    /// Unique partition GUID.
    pub(crate) guid: Guid,
    /// First sector.
    pub(crate) first: u64,
    /// Last sector, inclusive.
    pub(crate) last: u64,
    /// Name, up to 36 UTF-16 units.
    pub(crate) name: String,
}

/// A copy of the table whose both checksums are right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Copy {
    /// Disk GUID, header byte 0x38.
    pub(crate) disk: Guid,
    /// Where the other header is said to be, in sectors.
    pub(crate) alternate: u64,
    /// Entries in use.
    pub(crate) entries: Vec<Entry>,
}

/// One copy of a GPT as bytes: the sector of its header, and the array.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GptBytes {
    /// Byte offset of the header's sector on the disk.
    pub header_at: u64,
    /// The header's sector.
    pub header: Vec<u8>,
    /// Byte offset of the array on the disk.
    pub array_at: u64,
    /// The array, all entries.
    pub array: Vec<u8>,
}

/// What lies where a header should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attempt {
    /// Byte offset of the header on the disk.
    pub(crate) at: u64,
    /// The table, or what is wrong with it.
    pub(crate) copy: Result<Copy, Defect>,
    /// The sector of the other header, also from a header that is bad in other ways; `None` without "EFI PART".
    pub(crate) alternate: Option<u64>,
}

/// What is wrong with a copy.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Defect {
    #[error("it lies past the end of the disk")]
    BeyondDisk,
    #[error("no \"EFI PART\" signature")]
    Signature,
    #[error("header size {0}, expected at least 92 and inside the sector")]
    HeaderSize(usize),
    #[error("header checksum 0x{stored:08x}, computed 0x{computed:08x}")]
    Checksum { stored: u32, computed: u32 },
    #[error("header is for sector {own}, found at {lba}")]
    Place { own: u64, lba: u64 },
    #[error("its entries at 0x{at:x} lie past the end of the disk")]
    EntriesBeyondDisk { at: u64 },
    #[error("entries at 0x{at:x} have checksum 0x{computed:08x}, expected 0x{stored:08x}")]
    EntriesChecksum { at: u64, stored: u32, computed: u32 },
    #[error("it cannot be read a second time")]
    Gone,
}

/// Why a copy cannot be had: the other one may help against a defect, not against a refusal.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unusable {
    #[error(transparent)]
    Defective(#[from] Defect),
    #[error(transparent)]
    Refused(#[from] PartitionError),
}

/// Reads the header at sector `lba` and its array.
///
/// # Errors
/// Only when the medium fails, or a header that is sound asks for something that is not handled.
pub(crate) fn read(storage: &dyn Storage, lba: u64, sector_size: u32) -> Result<Attempt, PartitionError> {
    let at = lba.saturating_mul(u64::from(sector_size));
    let none = |defect| Attempt { at, copy: Err(defect), alternate: None };
    let Some(sector) = bytes(storage, at, sector_size)? else {
        return Ok(none(Defect::BeyondDisk));
    };
    if !sector.starts_with(SIGNATURE) {
        return Ok(none(Defect::Signature));
    }
    let alternate = le_u64(&sector, 0x20);
    let copy = match header_defect(&sector, lba) {
        Some(defect) => Err(defect),
        None => match copy(storage, &sector, sector_size) {
            Ok(copy) => Ok(copy),
            Err(Unusable::Defective(defect)) => Err(defect),
            Err(Unusable::Refused(error)) => return Err(error),
        },
    };
    Ok(Attempt { at, copy, alternate })
}

/// Whether "EFI PART" stands at sector `lba`.
///
/// # Errors
/// The medium fails.
pub(crate) fn is_any(storage: &dyn Storage, lba: u64, sector_size: u32) -> Result<bool, PartitionError> {
    let sector = bytes(storage, lba.saturating_mul(u64::from(sector_size)), sector_size)?;
    Ok(sector.is_some_and(|sector| sector.starts_with(SIGNATURE)))
}

/// The bytes of the copy whose header is at sector `lba`.
///
/// # Errors
/// As [`read`], and the defect, when it has one.
pub(crate) fn read_bytes(
    storage: &dyn Storage,
    lba: u64,
    sector_size: u32,
) -> Result<(Copy, GptBytes), Unusable> {
    let attempt = read(storage, lba, sector_size)?;
    let copy = attempt.copy?;
    let header = bytes(storage, attempt.at, sector_size)?.ok_or(Defect::Gone)?;
    let array_at = le_u64(&header, 0x48).unwrap_or(0).saturating_mul(u64::from(sector_size));
    let len = le_u32(&header, 0x50).unwrap_or(0).saturating_mul(ENTRY_SIZE);
    let array = bytes(storage, array_at, len)?.ok_or(Defect::Gone)?;
    Ok((copy, GptBytes { header_at: attempt.at, header, array_at, array }))
}

/// What is wrong with the header in `sector`, checksum first.
fn header_defect(sector: &[u8], lba: u64) -> Option<Defect> {
    let size = usize::try_from(le_u32(sector, 0x0c)?).ok()?;
    let Some(header) = (size >= 92).then(|| slice(sector, 0, size)).flatten() else {
        return Some(Defect::HeaderSize(size));
    };
    let mut zeroed = header.to_vec();
    zeroed.get_mut(0x10..0x14)?.fill(0);
    let (stored, computed) = (le_u32(sector, 0x10)?, CRC.checksum(&zeroed));
    if stored != computed {
        return Some(Defect::Checksum { stored, computed });
    }
    let own = le_u64(sector, 0x18)?;
    (own != lba).then_some(Defect::Place { own, lba })
}

/// The table of a header whose checksum is right.
fn copy(storage: &dyn Storage, sector: &[u8], sector_size: u32) -> Result<Copy, Unusable> {
    let word = |at| le_u32(sector, at).unwrap_or(0);
    let (count, size) = (word(0x50), word(0x54));
    if size != ENTRY_SIZE {
        return Err(unsupported(format!("GPT entries of {size} bytes (only 128 is supported)")).into());
    }
    if count == 0 || count > MAX_ENTRIES {
        return Err(
            unsupported(format!("a GPT with {count} entries (1 to {MAX_ENTRIES} are supported)")).into()
        );
    }
    let at = le_u64(sector, 0x48).unwrap_or(0).saturating_mul(u64::from(sector_size));
    let array =
        bytes(storage, at, count.saturating_mul(ENTRY_SIZE))?.ok_or(Defect::EntriesBeyondDisk { at })?;
    let (stored, computed) = (word(0x58), CRC.checksum(&array));
    if stored != computed {
        return Err(Defect::EntriesChecksum { at, stored, computed }.into());
    }
    Ok(Copy {
        disk: Guid::from_bytes(crate::bytes::array(sector, 0x38).unwrap_or_default()),
        alternate: le_u64(sector, 0x20).unwrap_or(0),
        entries: (1u32..)
            .zip(array.chunks_exact(128))
            .filter_map(|(number, raw)| entry(number, raw))
            .collect(),
    })
}

/// The entry in 128 bytes; `None` when its type GUID is zero, which means unused.
fn entry(number: u32, raw: &[u8]) -> Option<Entry> {
    let kind = Guid::from_bytes(array(raw, 0)?);
    if kind.is_zero() {
        return None;
    }
    Some(Entry {
        number,
        kind,
        guid: Guid::from_bytes(array(raw, 0x10)?),
        first: le_u64(raw, 0x20)?,
        last: le_u64(raw, 0x28)?,
        name: utf16le_until_nul(slice(raw, 0x38, 72)?),
    })
}

/// `len` bytes at `at`, or `None` when the disk ends before.
fn bytes(storage: &dyn Storage, at: u64, len: u32) -> Result<Option<Vec<u8>>, PartitionError> {
    match storage.read_vec(at, usize::try_from(len).unwrap_or(usize::MAX)) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(StorageError::OutOfRange { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn unsupported(what: String) -> PartitionError {
    PartitionError::unsupported(what, TableCure::Rewrite)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::partition::test_tools;
    use crate::storage::ram::Ram;

    #[test]
    fn each_defect_of_a_copy_is_told_apart() {
        let good = test_tools::sgdisk(&["-n1:2048:+1M", "-t1:0700"]).bytes();
        let defect = |change: &dyn Fn(&mut Vec<u8>)| {
            let mut bytes = good.clone();
            change(&mut bytes);
            read(&Ram::new(bytes, None), 1, 512).unwrap().copy.unwrap_err()
        };
        let seal = |bytes: &mut [u8]| {
            bytes[0x210..0x214].fill(0);
            let sum = CRC.checksum(&bytes[0x200..0x25c]);
            bytes[0x210..0x214].copy_from_slice(&sum.to_le_bytes());
        };
        assert_eq!(defect(&|bytes| bytes.truncate(0x3ff)), Defect::BeyondDisk);
        assert_eq!(defect(&|bytes| bytes[0x200] = 0), Defect::Signature);
        assert_eq!(defect(&|bytes| bytes[0x20c] = 91), Defect::HeaderSize(91));
        let wrong = defect(&|bytes| bytes[0x238] ^= 1);
        assert!(matches!(wrong, Defect::Checksum { stored, computed } if stored != computed), "{wrong}");
        let moved = defect(&|bytes| {
            bytes[0x218] = 2;
            seal(bytes);
        });
        assert_eq!(moved, Defect::Place { own: 2, lba: 1 });
        assert_eq!(moved.to_string(), "header is for sector 2, found at 1");
        let beyond = defect(&|bytes| bytes.truncate(0x500));
        assert_eq!(beyond, Defect::EntriesBeyondDisk { at: 0x400 });
        let entries = defect(&|bytes| bytes[0x410] ^= 1);
        assert!(matches!(entries, Defect::EntriesChecksum { at: 0x400, .. }), "{entries}");
        let text = Defect::EntriesChecksum { at: 0x400, stored: 2, computed: 1 }.to_string();
        assert_eq!(text, "entries at 0x400 have checksum 0x00000001, expected 0x00000002");
    }
}
