//! Big files: read in pieces without a second lookup, and their places without their bytes.

use crate::storage::Storage;
use crate::volume::error::VolumeError;
use crate::volume::extent::VolumeExtent;

/// A file that was looked up once, to be read in pieces.
pub struct VolumeFile<'a> {
    storage: &'a dyn Storage,
    path: String,
    len: u64,
    contents: Contents,
}

/// Makes a file's bytes of what lies in its clusters.
pub(crate) trait Decode {
    /// `len` bytes from byte `offset` of the file, which has them.
    ///
    /// # Errors
    /// What lies there makes no sense, or the medium fails.
    fn read_at(&self, storage: &dyn Storage, offset: u64, len: usize) -> Result<Vec<u8>, VolumeError>;
}

/// Where the bytes of a [`VolumeFile`] come from.
pub(crate) enum Contents {
    /// They were read with the file system's own record of the file.
    Inline(Vec<u8>),
    /// They lie there, in file order; what no extent covers is zeros.
    Placed(Vec<VolumeExtent>),
    /// They are made of what lies in clusters.
    Decoded(Box<dyn Decode>),
}

/// The places of a file's bytes, where they may be overwritten; the bytes themselves were not read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedFile {
    /// The path as the directory entries spell it, with backslashes.
    pub path: String,
    /// Length of the file in bytes.
    pub len: u64,
    /// Where they lie, in file order, covering all of the file.
    pub extents: Vec<VolumeExtent>,
}

impl<'a> VolumeFile<'a> {
    pub(crate) fn new(storage: &'a dyn Storage, path: String, len: u64, contents: Contents) -> Self {
        Self { storage, path, len, contents }
    }

    /// The path as the directory entries spell it, with backslashes.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Length in bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether the file has no bytes.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// `len` bytes from byte `offset` of the file. Holes and bytes that were never written are zeros.
    ///
    /// # Errors
    /// The range leaves the file, or the medium fails.
    pub fn read_at(&self, offset: u64, len: usize) -> Result<Vec<u8>, VolumeError> {
        let end = u64::try_from(len).ok().and_then(|len| offset.checked_add(len));
        if end.is_none_or(|end| end > self.len) {
            let wanted = format!("{len} bytes at 0x{offset:x} of {}", self.path);
            return Err(VolumeError::unsupported(wanted, format!("the file has {} bytes", self.len)));
        }
        match &self.contents {
            Contents::Placed(extents) => read_placed(self.storage, extents, offset, len),
            Contents::Decoded(decoder) => decoder.read_at(self.storage, offset, len),
            Contents::Inline(bytes) => {
                let from = usize::try_from(offset).unwrap_or(usize::MAX);
                let piece = crate::bytes::slice(bytes, from, len);
                let cut = || VolumeError::corrupt(&self.path, offset, format!("{len} bytes"), "their end");
                piece.map(<[u8]>::to_vec).ok_or_else(cut)
            }
        }
    }
}

/// `len` bytes from byte `offset` of a file whose bytes lie in `extents`, which are in file order; what none of them
/// covers is zeros.
///
/// # Errors
/// An extent leaves the storage, or the medium fails.
pub(crate) fn read_placed(
    storage: &dyn Storage,
    extents: &[VolumeExtent],
    offset: u64,
    len: usize,
) -> Result<Vec<u8>, VolumeError> {
    let end = offset.saturating_add(u64::try_from(len).unwrap_or(u64::MAX));
    let mut bytes = vec![0; len];
    let file_end = |extent: &VolumeExtent| extent.file_offset.saturating_add(extent.len);
    let first = extents.partition_point(|extent| file_end(extent) <= offset);
    for extent in extents.iter().skip(first).take_while(|extent| extent.file_offset < end) {
        let from = extent.file_offset.max(offset);
        let to = file_end(extent).min(end);
        let at = extent.volume_offset.saturating_add(from.saturating_sub(extent.file_offset));
        let range = usize::try_from(from.saturating_sub(offset))
            .ok()
            .zip(usize::try_from(to.saturating_sub(offset)).ok());
        if let Some(target) = range.and_then(|(from, to)| bytes.get_mut(from..to)) {
            storage.read_at(at, target)?;
        }
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::storage::ram::Ram;

    #[test]
    fn pieces_are_put_together_and_holes_are_zeros() {
        let disk = Ram::new((0..200u8).collect(), None);
        let extent = |file_offset, volume_offset, len| VolumeExtent { file_offset, volume_offset, len };
        let extents = vec![extent(0, 100, 10), extent(10, 50, 5), extent(20, 0, 10)];
        let mut whole: Vec<u8> = (100..110).chain(50..55).collect();
        whole.extend([0; 5]);
        whole.extend(0..10);
        whole.extend([0; 3]);
        let file = VolumeFile::new(&disk, "\\x".into(), 33, Contents::Placed(extents));
        for from in 0..=33 {
            for to in from..=33 {
                let piece = file.read_at(from as u64, to - from).unwrap();
                assert_eq!(piece, whole[from..to], "{from} to {to}");
            }
        }
        for (offset, len) in [(33, 1), (0, 34), (u64::MAX, 1), (1, usize::MAX), (34, 0)] {
            let error = file.read_at(offset, len).unwrap_err().to_string();
            assert!(error.contains("the file has 33 bytes"), "{error}");
        }
        let file = VolumeFile::new(&disk, "\\x".into(), 3, Contents::Inline(vec![7, 8, 9]));
        assert_eq!(file.read_at(1, 2).unwrap(), [8, 9]);
        assert!(file.read_at(2, 2).is_err() && !file.is_empty() && file.path() == "\\x");
    }

    #[test]
    fn an_extent_outside_of_the_volume_is_an_error() {
        let disk = Ram::new(vec![0; 100], None);
        let extents = vec![VolumeExtent { file_offset: 0, volume_offset: 90, len: 20 }];
        let file = VolumeFile::new(&disk, "\\x".into(), 20, Contents::Placed(extents));
        assert!(file.read_at(0, 10).is_ok());
        assert!(file.read_at(5, 10).unwrap_err().to_string().contains("end of the volume"));
    }
}
