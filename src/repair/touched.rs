//! What of a disk a repair writes to, other than the files of stores.

use serde::Deserialize;
use serde::Serialize;

use crate::layout::Layout;

/// Bytes of a volume's beginning that belong to its boot record and the copy near it (FAT: 32 reserved sectors).
const RECORD_SIZE: u64 = 32 * 4096;

/// A part of the disk, other than the file of a store, that a repair writes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Touched {
    /// The partition table: sectors that lie in no partition.
    Table,
    /// The boot record of a partition or its copy.
    BootRecord {
        /// Number of the partition.
        partition: u32,
        /// Its first byte on the disk.
        start: u64,
    },
    /// A file that is too large to be kept whole: the SYSTEM hive of a Windows.
    File {
        /// Number of the partition.
        partition: u32,
        /// Path on the volume.
        path: String,
    },
    /// A volume on which files were made: any sector of its partition.
    Volume {
        /// Number of the partition.
        partition: u32,
        /// Its first byte on the disk.
        start: u64,
    },
}

impl Touched {
    /// Whether the sector of `size` bytes at `offset` of the disk belongs to this part of it.
    #[must_use]
    pub fn holds(&self, layout: &Layout, offset: u64, size: u64) -> bool {
        match self {
            Self::Table => !is_in_a_partition(layout, offset, size),
            Self::BootRecord { partition, start } => {
                let facts = layout.by_number(*partition).and_then(|volume| layout.volume(volume));
                facts.is_some_and(|facts| {
                    let end = offset.saturating_add(size);
                    let volume = &facts.partition;
                    let inside = offset >= volume.start && end <= volume.start.saturating_add(volume.len);
                    // NTFS keeps the copy behind its last sector, which need not be the partition's.
                    let copy = facts.boot_record.and_then(|record| record.copy);
                    let copy = copy.and_then(|copy| start.checked_add(copy.at));
                    let near = offset < start.saturating_add(RECORD_SIZE)
                        || copy.is_some_and(|copy| (offset..end).contains(&copy));
                    volume.start == *start && inside && near
                })
            }
            Self::Volume { partition, start } => layout.table.partitions.iter().any(|volume| {
                let end = offset.saturating_add(size);
                (volume.number, volume.start) == (*partition, *start)
                    && offset >= volume.start
                    && end <= volume.start.saturating_add(volume.len)
            }),
            Self::File { partition, path } => layout.hive_on(*partition, path).is_some_and(|hive| {
                hive.place
                    .as_ref()
                    .is_ok_and(|extents| extents.iter().any(|extent| extent.overlaps(offset, size)))
            }),
        }
    }
}

/// Whether a sector at byte `offset` of the disk belongs to a partition.
pub(super) fn is_in_a_partition(layout: &Layout, offset: u64, size: u64) -> bool {
    let end = offset.saturating_add(size);
    let partitions = &layout.table.partitions;
    partitions.iter().any(|partition| {
        partition.number != 0
            && partition.start < end
            && offset < partition.start.saturating_add(partition.len)
    })
}
