//! STUB until merged.
use crate::storage::Storage;
use crate::volume::ntfs::write::NewEntry;
use crate::volume::ntfs::write::NtfsWriteError;
use crate::volume::ntfs::write::NtfsWriter;
use crate::volume::ntfs::write::Piece;

/// W.
pub enum VolumeWriter<'a> {
    /// N.
    Ntfs(NtfsWriter<'a>),
}
/// E.
#[derive(Debug, thiserror::Error)]
pub enum VolumeWriteError {
    /// N.
    #[error(transparent)]
    Ntfs(#[from] NtfsWriteError),
}
impl<'a> VolumeWriter<'a> {
    /// N.
    pub fn new(volume: &'a dyn Storage, time: u64) -> Result<Self, VolumeWriteError> {
        Ok(Self::Ntfs(NtfsWriter::new(volume, time)?))
    }
    /// C.
    pub fn create(self, directory: &str, entries: &[NewEntry<'_>]) -> Result<Self, VolumeWriteError> {
        let Self::Ntfs(writer) = self;
        Ok(Self::Ntfs(writer.create(directory, entries)?))
    }
    /// R.
    pub fn replace(self, path: &str, bytes: &[u8]) -> Result<Self, VolumeWriteError> {
        let Self::Ntfs(writer) = self;
        Ok(Self::Ntfs(writer.replace(path, bytes)?))
    }
    /// F.
    pub fn finish(self) -> Result<Vec<Vec<Piece>>, VolumeWriteError> {
        let Self::Ntfs(writer) = self;
        Ok(writer.finish()?)
    }
}
