//! Whether the reference counts of a qcow2 image may be trusted with a write.
//!
//! A cluster whose count says "free" or "used once" while something else uses it would be overwritten. So a write in
//! place asks whether its cluster belongs to the tables and is counted once ([`Guard`]), and before the first write
//! that allocates the counts of the whole image are compared with what is reachable ([`check_counts`]), as
//! `qemu-img check` does. Counts that are too high only waste space and are let pass.

use std::collections::BTreeSet;

use crate::bytes;
use crate::storage::Storage;
use crate::storage::StorageError;
use crate::storage::qcow2_header::Header;
use crate::storage::qcow2_map::Mapping;
use crate::storage::qcow2_map::decode;
use crate::storage::qcow2_map::table_entry;
use crate::storage::raw::Raw;

/// Clusters of an image file whose counts are compared: 4 TiB of 64 KiB clusters, 256 MiB of memory.
const MAX_CLUSTERS: u64 = 1 << 26;
/// Bytes of mapping tables that are read for it, over all snapshots.
const MAX_TABLE_BYTES: u64 = 1 << 30;

/// Bytes of a snapshot table entry before its variable part, and where its fields stand.
const SNAPSHOT_LEN: u64 = 40;
const REPAIR: &str = "repair it with `qemu-img check -r all IMAGE`";

/// The clusters of an image file that hold its tables, which no guest data may overwrite.
pub(crate) struct Guard {
    tables: BTreeSet<u64>,
}

impl Guard {
    /// Collects the table clusters of the image in `file`.
    ///
    /// # Errors
    /// [`StorageError`] when a table cannot be read.
    pub(crate) fn new(file: &Raw, header: &Header) -> Result<Self, StorageError> {
        let mut tables = BTreeSet::from([0]);
        let bits = header.cluster_bits;
        let mut add = |offset: u64, len: u64| {
            let last = offset.saturating_add(len.saturating_sub(1)).checked_shr(bits).unwrap_or(0);
            tables.extend(offset.checked_shr(bits).unwrap_or(0)..=last);
        };
        let l1_len = u64::from(header.l1_entries).saturating_mul(8);
        let refcount_len = u64::from(header.refcount_table_clusters).saturating_mul(header.cluster_size());
        for (offset, len) in [(header.l1_offset, l1_len), (header.refcount_table_offset, refcount_len)] {
            if len == 0 {
                continue;
            }
            add(offset, len);
            for (_, entry) in entries(file, offset, len)? {
                let (place, _) = table_entry(entry);
                if place != 0 {
                    add(place, header.cluster_size());
                }
            }
        }
        let (snapshots_len, snapshots) = snapshots(file, header)?;
        if snapshots_len != 0 {
            add(header.snapshots_offset, snapshots_len);
        }
        for (l1_offset, l1_entries) in snapshots {
            add(l1_offset, u64::from(l1_entries).saturating_mul(8).max(1));
        }
        Ok(Self { tables })
    }

    /// Refuses to write into the cluster at byte `host`, unless it is no table and is used exactly once.
    ///
    /// # Errors
    /// [`StorageError::Corrupt`].
    pub(crate) fn check(&self, file: &Raw, header: &Header, host: u64) -> Result<(), StorageError> {
        let cluster = host.checked_shr(header.cluster_bits).unwrap_or(0);
        if self.tables.contains(&cluster) {
            return Err(wrong("qcow2 data cluster", host, "guest data", "one of the image's tables"));
        }
        match stored_count(file, header, cluster)? {
            1 => Ok(()),
            count => Err(wrong("qcow2 reference count of the cluster", host, "1", &count.to_string())),
        }
    }
}

/// Compares the reference counts of the whole image with what its tables reach.
///
/// # Errors
/// [`StorageError::Corrupt`] for the first cluster that is used more often than it is counted;
/// [`StorageError::Unsupported`] for an image too large to be sure.
pub(crate) fn check_counts(file: &Raw, header: &Header) -> Result<(), StorageError> {
    let clusters = file.len().div_ceil(header.cluster_size().max(1));
    if clusters > MAX_CLUSTERS {
        return Err(too_large());
    }
    let clusters_len = usize::try_from(clusters).unwrap_or(usize::MAX);
    let mut walk = Walk { file, header, uses: vec![Use::default(); clusters_len], budget: MAX_TABLE_BYTES };
    walk.count(0, 1, true)?;
    walk.refcount_tables()?;
    walk.mapping_tables(header.l1_offset, header.l1_entries, true)?;
    let (snapshots_len, snapshots) = snapshots(file, header)?;
    walk.count(header.snapshots_offset, snapshots_len, true)?;
    for (l1_offset, l1_entries) in snapshots {
        walk.mapping_tables(l1_offset, l1_entries, false)?;
    }
    walk.compare()
}

/// How often a cluster is reached, and whether something says that it is used once.
#[derive(Debug, Clone, Copy, Default)]
struct Use {
    times: u16,
    once: bool,
}

struct Walk<'a> {
    file: &'a Raw,
    header: &'a Header,
    uses: Vec<Use>,
    budget: u64,
}

impl Walk<'_> {
    /// Counts a use of the clusters that `offset..offset + len` touches; `inside` when they have to be in the file.
    fn count(&mut self, offset: u64, len: u64, inside: bool) -> Result<(), StorageError> {
        if len == 0 {
            return Ok(());
        }
        let bits = self.header.cluster_bits;
        let first = offset.checked_shr(bits).unwrap_or(0);
        let last = offset.saturating_add(len.saturating_sub(1)).checked_shr(bits).unwrap_or(0);
        for cluster in first..=last {
            match usize::try_from(cluster).ok().and_then(|cluster| self.uses.get_mut(cluster)) {
                Some(uses) => uses.times = uses.times.saturating_add(1),
                // The last sectors of compressed data may be counted although the file ends before.
                None if !inside && cluster > first => return Ok(()),
                None => return Err(wrong("qcow2 cluster", offset, "a place inside the file", "none")),
            }
        }
        Ok(())
    }

    fn mark_once(&mut self, offset: u64) {
        let cluster = usize::try_from(offset.checked_shr(self.header.cluster_bits).unwrap_or(0));
        if let Some(uses) = cluster.ok().and_then(|cluster| self.uses.get_mut(cluster)) {
            uses.once = true;
        }
    }

    fn refcount_tables(&mut self) -> Result<(), StorageError> {
        let size = self.header.cluster_size();
        let len = u64::from(self.header.refcount_table_clusters).saturating_mul(size);
        self.count(self.header.refcount_table_offset, len, true)?;
        for (at, entry) in entries(self.file, self.header.refcount_table_offset, len)? {
            let (block, _) = table_entry(entry);
            if block != 0 {
                self.aligned("qcow2 refcount table entry", at, block)?;
                self.count(block, size, true)?;
            }
        }
        Ok(())
    }

    fn mapping_tables(&mut self, l1_offset: u64, l1_entries: u32, active: bool) -> Result<(), StorageError> {
        let size = self.header.cluster_size();
        let l1_len = u64::from(l1_entries).saturating_mul(8);
        self.spend(l1_len)?;
        self.count(l1_offset, l1_len, true)?;
        for (at, entry) in entries(self.file, l1_offset, l1_len)? {
            let (table, copied) = table_entry(entry);
            if table == 0 {
                continue;
            }
            self.aligned("qcow2 L1 entry", at, table)?;
            self.count(table, size, true)?;
            if active && copied {
                self.mark_once(table);
            }
            self.spend(size)?;
            for (at, entry) in entries(self.file, table, size)? {
                self.mapping(at, entry, active)?;
            }
        }
        Ok(())
    }

    fn mapping(&mut self, at: u64, entry: u64, active: bool) -> Result<(), StorageError> {
        let (host, copied) = match decode(self.header, entry, at)? {
            Mapping::Absent | Mapping::Zero { host: None, .. } => return Ok(()),
            Mapping::Compressed { host, len } => return self.count(host, len, false),
            Mapping::Data { host, copied } | Mapping::Zero { host: Some(host), copied } => (host, copied),
        };
        if self.header.has_data_file() {
            return Ok(());
        }
        self.count(host, self.header.cluster_size(), true)?;
        if active && copied {
            self.mark_once(host);
        }
        Ok(())
    }

    fn aligned(&self, what: &str, at: u64, offset: u64) -> Result<(), StorageError> {
        if offset.is_multiple_of(self.header.cluster_size()) {
            return Ok(());
        }
        Err(wrong(what, at, "a multiple of the cluster size", &format!("0x{offset:x}")))
    }

    fn spend(&mut self, bytes: u64) -> Result<(), StorageError> {
        self.budget = self.budget.checked_sub(bytes).ok_or_else(too_large)?;
        Ok(())
    }

    /// Holds the stored counts against the uses, one refcount block after the other.
    fn compare(&self) -> Result<(), StorageError> {
        let per_block = counts_per_block(self.header);
        for (index, uses) in self.uses.chunks(usize::try_from(per_block).unwrap_or(usize::MAX)).enumerate() {
            let index = u64::try_from(index).unwrap_or(u64::MAX);
            let block = match block_of(self.file, self.header, index)? {
                Some(block) => {
                    self.file.read_vec(block, usize::try_from(self.header.cluster_size()).unwrap_or(0))?
                }
                None => Vec::new(),
            };
            for (within, uses) in uses.iter().enumerate() {
                let stored = count_at(&block, within, self.header.refcount_order);
                let wanted = u64::from(uses.times);
                if stored < wanted || (uses.once && stored != 1) {
                    let cluster = index.saturating_mul(per_block);
                    let cluster = cluster.saturating_add(u64::try_from(within).unwrap_or(u64::MAX));
                    let at = cluster.saturating_mul(self.header.cluster_size());
                    let wanted = if uses.once { 1 } else { wanted };
                    let what = "qcow2 reference count of the cluster";
                    return Err(wrong(what, at, &wanted.to_string(), &stored.to_string()));
                }
            }
        }
        Ok(())
    }
}

fn wrong(what: &str, at: u64, expected: &str, found: &str) -> StorageError {
    StorageError::corrupt(what, at, expected, format!("{found}; {REPAIR}"))
}

fn too_large() -> StorageError {
    StorageError::unsupported(
        "the image has too many clusters to verify its reference counts",
        "convert it with `qemu-img convert -O qcow2 OLD NEW` and work on the copy",
    )
}

/// The 8-byte entries of the table at `offset`, each with its own byte offset.
fn entries(file: &Raw, offset: u64, len: u64) -> Result<impl Iterator<Item = (u64, u64)>, StorageError> {
    let table = file.read_vec(offset, usize::try_from(len).unwrap_or(usize::MAX))?;
    let count = table.len().checked_div(8).unwrap_or(0);
    Ok((0..count).map(move |index| {
        let at = index.saturating_mul(8);
        let place = offset.saturating_add(u64::try_from(at).unwrap_or(u64::MAX));
        (place, bytes::be_u64(&table, at).unwrap_or(0))
    }))
}

/// The length of the snapshot table, and for each snapshot the offset of its L1 table and its entries.
fn snapshots(file: &Raw, header: &Header) -> Result<(u64, Vec<(u64, u32)>), StorageError> {
    let mut at = header.snapshots_offset;
    let mut tables = Vec::new();
    for _ in 0..header.snapshots {
        let entry = file.read_vec(at, usize::try_from(SNAPSHOT_LEN).unwrap_or(0))?;
        let l1_offset = bytes::be_u64(&entry, 0).unwrap_or(0);
        let l1_entries = bytes::be_u32(&entry, 8).unwrap_or(0);
        let names = bytes::be_u32(&entry, 12).unwrap_or(0);
        let names = u64::from(names >> 16).saturating_add(u64::from(names & 0xffff));
        let extra = u64::from(bytes::be_u32(&entry, 36).unwrap_or(0));
        let len = SNAPSHOT_LEN.saturating_add(names).saturating_add(extra);
        if !l1_offset.is_multiple_of(header.cluster_size()) {
            return Err(wrong("qcow2 snapshot", at, "an L1 table at a cluster", &format!("0x{l1_offset:x}")));
        }
        tables.push((l1_offset, l1_entries));
        at = at.saturating_add(len.checked_next_multiple_of(8).unwrap_or(u64::MAX));
    }
    Ok((at.saturating_sub(header.snapshots_offset), tables))
}

/// Clusters whose counts one refcount block holds.
fn counts_per_block(header: &Header) -> u64 {
    header.cluster_size().saturating_mul(8).checked_shr(header.refcount_order).unwrap_or(1).max(1)
}

/// Where refcount block number `index` lies.
fn block_of(file: &Raw, header: &Header, index: u64) -> Result<Option<u64>, StorageError> {
    let len = u64::from(header.refcount_table_clusters).saturating_mul(header.cluster_size());
    let at = index.saturating_mul(8);
    if at >= len {
        return Ok(None);
    }
    let entry = file.read_vec(header.refcount_table_offset.saturating_add(at), 8)?;
    let (block, _) = table_entry(bytes::be_u64(&entry, 0).unwrap_or(0));
    Ok((block != 0).then_some(block))
}

/// The count that the image stores for one cluster.
fn stored_count(file: &Raw, header: &Header, cluster: u64) -> Result<u64, StorageError> {
    let per_block = counts_per_block(header);
    let index = cluster.checked_div(per_block).unwrap_or(0);
    let Some(block) = block_of(file, header, index)? else { return Ok(0) };
    let within = cluster.checked_rem(per_block).unwrap_or(0);
    let bytes_at = within.checked_shl(header.refcount_order).unwrap_or(0).checked_div(8).unwrap_or(0);
    let at = block.saturating_add(bytes_at & !7);
    let word = file.read_vec(at, 8)?;
    let per_word = 64usize.checked_shr(header.refcount_order).unwrap_or(1).max(1);
    let within = usize::try_from(within).unwrap_or(0).checked_rem(per_word).unwrap_or(0);
    Ok(count_at(&word, within, header.refcount_order))
}

/// Count number `index` in `block`: 2^order bits each; below a byte the lowest bits come first, above it big-endian.
fn count_at(block: &[u8], index: usize, order: u32) -> u64 {
    let bit = index.checked_shl(order).unwrap_or(usize::MAX);
    let at = bit.checked_div(8).unwrap_or(0);
    if order < 3 {
        let byte = u64::from(block.get(at).copied().unwrap_or(0));
        let shift = u32::try_from(bit & 7).unwrap_or(0);
        let width = 1u32.checked_shl(order).unwrap_or(8);
        let mask = 1u64.checked_shl(width).unwrap_or(0).saturating_sub(1);
        return byte.checked_shr(shift).unwrap_or(0) & mask;
    }
    let width = 1usize.checked_shl(order.saturating_sub(3)).unwrap_or(8);
    let count = bytes::slice(block, at, width).unwrap_or_default();
    count.iter().fold(0, |count, byte| (count << 8) | u64::from(*byte))
}
