//! Headings of switches in the help.

/// Of the switches that say what is meant.
pub(crate) const CHOOSING: &str = "Choosing";
/// Of the switches that ask for more than the store.
pub(crate) const REPAIRS: &str = "More repairs";
/// Of the switches that lift a refusal.
pub(crate) const REFUSALS: &str = "Overriding a refusal";
