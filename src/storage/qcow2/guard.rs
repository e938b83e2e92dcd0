//! Whether a cluster of a qcow2 image may be written in place.
//!
//! The COPIED mark of its entry says so, but an image may lie: the cluster may be one of its own tables, or shared.

use crate::storage::StorageError;
use crate::storage::qcow2::header::Header;
use crate::storage::qcow2::map::table_entry;
use crate::storage::qcow2::refcount::each_entry;
use crate::storage::qcow2::refcount::snapshots;
use crate::storage::qcow2::refcount::stored_count;
use crate::storage::raw::Raw;

/// The parts of an image file that hold its tables, which no guest data may overwrite.
pub(crate) struct Guard {
    /// First byte and length of what the header names, and of the snapshots' tables.
    named: Vec<(u64, u64)>,
    /// First byte and length of the two tables whose entries name further ones, of a cluster each. They may have
    /// millions of entries, so they are read anew for each question instead of kept.
    lists: [(u64, u64); 2],
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
        let lists = [(header.l1_offset, l1_len), (header.refcount_table_offset, refcount_len)];
        let mut named = vec![(0, size)];
        named.extend(lists);
        let (snapshots_len, snapshots) = snapshots(file, header)?;
        named.push((header.snapshots_offset, snapshots_len));
        let lens = snapshots.iter().map(|(offset, entries)| (*offset, u64::from(*entries).saturating_mul(8)));
        named.extend(lens);
        Ok(Self { named, lists })
    }

    /// Refuses to write into the cluster at byte `host`, unless it is no table and is used exactly once.
    ///
    /// # Errors
    /// [`StorageError::Corrupt`].
    pub(crate) fn check(&self, file: &Raw, header: &Header, host: u64) -> Result<(), StorageError> {
        let size = header.cluster_size();
        let end = host.saturating_add(size);
        let apart = |start: u64, len: u64| {
            if start < end && host < start.saturating_add(len) {
                return Err(StorageError::unsound(
                    "qcow2 data cluster",
                    host,
                    "guest data",
                    "one of the image's tables",
                ));
            }
            Ok(())
        };
        self.named.iter().try_for_each(|(start, len)| apart(*start, *len))?;
        for (offset, len) in self.lists {
            each_entry(file, offset, len, |_, entry| match table_entry(entry).0 {
                0 => Ok(()),
                place => apart(place, size),
            })?;
        }
        let cluster = host.checked_shr(header.cluster_bits).unwrap_or(0);
        match stored_count(file, header, cluster)? {
            1 => Ok(()),
            count => Err(StorageError::unsound("qcow2 reference count of the cluster", host, "1", count)),
        }
    }
}
