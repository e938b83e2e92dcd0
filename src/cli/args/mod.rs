//! The grammar of the command line.

pub(crate) mod bcd_args;
pub(crate) mod check_args;
pub(crate) mod choice;
pub(crate) mod command_line;
mod headings;
pub(crate) mod on_arg;
pub(crate) mod open_args;
pub(crate) mod rebuild_args;
pub(crate) mod show_args;
mod write_args;
