//! Where a guest cluster of a qcow2 image lies: the way from the L1 table over an L2 table to a cluster.
//!
//! Source: QEMU `docs/interop/qcow2.rst`, "Cluster mapping". Entries are 8 bytes, big-endian, and are read through a
//! page cache, so that opening a huge image costs nothing for the tables that nobody asks.

use std::sync::Arc;

use crate::bytes;
use crate::storage::Storage;
use crate::storage::StorageError;
use crate::storage::cache::Cached;
use crate::storage::qcow2::header::Header;
use crate::storage::raw::Raw;

/// Bits 9 to 55 of an L1, L2 or refcount table entry: a byte offset in the file.
const OFFSET: u64 = 0x00ff_ffff_ffff_fe00;
/// The cluster (or L2 table) is used once and may be written in place.
pub(super) const COPIED: u64 = 1 << 63;
/// The cluster is compressed.
const COMPRESSED: u64 = 1 << 62;
/// The cluster reads as zeros (version 3).
const ZERO: u64 = 1;
/// Compressed data are counted in sectors of this many bytes, whatever the disk's own sectors are.
const COMPRESSED_SECTOR: u64 = 512;

/// Pages of tables that are kept: 1 MiB for each image of a chain.
const TABLE_PAGES: usize = 256;

/// What an L2 entry says about a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mapping {
    /// Nothing here: the backing file's bytes, or zeros.
    Absent,
    /// Zeros, whatever the backing file has; `host` is the cluster that is kept for it, if any.
    Zero {
        /// Byte offset of the cluster that is allocated but not read.
        host: Option<u64>,
        /// Whether that cluster may be written in place.
        copied: bool,
    },
    /// A cluster of plain bytes.
    Data {
        /// Byte offset in the file that holds the data.
        host: u64,
        /// Whether the cluster may be written in place.
        copied: bool,
    },
    /// A cluster of deflated bytes.
    Compressed {
        /// Byte offset of the first compressed byte.
        host: u64,
        /// The compressed bytes end no later than after this many.
        len: u64,
    },
}

/// A cluster's mapping together with the L2 table that says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lookup {
    /// What the entry says.
    pub mapping: Mapping,
    /// Whether the L2 table may be written in place.
    pub table_copied: bool,
}

/// Where the L2 entry of a guest cluster stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// Byte of the L1 entry.
    pub(super) l1_at: u64,
    /// Byte of the L2 table, a cluster of the file, when there is one.
    pub(super) table: Option<u64>,
    /// Whether that may be written in place.
    pub(super) table_copied: bool,
    /// Byte of the entry in its L2 table.
    pub(super) within: u64,
}

/// The mapping tables of one image.
pub struct ClusterMap {
    header: Header,
    file: Cached<Arc<Raw>>,
}

impl ClusterMap {
    /// The tables of the image in `file`, whose header is `header`.
    #[must_use]
    pub fn new(header: Header, file: Arc<Raw>) -> Self {
        Self { header, file: Cached::with_pages(file, TABLE_PAGES) }
    }

    /// The header.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Where the guest cluster with number `cluster` lies. The tables are checked, the place is not: see
    /// [`crate::storage::qcow2`] for the file that holds it.
    ///
    /// # Errors
    /// [`StorageError::Corrupt`] for an entry that no sound image has; [`StorageError::Io`].
    pub fn lookup(&self, cluster: u64) -> Result<Lookup, StorageError> {
        let place = self.place(cluster)?;
        let Some(Place { table: Some(table), table_copied, within, .. }) = place else {
            return Ok(Lookup { mapping: Mapping::Absent, table_copied: false });
        };
        let l2_at = table.saturating_add(within);
        let mapping = decode(&self.header, self.entry(l2_at)?, l2_at)?;
        Ok(Lookup { mapping, table_copied })
    }

    /// Where the entry of the guest cluster with number `cluster` stands; `None` behind the end of the L1 table.
    ///
    /// # Errors
    /// As [`ClusterMap::lookup`].
    pub(super) fn place(&self, cluster: u64) -> Result<Option<Place>, StorageError> {
        let l2_bits = self.header.cluster_bits.saturating_sub(3);
        let l1_index = cluster.checked_shr(l2_bits).unwrap_or(0);
        if l1_index >= u64::from(self.header.l1_entries) {
            return Ok(None);
        }
        let l1_at = self.header.l1_offset.saturating_add(l1_index.saturating_mul(8));
        let (table, table_copied) = table_entry(self.entry(l1_at)?);
        let l2_index = cluster & 1u64.checked_shl(l2_bits).unwrap_or(0).saturating_sub(1);
        let within = l2_index.saturating_mul(8);
        if table == 0 {
            return Ok(Some(Place { l1_at, table: None, table_copied: false, within }));
        }
        let size = self.header.cluster_size();
        let inside = table.checked_add(size).is_some_and(|end| end <= self.file.len());
        if !table.is_multiple_of(size) || !inside {
            let expected = format!("a cluster inside the file (0x{:x} bytes)", self.file.len());
            return Err(StorageError::corrupt("qcow2 L1 entry", l1_at, expected, format!("0x{table:x}")));
        }
        Ok(Some(Place { l1_at, table: Some(table), table_copied, within }))
    }

    fn entry(&self, at: u64) -> Result<u64, StorageError> {
        let mut entry = [0; 8];
        self.file.read_at(at, &mut entry)?;
        Ok(bytes::be_u64(&entry, 0).unwrap_or(0))
    }
}

/// The byte offset in an L1 or refcount table entry, and whether its COPIED bit is set.
#[must_use]
pub fn table_entry(entry: u64) -> (u64, bool) {
    (entry & OFFSET, entry & COPIED != 0)
}

/// What the L2 entry `entry`, which stands at `at`, says.
///
/// # Errors
/// [`StorageError::Corrupt`] for a cluster that begins between two, for a zero mark in version 2, and for compression
/// with an external data file.
pub fn decode(header: &Header, entry: u64, at: u64) -> Result<Mapping, StorageError> {
    let bad =
        |expected: &str| Err(StorageError::corrupt("qcow2 L2 entry", at, expected, format!("0x{entry:x}")));
    if entry & COMPRESSED != 0 {
        if header.has_data_file() {
            return bad("no compressed cluster with an external data file");
        }
        return Ok(compressed(header, entry));
    }
    let host = entry & OFFSET;
    let copied = entry & COPIED != 0;
    if !host.is_multiple_of(header.cluster_size()) {
        return bad("an offset that is a multiple of the cluster size");
    }
    // In an external data file cluster 0 is a place like any other; then only the COPIED bit tells it from absence.
    let allocated = host != 0 || (copied && header.has_data_file());
    if entry & ZERO != 0 {
        if header.version < 3 {
            return bad("no zero mark in version 2");
        }
        return Ok(Mapping::Zero { host: allocated.then_some(host), copied });
    }
    Ok(if allocated { Mapping::Data { host, copied } } else { Mapping::Absent })
}

/// A compressed entry: the byte offset in the low bits, above it the number of further 512-byte sectors. The border
/// between the two moves with the cluster size, because that is how large the compressed data can get.
fn compressed(header: &Header, entry: u64) -> Mapping {
    let border = 70u32.saturating_sub(header.cluster_bits);
    let mask = 1u64.checked_shl(border).unwrap_or(0).saturating_sub(1);
    let host = entry & mask;
    let sectors = (entry & !(COPIED | COMPRESSED)).checked_shr(border).unwrap_or(0).saturating_add(1);
    let len = sectors.saturating_mul(COMPRESSED_SECTOR).saturating_sub(host % COMPRESSED_SECTOR);
    Mapping::Compressed { host, len }
}
