//! Findings about a store's copies of firmware entries.

pub mod edit;
pub mod entry;
pub mod place;
