//! What came of one target among many.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::Serialize;

use crate::cli::output::screen::headline::Headline;
use crate::cli::text::words;
use crate::diagnosis::Finding;
use crate::diagnosis::Severity;
use crate::diagnosis::Verdict;
use crate::diagnosis::requirement::Requirement;

/// The result of one target, ready to be shown.
#[derive(Debug)]
pub struct Outcome {
    /// The target as the user gave it.
    pub target: PathBuf,
    /// Bits of the exit code.
    pub code: u8,
    /// The answer in a sentence.
    pub headline: Headline,
    /// Why it is not what it has to be; empty when it is.
    pub reasons: Vec<Reason>,
    /// Text or JSON.
    pub shown: String,
    /// How long it took.
    pub seconds: f64,
}

/// One thing for which a target is not what it has to be.
#[derive(Debug, PartialEq, Eq)]
pub struct Reason {
    /// Code of the finding, or name of the requirement; none where there is only a verdict.
    pub code: Option<String>,
    /// How much it matters.
    pub severity: Severity,
    /// One sentence, with the status that the screen shows where there is one.
    pub message: String,
    /// All that it is about.
    pub subjects: Vec<String>,
}

impl Reason {
    /// One without a code: the whole target.
    #[must_use]
    pub fn plain(message: String) -> Self {
        Self { code: None, severity: Severity::BlocksBoot, message, subjects: Vec::new() }
    }

    /// A requirement that is not met.
    #[must_use]
    pub fn requirement(requirement: Requirement, reason: &str) -> Self {
        Self { code: Some(requirement.to_string()), ..Self::plain(reason.to_owned()) }
    }

    /// In a line: `signature-changed: names …`.
    #[must_use]
    pub fn line(&self) -> String {
        self.code.as_ref().map_or_else(|| self.message.clone(), |code| format!("{code}: {}", self.message))
    }
}

/// What is wrong, the same of several elements once.
#[must_use]
pub fn reasons(findings: &[Finding], verdict: Verdict) -> Vec<Reason> {
    let mut said: Vec<Reason> = Vec::new();
    for finding in findings.iter().filter(|finding| finding.severity > Severity::Note) {
        let status = finding.predicted_status.map(|status| format!(" ({status})")).unwrap_or_default();
        let (code, message) = (Some(finding.code.to_string()), format!("{}{status}", finding.message));
        let (severity, subject) = (finding.severity, finding.subject.to_string());
        match said.iter_mut().find(|it| (&it.code, it.severity, &it.message) == (&code, severity, &message)) {
            Some(reason) => reason.subjects.push(subject),
            None => said.push(Reason { code, severity, message, subjects: vec![subject] }),
        }
    }
    if said.is_empty() && verdict != Verdict::Healthy {
        said.push(Reason::plain(verdict.to_string()));
    }
    said
}

/// How many targets came out how.
#[derive(Debug, Clone, Copy, Default, Serialize, JsonSchema)]
pub struct Tally {
    /// All of them.
    targets: usize,
    healthy: usize,
    degraded: usize,
    broken: usize,
    not_windows: usize,
    /// Those that could not be examined.
    unknown: usize,
    /// Those that are healthy and do not meet a requirement.
    #[serde(rename = "requirements_unmet")]
    unmet: usize,
}

impl Tally {
    /// Counts one more.
    pub fn add(&mut self, outcome: &Outcome) {
        let counter = match outcome.headline.verdict {
            Verdict::Healthy => &mut self.healthy,
            Verdict::Degraded => &mut self.degraded,
            Verdict::Broken => &mut self.broken,
            Verdict::NotWindows => &mut self.not_windows,
            Verdict::Unknown => &mut self.unknown,
        };
        *counter = counter.saturating_add(1);
        self.targets = self.targets.saturating_add(1);
        if outcome.headline.verdict == Verdict::Healthy && !outcome.reasons.is_empty() {
            self.unmet = self.unmet.saturating_add(1);
        }
    }

    /// All that were counted.
    #[must_use]
    pub fn targets(self) -> usize {
        self.targets
    }

    /// In a line: `5 targets: 3 healthy, 1 broken, 1 could not be examined`.
    #[must_use]
    pub fn line(self) -> String {
        let parts = [
            (self.healthy, "healthy"),
            (self.degraded, "degraded"),
            (self.broken, "broken"),
            (self.not_windows, "no Windows disk"),
            (self.unknown, "could not be examined"),
        ];
        let parts =
            parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}"));
        let unmet = match self.unmet {
            0 => String::new(),
            1 => "; 1 of the healthy ones does not meet a requirement".to_owned(),
            unmet => format!("; {unmet} of the healthy ones do not meet a requirement"),
        };
        let targets = words::count(self.targets(), "target", "targets");
        let parts = parts.collect::<Vec<_>>().join(", ");
        if parts.is_empty() { targets } else { format!("{targets}: {parts}{unmet}") }
    }
}
