//! Which logs apply, and in which order.

use super::PassedOver;
use super::UsedLog;
use super::applied::Applied;
use super::entry_log;
use super::entry_log::LogEntry;
use super::head;
use super::head::Closed;
use super::head::Head;
use super::head::Scheme;
use super::page_log;
use super::reason::Unfit;

/// A log whose head is sound.
pub(super) struct Log<'a> {
    pub(super) name: &'a str,
    pub(super) bytes: &'a [u8],
    pub(super) head: Head,
}

/// The rules, with the hive to which they are put.
pub(super) struct Rules<'a> {
    pub(super) hive: &'a [u8],
    pub(super) closed: Closed,
    pub(super) passed_over: Vec<PassedOver>,
}

impl<'a> Rules<'a> {
    /// Notes that a log is not used.
    pub(super) fn pass(&mut self, name: &str, why: Unfit) {
        self.passed_over.push(PassedOver { name: name.to_owned(), why });
    }

    /// The highest sequence number in the hive and all logs.
    pub(super) fn highest(&self, logs: &[Log<'_>]) -> u32 {
        let own = match self.closed {
            Closed::No { primary, secondary, .. } => primary.max(secondary),
            Closed::Yes | Closed::Damaged => 0,
        };
        let of_logs = logs.iter().map(|log| log.head.number.max(entry_log::highest(log.bytes).unwrap_or(0)));
        of_logs.fold(own, u32::max)
    }

    /// What the logs make of the hive; `None` when none applies. Of what both schemes have the newer is used: where a
    /// system was upgraded, logs of the other are left over.
    pub(super) fn applied(&mut self, logs: &[Log<'a>]) -> Option<Applied> {
        let (pages, entries) = logs.iter().partition(|log| log.head.scheme == Scheme::Pages);
        let pages = self.of_pages(pages);
        let entries = self.of_entries(entries);
        let (pages, entries) = match (pages, entries) {
            (Some(pages), Some(entries)) => (pages, entries),
            (one, other) => return one.or(other),
        };
        let number = |applied: &Applied| applied.used.last().map(|used| used.last);
        let pages_are_newer = number(&pages) > number(&entries);
        let (newer, other) = if pages_are_newer { (pages, entries) } else { (entries, pages) };
        for log in other.used {
            self.pass(&log.name, Unfit::OtherKind);
        }
        Some(newer)
    }

    /// The log of pages that applies; of several the latest.
    fn of_pages(&mut self, mut logs: Vec<&Log<'a>>) -> Option<Applied> {
        let mut best: Option<Applied> = None;
        logs.sort_by_key(|log| std::cmp::Reverse(log.head.number));
        for log in logs {
            match (&best, self.page_log(log)) {
                (None, Ok(applied)) => best = Some(applied),
                (Some(_), Ok(_)) => self.pass(log.name, Unfit::OtherLog),
                (_, Err(why)) => self.pass(log.name, why),
            }
        }
        best
    }

    fn page_log(&self, log: &Log<'a>) -> Result<Applied, Unfit> {
        let number = log.head.number;
        let written = match self.closed {
            Closed::No { secondary, .. } if number < secondary => {
                return Err(Unfit::OlderPages { number, store: secondary });
            }
            Closed::No { written, .. } => Some(written),
            Closed::Yes | Closed::Damaged => head::first_bin_written(self.hive),
        };
        let is_of_that_time = |time: Option<u64>| time == Some(log.head.written);
        if !is_of_that_time(written) {
            return Err(Unfit::OtherTime);
        }
        let mut applied = Applied::new(self.hive);
        applied.take(log.name, number, &page_log::pages(log.bytes, &log.head)?);
        // Where the pages are written and the base block is not yet, a boot manager must still find that the log fits.
        if self.closed == Closed::Damaged && !is_of_that_time(head::first_bin_written(&applied.bytes)) {
            return Err(Unfit::FirstPageOfOtherTime);
        }
        applied.take_base_block(log.bytes);
        applied.set_bins_size(log.head.bins_size);
        applied.used.push(UsedLog { name: log.name.into(), first: number, last: number, end: None });
        Ok(applied)
    }

    /// The logs of entries that apply, one behind the other.
    fn of_entries(&mut self, mut logs: Vec<&Log<'a>>) -> Option<Applied> {
        logs.sort_by_key(|log| log.head.number);
        let older = match self.closed {
            Closed::No { secondary, .. } => logs.partition_point(|log| log.head.number < secondary),
            Closed::Yes | Closed::Damaged => logs.len().saturating_sub(1),
        };
        for log in logs.drain(..older) {
            let why = match self.closed {
                Closed::No { secondary, .. } => {
                    Unfit::OlderEntries { first: log.head.number, store: secondary }
                }
                Closed::Yes | Closed::Damaged => Unfit::NotLatest,
            };
            self.pass(log.name, why);
        }
        self.chain(&logs)
    }

    /// Log after log, as long as each goes on where the one before has ended.
    fn chain(&mut self, logs: &[&Log<'a>]) -> Option<Applied> {
        let first = logs.first()?.head.number;
        let mut expected = Some(first);
        let mut applied = Applied::new(self.hive);
        // Two logs that both begin here: nobody knows which is right.
        if logs.get(1).is_some_and(|second| second.head.number == first) {
            expected = None;
        }
        for log in logs {
            let number = log.head.number;
            if expected != Some(number) {
                let why = match expected {
                    Some(next) => Unfit::Gap { first: number, next },
                    None => Unfit::NoBeginning(number),
                };
                self.pass(log.name, why);
                continue;
            }
            let (entries, end) = entry_log::entries(log.bytes, number);
            let Some(last) = entries.last() else {
                self.pass(log.name, Unfit::Entries(end));
                expected = None;
                continue;
            };
            expected = last.number.checked_add(1);
            let used = UsedLog { name: log.name.into(), first: number, last: last.number, end: Some(end) };
            self.take(&mut applied, log, &entries);
            applied.used.push(used);
        }
        (!applied.used.is_empty()).then_some(applied)
    }

    fn take(&self, applied: &mut Applied, log: &Log<'a>, entries: &[LogEntry<'_>]) {
        if self.closed == Closed::Damaged {
            applied.take_base_block(log.bytes);
        }
        for entry in entries {
            applied.take(log.name, entry.number, &entry.pages);
            applied.set_flag_of(entry.flags);
            applied.set_bins_size(entry.bins_size);
        }
    }
}
