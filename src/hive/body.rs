//! Bodies of cells: fields at their places, and errors that name the file offset.

use super::error::HiveError;
use crate::bytes;

/// A field that holds the offset of a cell.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reference {
    /// What it refers to, for the error.
    pub(super) what: &'static str,
    /// File offset of the field.
    pub(super) at: usize,
    /// Offset of the cell from the first bin.
    pub(super) cell: u32,
}

/// The bytes of an allocated cell behind its size.
#[derive(Debug, Clone, Copy)]
pub(super) struct Body<'a> {
    /// File offset of the first byte.
    pub(super) at: usize,
    pub(super) bytes: &'a [u8],
}

impl<'a> Body<'a> {
    /// Checks the two letters with which most structures begin.
    pub(super) fn expect_signature(&self, what: &'static str, signature: &str) -> Result<(), HiveError> {
        let found = self.slice(what, 0, 2)?;
        if found == signature.as_bytes() {
            return Ok(());
        }
        let found = String::from_utf8_lossy(found).escape_debug().to_string();
        Err(HiveError::Corrupt { what, at: self.at, expected: signature.to_owned(), found })
    }

    /// Little-endian `u16` at `at` of the body.
    pub(super) fn u16(&self, what: &'static str, at: usize) -> Result<u16, HiveError> {
        bytes::le_u16(self.bytes, at).ok_or_else(|| self.cut(what, at, 2))
    }

    /// Little-endian `u32` at `at` of the body.
    pub(super) fn u32(&self, what: &'static str, at: usize) -> Result<u32, HiveError> {
        bytes::le_u32(self.bytes, at).ok_or_else(|| self.cut(what, at, 4))
    }

    /// Little-endian `u64` at `at` of the body.
    pub(super) fn u64(&self, what: &'static str, at: usize) -> Result<u64, HiveError> {
        bytes::le_u64(self.bytes, at).ok_or_else(|| self.cut(what, at, 8))
    }

    /// `len` bytes at `at` of the body.
    pub(super) fn slice(&self, what: &'static str, at: usize, len: usize) -> Result<&'a [u8], HiveError> {
        bytes::slice(self.bytes, at, len).ok_or_else(|| self.cut(what, at, len))
    }

    /// The reference that stands at `at` of the body.
    pub(super) fn reference(&self, what: &'static str, at: usize) -> Result<Reference, HiveError> {
        Ok(Reference { what, at: self.place(at), cell: self.u32(what, at)? })
    }

    /// File offset of byte `at` of the body.
    pub(super) const fn place(&self, at: usize) -> usize {
        self.at.saturating_add(at)
    }

    fn cut(&self, what: &'static str, at: usize, len: usize) -> HiveError {
        let expected = format!("a cell that holds {:#x} bytes", at.saturating_add(len));
        HiveError::Corrupt { what, at: self.at, expected, found: format!("{:#x} bytes", self.bytes.len()) }
    }
}
