//! Disks beside the one that is examined, on which a store may have its Windows: System Reserved on one, Windows on another.

use crate::layout::Layout;
use crate::layout::index::VolumeIndex;

/// A disk beside the one that is examined.
#[derive(Debug)]
pub struct Companion {
    /// Name to show, e.g. `/dev/vdc`.
    pub name: String,
    /// What is where on it; its evidence covers the stores of the examined disk.
    pub layout: Layout,
}

impl Companion {
    /// `partition 2 (Windows) of /dev/vdc`.
    #[must_use]
    pub fn place(&self, volume: VolumeIndex) -> String {
        format!("{} of {}", self.layout.name(volume), self.name)
    }
}
