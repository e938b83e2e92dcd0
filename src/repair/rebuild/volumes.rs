//! The volumes of the disk, opened to be read.

use crate::layout::Layout;
use crate::layout::index::VolumeIndex;
use crate::storage::Storage;
use crate::storage::window::Window;
use crate::volume::Volume;

/// The windows on the partitions of a disk.
pub(super) fn windows<'a>(storage: &'a dyn Storage, layout: &Layout) -> Vec<Window<'a>> {
    let partitions = layout.table.partitions.iter();
    partitions.map(|partition| Window::new(storage, partition.start, partition.len)).collect()
}

/// The volumes on them, by index; none where one cannot be opened.
pub(super) struct Volumes<'a> {
    all: Vec<Option<Volume<'a>>>,
}

impl<'a> Volumes<'a> {
    /// Opens them.
    pub(super) fn open(windows: &'a [Window<'a>]) -> Self {
        Self { all: windows.iter().map(|window| Volume::open(window).ok()).collect() }
    }

    /// One of them.
    pub(super) fn get(&self, index: VolumeIndex) -> Option<&Volume<'a>> {
        index.of(&self.all)?.as_ref()
    }

    /// All of them, as those who look through a disk take them.
    pub(super) fn all(&self) -> Vec<Option<&Volume<'a>>> {
        self.all.iter().map(Option::as_ref).collect()
    }
}
