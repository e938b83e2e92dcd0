//! One command each.

pub(crate) mod bcd;
pub(crate) mod check;
pub(crate) mod check_output;
pub(crate) mod check_result;
pub(crate) mod fix;
pub(crate) mod inspect;
pub(crate) mod list;
pub(crate) mod record;
pub(crate) mod shell;
pub(crate) mod undo;
