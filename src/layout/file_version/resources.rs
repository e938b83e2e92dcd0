//! The walk to the version: directory of types, of names, of languages, data entry, `VS_VERSIONINFO`.
//!
//! Sources: Microsoft, "PE Format" ("The .rsrc Section"), `VS_VERSIONINFO` and `VS_FIXEDFILEINFO`.

use crate::bytes::slice;
use crate::bytes::utf16le_until_nul;
use crate::layout::file_version::FileVersion;
use crate::layout::file_version::error::FileVersionError;
use crate::layout::file_version::error::Result;
use crate::layout::file_version::error::corrupt;
use crate::layout::file_version::image::File;
use crate::layout::file_version::image::Image;
use crate::layout::file_version::image::expect;
use crate::layout::file_version::image::u16_at;
use crate::layout::file_version::image::u32_at;

/// Types of resources in one file, at most; Windows knows 24, and a file may add its own.
const TYPES_MAX: u16 = 500;
/// `RT_VERSION`.
const VERSION_TYPE: u32 = 16;
/// The high bit of an entry's offset: a directory is there, not data.
const DIRECTORY: u32 = 0x8000_0000;
/// Lengths of `VS_VERSIONINFO` up to its value (three words, the key, padding), and of the value.
const HEAD: usize = 40;
const FIXED: usize = 52;

/// The version of the first name in the first language. Three levels, wherever they lead.
pub(super) fn version(file: &mut File<'_>, image: &Image) -> Result<FileVersion> {
    let base = image.place("optional header", image.optional, image.resources)?;
    let names = version_type(file, base)?;
    let languages = first(file, base, names)?;
    let leaf = first(file, base, languages)?;
    if leaf & DIRECTORY != 0 {
        return Err(corrupt("resource language", base, "data", "a directory"));
    }
    let at = offset(base, leaf);
    let entry = file.bytes("resource data entry", at, 16)?;
    let (address, size) = (u32_at(entry, 0), u32_at(entry, 4));
    fixed_info(file, image.place("resource data entry", at, address)?, size)
}

/// In the root of the resources, the offset of the directory for version resources.
fn version_type(file: &mut File<'_>, base: u64) -> Result<u32> {
    let root = file.bytes("resource directory", base, 16)?;
    let count = u16_at(root, 12).saturating_add(u16_at(root, 14));
    if count > TYPES_MAX {
        let expected = format!("at most {TYPES_MAX} types");
        return Err(corrupt("resource directory", base, expected, count.to_string()));
    }
    let len = usize::from(count).saturating_mul(8);
    let entries = file.bytes("resource directory", base.saturating_add(16), len)?;
    let entry = entries.chunks_exact(8).find(|entry| u32_at(entry, 0) == VERSION_TYPE);
    entry.map(|entry| u32_at(entry, 4)).ok_or(FileVersionError::Absent)
}

/// The offset in the first entry of the directory at `directory`: of names, then of languages.
fn first(file: &mut File<'_>, base: u64, directory: u32) -> Result<u32> {
    if directory & DIRECTORY == 0 {
        return Err(corrupt("resource directory", base, "a directory of names or languages", "data"));
    }
    let at = offset(base, directory);
    let bytes = file.bytes("resource directory", at, 24)?;
    match (u16_at(bytes, 12), u16_at(bytes, 14)) {
        (0, 0) => Err(FileVersionError::Absent),
        _ => Ok(u32_at(bytes, 20)),
    }
}

/// `VS_VERSIONINFO`: length, length of the value, type; a key; then, aligned, `VS_FIXEDFILEINFO`.
fn fixed_info(file: &mut File<'_>, at: u64, size: u32) -> Result<FileVersion> {
    const WHAT: &str = "version resource";
    let len = HEAD.saturating_add(FIXED);
    if usize::try_from(size).is_ok_and(|size| size < len) {
        return Err(corrupt(WHAT, at, format!("at least {len} bytes"), size.to_string()));
    }
    let bytes = file.bytes(WHAT, at, len)?;
    let key = utf16le_until_nul(slice(bytes, 6, 32).unwrap_or_default());
    if key != "VS_VERSION_INFO" || usize::from(u16_at(bytes, 2)) < FIXED {
        return Err(corrupt(WHAT, at, "VS_VERSION_INFO with a value", format!("{key:?}")));
    }
    let info = slice(bytes, HEAD, FIXED).unwrap_or_default();
    expect(WHAT, offset(at, 40), info, &0xfeef_04bd_u32.to_le_bytes())?;
    Ok(FileVersion {
        major: u16_at(info, 10),
        minor: u16_at(info, 8),
        build: u16_at(info, 14),
        revision: u16_at(info, 12),
    })
}

fn offset(base: u64, inside: u32) -> u64 {
    base.saturating_add(u64::from(inside & !DIRECTORY))
}
