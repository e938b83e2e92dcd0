//! Why a log does not help, and why one that does ends where it ends.

use super::RECOVERED_MAX;

/// Why a log was not used. A log of pages has one number, a log of entries that of its first entry.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Unfit {
    /// Nothing was ever written to it.
    #[error("it is empty")]
    Empty,
    /// It is too short for a base block; its length.
    #[error("it has only {0} bytes")]
    Short(usize),
    /// It does not begin with "regf".
    #[error("it does not start with a base block")]
    NoBaseBlock,
    /// Its base block does not have this checksum, which stands in it.
    #[error("the checksum of its base block is wrong: 0x{0:08x}")]
    Checksum(u32),
    /// Its base block was not closed: the two numbers.
    #[error("the sequence numbers of its base block differ: {0} and {1}")]
    Numbers(u32, u32),
    /// The file type in its base block is none of a log.
    #[error("it is of the unknown type {0}")]
    Type(u32),
    /// Its pages are older than the hive.
    #[error("its sequence number is {number}, older than the store's {store}")]
    OlderPages {
        /// The log's number.
        number: u32,
        /// The hive's secondary number.
        store: u32,
    },
    /// Its entries are older than the hive.
    #[error("its first entry is {first}, older than the store's {store}")]
    OlderEntries {
        /// Number of its first entry.
        first: u32,
        /// The hive's secondary number.
        store: u32,
    },
    /// Its pages belong to another write than the hive names.
    #[error("its timestamp differs from the store's")]
    OtherTime,
    /// Its pages would make a hive to which it no longer belongs.
    #[error("its first page has a different timestamp than the log")]
    FirstPageOfOtherTime,
    /// It has no pages.
    #[error("it has no pages")]
    NoPages,
    /// So many bytes of bins are no hive that is recovered here.
    #[error("hive bins of {0:#x} bytes are not supported (at most {RECOVERED_MAX:#x})")]
    Bins(usize),
    /// Its bitmap is too short for so many bytes of bins.
    #[error("its bitmap is too short for {0:#x} bytes of bins")]
    Bitmap(usize),
    /// It ends before a page of which its bitmap says that it is there.
    #[error("it ends at {len:#x}, before its page of {page:#x}")]
    Cut {
        /// Length of the log.
        len: usize,
        /// Offset of the page, from the first bin.
        page: usize,
    },
    /// Another log of pages goes before it.
    #[error("another log is the same age or newer")]
    OtherLog,
    /// A log of the other scheme goes before it.
    #[error("a log in the other format is the same age or newer")]
    OtherKind,
    /// The hive's own numbers are lost, and another log has later ones.
    #[error("the store's base block is damaged, and then only the latest log is used")]
    NotLatest,
    /// It does not go on where the one before has ended.
    #[error("its first entry is {first}, expected {next}")]
    Gap {
        /// Number of its first entry.
        first: u32,
        /// The number that would go on.
        next: u32,
    },
    /// Two logs begin with the same number, or the first has no entry.
    #[error("its first entry is {0}, and the starting point is unknown")]
    NoBeginning(u32),
    /// None of its entries counts.
    #[error(transparent)]
    Entries(LogEnd),
}

/// Why the entries of a log end where they end.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LogEnd {
    /// The next entry does not count.
    #[error("entry {number} at {at:#x} of the log: {why}")]
    Entry {
        /// Its number.
        number: u32,
        /// Where it would be.
        at: usize,
        /// What is wrong with it.
        why: EntryError,
    },
    /// After the last entry there is no number left.
    #[error("its sequence numbers have reached their maximum")]
    Numbers,
}

/// Why an entry of a log does not count.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EntryError {
    /// No "HvLE" there.
    #[error("there is none")]
    Absent,
    /// An entry of another number, left over from earlier use.
    #[error("found {0} instead")]
    Number(u32),
    /// Its size is none that an entry can have.
    #[error("its size {0:#x} is not a multiple of 0x200")]
    Size(usize),
    /// So many bytes are more than the log has.
    #[error("it is longer than the log: {0:#x} bytes")]
    Cut(usize),
    /// The hash of its head is wrong.
    #[error("its second hash is wrong")]
    HeadHash,
    /// The hash of what stands behind its head is wrong.
    #[error("its first hash is wrong")]
    DataHash,
    /// So many bytes of bins are no hive that is recovered here.
    #[error("hive bins of {0:#x} bytes are not supported (at most {RECOVERED_MAX:#x})")]
    Bins(usize),
    /// The references to its pages do not fit into it.
    #[error("its page references do not fit into it")]
    References,
    /// A reference that names no pages of the bins.
    #[error("{size:#x} bytes at {offset:#x} are not pages of the bins")]
    Reference {
        /// Offset of the page, from the first bin.
        offset: usize,
        /// Its length.
        size: usize,
    },
    /// Its pages do not fit into it.
    #[error("its pages do not fit into it")]
    Pages,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_reason_is_one_line_about_the_log() {
        let end = |why| Unfit::Entries(LogEnd::Entry { number: 699, at: 0x200, why });
        let cases = [
            (Unfit::Short(9), "it has only 9 bytes"),
            (Unfit::Checksum(0xab), "the checksum of its base block is wrong: 0x000000ab"),
            (Unfit::Numbers(1, 2), "the sequence numbers of its base block differ: 1 and 2"),
            (Unfit::OlderPages { number: 1, store: 2 }, "its sequence number is 1, older than the store's 2"),
            (Unfit::Bins(0x4001), "hive bins of 0x4001 bytes are not supported (at most 0x200000)"),
            (Unfit::Bitmap(0x4000), "its bitmap is too short for 0x4000 bytes of bins"),
            (Unfit::Cut { len: 0x1e00, page: 0x3e00 }, "it ends at 0x1e00, before its page of 0x3e00"),
            (Unfit::NoBeginning(7), "its first entry is 7, and the starting point is unknown"),
            (end(EntryError::Absent), "entry 699 at 0x200 of the log: there is none"),
            (end(EntryError::Number(8)), "entry 699 at 0x200 of the log: found 8 instead"),
            (
                end(EntryError::Size(0x10)),
                "entry 699 at 0x200 of the log: its size 0x10 is not a multiple of 0x200",
            ),
            (
                end(EntryError::Cut(16)),
                "entry 699 at 0x200 of the log: it is longer than the log: 0x10 bytes",
            ),
            (
                end(EntryError::Reference { offset: 0x10, size: 0x200 }),
                "entry 699 at 0x200 of the log: 0x200 bytes at 0x10 are not pages of the bins",
            ),
            (Unfit::Entries(LogEnd::Numbers), "its sequence numbers have reached their maximum"),
        ];
        for (reason, text) in cases {
            assert_eq!(reason.to_string(), text);
        }
    }
}
