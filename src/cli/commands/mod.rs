//! One command each.

pub mod check;
pub mod check_result;
pub mod fix;
pub mod inspect;
pub mod list;
pub mod record;
pub mod shell;
pub mod undo;
