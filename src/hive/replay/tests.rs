use super::sample::entry;
use super::sample::entry_log;
use super::sample::numbered;
use super::sample::page_log;
use super::sample::sealed;
use super::*;
use crate::hive::REG_BINARY;
use crate::hive::build::NewKey;
use crate::hive::build::NewValue;
use crate::hive::build::build;

/// A hive of four bins with the numbers 700; `mark` stands in its values.
pub(super) fn hive(mark: u8) -> Vec<u8> {
    let key = |name: usize| {
        let data = NewValue { name: "Element".into(), data_type: REG_BINARY, data: vec![mark; 800] };
        NewKey { name: format!("{name:08}"), values: vec![data], subkeys: Vec::new() }
    };
    let root = NewKey { name: "R".into(), values: Vec::new(), subkeys: (0..14).map(key).collect() };
    let bytes = numbered(&build(&root, 7).unwrap(), 700, 700);
    assert_eq!(bytes.len(), 0x5000);
    bytes
}

/// As a power cut leaves the hive: these pages are not written yet.
pub(super) fn cut(new: &[u8], (primary, secondary): (u32, u32), lost: &[(usize, usize)]) -> Vec<u8> {
    let mut bytes = numbered(new, primary, secondary);
    for (offset, len) in lost {
        bytes[0x1000 + offset..0x1000 + offset + len].fill(0x5a);
    }
    bytes
}

pub(super) const ALL: &[(usize, usize)] = &[(0, 0x4000)];
pub(super) const ONE: &[(usize, usize)] = &[(0, 0x1000)];
pub(super) const OTHER: &[(usize, usize)] = &[(0x2000, 0x200), (0x2e00, 0x200)];
const THIRD: &[(usize, usize)] = &[(0x3000, 0x1000)];

/// The replayed hive has the bins of `new`; what was used, and what not.
#[track_caller]
fn whole(dirty: &[u8], logs: &[(&str, &[u8])], new: &[u8]) -> (Vec<(String, u32, u32)>, String) {
    let replayed = replay(dirty, logs).unwrap().expect("it is dirty");
    assert!(replayed.bytes[0x1000..] == new[0x1000..], "the bins differ");
    assert!(is_clean(&replayed.bytes));
    let number = u32::from_le_bytes(replayed.bytes[4..8].try_into().unwrap());
    assert_eq!(number, replayed.highest + 1);
    assert!(numbered(&replayed.bytes, 700, 700)[..0x1000] == new[..0x1000], "the base blocks differ");
    for page in &replayed.pages {
        let range = page.at..page.at + page.len;
        assert!(dirty.get(range.clone()) != Some(&replayed.bytes[range]));
    }
    let used = replayed.used.into_iter().map(|used| (used.name, used.first, used.last)).collect();
    (used, reasons(&replayed.passed_over))
}

/// No log helps, each for its reason.
#[track_caller]
pub(super) fn refused(dirty: &[u8], logs: &[(&str, &[u8])], why: &[Unfit]) {
    let passed_over = logs.iter().zip(why);
    let passed_over =
        passed_over.map(|((name, _), why)| PassedOver { name: (*name).into(), why: why.clone() });
    assert_eq!(replay(dirty, logs), Err(ReplayError::NoLog(passed_over.collect())));
}

fn used(name: &str, first: u32, last: u32) -> (String, u32, u32) {
    (name.into(), first, last)
}

#[test]
fn a_clean_hive_is_left_alone_whatever_its_logs_hold() {
    let (old, new) = (hive(1), hive(2));
    let log = entry_log(700, &new, &[entry(700, &new, ALL)]);
    assert_eq!(replay(&old, &[("BCD.LOG", &log)]), Ok(None));
    assert!(is_clean(&old));
}

#[test]
fn an_entry_makes_a_hive_whole() {
    let new = hive(2);
    let entries = entry_log(699, &new, &[entry(699, &new, &[ONE, OTHER].concat())]);
    let dirty = cut(&new, (700, 699), &[ONE, OTHER].concat());
    assert!(!is_clean(&dirty));
    let (names, passed) = whole(&dirty, &[("BCD.LOG", &entries)], &new);
    assert_eq!((names, passed.as_str()), (vec![used("BCD.LOG", 699, 699)], "there is no log file"));
    // A gap between the hive's number and the first entry is normal.
    whole(&cut(&new, (700, 600), ONE), &[("BCD.LOG", &entries)], &new);
    let replayed = replay(&dirty, &[("BCD.LOG", &entries)]).unwrap().unwrap();
    let pages: Vec<_> = replayed.pages.iter().map(|page| (page.at, page.len, page.number)).collect();
    assert_eq!(pages, [(0x1000, 0x1000, 699), (0x3000, 0x200, 699), (0x3e00, 0x200, 699)]);
}

/// Numbers in one file after the other, as they were seen beside a real store.
#[test]
fn entries_are_followed_over_three_files() {
    let (old, middle, new) = (hive(1), hive(3), hive(2));
    let log = entry_log(695, &middle, &[entry(695, &middle, ALL), entry(696, &middle, ONE)]);
    let log1 = entry_log(698, &new, &[entry(698, &new, OTHER), entry(699, &new, ALL)]);
    let log2 = entry_log(697, &new, &[entry(697, &new, ONE)]);
    let all: [(&str, &[u8]); 3] = [("BCD.LOG", &log), ("BCD.LOG1", &log1), ("BCD.LOG2", &log2)];
    let dirty = cut(&old, (700, 690), ALL);
    let (names, _) = whole(&dirty, &all, &new);
    assert_eq!(names, [used("BCD.LOG", 695, 696), used("BCD.LOG2", 697, 697), used("BCD.LOG1", 698, 699)]);
    // What the hive has already is not done again.
    let (names, passed) = whole(&cut(&new, (700, 698), ONE), &all, &new);
    assert_eq!(names, [used("BCD.LOG1", 698, 699)]);
    assert!(passed.contains("BCD.LOG2: its first entry is 697, older than the store's 698"), "{passed}");
    // A number is missing: what comes behind stays out, the rest is applied.
    let (names, passed) = whole(&cut(&old, (700, 690), ALL), &[all[0], all[1]], &middle);
    assert_eq!(names, [used("BCD.LOG", 695, 696)]);
    assert_eq!(passed, "BCD.LOG1: its first entry is 698, expected 697");
}

#[test]
fn no_log_or_one_that_does_not_apply_is_said() {
    let new = hive(2);
    let dirty = cut(&new, (700, 699), ONE);
    refused(&dirty, &[], &[]);
    let error = replay(&dirty, &[]).unwrap_err().to_string();
    assert_eq!(error, "no log can be used: there is no log file");
    let empty: [(&str, &[u8]); 2] = [("BCD.LOG", &[0; 4096]), ("BCD.LOG1", &[])];
    refused(&dirty, &empty, &[Unfit::Empty, Unfit::Empty]);
    let error = replay(&dirty, &empty).unwrap_err().to_string();
    assert_eq!(error, "no log can be used: BCD.LOG: it is empty; BCD.LOG1: it is empty");
    let stale = entry_log(698, &new, &[entry(698, &new, ONE)]);
    refused(&dirty, &[("BCD.LOG", &stale)], &[Unfit::OlderEntries { first: 698, store: 699 }]);
    // As measured: the entry below the secondary number is not replayed by real boot managers either.
    let last = entry_log(699, &new, &[entry(699, &new, ONE)]);
    refused(
        &cut(&new, (701, 700), ONE),
        &[("BCD.LOG", &last)],
        &[Unfit::OlderEntries { first: 699, store: 700 }],
    );
    let two: [(&str, &[u8]); 2] = [("BCD.LOG", &last), ("BCD.LOG1", &last)];
    refused(&dirty, &two, &[Unfit::NoBeginning(699), Unfit::NoBeginning(699)]);
}

/// Changes the log behind its head, which has a checksum.
fn with_wrong(log: &[u8], at: usize) -> Vec<u8> {
    let mut log = log.to_vec();
    log[at] ^= 0x10;
    log
}

#[test]
fn a_wrong_hash_ends_the_log() {
    let (old, new) = (hive(1), hive(2));
    let first = entry(698, &new, ALL);
    let log = entry_log(698, &new, &[first.clone(), entry(699, &old, ALL)]);
    let dirty = cut(&old, (700, 698), ALL);
    let second = 0x200 + first.len();
    // Data, references, and the padding behind the data: the first hash. Size, flags, bins: the second.
    let cases = |number: u32| {
        [
            (0x38, EntryError::DataHash),
            (0x28, EntryError::DataHash),
            (0x2c, EntryError::DataHash),
            (first.len() - 1, EntryError::DataHash),
            (0x18, EntryError::HeadHash),
            (0x20, EntryError::HeadHash),
            (0x08, EntryError::HeadHash),
            (0x10, EntryError::HeadHash),
            (0x0c, EntryError::Number(number ^ 0x10)),
            (0x00, EntryError::Absent),
            (0x04, EntryError::Size(first.len() ^ 0x10)),
            (0x07, EntryError::Cut(first.len() ^ 0x1000_0000)),
        ]
    };
    for (at, why) in cases(698) {
        let end = LogEnd::Entry { number: 698, at: 0x200, why };
        refused(&dirty, &[("BCD.LOG", &with_wrong(&log, 0x200 + at))], &[Unfit::Entries(end)]);
    }
    for (at, why) in cases(699) {
        let wrong = with_wrong(&log, second + at);
        whole(&dirty, &[("BCD.LOG", &wrong)], &new);
        let replayed = replay(&dirty, &[("BCD.LOG", &wrong)]).unwrap().unwrap();
        let end = LogEnd::Entry { number: 699, at: second, why };
        assert_eq!((replayed.used[0].last, replayed.used[0].end.as_ref()), (698, Some(&end)));
    }
}

#[test]
fn a_damaged_base_block_is_taken_from_the_latest_log() {
    let (old, new) = (hive(1), hive(2));
    let early = entry_log(650, &old, &[entry(650, &old, ALL)]);
    let late = entry_log(699, &new, &[entry(699, &new, ALL)]);
    let logs: [(&str, &[u8]); 2] = [("BCD.LOG1", &late), ("BCD.LOG2", &early)];
    for at in [0, 4, 8, 0x24, 0x28, 0x1fc] {
        let mut torn = cut(&old, (700, 700), ONE);
        torn[at] ^= 0x40;
        let (names, passed) = whole(&torn, &logs, &new);
        assert_eq!(names, [used("BCD.LOG1", 699, 699)], "{at:#x}");
        assert!(passed.starts_with("BCD.LOG2: the store's base block is damaged"), "{passed}");
        refused(&torn, &[], &[]);
    }
    let mut gone = cut(&old, (700, 700), ONE);
    gone[..0x200].fill(0);
    whole(&gone, &logs, &new);
}

#[test]
fn pages_make_a_hive_whole() {
    let (old, new) = (hive(1), hive(2));
    let every: Vec<usize> = (0..0x4000).step_by(0x200).collect();
    let log = page_log(700, &new, &every);
    // Measured: a log of the same number, and one of the next.
    for (primary, secondary) in [(701, 700), (700, 699)] {
        let (names, _) = whole(&cut(&old, (primary, secondary), OTHER), &[("BCD.LOG", &log)], &new);
        assert_eq!(names, [used("BCD.LOG", 700, 700)]);
    }
    let some = page_log(700, &new, &[0x2e00, 0x2000]);
    let dirty = cut(&new, (700, 699), OTHER);
    whole(&dirty, &[("BCD.LOG", &some)], &new);
    // Of two the newer.
    let (names, passed) =
        whole(&dirty, &[("BCD.LOG1", &page_log(699, &old, &every)), ("BCD.LOG2", &log)], &new);
    assert_eq!(names, [used("BCD.LOG2", 700, 700)]);
    assert_eq!(passed, "BCD.LOG1: another log is the same age or newer");

    let older = Unfit::OlderPages { number: 700, store: 702 };
    refused(&cut(&new, (703, 702), ONE), &[("BCD.LOG", &log)], &[older]);
    let mut other = log.clone();
    other[0x0c] ^= 1;
    refused(&dirty, &[("BCD.LOG", &sealed(other))], &[Unfit::OtherTime]);
    refused(
        &dirty,
        &[("BCD.LOG", &log[..log.len() - 1])],
        &[Unfit::Cut { len: log.len() - 1, page: 0x3e00 }],
    );
    refused(&dirty, &[("BCD.LOG", &log[..0x200])], &[Unfit::NoPages]);
    refused(&dirty, &[("BCD.LOG", &log[..0x207])], &[Unfit::Bitmap(0x4000)]);
    let mut none = log.clone();
    none[0x204..0x208].fill(0);
    refused(&dirty, &[("BCD.LOG", &none)], &[Unfit::NoPages]);
}

#[test]
fn a_damaged_base_block_goes_by_the_time_of_the_first_bin() {
    let new = hive(2);
    let every: Vec<usize> = (0..0x4000).step_by(0x200).collect();
    let log = page_log(690, &new, &every);
    let mut torn = cut(&new, (700, 700), OTHER);
    torn[0x70] ^= 1;
    whole(&torn, &[("BCD.LOG", &log)], &new);
    let mut other = torn.clone();
    other[0x1014] ^= 1;
    refused(&other, &[("BCD.LOG", &log)], &[Unfit::OtherTime]);
    // A log whose first page has another time would no longer fit once that page is written.
    let mut later = new.clone();
    later[0x1014] ^= 1;
    let log = page_log(690, &later, &every);
    refused(&torn, &[("BCD.LOG", &log)], &[Unfit::FirstPageOfOtherTime]);
}

#[test]
fn of_both_schemes_the_newer_is_used() {
    let (old, new) = (hive(1), hive(2));
    let every: Vec<usize> = (0..0x4000).step_by(0x200).collect();
    let dirty = cut(&old, (700, 698), THIRD);
    let entries = |number, hive: &[u8]| entry_log(number, hive, &[entry(number, hive, ALL)]);
    let logs: [(&str, &[u8]); 2] =
        [("BCD.LOG", &page_log(698, &old, &every)), ("BCD.LOG1", &entries(699, &new))];
    let (names, passed) = whole(&dirty, &logs, &new);
    assert_eq!(names, [used("BCD.LOG1", 699, 699)]);
    assert_eq!(passed, "BCD.LOG: a log in the other format is the same age or newer");
    let logs: [(&str, &[u8]); 2] =
        [("BCD.LOG", &page_log(700, &new, &every)), ("BCD.LOG1", &entries(699, &old))];
    assert_eq!(whole(&dirty, &logs, &new).0, [used("BCD.LOG", 700, 700)]);
}

#[test]
fn a_hive_that_has_grown_comes_out_longer_than_its_file() {
    let new = hive(2);
    let short = cut(&numbered(&new[..0x3000], 700, 699), (700, 699), ONE);
    let log = entry_log(699, &new, &[entry(699, &new, ALL)]);
    let replayed = replay(&short, &[("BCD.LOG", &log)]).unwrap().unwrap();
    assert_eq!(replayed.bytes.len(), 0x5000);
    assert!(replayed.bytes[0x1000..] == new[0x1000..]);
    // A file that is longer than its bins stays so.
    let long = [cut(&new, (700, 699), ONE), vec![9; 0x800]].concat();
    let replayed = replay(&long, &[("BCD.LOG", &log)]).unwrap().unwrap();
    assert!(replayed.bytes[0x1000..] == [&new[0x1000..], &[9; 0x800]].concat());
}
