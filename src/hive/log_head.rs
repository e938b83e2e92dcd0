//! The beginning of a transaction log (LOG, LOG1, LOG2): whether it may hold what its hive lacks.
//!
//! M. Suhanov, "Windows registry file format specification", Format of transaction log files; in the project's words:
//! a log begins with a copy of the base block, whose file type is 1 or 2 (old scheme: "DIRT", a bitmap, pages) or 6
//! (Windows 8.1 and later: entries "HvLE" from byte 512 on, numbered one by one, the first with the number of the log's
//! base block). Old pages are replayed only when their log was written at the time that the hive names; entries only
//! when the first is not below the hive's secondary number. Nothing is replayed here, and hashes are not checked.

use crate::bytes;
use crate::hive::base_block::BaseBlock;

/// Bytes of a log before its entries, the copy of the base block.
const HEAD: usize = 512;
/// Entries that are looked at; a log of Windows has some hundred.
const ENTRIES_MAX: usize = 65_536;

/// Whether a log may hold what its hive lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LogAge {
    /// Nothing was ever written to it.
    Empty,
    /// All that was seen in it is in the hive.
    Older {
        /// The highest sequence number in it.
        last: u32,
    },
    /// It holds something that is newer than the hive, or it cannot be told that it does not.
    MayBeNewer {
        /// One line: why.
        why: String,
    },
}

impl LogAge {
    /// Judges the log of `log_len` bytes that begins with `head`: its first 512 bytes, better more of it.
    ///
    /// In doubt it may be newer. Windows itself ignores the logs of a clean hive, whatever they hold; of a dirty one
    /// nothing is sure while entries are left that `head` does not show.
    #[must_use]
    pub fn judge(hive: &BaseBlock, head: &[u8], log_len: u64) -> Self {
        if head.iter().all(|byte| *byte == 0) && (head.len() >= HEAD || log_len == 0) {
            return Self::Empty;
        }
        let field = |at| bytes::le_u32(head, at);
        let (Some(first), Some(secondary), Some(kind), Some(written), Some(stored), Some(sum)) = (
            field(0x04),
            field(0x08),
            field(0x1c),
            bytes::le_u64(head, 0x0c),
            field(0x1fc),
            BaseBlock::checksum(head),
        ) else {
            return newer(format!("it has no complete base block, only {} bytes", head.len()));
        };
        if !head.starts_with(b"regf") {
            return newer("it does not start with a base block".into());
        }
        if stored != sum || first != secondary {
            return newer("its base block is incomplete: wrong checksum or sequence numbers differ".into());
        }
        if hive.checksum_stored != hive.checksum_computed {
            return newer(
                "the hive's base block has a wrong checksum, so its sequence numbers cannot be \
             trusted"
                    .into(),
            );
        }
        match kind {
            1 | 2 => of_pages(hive, first, written),
            6 => of_entries(hive, first, head, log_len),
            _ => newer(format!("it is of the unknown type {kind}")),
        }
    }
}

/// The old scheme: one flush, whole.
fn of_pages(hive: &BaseBlock, number: u32, written: u64) -> LogAge {
    let flushed = number <= hive.secondary_sequence && !hive.is_dirty();
    if flushed || written != hive.last_written && number <= hive.secondary_sequence {
        return LogAge::Older { last: number };
    }
    newer(format!("its pages have sequence number {number}, the hive has {}", hive.secondary_sequence))
}

/// The new scheme: entry after entry, until one is missing.
fn of_entries(hive: &BaseBlock, first: u32, head: &[u8], log_len: u64) -> LogAge {
    let told = |number: u32| {
        newer(format!(
            "it has an entry with sequence number {number}, the hive has {}",
            hive.secondary_sequence
        ))
    };
    if first >= hive.secondary_sequence {
        return told(first);
    }
    let mut last = first;
    let mut at = HEAD;
    for index in 0..ENTRIES_MAX {
        let Some(entry) = bytes::slice(head, at, 0x10) else { break };
        let size = bytes::le_u32(entry, 4).and_then(|size| usize::try_from(size).ok()).unwrap_or(0);
        let number = bytes::le_u32(entry, 0x0c).unwrap_or(0);
        if !entry.starts_with(b"HvLE") || size < HEAD || !size.is_multiple_of(HEAD) {
            return LogAge::Older { last };
        }
        // Behind the last entry others may be left over from earlier use, but none that is newer.
        if number >= hive.secondary_sequence {
            return told(number);
        }
        let expected = u32::try_from(index).ok().and_then(|index| first.checked_add(index));
        if expected != Some(number) {
            return LogAge::Older { last };
        }
        last = number;
        at = at.saturating_add(size);
    }
    if hive.is_dirty() && u64::try_from(at).is_ok_and(|at| at < log_len) {
        return newer(format!("its entries from {at:#x} on were not read, and the hive is dirty"));
    }
    LogAge::Older { last }
}

fn newer(why: String) -> LogAge {
    LogAge::MayBeNewer { why }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hive::build::NewKey;
    use crate::hive::build::build;

    /// The base block of a hive written at time 7, with these numbers.
    fn hive(primary: u32, secondary: u32) -> Vec<u8> {
        let mut bytes = build(&NewKey { name: "R".into(), ..NewKey::default() }, 7).unwrap();
        bytes[4..8].copy_from_slice(&primary.to_le_bytes());
        bytes[8..12].copy_from_slice(&secondary.to_le_bytes());
        seal(&mut bytes);
        bytes
    }

    fn seal(bytes: &mut [u8]) {
        let sum = BaseBlock::checksum(bytes).unwrap();
        bytes[0x1fc..0x200].copy_from_slice(&sum.to_le_bytes());
    }

    /// A log of this type whose base block has the number of its first entry; entries of 1024 bytes.
    fn log(kind: u8, entries: &[u32]) -> Vec<u8> {
        let mut bytes = hive(entries[0], entries[0])[..HEAD].to_vec();
        bytes[0x1c] = kind;
        seal(&mut bytes);
        for number in entries {
            let mut entry = vec![0; 1024];
            entry[..8].copy_from_slice(b"HvLE\0\x04\0\0");
            entry[0x0c..0x10].copy_from_slice(&number.to_le_bytes());
            bytes.extend(entry);
        }
        bytes
    }

    fn judge(hive: &[u8], log: &[u8]) -> String {
        let base_block = BaseBlock::parse(hive).unwrap();
        match LogAge::judge(&base_block, log, log.len() as u64) {
            LogAge::Empty => "empty".into(),
            LogAge::Older { last } => last.to_string(),
            LogAge::MayBeNewer { why } => why,
        }
    }

    #[test]
    fn numbers_decide_in_the_new_scheme() {
        let clean = hive(700, 700);
        let dirty = hive(705, 700);
        for (hive, entries, expected) in [
            (&clean, &[699][..], "699"),
            (&clean, &[697, 698, 699], "699"),
            (&clean, &[697, 698, 650, 651], "698"),
            (&clean, &[698, 699, 700], "an entry with sequence number 700, the hive has 700"),
            (&clean, &[698, 720], "an entry with sequence number 720"),
            (&dirty, &[700], "an entry with sequence number 700"),
            (&dirty, &[703, 704], "an entry with sequence number 703"),
            (&dirty, &[698, 699], "699"),
        ] {
            let found = judge(hive, &log(6, entries));
            assert!(found.contains(expected), "{entries:?}: {found}");
        }
        let cut = log(6, &[697, 698, 699]);
        let judged = |hive: &[u8]| {
            LogAge::judge(&BaseBlock::parse(hive).unwrap(), &cut[..HEAD + 1024], cut.len() as u64)
        };
        assert_eq!(judged(&clean), LogAge::Older { last: 697 });
        assert!(matches!(judged(&dirty), LogAge::MayBeNewer { why } if why.contains("from 0x600 on")));
    }

    #[test]
    fn time_and_numbers_decide_in_the_old_scheme() {
        let clean = hive(9, 9);
        let dirty = hive(10, 9);
        assert_eq!(judge(&clean, &log(1, &[9])), "9");
        assert!(judge(&clean, &log(1, &[10])).contains("number 10"));
        assert!(judge(&dirty, &log(1, &[9])).contains("number 9, the hive has 9"));
        let mut other = log(1, &[8]);
        other[0x0c] = 6;
        seal(&mut other);
        assert_eq!(judge(&dirty, &other), "8");
    }

    #[test]
    fn what_cannot_be_told_may_be_newer() {
        let clean = hive(9, 9);
        assert_eq!(judge(&clean, &[]), "empty");
        assert_eq!(judge(&clean, &[0; 512]), "empty");
        assert!(judge(&clean, &[0; 100]).contains("only 100 bytes"));
        assert!(judge(&clean, &log(6, &[3])[..511]).contains("only 511 bytes"));
        assert!(judge(&clean, &log(5, &[3])).contains("unknown type 5"));
        for (at, story) in [(0, "does not start"), (4, "sequence numbers differ"), (0x40, "incomplete")] {
            let mut log = log(6, &[3]);
            log[at] ^= 1;
            if at == 4 {
                seal(&mut log[..HEAD]);
            }
            assert!(judge(&clean, &log).contains(story), "{story}");
        }
        let mut torn = clean;
        torn[0x1fc] ^= 1;
        assert!(judge(&torn, &log(6, &[3])).contains("its sequence numbers cannot be trusted"));
    }
}
