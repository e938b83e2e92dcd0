//! The master file table: FILE records by number.

use crate::storage::Storage;
use crate::volume::error::VolumeError;
use crate::volume::ntfs::boot_sector::BootSector;
use crate::volume::ntfs::data_runs;
use crate::volume::ntfs::file_record::Body;
use crate::volume::ntfs::file_record::DATA;
use crate::volume::ntfs::file_record::FileRecord;
use crate::volume::ntfs::stream::Stream;

/// The table of a volume.
pub(crate) struct MasterFileTable<'a> {
    /// The volume.
    pub(crate) storage: &'a dyn Storage,
    /// Bytes of a cluster.
    pub(crate) cluster_size: u32,
    record_size: u32,
    contents: Stream,
}

impl<'a> MasterFileTable<'a> {
    /// Finds the table by its own first record.
    ///
    /// # Errors
    /// The record is damaged, or the medium fails.
    pub(crate) fn open(storage: &'a dyn Storage, boot: &BootSector) -> Result<Self, VolumeError> {
        let at = boot.mft_cluster.saturating_mul(u64::from(boot.cluster_size));
        let len = usize::try_from(boot.record_size).unwrap_or(0);
        let record = FileRecord::decode(&storage.read_vec(at, len)?, at)?;
        // When the table itself is so fragmented that it has an attribute list, the part in the base record leads to
        // the records that hold the other parts.
        let first = record.all(DATA, "").next().cloned();
        let Some(contents) = first.map(|it| Stream { flags: it.flags, body: it.body }) else {
            return Err(VolumeError::corrupt("master file table", at, "a $DATA attribute", "none"));
        };
        let (cluster_size, record_size) = (boot.cluster_size, boot.record_size);
        let mut table = Self { storage, cluster_size, record_size, contents };
        if record.has_attribute_list()
            && let Some(whole) = Stream::of(&table, &record, 0, DATA, "")?
        {
            table.contents = whole;
        }
        match &table.contents.body {
            Body::NonResident(_) => Ok(table),
            Body::Resident(_) => {
                Err(VolumeError::corrupt("master file table", at, "clusters", "a resident $DATA"))
            }
        }
    }

    /// Record `number`, in use or not.
    ///
    /// # Errors
    /// There is no such record, or it is damaged.
    pub(crate) fn record(&self, number: u64) -> Result<FileRecord, VolumeError> {
        let size = u64::from(self.record_size);
        let offset = number.saturating_mul(size);
        if offset.saturating_add(size) > self.contents.size() {
            let expected =
                format!("less than {} records", self.contents.size().checked_div(size).unwrap_or(0));
            return Err(VolumeError::corrupt("master file table", 0, expected, format!("number {number}")));
        }
        let bytes = self.contents.read(self.storage, self.cluster_size, offset, size)?;
        FileRecord::decode(&bytes, self.place(offset))
    }

    /// Record `number` as a reference names it: in use, a base record, of the same `sequence`.
    ///
    /// # Errors
    /// As [`MasterFileTable::record`]; also when the record was given to another file since.
    pub(crate) fn file(&self, number: u64, sequence: u16) -> Result<FileRecord, VolumeError> {
        let record = self.record(number)?;
        let found = match &record {
            it if !it.in_use => "a free one".to_string(),
            it if it.base != 0 => format!("a part of file {}", it.base),
            it if sequence != 0 && it.sequence != sequence => format!("sequence {}", it.sequence),
            _ => return Ok(record),
        };
        let expected = format!("file {number}, sequence {sequence}");
        Err(VolumeError::corrupt("FILE record", record.at, expected, found))
    }

    /// Where byte `offset` of the table lies on the volume; for messages.
    fn place(&self, offset: u64) -> u64 {
        let Body::NonResident(places) = &self.contents.body else { return 0 };
        let extents = data_runs::extents(&places.runs, self.cluster_size, places.size);
        let inside = extents.iter().find_map(|extent| {
            let delta = offset.checked_sub(extent.file_offset).filter(|delta| *delta < extent.len)?;
            extent.volume_offset.checked_add(delta)
        });
        inside.unwrap_or(0)
    }
}
