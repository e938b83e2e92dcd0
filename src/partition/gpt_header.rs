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
use crate::guid::Guid;
use crate::partition::PartitionError;
use crate::partition::edit::GptBytes;
use crate::storage::Storage;
use crate::storage::StorageError;

/// Bytes of an entry. Other sizes are allowed by the specification and written by nobody.
pub(crate) const ENTRY_SIZE: u32 = 128;
/// Entries that are read; Windows and sgdisk write 128, and more than this is damage or an attack on our memory.
const MAX_ENTRIES: u32 = 4096;
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

/// What lies where a header should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attempt {
    /// Byte offset of the header on the disk.
    pub(crate) at: u64,
    /// The table, or what is wrong with it.
    pub(crate) copy: Result<Copy, String>,
    /// The sector of the other header, also from a header that is bad in other ways; `None` without "EFI PART".
    pub(crate) alternate: Option<u64>,
}

/// Reads the header at sector `lba` and its array.
///
/// # Errors
/// Only when the medium fails, or a header that is sound asks for something that is not handled.
pub(crate) fn read(storage: &dyn Storage, lba: u64, sector_size: u32) -> Result<Attempt, PartitionError> {
    let at = lba.saturating_mul(u64::from(sector_size));
    let none = |why: &str| Attempt { at, copy: Err(why.into()), alternate: None };
    let Some(sector) = bytes(storage, at, sector_size)? else {
        return Ok(none("it lies beyond the end of the disk"));
    };
    if slice(&sector, 0, 8) != Some(b"EFI PART") {
        return Ok(none("no \"EFI PART\" there"));
    }
    let alternate = le_u64(&sector, 0x20);
    let copy = match header_defect(&sector, lba) {
        Some(defect) => Err(defect),
        None => copy(storage, &sector, sector_size)?,
    };
    Ok(Attempt { at, copy, alternate })
}

/// The bytes of the copy whose header is at sector `lba`; its defect, when it has one.
///
/// # Errors
/// As [`read`].
pub(crate) fn read_bytes(
    storage: &dyn Storage,
    lba: u64,
    sector_size: u32,
) -> Result<Result<(Copy, GptBytes), String>, PartitionError> {
    let attempt = read(storage, lba, sector_size)?;
    let copy = match attempt.copy {
        Ok(copy) => copy,
        Err(defect) => return Ok(Err(defect)),
    };
    let gone = || Ok(Err("it cannot be read a second time".to_owned()));
    let Some(header) = bytes(storage, attempt.at, sector_size)? else { return gone() };
    let array_at = le_u64(&header, 0x48).unwrap_or(0).saturating_mul(u64::from(sector_size));
    let len = le_u32(&header, 0x50).unwrap_or(0).saturating_mul(ENTRY_SIZE);
    let Some(array) = bytes(storage, array_at, len)? else { return gone() };
    Ok(Ok((copy, GptBytes { header_at: attempt.at, header, array_at, array })))
}

/// What is wrong with the header in `sector`, checksum first.
fn header_defect(sector: &[u8], lba: u64) -> Option<String> {
    let size = usize::try_from(le_u32(sector, 0x0c)?).ok()?;
    let Some(header) = (size >= 92).then(|| slice(sector, 0, size)).flatten() else {
        return Some(format!("header size {size} is not 92 or more and inside the sector"));
    };
    let mut zeroed = header.to_vec();
    zeroed.get_mut(0x10..0x14)?.fill(0);
    let (stored, computed) = (le_u32(sector, 0x10)?, CRC.checksum(&zeroed));
    if stored != computed {
        return Some(format!("its checksum is 0x{stored:08x}, its bytes give 0x{computed:08x}"));
    }
    let own = le_u64(sector, 0x18)?;
    (own != lba).then(|| format!("it says that it is at sector {own}, it is at {lba}"))
}

/// The table of a header whose checksum is right.
fn copy(
    storage: &dyn Storage,
    sector: &[u8],
    sector_size: u32,
) -> Result<Result<Copy, String>, PartitionError> {
    let word = |at| le_u32(sector, at).unwrap_or(0);
    let (count, size) = (word(0x50), word(0x54));
    if size != ENTRY_SIZE {
        return Err(unsupported(format!("GPT entries of {size} bytes (128 are handled)")));
    }
    if count == 0 || count > MAX_ENTRIES {
        return Err(unsupported(format!("a GPT of {count} entries (1 to {MAX_ENTRIES} are handled)")));
    }
    let at = le_u64(sector, 0x48).unwrap_or(0).saturating_mul(u64::from(sector_size));
    let Some(array) = bytes(storage, at, count.saturating_mul(ENTRY_SIZE))? else {
        return Ok(Err(format!("its entries at 0x{at:x} lie beyond the end of the disk")));
    };
    let (stored, computed) = (word(0x58), CRC.checksum(&array));
    if stored != computed {
        return Ok(Err(format!(
            "its entries at 0x{at:x} have checksum 0x{computed:08x}, it expects 0x{stored:08x}"
        )));
    }
    Ok(Ok(Copy {
        disk: Guid::from_bytes(crate::bytes::array(sector, 0x38).unwrap_or_default()),
        alternate: le_u64(sector, 0x20).unwrap_or(0),
        entries: (1u32..)
            .zip(array.chunks_exact(128))
            .filter_map(|(number, raw)| entry(number, raw))
            .collect(),
    }))
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
    PartitionError::Unsupported { what, way_out: "rewrite the table with gdisk or sgdisk".into() }
}
