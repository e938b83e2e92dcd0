//! Fields of structures that are changed in memory.

use anyhow::Context;
use anyhow::Result;

/// Puts `new` at byte `at` of a structure.
///
/// # Errors
/// When it does not lie inside.
pub(crate) fn put(bytes: &mut [u8], at: usize, new: &[u8]) -> Result<()> {
    bytes.get_mut(at..at + new.len()).context("a structure that is cut short")?.copy_from_slice(new);
    Ok(())
}
