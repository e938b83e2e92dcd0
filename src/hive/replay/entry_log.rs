//! The scheme of Windows 8.1 and later: a log of numbered entries, each with the pages of one flush.
//!
//! M. Suhanov, "Windows registry file format specification", Log entry and Dirty hive. An entry counts when it follows
//! the one before by number and both its hashes are right; the first that does not ends the log. What stands behind is
//! left over from earlier use.

use super::RECOVERED_MAX;
use super::head::HEAD;
use super::marvin::marvin32;
use super::reason::EntryError;
use super::reason::LogEnd;
use crate::bytes;
use crate::hive::base_block::BASE_BLOCK_SIZE;

/// Bytes of an entry before its references to pages.
const ENTRY_HEAD: usize = 0x28;
/// Bytes of an entry over which its second hash is; the first hash stands among them.
const HASHED_HEAD: usize = 0x20;
/// Entries and pages are multiples of this.
const UNIT: usize = 512;

/// One flush.
#[derive(Debug)]
pub(super) struct LogEntry<'a> {
    pub(super) number: u32,
    pub(super) flags: u32,
    pub(super) bins_size: u32,
    /// File offset in the hive, and what belongs there.
    pub(super) pages: Vec<(usize, &'a [u8])>,
    /// Bytes in the log.
    size: usize,
}

/// The entries of a log from `first` on, which is the number in its head; and why it ends where it ends.
pub(super) fn entries(log: &[u8], first: u32) -> (Vec<LogEntry<'_>>, LogEnd) {
    let (mut all, mut at, mut number) = (Vec::new(), HEAD, first);
    loop {
        let entry = match entry(log, at, number) {
            Ok(entry) => entry,
            Err(why) => return (all, LogEnd::Entry { number, at, why }),
        };
        at = at.saturating_add(entry.size);
        all.push(entry);
        let Some(next) = number.checked_add(1) else { return (all, LogEnd::Numbers) };
        number = next;
    }
}

fn entry(log: &[u8], at: usize, number: u32) -> Result<LogEntry<'_>, EntryError> {
    let rest = log.get(at..).unwrap_or_default();
    let head = rest.get(..ENTRY_HEAD).filter(|head| head.starts_with(b"HvLE")).ok_or(EntryError::Absent)?;
    let field = |at| bytes::le_u32(head, at).unwrap_or(0);
    if field(0x0c) != number {
        return Err(EntryError::Number(field(0x0c)));
    }
    let size = length(field(4));
    if size < ENTRY_HEAD || !size.is_multiple_of(UNIT) {
        return Err(EntryError::Size(size));
    }
    let whole = rest.get(..size).ok_or(EntryError::Cut(size))?;
    if !is_head_sound(head) {
        return Err(EntryError::HeadHash);
    }
    if bytes::le_u64(head, 0x18) != whole.get(ENTRY_HEAD..).map(marvin32) {
        return Err(EntryError::DataHash);
    }
    let bins_size = field(0x10);
    let hive = length(bins_size).saturating_add(BASE_BLOCK_SIZE);
    if bins_size == 0 || !bins_size.is_multiple_of(0x1000) || hive > RECOVERED_MAX {
        return Err(EntryError::Bins(length(bins_size)));
    }
    let pages = pages(whole, length(field(0x14)), length(bins_size))?;
    Ok(LogEntry { number, flags: field(8), bins_size, pages, size })
}

/// The pages of an entry: so many references, then the bytes of each.
fn pages(entry: &[u8], count: usize, bins_size: usize) -> Result<Vec<(usize, &[u8])>, EntryError> {
    let data = count.checked_mul(8).and_then(|len| len.checked_add(ENTRY_HEAD));
    let mut data = data.filter(|data| *data <= entry.len()).ok_or(EntryError::References)?;
    let references = entry.get(ENTRY_HEAD..data).unwrap_or_default();
    let mut all = Vec::new();
    for reference in references.chunks_exact(8) {
        let offset = length(bytes::le_u32(reference, 0).unwrap_or(0));
        let size = length(bytes::le_u32(reference, 4).unwrap_or(0));
        let fits = offset.checked_add(size).is_some_and(|end| end <= bins_size);
        if !fits || size == 0 || !size.is_multiple_of(UNIT) || !offset.is_multiple_of(UNIT) {
            return Err(EntryError::Reference { offset, size });
        }
        let bytes = bytes::slice(entry, data, size).ok_or(EntryError::Pages)?;
        all.push((offset.saturating_add(BASE_BLOCK_SIZE), bytes));
        data = data.saturating_add(size);
    }
    Ok(all)
}

/// The highest number of all entries in a log, also of those that are left over in it.
pub(super) fn highest(log: &[u8]) -> Option<u32> {
    let heads = log.chunks_exact(UNIT).skip(1).filter_map(|unit| unit.get(..ENTRY_HEAD));
    let sound = heads.filter(|head| head.starts_with(b"HvLE") && is_head_sound(head));
    sound.filter_map(|head| bytes::le_u32(head, 0x0c)).max()
}

fn is_head_sound(head: &[u8]) -> bool {
    bytes::le_u64(head, 0x20) == head.get(..HASHED_HEAD).map(marvin32)
}

fn length(field: u32) -> usize {
    usize::try_from(field).unwrap_or(usize::MAX)
}
