//! The answer in a word, and what it rests on.

use schemars::JsonSchema;
use serde::Serialize;

use crate::diagnosis::Finding;
use crate::diagnosis::Remedy;
use crate::diagnosis::Severity;
use crate::layout::Layout;

/// The answer in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Nothing above a note.
    Healthy,
    /// Windows does not start.
    Broken,
    /// Starts, but something is wrong.
    Degraded,
    /// No boot manager, store or Windows here.
    NotWindows,
    /// Could not be examined.
    Unknown,
}

impl std::fmt::Display for Verdict {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Healthy => "healthy",
            Self::Broken => "broken",
            Self::Degraded => "degraded",
            Self::NotWindows => "not a Windows disk",
            Self::Unknown => "unknown",
        })
    }
}

impl Verdict {
    /// What these findings lead to, on something that is Windows'.
    #[must_use]
    pub fn of(findings: &[Finding]) -> Self {
        match findings.iter().map(|finding| finding.severity).max() {
            Some(Severity::BlocksBoot) => Self::Broken,
            Some(Severity::Degrades | Severity::Stale) => Self::Degraded,
            Some(Severity::Note) | None => Self::Healthy,
        }
    }

    /// What these findings lead to, on this disk.
    pub(super) fn of_disk(layout: &Layout, findings: &[Finding]) -> Self {
        let is_doubted = findings.iter().any(Finding::is_of_unread);
        if layout.systems.is_empty() && layout.windows.is_empty() {
            // What cannot be read may be the very volume: that is not the same as a disk without Windows.
            let is_damaged = layout.volumes.iter().any(|facts| facts.unreadable.is_some());
            return if is_doubted || is_damaged { Self::Unknown } else { Self::NotWindows };
        }
        // Neither is a store that may be there the same as none. An element that names what is not here was seen, whatever else
        // was not.
        let is_sure = |finding: &Finding| {
            finding.severity == Severity::BlocksBoot
                && matches!(finding.remedy, Remedy::Repoint(_) | Remedy::Edit(_))
        };
        if is_doubted && !findings.iter().any(is_sure) {
            return Self::Unknown;
        }
        Self::of(findings)
    }
}
