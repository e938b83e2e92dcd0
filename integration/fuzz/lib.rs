//! The fuzzing targets of bcdrescue, for the programs in `fuzz_targets`.

// What is here asserts; a panic is how it says that something is wrong.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::as_conversions,
    clippy::disallowed_methods,
    clippy::indexing_slicing,
    clippy::unwrap_used
)]

pub mod targets;
