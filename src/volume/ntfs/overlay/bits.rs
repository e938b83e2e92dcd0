//! Bits as XPRESS and LZX have them: in units of 16, little-endian, the highest first, with whole bytes between the units.

use crate::bytes::le_u16;
use crate::volume::ntfs::overlay::error::PackedError;

/// Units of zeros behind the end, at most: two are read ahead of those that count.
const SPARE: u32 = 2;

/// Reads bits.
pub(super) struct Bits<'p> {
    packed: &'p [u8],
    /// Where the next unit or byte is.
    at: usize,
    /// Bits that were read and not yet taken, from the highest down.
    held: u32,
    count: u32,
    spare: u32,
}

impl<'p> Bits<'p> {
    pub(super) const fn new(packed: &'p [u8]) -> Self {
        Self { packed, at: 0, held: 0, count: 0, spare: 0 }
    }

    /// Reads units until `wanted` bits are held, 17 at most.
    pub(super) fn hold(&mut self, wanted: u32) -> Result<(), PackedError> {
        while self.count < wanted.min(17) {
            let unit = match le_u16(self.packed, self.at) {
                Some(unit) => unit,
                None if self.spare < SPARE => {
                    self.spare = self.spare.saturating_add(1);
                    0
                }
                None => return Err(PackedError::Cut),
            };
            self.at = self.at.saturating_add(2);
            self.held |= u32::from(unit).wrapping_shl(16u32.saturating_sub(self.count));
            self.count = self.count.saturating_add(16);
        }
        Ok(())
    }

    /// The next 16 bits, without taking them; [`Bits::hold`] had to hold them.
    pub(super) const fn ahead(&self) -> u32 {
        self.held >> 16
    }

    /// Takes bits that are held.
    pub(super) fn skip(&mut self, count: u32) {
        self.held = self.held.checked_shl(count).unwrap_or(0);
        self.count = self.count.saturating_sub(count);
    }

    /// Takes up to 17 bits.
    pub(super) fn take(&mut self, count: u32) -> Result<u32, PackedError> {
        self.hold(count)?;
        let value = self.held.checked_shr(32u32.saturating_sub(count)).unwrap_or(0);
        self.skip(count);
        Ok(value)
    }

    /// Leaves the rest of what is held: the next byte is that behind the units that were read.
    pub(super) const fn align(&mut self) {
        self.held = 0;
        self.count = 0;
    }

    /// Takes bytes from behind the units that were read.
    pub(super) fn bytes(&mut self, len: usize) -> Result<&'p [u8], PackedError> {
        let bytes = crate::bytes::slice(self.packed, self.at, len).ok_or(PackedError::Cut)?;
        self.at = self.at.saturating_add(len);
        Ok(bytes)
    }
}
