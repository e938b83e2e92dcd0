//! What to run: the command that repairs the disk, as it was simulated, and the alternative.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::Path;

use crate::cli::output::screen::summary;
use crate::cli::output::screen::ways;
use crate::cli::run::examine::Examined;
use crate::cli::text::advice;
use crate::cli::text::lines::Lines;
use crate::cli::text::shell_quote;
use crate::cli::text::words;
use crate::cli::text::words::clean;
use crate::diagnosis::Diagnosis;
use crate::diagnosis::Finding;
use crate::diagnosis::Remedy;
use crate::diagnosis::Switch;
use crate::diagnosis::Verdict;
use crate::diagnosis::identity::restore::OldIdentity;
use crate::diagnosis::identity::restore::Restore;
use crate::diagnosis::model::byte_edit::ByteEdit;
use crate::diagnosis::model::rebuild::Parts;
use crate::diagnosis::model::rebuild::Rebuild;
use crate::diagnosis::show_disk;
use crate::layout::Layout;
use crate::layout::index::StoreIndex;
use crate::partition::DiskId;
use crate::repair::cure::Cure;
use crate::repair::prospect::Prospect;
use crate::repair::prospect::Reason;
use crate::repair::prospect::Way;

/// Columns of a title with the blank behind it: `To repair: `.
const TITLE: usize = 11;

/// What fix would do, and the words that do it: the same switches as were given here, and those that it takes.
pub fn show(out: &mut Lines, examined: &Examined, prospect: &Prospect, switches: &[OsString]) {
    ways::show(out, examined, switches);
    let Examined { path, layout, .. } = examined;
    match &prospect.way {
        None => refused(out, "fix would refuse", &prospect.refused),
        Some(_) => refused(out, "plain `fix` would refuse", &prospect.refused),
    }
    if let Some(way) = &prospect.way {
        let title = if way.ends_well() { "To repair:" } else { "Next step:" };
        let what = format!("{}; {}{}", work(layout, way), comes_out(way), elsewhere(layout, way));
        step(out, title, &command(path, switches, way), &what);
    }
    if prospect.way.is_none() && prospect.other.is_none() {
        by_hand(out, examined, prospect);
    }
    if let Some(other) = &prospect.other {
        let title = if prospect.way.is_some() { "       or:" } else { "To repair:" };
        step(out, title, &command(path, switches, other), &work(layout, other));
    }
}

/// What a person has to do about that at which the start ends, where `fix` has no answer.
pub fn by_hand(out: &mut Lines, examined: &Examined, prospect: &Prospect) {
    let stop = examined.diagnosis.stop().filter(|_| examined.diagnosis.verdict != Verdict::NotWindows);
    // What was tried and is refused is no advice: the reasons stand above.
    let is_refused = |stop: &&Finding| {
        !prospect.refused.is_empty()
            && matches!(stop.remedy, Remedy::Switch(Switch::Rebuild | Switch::Format(_), _))
    };
    let stop = stop.filter(|stop| !is_refused(stop));
    if let Some(advice) = stop.and_then(|stop| summary::advice(stop, prospect)) {
        out.hang(TITLE, format_args!("To repair: {}", clean(advice)));
    }
}

/// Why the old identity cannot be put back, where re-pointing is the only repair.
pub fn no_alternative(out: &mut Lines, examined: &Examined, prospect: &Prospect) {
    let diagnosis = &examined.diagnosis;
    if let (Restore::Impossible(reason), Some(_), None) =
        (&diagnosis.restore, diagnosis.repoints().next(), &prospect.other)
    {
        let reason = clean(&reason.to_string());
        below(out, &format!("(no alternative: the old identity cannot be restored: {reason})"));
    }
}

fn refused(out: &mut Lines, title: &str, reasons: &[Reason]) {
    if !reasons.is_empty() {
        out.add(format_args!("  {title}:"));
        reasons.iter().for_each(|it| out.add(format_args!("    {}", clean(&advice::of_reason(it)))));
    }
}

/// A command with its title, and what it does below it.
pub fn step(out: &mut Lines, title: &str, command: &str, what: &str) {
    out.whole(format_args!("{title} {command}"));
    below(out, what);
}

fn below(out: &mut Lines, what: &str) {
    out.hang(TITLE, format_args!("{:TITLE$}{what}", ""));
}

/// The command of a way.
#[must_use]
pub fn command(path: &Path, switches: &[OsString], way: &Way) -> String {
    let words = way.words().into_iter().map(OsString::from);
    let words = words.filter(|word| !switches.contains(word)).collect();
    shell_quote::command(&[vec!["fix".into(), shell_quote::path(path)], switches.to_vec(), words].concat())
}

/// What the disk is after a way.
fn comes_out(way: &Way) -> String {
    match (way.after.left().count(), way.ends_well()) {
        (0, true) => "this would fix everything".to_owned(),
        (left, true) => {
            format!("Windows would start; {} would remain", words::count(left, "fault", "faults"))
        }
        (_, false) => match way.after.stop() {
            Some(stop) => format!("Windows would still not start: {}", clean(&stop.message)),
            None => "whether Windows would start then cannot be determined".to_owned(),
        },
    }
}

/// What a way does, in a few words: `re-points 9 elements in \Boot\BCD`.
fn work(layout: &Layout, way: &Way) -> String {
    let mut what = Vec::new();
    let repoints = way.before.repoints().count();
    match &way.before.restore {
        Restore::Possible(old) if way.cure == Cure::RestoreIdentity => {
            what.push(format!(
                "restores {} ({}; keeps drive letters)",
                show_disk(old.disk),
                table_parts(old)
            ));
        }
        _ if repoints > 0 => {
            let elements = words::count(repoints, "element", "elements");
            what.push(format!("re-points {elements} in {}", stores(layout, &way.before)));
        }
        _ => {}
    }
    what.extend(way.before.rebuild().map(|rebuild| rebuilt(layout, rebuild)));
    let edits: Vec<&ByteEdit> = way.cure.edits(&way.before).collect();
    match edits.as_slice() {
        [] => {}
        [only] => what.push(format!("corrects {}", clean(&only.named()))),
        several => what.push(format!("corrects {}", words::count(several.len(), "field", "fields"))),
    }
    what.join(" and ")
}

/// Of a machine with several disks the boot manager may be on another.
fn elsewhere(layout: &Layout, way: &Way) -> &'static str {
    match way.before.rebuild().is_some() && layout.systems.is_empty() {
        true => " (unless another disk of this machine has the boot manager: then examine that one)",
        false => "",
    }
}

/// What is made anew: `makes a new store and puts the boot files on partition 1 (ESP)`.
fn rebuilt(layout: &Layout, rebuild: &Rebuild) -> String {
    let Parts { file_system, store, files, boot_record, boot_code, active } = rebuild.parts;
    let mut what = Vec::new();
    if file_system {
        what.push("formats it");
    }
    if store {
        what.push("makes a new store");
    }
    if files {
        what.push("puts the boot files");
    }
    if boot_record || boot_code {
        what.push("writes boot code");
    }
    let place = clean(&layout.name(rebuild.system));
    let then = if active { ", which becomes active" } else { "" };
    match what.split_last() {
        Some((last, [])) => format!("{last} on {place}{then}"),
        Some((last, first)) => format!("{} and {last} on {place}{then}", first.join(", ")),
        None => format!("makes {place} active"),
    }
}

/// The store that would be written, by path; of several their number.
fn stores(layout: &Layout, diagnosis: &Diagnosis) -> String {
    let touched: BTreeSet<StoreIndex> = diagnosis.repoints().map(|repoint| repoint.store).collect();
    let mut paths = touched.iter().filter_map(|store| layout.store(*store));
    match (paths.next(), touched.len()) {
        (Some(only), 1) => clean(&only.name),
        (_, several) => words::count(several, "store", "stores"),
    }
}

/// What of the partition table the alternative writes.
fn table_parts(old: &OldIdentity) -> &'static str {
    match old.disk {
        DiskId::Mbr(_) => "4 bytes of the MBR",
        DiskId::Gpt(_) => "both copies of the GPT",
    }
}
