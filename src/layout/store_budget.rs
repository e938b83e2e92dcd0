//! How much of the stores of a disk is read.

/// Longest store that is read. Real ones have 8 to 256 KiB; what is longer is damage or a trap.
pub const STORE_MAX: u64 = 1 << 20;

/// Bytes of all stores of a disk and of the logs that are read, together; a table of hundreds of volumes with a long
/// store each is a trap.
const STORES_MAX: u64 = 3 << 20;

/// What may still be read.
pub(super) struct StoreBudget {
    left: u64,
}

impl StoreBudget {
    /// For the stores of one disk, of which nothing was read yet.
    pub(super) const fn new() -> Self {
        Self { left: STORES_MAX }
    }

    /// The longest file that may be read next.
    pub(super) fn longest(&self) -> u64 {
        STORE_MAX.min(self.left)
    }

    /// Takes bytes that were read from what may still be.
    pub(super) fn take(&mut self, bytes: &[u8]) {
        self.left = self.left.saturating_sub(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
    }
}
