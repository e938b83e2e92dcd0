//! The result of `check` for one target, in text or JSON.

use std::ffi::OsString;
use std::path::Path;

use serde::Serialize;

use crate::cli::args::check_args::CheckArgs;
use crate::cli::output::json;
use crate::cli::output::json::Form;
use crate::cli::output::json::finding;
use crate::cli::output::json::store::CheckedFile;
use crate::cli::output::json::target::checked;
use crate::cli::output::json::target::required;
use crate::cli::output::outcome::Outcome;
use crate::cli::output::outcome::Reason;
use crate::cli::output::outcome::reasons;
use crate::cli::output::screen;
use crate::cli::run::examine::Examined;
use crate::cli::run::store_file::read_store_file;
use crate::cli::text::exit::FAILED;
use crate::cli::text::exit::HEALTHY;
use crate::cli::text::exit::LEFT;
use crate::cli::text::lines::Lines;
use crate::cli::text::shell_quote;
use crate::cli::text::words;
use crate::cli::text::words::clean;
use crate::diagnosis::Context;
use crate::diagnosis::Diagnosis;
use crate::diagnosis::Finding;
use crate::diagnosis::Verdict;
use crate::diagnosis::diagnose_store;
use crate::diagnosis::model::known_disks::Others;
use crate::diagnosis::requirement::Requirement;
use crate::repair::case::Case;
use crate::repair::prospect::prospect;
use crate::repair::refusal::Allowed;

/// Of a target that could not be examined, for this reason.
#[must_use]
pub(crate) fn failed(path: &Path, message: String, form: Option<Form>) -> Outcome {
    let document = || {
        let [document] = json::failure(Some(path), &message);
        document
    };
    let text = |out: &mut Lines| {
        out.add(format_args!("{}: {}", clean(&json::path(path)), words::verdict(Verdict::Unknown)));
        out.add(format_args!("  could not be examined: {message}"));
    };
    let shown = shown(form, document, text);
    outcome(path, FAILED, Verdict::Unknown, vec![Reason::plain(message)], shown)
}

/// Of a disk.
#[must_use]
pub(crate) fn disk(
    examined: &Examined,
    context: &Context,
    others: &[Others],
    args: &CheckArgs,
    form: Option<Form>,
) -> Outcome {
    let Examined { layout, storage, .. } = examined;
    let case = Case { storage, layout, context, allowed: Allowed::default() };
    let prospect = prospect(case, &examined.diagnosis);
    let requirements: Vec<(Requirement, Option<String>)> =
        args.requirements().map(|it| (it, it.unmet(&examined.layout, &examined.diagnosis, others))).collect();
    let unmet = unmet(&requirements);
    let document = || checked(examined, &prospect, &switches(args), &requirements);
    let text = |out: &mut Lines| {
        screen::headline(out, examined);
        screen::picture(out, examined);
        if examined.diagnosis.verdict != Verdict::Healthy {
            screen::chain(out, &examined.diagnosis);
        }
        screen::findings(out, &examined.diagnosis.findings);
        screen::closing(out, examined, &prospect, &switches(args));
        add_unmet(out, &unmet);
    };
    let shown = shown(form, document, text);
    let Diagnosis { verdict, findings, .. } = &examined.diagnosis;
    judged(&examined.path, *verdict, findings, unmet, shown)
}

/// Of a store file by itself: what can be said without the disk it belongs to.
///
/// # Errors
/// When it cannot be read or is no hive.
pub(crate) fn store_file(path: &Path, args: &CheckArgs, form: Option<Form>) -> anyhow::Result<Outcome> {
    let store = read_store_file(path)?;
    let name = json::path(path);
    let findings = diagnose_store(&name, &store);
    let verdict = Verdict::of(&findings);
    let requirements: Vec<(Requirement, Option<String>)> =
        args.requirements().map(|it| (it, it.unmet_alone(&store, verdict))).collect();
    let unmet = unmet(&requirements);
    let document = || CheckedFile {
        target: name.clone(),
        kind: "store",
        verdict,
        findings: finding::findings(None, &findings),
        notes: Vec::new(),
        requirements: required(&requirements),
        error: None,
    };
    let text = |out: &mut Lines| {
        out.add(format_args!("{}: {}", clean(&name), words::verdict(verdict)));
        let objects = words::count(store.objects().len(), "object", "objects");
        out.add(format_args!("  a store by itself: which disk its {objects} belong to cannot be told"));
        for finding in &findings {
            let severity = words::severity(finding.severity);
            out.add(format_args!("  {severity}: {}", clean(&finding.message)));
        }
        add_unmet(out, &unmet);
    };
    let shown = shown(form, document, text);
    Ok(judged(path, verdict, &findings, unmet, shown))
}

fn unmet(requirements: &[(Requirement, Option<String>)]) -> Vec<Reason> {
    let unmet =
        requirements.iter().filter_map(|(requirement, reason)| Some((*requirement, reason.as_ref()?)));
    unmet.map(|(requirement, reason)| Reason::requirement(requirement, reason)).collect()
}

fn add_unmet(out: &mut Lines, unmet: &[Reason]) {
    if !unmet.is_empty() {
        out.add(format_args!("\n  does not meet what is required:"));
        unmet.iter().for_each(|unmet| out.add(format_args!("    {}", clean(&unmet.line()))));
    }
}

/// Of what was examined, with the requirements that it does not meet.
fn judged(path: &Path, verdict: Verdict, findings: &[Finding], unmet: Vec<Reason>, shown: String) -> Outcome {
    let code = code_of(verdict) | if unmet.is_empty() { HEALTHY } else { LEFT };
    let mut reasons = reasons(findings, verdict);
    reasons.extend(unmet);
    outcome(path, code, verdict, reasons, shown)
}

fn outcome(path: &Path, code: u8, verdict: Verdict, reasons: Vec<Reason>, shown: String) -> Outcome {
    Outcome { target: path.to_owned(), code, verdict, reasons, shown, seconds: 0.0 }
}

fn shown<T: Serialize>(
    form: Option<Form>,
    document: impl FnOnce() -> T,
    text: impl FnOnce(&mut Lines),
) -> String {
    match form {
        Some(form) => form.target(&document()),
        None => {
            let mut lines = Lines::default();
            text(&mut lines);
            lines.into_text()
        }
    }
}

/// The switches that `fix` has to be given too.
fn switches(args: &CheckArgs) -> Vec<OsString> {
    let mut words = args.open.words();
    words.extend(args.choice.words());
    words.extend(args.against.iter().flat_map(|record| ["--against".into(), shell_quote::path(record)]));
    words
}

/// The exit code that a verdict stands for.
#[must_use]
pub(crate) fn code_of(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Healthy => HEALTHY,
        Verdict::Broken | Verdict::Degraded | Verdict::NotWindows => LEFT,
        Verdict::Unknown => FAILED,
    }
}
