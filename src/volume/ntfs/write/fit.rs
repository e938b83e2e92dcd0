//! What of a volume may be changed: plain files and directories, described by one record each.

use crate::bytes::le_u32;
use crate::volume::ntfs::Found;
use crate::volume::ntfs::NtfsVolume;
use crate::volume::ntfs::ROOT;
use crate::volume::ntfs::file_record;
use crate::volume::ntfs::file_record::FileRecord;
use crate::volume::ntfs::locate::agree_on_name;
use crate::volume::ntfs::write::error::NtfsWriteError;
use crate::volume::ntfs::write::error::Oddity;
use crate::volume::ntfs::write::error::odd;

/// Records below this one are the file system's own.
const FIRST_FILE: u64 = 24;
/// File attributes of $STANDARD_INFORMATION.
const SPARSE: u32 = 0x0200;
const REPARSE: u32 = 0x0400;
const COMPRESSED: u32 = 0x0800;
const ENCRYPTED: u32 = 0x4000;
/// Flag of a directory in which names differ by case (at 0x28 of $STANDARD_INFORMATION).
const CASE_SENSITIVE: u32 = 1;

/// The directory of a path, if new entries may come into it.
///
/// # Errors
/// It is not there, or has something about it that is only read here.
pub(super) fn directory(volume: &NtfsVolume<'_>, path: &str) -> Result<Found, NtfsWriteError> {
    let found = found(volume, path)?;
    let odd = |oddity| odd(&found.path, oddity);
    if !found.record.is_directory {
        return Err(odd(Oddity::File));
    }
    if found.number < FIRST_FILE && found.number != ROOT {
        return Err(odd(Oddity::System));
    }
    let indexes = found.record.attributes.iter().filter(|it| it.kind >= file_record::INDEX_ROOT);
    if indexes.filter(|it| it.kind <= file_record::BITMAP).any(|it| it.flags != 0) {
        return Err(odd(Oddity::Compressed));
    }
    if information(&found.record, 0x28) & CASE_SENSITIVE != 0 {
        return Err(odd(Oddity::CaseSensitive));
    }
    Ok(found)
}

/// The file of a path, if its contents may be changed.
///
/// # Errors
/// It is not there, or has something about it that is only read here.
pub(super) fn file(volume: &NtfsVolume<'_>, path: &str) -> Result<Found, NtfsWriteError> {
    let found = found(volume, path)?;
    let odd = |oddity| odd(&found.path, oddity);
    if found.record.is_directory {
        return Err(odd(Oddity::Directory));
    }
    if found.number < FIRST_FILE {
        return Err(odd(Oddity::System));
    }
    let contents: Vec<u16> = found.record.all(file_record::DATA, "").map(|data| data.flags).collect();
    match contents.as_slice() {
        [0] => Ok(found),
        [flags] if flags & 0x4000 != 0 => Err(odd(Oddity::Encrypted)),
        [flags] if flags & 0x8000 != 0 => Err(odd(Oddity::Sparse)),
        [_] => Err(odd(Oddity::Compressed)),
        _ => Err(odd(Oddity::Data)),
    }
}

/// What both readers find, without what neither may have.
fn found(volume: &NtfsVolume<'_>, path: &str) -> Result<Found, NtfsWriteError> {
    let Some(found) = volume.lookup(path)? else { return Err(NtfsWriteError::Missing(path.to_owned())) };
    agree_on_name(volume, &found)?;
    let flags = information(&found.record, 0x20);
    let oddity = match &found.record {
        record if record.has_attribute_list() => Oddity::AttributeList,
        record if flags & REPARSE != 0 || record.reparse_tag().is_some() => Oddity::Reparse,
        _ if flags & ENCRYPTED != 0 => Oddity::Encrypted,
        _ if flags & COMPRESSED != 0 => Oddity::Compressed,
        _ if flags & SPARSE != 0 => Oddity::Sparse,
        _ => return Ok(found),
    };
    Err(odd(&found.path, oddity))
}

/// A field of $STANDARD_INFORMATION.
fn information(record: &FileRecord, at: usize) -> u32 {
    record.resident(file_record::STANDARD_INFORMATION).and_then(|bytes| le_u32(bytes, at)).unwrap_or(0)
}
