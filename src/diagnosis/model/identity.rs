//! Identities of partitions as stores name them, and as people are shown them.

use crate::bcd::device::QualifiedPartition;
use crate::layout::Layout;
use crate::layout::index::VolumeIndex;
use crate::partition::DiskId;
use crate::partition::PartitionId;

/// The identity of `volume` in the form that a store uses; none where another partition has the same.
#[must_use]
pub fn identity_of(layout: &Layout, volume: VolumeIndex) -> Option<QualifiedPartition> {
    let partition = layout.partition(volume)?;
    let same = layout.table.partitions.iter().filter(|other| other.id == partition.id);
    if same.count() > 1 {
        return None;
    }
    match (layout.table.disk?, partition.id?) {
        (DiskId::Mbr(signature), PartitionId::Mbr { offset }) => {
            Some(QualifiedPartition::Mbr { signature, offset })
        }
        (DiskId::Gpt(disk), PartitionId::Gpt(partition)) => Some(QualifiedPartition::Gpt { disk, partition }),
        _ => None,
    }
}

/// The disk half of an identity record.
#[must_use]
pub fn disk_of(named: &QualifiedPartition) -> DiskId {
    match named {
        QualifiedPartition::Mbr { signature, .. } => DiskId::Mbr(*signature),
        QualifiedPartition::Gpt { disk, .. } => DiskId::Gpt(*disk),
    }
}

/// The partition half of an identity record.
#[must_use]
pub fn partition_of(named: &QualifiedPartition) -> PartitionId {
    match named {
        QualifiedPartition::Mbr { offset, .. } => PartitionId::Mbr { offset: *offset },
        QualifiedPartition::Gpt { partition, .. } => PartitionId::Gpt(*partition),
    }
}

/// A disk identity as it is shown: `disk signature 0x36234da4`, `disk GUID 67b32047-…`.
#[must_use]
pub fn show_disk(disk: DiskId) -> String {
    match disk {
        DiskId::Mbr(signature) => format!("disk signature 0x{signature:08x}"),
        DiskId::Gpt(guid) => format!("disk GUID {guid}"),
    }
}

/// An identity record as it is shown when nothing here matches it.
#[must_use]
pub fn show_identity(named: &QualifiedPartition) -> String {
    match named {
        QualifiedPartition::Mbr { signature, offset } => {
            format!("disk signature 0x{signature:08x}, offset 0x{offset:x}")
        }
        QualifiedPartition::Gpt { disk, partition } => {
            format!("disk GUID {disk}, partition GUID {partition}")
        }
    }
}
