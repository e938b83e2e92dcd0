//! Other contents for a file that is there.

use crate::bytes::put;
use crate::volume::ntfs::Found;
use crate::volume::ntfs::NtfsVolume;
use crate::volume::ntfs::data_runs;
use crate::volume::ntfs::file_record::Body;
use crate::volume::ntfs::file_record::DATA;
use crate::volume::ntfs::file_record::NonResident;
use crate::volume::ntfs::locate;
use crate::volume::ntfs::write::NtfsWriter;
use crate::volume::ntfs::write::attribute;
use crate::volume::ntfs::write::error::NtfsWriteError;
use crate::volume::ntfs::write::error::Oddity;
use crate::volume::ntfs::write::error::odd;
use crate::volume::ntfs::write::fields::aligned;
use crate::volume::ntfs::write::fields::wide;
use crate::volume::ntfs::write::fit;
use crate::volume::ntfs::write::pending::Phase;
use crate::volume::ntfs::write::record::RecordDraft;

/// Sizes of contents in clusters: how many bytes they have, and how many of those were ever written.
const SIZE: usize = 0x30;
const INITIALISED: usize = 0x38;

impl NtfsWriter<'_> {
    /// Gives a file other contents, of any length. They go into its record or into the clusters that it has, if they fit there; else
    /// into new clusters, and the old ones are free in the end.
    ///
    /// # Errors
    /// The file is not there or not one that is changed here, or there is no room.
    pub fn replace(self, file: &str, contents: &[u8]) -> Result<Self, NtfsWriteError> {
        self.put_contents(file, contents, wide(contents.len()))
    }

    /// The same, and at every moment the file has its old contents or the new ones: they go into its record or into new clusters, to
    /// which the record switches, and the old clusters are free in the end.
    ///
    /// # Errors
    /// As [`NtfsWriter::replace`].
    pub fn renew(self, file: &str, contents: &[u8]) -> Result<Self, NtfsWriteError> {
        self.put_contents(file, contents, u64::MAX)
    }

    /// Clusters that the file has are overwritten where they hold at least so many bytes.
    fn put_contents(
        mut self,
        file: &str,
        contents: &[u8],
        in_place_from: u64,
    ) -> Result<Self, NtfsWriteError> {
        let volume = self.ground.volume()?;
        let found = fit::file(&volume, file)?;
        let places = places(&volume, &found)?;
        drop(volume);
        let mut record = self.record(found.number)?;
        match &places {
            Some(places) if in_place_from <= places.allocated => {
                self.ground.put(places, 0, contents, Phase::Contents)?;
                resize(&mut record, contents.len());
            }
            Some(places) => {
                self.put_in_clusters(&mut record, DATA, "", contents)?;
                self.give_back(&places.runs);
            }
            None => {
                self.keep(&mut record, contents)?;
            }
        }
        let raw = record.encode().ok_or(NtfsWriteError::Crowded(found.path))?;
        self.ground.put_record(found.number, &raw, Phase::Names)?;
        Ok(self)
    }

    /// Puts contents into the record of their file where they fit, else into clusters; returns the bytes that they take.
    pub(super) fn keep(&mut self, record: &mut RecordDraft, contents: &[u8]) -> Result<u64, NtfsWriteError> {
        record.set(DATA, "", attribute::resident(DATA, "", contents));
        if record.encode().is_some() {
            return Ok(wide(aligned(contents.len())));
        }
        self.put_in_clusters(record, DATA, "", contents)
    }
}

/// The clusters of a file, all of which it alone has; `None` when its contents are in its record.
fn places(volume: &NtfsVolume<'_>, found: &Found) -> Result<Option<NonResident>, NtfsWriteError> {
    let data = found.record.all(DATA, "").next().ok_or_else(|| odd(&found.path, Oddity::Data))?;
    let Body::NonResident(places) = &data.body else { return Ok(None) };
    locate::extents(volume, found)?;
    let whole = data_runs::extents(&places.runs, volume.boot.cluster_size, places.allocated);
    if locate::free_cluster(volume, &whole)?.is_some() {
        return Err(odd(&found.path, Oddity::Data));
    }
    Ok(Some(places.clone()))
}

/// Sets the size of contents whose clusters stay.
fn resize(record: &mut RecordDraft, len: usize) {
    let Some(mut data) = record.attribute(DATA, "").map(<[u8]>::to_vec) else { return };
    put(&mut data, SIZE, &wide(len).to_le_bytes());
    put(&mut data, INITIALISED, &wide(len).to_le_bytes());
    record.set(DATA, "", data);
}
