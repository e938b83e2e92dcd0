//! Places in a layout, and what stands there.

use std::fmt;

use crate::bcd::index::index_type;
use crate::layout::Layout;
use crate::layout::VolumeFacts;
use crate::layout::mounted_devices::MountedDevices;
use crate::layout::store::StoreFile;
use crate::layout::windows::WindowsVolume;
use crate::partition::Partition;

index_type! {
    /// Index of a volume, and of its partition in the table.
    pub(in crate::layout) VolumeIndex
}

impl fmt::Display for VolumeIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

index_type! {
    /// Index of a store.
    pub(in crate::layout) StoreIndex
}

index_type! {
    /// Index of a Windows installation.
    pub(in crate::layout) WindowsIndex
}

index_type! {
    /// Index of a SYSTEM hive, among those in [`Layout::mounted`].
    pub(in crate::layout) HiveIndex
}

impl Layout {
    /// What was found on a volume.
    #[must_use]
    pub fn volume(&self, index: VolumeIndex) -> Option<&VolumeFacts> {
        index.of(&self.volumes)
    }

    /// The partition of a volume, as the table has it.
    #[must_use]
    pub fn partition(&self, index: VolumeIndex) -> Option<&Partition> {
        index.of(&self.table.partitions)
    }

    /// A store.
    #[must_use]
    pub fn store(&self, index: StoreIndex) -> Option<&StoreFile> {
        index.of(&self.stores)
    }

    /// A Windows installation.
    #[must_use]
    pub fn installation(&self, index: WindowsIndex) -> Option<&WindowsVolume> {
        index.of(&self.windows)
    }

    /// The drive letters in a SYSTEM hive.
    #[must_use]
    pub fn hive(&self, index: HiveIndex) -> Option<&MountedDevices> {
        index.of(&self.mounted)
    }

    /// The indices of all volumes.
    #[must_use]
    pub fn volume_indices(&self) -> impl DoubleEndedIterator<Item = VolumeIndex> {
        self.volumes_indexed().map(|(index, _)| index)
    }

    /// All volumes, each with its index.
    #[must_use]
    pub fn volumes_indexed(&self) -> impl DoubleEndedIterator<Item = (VolumeIndex, &VolumeFacts)> {
        VolumeIndex::each(&self.volumes)
    }

    /// The partitions of the table, each with its index.
    pub fn partitions_indexed(&self) -> impl Iterator<Item = (VolumeIndex, &Partition)> {
        VolumeIndex::each(&self.table.partitions)
    }

    /// All stores, each with its index.
    pub fn stores_indexed(&self) -> impl Iterator<Item = (StoreIndex, &StoreFile)> {
        StoreIndex::each(&self.stores)
    }

    /// All SYSTEM hives, each with its index.
    pub fn hives_indexed(&self) -> impl Iterator<Item = (HiveIndex, &MountedDevices)> {
        HiveIndex::each(&self.mounted)
    }

    /// The first volume of which this holds.
    pub fn find_volume(&self, is_it: impl Fn(&VolumeFacts) -> bool) -> Option<VolumeIndex> {
        self.volumes_indexed().find(|(_, facts)| is_it(facts)).map(|(index, _)| index)
    }

    /// The first partition of the table of which this holds.
    pub fn find_partition(&self, is_it: impl Fn(&Partition) -> bool) -> Option<VolumeIndex> {
        self.partitions_indexed().find(|(_, partition)| is_it(partition)).map(|(index, _)| index)
    }
}
