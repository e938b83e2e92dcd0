//! A volume by its number.

/// A volume for good: whatever happens to its place and its disk, it keeps this number.
pub type VolumeId = usize;
