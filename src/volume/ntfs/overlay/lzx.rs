//! LZX with a window of 32 KiB, of which each chunk is one.
//!
//! Source: Microsoft, [MS-PATCH], "LZX DELTA Compression and Decompression", and the specification of LZX in the Cabinet SDK, as far as they hold
//! here; what WIM files have otherwise (lengths of blocks, calls) as wimlib's documentation and its compressor show it.

use crate::bytes::array;
use crate::bytes::put;
use crate::volume::ntfs::overlay::bits::Bits;
use crate::volume::ntfs::overlay::copy::copy;
use crate::volume::ntfs::overlay::error::PackedError;
use crate::volume::ntfs::overlay::huffman::Code;

/// Bytes of a block whose length is not given.
const BLOCK: usize = 0x8000;
/// Symbols that are bytes.
const BYTES: usize = 256;
/// Symbols of copies: 30 slots of distances with 8 lengths each.
const COPIES: usize = 240;
/// Symbols of lengths that those do not have, of the low bits of distances, and of the code for lengths of words.
const LENGTHS: usize = 249;
const LOW: usize = 8;
const WORDS: usize = 20;
/// What a call leads to is given as if each file had this length.
const FILE: i32 = 12_000_000;
/// The last bytes of a chunk, in which no call is looked for.
const NO_CALLS: usize = 10;

/// What a block leaves to the next.
struct State {
    main: [u8; BYTES + COPIES],
    lengths: [u8; LENGTHS],
    recent: [u32; 3],
}

/// The `len` bytes that a chunk stands for.
///
/// # Errors
/// [`PackedError`].
pub(super) fn decompress(packed: &[u8], len: usize) -> Result<Vec<u8>, PackedError> {
    let mut bits = Bits::new(packed);
    let mut state = State { main: [0; BYTES + COPIES], lengths: [0; LENGTHS], recent: [1; 3] };
    let mut plain = Vec::with_capacity(len);
    while plain.len() < len {
        let kind = bits.take(3)?;
        let block = match bits.take(1)? {
            0 => usize::try_from(bits.take(16)?).unwrap_or(0),
            _ => BLOCK,
        };
        let end = plain.len().saturating_add(block);
        if block == 0 || end > len {
            return Err(PackedError::Block);
        }
        match kind {
            1 => state.packed(&mut bits, &mut plain, end, None)?,
            2 => {
                let mut lengths = [0; LOW];
                for length in &mut lengths {
                    *length = u8::try_from(bits.take(3)?).unwrap_or(0);
                }
                state.packed(&mut bits, &mut plain, end, Some(&Code::new(&lengths)?))?;
            }
            3 => state.stored(&mut bits, &mut plain, block)?,
            _ => return Err(PackedError::Block),
        }
    }
    undo_calls(&mut plain);
    Ok(plain)
}

impl State {
    /// A block of bytes as they are.
    fn stored(&mut self, bits: &mut Bits<'_>, plain: &mut Vec<u8>, len: usize) -> Result<(), PackedError> {
        // Where the bits end with a unit, the next is left out.
        bits.hold(1)?;
        bits.align();
        for recent in &mut self.recent {
            *recent = u32::from_le_bytes(array(bits.bytes(4)?, 0).unwrap_or_default());
        }
        plain.extend_from_slice(bits.bytes(len)?);
        if len % 2 == 1 {
            bits.bytes(1)?;
        }
        Ok(())
    }

    /// A block of symbols; the low bits of distances have a code of their own in some.
    fn packed(
        &mut self,
        bits: &mut Bits<'_>,
        plain: &mut Vec<u8>,
        end: usize,
        low: Option<&Code>,
    ) -> Result<(), PackedError> {
        let (of_bytes, of_copies) = self.main.split_at_mut(BYTES);
        read_lengths(bits, of_bytes)?;
        read_lengths(bits, of_copies)?;
        read_lengths(bits, &mut self.lengths)?;
        let (main, lengths) = (Code::new(&self.main)?, Code::new(&self.lengths)?);
        while plain.len() < end {
            let symbol = main.symbol(bits)?;
            let Err(_) = u8::try_from(symbol).map(|byte| plain.push(byte)) else { continue };
            let symbol = symbol.saturating_sub(256);
            let mut length = usize::from(symbol & 7).saturating_add(2);
            if symbol & 7 == 7 {
                length = length.saturating_add(usize::from(lengths.symbol(bits)?));
            }
            let distance = self.distance(bits, symbol >> 3, low)?;
            copy(plain, usize::try_from(distance).unwrap_or(usize::MAX), length, end)?;
        }
        Ok(())
    }

    /// The distance of a slot: one of the last three, or one that begins there.
    fn distance(&mut self, bits: &mut Bits<'_>, slot: u16, low: Option<&Code>) -> Result<u32, PackedError> {
        let [first, second, third] = self.recent;
        match slot {
            0 => {}
            1 => self.recent = [second, first, third],
            2 => self.recent = [third, second, first],
            slot => {
                let width = u32::from(slot >> 1).saturating_sub(1);
                // The slots double every second: 3, 4, 6, 8, 12, 16, …
                let start = match slot {
                    3 => 3,
                    slot => u32::from(slot & 1 | 2).wrapping_shl(width),
                };
                let further = match low {
                    Some(low) if width >= 3 => {
                        let high = bits.take(width.saturating_sub(3))?;
                        high.wrapping_shl(3) | u32::from(low.symbol(bits)?)
                    }
                    Some(_) | None => bits.take(width)?,
                };
                self.recent = [start.saturating_add(further).saturating_sub(2), first, second];
            }
        }
        let [distance, ..] = self.recent;
        Ok(distance)
    }
}

/// Reads lengths of code words, given as differences to those of the block before.
fn read_lengths(bits: &mut Bits<'_>, lengths: &mut [u8]) -> Result<(), PackedError> {
    let mut words = [0; WORDS];
    for length in &mut words {
        *length = u8::try_from(bits.take(4)?).unwrap_or(0);
    }
    let code = Code::new(&words)?;
    let mut at = 0usize;
    while at < lengths.len() {
        let symbol = code.symbol(bits)?;
        let (count, symbol) = match symbol {
            17 => (bits.take(4)?.saturating_add(4), None),
            18 => (bits.take(5)?.saturating_add(20), None),
            19 => (bits.take(1)?.saturating_add(4), Some(code.symbol(bits)?)),
            symbol => (1, Some(symbol)),
        };
        let old = lengths.get(at).copied().unwrap_or(0);
        let new = match symbol.map(u8::try_from) {
            None => 0,
            Some(Ok(less @ 0..=16)) => {
                old.saturating_add(17).saturating_sub(less).checked_rem(17).unwrap_or(0)
            }
            Some(_) => return Err(PackedError::NoSymbol),
        };
        let end = at.saturating_add(usize::try_from(count).unwrap_or(usize::MAX));
        // A run may go beyond the end, where it says nothing.
        lengths.iter_mut().take(end).skip(at).for_each(|length| *length = new);
        at = end;
    }
    Ok(())
}

/// Calls in programs were made absolute, so that those to one place are alike: makes them relative again.
fn undo_calls(plain: &mut [u8]) {
    let end = plain.len().saturating_sub(NO_CALLS);
    let mut at = 0usize;
    while at < end {
        if plain.get(at) != Some(&0xe8) {
            at = at.saturating_add(1);
            continue;
        }
        let place = at.saturating_add(1);
        let here = i32::try_from(at).unwrap_or(i32::MAX);
        if let Some(target) = array(plain, place).map(i32::from_le_bytes) {
            let relative = match target {
                0..FILE => Some(target.saturating_sub(here)),
                FILE.. => None,
                before => (before >= here.saturating_neg()).then_some(before.saturating_add(FILE)),
            };
            if let Some(relative) = relative {
                put(plain, place, &relative.to_le_bytes());
            }
        }
        at = at.saturating_add(5);
    }
}
