//! The whole index of a directory, built at once from its entries in their order.

use crate::volume::ntfs::write::node;

/// Of four parts of a block, how many are filled: names that come later find room.
const FILLED: usize = 3;

/// An index that does not fit a FILE record.
pub(super) struct Tree {
    /// Its blocks, before their update sequences, in the order of their places.
    pub(super) blocks: Vec<Vec<u8>>,
    /// Place of the block that the root leads to.
    pub(super) top: u64,
}

/// Builds blocks of `size` bytes, `step` apart by the measure in which places are counted; `None` when an entry does not fit one.
pub(super) fn build(entries: Vec<Vec<u8>>, size: usize, step: u64) -> Option<Tree> {
    let mut blocks = Vec::new();
    let mut level: Vec<(Vec<u8>, Option<u64>)> = entries.into_iter().map(|entry| (entry, None)).collect();
    let mut last = None;
    loop {
        let (above, top) = build_level(level, last, size, step, &mut blocks)?;
        if above.is_empty() {
            return Some(Tree { blocks, top });
        }
        (level, last) = (above, Some(top));
    }
}

/// The entries that lead to the nodes of a level, each with the node before it, and the last node.
type Above = (Vec<(Vec<u8>, Option<u64>)>, u64);

/// One level: `entries` with the nodes before them, and the node behind the last.
fn build_level(
    entries: Vec<(Vec<u8>, Option<u64>)>,
    last: Option<u64>,
    size: usize,
    step: u64,
    blocks: &mut Vec<Vec<u8>>,
) -> Option<Above> {
    let limit = node::capacity(size).checked_mul(FILLED)?.checked_div(4)?;
    let has_children = last.is_some();
    let mut close = |mut entries: Vec<Vec<u8>>, child| {
        let vcn = u64::try_from(blocks.len()).ok()?.checked_mul(step)?;
        entries.push(node::end(child));
        blocks.push(node::block(size, vcn, &entries, has_children)?);
        Some(vcn)
    };
    let mut above = Vec::new();
    let mut here = Vec::new();
    let mut used = 0usize;
    let mut entries = entries.into_iter().peekable();
    while let Some((entry, child)) = entries.next() {
        // The last one stays: a node has at least one entry.
        if used.saturating_add(entry.len()) > limit && !here.is_empty() && entries.peek().is_some() {
            let vcn = close(std::mem::take(&mut here), child)?;
            above.push((entry, Some(vcn)));
            used = 0;
        } else {
            let entry = node::with_child(entry, child);
            used = used.saturating_add(entry.len());
            here.push(entry);
        }
    }
    let vcn = close(here, last)?;
    Some((above, vcn))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volume::ntfs::index;
    use crate::volume::ntfs::index::raw_entries;

    /// The references of all entries below a node, in their order, each level as deep as the other.
    fn walk(tree: &Tree, vcn: u64, depth: usize, depths: &mut Vec<usize>) -> Vec<u64> {
        let mut found = Vec::new();
        for entry in raw_entries(&tree.blocks[vcn as usize / 8], index::BLOCK_HEADER).unwrap() {
            match index::child_of(entry) {
                Some(child) => found.extend(walk(tree, child, depth + 1, depths)),
                None => depths.push(depth),
            }
            if !index::is_end(entry) {
                found.push(u64::from_le_bytes(entry[..8].try_into().unwrap()));
            }
        }
        found
    }

    #[test]
    fn every_entry_is_there_once_in_order_and_all_leaves_are_as_deep() {
        for (count, len) in [(1, 60), (30, 90), (31, 90), (200, 0x42 + 510), (5000, 100), (3, 400)] {
            let entries = (0..count).map(|number| node::entry(number, &vec![0; len])).collect();
            let tree = build(entries, 4096, 8).unwrap();
            let mut depths = Vec::new();
            assert_eq!(walk(&tree, tree.top, 0, &mut depths), (0..count).collect::<Vec<_>>());
            assert!(depths.windows(2).all(|pair| pair[0] == pair[1]), "{count}");
            let fullest =
                tree.blocks.iter().map(|block| raw_entries(block, index::BLOCK_HEADER).unwrap().len());
            assert!(fullest.min().unwrap() >= 2, "{count}: a node without an entry");
        }
        assert!(build(vec![vec![0; 5000]], 4096, 8).is_none());
    }
}
