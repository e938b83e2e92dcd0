//! The sequence numbers that a store and the logs beside it have come to: what is written anew has to be above them.

use crate::hive::highest_sequence;
use crate::volume::Volume;

/// Bytes of an old store or log that are looked into.
const OLD_MAX: u64 = 4 << 20;

/// The highest sequence number in the store at `path` and the logs beside it, as far as they can be read; 0 without any.
pub(in crate::repair) fn highest_number(volume: &Volume<'_>, path: &str) -> u32 {
    let files = ["", ".LOG", ".LOG1", ".LOG2"].map(|ending| format!("{path}{ending}"));
    let read = |path: &String| volume.read_prefix(path, OLD_MAX).ok()?;
    files.iter().filter_map(read).map(|bytes| highest_sequence(&bytes)).max().unwrap_or(0)
}
