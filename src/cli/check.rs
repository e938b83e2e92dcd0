//! `check`: findings and a verdict for each target.

use std::collections::BTreeSet;
use std::path::Path;

use owo_colors::OwoColorize;
use serde_json::Value;
use serde_json::json;

use crate::cli::FAILED;
use crate::cli::HEALTHY;
use crate::cli::LEFT;
use crate::cli::USAGE;
use crate::cli::args::CheckArgs;
use crate::cli::examine::Examined;
use crate::cli::examine::context;
use crate::cli::examine::examine_with;
use crate::cli::examine::is_store_file;
use crate::cli::examine::named_disks;
use crate::cli::examine::read_store_file;
use crate::cli::examine::recorded;
use crate::cli::json;
use crate::cli::text;
use crate::cli::text::clean;
use crate::diagnosis::Diagnosis;
use crate::diagnosis::Finding;
use crate::diagnosis::Remedy;
use crate::diagnosis::Verdict;
use crate::diagnosis::chain::State;
use crate::diagnosis::chain::is_identity;
use crate::diagnosis::restore::OldIdentity;
use crate::diagnosis::restore::Restore;
use crate::diagnosis::show_disk;
use crate::diagnosis::store;
use crate::layout::Layout;
use crate::partition::DiskId;
use crate::storage::attached::attached_disks;

/// Runs the command.
///
/// # Errors
/// When no target is named and no Windows disk is attached, or standard output cannot be written; a target that cannot
/// be examined is one result among others.
pub fn run(args: &CheckArgs, as_json: bool) -> anyhow::Result<u8> {
    if args.against.is_some() && args.targets.len() != 1 {
        return one_target(as_json);
    }
    let mut code = HEALTHY;
    let mut documents = Vec::new();
    let choice = args.choice.choice()?;
    let is_named = !args.targets.is_empty();
    let targets = match is_named {
        true => args.targets.clone(),
        false => attached_disks(Path::new("/"))?.into_iter().map(|disk| disk.path).collect(),
    };
    let named = named_disks(&args.targets, &args.open.options());
    let recorded = recorded(args.against.as_deref())?;
    for path in &targets {
        let mut context = context(path, &named, &args.open.options(), choice);
        context.recorded.clone_from(&recorded);
        let examined = match is_store_file(path) {
            true => None,
            false => Some(examine_with(path, &args.choice.with, &args.open.options(), &mut context)),
        };
        if !is_named && matches!(&examined, Some(Ok(disk)) if disk.diagnosis.verdict == Verdict::NotWindows) {
            continue;
        }
        if !as_json && !documents.is_empty() {
            anstream::println!();
        }
        let (bits, document) = match examined {
            None => store_file(path, as_json),
            Some(examined) => examined.map(|examined| disk(&examined, args, as_json)),
        }
        .unwrap_or_else(|error| failed(path, &error, as_json));
        code |= bits;
        documents.push(document);
    }
    // Who asked for the state of a disk that did not come up must not hear that all is well.
    anyhow::ensure!(is_named || !documents.is_empty(), "no Windows disk is attached; see `bcdrescue list`");
    if as_json {
        json::print(&documents)?;
    }
    Ok(code)
}

fn one_target(as_json: bool) -> anyhow::Result<u8> {
    let message = "--against is for one target: a record is of one disk";
    if as_json {
        json::print(&json::failure(None, message))?;
    } else {
        anstream::eprintln!("bcdrescue: {message}");
    }
    Ok(USAGE)
}

fn failed(path: &Path, error: &anyhow::Error, as_json: bool) -> (u8, Value) {
    let message = clean(&format!("{error:#}"));
    if !as_json {
        anstream::println!("{}: {}", clean(&path.display().to_string()), text::verdict(Verdict::Unknown));
        anstream::println!("  could not be examined: {message}");
    }
    let [document] = json::failure(Some(path), &message);
    (FAILED, document)
}

fn disk(examined: &Examined, args: &CheckArgs, as_json: bool) -> (u8, Value) {
    if !as_json {
        headline(examined);
        picture(examined);
        if examined.diagnosis.verdict != Verdict::Healthy {
            chain(&examined.diagnosis);
        }
        findings(&examined.diagnosis.findings);
        closing(examined, &switches(args));
    }
    (code_of(examined.diagnosis.verdict), json::target(examined))
}

/// The switches that `fix` has to be given too.
fn switches(args: &CheckArgs) -> String {
    let mut words = args.choice.words();
    words.extend(args.against.iter().flat_map(|record| ["--against".into(), record.display().to_string()]));
    words.iter().map(|word| format!(" {}", clean(word))).collect()
}

/// The exit code that a verdict stands for.
#[must_use]
pub fn code_of(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Healthy => HEALTHY,
        Verdict::Broken | Verdict::Degraded | Verdict::NotWindows => LEFT,
        Verdict::Unknown => FAILED,
    }
}

/// The verdict and, when Windows does not start, the hop at which it stops.
pub fn headline(examined: &Examined) {
    let Examined { path, diagnosis, .. } = examined;
    anstream::println!("{}: {}", clean(&path.display().to_string()), text::verdict(diagnosis.verdict));
    let stop = diagnosis.stop();
    match (diagnosis.verdict, stop) {
        (Verdict::Broken, Some(finding)) => match finding.predicted_status {
            Some(status) => {
                let why = if is_identity(finding) {
                    "the boot entry names a disk or partition that is not here"
                } else {
                    &finding.message
                };
                anstream::println!("  Windows stops at boot with {}: {}", status.bold(), clean(why));
            }
            None => anstream::println!("  Windows does not start: {}", clean(&finding.message)),
        },
        (Verdict::Degraded, _) => {
            anstream::println!("  Windows should start, but not everything is in order")
        }
        _ => {}
    }
    for note in &examined.notes {
        anstream::println!("  note: {}", clean(note));
    }
}

/// The hops from the firmware to the kernel, each with what was found there.
pub fn chain(diagnosis: &Diagnosis) {
    if diagnosis.chain.is_empty() {
        return;
    }
    anstream::println!("\n  the way to Windows:");
    for hop in &diagnosis.chain {
        let state = match hop.state {
            State::Ok => "ok".green().to_string(),
            State::Broken => "STOPS".red().bold().to_string(),
            State::Unknown => "?".yellow().to_string(),
        };
        let name = hop.name;
        anstream::println!(
            "    {name:<16} {state}{} {}",
            " ".repeat(6usize.saturating_sub(width(hop.state))),
            clean(&hop.evidence)
        );
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
pub fn picture(examined: &Examined) {
    let layout = &examined.layout;
    anstream::println!("  {:<8} {}", "disk", text::disk_line(&layout.table, examined.len));
    for system in &layout.systems {
        let mut parts: Vec<&str> = system.stores.clone();
        if system.ntldr.is_some() {
            parts.push("NTLDR");
        }
        let line = format!("{}, {}, {}", layout.name(system.volume), system.firmware(), parts.join(", "));
        anstream::println!("  {:<8} {}", "system", clean(&line));
    }
    for windows in &layout.windows {
        let place = format!("{}, {}", layout.name(windows.volume), windows.root);
        anstream::println!("  {:<8} {}", "Windows", clean(&format!("{place}, {}", text::version(windows))));
    }
}

/// All findings; those of one kind together, what they share said once.
pub fn findings(findings: &[Finding]) {
    let mut index = 0;
    while let Some(first) = findings.get(index) {
        let same = |finding: &&Finding| {
            (finding.code, finding.severity, &finding.message) == (first.code, first.severity, &first.message)
        };
        let group: Vec<&Finding> = findings.iter().skip(index).take_while(same).collect();
        anstream::println!();
        print_group(first, &group);
        index = index.saturating_add(group.len());
    }
}

fn print_group(first: &Finding, group: &[&Finding]) {
    anstream::println!("  {}: {}", text::severity(first.severity), clean(&first.message));
    for finding in group {
        anstream::println!("      {}", clean(&finding.subject));
    }
    let mut said: Vec<&String> = Vec::new();
    for line in group.iter().flat_map(|finding| &finding.evidence) {
        if !said.contains(&line) {
            said.push(line);
            anstream::println!("    {} {}", "·".dimmed(), clean(line).dimmed());
        }
    }
    match &first.remedy {
        Remedy::None => {}
        Remedy::Repoint(repoint) => {
            let place = clean(&repoint.place);
            anstream::println!(
                "    {} fix re-points {} to {place}",
                "→".green(),
                if group.len() == 1 { "it" } else { "them" }
            );
        }
        Remedy::Edit(edits) => {
            for edit in edits {
                let line = format!("fix changes the {}: {}", edit.what, edit.meaning);
                anstream::println!("    {} {}", "→".green(), clean(&line));
            }
        }
        Remedy::Advice(advice) => anstream::println!("    {} {}", "→".yellow(), clean(advice)),
    }
}

/// What fix would do, and the words that do it: the same switches as were given here.
fn closing(examined: &Examined, switches: &str) {
    let Examined { path, layout, diagnosis, .. } = examined;
    let (repoints, edits) = (diagnosis.repoints().count(), diagnosis.edits().count());
    let command = format!("bcdrescue fix {}{switches}", clean(&path.display().to_string()));
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
        anstream::println!("\n  fix would {}; {left}. Run: {command}", what.join(" and "));
    }
    match &diagnosis.restore {
        Restore::Possible(old) => {
            if what.is_empty() {
                anstream::println!();
            }
            anstream::println!(
                "  or, with --restore-identity, give back {}: {}, and no store",
                show_disk(old.disk),
                table_parts(old)
            );
        }
        Restore::Impossible(reason) if repoints > 0 => {
            anstream::println!("  (its old identity cannot be put back instead: {})", clean(reason));
        }
        Restore::Impossible(_) | Restore::Nothing => {}
    }
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

/// A store file by itself: what can be said without the disk it belongs to.
fn store_file(path: &Path, as_json: bool) -> anyhow::Result<(u8, Value)> {
    let store = read_store_file(path)?;
    let name = path.display().to_string();
    let findings = store::alone(&name, &store);
    let verdict = Diagnosis::verdict_of(&findings);
    if !as_json {
        anstream::println!("{}: {}", clean(&name), text::verdict(verdict));
        anstream::println!(
            "  a store by itself: which disk its {} belong to cannot be told",
            text::count(store.objects().len(), "object", "objects")
        );
        for finding in &findings {
            anstream::println!("  {}: {}", text::severity(finding.severity), clean(&finding.message));
        }
    }
    let document = json!({ "target": json::path(path), "kind": "store", "verdict": verdict, "findings": json::findings(None, &findings), "notes": [], "error": null });
    Ok((code_of(verdict), document))
}
