//! The finding about a store whose last write was cut short: what its logs make of it, or why they do not help.
//!
//! What boot managers do was measured: without a log that applies they refuse the store; those of Windows 7 and 10 on a
//! BIOS replay one that does, and start. On UEFI that was not measured. The specification has boot loaders use one log
//! only, so that a store of which several logs hold pieces is not taken for granted either.

use crate::bcd::Store;
use crate::diagnosis::model::code::Code;
use crate::diagnosis::model::finding::Finding;
use crate::diagnosis::model::finding::Severity;
use crate::diagnosis::model::remedy::Remedy;
use crate::diagnosis::model::subject::Subject;
use crate::hive::replay::ReplayError;
use crate::hive::replay::Replayed;
use crate::layout::Firmware;
use crate::layout::index::StoreIndex;
use crate::layout::known::Cause;
use crate::layout::store::Dirty;
use crate::layout::store::StoreFile;

/// The way out where nothing here helps.
const WAY_OUT: &str =
    "restore the store and its logs from a backup, or make a new one (`fix --rebuild=store`)";

/// The finding about a store on a disk, when it is dirty.
pub(in crate::diagnosis) fn finding(index: StoreIndex, file: &StoreFile) -> Option<Finding> {
    let store = file.parsed()?;
    let mut finding = match file.dirty.as_ref()? {
        Dirty::Replayed { replayed, .. } => replayed_finding(index, file, replayed),
        Dirty::NotReplayed(why) => Finding {
            predicted_status: file.first.then_some("0xc000014c or 0xc000000f"),
            evidence: std::iter::once(numbers(store)).chain(of_logs(why)).collect(),
            remedy: Remedy::Advice(WAY_OUT.into()),
            ..Finding::plain(
                Code::StoreDirty,
                if file.first { Severity::BlocksBoot } else { Severity::Stale },
                Subject::store(Some(index), &file.name),
                format!("the store is dirty: its last write is incomplete, and {}", unhelpful(why)),
            )
        },
    };
    finding.evidence.push("the machine was switched off while Windows wrote the store".into());
    Some(finding)
}

/// Why the logs do not make a store whole, in a few words.
#[must_use]
pub(crate) fn unhelpful(why: &Cause) -> String {
    match why {
        Cause::Replay(ReplayError::NoLog(_)) => "no log can complete it".to_owned(),
        _ => why.to_string(),
    }
}

/// The same log by log.
pub(super) fn of_logs(why: &Cause) -> Vec<String> {
    match why {
        Cause::Replay(ReplayError::NoLog(logs)) if !logs.is_empty() => {
            logs.iter().map(|log| format!("{} cannot be used: {}", log.name, log.why)).collect()
        }
        _ => vec![why.to_string()],
    }
}

/// The finding about a store file by itself: logs beside it are not looked at.
pub(in crate::diagnosis) fn alone(path: &str, store: &Store) -> Option<Finding> {
    store.hive().base_block().is_dirty().then(|| Finding {
        evidence: vec![
            numbers(store),
            "the machine was switched off while Windows wrote the store; the changes may be in its log \
             files, which are only read on a disk"
                .into(),
        ],
        ..Finding::plain(
            Code::StoreDirty,
            Severity::Degrades,
            Subject::store(None, path),
            "the store is dirty: its last write is incomplete".into(),
        )
    })
}

fn replayed_finding(index: StoreIndex, file: &StoreFile, replayed: &Replayed) -> Finding {
    let is_longer = file.lacks() > 0;
    let is_measured = file.firmware == Firmware::Bios && replayed.used.len() == 1;
    let severity =
        if is_longer || !(is_measured || file.recovery) { Severity::Degrades } else { Severity::Note };
    let known = if is_measured {
        "boot managers do the same"
    } else {
        "whether this boot manager does the same was not tested"
    };
    let remedy = if is_longer {
        format!(
            "the replayed store is {} bytes longer than its file, and fix does not extend files; {WAY_OUT}",
            file.lacks()
        )
    } else {
        "Windows completes the write when it starts; fix writes the replayed pages only together with a \
         re-pointing"
            .into()
    };
    Finding {
        evidence: evidence(replayed),
        remedy: Remedy::Advice(remedy),
        ..Finding::plain(
            Code::StoreDirty,
            severity,
            Subject::store(Some(index), &file.name),
            format!(
                "the machine was switched off while Windows wrote the store: {}; {known}",
                summary(replayed)
            ),
        )
    }
}

/// What was replayed, in a line: `2 pages replayed in memory from BCD.LOG1 (entries 698-699)`.
#[must_use]
pub(crate) fn summary(replayed: &Replayed) -> String {
    let used = replayed.used.iter().map(|log| match (&log.end, log.first == log.last) {
        (None, _) => log.name.clone(),
        (Some(_), true) => format!("{} (entry {})", log.name, log.first),
        (Some(_), false) => format!("{} (entries {}-{})", log.name, log.first, log.last),
    });
    let pages = replayed.changed_pages();
    let pages = if pages == 1 { "1 page".to_owned() } else { format!("{pages} pages") };
    format!("{pages} replayed in memory from {}", used.collect::<Vec<_>>().join(" and "))
}

fn evidence(replayed: &Replayed) -> Vec<String> {
    let pages = replayed.pages.iter().map(|page| {
        format!(
            "0x{:x} bytes at 0x{:x} of the file, entry {} of {}",
            page.len, page.at, page.number, page.log
        )
    });
    let passed_over = replayed.passed_over.iter().map(|log| format!("{} not used: {}", log.name, log.why));
    pages.take(EVIDENCE_MAX).chain(passed_over).collect()
}

/// Pages that are listed one by one.
const EVIDENCE_MAX: usize = 8;

fn numbers(store: &Store) -> String {
    let base = store.hive().base_block();
    format!(
        "sequence numbers {} and {}, checksum 0x{:08x} (computed 0x{:08x})",
        base.primary_sequence, base.secondary_sequence, base.checksum_stored, base.checksum_computed
    )
}
