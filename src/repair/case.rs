//! A disk as it was looked at, and what the user has said of it: what every repair begins with.

use crate::diagnosis::Choice;
use crate::diagnosis::Context;
use crate::layout::Layout;
use crate::repair::refusal::Allowed;
use crate::storage::Storage;

/// A disk and what the user has said of it so far.
#[derive(Clone, Copy)]
pub struct Case<'a> {
    /// The disk.
    pub storage: &'a dyn Storage,
    /// What is where on it.
    pub layout: &'a Layout,
    /// What is known besides, with the user's choice.
    pub context: &'a Context,
    /// The refusals that the user has lifted.
    pub allowed: Allowed,
}

impl Case<'_> {
    /// What is known, with another choice of the user.
    #[must_use]
    pub fn choosing(&self, choice: Choice) -> Context {
        Context { choice, ..self.context.clone() }
    }
}
