//! Findings about a store file as a whole: unreadable, dirty, empty, or not patchable in place.

use crate::bcd::Store;
use crate::diagnosis::model::code::Code;
use crate::diagnosis::model::finding::Finding;
use crate::diagnosis::model::finding::Severity;
use crate::diagnosis::model::finding::read_it;
use crate::diagnosis::model::remedy::Remedy;
use crate::diagnosis::model::subject::Subject;
use crate::diagnosis::store::dirty;
use crate::diagnosis::store::menu_cure;
use crate::layout::Layout;
use crate::layout::index::StoreIndex;
use crate::layout::known::Cause;
use crate::layout::store::StoreFile;

/// All findings about the store with this index.
#[must_use]
pub(crate) fn findings(layout: &Layout, index: StoreIndex) -> Vec<Finding> {
    let Some(file) = layout.store(index) else { return Vec::new() };
    if !file.live {
        let message = "another store that the firmware does not use: not changed";
        return vec![placed(layout, index, file, Code::StoreUnused, Severity::Note, message.into())];
    }
    let mut findings = match &file.store {
        Err(cause) => vec![unreadable(layout, index, file, cause)],
        Ok(store) => of_store(Some(index), &file.name, !file.first, store),
    };
    findings.extend(dirty::finding(index, file));
    let place = place(layout, file);
    findings.iter_mut().for_each(|finding| finding.evidence.insert(0, place.clone()));
    if let (Ok(_), Err(reason)) = (&file.store, &file.place) {
        let message = format!("the store can be read but not patched in place: {reason}");
        findings.push(placed(layout, index, file, Code::StoreNotPatchable, Severity::Note, message));
    }
    findings.extend(file.obstacles.iter().map(|obstacle| {
        Finding {
            remedy: Remedy::Advice(
                "let Windows (or `ntfsfix`, `fsck.fat`) repair the file system first, or \
         pass --allow-dirty-volume to fix"
                    .into(),
            ),
            ..placed(
                layout,
                index,
                file,
                Code::VolumeNotClean,
                Severity::Note,
                format!("the volume cannot be written safely now: {obstacle}"),
            )
        }
    }));
    findings
}

/// Findings about a store file without a disk around it.
#[must_use]
pub fn alone(path: &str, store: &Store) -> Vec<Finding> {
    dirty::alone(path, store)
        .into_iter()
        .chain(of_store(None, path, false, store))
        .chain(menu_cure::alone(path, store))
        .collect()
}

/// A machine may have several stores of one path.
fn place(layout: &Layout, file: &StoreFile) -> String {
    format!("{} on {}", file.path, layout.name(file.volume))
}

fn placed(
    layout: &Layout,
    index: StoreIndex,
    file: &StoreFile,
    code: Code,
    severity: Severity,
    message: String,
) -> Finding {
    let subject = Subject::store(Some(index), &file.name);
    Finding { evidence: vec![place(layout, file)], ..Finding::plain(code, severity, subject, message) }
}

fn unreadable(layout: &Layout, index: StoreIndex, file: &StoreFile, cause: &Cause) -> Finding {
    let severity = if file.first { Severity::BlocksBoot } else { Severity::Degrades };
    let (message, evidence) = match cause {
        _ if file.is_empty => (format!("the store is empty: {cause}"), Vec::new()),
        Cause::NoHive { store, head, logs } => {
            (no_hive(head), std::iter::once(store.to_string()).chain(dirty::of_logs(logs)).collect())
        }
        Cause::Dirty { logs, .. } => (format!("the store cannot be read: {cause}"), dirty::of_logs(logs)),
        _ => (format!("the store cannot be read: {cause}"), Vec::new()),
    };
    let restore = "restore the file from a backup";
    Finding {
        // Measured: a store with a bad base block and no usable log.
        predicted_status: file.first.then_some("0xc000000f or 0xc000014c"),
        evidence,
        remedy: Remedy::Advice(match layout.hides(file.volume) {
            true => format!("{}; if all of it can be read, {restore}", read_it(layout)),
            false => restore.into(),
        }),
        ..Finding::plain(Code::StoreUnreadable, severity, Subject::store(Some(index), &file.name), message)
    }
}

fn no_hive(head: &[u8]) -> String {
    let head = match head.iter().all(|byte| *byte == 0) {
        true => "zeros".to_owned(),
        false => format!("\"{}\"", head.escape_ascii()),
    };
    format!("the store is not a registry hive: it starts with {head}")
}

fn of_store(index: Option<StoreIndex>, path: &str, recovery: bool, store: &Store) -> Vec<Finding> {
    let mut findings = Vec::new();
    if store.objects().is_empty() {
        let severity = if recovery { Severity::Degrades } else { Severity::BlocksBoot };
        findings.push(Finding {
            remedy: Remedy::Advice("restore the store from a backup".into()),
            ..Finding::plain(
                Code::StoreEmpty,
                severity,
                Subject::store(index, path),
                "the store is a valid hive but has no boot objects".into(),
            )
        });
    } else if store.boot_manager().is_none() {
        let message = "the store has no {bootmgr} object";
        findings.push(Finding::plain(
            Code::NoBootManagerObject,
            Severity::Note,
            Subject::store(index, path),
            message.into(),
        ));
    }
    findings
}
