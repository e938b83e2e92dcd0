//! Repair: a plan of sectors before and after, a record to undo it, and the one place where a disk is written.
//!
//! Lowest first: `patch`, `error`, `cure`, `touched`; the `draft`, and each kind of `change` that writes into it; `plan`, `rehearse`,
//! `refusal`; `record`, `apply`, `undo`; the `transaction`, whose steps cannot be left out; and `prospect`, which tries repairs.

#[doc(hidden)]
pub mod apply;
pub mod case;
pub(crate) mod change;
pub mod cure;
pub(crate) mod draft;
pub mod error;
mod goal;
pub mod patch;
pub mod plan;
pub mod prospect;
pub mod record;
pub mod refusal;
#[doc(hidden)]
pub mod rehearse;
#[doc(hidden)]
pub mod snapshot;
pub mod touched;
pub mod transaction;
pub mod undo;
