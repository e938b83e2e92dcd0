//! Replay: a hive whose last write was cut short, made whole in memory from the transaction logs beside it.
//!
//! M. Suhanov, "Windows registry file format specification", Dirty state, Recovery of hives. In the project's words: a
//! hive with equal numbers and a right checksum is clean, and its logs are ignored, whatever they hold. Otherwise
//!
//! * a log of entries (Windows 8.1 and later) applies when its first number is not below the hive's secondary number;
//!   of several the lowest comes first, and another goes on only where it has the next number. Where the base block is
//!   damaged, only the log with the latest numbers is used, and the base block is taken from it;
//! * a log of pages (before) applies when it was written at the time that the hive names, in its base block or, where
//!   that is damaged, in its first bin. The base block is taken from the log.
//!
//! On top of that this module is careful where Windows is not: pages that are older than the hive by their number do not
//! apply, and what comes out must be a sound hive. Windows puts the files of a store to either scheme (Windows 8.1 and
//! later write entries to `BCD.LOG` too), so that all names are looked at alike. Nothing is written here.

mod applied;
mod entry_log;
mod head;
#[cfg(test)]
mod hostile;
mod marvin;
mod page_log;
mod reason;
mod rules;
#[cfg(test)]
pub(crate) mod sample;
#[cfg(test)]
mod tests;

pub use reason::EntryError;
pub use reason::LogEnd;
pub use reason::Unfit;

use std::collections::BTreeSet;

use crate::hive::error::HiveError;
use crate::hive::primary::Hive;
use applied::seal;
use head::Closed;
use head::Head;
use rules::Log;
use rules::Rules;

/// Longest hive that comes out. Boot stores have some ten kilobytes.
const RECOVERED_MAX: usize = 2 << 20;

/// A hive that was made whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replayed {
    /// The whole file as it is to be: pages from the logs, and a base block that is clean, with numbers above all that
    /// were seen. Longer than the file when the bins have grown.
    pub bytes: Vec<u8>,
    /// The pages that came from logs and differ from the file, in the order of the logs.
    pub pages: Vec<Page>,
    /// The logs that were used, in order.
    pub used: Vec<UsedLog>,
    /// The logs that were not, each with the reason.
    pub passed_over: Vec<PassedOver>,
    /// The highest sequence number in the hive and all logs, used or not.
    pub highest: u32,
}

impl Replayed {
    /// How many pages of 4096 bytes came from logs and differ from the file.
    #[must_use]
    pub fn changed_pages(&self) -> usize {
        let units = self.pages.iter().flat_map(|page| {
            let end = page.at.saturating_add(page.len);
            (page.at / 0x1000..end.div_ceil(0x1000)).collect::<Vec<_>>()
        });
        units.collect::<BTreeSet<_>>().len()
    }
}

/// Bytes that came from a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Offset in the file of the hive.
    pub at: usize,
    /// Length in bytes.
    pub len: usize,
    /// Name of the log.
    pub log: String,
    /// Number of the entry, or of the log.
    pub number: u32,
}

/// A log that was used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsedLog {
    /// Its name.
    pub name: String,
    /// Number of its first entry, or of the log.
    pub first: u32,
    /// Number of its last entry, or of the log.
    pub last: u32,
    /// Why it ends there, where it was read entry by entry.
    pub end: Option<LogEnd>,
}

/// A log that was not used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassedOver {
    /// Its name.
    pub name: String,
    /// Why not.
    pub why: Unfit,
}

/// Why a hive that is not clean could not be made whole.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ReplayError {
    /// No log applies.
    #[error("no log can be used: {}", reasons(.0))]
    NoLog(Vec<PassedOver>),
    /// There is no number left for the recovered hive.
    #[error("a sequence number has reached its maximum, 0xffffffff")]
    Numbers,
    /// What comes out is no sound hive.
    #[error("the replayed store cannot be read: {0}")]
    Unsound(HiveError),
}

fn reasons(passed_over: &[PassedOver]) -> String {
    let all: Vec<String> = passed_over.iter().map(|log| format!("{}: {}", log.name, log.why)).collect();
    if all.is_empty() { "there is no log file".into() } else { all.join("; ") }
}

/// Whether the hive that these bytes begin with was closed properly, so that its logs need not be read.
#[must_use]
pub fn is_clean(hive: &[u8]) -> bool {
    Closed::of(hive) == Closed::Yes
}

/// Makes a hive whole from the logs beside it, each with its name; `None` when it is clean and nothing is to be done.
///
/// # Errors
///
/// [`ReplayError`] when the hive is not clean and the logs do not help.
pub fn replay(hive: &[u8], logs: &[(&str, &[u8])]) -> Result<Option<Replayed>, ReplayError> {
    let closed = Closed::of(hive);
    if closed == Closed::Yes {
        return Ok(None);
    }
    let mut rules = Rules { hive, closed, passed_over: Vec::new() };
    let mut sound = Vec::new();
    for (name, bytes) in logs {
        match Head::parse(bytes) {
            Ok(head) => sound.push(Log { name, bytes, head }),
            Err(_) if bytes.iter().all(|byte| *byte == 0) => rules.pass(name, Unfit::Empty),
            Err(why) => rules.pass(name, why),
        }
    }
    let highest = rules.highest(&sound);
    let applied = rules.applied(&sound);
    let Rules { passed_over, .. } = rules;
    let Some(applied) = applied else { return Err(ReplayError::NoLog(passed_over)) };
    let bytes = seal(applied.bytes, highest.checked_add(1).ok_or(ReplayError::Numbers)?);
    Hive::parse(bytes.clone()).map_err(ReplayError::Unsound)?;
    let mut pages = applied.pages;
    pages.retain(|page| differs(hive, &bytes, page));
    Ok(Some(Replayed { bytes, pages, used: applied.used, passed_over, highest }))
}

fn differs(hive: &[u8], recovered: &[u8], page: &Page) -> bool {
    let range = page.at..page.at.saturating_add(page.len);
    hive.get(range.clone()) != recovered.get(range)
}
