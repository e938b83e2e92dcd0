//! A disk in memory: the clusters of a base as they lie in its image, and over them what has changed.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use anyhow::Context;
use anyhow::Result;
use anyhow::ensure;
use bcdrescue::bytes::be_u64;
use bcdrescue::bytes::slice;
use bcdrescue::error::Corrupt;
use bcdrescue::storage::Storage;
use bcdrescue::storage::StorageError;
use bcdrescue::storage::StorageMut;
use bcdrescue::storage::check_range;
use bcdrescue::storage::qcow2::header::Header;
use bcdrescue::storage::qcow2::map::Mapping;
use bcdrescue::storage::qcow2::map::decode;
use bcdrescue::storage::qcow2::map::table_entry;
use miniz_oxide::inflate::decompress_to_vec_with_limit;

/// Bytes of a cluster: of the bases, of what is kept in memory, and of the images that are made.
pub(crate) const CLUSTER: u64 = 4096;
/// The same, to index with.
pub(crate) const CLUSTER_LEN: usize = 4096;

/// A disk.
pub(crate) struct Disk {
    /// Deflated clusters by number.
    packed: BTreeMap<u64, &'static [u8]>,
    /// Those that were written to. A cluster that is in neither is zeros.
    changed: BTreeMap<u64, Box<[u8]>>,
    len: u64,
}

/// What a cluster of a disk holds.
pub(crate) enum Content<'a> {
    /// A deflated cluster, as qemu-img wrote it into the base.
    Packed(&'a [u8]),
    /// The bytes.
    Plain(&'a [u8]),
}

impl Disk {
    /// The disk in a qcow2 image all of whose clusters are compressed, as those of the bases are.
    pub(crate) fn of(image: &'static [u8]) -> Result<Self> {
        let header = Header::parse(image, u64::try_from(image.len())?)?;
        ensure!(header.cluster_size() == CLUSTER, "a base with clusters of {} bytes", header.cluster_size());
        let mut places = BTreeMap::new();
        for first in 0..u64::from(header.l1_entries) {
            let (table, _) = table_entry(entry(image, header.l1_offset + first * 8)?);
            for second in (0..CLUSTER / 8).filter(|_| table != 0) {
                let at = table + second * 8;
                match decode(&header, entry(image, at)?, at)? {
                    Mapping::Absent => {}
                    Mapping::Compressed { host, len } => {
                        places.insert(first * (CLUSTER / 8) + second, (host, len));
                    }
                    other => anyhow::bail!("a base with a cluster that is not compressed: {other:?}"),
                }
            }
        }
        // An entry counts in sectors and reaches beyond the end of its cluster, at most to where the next one begins.
        let begins: BTreeSet<u64> = places.values().map(|(host, _)| *host).collect();
        let bytes = |(cluster, (host, len)): (u64, (u64, u64))| {
            let next = begins.range(host + 1..).next().copied();
            let end = next.unwrap_or(u64::MAX).min(host + len).min(u64::try_from(image.len())?);
            let (host, len) = (usize::try_from(host)?, usize::try_from(end.saturating_sub(host))?);
            Ok((cluster, slice(image, host, len).context("a base that is cut short")?))
        };
        let packed = places.into_iter().map(bytes).collect::<Result<_>>()?;
        Ok(Self { packed, changed: BTreeMap::new(), len: header.size })
    }

    /// Makes the disk longer, by zeros.
    pub(crate) fn set_len(&mut self, len: u64) {
        self.len = len;
    }

    /// Writes `bytes` at byte `at` of the disk.
    pub(crate) fn put(&mut self, at: u64, bytes: &[u8]) -> Result<(), StorageError> {
        check_range(self.len, at, bytes.len())?;
        let mut rest = bytes;
        for (cluster, within, count) in pieces(at, bytes.len()) {
            let (now, later) = rest.split_at(count);
            let mut whole = self.cluster(cluster)?;
            if let Some(target) = whole.get_mut(within..within + count) {
                target.copy_from_slice(now);
            }
            self.changed.insert(cluster, whole.into_boxed_slice());
            rest = later;
        }
        Ok(())
    }

    /// The clusters that are not zeros, in order.
    pub(crate) fn clusters(&self) -> BTreeMap<u64, Content<'_>> {
        let packed = self.packed.iter().map(|(cluster, bytes)| (*cluster, Content::Packed(bytes)));
        let mut all: BTreeMap<u64, Content<'_>> = packed.collect();
        for (cluster, bytes) in &self.changed {
            match bytes.iter().all(|byte| *byte == 0) {
                true => all.remove(cluster),
                false => all.insert(*cluster, Content::Plain(bytes)),
            };
        }
        all
    }

    /// The bytes of one cluster.
    pub(crate) fn cluster(&self, number: u64) -> Result<Vec<u8>, StorageError> {
        if let Some(bytes) = self.changed.get(&number) {
            return Ok(bytes.to_vec());
        }
        let Some(packed) = self.packed.get(&number) else { return Ok(vec![0; CLUSTER_LEN]) };
        match decompress_to_vec_with_limit(packed, CLUSTER_LEN) {
            Ok(bytes) if bytes.len() == CLUSTER_LEN => Ok(bytes),
            _ => {
                let expected = format!("{CLUSTER} deflated bytes");
                Err(Corrupt::new("cluster of a base", number * CLUSTER, expected, "others").into())
            }
        }
    }
}

fn entry(image: &[u8], at: u64) -> Result<u64> {
    be_u64(image, usize::try_from(at)?).context("a base whose tables are cut short")
}

/// Splits a range at the borders of clusters: the cluster, the first byte in it, and how many.
fn pieces(at: u64, len: usize) -> impl Iterator<Item = (u64, usize, usize)> {
    let mut at = at;
    let mut left = len;
    std::iter::from_fn(move || {
        let within = usize::try_from(at % CLUSTER).ok()?;
        let count = left.min(CLUSTER_LEN - within);
        let piece = (at / CLUSTER, within, count);
        left -= count;
        at += u64::try_from(count).ok()?;
        (count > 0).then_some(piece)
    })
}

impl Storage for Disk {
    fn len(&self) -> u64 {
        self.len
    }

    fn sector_size(&self) -> Option<u32> {
        None
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> Result<(), StorageError> {
        check_range(self.len, offset, buf.len())?;
        let mut rest = buf;
        for (cluster, within, count) in pieces(offset, rest.len()) {
            let (now, later) = rest.split_at_mut(count);
            let whole = self.cluster(cluster)?;
            now.copy_from_slice(whole.get(within..within + count).unwrap_or_default());
            rest = later;
        }
        Ok(())
    }
}

impl StorageMut for Disk {
    fn write_at(&mut self, offset: u64, bytes: &[u8]) -> Result<(), StorageError> {
        self.put(offset, bytes)
    }

    fn sync(&mut self) -> Result<(), StorageError> {
        Ok(())
    }
}
