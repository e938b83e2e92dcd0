//! The time as registries and volumes have it.

use std::time::SystemTime;
use std::time::UNIX_EPOCH;

use crate::layout::machine::UNIX;

/// The time, in 100 ns since 1601, UTC, to the second.
#[must_use]
pub fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    since.saturating_mul(10_000_000).saturating_add(UNIX)
}
