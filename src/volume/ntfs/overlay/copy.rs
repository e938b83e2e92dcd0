//! Copies of what a chunk has already.

use crate::volume::ntfs::overlay::error::PackedError;

/// Appends `len` bytes from `distance` before the end, which may overlap with it. The chunk gets at most `max` bytes.
pub(super) fn copy(plain: &mut Vec<u8>, distance: usize, len: usize, max: usize) -> Result<(), PackedError> {
    let from = plain.len().checked_sub(distance).filter(|_| distance > 0).ok_or(PackedError::BeforeChunk)?;
    if plain.len().saturating_add(len) > max {
        return Err(PackedError::TooLong);
    }
    for at in from..from.saturating_add(len) {
        let byte = plain.get(at).copied().ok_or(PackedError::BeforeChunk)?;
        plain.push(byte);
    }
    Ok(())
}
