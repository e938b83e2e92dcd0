//! What was found on a disk, for people: the verdict, the way to Windows, the findings, and what fix would do.

use crate::cli::output::ways;
use crate::cli::run::examine::Examined;
use crate::cli::text::advice;
use crate::cli::text::lines::Lines;
use crate::cli::text::shell_quote;
use crate::cli::text::words;
use crate::cli::text::words::clean;
use crate::diagnosis::Diagnosis;
use crate::diagnosis::Finding;
use crate::diagnosis::Remedy;
use crate::diagnosis::Verdict;
use crate::diagnosis::identity::restore::OldIdentity;
use crate::diagnosis::identity::restore::Restore;
use crate::diagnosis::model::byte_edit::ByteEdit;
use crate::diagnosis::model::finding::is_identity;
use crate::diagnosis::model::hop::State;
use crate::diagnosis::show_disk;
use crate::layout::Layout;
use crate::layout::index::StoreIndex;
use crate::partition::DiskId;
use crate::repair::cure::Cure;
use crate::repair::prospect::Prospect;
use crate::repair::prospect::Way;
use owo_colors::OwoColorize;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::Path;

/// The verdict and, when Windows does not start, the hop at which it stops.
pub fn headline(out: &mut Lines, examined: &Examined) {
    let Examined { path, diagnosis, .. } = examined;
    out.add(format_args!("{}: {}", clean(&path.display().to_string()), words::verdict(diagnosis.verdict)));
    let stop = diagnosis.stop();
    match (diagnosis.verdict, stop) {
        (Verdict::Broken, Some(finding)) => match finding.predicted_status {
            Some(status) => {
                let why = match &finding.remedy {
                    Remedy::Belongs(named) => {
                        &format!("the boot entry names {}, which is another disk", named.place())
                    }
                    _ if is_identity(finding) => "the boot entry names a disk or partition that is not here",
                    _ => finding.message.as_str(),
                };
                out.add(format_args!("  Windows stops at boot with {}: {}", status.bold(), clean(why)));
            }
            None => out.add(format_args!("  Windows does not start: {}", clean(&finding.message))),
        },
        (Verdict::Unknown, _) => out.add(format_args!("  whether Windows starts cannot be told")),
        (Verdict::Degraded, _) => {
            out.add(format_args!("  Windows should start, but not everything is in order"))
        }
        _ => {}
    }
    for note in &examined.notes {
        out.add(format_args!("  note: {}", clean(note)));
    }
}

/// The hops from the firmware to the kernel, each with what was found there.
pub fn chain(out: &mut Lines, diagnosis: &Diagnosis) {
    if diagnosis.chain.is_empty() {
        return;
    }
    out.add(format_args!("\n  the way to Windows:"));
    for hop in &diagnosis.chain {
        let state = match hop.state {
            State::Ok => "ok".green().to_string(),
            State::Broken => "STOPS".red().bold().to_string(),
            State::Unknown => "?".yellow().to_string(),
        };
        let name = hop.kind.as_str();
        out.add(format_args!(
            "    {name:<16} {state}{} {}",
            " ".repeat(6usize.saturating_sub(width(hop.state))),
            clean(&hop.evidence)
        ));
    }
}

/// Letters of a state's word.
fn width(state: State) -> usize {
    match state {
        State::Ok => 2,
        State::Broken => 5,
        State::Unknown => 1,
    }
}

/// Disk, system volume, Windows: a line each.
pub fn picture(out: &mut Lines, examined: &Examined) {
    let layout = &examined.layout;
    out.add(format_args!("  {:<8} {}", "disk", words::disk_line(&layout.table, examined.len)));
    for system in &layout.systems {
        let mut parts: Vec<&str> = system.stores.iter().map(|store| store.path()).collect();
        if system.ntldr.is_some() {
            parts.push("NTLDR");
        }
        if parts.is_empty() {
            parts.push("no store");
        }
        let line = format!("{}, {}, {}", layout.name(system.volume), system.firmware(), parts.join(", "));
        out.add(format_args!("  {:<8} {}", "system", clean(&line)));
    }
    for windows in &layout.windows {
        let place = format!("{}, {}", layout.name(windows.volume), windows.root);
        out.add(format_args!(
            "  {:<8} {}",
            "Windows",
            clean(&format!("{place}, {}", words::version(windows)))
        ));
    }
}

/// All findings; those of one kind together, what they share said once.
pub fn findings(out: &mut Lines, findings: &[Finding]) {
    let mut index = 0;
    while let Some(first) = findings.get(index) {
        let same = |finding: &&Finding| {
            (finding.code, finding.severity, &finding.message) == (first.code, first.severity, &first.message)
        };
        let group: Vec<&Finding> = findings.iter().skip(index).take_while(same).collect();
        out.add(format_args!(""));
        add_group(out, first, &group);
        index = index.saturating_add(group.len());
    }
}

fn add_group(out: &mut Lines, first: &Finding, group: &[&Finding]) {
    out.add(format_args!("  {}: {}", words::severity(first.severity), clean(&first.message)));
    for finding in group {
        out.add(format_args!("      {}", clean(finding.subject.as_str())));
    }
    let mut said: Vec<&String> = Vec::new();
    for line in group.iter().flat_map(|finding| &finding.evidence) {
        if !said.contains(&line) {
            said.push(line);
            out.add(format_args!("    {} {}", "·".dimmed(), clean(line).dimmed()));
        }
    }
    match &first.remedy {
        Remedy::None => {}
        Remedy::Belongs(_) => {
            out.add(format_args!("    {} left as it is; see below for the two ways on", "→".yellow()));
        }
        Remedy::Repoint(repoint) => {
            let place = clean(&repoint.place);
            out.add(format_args!(
                "    {} fix re-points {} to {place}",
                "→".green(),
                if group.len() == 1 { "it" } else { "them" }
            ));
        }
        Remedy::Edit(edits) => {
            for edit in edits {
                let line = format!("fix changes the {}: {}", edit.what, edit.meaning);
                out.add(format_args!("    {} {}", "→".green(), clean(&line)));
            }
        }
        Remedy::Switch(_, advice) | Remedy::Advice(advice) => {
            out.add(format_args!("    {} {}", "→".yellow(), clean(advice)))
        }
    }
}

/// What fix would do, and the words that do it: the same switches as were given here, and those that it takes.
pub fn closing(out: &mut Lines, examined: &Examined, prospect: &Prospect, switches: &[OsString]) {
    ways::show(out, examined, switches);
    let Examined { path, layout, diagnosis, .. } = examined;
    let command = |way: &Way| command(path, switches, way);
    let Some(way) = &prospect.way else {
        if !prospect.refused.is_empty() {
            out.add(format_args!("\n  fix would refuse:"));
            prospect
                .refused
                .iter()
                .for_each(|it| out.add(format_args!("    {}", clean(&advice::of_reason(it)))));
        }
        if let Some(other) = &prospect.other {
            let what = work(layout, other);
            out.add(format_args!("\n  fix --restore-identity would {what}. Run: {}", command(other)));
        }
        return;
    };
    if !prospect.refused.is_empty() {
        out.add(format_args!("\n  fix without more switches would refuse:"));
        prospect.refused.iter().for_each(|it| out.add(format_args!("    {}", clean(&advice::of_reason(it)))));
    }
    let what = work(layout, way);
    let then = match (way.after.left().count(), way.ends_well()) {
        (0, true) => "nothing would be left".to_owned(),
        (left, true) => format!("{} would be left", words::count(left, "finding", "findings")),
        (_, false) => match way.after.stop() {
            Some(stop) => format!("Windows still does not start then: {}", clean(&stop.message)),
            None => "whether Windows starts then cannot be told".to_owned(),
        },
    };
    out.add(format_args!("\n  fix would {what}; {then}. Run: {}", command(way)));
    if let Some(other) = &prospect.other {
        out.add(format_args!("  or {}: {}", work(layout, other), command(other)));
    } else if let (Restore::Impossible(reason), true) =
        (&diagnosis.restore, diagnosis.repoints().next().is_some())
    {
        out.add(format_args!(
            "  (its old identity cannot be put back instead: {})",
            clean(&reason.to_string())
        ));
    }
}

/// The command of a way.
#[must_use]
pub fn command(path: &Path, switches: &[OsString], way: &Way) -> String {
    let words = way.words().into_iter().map(OsString::from).collect();
    shell_quote::command(&[vec!["fix".into(), shell_quote::path(path)], switches.to_vec(), words].concat())
}

/// What a way does, in a few words: `re-point 9 elements in \Boot\BCD`.
fn work(layout: &Layout, way: &Way) -> String {
    let mut what = Vec::new();
    let repoints = way.before.repoints().count();
    match &way.before.restore {
        Restore::Possible(old) if way.cure == Cure::RestoreIdentity => {
            what.push(format!("give back {} ({}, and no store)", show_disk(old.disk), table_parts(old)));
        }
        _ if repoints > 0 => {
            let elements = words::count(repoints, "element", "elements");
            what.push(format!("re-point {elements} in {}", stores(layout, &way.before)));
        }
        _ => {}
    }
    let edits: Vec<&ByteEdit> = way.cure.edits(&way.before).collect();
    match edits.as_slice() {
        [] => {}
        [only] => what.push(format!("set the {} right", clean(&only.what))),
        several => what.push(format!("set {} right", words::count(several.len(), "field", "fields"))),
    }
    what.join(" and ")
}

/// The stores that would be written, by path.
fn stores(layout: &Layout, diagnosis: &Diagnosis) -> String {
    let touched: BTreeSet<StoreIndex> = diagnosis.repoints().map(|repoint| repoint.store).collect();
    let paths = touched.into_iter().filter_map(|store| layout.store(store));
    paths.map(|file| clean(&file.name)).collect::<Vec<_>>().join(" and ")
}

/// What of the partition table the other cure writes.
fn table_parts(old: &OldIdentity) -> &'static str {
    match old.disk {
        DiskId::Mbr(_) => "four bytes of the MBR",
        DiskId::Gpt(_) => "both copies of the GPT",
    }
}
