//! FAT directories: entries of 32 bytes, long names in entries of their own before the short one.

use crate::bytes::le_u16;
use crate::bytes::le_u32;
use crate::bytes::slice;
use crate::storage::Storage;
use crate::volume::error::VolumeError;
use crate::volume::fat::boot_sector::BootSector;
use crate::volume::fat::boot_sector::Width;
use crate::volume::fat::chain::Walk;

/// Entries of a directory that are looked at: as many as the specification allows.
const MAX_ENTRIES: usize = 65536;
const DIRECTORY: u8 = 0x10;
const LABEL: u8 = 0x08;
const LONG_NAME: u8 = 0x0f;

/// A file or directory, or the volume's label.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DirectoryEntry {
    /// Which of the 32 bytes of the directory it is, from 0: that of the short name.
    pub(crate) slot: usize,
    /// The long name, or the short one where there is no long one.
    pub(crate) name: String,
    /// The 8.3 name.
    pub(crate) short_name: String,
    /// A directory.
    pub(crate) is_directory: bool,
    /// The entry that holds the volume's label.
    pub(crate) is_label: bool,
    /// First cluster; 0 for an empty file, and for the root directory in "..".
    pub(crate) cluster: u32,
    /// Length in bytes.
    pub(crate) len: u32,
}

impl DirectoryEntry {
    /// Whether `name` names this entry, whatever its case.
    pub(crate) fn is_named(&self, name: &str) -> bool {
        is_same_name(&self.name, name) || is_same_name(&self.short_name, name)
    }
}

fn is_same_name(one: &str, other: &str) -> bool {
    one.chars().flat_map(char::to_uppercase).eq(other.chars().flat_map(char::to_uppercase))
}

/// The entries of the directory that begins in `cluster` (0: the root), until `until` accepts one.
///
/// # Errors
/// The chain of its clusters is damaged, or it is longer than a directory can be.
pub(crate) fn entries(
    storage: &dyn Storage,
    boot: &BootSector,
    cluster: u32,
    mut until: impl FnMut(&DirectoryEntry) -> bool,
) -> Result<Vec<DirectoryEntry>, VolumeError> {
    let mut reader = EntryReader { fat32: boot.width == Width::Bits32, ..EntryReader::default() };
    if cluster == 0 && boot.width != Width::Bits32 {
        let (at, len) = boot.root;
        let bytes = storage.read_vec(at, usize::try_from(len).unwrap_or(0))?;
        reader.take(&bytes, &mut until);
        return Ok(reader.found);
    }
    let first = if cluster == 0 { boot.root_cluster } else { cluster };
    let size = usize::try_from(boot.cluster_size).unwrap_or(0);
    let mut walk = Walk::new(storage, boot, first);
    while let Some((_, at)) = walk.step()? {
        if reader.take(&storage.read_vec(at, size)?, &mut until) {
            break;
        }
        if reader.seen > MAX_ENTRIES {
            let expected = format!("at most {MAX_ENTRIES} entries");
            return Err(VolumeError::corrupt("FAT directory", at, expected, "more"));
        }
    }
    Ok(reader.found)
}

/// The entries of a directory that has these bytes.
pub(crate) fn decode(bytes: &[u8], width: Width) -> Vec<DirectoryEntry> {
    let mut reader = EntryReader { fat32: width == Width::Bits32, ..EntryReader::default() };
    reader.take(bytes, &mut |_| false);
    reader.found
}

/// The first entry of a directory of FAT12 or FAT16 that begins with these bytes, by its short name.
pub(crate) fn first_entry(bytes: &[u8]) -> Option<DirectoryEntry> {
    EntryReader::default().entry(bytes)
}

/// Puts entries together across clusters.
#[derive(Default)]
struct EntryReader {
    fat32: bool,
    seen: usize,
    long: LongName,
    found: Vec<DirectoryEntry>,
}

impl EntryReader {
    /// Takes a stretch of the directory; true when nothing after it matters.
    fn take(&mut self, bytes: &[u8], until: &mut impl FnMut(&DirectoryEntry) -> bool) -> bool {
        for raw in bytes.chunks_exact(32) {
            self.seen = self.seen.saturating_add(1);
            match (raw.first(), raw.get(11)) {
                (Some(0), _) => return true,
                (Some(0xe5), _) => self.long = LongName::default(),
                (_, Some(attributes)) if attributes & 0x3f == LONG_NAME => self.long.add(raw),
                _ => {
                    let Some(entry) = self.entry(raw) else { continue };
                    let is_enough = until(&entry);
                    self.found.push(entry);
                    if is_enough {
                        return true;
                    }
                }
            }
        }
        false
    }

    fn entry(&mut self, raw: &[u8]) -> Option<DirectoryEntry> {
        let attributes = *raw.get(11)?;
        let is_label = attributes & LABEL != 0;
        let short_name = if is_label { label(raw)? } else { short_name(raw)? };
        let long = std::mem::take(&mut self.long).matching(raw);
        let high = if self.fat32 { u32::from(le_u16(raw, 20)?) } else { 0 };
        Some(DirectoryEntry {
            slot: self.seen.saturating_sub(1),
            name: long.unwrap_or_else(|| short_name.clone()),
            short_name,
            is_directory: attributes & DIRECTORY != 0,
            is_label,
            cluster: (high << 16) | u32::from(le_u16(raw, 26)?),
            len: le_u32(raw, 28)?,
        })
    }
}

/// The parts of a long name, which stand before the short entry with the last part first.
#[derive(Default)]
struct LongName {
    parts: Vec<Vec<u16>>,
    expected: u8,
    checksum: u8,
}

impl LongName {
    fn add(&mut self, raw: &[u8]) {
        let order = raw.first().copied().unwrap_or(0);
        let checksum = raw.get(13).copied().unwrap_or(0);
        let number = order & 0x1f;
        if order & 0x40 != 0 {
            *self = Self { parts: Vec::new(), expected: number, checksum };
        }
        if number == 0 || number != self.expected || checksum != self.checksum {
            *self = Self::default();
            return;
        }
        self.expected = number.saturating_sub(1);
        let units = [(1, 5), (14, 6), (28, 2)].into_iter().flat_map(|(at, count)| {
            slice(raw, at, usize::saturating_mul(count, 2)).unwrap_or_default().chunks_exact(2)
        });
        self.parts.push(units.filter_map(|pair| le_u16(pair, 0)).collect());
    }

    /// The name, when all its parts were there and belong to the short entry `raw`.
    fn matching(self, raw: &[u8]) -> Option<String> {
        let sum = slice(raw, 0, 11)?.iter().fold(0u8, |sum, byte| sum.rotate_right(1).wrapping_add(*byte));
        if self.parts.is_empty() || self.expected != 0 || self.checksum != sum {
            return None;
        }
        let units = self.parts.into_iter().rev().flatten().take_while(|unit| *unit != 0);
        Some(String::from_utf16_lossy(&units.collect::<Vec<u16>>()))
    }
}

/// The 8.3 name, in lower case where the entry says so (byte 12, as Windows NT writes it).
fn short_name(raw: &[u8]) -> Option<String> {
    let case = *raw.get(12)?;
    let part = |at, len, lower: bool| -> Option<String> {
        let text: String = slice(raw, at, len)?.iter().map(|byte| oem(*byte)).collect();
        let text = text.trim_end_matches(' ');
        Some(if lower { text.to_ascii_lowercase() } else { text.to_string() })
    };
    let mut base = part(0, 8, case & 0x08 != 0)?;
    // A name that begins with byte 0xe5 is stored with 0x05, because 0xe5 means deleted.
    if raw.first() == Some(&0x05) {
        base = base.replacen('\u{5}', "\u{fffd}", 1);
    }
    let extension = part(8, 3, case & 0x10 != 0)?;
    Some(if extension.is_empty() { base } else { format!("{base}.{extension}") })
}

fn label(raw: &[u8]) -> Option<String> {
    let text: String = slice(raw, 0, 11)?.iter().map(|byte| oem(*byte)).collect();
    Some(text.trim_end_matches(' ').to_string())
}

/// A byte of an unknown code page; only its ASCII half is known.
fn oem(byte: u8) -> char {
    if byte.is_ascii() { char::from(byte) } else { char::REPLACEMENT_CHARACTER }
}
