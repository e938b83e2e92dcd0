//! A partition of the disk as the crate for FAT wants it.

use std::io;
use std::io::Read;
use std::io::Seek;
use std::io::SeekFrom;
use std::io::Write;

use bcdrescue::partition::Partition;
use bcdrescue::storage::Storage;

use crate::disk::Disk;

/// A partition, read and written as a file is.
pub(crate) struct PartitionFile<'a> {
    disk: &'a mut Disk,
    start: u64,
    len: u64,
    at: u64,
}

impl<'a> PartitionFile<'a> {
    /// The partition from its first byte.
    pub(crate) fn new(disk: &'a mut Disk, partition: &Partition) -> Self {
        Self { disk, start: partition.start, len: partition.len, at: 0 }
    }

    fn room(&self, wanted: usize) -> usize {
        wanted.min(usize::try_from(self.len.saturating_sub(self.at)).unwrap_or(usize::MAX))
    }

    fn advance(&mut self, count: usize) -> usize {
        self.at += u64::try_from(count).unwrap_or(0);
        count
    }
}

impl Read for PartitionFile<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let count = self.room(buf.len());
        let target = buf.get_mut(..count).unwrap_or_default();
        self.disk.read_at(self.start + self.at, target).map_err(io::Error::other)?;
        Ok(self.advance(count))
    }
}

impl Write for PartitionFile<'_> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        let count = self.room(buf.len());
        let bytes = buf.get(..count).unwrap_or_default();
        self.disk.put(self.start + self.at, bytes).map_err(io::Error::other)?;
        Ok(self.advance(count))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for PartitionFile<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let target = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::Current(delta) => self.at.checked_add_signed(delta),
            SeekFrom::End(delta) => self.len.checked_add_signed(delta),
        };
        self.at = target.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.at)
    }
}
