//! Reading a file past the page cache, which asks the medium for more than its reader did.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;
use std::os::unix::fs::OpenOptionsExt;
use std::sync::OnceLock;

use nix::fcntl::OFlag;

/// Where memory has to lie for it, at most.
const ALIGNED: usize = 4096;

/// A second opening of one file, made when it is first needed, where the file can be read so.
#[derive(Debug, Default)]
pub(crate) struct Direct(OnceLock<Option<File>>);

impl Direct {
    /// Fills `buf` from byte `offset` and asks for no more than the sectors that hold it; through the page cache, where there
    /// is no other way.
    pub(crate) fn read(&self, file: &File, sector: u64, offset: u64, buf: &mut [u8]) -> io::Result<()> {
        let first = floor(offset, sector);
        let skip = usize::try_from(offset.saturating_sub(first)).unwrap_or(usize::MAX);
        let end = skip.saturating_add(buf.len());
        let len = end.next_multiple_of(usize::try_from(sector).unwrap_or(usize::MAX));
        match self.file(file).map(|direct| read_aligned(direct, first, len)) {
            Some(Ok(bytes)) => {
                buf.copy_from_slice(bytes.get(skip..end).ok_or(io::ErrorKind::UnexpectedEof)?);
                Ok(())
            }
            // The end of a file may lie within a sector, and some file systems first say at a read that they cannot do this.
            Some(Err(error)) if is_another_way(&error) => file.read_exact_at(buf, offset),
            Some(Err(error)) => Err(error),
            None => file.read_exact_at(buf, offset),
        }
    }

    fn file(&self, file: &File) -> Option<&File> {
        let open = || {
            let mut options = File::options();
            options.read(true).custom_flags((OFlag::O_DIRECT | OFlag::O_CLOEXEC | OFlag::O_NONBLOCK).bits());
            options.open(format!("/proc/self/fd/{}", file.as_raw_fd())).ok()
        };
        self.0.get_or_init(open).as_ref()
    }
}

fn is_another_way(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::UnexpectedEof | io::ErrorKind::InvalidInput)
}

fn read_aligned(file: &File, offset: u64, len: usize) -> io::Result<Vec<u8>> {
    let mut memory = vec![0; len.saturating_add(ALIGNED)];
    let start = memory.as_ptr().align_offset(ALIGNED);
    let end = start.saturating_add(len);
    file.read_exact_at(memory.get_mut(start..end).ok_or(io::ErrorKind::OutOfMemory)?, offset)?;
    memory.truncate(end);
    Ok(memory.split_off(start))
}

/// The last multiple of `size` that is not behind `offset`.
pub(crate) fn floor(offset: u64, size: u64) -> u64 {
    offset.saturating_sub(offset.checked_rem(size).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_range_reads_as_through_the_page_cache() {
        let bytes: Vec<u8> = (0..10_000u32).map(|at| (at * 7 % 251) as u8).collect();
        let named = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(named.path(), &bytes).unwrap();
        let (file, direct) = (named.reopen().unwrap(), Direct::default());
        for (offset, len) in [(0, 512), (512, 4096), (5, 1), (4095, 2), (1000, 8000), (9999, 1), (9000, 1000)]
        {
            let mut buf = vec![0; len];
            direct.read(&file, 512, offset as u64, &mut buf).unwrap();
            assert_eq!(buf, &bytes[offset..offset + len], "{offset} {len}");
        }
        assert!(direct.read(&file, 512, 9_999, &mut [0; 2]).is_err());
    }
}
