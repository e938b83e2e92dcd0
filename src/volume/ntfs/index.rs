//! Directory indexes, walked by ourselves: a B+ tree of names in $INDEX_ROOT and $INDEX_ALLOCATION.
//!
//! The second opinion on the `ntfs` crate's lookups, and the only one where the crate is wrong: for directories whose index is
//! spread over several FILE records, or has several records in one cluster. Source: libyal's libfsntfs documentation, "Index".

use std::cmp::Ordering;
use std::collections::HashSet;

use crate::bytes::le_u16;
use crate::bytes::le_u32;
use crate::bytes::le_u64;
use crate::bytes::slice;
use crate::volume::error::VolumeError;
use crate::volume::ntfs::collation::Collation;
use crate::volume::ntfs::file_record::FileRecord;
use crate::volume::ntfs::file_record::INDEX_ALLOCATION;
use crate::volume::ntfs::file_record::INDEX_ROOT;
use crate::volume::ntfs::file_record::fixed_up;
use crate::volume::ntfs::master_file_table::MasterFileTable;
use crate::volume::ntfs::stream::Stream;

/// Name of the attributes that index file names.
pub(crate) const NAME: &str = "$I30";
/// Where the header of a node stands in $INDEX_ROOT, and in an index record.
pub(crate) const ROOT_HEADER: usize = 0x10;
pub(crate) const BLOCK_HEADER: usize = 0x18;
/// Flags of an entry: there is a node below it; it is the end of its node.
pub(crate) const CHILD: u16 = 1;
pub(crate) const END: u16 = 2;
/// Nodes on the way down; a tree of this depth would hold more files than NTFS can.
const MAX_DEPTH: usize = 32;
/// Bytes of an index record that exist: 4096, on old and odd volumes 512 to 65536.
const RECORD_SIZES: std::ops::RangeInclusive<u32> = 512..=65536;

/// A file as a directory names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct NamedFile {
    /// FILE record number.
    pub(crate) number: u64,
    /// Sequence number that the record must have.
    pub(crate) sequence: u16,
    /// Name as spelled.
    pub(crate) name: String,
    /// Only the 8.3 alias of a longer name.
    pub(crate) is_alias: bool,
}

/// An entry of a node.
struct NodeEntry {
    file: Option<(NamedFile, Vec<u16>)>,
    child: Option<u64>,
}

/// The index of a directory.
pub(crate) struct Index<'a> {
    table: &'a MasterFileTable<'a>,
    at: u64,
    root: Vec<NodeEntry>,
    /// Bytes of an index record.
    record_size: u32,
    /// The index records, where there are any.
    allocation: Option<Stream>,
}

impl<'a> Index<'a> {
    /// The index of the directory in `record`, which has the number `number`.
    ///
    /// # Errors
    /// It has none, or its sizes make no sense.
    pub(crate) fn open(
        table: &'a MasterFileTable<'a>,
        record: &FileRecord,
        number: u64,
    ) -> Result<Self, VolumeError> {
        let root = Stream::of(table, record, number, INDEX_ROOT, NAME)?;
        let root = match root {
            Some(root) => root.read(table.storage, table.cluster_size, 0, root.size().min(65536))?,
            None => return Err(corrupt(record.at, "an index of names in a directory", "none")),
        };
        let record_size = le_u32(&root, 8).unwrap_or(0);
        if !record_size.is_power_of_two() || !RECORD_SIZES.contains(&record_size) {
            return Err(corrupt(record.at, "index records of 512 to 65536 bytes", &record_size.to_string()));
        }
        let entries = node(&root, ROOT_HEADER)
            .ok_or_else(|| corrupt(record.at, "a complete index root", "a truncated one"))?;
        let allocation = Stream::of(table, record, number, INDEX_ALLOCATION, NAME)?;
        Ok(Self { table, at: record.at, root: entries, record_size, allocation })
    }

    /// The file of a name, whatever its case.
    ///
    /// # Errors
    /// A node on the way is damaged, or the way is longer than any tree is deep.
    pub(crate) fn find(&self, name: &str, collation: &Collation) -> Result<Option<NamedFile>, VolumeError> {
        let mut below;
        let mut entries = &self.root;
        for _ in 0..MAX_DEPTH {
            let mut child = None;
            for entry in entries {
                let order = match &entry.file {
                    Some((_, units)) => collation.compare(name.encode_utf16(), units.iter().copied()),
                    None => Ordering::Less,
                };
                match (order, &entry.file) {
                    (Ordering::Equal, Some((file, _))) => return Ok(Some(file.clone())),
                    (Ordering::Greater, _) => {}
                    _ => {
                        child = entry.child;
                        break;
                    }
                }
            }
            let Some(vcn) = child else { return Ok(None) };
            below = self.child(vcn)?;
            entries = &below;
        }
        Err(corrupt(self.at, &format!("an index of at most {MAX_DEPTH} levels"), "a deeper one, or a loop"))
    }

    /// All files, in no order, or `None` when there are more than `max`.
    ///
    /// # Errors
    /// As [`Index::find`].
    pub(crate) fn all(&self, max: usize) -> Result<Option<Vec<NamedFile>>, VolumeError> {
        let mut found = Vec::new();
        let mut seen = HashSet::new();
        let mut waiting = Vec::new();
        let mut take = |entries: &[NodeEntry], waiting: &mut Vec<u64>| {
            waiting.extend(entries.iter().filter_map(|entry| entry.child));
            found
                .extend(entries.iter().filter_map(|entry| entry.file.as_ref().map(|(file, _)| file.clone())));
            found.len() <= max
        };
        if !take(&self.root, &mut waiting) {
            return Ok(None);
        }
        while let Some(vcn) = waiting.pop() {
            if !seen.insert(vcn) {
                return Err(corrupt(self.at, "an index that is a tree", &format!("node 0x{vcn:x} twice")));
            }
            if !take(&self.child(vcn)?, &mut waiting) {
                return Ok(None);
            }
        }
        Ok(Some(found))
    }

    /// The entries of the node at `vcn`.
    fn child(&self, vcn: u64) -> Result<Vec<NodeEntry>, VolumeError> {
        node(&self.block(vcn)?, BLOCK_HEADER)
            .ok_or_else(|| corrupt(self.at, "complete index entries", "truncated ones"))
    }

    /// The index record at `vcn`, undone of its update sequence.
    ///
    /// # Errors
    /// It is damaged, or another.
    pub(crate) fn block(&self, vcn: u64) -> Result<Vec<u8>, VolumeError> {
        let bytes = fixed_up(&self.raw_block(vcn)?, b"INDX")
            .map_err(|torn| corrupt(self.at, "a complete index record", &torn.to_string()))?;
        if le_u64(&bytes, 0x10) != Some(vcn) {
            return Err(corrupt(self.at, &format!("index record 0x{vcn:x}"), "a different one"));
        }
        Ok(bytes)
    }

    /// The index record at `vcn` as it stands on the volume.
    ///
    /// # Errors
    /// There is none.
    pub(crate) fn raw_block(&self, vcn: u64) -> Result<Vec<u8>, VolumeError> {
        let Some(allocation) = &self.allocation else {
            return Err(corrupt(self.at, "index records below the root", "no $INDEX_ALLOCATION"));
        };
        let size = u64::from(self.record_size);
        allocation.read(self.table.storage, self.table.cluster_size, self.offset(vcn), size)
    }

    /// Whether there are index records, and they are smaller than a cluster: their places are then counted by 512 bytes.
    pub(crate) fn counts_by_sectors(&self) -> bool {
        self.allocation.is_some() && self.record_size < self.table.cluster_size
    }

    /// Where the record at `vcn` begins in $INDEX_ALLOCATION.
    pub(crate) fn offset(&self, vcn: u64) -> u64 {
        vcn.saturating_mul(u64::from(unit(self.record_size, self.table.cluster_size)))
    }
}

/// The bytes by which places of index records are counted: clusters, or 512 where a record is smaller than a cluster.
pub(crate) fn unit(record_size: u32, cluster_size: u32) -> u32 {
    if record_size < cluster_size { 512 } else { cluster_size }
}

/// The entries of the node whose header is at byte `at`, decoded.
fn node(bytes: &[u8], at: usize) -> Option<Vec<NodeEntry>> {
    let decoded = |entry: &[u8]| {
        let file = if is_end(entry) { None } else { Some(named_file(entry)?) };
        Some(NodeEntry { file, child: child_of(entry) })
    };
    raw_entries(bytes, at)?.into_iter().map(decoded).collect()
}

/// The entries of the node whose header is at byte `at`, as they stand; the last one is its end.
pub(crate) fn raw_entries(bytes: &[u8], at: usize) -> Option<Vec<&[u8]>> {
    let header = bytes.get(at..)?;
    let used = header.get(..usize::try_from(le_u32(header, 4)?).ok()?)?;
    let mut rest = used.get(usize::try_from(le_u32(header, 0)?).ok()?..)?;
    let mut entries = Vec::new();
    loop {
        let length = usize::from(le_u16(rest, 8)?);
        let entry = rest.get(..length).filter(|_| length >= 0x10)?;
        entries.push(entry);
        if is_end(entry) {
            return Some(entries);
        }
        rest = rest.get(length..)?;
    }
}

/// Whether an entry is the end of its node.
pub(crate) fn is_end(entry: &[u8]) -> bool {
    le_u16(entry, 0x0c).unwrap_or(0) & END != 0
}

/// The node below an entry, if there is one.
pub(crate) fn child_of(entry: &[u8]) -> Option<u64> {
    let has_child = le_u16(entry, 0x0c)? & CHILD != 0;
    le_u64(entry, entry.len().checked_sub(8)?).filter(|_| has_child)
}

/// The file and its name as UTF-16 units, from an entry whose key is a $FILE_NAME.
pub(crate) fn named_file(entry: &[u8]) -> Option<(NamedFile, Vec<u16>)> {
    let reference = le_u64(entry, 0)?;
    let key = slice(entry, 0x10, usize::from(le_u16(entry, 0x0a)?))?;
    let units = usize::from(*key.get(0x40)?);
    let name = slice(key, 0x42, units.checked_mul(2)?)?;
    let units: Vec<u16> = name.chunks_exact(2).filter_map(|pair| le_u16(pair, 0)).collect();
    let file = NamedFile {
        number: reference & 0xffff_ffff_ffff,
        sequence: u16::try_from(reference >> 48).unwrap_or(0),
        name: String::from_utf16_lossy(&units),
        is_alias: *key.get(0x41)? == 2,
    };
    Some((file, units))
}

fn corrupt(at: u64, expected: &str, found: &str) -> VolumeError {
    VolumeError::corrupt("directory index", at, expected, found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_byte_of_a_node_can_make_it_panic_or_loop() {
        let mut good = vec![0; 0x200];
        good[0x10] = 0x10;
        good[0x14] = 0x10 + 0x60 + 0x18;
        good[0x20] = 5;
        (good[0x28], good[0x2a]) = (0x60, 0x48);
        good[0x30 + 0x40] = 3;
        good[0x80 + 8] = 0x18;
        good[0x80 + 0x0c] = 3;
        assert_eq!(node(&good, 0x10).unwrap().len(), 2);
        for at in 0..good.len() {
            for flip in [0x01, 0x10, 0x80, 0xff] {
                let mut bytes = good.clone();
                bytes[at] ^= flip;
                let _ = node(&bytes, 0x10);
            }
        }
    }
}
