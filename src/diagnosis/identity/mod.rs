//! The identity that a disk had: giving it back, and what a record says of it.

pub mod impossible;
pub mod recorded;
pub mod restore;
