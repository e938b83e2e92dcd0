//! Repair: a plan of sectors before and after, a record to undo it, and the one place where a disk is written.
//!
//! Lowest first: `sector`, `patch`, `run`, `cure`, `touched`; `nvram`, the firmware's boot menu; what `rebuild` makes again, and the `error` that all have; the `draft`, and each
//! kind of `change` that writes into it; `store_edit`, `text_edit` and the `task`, `plan`, `rehearse`, `refusal`, and the `case` that a repair begins with; `new_file`, `record`, `snapshot`, `batch`,
//! `apply`; the `goal`; the `transaction`, whose steps cannot be
//! left out, and `undo`, which joins it; and `prospect`, which tries repairs.

pub mod apply;
mod batch;
#[doc(hidden)]
pub mod boot_code;
pub mod boot_files;
pub mod case;
pub(crate) mod change;
pub mod cure;
pub(crate) mod draft;
pub mod error;
mod goal;
#[cfg(test)]
mod large;
#[doc(hidden)]
pub mod new_file;
pub mod nvram;
pub mod patch;
pub mod plan;
pub mod prospect;
pub mod rebuild;
pub mod rebuild_error;
pub mod record;
pub mod refusal;
#[doc(hidden)]
pub mod rehearse;
pub mod run;
pub mod sector;
#[doc(hidden)]
pub mod snapshot;
pub mod store_edit;
mod task;
mod text_edit;
pub mod touched;
pub mod transaction;
pub mod undo;
