//! Stores that are files by themselves, without a disk.

use std::fs;
use std::io::Read;
use std::path::Path;

use anyhow::Context as _;
use anyhow::bail;

use crate::bcd::Store;
use crate::layout::store::STORE_MAX;

/// Whether `path` is a store file by itself: a regular file that begins like a registry hive.
#[must_use]
pub fn is_store_file(path: &Path) -> bool {
    let is_file = fs::metadata(path).is_ok_and(|metadata| metadata.is_file());
    let mut magic = [0; 4];
    is_file
        && fs::File::open(path).and_then(|mut file| file.read_exact(&mut magic)).is_ok()
        && &magic == b"regf"
}

/// Reads a store file by itself.
///
/// # Errors
/// When it cannot be read or is no hive.
pub fn read_store_file(path: &Path) -> anyhow::Result<Store> {
    let name = || path.display().to_string();
    let len = fs::metadata(path).with_context(name)?.len();
    if len > STORE_MAX {
        bail!(
            "{}: 0x{len:x} bytes are too long for a store, expected at most 0x{STORE_MAX:x}",
            path.display()
        );
    }
    Store::parse(fs::read(path).with_context(name)?).with_context(name)
}
