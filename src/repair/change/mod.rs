//! What changes on a disk, each kind in a file of its own, all written into one draft.

pub mod bytes;
pub mod identity;
mod in_file;
pub mod log_replay;
pub mod store;
mod verify;
