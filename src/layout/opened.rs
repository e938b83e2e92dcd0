//! A partition as it is opened: the volume on it, and what its first sector tells.

use crate::layout::Missing;
use crate::partition::Partition;
use crate::partition::PartitionType;
use crate::storage::Storage;
use crate::storage::window::Window;
use crate::volume::BootRecord;
use crate::volume::Volume;

/// A partition that was opened.
pub(super) struct Opened<'a> {
    /// The volume on it, or why it cannot be opened.
    pub(super) volume: Result<Volume<'a>, String>,
    /// Its boot record, where it has one.
    pub(super) boot_record: Option<BootRecord>,
    /// How it goes on where there is nothing more.
    pub(super) missing: Option<Missing>,
    /// Its first sector ends in 55 aa, or cannot be read.
    pub(super) has_boot_signature: bool,
}

impl<'a> Opened<'a> {
    /// Opens `partition`, which `window` shows, of a disk of `disk` bytes.
    pub(super) fn new(window: &'a Window<'a>, partition: &Partition, disk: u64) -> Self {
        let volume = Volume::open(window).map_err(|error| error.to_string());
        let boot_record = volume.as_ref().ok().and_then(|volume| volume.boot_record().ok()?);
        let signature = window.read_vec(0x1fe, 2).ok();
        let is_sound = volume.as_ref().is_ok_and(|volume| volume.damage().is_none());
        Self {
            missing: missing(partition, disk).or_else(|| {
                let volume_len = boot_record.filter(|_| is_sound)?.volume_len?;
                unmounted(partition, window.len(), volume_len)
            }),
            has_boot_signature: signature.is_none_or(|signature| signature == [0x55, 0xaa]),
            volume,
            boot_record,
        }
    }
}

/// A partition that ends beyond a disk of `disk` bytes.
fn missing(partition: &Partition, disk: u64) -> Option<Missing> {
    let end = partition.start.saturating_add(partition.len);
    let missing = end.checked_sub(disk).filter(|missing| *missing > 0)?;
    Some(Missing::OfDisk(format!(
        "its last 0x{missing:x} bytes are not there: the partition ends beyond the end of the disk, as of an image that was cut short"
    )))
}

/// A file system of `volume_len` bytes in `len` bytes.
fn unmounted(partition: &Partition, len: u64, volume_len: u64) -> Option<Missing> {
    let missing = volume_len.checked_sub(len).filter(|missing| *missing > 0)?;
    Some(match partition.kind {
        PartitionType::Whole => Missing::OfDisk(format!(
            "the last 0x{missing:x} bytes of its file system are not there: it goes on beyond the end of the disk, as of an image that was cut short"
        )),
        PartitionType::Mbr(_) | PartitionType::Gpt(_) => Missing::OfPartition(format!(
            "the last 0x{missing:x} bytes of its file system are not in it: the partition is shorter than that, by its entry in the table"
        )),
    })
}
