//! Where the bytes of a file lie on the disk.

use crate::volume::VolumeExtent;

/// A run of a file's bytes that is contiguous on the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiskExtent {
    /// First byte of the run, in the file.
    pub file_offset: u64,
    /// First byte of the run, from the start of the disk.
    pub disk_offset: u64,
    /// Length in bytes.
    pub len: u64,
}

impl DiskExtent {
    /// Whether byte `at` of the disk is one of it.
    #[must_use]
    pub fn holds(&self, at: u64) -> bool {
        at.checked_sub(self.disk_offset).is_some_and(|inside| inside < self.len)
    }

    /// The byte of the disk that holds byte `file_offset` of the file.
    fn disk_offset_of(&self, file_offset: u64) -> Option<u64> {
        let inside = file_offset.checked_sub(self.file_offset).filter(|inside| *inside < self.len)?;
        self.disk_offset.checked_add(inside)
    }
}

/// The byte of the disk that holds byte `file_offset` of the file with these extents.
#[must_use]
pub fn disk_offset_of(extents: &[DiskExtent], file_offset: u64) -> Option<u64> {
    extents.iter().find_map(|extent| extent.disk_offset_of(file_offset))
}

/// The extents on the disk of a file on the volume that begins at byte `start`.
pub(super) fn on_disk(start: u64, extents: &[VolumeExtent]) -> Result<Vec<DiskExtent>, String> {
    let shift = |extent: &VolumeExtent| {
        let VolumeExtent { file_offset, volume_offset, len } = *extent;
        Some(DiskExtent { file_offset, disk_offset: volume_offset.checked_add(start)?, len })
    };
    extents
        .iter()
        .map(shift)
        .collect::<Option<_>>()
        .ok_or_else(|| "an extent lies beyond the end of the disk".into())
}
