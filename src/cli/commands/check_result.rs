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
use crate::cli::output::screen::closing;
use crate::cli::output::screen::details;
use crate::cli::output::screen::headline;
use crate::cli::output::screen::headline::Headline;
use crate::cli::output::screen::picture;
use crate::cli::output::screen::summary;
use crate::cli::run::earlier::Reused;
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
use crate::diagnosis::Finding;
use crate::diagnosis::Verdict;
use crate::diagnosis::diagnose_store;
use crate::diagnosis::model::known_disks::Others;
use crate::diagnosis::requirement::Requirement;
use crate::repair::case::Case;
use crate::repair::prospect::prospect;
use crate::repair::refusal::Allowed;
use crate::storage::one_file::is_one_file;

/// Of a disk that is as it was in an earlier report.
#[must_use]
pub(crate) fn reused(path: &Path, reused: Reused) -> Outcome {
    let headline = Headline { verdict: reused.verdict, sentence: None, why: None };
    let code = code_of(reused.verdict) | if reused.is_unmet { LEFT } else { HEALTHY };
    let reasons = (code != HEALTHY).then(|| Reason::plain("as before".to_owned()));
    outcome(path, code, headline, reasons.into_iter().collect(), reused.line)
}

/// How a result is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    /// As JSON.
    Json(Form),
    /// As text, with everything that was found.
    Details,
    /// As text on one screen.
    Screen,
    /// The same, and in one row where there is nothing to say.
    OneOfMany,
}

/// Of a target that could not be examined, for this reason.
#[must_use]
pub(crate) fn failed(path: &Path, message: String, shape: Shape) -> Outcome {
    let document = || {
        let [document] = json::failure(Some(path), &message);
        document
    };
    let text = |out: &mut Lines| {
        let (name, what) = (clean(&json::path(path)), Headline::unknown().coloured());
        out.add(format_args!("{name}: {what}: it could not be examined"));
        // Errors of opening begin with the target, which stands above.
        out.add(format_args!("  {}", message.strip_prefix(&format!("{name}: ")).unwrap_or(&message)));
    };
    let shown = shown(shape, document, text);
    outcome(path, FAILED, Headline::unknown(), vec![Reason::plain(message)], shown)
}

/// Of a disk.
#[must_use]
pub(crate) fn disk(
    examined: &Examined,
    context: &Context,
    others: &[Others],
    args: &CheckArgs,
    shape: Shape,
    stamp: Option<String>,
) -> Outcome {
    let Examined { layout, storage, .. } = examined;
    let case = Case { storage, layout, context, allowed: Allowed::default() };
    let prospect = prospect(case, &examined.diagnosis);
    let requirements: Vec<(Requirement, Option<String>)> =
        args.requirements().map(|it| (it, it.unmet(&examined.layout, &examined.diagnosis, others))).collect();
    let unmet = unmet(&requirements);
    // What a running machine changes is not at rest, and each of several files may change.
    let stamp = stamp.filter(|_| examined.notes.is_empty() && is_one_file(&examined.path, examined.kind));
    let document = || checked(examined, &prospect, &switches(args), &requirements, stamp);
    let headline = Headline::of(&examined.diagnosis);
    let text = |out: &mut Lines| match shape {
        Shape::OneOfMany if headline.verdict == Verdict::Healthy && unmet.is_empty() => {
            one_row(out, examined)
        }
        Shape::Details => {
            headline::show(out, examined);
            headline::notes(out, examined);
            picture::whole(out, examined);
            if headline.verdict != Verdict::Healthy {
                details::chain(out, &examined.diagnosis);
            }
            details::findings(out, &examined.diagnosis.findings);
            out.gap();
            closing::show(out, examined, &prospect, &switches(args));
            closing::no_alternative(out, examined, &prospect);
            add_unmet(out, &unmet);
        }
        Shape::Screen | Shape::OneOfMany | Shape::Json(_) => {
            headline::show(out, examined);
            headline::notes(out, examined);
            summary::show(out, examined, &prospect);
            closing::show(out, examined, &prospect, &switches(args));
            add_unmet(out, &unmet);
        }
    };
    let shown = shown(shape, document, text);
    judged(&examined.path, headline, &examined.diagnosis.findings, unmet, shown)
}

/// A disk of which there is nothing more to say than what it is.
fn one_row(out: &mut Lines, examined: &Examined) {
    let verdict = words::verdict(examined.diagnosis.verdict);
    let path = clean(&examined.path.display().to_string());
    out.whole(format_args!("{path}: {verdict}: {}", clean(&picture::what(examined))));
}

/// Of a store file by itself: what can be said without the disk it belongs to.
///
/// # Errors
/// When it cannot be read or is no hive.
pub(crate) fn store_file(path: &Path, args: &CheckArgs, shape: Shape) -> anyhow::Result<Outcome> {
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
        out.add(format_args!("  a store alone: which disk its {objects} belong to cannot be determined"));
        for finding in &findings {
            let severity = words::severity(finding.severity);
            out.add(format_args!("  {severity}: {}", clean(&finding.message)));
        }
        add_unmet(out, &unmet);
    };
    let shown = shown(shape, document, text);
    let headline = Headline { verdict, sentence: None, why: None };
    Ok(judged(path, headline, &findings, unmet, shown))
}

fn unmet(requirements: &[(Requirement, Option<String>)]) -> Vec<Reason> {
    let unmet =
        requirements.iter().filter_map(|(requirement, reason)| Some((*requirement, reason.as_ref()?)));
    unmet.map(|(requirement, reason)| Reason::requirement(requirement, reason)).collect()
}

fn add_unmet(out: &mut Lines, unmet: &[Reason]) {
    if !unmet.is_empty() {
        out.add(format_args!("  requirements not met:"));
        unmet.iter().for_each(|unmet| out.add(format_args!("    {}", clean(&unmet.line()))));
    }
}

/// Of what was examined, with the requirements that it does not meet.
fn judged(
    path: &Path,
    headline: Headline,
    findings: &[Finding],
    unmet: Vec<Reason>,
    shown: String,
) -> Outcome {
    let verdict = headline.verdict;
    let code = code_of(verdict) | if unmet.is_empty() { HEALTHY } else { LEFT };
    let mut reasons = reasons(findings, verdict);
    reasons.extend(unmet);
    outcome(path, code, headline, reasons, shown)
}

fn outcome(path: &Path, code: u8, headline: Headline, reasons: Vec<Reason>, shown: String) -> Outcome {
    Outcome { target: path.to_owned(), code, headline, reasons, shown, seconds: 0.0 }
}

fn shown<T: Serialize>(shape: Shape, document: impl FnOnce() -> T, text: impl FnOnce(&mut Lines)) -> String {
    match shape {
        Shape::Json(form) => form.target(&document()),
        Shape::Details | Shape::Screen | Shape::OneOfMany => {
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
