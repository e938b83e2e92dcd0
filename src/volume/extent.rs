//! Where the bytes of a file lie.

/// A run of a file's bytes that is contiguous on the volume.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct VolumeExtent {
    /// First byte of the run, in the file.
    pub file_offset: u64,
    /// First byte of the run, from the start of the volume.
    pub volume_offset: u64,
    /// Length in bytes.
    pub len: u64,
}

/// A file with all its bytes and the places where they lie; proven to be overwritable in place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocatedFile {
    /// The path as the directory entries spell it, with backslashes.
    pub path: String,
    /// The file's bytes.
    pub bytes: Vec<u8>,
    /// Where they lie, in file order, covering all of `bytes`.
    pub extents: Vec<VolumeExtent>,
}
