//! What people and programs are shown.

pub mod bcd_words;
pub mod fleets;
pub mod golden;
pub mod one_screen;
pub mod pictures;
pub mod reports;
pub mod schema;
pub mod since;
pub mod targets;
