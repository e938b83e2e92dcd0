//! `Read + Seek` over a storage with a read budget, for the crates that parse from a file, and the fence around them.

use std::io;
use std::io::Read;
use std::io::Seek;
use std::io::SeekFrom;
use std::io::Write;
use std::panic::AssertUnwindSafe;

use crate::storage::Storage;
use crate::storage::StorageError;

/// A position on a storage that allows a bounded number of reads and refuses writes.
///
/// The budget turns a parser that loops on crafted data into an error. `Write` exists because the `gpt` and `fatfs`
/// crates ask for it even to read; it always fails.
pub(crate) struct Reader<'a> {
    storage: &'a dyn Storage,
    position: u64,
    reads_left: u64,
    budget: u64,
}

impl<'a> Reader<'a> {
    /// A reader at byte 0 that may read `budget` times.
    #[must_use]
    pub(crate) fn new(storage: &'a dyn Storage, budget: u64) -> Self {
        Self { storage, position: 0, reads_left: budget, budget }
    }
}

impl Read for Reader<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let left = self.storage.len().saturating_sub(self.position);
        let count = buf.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        if count == 0 {
            return Ok(0);
        }
        self.reads_left = self
            .reads_left
            .checked_sub(1)
            .ok_or_else(|| io::Error::other(StorageError::Budget { reads: self.budget }))?;
        let target = buf.get_mut(..count).unwrap_or_default();
        self.storage.read_at(self.position, target).map_err(io::Error::other)?;
        self.position = self.position.saturating_add(u64::try_from(count).unwrap_or(u64::MAX));
        Ok(count)
    }
}

impl Seek for Reader<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(offset) => Some(offset),
            SeekFrom::Current(delta) => self.position.checked_add_signed(delta),
            SeekFrom::End(delta) => self.storage.len().checked_add_signed(delta),
        };
        self.position = target.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.position)
    }
}

impl Write for Reader<'_> {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::Error::from(io::ErrorKind::PermissionDenied))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A parser of another crate panicked, with this text.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct ParserPanic(String);

/// Runs a parser of another crate and turns a panic of it into `Err`, silently.
///
/// `mbrman`, `gpt` and `ntfs` panic on some damaged input (measured); a disk image is hostile.
///
/// # Errors
/// The panic.
pub(crate) fn fence<T>(parse: impl FnOnce() -> T) -> Result<T, ParserPanic> {
    silence_fenced_panics();
    FENCED.with(|fenced| fenced.set(fenced.get().saturating_add(1)));
    let result = std::panic::catch_unwind(AssertUnwindSafe(parse));
    FENCED.with(|fenced| fenced.set(fenced.get().saturating_sub(1)));
    result.map_err(|panic| {
        let text = panic.downcast_ref::<&str>().map(ToString::to_string);
        let text = text.or_else(|| panic.downcast_ref::<String>().cloned());
        ParserPanic(text.unwrap_or_else(|| "parser panicked".into()))
    })
}

thread_local! {
    static FENCED: std::cell::Cell<u32> = const { std::cell::Cell::new(0) };
}

/// Installs, once, a panic hook that says nothing while this thread is inside a fence.
fn silence_fenced_panics() {
    static ONCE: std::sync::Once = std::sync::Once::new();
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |info| {
            if FENCED.with(std::cell::Cell::get) == 0 {
                before(info);
            }
        }));
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::ram::Ram;

    #[test]
    fn the_budget_ends_an_endless_parser() {
        let disk = Ram::new(vec![0; 64], None);
        let mut reader = Reader::new(&disk, 10);
        let mut reads = 0;
        let error = loop {
            reader.seek(SeekFrom::Start(0)).unwrap();
            match reader.read_exact(&mut [0; 4]) {
                Ok(()) => reads += 1,
                Err(error) => break error,
            }
        };
        assert_eq!(reads, 10);
        assert_eq!(error.to_string(), "gave up after 10 reads of one structure (a loop or damage)");
    }

    #[test]
    fn reading_ends_at_the_end_and_writing_is_refused() {
        let disk = Ram::new(vec![7; 5], None);
        let mut reader = Reader::new(&disk, 10);
        let mut all = Vec::new();
        reader.read_to_end(&mut all).unwrap();
        assert_eq!(all, [7; 5]);
        assert_eq!(reader.write(&[1]).unwrap_err().kind(), io::ErrorKind::PermissionDenied);
    }

    #[test]
    fn a_fenced_panic_is_an_error() {
        assert_eq!(fence(|| 3), Ok(3));
        assert_eq!(fence(|| -> u8 { panic!("cut at {}", 5) }), Err(ParserPanic("cut at 5".into())));
    }
}
