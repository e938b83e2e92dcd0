//! $LogFile: whether Windows is done with it.
//!
//! The first two pages are restart pages. A volume that was never mounted has 0xff there. Windows 8 and later write
//! version 2.0 while they use the volume (also asleep, with fast startup) and go back to 1.1 when they unmount it. The
//! log is free when no client uses it (0xffff) or its flag 0x2 says that the volume was unmounted. A version 1.x in
//! use is no obstacle: what it replays is metadata, and no metadata is written here.
//! Sources: linux-ntfs documentation of $LogFile; ntfs-3g's messages and manual.

use crate::bytes::le_u16;
use crate::bytes::le_u64;
use crate::volume::ntfs::file_record::fixed_up;

/// Bytes that are looked at: two restart pages.
pub(crate) const RESTART_PAGES: u64 = 8192;

/// What the restart pages say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogFile {
    /// Never used, emptied, or left by a clean unmount.
    Clean,
    /// In use, or not cleanly left.
    InUse {
        /// Version of the log.
        major: u16,
        /// Version of the log.
        minor: u16,
    },
    /// Neither restart pages nor an empty log.
    Unreadable,
}

impl LogFile {
    /// From the first [`RESTART_PAGES`] bytes; the page that was written last counts.
    pub(crate) fn from_restart_pages(bytes: &[u8]) -> Self {
        if bytes.iter().all(|byte| *byte == 0xff) {
            return Self::Clean;
        }
        let pages = bytes.chunks_exact(4096).filter_map(restart_page);
        pages.max_by_key(|(lsn, _)| *lsn).map_or(Self::Unreadable, |(_, state)| state)
    }
}

/// Log sequence number and state of one page; `None` when it is no whole restart page.
fn restart_page(page: &[u8]) -> Option<(u64, LogFile)> {
    // chkdsk leaves pages that it made itself with its own signature.
    let page = fixed_up(page, b"RSTR").or_else(|_| fixed_up(page, b"CHKD")).ok()?;
    let area = page.get(usize::from(le_u16(&page, 0x18)?)..)?;
    let (minor, major) = (le_u16(&page, 0x1a)?, le_u16(&page, 0x1c)?);
    let is_clean = le_u16(area, 0x0c)? == 0xffff || le_u16(area, 0x0e)? & 0x2 != 0;
    Some((le_u64(area, 0)?, if is_clean { LogFile::Clean } else { LogFile::InUse { major, minor } }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volume::ntfs::file_record::tests::protect;

    /// A restart page with the given sequence number, version, first client in use and flags.
    pub(crate) fn page(lsn: u8, major: u8, client: u16, flags: u16) -> Vec<u8> {
        let mut page = vec![0; 4096];
        page[..8].copy_from_slice(b"RSTR\x1e\0\x09\0");
        (page[0x18], page[0x1a], page[0x1c]) = (0x30, 1, major);
        page[0x30] = lsn;
        page[0x3c..0x3e].copy_from_slice(&client.to_le_bytes());
        page[0x3e..0x40].copy_from_slice(&flags.to_le_bytes());
        protect(&mut page);
        page
    }

    #[test]
    fn the_newer_page_decides_and_an_empty_log_is_clean() {
        let state = |one: Vec<u8>, other: Vec<u8>| LogFile::from_restart_pages(&[one, other].concat());
        assert_eq!(state(vec![0xff; 4096], vec![0xff; 4096]), LogFile::Clean);
        assert_eq!(state(page(1, 1, 0xffff, 0), page(1, 1, 0xffff, 0)), LogFile::Clean);
        assert_eq!(state(page(9, 1, 0, 2), page(1, 2, 0, 0)), LogFile::Clean);
        assert_eq!(state(page(1, 1, 0, 2), page(9, 2, 0, 0)), LogFile::InUse { major: 2, minor: 1 });
        assert_eq!(state(page(1, 1, 0, 0), vec![0; 4096]), LogFile::InUse { major: 1, minor: 1 });
        assert_eq!(state(vec![0; 4096], vec![7; 4096]), LogFile::Unreadable);
        let mut torn = page(9, 2, 0, 0);
        torn[4095] ^= 1;
        assert_eq!(state(page(1, 1, 0, 2), torn), LogFile::Clean);
        assert_eq!(LogFile::from_restart_pages(&[]), LogFile::Clean);
    }
}
