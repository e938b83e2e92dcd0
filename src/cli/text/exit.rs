//! Exit codes, as fsck has them: bits that add up.

/// Nothing above a note.
pub const HEALTHY: u8 = 0;
/// Something was fixed.
pub const FIXED: u8 = 1;
/// Something is wrong and was left.
pub const LEFT: u8 = 4;
/// It could not be done.
pub const FAILED: u8 = 8;
/// The command line was wrong, or a question could not be asked.
pub const USAGE: u8 = 16;

/// What is wrong with a command line that the grammar lets pass.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Usage(pub String);
