//! Bytes to be written to a volume.

/// Bytes to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Piece {
    /// First byte, from the start of the volume.
    pub at: u64,
    /// What is to stand there.
    pub bytes: Vec<u8>,
}
