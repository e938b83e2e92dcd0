//! Registry hives (regf): reading a whole small hive, strictly, following a path through a big one, editing a small one,
//! and making a fresh one.
//!
//! Follows M. Suhanov, "Windows registry file format specification". A BCD store is a hive of some ten kilobytes, so it
//! is read in one go: every bin and cell is walked first, then the tree is followed, and a cell may be reached once and
//! only as what it is. That alone makes a parse end, whatever the bytes. The hives of an installed Windows are read a
//! path at a time instead ([`sparse`]). A hive whose last write was cut short is made whole from its transaction logs
//! ([`replay`]; of a big one [`log_head`] says how old a log is). Class names, security
//! descriptors and volatile keys are left out: no boot store needs them to be read.

mod base_block;
mod body;
#[doc(hidden)]
pub mod build;
mod cell;
#[doc(hidden)]
pub mod edit;
mod error;
mod key;
#[doc(hidden)]
pub mod log_head;
mod name;
mod primary;
#[doc(hidden)]
pub mod replay;
mod sequence;
#[doc(hidden)]
pub mod sparse;
mod subkeys;
mod value;

pub use base_block::BaseBlock;
pub use error::HiveError;
pub use error::ReadError;
pub use key::Key;
pub use primary::Hive;
pub use sequence::highest_sequence;
pub use value::REG_BINARY;
pub use value::REG_DWORD;
pub use value::REG_EXPAND_SZ;
pub use value::REG_MULTI_SZ;
pub use value::REG_SZ;
pub use value::Value;
