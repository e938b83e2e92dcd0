//! A disk as it was looked at, and what the user has said of it: what every repair begins with.

use std::sync::Arc;

use crate::diagnosis::Choice;
use crate::diagnosis::Context;
use crate::diagnosis::model::rebuild::Orders;
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

    /// The same, where a repair is only tried: of what is made anew no more is read than tells whether it comes out.
    #[must_use]
    pub fn trying(&self, choice: Choice) -> Context {
        let orders = Orders { is_trial: true, ..self.context.orders.as_ref().clone() };
        Context { orders: Arc::new(orders), ..self.choosing(choice) }
    }
}
