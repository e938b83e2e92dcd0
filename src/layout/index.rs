//! Places in a layout.

use std::fmt;

use crate::bcd::index::index_type;
use crate::volume::Volume;

index_type! {
    /// Index of a volume, and of its partition in the table.
    pub(crate) VolumeIndex
}

impl VolumeIndex {
    /// The volume, where it could be opened.
    pub(crate) fn opened<'v, 'a>(self, volumes: &[Option<&'v Volume<'a>>]) -> Option<&'v Volume<'a>> {
        self.of(volumes).copied().flatten()
    }
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
    pub(crate) WindowsIndex
}

index_type! {
    /// Index of a SYSTEM hive, among those in [`Layout::mounted`](crate::layout::Layout::mounted).
    pub(in crate::layout) HiveIndex
}

index_type! {
    /// Index of a file that says where the recovery environment is, among those in [`Layout::winre`](crate::layout::Layout::winre).
    pub(crate) WinreIndex
}
