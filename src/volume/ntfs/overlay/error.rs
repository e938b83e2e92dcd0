//! Why bytes are no chunk that was packed.

/// Why bytes are no chunk that was packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum PackedError {
    #[error("a truncated chunk")]
    Cut,
    #[error("code lengths that make no code")]
    NoCode,
    #[error("a code word that stands for nothing")]
    NoSymbol,
    #[error("a copy from before the chunk")]
    BeforeChunk,
    #[error("a copy beyond the end of the chunk")]
    TooLong,
    #[error("a block of an unknown kind or length")]
    Block,
}
