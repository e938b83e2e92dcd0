//! What was found, short enough for one screen: where the boot path ends, how much is affected, and what else is wrong.

use owo_colors::OwoColorize as _;

use crate::bcd::device::QualifiedPartition;
use crate::cli::output::screen::group::Group;
use crate::cli::output::screen::group::groups;
use crate::cli::output::screen::headline::Headline;
use crate::cli::output::screen::hop;
use crate::cli::output::screen::picture;
use crate::cli::run::examine::Examined;
use crate::cli::text::lines::Lines;
use crate::cli::text::words;
use crate::cli::text::words::clean;
use crate::diagnosis::Diagnosis;
use crate::diagnosis::Finding;
use crate::diagnosis::Remedy;
use crate::diagnosis::Severity;
use crate::diagnosis::Verdict;
use crate::diagnosis::model::hop::Hop;
use crate::diagnosis::model::hop::HopKind;
use crate::diagnosis::model::hop::State;
use crate::diagnosis::model::identity::disk_of;
use crate::diagnosis::show_disk;
use crate::repair::prospect::Prospect;
use crate::repair::prospect::Way;

/// Rows of a screen of 24 up to which findings are told: the rest is for what to run.
const ROOM: usize = 15;

/// The picture, the boot path as far as it goes, and the findings.
pub fn show(out: &mut Lines, examined: &Examined, prospect: &Prospect) {
    let diagnosis = &examined.diagnosis;
    picture::brief(out, examined);
    if matches!(diagnosis.verdict, Verdict::Broken | Verdict::Unknown) {
        boot_path(out, diagnosis);
    }
    affected(out, &diagnosis.findings);
    rest(out, diagnosis, prospect, ROOM);
}

/// How far the boot path is in order, and the hops that are not; those of which the same is to be said in one row.
fn boot_path(out: &mut Lines, diagnosis: &Diagnosis) {
    let failing = || diagnosis.chain.iter().filter(|hop| hop.state != State::Ok);
    if failing().next().is_none() {
        return;
    }
    match diagnosis.chain.iter().take_while(|hop| hop.state == State::Ok).last() {
        Some(last) => out.add(format_args!("  boot path ok up to the {}, then", name(last))),
        None => out.add(format_args!("  boot path")),
    }
    let mut rows: Vec<(State, String, Vec<&str>)> = Vec::new();
    for hop in failing() {
        let found = evidence(diagnosis, hop);
        match rows.iter_mut().find(|row| row.0 == hop.state && row.1 == found) {
            Some((.., names)) => names.push(name(hop)),
            None => rows.push((hop.state, found, vec![name(hop)])),
        }
    }
    for (state, evidence, names) in rows {
        hop::add(out, &names.join(", "), state, &evidence);
        // What comes after the hop that stops the start is never reached.
        if state == State::Broken {
            break;
        }
    }
}

const fn name(hop: &Hop) -> &'static str {
    match hop.kind {
        HopKind::Entry => "boot entry",
        kind => kind.as_str(),
    }
}

/// What was found at a hop; of an element that `fix` re-points only what differs.
fn evidence(diagnosis: &Diagnosis, hop: &Hop) -> String {
    let finding = hop.finding.and_then(|finding| diagnosis.findings.get(finding));
    match finding.map(|finding| &finding.remedy) {
        Some(Remedy::Repoint(repoint)) => {
            let place = words::place(repoint);
            format!("{} is not present; should be {place}", missing(&repoint.old, &repoint.new))
        }
        _ => hop.evidence.clone(),
    }
}

/// The disk that an element refers to, or the partition where the disk is this one.
fn missing(old: &QualifiedPartition, new: &QualifiedPartition) -> String {
    match old {
        _ if disk_of(old) != disk_of(new) => show_disk(disk_of(old)),
        QualifiedPartition::Gpt { partition, .. } => format!("partition GUID {partition}"),
        QualifiedPartition::Mbr { offset, .. } => format!("a partition at offset 0x{offset:x}"),
    }
}

/// How many elements `fix` re-points, by how much they matter.
fn affected(out: &mut Lines, findings: &[Finding]) {
    let repointed = || findings.iter().filter(|finding| matches!(finding.remedy, Remedy::Repoint(_)));
    let count = |severity| repointed().filter(|finding| finding.severity == severity).count();
    let kinds = [
        (Severity::BlocksBoot, "stop Windows"),
        (Severity::Degrades, "in other entries"),
        (Severity::Stale, "harmless"),
        (Severity::Note, "harmless"),
    ];
    let parts: Vec<String> = kinds
        .into_iter()
        .map(|(severity, what)| (count(severity), what))
        .filter(|(number, _)| *number > 0)
        .map(|(number, what)| format!("{number} {what}"))
        .collect();
    let all = repointed().count();
    if all > 0 {
        let elements = words::count(all, "element", "elements");
        out.add(format_args!("  {elements} affected: {}", parts.join(", ")));
    }
}

/// What else was found, the gravest first, up to so many rows: what to do about it where `fix` has no answer.
pub fn rest(out: &mut Lines, diagnosis: &Diagnosis, prospect: &Prospect, room: usize) {
    let why = Headline::of(diagnosis).why;
    let is_cured = |group: &Group<'_>| matches!(group.first.remedy, Remedy::Repoint(_));
    let rows: Vec<Group<'_>> = groups(&diagnosis.findings).filter(|group| !is_cured(group)).collect();
    let mut advised: Vec<&str> = Vec::new();
    let mut untold: usize = 0;
    for group in rows {
        let finding = group.first;
        // The headline has it, and the end of the screen says what to do.
        if why.as_ref() == Some(&finding.message) {
            advised.extend(advice(finding, prospect));
            continue;
        }
        let advice = advice(finding, prospect).filter(|it| !advised.contains(it));
        if out.within(room, |out| tell(out, diagnosis.verdict, &group, advice)) {
            advised.extend(advice);
        } else {
            untold = untold.saturating_add(1);
        }
    }
    if untold > 0 {
        let more = words::count(untold, "more finding", "more findings");
        out.add(format_args!("  and {more} (-v shows them)"));
    }
}

/// A group in a row, and what to do about it.
fn tell(out: &mut Lines, verdict: Verdict, group: &Group<'_>, advice: Option<&str>) {
    let about = group.subject().map(|it| format!("{it}: ")).unwrap_or_default();
    let line = clean(&format!("{about}{}", group.first.message));
    match (verdict, group.first.severity) {
        // A disk of another system is no alarm.
        (Verdict::NotWindows, Severity::BlocksBoot) => out.add(format_args!("  {line}")),
        _ => out.add(format_args!("  {}: {line}", words::severity(group.first.severity))),
    }
    if let Some(advice) = advice {
        out.add(format_args!("    {} {}", "->".yellow(), clean(advice)));
    }
}

/// What a person has to do: not for a note, and not where the command at the end of the screen does it.
#[must_use]
pub fn advice<'a>(finding: &'a Finding, prospect: &Prospect) -> Option<&'a str> {
    if finding.severity == Severity::Note {
        return None;
    }
    match &finding.remedy {
        Remedy::Advice(advice) => Some(advice),
        Remedy::Switch(switch, advice) => {
            let is_given = |way: &Way| way.switches.contains(switch);
            (!prospect.way.as_ref().is_some_and(is_given)).then_some(advice)
        }
        Remedy::None | Remedy::Repoint(_) | Remedy::Edit(_) | Remedy::Rebuild | Remedy::Belongs(_) => None,
    }
}
