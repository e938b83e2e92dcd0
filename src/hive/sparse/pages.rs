//! Pages of a hive file and the cells in them: each page is fetched once, some are kept, and there is a budget on all.

use std::cell::RefCell;
use std::collections::HashMap;
use std::collections::VecDeque;
use std::rc::Rc;

use super::ReadAt;
use crate::bytes;
use crate::hive::base_block::BASE_BLOCK_SIZE;
use crate::hive::base_block::BaseBlock;
use crate::hive::body::Body;
use crate::hive::body::Reference;
use crate::hive::cell::BIN_HEADER_SIZE;
use crate::hive::cell::CELL_HEADER_SIZE;
use crate::hive::error::HiveError;
use crate::hive::error::ReadError;

/// Bytes that are fetched at once. Hive files grow in these units, so that every page is whole.
const PAGE: usize = 0x1000;
/// Pages that are kept: 1 MiB.
const KEPT: usize = 256;
/// A longer piece is read in one go and not kept.
const PIECE_MAX: usize = 0x1000;
/// Reads that one question may take. A path takes some for each of its keys.
const READS: u32 = 4096;
/// Bytes that one question may have handed out, and with them the memory that its answer may take.
const BYTES: usize = 0x100_0000;
/// Cells and list entries that one question may look at, so that pages which are kept cannot be read for ever.
const STEPS: u32 = 0x10_0000;

/// The bins of a hive.
pub(super) struct Pages<'a> {
    read: &'a ReadAt<'a>,
    /// File offset of the end of the bins.
    end: usize,
    state: RefCell<State>,
}

#[derive(Default)]
struct State {
    kept: HashMap<usize, Rc<[u8]>>,
    /// The kept pages, oldest first.
    order: VecDeque<usize>,
    reads: u32,
    bytes: usize,
    steps: u32,
}

/// An allocated cell, or the first bytes of a long one.
pub(super) struct Cell {
    at: usize,
    bytes: Vec<u8>,
}

impl Cell {
    pub(super) fn body(&self) -> Body<'_> {
        Body { at: self.at, bytes: &self.bytes }
    }
}

impl<'a> Pages<'a> {
    pub(super) fn new(read: &'a ReadAt<'a>, base_block: &BaseBlock) -> Self {
        let size = usize::try_from(base_block.bins_size).unwrap_or(usize::MAX);
        Self { read, end: BASE_BLOCK_SIZE.saturating_add(size), state: RefCell::default() }
    }

    /// A new question: the budget is whole again.
    pub(super) fn begin(&self) {
        let mut state = self.state.borrow_mut();
        (state.reads, state.bytes, state.steps) = (0, 0, 0);
    }

    /// Counts one thing that is looked at.
    pub(super) fn step(&self, at: usize) -> Result<(), HiveError> {
        let mut state = self.state.borrow_mut();
        state.steps = state.steps.saturating_add(1);
        within(state.steps <= STEPS, at)
    }

    /// The cell that a reference names; of a long one the first `most` bytes of its body.
    ///
    /// That a cell ends within its bin cannot be seen here, only that it ends within the bins.
    pub(super) fn cell(&self, reference: Reference, most: usize) -> Result<Cell, HiveError> {
        self.step(reference.at)?;
        let refuse = |expected: &str, found: String| HiveError::Corrupt {
            what: reference.what,
            at: reference.at,
            expected: expected.to_owned(),
            found,
        };
        let offset = usize::try_from(reference.cell).unwrap_or(usize::MAX);
        let at = offset.saturating_add(BASE_BLOCK_SIZE);
        let inside = at.saturating_add(8) <= self.end;
        if !inside || offset < BIN_HEADER_SIZE || !offset.is_multiple_of(8) {
            return Err(refuse("the start of a cell", format!("{:#x}", reference.cell)));
        }
        let stored = bytes::le_i32(&self.bytes(at, CELL_HEADER_SIZE)?, 0).unwrap_or(0);
        let size = usize::try_from(stored.unsigned_abs()).unwrap_or(usize::MAX);
        if size == 0 || !size.is_multiple_of(8) || at.saturating_add(size) > self.end {
            let sign = if stored < 0 { "-" } else { "" };
            return Err(HiveError::Corrupt {
                what: "size of a cell",
                at,
                expected: "a multiple of 8 within the bins".into(),
                found: format!("{sign}{size:#x}"),
            });
        }
        if stored > 0 {
            return Err(refuse("an allocated cell", format!("the free cell {:#x}", reference.cell)));
        }
        let at = at.saturating_add(CELL_HEADER_SIZE);
        let len = size.saturating_sub(CELL_HEADER_SIZE).min(most);
        Ok(Cell { at, bytes: self.bytes(at, len)? })
    }

    /// How many pages are kept.
    #[cfg(test)]
    pub(super) fn kept(&self) -> usize {
        self.state.borrow().kept.len()
    }

    /// `len` bytes from file offset `at`, which lie within the bins.
    fn bytes(&self, at: usize, len: usize) -> Result<Vec<u8>, HiveError> {
        {
            let mut state = self.state.borrow_mut();
            state.bytes = state.bytes.saturating_add(len);
            within(state.bytes <= BYTES, at)?;
        }
        if len > PIECE_MAX {
            return self.fetch(at, len);
        }
        let mut piece = Vec::with_capacity(len);
        while piece.len() < len {
            let from = at.saturating_add(piece.len());
            let start = from.checked_rem(PAGE).unwrap_or(0);
            let page = self.page(from.saturating_sub(start))?;
            let count = len.saturating_sub(piece.len()).min(PAGE.saturating_sub(start));
            piece.extend_from_slice(bytes::slice(&page, start, count).unwrap_or_default());
        }
        Ok(piece)
    }

    /// The page at file offset `at`.
    fn page(&self, at: usize) -> Result<Rc<[u8]>, HiveError> {
        if let Some(page) = self.state.borrow().kept.get(&at) {
            return Ok(Rc::clone(page));
        }
        let page: Rc<[u8]> = self.fetch(at, PAGE)?.into();
        let mut state = self.state.borrow_mut();
        if state.order.len() >= KEPT
            && let Some(oldest) = state.order.pop_front()
        {
            state.kept.remove(&oldest);
        }
        state.order.push_back(at);
        state.kept.insert(at, Rc::clone(&page));
        Ok(page)
    }

    fn fetch(&self, at: usize, len: usize) -> Result<Vec<u8>, HiveError> {
        {
            let mut state = self.state.borrow_mut();
            state.reads = state.reads.saturating_add(1);
            within(state.reads <= READS, at)?;
        }
        fetch(self.read, at, len)
    }
}

/// Exactly `len` bytes from file offset `at`.
pub(super) fn fetch(read: &ReadAt<'_>, at: usize, len: usize) -> Result<Vec<u8>, HiveError> {
    let piece = read(u64::try_from(at).unwrap_or(u64::MAX), len);
    let piece = piece.map_err(|cause| HiveError::Read { at, cause })?;
    if piece.len() == len {
        return Ok(piece);
    }
    Err(HiveError::Read { at, cause: ReadError::Length { asked: len, came: piece.len() } })
}

fn within(budget: bool, at: usize) -> Result<(), HiveError> {
    let what = "key that needs more reading than one of Windows";
    if budget { Ok(()) } else { Err(HiveError::Unsupported { what, at }) }
}
