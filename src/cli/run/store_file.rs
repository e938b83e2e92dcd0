//! Stores that are files by themselves, without a disk.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::io::Read;
use std::path::Path;
use std::path::PathBuf;

use anyhow::Context as _;
use anyhow::bail;

use crate::bcd::Store;
use crate::hive::replay;
use crate::hive::replay::Replayed;
use crate::layout::store::STORE_MAX;

/// Endings of the transaction logs that Windows keeps beside a store.
const LOG_ENDINGS: [&str; 3] = [".LOG", ".LOG1", ".LOG2"];

/// A store file, read.
pub struct StoreBytes {
    /// The file as it is.
    pub on_disk: Vec<u8>,
    /// The store in it; of a dirty one that which its logs make.
    pub store: Store,
    /// What came from logs.
    pub replayed: Option<Replayed>,
}

/// Whether `path` is a store file by itself: a regular file that begins like a registry hive.
#[must_use]
pub fn is_store_file(path: &Path) -> bool {
    let is_file = fs::metadata(path).is_ok_and(|metadata| metadata.is_file());
    let mut magic = [0; 4];
    is_file
        && fs::File::open(path).and_then(|mut file| file.read_exact(&mut magic)).is_ok()
        && &magic == b"regf"
}

/// Reads a store file by itself, as it is.
///
/// # Errors
/// When it cannot be read or is no hive.
pub fn read_store_file(path: &Path) -> anyhow::Result<Store> {
    Store::parse(read(path)?).with_context(|| path.display().to_string())
}

/// Reads a store file to be written anew: a dirty one as the logs beside it make it.
///
/// # Errors
/// When it cannot be read or is no hive, or when it is dirty and its logs do not help.
pub fn read_whole(path: &Path) -> anyhow::Result<StoreBytes> {
    let name = || path.display().to_string();
    let on_disk = read(path)?;
    let mut logs = Vec::new();
    for ending in LOG_ENDINGS.into_iter().filter(|_| !replay::is_clean(&on_disk)) {
        if let Some(bytes) = log(path, ending)? {
            logs.push((ending, bytes));
        }
    }
    let logs: Vec<(&str, &[u8])> = logs.iter().map(|(name, bytes)| (*name, bytes.as_slice())).collect();
    let mut replayed = replay::replay(&on_disk, &logs).map_err(|error| {
        anyhow::anyhow!("{}: the last write of this store was cut short: {error}", name())
    })?;
    let bytes = replayed.as_mut().map(|replayed| std::mem::take(&mut replayed.bytes));
    let store = Store::parse(bytes.unwrap_or_else(|| on_disk.clone())).with_context(name)?;
    Ok(StoreBytes { on_disk, store, replayed })
}

/// A log beside the store, where there is one.
fn log(store: &Path, ending: &str) -> anyhow::Result<Option<Vec<u8>>> {
    let mut path = OsString::from(store);
    path.push(ending);
    let path = PathBuf::from(path);
    match fs::metadata(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        _ => read(&path).map(Some),
    }
}

fn read(path: &Path) -> anyhow::Result<Vec<u8>> {
    let name = || path.display().to_string();
    let len = fs::metadata(path).with_context(name)?.len();
    if len > STORE_MAX {
        bail!(
            "{}: 0x{len:x} bytes are too long for a store, expected at most 0x{STORE_MAX:x}",
            path.display()
        );
    }
    fs::read(path).with_context(name)
}
