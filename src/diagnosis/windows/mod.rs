//! Findings about what a Windows remembers: drive letters, its recovery environment.

pub mod drive_letters;
pub mod old_letters;
pub mod winre;
