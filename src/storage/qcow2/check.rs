//! Whether the reference counts of a whole qcow2 image may be trusted with an allocation.
//!
//! A cluster whose count says "free" while something uses it would be overwritten. So before the first write that
//! allocates, the counts are compared with what the tables reach, as `qemu-img check` does. Counts that are too high
//! only waste space and are let pass.

use crate::error::way_out::ImageCure;
use crate::storage::Storage;
use crate::storage::StorageError;
use crate::storage::qcow2::header::Header;
use crate::storage::qcow2::map::Mapping;
use crate::storage::qcow2::map::decode;
use crate::storage::qcow2::map::table_entry;
use crate::storage::qcow2::refcount::block_of;
use crate::storage::qcow2::refcount::count_at;
use crate::storage::qcow2::refcount::counts_per_block;
use crate::storage::qcow2::refcount::each_entry;
use crate::storage::qcow2::refcount::snapshots;
use crate::storage::raw::Raw;

/// Clusters of an image file whose counts are compared: 4 TiB of 64 KiB clusters.
const MAX_CLUSTERS: u64 = 1 << 26;
/// Clusters whose uses are counted in one walk over the tables, 32 MiB of memory; larger images take several walks. No
/// refcount block has more counts (2 MiB of single bits), so that a window holds whole blocks.
const WINDOW: u64 = 1 << 24;
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
    compare_in_windows(file, header, clusters, WINDOW)
}

fn compare_in_windows(file: &Raw, header: &Header, clusters: u64, window: u64) -> Result<(), StorageError> {
    let mut budget = MAX_TABLE_BYTES;
    let mut first = 0;
    while first < clusters {
        let len = usize::try_from(clusters.saturating_sub(first).min(window)).unwrap_or(usize::MAX);
        let uses = vec![Use::default(); len];
        let mut walk = Walk { file, header, clusters, first, uses, budget };
        walk.all()?;
        budget = walk.budget;
        first = first.saturating_add(window);
    }
    Ok(())
}

/// How often a cluster is reached; the topmost bit says that something has it as used once.
#[derive(Debug, Clone, Copy, Default)]
struct Use(u16);

impl Use {
    const ONCE: u16 = 1 << 15;

    fn add(&mut self) {
        if self.times() < Self::ONCE.saturating_sub(1) {
            self.0 = self.0.saturating_add(1);
        }
    }

    fn times(self) -> u16 {
        self.0 & !Self::ONCE
    }

    fn once(self) -> bool {
        self.0 & Self::ONCE != 0
    }
}

struct Walk<'a> {
    file: &'a Raw,
    header: &'a Header,
    /// Clusters of the file, and the first of those that are counted.
    clusters: u64,
    first: u64,
    uses: Vec<Use>,
    budget: u64,
}

impl Walk<'_> {
    fn all(&mut self) -> Result<(), StorageError> {
        self.count(0, 1, true)?;
        self.refcount_tables()?;
        self.mapping_tables(self.header.l1_offset, self.header.l1_entries, true)?;
        let (snapshots_len, snapshots) = snapshots(self.file, self.header)?;
        self.count(self.header.snapshots_offset, snapshots_len, true)?;
        for (l1_offset, l1_entries) in snapshots {
            self.mapping_tables(l1_offset, l1_entries, false)?;
        }
        self.compare()
    }

    /// The counter of a cluster, when it is one of those that are counted.
    fn use_of(&mut self, cluster: u64) -> Option<&mut Use> {
        let index = usize::try_from(cluster.checked_sub(self.first)?).ok()?;
        self.uses.get_mut(index)
    }

    /// Counts a use of the clusters that `offset..offset + len` touches; `inside` when they have to be in the file.
    fn count(&mut self, offset: u64, len: u64, inside: bool) -> Result<(), StorageError> {
        if len == 0 {
            return Ok(());
        }
        let bits = self.header.cluster_bits;
        let first = offset.checked_shr(bits).unwrap_or(0);
        let last = offset.saturating_add(len.saturating_sub(1)).checked_shr(bits).unwrap_or(0);
        for cluster in first..=last {
            if cluster >= self.clusters {
                // The last sectors of compressed data may be counted although the file ends before.
                if !inside && cluster > first {
                    return Ok(());
                }
                return Err(StorageError::past_end(
                    offset.max(cluster.saturating_mul(self.header.cluster_size())),
                    self.file.len(),
                ));
            }
            if let Some(uses) = self.use_of(cluster) {
                uses.add();
            }
        }
        Ok(())
    }

    fn mark_once(&mut self, offset: u64) {
        let cluster = offset.checked_shr(self.header.cluster_bits).unwrap_or(0);
        if let Some(uses) = self.use_of(cluster) {
            uses.0 |= Use::ONCE;
        }
    }

    fn refcount_tables(&mut self) -> Result<(), StorageError> {
        let size = self.header.cluster_size();
        let len = u64::from(self.header.refcount_table_clusters).saturating_mul(size);
        self.count(self.header.refcount_table_offset, len, true)?;
        each_entry(self.file, self.header.refcount_table_offset, len, |at, entry| {
            let (block, _) = table_entry(entry);
            if block == 0 {
                return Ok(());
            }
            self.aligned("qcow2 refcount table entry", at, block)?;
            self.count(block, size, true)
        })
    }

    fn mapping_tables(&mut self, l1_offset: u64, l1_entries: u32, active: bool) -> Result<(), StorageError> {
        let size = self.header.cluster_size();
        let l1_len = u64::from(l1_entries).saturating_mul(8);
        self.spend(l1_len)?;
        self.count(l1_offset, l1_len, true)?;
        each_entry(self.file, l1_offset, l1_len, |at, entry| {
            let (table, copied) = table_entry(entry);
            if table == 0 {
                return Ok(());
            }
            self.aligned("qcow2 L1 entry", at, table)?;
            self.count(table, size, true)?;
            if active && copied {
                self.mark_once(table);
            }
            self.spend(size)?;
            each_entry(self.file, table, size, |at, entry| self.mapping(at, entry, active))
        })
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
        Err(StorageError::unsound(what, at, "a multiple of the cluster size", format!("0x{offset:x}")))
    }

    fn spend(&mut self, bytes: u64) -> Result<(), StorageError> {
        self.budget = self.budget.checked_sub(bytes).ok_or_else(too_large)?;
        Ok(())
    }

    /// Holds the stored counts against the uses, one refcount block after the other.
    fn compare(&self) -> Result<(), StorageError> {
        let per_block = counts_per_block(self.header);
        let blocks = (self.first.checked_div(per_block).unwrap_or(0)..)
            .zip(self.uses.chunks(usize::try_from(per_block).unwrap_or(usize::MAX)));
        for (index, uses) in blocks {
            let block = match block_of(self.file, self.header, index)? {
                Some(block) => {
                    self.file.read_vec(block, usize::try_from(self.header.cluster_size()).unwrap_or(0))?
                }
                None => Vec::new(),
            };
            for (within, uses) in uses.iter().enumerate() {
                let stored = count_at(&block, within, self.header.refcount_order);
                let wanted = u64::from(uses.times());
                if stored < wanted || (uses.once() && stored != 1) {
                    let cluster = index.saturating_mul(per_block);
                    let cluster = cluster.saturating_add(u64::try_from(within).unwrap_or(u64::MAX));
                    let at = cluster.saturating_mul(self.header.cluster_size());
                    let wanted = wanted.max(1);
                    let what = "qcow2 reference count of the cluster";
                    return Err(StorageError::unsound(what, at, wanted.to_string(), stored));
                }
            }
        }
        Ok(())
    }
}

fn too_large() -> StorageError {
    StorageError::unsupported(
        "the image has too many clusters to verify its reference counts",
        ImageCure::Convert,
    )
}

#[cfg(test)]
mod tests {
    use std::fs::File;
    use std::path::Path;

    use super::*;
    use crate::storage::qcow2::chain::read_header;
    use crate::storage::qcow2::tests::run;

    fn compare(path: &Path, window: u64) -> Result<(), StorageError> {
        let file = Raw::new(File::open(path).unwrap(), path, None).unwrap();
        let header = read_header(&file).unwrap();
        compare_in_windows(&file, &header, file.len().div_ceil(512), window)
    }

    #[test]
    fn many_windows_see_what_one_sees() {
        let dir = tempfile::tempdir().unwrap();
        run(dir.path(), "qemu-img create -f qcow2 -o cluster_size=512 image 300k");
        run(dir.path(), "qemu-io -f qcow2 -c write~0~300k image");
        let path = dir.path().join("image");
        let mut bytes = std::fs::read(&path).unwrap();
        for window in [256, 512, WINDOW] {
            compare(&path, window).unwrap();
        }
        // The last block of counts is that of the third window of 256 clusters.
        let table = usize::try_from(crate::bytes::be_u64(&bytes, 48).unwrap()).unwrap();
        let block = usize::try_from(crate::bytes::be_u64(&bytes, table + 16).unwrap()).unwrap();
        assert_eq!(bytes[block + 20..block + 22], [0, 1]);
        bytes[block + 21] = 0;
        std::fs::write(&path, &bytes).unwrap();
        let expected = "qcow2 reference count of the cluster at 0x41400: expected 1, found 0";
        for window in [256, 512, WINDOW] {
            assert!(compare(&path, window).unwrap_err().to_string().starts_with(expected), "{window}");
        }
    }
}
