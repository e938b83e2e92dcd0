//! A word of the command line that is not what its place takes.

/// What was expected, and what was found.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected {expected}, found {found}")]
pub struct Misread {
    expected: &'static str,
    found: String,
}

impl Misread {
    /// `found` where `expected` should be.
    #[must_use]
    pub fn new(expected: &'static str, found: &str) -> Self {
        Self { expected, found: found.to_owned() }
    }
}
