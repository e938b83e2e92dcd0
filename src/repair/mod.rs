//! Repair: a plan of sectors before and after, a record to undo it, and the one place where a disk is written.
//!
//! Lowest first: `patch`, `error`, `cure`, `touched`; the `draft`, and each kind of `change` that writes into it; `rebuild`, which says
//! what to make anew; `plan`, `rehearse`, `refusal`, and the `case` that a repair begins with; `record`, `snapshot`, `apply`; the `goal`;
//! the `transaction`, whose steps cannot be left out, and `undo`, which joins it; and `prospect`, which tries repairs.

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
#[doc(hidden)]
pub mod rebuild;
pub mod record;
pub mod refusal;
#[doc(hidden)]
pub mod rehearse;
#[doc(hidden)]
pub mod snapshot;
pub mod touched;
pub mod transaction;
pub mod undo;
