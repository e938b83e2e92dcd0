//! What is written, and that it can be undone.

pub mod advice;
pub mod attached;
pub mod begun_by_hand;
pub mod boot_ini;
pub mod changed_identity;
pub mod companion;
pub mod convert;
pub mod cycle;
pub mod dirty;
pub mod firmware;
pub mod firmware_entries;
pub mod half_repairs;
pub mod interrupted;
pub mod left_alone;
pub mod power;
pub mod raid_members;
pub mod recorded;
pub mod recovery_config;
pub mod refusals;
pub mod restore;
pub mod scenarios;
pub mod several_windows;
mod start_drivers;
pub mod undo_records;
pub mod wrong_words;
