//! A disk as a qcow2 image of version 3: header, tables, and the clusters that are not zeros.
//!
//! Source: QEMU `docs/interop/qcow2.rst`: "Header", "Host cluster management", "Cluster mapping" (standard and compressed
//! cluster descriptors). All integers are big-endian. A cluster of the base that did not change is copied as it was
//! deflated, which keeps the image small and needs no compressor; a changed one is plain.
//!
//! In this order: the header, the refcount table (one cluster), the refcount blocks, the L1 table, the L2 tables, the
//! plain clusters, the deflated ones back to back.

use std::borrow::Cow;
use std::collections::BTreeMap;

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;
use bcdrescue::storage::Storage;
use bcdrescue::storage::qcow2::header::MAGIC;

use crate::disk::CLUSTER;
use crate::disk::CLUSTER_LEN;
use crate::disk::Content;
use crate::disk::Disk;
use crate::field;
use crate::parts::Parts;

/// Base-2 logarithm of the cluster size.
const CLUSTER_BITS: u32 = 12;
/// Base-2 logarithm of the bits of a reference count: 16.
const REFCOUNT_ORDER: u32 = 4;
/// Reference counts in a block, and entries in an L2 table.
const COUNTS: u64 = CLUSTER / 2;
const ENTRIES: u64 = CLUSTER / 8;
/// Bytes of the header of version 3; eight zero bytes behind it end the header extensions.
const HEADER_LENGTH: u32 = 104;
/// "Refcount is exactly one": bit 63 of entries that lead to tables and plain clusters.
const COPIED: u64 = 1 << 63;
/// Bit 62 of an L2 entry: a compressed cluster. Above bit 58 (62 - (CLUSTER_BITS - 8)) stands how many more 512-byte
/// sectors it reaches into than the one in which it begins.
const COMPRESSED: u64 = 1 << 62;
const SECTORS_SHIFT: u32 = 58;
const SECTOR: u64 = 512;

/// Where everything lies, counted in clusters.
struct Plan {
    blocks: u64,
    l1_entries: u64,
    l1_clusters: u64,
    l2_tables: u64,
    plain: u64,
    packed_len: u64,
}

impl Plan {
    fn of(disk: &Disk, clusters: &BTreeMap<u64, Content<'_>>) -> Result<Self> {
        let l1_entries = disk.len().div_ceil(CLUSTER * ENTRIES);
        let mut tables: Vec<u64> = clusters.keys().map(|cluster| cluster / ENTRIES).collect();
        tables.dedup();
        let (mut plain, mut packed_len) = (0, 0);
        for content in clusters.values() {
            match content {
                Content::Plain(_) => plain += 1,
                Content::Packed(bytes) => packed_len += u64::try_from(bytes.len())?,
            }
        }
        let l1_clusters = (l1_entries * 8).div_ceil(CLUSTER);
        let l2_tables = u64::try_from(tables.len())?;
        let mut plan = Self { blocks: 1, l1_entries, l1_clusters, l2_tables, plain, packed_len };
        // The blocks count themselves too.
        while plan.blocks * COUNTS < plan.end().div_ceil(CLUSTER) {
            plan.blocks += 1;
        }
        ensure!(plan.blocks <= ENTRIES, "the image would need more than one cluster of refcount table");
        Ok(plan)
    }

    fn l1(&self) -> u64 {
        2 + self.blocks
    }

    fn l2(&self) -> u64 {
        self.l1() + self.l1_clusters
    }

    fn plain(&self) -> u64 {
        self.l2() + self.l2_tables
    }

    fn packed(&self) -> u64 {
        self.plain() + self.plain
    }

    /// Length of the file: whole sectors.
    fn end(&self) -> u64 {
        self.packed() * CLUSTER + self.packed_len.next_multiple_of(SECTOR)
    }
}

/// The image of a disk.
pub(crate) fn parts(disk: &Disk) -> Result<Parts<'_>> {
    let clusters = disk.clusters();
    let plan = Plan::of(disk, &clusters)?;
    let mut counts = vec![0u16; usize::try_from(plan.end().div_ceil(CLUSTER))?];
    counts.iter_mut().take(usize::try_from(plan.packed())?).for_each(|count| *count = 1);
    let mut tables: BTreeMap<u64, Vec<u8>> = BTreeMap::new();
    let (mut plain_at, mut packed_at) = (plan.plain() * CLUSTER, plan.packed() * CLUSTER);
    let mut parts = Vec::new();
    for (cluster, content) in clusters {
        let entry = match content {
            Content::Plain(bytes) => {
                parts.push((plain_at, Cow::Borrowed(bytes)));
                plain_at += CLUSTER;
                (plain_at - CLUSTER) | COPIED
            }
            Content::Packed(bytes) => {
                let last = packed_at + u64::try_from(bytes.len())?.saturating_sub(1);
                count(&mut counts, packed_at, last)?;
                parts.push((packed_at, Cow::Borrowed(bytes)));
                let sectors = last / SECTOR - packed_at / SECTOR;
                let entry = COMPRESSED | (sectors << SECTORS_SHIFT) | packed_at;
                packed_at = last + 1;
                entry
            }
        };
        let table = tables.entry(cluster / ENTRIES).or_insert_with(|| vec![0; CLUSTER_LEN]);
        put(table, cluster % ENTRIES * 8, &entry.to_be_bytes())?;
    }
    let mut l1 = vec![0; usize::try_from(plan.l1_clusters * CLUSTER)?];
    for (place, (index, table)) in (plan.l2()..).zip(tables) {
        put(&mut l1, index * 8, &((place * CLUSTER) | COPIED).to_be_bytes())?;
        parts.push((place * CLUSTER, Cow::Owned(table)));
    }
    // Most of the L1 table of a long disk is zeros, which are left as holes.
    for (place, bytes) in (plan.l1()..).zip(l1.chunks(CLUSTER_LEN)) {
        if bytes.iter().any(|byte| *byte != 0) {
            parts.push((place * CLUSTER, Cow::Owned(bytes.to_vec())));
        }
    }
    parts.push((0, Cow::Owned(header(disk.len(), &plan)?)));
    parts.extend(refcounts(&plan, &counts)?);
    Ok(Parts { len: plan.end(), parts })
}

/// A compressed cluster counts in every host cluster that one of its bytes lies in.
fn count(counts: &mut [u16], first: u64, last: u64) -> Result<()> {
    for cluster in first / CLUSTER..=last / CLUSTER {
        let count = counts.get_mut(usize::try_from(cluster)?).context("a cluster behind the end")?;
        *count += 1;
    }
    Ok(())
}

/// The header; fields that are not named here are zero: no backing file, encryption, snapshots, features, extensions.
fn header(size: u64, plan: &Plan) -> Result<Vec<u8>> {
    let mut header = MAGIC.to_vec();
    header.resize(usize::try_from(HEADER_LENGTH)? + 8, 0);
    let numbers = [
        (4, 3), // version
        (20, CLUSTER_BITS),
        (36, u32::try_from(plan.l1_entries)?),
        (56, 1), // clusters of the refcount table
        (96, REFCOUNT_ORDER),
        (100, HEADER_LENGTH),
    ];
    for (at, number) in numbers {
        put(&mut header, at, &number.to_be_bytes())?;
    }
    // The size of the disk, and where the L1 table and the refcount table begin.
    for (at, number) in [(24, size), (40, plan.l1() * CLUSTER), (48, CLUSTER)] {
        put(&mut header, at, &number.to_be_bytes())?;
    }
    Ok(header)
}

/// The refcount table and its blocks.
fn refcounts(plan: &Plan, counts: &[u16]) -> Result<Vec<(u64, Cow<'static, [u8]>)>> {
    let table: Vec<u8> = (2..2 + plan.blocks).flat_map(|block| (block * CLUSTER).to_be_bytes()).collect();
    let mut parts = vec![(CLUSTER, Cow::Owned(table))];
    for (block, counts) in (2u64..).zip(counts.chunks(usize::try_from(COUNTS)?)) {
        let bytes: Vec<u8> = counts.iter().flat_map(|count| count.to_be_bytes()).collect();
        parts.push((block * CLUSTER, Cow::Owned(bytes)));
    }
    Ok(parts)
}

fn put(bytes: &mut [u8], at: u64, new: &[u8]) -> Result<()> {
    field::put(bytes, usize::try_from(at)?, new)
}
