//! The index of a directory: laid out anew, or with entries put into the leaves where they belong.

use crate::bytes::le_u32;
use crate::volume::ntfs::file_record;
use crate::volume::ntfs::file_record::BITMAP;
use crate::volume::ntfs::file_record::INDEX_ALLOCATION;
use crate::volume::ntfs::file_record::INDEX_ROOT;
use crate::volume::ntfs::index;
use crate::volume::ntfs::write::NtfsWriter;
use crate::volume::ntfs::write::attribute;
use crate::volume::ntfs::write::error::NtfsWriteError;
use crate::volume::ntfs::write::error::Oddity;
use crate::volume::ntfs::write::error::odd;
use crate::volume::ntfs::write::fields::aligned;
use crate::volume::ntfs::write::leaves;
use crate::volume::ntfs::write::leaves::Leaves;
use crate::volume::ntfs::write::leaves::Named;
use crate::volume::ntfs::write::node;
use crate::volume::ntfs::write::pending::Phase;
use crate::volume::ntfs::write::protection::protected;
use crate::volume::ntfs::write::record::RecordDraft;
use crate::volume::ntfs::write::tree;

/// Bytes of an index block, on every volume that Windows and mkntfs make.
const BLOCK: u32 = 4096;
/// Entries of a directory whose index is built anew.
const MAX_ENTRIES: usize = 4096;

/// A directory that is there.
pub(super) struct Parent<'p> {
    pub(super) number: u64,
    pub(super) sequence: u16,
    pub(super) path: &'p str,
}

impl NtfsWriter<'_> {
    /// Puts entries into a directory that is there: into the leaves where they belong, and where one of those has no room, all
    /// into an index that is built anew beside the old one.
    pub(super) fn insert(&mut self, parent: &Parent<'_>, new: Vec<Named>) -> Result<(), NtfsWriteError> {
        let mut record = self.record(parent.number)?;
        let root = self.root(&record, parent.path)?;
        let leaves = Leaves::new(&self.ground, parent, &root)?;
        let clusters = leaves.clusters();
        let old = match clusters.iter().find(|(kind, _)| *kind == INDEX_ALLOCATION) {
            Some((_, places)) if is_large(&root) => {
                if let Some(blocks) = leaves.with(&new)? {
                    let put = |(at, bytes): (u64, Vec<u8>)| self.ground.put(places, at, &bytes, Phase::Names);
                    return blocks.into_iter().try_for_each(put);
                }
                leaves.all(MAX_ENTRIES)?.ok_or_else(|| odd(parent.path, Oddity::Large))?
            }
            _ => leaves::entries(&root, index::ROOT_HEADER)?,
        };
        let all = leaves::merged(old, new, &self.ground.collation)?;
        self.lay(&mut record, &root, all, parent.path)?;
        let raw = record.encode().ok_or_else(|| NtfsWriteError::Crowded(parent.path.to_owned()))?;
        self.ground.put_record(parent.number, &raw, Phase::Names)?;
        clusters.iter().for_each(|(_, places)| self.give_back(&places.runs));
        Ok(())
    }

    /// Puts the index of a directory into its record: whole where it fits and did before, else as a tree of blocks.
    pub(super) fn lay(
        &mut self,
        record: &mut RecordDraft,
        model: &[u8],
        mut entries: Vec<Vec<u8>>,
        path: &str,
    ) -> Result<(), NtfsWriteError> {
        let put_root = |record: &mut RecordDraft, entries: &[Vec<u8>], is_large| {
            let root = node::root(model, entries, is_large);
            record.set(INDEX_ROOT, index::NAME, attribute::resident(INDEX_ROOT, index::NAME, &root));
        };
        if record.attribute(INDEX_ALLOCATION, index::NAME).is_none() {
            entries.push(node::end(None));
            put_root(record, &entries, false);
            if record.encode().is_some() {
                return Ok(());
            }
            entries.pop();
        }
        if entries.len() > MAX_ENTRIES {
            return Err(odd(path, Oddity::Large));
        }
        let size = usize::try_from(BLOCK).unwrap_or(usize::MAX);
        let tree = tree::build(entries, size, self.step()).ok_or_else(|| odd(path, Oddity::Index))?;
        let (count, top) = (tree.blocks.len(), tree.top);
        let blocks = tree.blocks.iter().map(|block| protected(block, &[]));
        let blocks = blocks.collect::<Option<Vec<_>>>().ok_or_else(|| odd(path, Oddity::Index))?.concat();
        self.put_in_clusters(record, INDEX_ALLOCATION, index::NAME, &blocks)?;
        put_root(record, &[node::end(Some(top))], true);
        record.set(BITMAP, index::NAME, attribute::resident(BITMAP, index::NAME, &bits(count)));
        Ok(())
    }

    /// The value of a directory's $INDEX_ROOT, if it is of the form that is written here.
    pub(super) fn root(&self, record: &RecordDraft, path: &str) -> Result<Vec<u8>, NtfsWriteError> {
        let root = record.attribute(INDEX_ROOT, index::NAME).and_then(file_record::value).unwrap_or_default();
        let step = u64::from(root.get(0x0c).copied().unwrap_or(0));
        // Of file names, by the rules of file names.
        let plain = [Some(0x30), Some(1), Some(BLOCK)];
        if [0, 4, 8].map(|at| le_u32(root, at)) != plain || step != self.step() {
            return Err(odd(path, Oddity::Index));
        }
        Ok(root.to_vec())
    }

    /// How far apart the blocks of an index are, by the measure that counts them.
    fn step(&self) -> u64 {
        let unit = index::unit(BLOCK, self.ground.boot.cluster_size);
        u64::from(BLOCK.checked_div(unit).unwrap_or(0))
    }
}

/// Whether a root has nodes below it.
fn is_large(root: &[u8]) -> bool {
    root.get(index::ROOT_HEADER.saturating_add(0x0c)).is_some_and(|flags| flags & node::HAS_CHILDREN != 0)
}

/// The $BITMAP of an index whose first `count` blocks are in use.
fn bits(count: usize) -> Vec<u8> {
    let mut bits = vec![0xff; count >> 3];
    bits.push(u8::MAX.checked_shr(8u32.saturating_sub(u32::try_from(count & 7).unwrap_or(0))).unwrap_or(0));
    bits.resize(aligned(count.div_ceil(8)), 0);
    bits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_are_marked_in_eights_of_bytes() {
        assert_eq!(bits(1), [1, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(bits(8), [0xff, 0, 0, 0, 0, 0, 0, 0]);
        assert_eq!(bits(13)[..3], [0xff, 0x1f, 0]);
        assert_eq!((bits(64), bits(65).len()), (vec![0xff; 8], 16));
    }
}
