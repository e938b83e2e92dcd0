//! Findings about a store's copies of firmware entries.

pub(crate) mod edit;
pub(crate) mod entry;
pub(crate) mod place;
