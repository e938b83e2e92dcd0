//! The identity that a disk had: giving it back, and what a snapshot says of it.

pub mod impossible;
pub mod restore;
pub mod snapshot;
