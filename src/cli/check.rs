//! `check`: findings and a verdict for each target.

use std::path::Path;

use serde_json::Value;
use serde_json::json;

use crate::cli::FAILED;
use crate::cli::HEALTHY;
use crate::cli::LEFT;
use crate::cli::args::CheckArgs;
use crate::cli::confine;
use crate::cli::examine::Examined;
use crate::cli::examine::context;
use crate::cli::examine::examine_with;
use crate::cli::examine::is_store_file;
use crate::cli::examine::named_disks;
use crate::cli::examine::read_store_file;
use crate::cli::examine::recorded;
use crate::cli::json;
use crate::cli::report;
use crate::cli::text;
use crate::cli::text::clean;
use crate::cli::usage;
use crate::diagnosis::Diagnosis;
use crate::diagnosis::Verdict;
use crate::diagnosis::store;
use crate::storage::attached::attached_disks;

/// Runs the command.
///
/// # Errors
/// When no target is named and no Windows disk is attached, or standard output cannot be written; a target that cannot
/// be examined is one result among others.
pub fn run(args: &CheckArgs, as_json: bool) -> anyhow::Result<u8> {
    confine::to_reading();
    if args.against.is_some() && args.targets.len() != 1 {
        return usage("--against is for one target: a record is of one disk", as_json);
    }
    let mut code = HEALTHY;
    let mut documents = Vec::new();
    let choice = match args.choice.choice() {
        Ok(choice) => choice,
        Err(error) => return usage(&error.to_string(), as_json),
    };
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
        report::headline(examined);
        report::picture(examined);
        if examined.diagnosis.verdict != Verdict::Healthy {
            report::chain(&examined.diagnosis);
        }
        report::findings(&examined.diagnosis.findings);
        report::closing(examined, &switches(args));
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
