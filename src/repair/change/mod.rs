//! What changes on a disk, each kind in a file of its own, all written into one draft.

pub(crate) mod bytes;
pub(crate) mod identity;
pub(crate) mod in_file;
pub(crate) mod log_replay;
pub(crate) mod store;
mod verify;
