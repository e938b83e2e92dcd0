//! The size of reads that a user insists on.

use std::fmt;
use std::str::FromStr;

/// Bytes of one aligned read: a power of two from a sector to a mebibyte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReadSize(usize);

impl ReadSize {
    /// The smallest.
    pub const LEAST: Self = Self(512);
    /// The largest.
    pub const MOST: Self = Self(1 << 20);

    /// Reads of so many bytes; `None` where that is no such number.
    #[must_use]
    pub const fn new(bytes: usize) -> Option<Self> {
        let fits = bytes.is_power_of_two() && bytes >= Self::LEAST.0 && bytes <= Self::MOST.0;
        if fits { Some(Self(bytes)) } else { None }
    }

    /// Bytes.
    #[must_use]
    pub const fn bytes(self) -> usize {
        self.0
    }
}

/// A text that is no size of a read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotReadSize;

impl fmt::Display for NotReadSize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("expected a power of two from 512 to 1M, as 4096 or 64K")
    }
}

impl std::error::Error for NotReadSize {}

impl FromStr for ReadSize {
    type Err = NotReadSize;

    /// Bytes, or with `K` or `M` kibibytes or mebibytes.
    fn from_str(text: &str) -> Result<Self, NotReadSize> {
        let (digits, unit) = match text.char_indices().next_back() {
            Some((at, 'K' | 'k')) => (text.get(..at), 1 << 10),
            Some((at, 'M' | 'm')) => (text.get(..at), 1 << 20),
            _ => (Some(text), 1),
        };
        let number = digits.and_then(|digits| digits.parse::<usize>().ok());
        number.and_then(|number| number.checked_mul(unit)).and_then(Self::new).ok_or(NotReadSize)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_powers_of_two_within_bounds() {
        for (text, bytes) in [("512", 512), ("4096", 4096), ("4K", 4096), ("64k", 65536), ("1M", 1 << 20)] {
            assert_eq!(text.parse().map(ReadSize::bytes), Ok(bytes), "{text}");
        }
        for text in ["", "K", "0", "256", "3K", "2M", "-1", "4 K", "4G", "99999999999999999999", "ä"] {
            assert_eq!(text.parse::<ReadSize>(), Err(NotReadSize), "{text}");
        }
    }
}
