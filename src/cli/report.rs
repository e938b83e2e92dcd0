//! What was found on a disk, for people: the verdict, the way to Windows, the findings, and what fix would do.

use crate::cli::examine::Examined;
use crate::cli::lines::Lines;
use crate::cli::suggested;
use crate::cli::text;
use crate::cli::text::clean;
use crate::cli::ways;
use crate::diagnosis::Diagnosis;
use crate::diagnosis::Finding;
use crate::diagnosis::Remedy;
use crate::diagnosis::Severity;
use crate::diagnosis::Verdict;
use crate::diagnosis::chain::State;
use crate::diagnosis::chain::is_identity;
use crate::diagnosis::restore::OldIdentity;
use crate::diagnosis::restore::Restore;
use crate::diagnosis::show_disk;
use crate::layout::Layout;
use crate::partition::DiskId;
use crate::repair::refusal::Allowed;
use crate::repair::refusal::for_identity;
use crate::repair::refusal::refusals;
use owo_colors::OwoColorize;
use std::collections::BTreeSet;
use std::ffi::OsString;

/// The verdict and, when Windows does not start, the hop at which it stops.
pub fn headline(out: &mut Lines, examined: &Examined) {
    let Examined { path, diagnosis, .. } = examined;
    out.add(format_args!("{}: {}", clean(&path.display().to_string()), text::verdict(diagnosis.verdict)));
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
        let name = hop.name;
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
    out.add(format_args!("  {:<8} {}", "disk", text::disk_line(&layout.table, examined.len)));
    for system in &layout.systems {
        let mut parts: Vec<&str> = system.stores.clone();
        if system.ntldr.is_some() {
            parts.push("NTLDR");
        }
        let line = format!("{}, {}, {}", layout.name(system.volume), system.firmware(), parts.join(", "));
        out.add(format_args!("  {:<8} {}", "system", clean(&line)));
    }
    for windows in &layout.windows {
        let place = format!("{}, {}", layout.name(windows.volume), windows.root);
        out.add(format_args!(
            "  {:<8} {}",
            "Windows",
            clean(&format!("{place}, {}", text::version(windows)))
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
    out.add(format_args!("  {}: {}", text::severity(first.severity), clean(&first.message)));
    for finding in group {
        out.add(format_args!("      {}", clean(&finding.subject)));
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

/// What fix would do, and the words that do it: the same switches as were given here.
pub fn closing(out: &mut Lines, examined: &Examined, switches: &[OsString]) {
    ways::show(out, examined, switches);
    let Examined { path, layout, diagnosis, .. } = examined;
    let (repoints, edits) = (diagnosis.repoints().count(), diagnosis.edits().count());
    let command = suggested::command(&[&["fix".into(), suggested::path(path)], switches].concat());
    let mut what = Vec::new();
    if repoints > 0 {
        let elements = text::count(repoints, "element", "elements");
        what.push(format!("re-point {elements} in {}", stores(layout, diagnosis)));
    }
    if edits > 0 {
        what.push(format!("set {} right", text::count(edits, "field", "fields")));
    }
    if !what.is_empty() {
        let left = match diagnosis.left().count() {
            0 => "nothing would be left".to_owned(),
            left => format!("{} would be left", text::count(left, "finding", "findings")),
        };
        let refusals = refusals(layout, diagnosis, Allowed::default());
        match refusals.is_empty() {
            true => {
                out.add(format_args!("\n  fix would {}; {left}. Run: {command}", what.join(" and ")));
                let switches = blocking_switches(diagnosis).join(" and ");
                if !switches.is_empty() {
                    out.add(format_args!("  Windows does not start without {switches} as well"));
                }
            }
            false => {
                out.add(format_args!("\n  fix would {}, but as it stands it refuses:", what.join(" and ")));
                refusals.iter().for_each(|it| out.add(format_args!("    {}", clean(&it.to_string()))));
            }
        }
    }
    match &diagnosis.restore {
        Restore::Possible(old) if for_identity(layout, diagnosis).is_empty() => {
            if what.is_empty() {
                out.add(format_args!(""));
            }
            out.add(format_args!(
                "  or, with --restore-identity, give back {}: {}, and no store",
                show_disk(old.disk),
                table_parts(old)
            ));
        }
        Restore::Impossible(reason) if repoints > 0 => {
            out.add(format_args!("  (its old identity cannot be put back instead: {})", clean(reason)));
        }
        Restore::Possible(_) | Restore::Impossible(_) | Restore::Nothing => {}
    }
}

/// The switches without which Windows does not start, each once.
fn blocking_switches(diagnosis: &Diagnosis) -> Vec<String> {
    let mut switches = Vec::new();
    for finding in diagnosis.findings.iter().filter(|finding| finding.severity == Severity::BlocksBoot) {
        if let Remedy::Switch(switch, _) = &finding.remedy {
            let switch = switch.to_string();
            if !switches.contains(&switch) {
                switches.push(switch);
            }
        }
    }
    switches
}

/// The stores that would be written, by path.
fn stores(layout: &Layout, diagnosis: &Diagnosis) -> String {
    let touched: BTreeSet<usize> = diagnosis.repoints().map(|repoint| repoint.store).collect();
    let paths = touched.into_iter().filter_map(|store| layout.stores.get(store));
    paths.map(|file| clean(&file.path)).collect::<Vec<_>>().join(" and ")
}

/// What of the partition table the other cure writes.
fn table_parts(old: &OldIdentity) -> &'static str {
    match old.disk {
        DiskId::Mbr(_) => "four bytes of the MBR",
        DiskId::Gpt(_) => "both copies of the GPT",
    }
}
