//! One thing that was found, and how much it matters.

use schemars::JsonSchema;
use serde::Serialize;

use crate::diagnosis::remedy::Remedy;

/// How much a finding matters, in rising order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// Worth knowing; nothing is wrong.
    Note,
    /// Names an old identity, but boot managers get by (measured on real ones).
    Stale,
    /// Something beside the normal boot does not work: recovery, resume, memory test, another entry.
    Degrades,
    /// Windows does not start.
    BlocksBoot,
}

impl std::fmt::Display for Severity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Note => "note",
            Self::Stale => "stale",
            Self::Degrades => "degrades",
            Self::BlocksBoot => "blocks boot",
        })
    }
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// Stable name of the kind of finding, e.g. `signature-changed`.
    pub code: &'static str,
    /// How much it matters.
    pub severity: Severity,
    /// What it is about: `\Boot\BCD {bootmgr} device`, `disk`, `partition 2 (Windows)`.
    pub subject: String,
    /// One sentence.
    pub message: String,
    /// The facts behind it.
    pub evidence: Vec<String>,
    /// The status that a boot manager would show, e.g. `0xc000000e`, where that was measured.
    pub predicted_status: Option<&'static str>,
    /// What can be done.
    pub remedy: Remedy,
}

impl Finding {
    /// A finding without evidence, status or remedy; `..Finding::plain(…)` behind those that it has.
    pub(super) fn plain(code: &'static str, severity: Severity, subject: &str, message: String) -> Self {
        Self {
            code,
            severity,
            subject: subject.to_owned(),
            message,
            evidence: Vec::new(),
            predicted_status: None,
            remedy: Remedy::None,
        }
    }
}
