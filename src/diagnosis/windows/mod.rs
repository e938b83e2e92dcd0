//! Findings about what a Windows remembers: drive letters, its recovery environment.

pub(crate) mod drive_letters;
pub(crate) mod old_letters;
pub(crate) mod winre;
