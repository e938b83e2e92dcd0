//! Where the bytes of a file lie on the disk.

use crate::layout::known::Cause;
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

    /// Whether any of the `len` bytes at byte `at` of the disk is one of it.
    #[must_use]
    pub fn overlaps(&self, at: u64, len: u64) -> bool {
        at < self.disk_offset.saturating_add(self.len) && self.disk_offset < at.saturating_add(len)
    }

    /// The byte of the disk that holds byte `file_offset` of the file, and how many bytes of the run begin there.
    fn place(&self, file_offset: u64) -> Option<(u64, u64)> {
        let inside = file_offset.checked_sub(self.file_offset)?;
        let rest = self.len.checked_sub(inside).filter(|rest| *rest > 0)?;
        Some((self.disk_offset.checked_add(inside)?, rest))
    }
}

/// The byte of the disk that holds byte `file_offset` of the file with these extents.
#[must_use]
pub fn disk_offset_of(extents: &[DiskExtent], file_offset: u64) -> Option<u64> {
    place_of(extents, file_offset).map(|(at, _)| at)
}

/// The same, and how many bytes of the file follow there.
#[must_use]
pub fn place_of(extents: &[DiskExtent], file_offset: u64) -> Option<(u64, u64)> {
    extents.iter().find_map(|extent| extent.place(file_offset))
}

/// The extents on the disk of a file on the volume that begins at byte `start`.
///
/// # Errors
/// One of them lies beyond the end of what can be counted.
pub fn on_disk(start: u64, extents: &[VolumeExtent]) -> Result<Vec<DiskExtent>, Cause> {
    let shift = |extent: &VolumeExtent| {
        let VolumeExtent { file_offset, volume_offset, len } = *extent;
        Some(DiskExtent { file_offset, disk_offset: volume_offset.checked_add(start)?, len })
    };
    extents.iter().map(shift).collect::<Option<_>>().ok_or(Cause::BeyondDisk)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn extents() -> Vec<DiskExtent> {
        let runs = [(0, 0x800, 0x200), (0x200, 0x400, 0x100)];
        let run = |(file_offset, volume_offset, len)| VolumeExtent { file_offset, volume_offset, len };
        on_disk(0x10_0000, &runs.map(run)).unwrap()
    }

    #[test]
    fn a_byte_of_the_file_has_its_place_on_the_disk() {
        let of = |file_offset| disk_offset_of(&extents(), file_offset);
        assert_eq!([of(0), of(0x1ff), of(0x200)], [Some(0x10_0800), Some(0x10_09ff), Some(0x10_0400)]);
        assert_eq!([of(0x2ff), of(0x300)], [Some(0x10_04ff), None]);
    }

    #[test]
    fn a_byte_of_the_disk_is_of_an_extent_or_not() {
        let [first, _] = extents()[..] else { panic!("two extents") };
        assert_eq!(
            [0x10_07ff, 0x10_0800, 0x10_09ff, 0x10_0a00].map(|at| first.holds(at)),
            [false, true, true, false]
        );
    }

    #[test]
    fn a_sector_overlaps_an_extent_that_begins_or_ends_in_it() {
        let [first, _] = extents()[..] else { panic!("two extents") };
        let overlaps = [(0x10_0000, 0x1000), (0x10_0000, 0x800), (0x10_0900, 1), (0x10_0a00, 0x1000)];
        assert_eq!(overlaps.map(|(at, len)| first.overlaps(at, len)), [true, false, true, false]);
    }

    #[test]
    fn what_lies_beyond_all_disks_has_no_place() {
        let run = VolumeExtent { file_offset: 0, volume_offset: 1, len: 1 };
        assert!(on_disk(u64::MAX, &[run]).is_err());
    }
}
