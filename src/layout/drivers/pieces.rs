//! A file that is read in long pieces, each once: a question to a large hive takes some hundred of its pages, which lie near each other.

use std::cell::RefCell;
use std::collections::VecDeque;

use crate::hive::ReadError;
use crate::volume::VolumeError;
use crate::volume::VolumeFile;

/// Bytes of a piece: a hive of 12 MiB, as Windows 10 has it, is a dozen.
const PIECE: u64 = 1 << 20;
/// Pieces that are kept, the last ones: several disks may be examined at a time.
const KEPT: usize = 16;

/// A file with the pieces of it that were read.
pub(super) struct Pieces<'v, 'a> {
    file: &'v VolumeFile<'a>,
    /// By their place, the oldest first.
    kept: RefCell<VecDeque<(u64, Vec<u8>)>>,
}

impl<'v, 'a> Pieces<'v, 'a> {
    pub(super) fn new(file: &'v VolumeFile<'a>) -> Self {
        Self { file, kept: RefCell::default() }
    }

    /// Exactly `len` bytes from byte `at`.
    pub(super) fn read(&self, at: u64, len: usize) -> Result<Vec<u8>, ReadError> {
        let mut bytes = Vec::new();
        while bytes.len() < len {
            let from = at.saturating_add(u64::try_from(bytes.len()).unwrap_or(u64::MAX));
            let inside = usize::try_from(from.checked_rem(PIECE).unwrap_or(0)).unwrap_or(0);
            let start = from.saturating_sub(from.checked_rem(PIECE).unwrap_or(0));
            self.fetch(start).map_err(ReadError::reader)?;
            let kept = self.kept.borrow();
            let piece = kept.iter().find(|(at, _)| *at == start).and_then(|(_, piece)| piece.get(inside..));
            let piece = piece.unwrap_or_default();
            if piece.is_empty() {
                // Past the end of the file, which says so in its own words.
                return self.file.read_at(at, len).map_err(ReadError::reader);
            }
            bytes.extend(piece.iter().take(len.saturating_sub(bytes.len())));
        }
        Ok(bytes)
    }

    fn fetch(&self, start: u64) -> Result<(), VolumeError> {
        let mut kept = self.kept.borrow_mut();
        if kept.iter().any(|(at, _)| *at == start) {
            return Ok(());
        }
        let len = self.file.len().saturating_sub(start).min(PIECE);
        let piece = self.file.read_at(start, usize::try_from(len).unwrap_or(0))?;
        if kept.len() >= KEPT {
            kept.pop_front();
        }
        kept.push_back((start, piece));
        Ok(())
    }
}
