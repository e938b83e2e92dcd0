//! The `gpt` crate's reading of a GPT, as a second opinion on ours.
//!
//! It asserts the entry size, takes memory by the header's word and looks for a backup only in the last sector; so it
//! is asked only once our own checks have passed the primary copy, and only behind a fence.

use std::fmt;
use std::io;
use std::io::Read;
use std::io::Seek;
use std::io::SeekFrom;
use std::io::Write;

use gpt::GptConfig;
use gpt::disk::LogicalBlockSize;

use crate::error::Corrupt;
use crate::guid::Guid;
use crate::partition::error::PartitionError;
use crate::partition::gpt_header::Copy;
use crate::partition::gpt_header::Entry;
use crate::storage::Storage;
use crate::storage::reader::Reader;
use crate::storage::reader::fence;

/// Reads that the crate may make: one for each of at most 4096 entries, and a few.
const BUDGET: u64 = 10_000;

/// Compares; a note says why the crate was not heard.
///
/// # Errors
/// [`PartitionError::Corrupt`] when both read the table and differ.
pub(crate) fn compare(
    storage: &dyn Storage,
    ours: &Copy,
    sector_size: u32,
) -> Result<Option<String>, PartitionError> {
    let block = match sector_size {
        512 => LogicalBlockSize::Lb512,
        4096 => LogicalBlockSize::Lb4096,
        _ => {
            return Ok(Some(format!(
                "sectors of {sector_size} bytes: only one of the two parsers reads the table"
            )));
        }
    };
    let reading = fence(|| {
        let config = GptConfig::new().writable(false).logical_block_size(block);
        config.open_from_device(Device(Reader::new(storage, BUDGET))).map(|disk| {
            let entries: Vec<Entry> =
                disk.partitions().iter().map(|(number, entry)| theirs(*number, entry)).collect();
            (Guid::from_bytes(disk.guid().to_bytes_le()), entries)
        })
    });
    let (disk, mut entries) = match reading {
        Ok(Ok(reading)) => reading,
        Ok(Err(error)) => return Ok(Some(format!("only one of the two parsers reads the table ({error})"))),
        Err(panic) => return Ok(Some(format!("only one of the two parsers reads the table ({panic})"))),
    };
    // The crate lists entries without a type when any other byte of them is set.
    entries.retain(|entry| !entry.kind.is_zero());
    if disk == ours.disk && entries == ours.entries {
        return Ok(None);
    }
    let expected = format!("{} partitions of disk {} from both parsers", ours.entries.len(), ours.disk);
    let found = format!("{} of disk {disk} from the gpt crate", entries.len());
    Err(Corrupt::new("GPT", u64::from(sector_size), expected, found).into())
}

fn theirs(number: u32, entry: &gpt::partition::Partition) -> Entry {
    Entry {
        number,
        kind: Guid::from_bytes(entry.part_type_guid.guid.to_bytes_le()),
        guid: Guid::from_bytes(entry.part_guid.to_bytes_le()),
        first: entry.first_lba,
        last: entry.last_lba,
        name: entry.name.clone(),
    }
}

/// A reader in the form that the crate asks for, which logs its device.
struct Device<'a>(Reader<'a>);

impl fmt::Debug for Device<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Device")
    }
}

impl Read for Device<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read(buf)
    }
}

impl Seek for Device<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.0.seek(to)
    }
}

impl Write for Device<'_> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.0.write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
