//! The answer in a word to whether a Windows would start from a disk controller.

use schemars::JsonSchema;
use serde::Serialize;

/// Whether a Windows would start from a controller, the better first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Readiness {
    /// All that it needs is there and is loaded.
    Ready,
    /// All is there, but a start value is overridden for the hardware on which Windows ran: on other hardware it probably starts.
    ReadyButOverridden,
    /// Nobody can tell.
    Unknown,
    /// All is there, but a driver is not loaded at boot.
    Patchable,
    /// The driver's package is there, but it was never installed.
    Staged,
    /// A driver, its file or its hardware id is missing.
    NotReady,
}

impl Readiness {
    /// In words.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "ready",
            Self::ReadyButOverridden => "ready but overridden",
            Self::Unknown => "unknown",
            Self::Patchable => "patchable",
            Self::Staged => "staged",
            Self::NotReady => "not ready",
        }
    }

    /// Whether start values alone stand between this Windows and the controller.
    #[must_use]
    pub const fn is_patchable(self) -> bool {
        matches!(self, Self::ReadyButOverridden | Self::Patchable)
    }
}

impl std::fmt::Display for Readiness {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
