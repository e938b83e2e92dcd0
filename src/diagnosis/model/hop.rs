//! A hop of the way from the firmware to the kernel.

/// How a hop stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// It is as it should be.
    Ok,
    /// The start ends here.
    Broken,
    /// It cannot be seen from here (encrypted, inside a virtual disk).
    Unknown,
}

/// One hop.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hop {
    /// What it is: `active partition`, `store`, `device`.
    pub name: &'static str,
    /// How it stands.
    pub state: State,
    /// What was found there.
    pub evidence: String,
    /// The finding that breaks it, by its place among the findings.
    pub finding: Option<usize>,
}
