//! Taking clusters behind the end of a qcow2 image file: their reference counts, and the blocks and the table that hold
//! them where there are none yet.
//!
//! Source: QEMU `docs/interop/qcow2.rst`, "Host cluster management".

use std::collections::BTreeMap;

use crate::bytes;
use crate::storage::Storage;
use crate::storage::StorageError;
use crate::storage::qcow2::header::Header;
use crate::storage::qcow2::refcount::block_of;
use crate::storage::qcow2::refcount::counts_per_block;
use crate::storage::qcow2::refcount::place_of_count;
use crate::storage::qcow2::refcount::set_count;
use crate::storage::qcow2::refcount::stored_count;
use crate::storage::raw::Raw;

/// Clusters behind the end that are passed over because they are counted all the same.
const PASSED_MAX: u64 = 1 << 16;
/// Byte of the header where the refcount table's offset (8 bytes) and its clusters (4 bytes) stand.
const HEADER_TABLE: u64 = 48;

/// Clusters that were taken, each counted once, and what has to be written for that. Nothing is written before
/// [`Taken::write_new`].
pub(super) struct Taken<'a> {
    file: &'a Raw,
    header: &'a Header,
    /// The first cluster that may be free.
    next: u64,
    /// Clusters whose count stands in a block that is there.
    counted: Vec<u64>,
    /// Blocks that have to be made, by their number: their cluster, and their bytes.
    blocks: BTreeMap<u64, (u64, Vec<u8>)>,
    /// The first cluster of a larger table, and how many it has.
    table: Option<(u64, u64)>,
}

impl<'a> Taken<'a> {
    pub(super) fn new(file: &'a Raw, header: &'a Header) -> Self {
        let next = file.len().div_ceil(header.cluster_size().max(1));
        Self { file, header, next, counted: Vec::new(), blocks: BTreeMap::new(), table: None }
    }

    /// Takes one cluster: its byte offset.
    pub(super) fn take(&mut self) -> Result<u64, StorageError> {
        Ok(self.take_row(1)?.saturating_mul(self.header.cluster_size()))
    }

    /// Takes so many clusters in a row: the number of the first.
    fn take_row(&mut self, count: u64) -> Result<u64, StorageError> {
        let mut first = self.next;
        let mut cluster = first;
        while cluster.saturating_sub(first) < count {
            if cluster.saturating_sub(self.next) > PASSED_MAX {
                let at = first.saturating_mul(self.header.cluster_size());
                return Err(StorageError::unsound(
                    "qcow2 reference counts",
                    at,
                    "none past the end of the file",
                    "some",
                ));
            }
            let is_free = stored_count(self.file, self.header, cluster)? == 0;
            cluster = cluster.saturating_add(1);
            if !is_free {
                first = cluster;
            }
        }
        self.next = cluster;
        (first..cluster).try_for_each(|cluster| self.count_once(cluster))?;
        Ok(first)
    }

    fn count_once(&mut self, cluster: u64) -> Result<(), StorageError> {
        let per_block = counts_per_block(self.header);
        let index = cluster.checked_div(per_block).unwrap_or(0);
        let within = usize::try_from(cluster.checked_rem(per_block).unwrap_or(0)).unwrap_or(0);
        if let Some((_, block)) = self.blocks.get_mut(&index) {
            set_count(block, within, self.header.refcount_order, 1);
        } else if block_of(self.file, self.header, index)?.is_some() {
            self.counted.push(cluster);
        } else {
            let mut block = vec![0; usize::try_from(self.header.cluster_size()).unwrap_or(0)];
            set_count(&mut block, within, self.header.refcount_order, 1);
            self.blocks.insert(index, (0, block));
            // The block needs a cluster too; it is mostly counted in itself.
            let own = self.take_row(1)?;
            if let Some((place, _)) = self.blocks.get_mut(&index) {
                *place = own;
            }
        }
        Ok(())
    }

    /// Takes a larger table where the new blocks do not fit into the one that is there.
    pub(super) fn finish(&mut self) -> Result<(), StorageError> {
        let per_cluster = self.header.cluster_size().checked_div(8).unwrap_or(1).max(1);
        loop {
            let entries = self.blocks.last_key_value().map_or(0, |(index, _)| index.saturating_add(1));
            let needed = entries.div_ceil(per_cluster);
            let there = self.table.map_or(u64::from(self.header.refcount_table_clusters), |(_, len)| len);
            if needed <= there {
                return Ok(());
            }
            let len = needed.saturating_add(needed.div_ceil(2));
            self.table = Some((self.take_row(len)?, len));
        }
    }

    /// Writes what nothing points to yet: blocks, and a larger table.
    pub(super) fn write_new(&self) -> Result<(), StorageError> {
        let size = self.header.cluster_size();
        for (place, block) in self.blocks.values() {
            self.file.write_behind(place.saturating_mul(size), block)?;
        }
        let Some((first, len)) = self.table else { return Ok(()) };
        let old_len = u64::from(self.header.refcount_table_clusters).saturating_mul(size);
        let old_len = usize::try_from(old_len).unwrap_or(usize::MAX);
        let mut table = self.file.read_vec(self.header.refcount_table_offset, old_len)?;
        table.resize(usize::try_from(len.saturating_mul(size)).unwrap_or(usize::MAX), 0);
        for (index, (place, _)) in &self.blocks {
            let at = usize::try_from(index.saturating_mul(8)).unwrap_or(usize::MAX);
            if let Some(entry) = table.get_mut(at..at.saturating_add(8)) {
                entry.copy_from_slice(&place.saturating_mul(size).to_be_bytes());
            }
        }
        self.file.write_behind(first.saturating_mul(size), &table)
    }

    /// Counts the clusters where all can see it. Behind it, a cut leaves clusters that are counted and not used.
    pub(super) fn write_counts(&self) -> Result<(), StorageError> {
        for cluster in &self.counted {
            write_count(self.file, self.header, *cluster, 1)?;
        }
        let size = self.header.cluster_size();
        let Some((first, len)) = self.table else {
            for (index, (place, _)) in &self.blocks {
                let at = self.header.refcount_table_offset.saturating_add(index.saturating_mul(8));
                self.file.write_in_place(at, &place.saturating_mul(size).to_be_bytes())?;
            }
            return Ok(());
        };
        self.file.sync_file()?;
        let len = u32::try_from(len).unwrap_or(u32::MAX);
        let fields = [&first.saturating_mul(size).to_be_bytes()[..], &len.to_be_bytes()].concat();
        self.file.write_in_place(HEADER_TABLE, &fields)
    }

    /// The clusters of the table that was there, when there is a larger one now.
    pub(super) fn old_table(&self) -> std::ops::Range<u64> {
        let first = self.header.refcount_table_offset.checked_shr(self.header.cluster_bits).unwrap_or(0);
        let len = self.table.map_or(0, |_| u64::from(self.header.refcount_table_clusters));
        first..first.saturating_add(len)
    }
}

/// Counts one use less of a cluster, whose count was verified.
pub(super) fn release(file: &Raw, header: &Header, cluster: u64) -> Result<(), StorageError> {
    match stored_count(file, header, cluster)?.checked_sub(1) {
        Some(count) => write_count(file, header, cluster, count),
        // The end of compressed data that lies behind the end of the file need not be counted.
        None => Ok(()),
    }
}

/// Writes one count into its block, which is there.
fn write_count(file: &Raw, header: &Header, cluster: u64, count: u64) -> Result<(), StorageError> {
    let Some((at, within)) = place_of_count(file, header, cluster)? else {
        let at = cluster.saturating_mul(header.cluster_size());
        return Err(StorageError::unsound("qcow2 refcount block of the cluster", at, "one", "none"));
    };
    let mut word = file.read_vec(at, 8)?;
    let before = bytes::be_u64(&word, 0);
    set_count(&mut word, within, header.refcount_order, count);
    if bytes::be_u64(&word, 0) == before {
        return Ok(());
    }
    file.write_in_place(at, &word)
}
