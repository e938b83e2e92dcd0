//! What a Windows remembers and has: drive letters, its recovery environment, storage drivers.

pub(crate) mod drive_letters;
pub mod lack;
pub(crate) mod old_letters;
pub mod readiness;
mod recovery_entry;
mod start_edits;
pub mod starts_on;
pub mod storage_drivers;
pub(crate) mod winre;
mod winre_edits;
