//! The bytes of a hive as cells that are handed out and given back.

use std::collections::BTreeMap;

use crate::bytes;
use crate::bytes::put;
use crate::hive::base_block::BASE_BLOCK_SIZE;
use crate::hive::base_block::BIN_UNIT;
use crate::hive::base_block::BINS_SIZE_MAX;
use crate::hive::base_block::BaseBlock;
use crate::hive::body::Body;
use crate::hive::body::Reference;
use crate::hive::cell::BIN_HEADER_SIZE;
use crate::hive::cell::CELL_HEADER_SIZE;
use crate::hive::cell::Cells;
use crate::hive::cell::NO_CELL;
use crate::hive::error::HiveError;

#[derive(Debug, Clone, Copy)]
struct Cell {
    /// Bytes, the size field included.
    size: usize,
    is_free: bool,
}

/// The bytes of a hive, and its cells.
#[derive(Debug, Clone)]
pub(super) struct Heap {
    bytes: Vec<u8>,
    /// By file offset.
    cells: BTreeMap<usize, Cell>,
    /// File offset of the first byte behind the bins.
    end: usize,
}

impl Heap {
    /// The cells of a hive whose bins are sound.
    pub(super) fn new(bytes: Vec<u8>, bins_size: u32) -> Result<Self, HiveError> {
        let walked = Cells::walk(&bytes, bins_size)?;
        let cells = walked.all().map(|(at, size, is_free)| (at, Cell { size, is_free })).collect();
        let end = BASE_BLOCK_SIZE.saturating_add(usize::try_from(bins_size).unwrap_or(usize::MAX));
        Ok(Self { bytes, cells, end })
    }

    pub(super) fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// The body of the cell that is referred to, which is in use.
    pub(super) fn follow(&self, reference: Reference) -> Result<Body<'_>, HiveError> {
        let at = place(reference.cell);
        let Some(cell) = self.cells.get(&at).filter(|cell| !cell.is_free) else {
            return Err(HiveError::Corrupt {
                what: reference.what,
                at: reference.at,
                expected: "an allocated cell".into(),
                found: format!("{:#x}", reference.cell),
            });
        };
        let at = at.saturating_add(CELL_HEADER_SIZE);
        let len = cell.size.saturating_sub(CELL_HEADER_SIZE);
        Ok(Body { at, bytes: bytes::slice(&self.bytes, at, len).unwrap_or_default() })
    }

    /// The body of a cell that is known to be in use.
    pub(super) fn body(&self, cell: u32) -> Result<Body<'_>, HiveError> {
        self.follow(Reference { what: "cell", at: place(cell), cell })
    }

    /// Puts `new` at byte `at` of the body of a cell in use that has room for it.
    pub(super) fn put(&mut self, cell: u32, at: usize, new: &[u8]) -> Result<(), HiveError> {
        let body = self.body(cell)?;
        body.slice("cell", at, new.len())?;
        let at = body.place(at);
        put(&mut self.bytes, at, new);
        Ok(())
    }

    pub(super) fn put_u32(&mut self, cell: u32, at: usize, number: u32) -> Result<(), HiveError> {
        self.put(cell, at, &number.to_le_bytes())
    }

    /// A cell with this body, from the smallest free cell that has room, or else from a new bin.
    pub(super) fn add(&mut self, body: &[u8]) -> Result<u32, HiveError> {
        let cell = self.allocate(body.len())?;
        self.put(cell, 0, body)?;
        Ok(cell)
    }

    fn allocate(&mut self, len: usize) -> Result<u32, HiveError> {
        let size = len.saturating_add(CELL_HEADER_SIZE).checked_next_multiple_of(8).ok_or_else(too_large)?;
        let fitting = self.cells.iter().filter(|(_, cell)| cell.is_free && cell.size >= size);
        let (at, free) = match fitting.min_by_key(|(at, cell)| (cell.size, **at)) {
            Some((at, cell)) => (*at, cell.size),
            None => self.add_bin(size)?,
        };
        let rest = free.saturating_sub(size);
        if rest > 0 {
            self.mark(at.saturating_add(size), rest, true);
        }
        self.mark(at, size, false);
        u32::try_from(at.saturating_sub(BASE_BLOCK_SIZE)).map_err(|_| too_large())
    }

    /// Gives a cell back, as one with its free neighbours; between the cells of two bins lies a header.
    pub(super) fn free(&mut self, cell: u32) -> Result<(), HiveError> {
        self.body(cell)?;
        let mut at = place(cell);
        let Some(mut size) = self.cells.get(&at).map(|cell| cell.size) else { return Ok(()) };
        let next = at.saturating_add(size);
        if let Some(free) = self.cells.get(&next).copied().filter(|cell| cell.is_free) {
            self.cells.remove(&next);
            size = size.saturating_add(free.size);
        }
        let before = self.cells.range(..at).next_back().map(|(at, cell)| (*at, *cell));
        if let Some((start, free)) = before.filter(|(_, cell)| cell.is_free)
            && start.saturating_add(free.size) == at
        {
            self.cells.remove(&at);
            at = start;
            size = size.saturating_add(free.size);
        }
        self.mark(at, size, true);
        Ok(())
    }

    fn mark(&mut self, at: usize, size: usize, is_free: bool) {
        let stored = i32::try_from(size).unwrap_or(i32::MAX);
        let stored = if is_free { stored } else { stored.saturating_neg() };
        put(&mut self.bytes, at, &stored.to_le_bytes());
        self.cells.insert(at, Cell { size, is_free });
    }

    /// Adds a bin with room for a cell of `size` bytes; returns its one free cell. A file that is longer than its bins keeps its length
    /// while that suffices.
    fn add_bin(&mut self, size: usize) -> Result<(usize, usize), HiveError> {
        let size =
            size.saturating_add(BIN_HEADER_SIZE).checked_next_multiple_of(BIN_UNIT).ok_or_else(too_large)?;
        let at = self.end;
        let end = at.saturating_add(size);
        let number = |bytes: usize| u32::try_from(bytes).map_err(|_| too_large());
        let bins_size = number(end.saturating_sub(BASE_BLOCK_SIZE))?;
        if bins_size > BINS_SIZE_MAX {
            return Err(too_large());
        }
        self.bytes.resize(self.bytes.len().max(end), 0);
        if let Some(bin) = self.bytes.get_mut(at..end) {
            bin.fill(0);
            put(bin, 0, b"hbin");
            put(bin, 4, &number(at.saturating_sub(BASE_BLOCK_SIZE))?.to_le_bytes());
            put(bin, 8, &number(size)?.to_le_bytes());
        }
        self.end = end;
        put(&mut self.bytes, 0x28, &bins_size.to_le_bytes());
        seal(&mut self.bytes);
        let free = (at.saturating_add(BIN_HEADER_SIZE), size.saturating_sub(BIN_HEADER_SIZE));
        self.mark(free.0, free.1, true);
        Ok(free)
    }
}

/// Sets the checksum of the base block right.
pub(super) fn seal(hive: &mut [u8]) {
    if let Some(sum) = BaseBlock::checksum(hive) {
        put(hive, 0x1fc, &sum.to_le_bytes());
    }
}

/// File offset of a cell; none is where the reference to nothing leads.
fn place(cell: u32) -> usize {
    match cell {
        NO_CELL => usize::MAX,
        _ => usize::try_from(cell).unwrap_or(usize::MAX).saturating_add(BASE_BLOCK_SIZE),
    }
}

const fn too_large() -> HiveError {
    HiveError::Unsupported { what: "hive of more than 64 MiB", at: 0x28 }
}

#[cfg(test)]
impl Heap {
    /// All cells in use.
    pub(super) fn in_use(&self) -> impl Iterator<Item = u32> {
        let used = self.cells.iter().filter(|(_, cell)| !cell.is_free);
        used.filter_map(|(at, _)| u32::try_from(at - BASE_BLOCK_SIZE).ok())
    }

    /// Whether two free cells lie side by side.
    pub(super) fn has_free_neighbours(&self) -> bool {
        let is_free = |at: usize| self.cells.get(&at).is_some_and(|cell| cell.is_free);
        self.cells.iter().any(|(at, cell)| cell.is_free && is_free(at + cell.size))
    }
}
