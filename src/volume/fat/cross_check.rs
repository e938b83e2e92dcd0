//! The `fatfs` crate, behind a fence and a read budget: the second opinion on a file's contents.
//!
//! Lookups are our own, because the crate shows no cluster numbers, follows a circular directory for ever and refuses a
//! FAT32 volume for its FSInfo sector, which Windows only takes as a hint.

use std::io;
use std::io::Read as _;

use crate::bytes::put_over;
use crate::storage::Storage;
use crate::storage::StorageError;
use crate::storage::reader::Reader;
use crate::storage::reader::fence;
use crate::volume::error::VolumeError;
use crate::volume::fat::boot_sector::BootSector;
use crate::volume::fat::boot_sector::Rounding;

/// Reads that the crate may make; its directory entries take several each.
const BUDGET: u64 = 200_000;

/// Where the boot sector has the number of entries of the root directory.
const ROOT_ENTRIES_AT: u64 = 0x11;

/// A volume whose boot sector names another number of entries of the root directory. The crate always counts a sector that
/// is begun; with the entries of whole sectors alone it comes to the clusters of a volume where that one does not count.
struct WholeSectors<'a> {
    below: &'a dyn Storage,
    entries: [u8; 2],
}

impl Storage for WholeSectors<'_> {
    fn len(&self) -> u64 {
        self.below.len()
    }

    fn sector_size(&self) -> Option<u32> {
        self.below.sector_size()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<(), StorageError> {
        self.below.read_at(offset, buf)?;
        put_over(buf, offset, ROOT_ENTRIES_AT, &self.entries);
        Ok(())
    }
}

/// The contents of the file at `path` (with backslashes), at most one byte more than `max`.
///
/// # Errors
/// The crate cannot read the volume or the file.
pub(crate) fn read(
    storage: &dyn Storage,
    boot: &BootSector,
    path: &str,
    max: u64,
) -> Result<Vec<u8>, VolumeError> {
    match boot.rounding {
        Rounding::Up => read_as_it_is(storage, path, max),
        Rounding::Down => {
            let entries = u16::try_from(boot.root.1 >> 5).unwrap_or(u16::MAX).to_le_bytes();
            read_as_it_is(&WholeSectors { below: storage, entries }, path, max)
        }
    }
}

fn read_as_it_is(storage: &dyn Storage, path: &str, max: u64) -> Result<Vec<u8>, VolumeError> {
    let path = path.replace('\\', "/");
    let contents = fence(|| -> io::Result<Vec<u8>> {
        let volume = fatfs::FileSystem::new(Reader::new(storage, BUDGET), fatfs::FsOptions::new())?;
        let file = volume.root_dir().open_file(&path)?;
        let mut bytes = Vec::new();
        file.take(max.saturating_add(1)).read_to_end(&mut bytes)?;
        Ok(bytes)
    });
    let found = match contents {
        Ok(Ok(bytes)) => return Ok(bytes),
        Ok(Err(error)) => error.to_string(),
        Err(panic) => panic.to_string(),
    };
    Err(VolumeError::unsupported(
        format!("the fatfs crate cannot read {path}: {found}"),
        "check the volume (fsck.fat -n)",
    ))
}
