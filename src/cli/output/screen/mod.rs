//! What was found on a disk, for people: the verdict first, and the command to run last.

pub mod closing;
pub mod details;
pub mod group;
pub mod headline;
pub mod hop;
pub mod picture;
pub mod summary;
pub mod ways;
