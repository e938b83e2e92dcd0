//! The identities of a disk, its partitions and its stores, as a record of it has them.

use serde::Deserialize;
use serde::Serialize;
use sha2::Digest;
use sha2::Sha256;

use crate::bcd::device::QualifiedPartition;
use crate::bytes;
use crate::diagnosis::model::identity::disk_of;
use crate::diagnosis::model::identity::partition_of;
use crate::guid::Guid;
use crate::layout::Layout;
use crate::layout::index::VolumeIndex;
use crate::partition::DiskId;
use crate::partition::Partition;
use crate::partition::PartitionId;

/// The identities of a disk, as they were.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// The disk's, as [`DiskId::text`] writes it.
    pub disk: String,
    /// Logical sector size in bytes.
    pub sector_size: u32,
    /// Its partitions.
    pub partitions: Vec<SnapshotPartition>,
    /// Its stores.
    pub stores: Vec<SnapshotStore>,
}

/// A partition, as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotPartition {
    /// Number.
    pub number: u32,
    /// First byte, from the start of the disk.
    pub start: u64,
    /// Length in bytes.
    pub len: u64,
    /// Unique GUID, on a GPT disk.
    pub guid: Option<Guid>,
    /// MBR boot flag.
    pub active: bool,
}

/// A store, as it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotStore {
    /// Number of its partition.
    pub partition: u32,
    /// Path on the volume.
    pub path: String,
    /// SHA-256 of the file, hex.
    pub sha256: String,
}

impl Snapshot {
    /// The identities of a disk as it is; `None` for one that has none.
    #[must_use]
    pub fn of(layout: &Layout) -> Option<Self> {
        let disk = layout.table.disk.filter(|disk| *disk != DiskId::Mbr(0))?;
        let partition = |partition: &Partition| SnapshotPartition {
            number: partition.number,
            start: partition.start,
            len: partition.len,
            guid: partition.guid(),
            active: partition.active,
        };
        let stores = layout.stores.iter().filter_map(|file| {
            Some(SnapshotStore {
                partition: layout.partition(file.volume)?.number,
                path: file.path.clone(),
                sha256: bytes::hex(&Sha256::digest(file.on_disk()?)),
            })
        });
        Some(Self {
            disk: disk.text(),
            sector_size: layout.table.sector_size,
            partitions: layout.table.partitions.iter().map(partition).collect(),
            stores: stores.collect(),
        })
    }

    /// The disk's identity, as it was.
    #[must_use]
    pub fn disk_id(&self) -> Option<DiskId> {
        DiskId::from_text(&self.disk)
    }

    /// The volume that is where the recorded partition was, of the length that it had.
    pub(in crate::diagnosis) fn volume_of(
        &self,
        layout: &Layout,
        snapshot: &SnapshotPartition,
    ) -> Option<VolumeIndex> {
        let same_place =
            |partition: &Partition| (partition.start, partition.len) == (snapshot.start, snapshot.len);
        layout.find_partition(same_place)
    }

    /// Whether the disk is the recorded one, as far as its partitions tell: those with stores are where they were.
    pub(in crate::diagnosis) fn is_of(&self, layout: &Layout) -> bool {
        let with_store = |partition: &&SnapshotPartition| {
            self.stores.is_empty() || self.stores.iter().any(|store| store.partition == partition.number)
        };
        let mut wanted = self.partitions.iter().filter(with_store).peekable();
        self.sector_size == layout.table.sector_size
            && wanted.peek().is_some()
            && wanted.all(|partition| self.volume_of(layout, partition).is_some())
    }

    /// The disk's identity, as it was, where the disk is the recorded one.
    pub(in crate::diagnosis) fn disk_of(&self, layout: &Layout) -> Option<DiskId> {
        self.disk_id().filter(|disk| self.is_of(layout) && layout.table.disk != Some(*disk))
    }

    /// The volume that an element meant that names a recorded partition.
    pub(in crate::diagnosis) fn meant(
        &self,
        layout: &Layout,
        named: &QualifiedPartition,
    ) -> Option<VolumeIndex> {
        if self.disk_id() != Some(disk_of(named)) || !self.is_of(layout) {
            return None;
        }
        let is_it = |snapshot: &&SnapshotPartition| match partition_of(named) {
            PartitionId::Mbr { offset } => snapshot.start == offset,
            PartitionId::Gpt(guid) => snapshot.guid == Some(guid),
        };
        self.volume_of(layout, self.partitions.iter().find(is_it)?)
    }
}
