//! Whether a cluster of a qcow2 image may be written in place.
//!
//! The COPIED mark of its entry says so, but an image may lie: the cluster may be one of its own tables, or shared.

use crate::storage::StorageError;
use crate::storage::qcow2::header::Header;
use crate::storage::qcow2::map::table_entry;
use crate::storage::qcow2::refcount::entries;
use crate::storage::qcow2::refcount::snapshots;
use crate::storage::qcow2::refcount::stored_count;
use crate::storage::qcow2::refcount::wrong;
use crate::storage::raw::Raw;

/// The parts of an image file that hold its tables, which no guest data may overwrite.
pub(crate) struct Guard {
    /// First byte and length of each; at most one per table, so that their number is bounded by the header's limits.
    tables: Vec<(u64, u64)>,
}

impl Guard {
    /// Collects where the tables of the image in `file` lie.
    ///
    /// # Errors
    /// [`StorageError`] when a table cannot be read.
    pub(crate) fn new(file: &Raw, header: &Header) -> Result<Self, StorageError> {
        let size = header.cluster_size();
        let l1_len = u64::from(header.l1_entries).saturating_mul(8);
        let refcount_len = u64::from(header.refcount_table_clusters).saturating_mul(size);
        let mut tables = vec![(0, size)];
        for (offset, len) in [(header.l1_offset, l1_len), (header.refcount_table_offset, refcount_len)] {
            if len != 0 {
                tables.push((offset, len));
                let places = entries(file, offset, len)?.map(|(_, entry)| table_entry(entry).0);
                tables.extend(places.filter(|place| *place != 0).map(|place| (place, size)));
            }
        }
        let (snapshots_len, snapshots) = snapshots(file, header)?;
        tables.push((header.snapshots_offset, snapshots_len));
        let lens = snapshots.iter().map(|(offset, entries)| (*offset, u64::from(*entries).saturating_mul(8)));
        tables.extend(lens);
        Ok(Self { tables })
    }

    /// Refuses to write into the cluster at byte `host`, unless it is no table and is used exactly once.
    ///
    /// # Errors
    /// [`StorageError::Corrupt`].
    pub(crate) fn check(&self, file: &Raw, header: &Header, host: u64) -> Result<(), StorageError> {
        let end = host.saturating_add(header.cluster_size());
        if self.tables.iter().any(|(start, len)| *start < end && host < start.saturating_add(*len)) {
            return Err(wrong("qcow2 data cluster", host, "guest data", "one of the image's tables"));
        }
        let cluster = host.checked_shr(header.cluster_bits).unwrap_or(0);
        match stored_count(file, header, cluster)? {
            1 => Ok(()),
            count => Err(wrong("qcow2 reference count of the cluster", host, "1", &count.to_string())),
        }
    }
}
