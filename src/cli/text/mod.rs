//! What every screen is made of: words, lines, quoted commands, exit codes.

pub mod advice;
pub mod columns;
pub mod disk_state;
pub mod exit;
pub mod lines;
pub mod misread;
pub mod partition_types;
pub mod pieces;
pub mod progress;
pub mod shell_quote;
pub mod way_out;
pub mod words;
