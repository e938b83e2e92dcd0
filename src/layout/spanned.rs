//! Disks whose volumes are not where the partition table says: dynamic disks (LDM) and members of Storage Spaces.

use crate::guid::Guid;
use crate::layout::disk::Layout;
use crate::layout::index::VolumeIndex;
use crate::layout::volume_facts::VolumeFacts;
use crate::partition::PartitionType;
use crate::volume::FileSystem;

/// Types of partitions that belong to a dynamic disk (Microsoft, `PARTITION_LDM`, `PARTITION_LDM_METADATA_GUID`,
/// `PARTITION_LDM_DATA_GUID`).
const LDM: [PartitionType; 3] = [
    PartitionType::Mbr(0x42),
    PartitionType::Gpt(Guid::from_u128(0x5808c8aa_7e8f_42e0_85d2_e1e90434cfb3)),
    PartitionType::Gpt(Guid::from_u128(0xaf9b60a0_1431_4f62_bc68_3311714a69ad)),
];
/// Type of the partition that a pool of Storage Spaces takes (Microsoft, `PARTITION_SPACES_GUID`).
const SPACES: PartitionType = PartitionType::Gpt(Guid::from_u128(0xe75caf8f_f680_4cee_afa3_b001e56efc2d));

/// The partitions that make this a dynamic disk.
pub(crate) fn dynamic(layout: &Layout) -> impl Iterator<Item = VolumeIndex> {
    which(layout, |facts| LDM.contains(&facts.partition.kind) || facts.file_system == FileSystem::LdmDatabase)
}

/// The partitions that belong to a pool of Storage Spaces.
pub(crate) fn spaces(layout: &Layout) -> impl Iterator<Item = VolumeIndex> {
    which(layout, |facts| facts.partition.kind == SPACES)
}

fn which(layout: &Layout, is: impl Fn(&VolumeFacts) -> bool) -> impl Iterator<Item = VolumeIndex> {
    layout.volumes_indexed().filter(move |(_, facts)| is(facts)).map(|(volume, _)| volume)
}
