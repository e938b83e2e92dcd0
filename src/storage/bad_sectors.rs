//! Reading around bad sectors, so that of a read that fails they alone are lost.
//!
//! A request fails as a whole when one of its sectors does, and the page cache asks for whole pages. What failed is read
//! again in pages, and where that fails in sectors, past the page cache. A sector that fails is remembered: a drive may
//! try for many seconds each time.

use std::collections::BTreeSet;
use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::Mutex;
use std::sync::MutexGuard;
use std::sync::PoisonError;

use nix::errno::Errno;

use crate::storage::direct::Direct;
use crate::storage::direct::floor;

/// Reads of one disk that are tried again, in pages or sectors, and such that fail: on a disk that fails everywhere they are
/// soon spent. What is read beside a sector that is known to be bad is no try, and costs nothing.
const RETRIES: u32 = 2048;
/// What the page cache reads, and a multiple of every sector.
const PAGE: u64 = 4096;
/// What is read when the medium does not say what its sectors are.
const SECTOR: u64 = 512;

/// The bad sectors of one disk, as far as they are known.
#[derive(Debug)]
pub(crate) struct BadSectors {
    sector: u64,
    state: Mutex<State>,
    direct: Direct,
}

#[derive(Debug)]
struct State {
    retries: u32,
    /// First bytes.
    known: BTreeSet<u64>,
}

/// A part of a read that cannot be had.
#[derive(Debug)]
pub(crate) struct Lost {
    /// Its first byte.
    pub(crate) at: u64,
    /// Its length in bytes.
    pub(crate) len: u64,
    /// The system's error.
    pub(crate) cause: io::Error,
}

impl BadSectors {
    /// None is known of a disk with sectors of so many bytes.
    pub(crate) fn new(sector: Option<u32>) -> Self {
        let sector = sector.map_or(SECTOR, u64::from).clamp(SECTOR, PAGE);
        let state = Mutex::new(State { retries: RETRIES, known: BTreeSet::new() });
        Self { sector, state, direct: Direct::default() }
    }

    /// Fills `buf` from byte `offset` of `file`.
    pub(crate) fn read(&self, file: &File, offset: u64, buf: &mut [u8]) -> Result<(), Lost> {
        let read = |at: u64, buf: &mut [u8]| file.read_exact_at(buf, at);
        let alone = |at: u64, buf: &mut [u8]| self.direct.read(file, self.sector, at, buf);
        self.read_by(&read, &alone, offset, buf)
    }

    /// What is written anew may be read again.
    pub(crate) fn forget(&self, offset: u64, len: usize) {
        let end = offset.saturating_add(u64::try_from(len).unwrap_or(u64::MAX));
        let first = offset.saturating_sub(self.sector.saturating_sub(1));
        self.state().known.retain(|at| !(first..end).contains(at));
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `whole` reads as is usual; `alone` no more than it is asked for.
    fn read_by(
        &self,
        whole: &dyn Fn(u64, &mut [u8]) -> io::Result<()>,
        alone: &dyn Fn(u64, &mut [u8]) -> io::Result<()>,
        offset: u64,
        buf: &mut [u8],
    ) -> Result<(), Lost> {
        let len = u64::try_from(buf.len()).unwrap_or(u64::MAX);
        let lost = |cause| Lost { at: offset, len, cause };
        let end = offset.saturating_add(len);
        if let Some(sector) = self.known_in(floor(offset, self.sector)..end) {
            return Err(Lost { at: sector, len: self.sector, cause: Errno::EIO.into() });
        }
        let pages = floor(offset, PAGE)..end.next_multiple_of(PAGE);
        if self.known_in(pages).is_none() {
            match whole(offset, buf) {
                Err(cause) if is_of_medium(&cause) => {}
                read => return read.map_err(lost),
            }
        }
        let mut rest = buf;
        let mut at = offset;
        while !rest.is_empty() {
            let (piece, later) = rest.split_at_mut(up_to(at, PAGE, rest.len()));
            self.read_page(alone, at, piece)?;
            at = at.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
            rest = later;
        }
        Ok(())
    }

    /// What lies in one page, in one read or sector by sector.
    fn read_page(
        &self,
        alone: &dyn Fn(u64, &mut [u8]) -> io::Result<()>,
        offset: u64,
        buf: &mut [u8],
    ) -> Result<(), Lost> {
        let page = floor(offset, PAGE);
        let is_one = up_to(offset, self.sector, buf.len()) == buf.len();
        let is_beside = self.known_in(page..page.saturating_add(PAGE)).is_some();
        if !is_one && !is_beside {
            self.spend(offset, buf.len())?;
            match alone(offset, buf) {
                Err(cause) if is_of_medium(&cause) => {}
                Err(cause) => return Err(lost(offset, buf.len(), cause)),
                Ok(()) => return Ok(()),
            }
        }
        let mut rest = buf;
        let mut at = offset;
        while !rest.is_empty() {
            let (piece, later) = rest.split_at_mut(up_to(at, self.sector, rest.len()));
            if !is_beside {
                self.spend(at, piece.len())?;
            }
            self.read_sector(alone, at, piece)?;
            at = at.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
            rest = later;
        }
        Ok(())
    }

    fn read_sector(
        &self,
        alone: &dyn Fn(u64, &mut [u8]) -> io::Result<()>,
        offset: u64,
        buf: &mut [u8],
    ) -> Result<(), Lost> {
        alone(offset, buf).map_err(|cause| {
            let sector = floor(offset, self.sector);
            if is_of_medium(&cause) {
                let mut state = self.state();
                state.known.insert(sector);
                state.retries = state.retries.saturating_sub(1);
            }
            Lost { at: sector, len: self.sector, cause }
        })
    }

    fn known_in(&self, bytes: Range<u64>) -> Option<u64> {
        self.state().known.range(bytes).next().copied()
    }

    fn spend(&self, offset: u64, len: usize) -> Result<(), Lost> {
        let mut state = self.state();
        state.retries = state.retries.checked_sub(1).ok_or_else(|| lost(offset, len, Errno::EIO.into()))?;
        Ok(())
    }
}

/// How many of `len` bytes from `offset` lie before the next multiple of `size`.
fn up_to(offset: u64, size: u64, len: usize) -> usize {
    let left = size.saturating_sub(offset.checked_rem(size).unwrap_or(0));
    usize::try_from(left).unwrap_or(usize::MAX).min(len)
}

fn lost(at: u64, len: usize, cause: io::Error) -> Lost {
    Lost { at, len: u64::try_from(len).unwrap_or(u64::MAX), cause }
}

/// Whether a part of what was asked for may be had all the same (Linux `block/blk-core.c`, `blk_errors`).
fn is_of_medium(error: &io::Error) -> bool {
    let errno = error.raw_os_error().map(Errno::from_raw);
    matches!(errno, Some(Errno::EIO | Errno::ENODATA | Errno::EREMOTEIO | Errno::EILSEQ))
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    /// A disk with bad sectors, whose page cache reads whole pages; it counts what it was asked for alone.
    struct Worn {
        bad: Vec<u64>,
        alone: RefCell<Vec<(u64, usize)>>,
    }

    impl Worn {
        fn new(bad: &[u64]) -> Self {
            Self { bad: bad.to_vec(), alone: RefCell::default() }
        }

        fn touch(&self, first: u64, end: u64, offset: u64, buf: &mut [u8]) -> io::Result<()> {
            if self.bad.iter().any(|sector| sector * 512 < end && first < (sector + 1) * 512) {
                return Err(Errno::EIO.into());
            }
            buf.iter_mut().zip(offset..).for_each(|(byte, at)| *byte = (at % 251) as u8);
            Ok(())
        }

        fn read(&self, sectors: &BadSectors, offset: u64, len: usize) -> Result<Vec<u8>, (u64, u64)> {
            let mut buf = vec![0; len];
            let whole = |at: u64, buf: &mut [u8]| {
                let end = (at + buf.len() as u64).next_multiple_of(PAGE);
                self.touch(floor(at, PAGE), end, at, buf)
            };
            let alone = |at: u64, buf: &mut [u8]| {
                self.alone.borrow_mut().push((at, buf.len()));
                self.touch(at, at + buf.len() as u64, at, buf)
            };
            sectors.read_by(&whole, &alone, offset, &mut buf).map_err(|lost| (lost.at, lost.len))?;
            assert!(buf.iter().zip(offset..).all(|(byte, at)| *byte == (at % 251) as u8));
            Ok(buf)
        }
    }

    #[test]
    fn only_the_bad_sector_is_lost_and_it_is_asked_for_once() {
        let (disk, sectors) = (Worn::new(&[13]), BadSectors::new(None));
        for sector in 0..32 {
            let read = disk.read(&sectors, sector * 512, 512);
            assert_eq!(read.err(), (sector == 13).then_some((13 * 512, 512)), "sector {sector}");
        }
        assert!(disk.read(&sectors, 14 * 512 + 7, 9000).is_ok());
        assert_eq!(disk.read(&sectors, 0, 1 << 20), Err((13 * 512, 512)));
        let alone = disk.alone.borrow();
        let asked = alone.iter().filter(|(at, len)| (*at..*at + *len as u64).contains(&(13 * 512)));
        assert_eq!(asked.count(), 1);
        sectors.forget(13 * 512 + 511, 1);
        let disk = Worn::new(&[]);
        assert!(disk.read(&sectors, 0, 1 << 20).is_ok());
        assert_eq!(*disk.alone.borrow(), []);
    }

    #[test]
    fn a_large_read_costs_few_failures_and_says_where_it_ends() {
        let (disk, sectors) = (Worn::new(&[2000]), BadSectors::new(Some(512)));
        assert_eq!(disk.read(&sectors, 0, 1 << 20), Err((2000 * 512, 512)));
        assert_eq!(disk.alone.borrow().len(), 250 + 1 + 1);
        let (disk, sectors) = (Worn::new(&[8]), BadSectors::new(Some(4096)));
        assert_eq!(disk.read(&sectors, 0, 8192), Err((4096, 4096)));
    }

    #[test]
    fn a_disk_that_fails_everywhere_is_soon_given_up() {
        let (disk, sectors) = (Worn::new(&(0..100_000).collect::<Vec<_>>()), BadSectors::new(None));
        for read in 0..10_000 {
            assert!(disk.read(&sectors, read * 4096, 4096).is_err());
        }
        let tried = disk.alone.borrow().len();
        assert!(tried > 1000 && tried <= RETRIES as usize, "{tried}");
    }

    #[test]
    fn what_lies_beside_a_bad_sector_is_read_as_often_as_it_is_asked_for() {
        let (disk, sectors) = (Worn::new(&[5]), BadSectors::new(None));
        assert!(disk.read(&sectors, 0, 4096).is_err());
        for _ in 0..3 * RETRIES {
            assert!(disk.read(&sectors, 440, 8).is_ok());
        }
        assert!(disk.read(&sectors, 4096, 8192).is_ok());
    }
}
