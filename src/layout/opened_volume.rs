//! A partition as it is opened: the volume on it, and what its first sector tells.

use crate::layout::known::Cause;
use crate::layout::missing::Missing;
use crate::partition::Partition;
use crate::partition::PartitionType;
use crate::storage::Storage;
use crate::storage::window::Window;
use crate::volume::BootRecord;
use crate::volume::FileSystem;
use crate::volume::Volume;

/// A partition that was opened.
pub(super) struct OpenedVolume<'a> {
    /// The volume on it, or why it cannot be opened.
    pub(super) volume: Result<Volume<'a>, Cause>,
    /// Its boot record, where it has one.
    pub(super) boot_record: Option<BootRecord>,
    /// How it goes on where there is nothing more.
    pub(super) missing: Option<Missing>,
    /// Bytes by which the partition ends beyond the disk.
    pub(super) beyond: u64,
    /// Boot code starts its first sector, or that cannot be read.
    pub(super) is_startable: bool,
}

impl<'a> OpenedVolume<'a> {
    /// Opens `partition`, which `window` shows, of a disk of `disk` bytes.
    pub(super) fn new(window: &'a Window<'a>, partition: &Partition, disk: u64) -> Self {
        let volume = Volume::open(window).map_err(Cause::from);
        let boot_record = volume.as_ref().ok().and_then(|volume| volume.boot_record().ok()?);
        let is_sound = volume.as_ref().is_ok_and(|volume| volume.damage().is_none());
        let volume_len = boot_record.filter(|_| is_sound).and_then(|record| record.volume_len);
        let beyond = partition.start.saturating_add(partition.len).saturating_sub(disk);
        Self {
            missing: match volume_len {
                Some(volume_len) => cut(partition, beyond, volume_len.saturating_sub(window.len())),
                None => cut(partition, beyond, beyond),
            },
            beyond,
            is_startable: window.read_vec(0, 512).map_or(true, |sector| is_startable(&sector)),
            volume,
            boot_record,
        }
    }
}

impl OpenedVolume<'_> {
    /// The file system that was recognised.
    pub(super) fn file_system(&self) -> FileSystem {
        self.volume.as_ref().map_or(FileSystem::Unknown, Volume::file_system)
    }
}

/// What is missing of a volume, `missing` bytes, where the partition ends `beyond` bytes beyond the disk.
fn cut(partition: &Partition, beyond: u64, missing: u64) -> Option<Missing> {
    let whole = partition.kind == PartitionType::Whole;
    match (missing, beyond, whole) {
        (0, _, _) => None,
        (_, 0, false) => Some(Missing::OfPartition(missing)),
        (_, 0, true) => Some(Missing::OfWholeDisk(missing)),
        (_, _, _) => Some(Missing::OfDisk(missing)),
    }
}

fn is_startable(sector: &[u8]) -> bool {
    sector
        .split_last_chunk()
        .is_some_and(|(code, end)| *end == [0x55, 0xaa] && code.iter().any(|byte| *byte != 0))
}
