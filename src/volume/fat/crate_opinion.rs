//! The `fatfs` crate, behind a fence and a read budget: the second opinion on a file's contents.
//!
//! Lookups are our own, because the crate shows no cluster numbers, follows a circular directory for ever and refuses a
//! FAT32 volume for its FSInfo sector, which Windows only takes as a hint.

use std::io;
use std::io::Read as _;

use crate::storage::Storage;
use crate::storage::reader::Reader;
use crate::storage::reader::fence;
use crate::volume::VolumeError;

/// Reads that the crate may make; its directory entries take several each.
const BUDGET: u64 = 200_000;

/// The contents of the file at `path` (with backslashes), at most one byte more than `max`.
///
/// # Errors
/// The crate cannot read the volume or the file.
pub(crate) fn read(storage: &dyn Storage, path: &str, max: u64) -> Result<Vec<u8>, VolumeError> {
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
        Err(panic) => panic,
    };
    Err(VolumeError::unsupported(
        format!("the fatfs crate cannot read {path}: {found}"),
        "check the volume (fsck.fat -n)",
    ))
}
