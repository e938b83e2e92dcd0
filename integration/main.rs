//! Integration tests.

// A test that panics has said what it has to say.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::unwrap_used
)]

mod corpus;
mod cycle;
mod hostile;
mod layers;
mod power;
mod refusals;
mod sparse;
mod support;
