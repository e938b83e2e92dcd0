//! The grammar of the command line.

pub mod check_args;
pub mod choice;
pub mod command_line;
pub mod open_args;
