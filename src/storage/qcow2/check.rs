//! Whether the reference counts of a whole qcow2 image may be trusted with an allocation.
//!
//! A cluster whose count says "free" while something uses it would be overwritten. So before the first write that
//! allocates, the counts are compared with what the tables reach, as `qemu-img check` does. Counts that are too high
//! only waste space and are let pass.

use crate::storage::Storage;
use crate::storage::StorageError;
use crate::storage::qcow2::header::Header;
use crate::storage::qcow2::map::Mapping;
use crate::storage::qcow2::map::decode;
use crate::storage::qcow2::map::table_entry;
use crate::storage::qcow2::refcount::block_of;
use crate::storage::qcow2::refcount::count_at;
use crate::storage::qcow2::refcount::counts_per_block;
use crate::storage::qcow2::refcount::entries;
use crate::storage::qcow2::refcount::snapshots;
use crate::storage::qcow2::refcount::wrong;
use crate::storage::raw::Raw;

/// Clusters of an image file whose counts are compared: 4 TiB of 64 KiB clusters, 256 MiB of memory.
const MAX_CLUSTERS: u64 = 1 << 26;
/// Bytes of mapping tables that are read for it, over all snapshots.
const MAX_TABLE_BYTES: u64 = 1 << 30;

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
                    let wanted = wanted.max(1);
                    let what = "qcow2 reference count of the cluster";
                    return Err(wrong(what, at, &wanted.to_string(), &stored.to_string()));
                }
            }
        }
        Ok(())
    }
}

fn too_large() -> StorageError {
    StorageError::unsupported(
        "the image has too many clusters to verify its reference counts",
        "convert it with `qemu-img convert -O qcow2 OLD NEW` and work on the copy",
    )
}
