//! Why a switch leaves what it is there for.

/// Why nothing is written.
pub(in crate::diagnosis) enum Left {
    /// Nothing on the disk tells what is meant, or it is no matter of a few bytes.
    Untold,
    /// There is one answer, and a doubt about it, in words.
    Doubt(String),
}
