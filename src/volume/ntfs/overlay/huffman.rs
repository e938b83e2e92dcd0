//! Canonical prefix codes: known by the length of each symbol's word.

use crate::volume::ntfs::overlay::bits::Bits;
use crate::volume::ntfs::overlay::error::PackedError;

/// Bits of a code word, at most.
const LONGEST: usize = 16;

/// A code.
pub(super) struct Code {
    /// How many words have each length.
    counts: [u32; LONGEST + 1],
    /// The symbols in the order of their words.
    symbols: Vec<u16>,
}

impl Code {
    /// The code in which the word of each symbol has the length that is given for it, 0 for one that has none.
    ///
    /// # Errors
    /// There are more words than bits make.
    pub(super) fn new(lengths: &[u8]) -> Result<Self, PackedError> {
        let mut counts = [0u32; LONGEST + 1];
        for length in lengths.iter().filter(|length| **length > 0) {
            let count = counts.get_mut(usize::from(*length)).ok_or(PackedError::NoCode)?;
            *count = count.saturating_add(1);
        }
        let mut left = 1u32;
        for count in counts.iter().skip(1) {
            left = left.saturating_mul(2).checked_sub(*count).ok_or(PackedError::NoCode)?;
        }
        let mut sorted: Vec<(u8, u16)> = (0u16..)
            .zip(lengths)
            .filter(|(_, length)| **length > 0)
            .map(|(symbol, length)| (*length, symbol))
            .collect();
        sorted.sort_unstable();
        Ok(Self { counts, symbols: sorted.into_iter().map(|(_, symbol)| symbol).collect() })
    }

    /// Takes a word, and gives its symbol.
    pub(super) fn symbol(&self, bits: &mut Bits<'_>) -> Result<u16, PackedError> {
        bits.hold(16)?;
        let ahead = bits.ahead();
        // The first word of a length, and how many symbols have shorter ones.
        let (mut first, mut shorter) = (0u32, 0u32);
        for (length, count) in (1u32..).zip(self.counts.iter().skip(1)) {
            let word = ahead.wrapping_shr(16u32.saturating_sub(length));
            let index = word.saturating_sub(first);
            if index < *count {
                bits.skip(length);
                let at = usize::try_from(shorter.saturating_add(index)).unwrap_or(usize::MAX);
                return self.symbols.get(at).copied().ok_or(PackedError::NoSymbol);
            }
            shorter = shorter.saturating_add(*count);
            first = first.saturating_add(*count).saturating_mul(2);
        }
        Err(PackedError::NoSymbol)
    }
}
