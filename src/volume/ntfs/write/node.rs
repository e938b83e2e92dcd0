//! Nodes of a directory's index, as bytes: in $INDEX_ROOT, and in index blocks.
//!
//! Source: libyal's libfsntfs documentation, "Index"; measured on volumes that Windows 10 wrote.

use crate::bytes::le_u16;
use crate::bytes::le_u32;
use crate::bytes::put;
use crate::bytes::slice;
use crate::volume::ntfs::index;
use crate::volume::ntfs::index::CHILD;
use crate::volume::ntfs::index::END;
use crate::volume::ntfs::write::fields::aligned;
use crate::volume::ntfs::write::fields::long;
use crate::volume::ntfs::write::fields::short;
use crate::volume::ntfs::write::protection::words;

/// Header of a node: place of its entries, bytes in use, bytes there are, flags.
const HEADER: usize = 0x10;
/// Flag of a node with nodes below it.
pub(super) const HAS_CHILDREN: u8 = 1;
/// Where an index block has its update sequence.
const SEQUENCE: usize = 0x28;

/// The entry of a file, without a node below it.
pub(super) fn entry(reference: u64, key: &[u8]) -> Vec<u8> {
    let len = aligned(0x10usize.saturating_add(key.len()));
    let mut bytes = vec![0; len];
    put(&mut bytes, 0, &reference.to_le_bytes());
    put(&mut bytes, 8, &short(len));
    put(&mut bytes, 0x0a, &short(key.len()));
    put(&mut bytes, 0x10, key);
    bytes
}

/// The end of a node.
pub(super) fn end(child: Option<u64>) -> Vec<u8> {
    let mut bytes = vec![0; 0x10];
    put(&mut bytes, 8, &short(0x10));
    put(&mut bytes, 0x0c, &END.to_le_bytes());
    with_child(bytes, child)
}

/// An entry that has none with a node below it.
pub(super) fn with_child(mut entry: Vec<u8>, child: Option<u64>) -> Vec<u8> {
    if let Some(vcn) = child {
        let flags = le_u16(&entry, 0x0c).unwrap_or(0) | CHILD;
        put(&mut entry, 0x0c, &flags.to_le_bytes());
        entry.extend(vcn.to_le_bytes());
        let len = short(entry.len());
        put(&mut entry, 8, &len);
    }
    entry
}

/// The same entry without the node below it.
pub(super) fn without_child(entry: &[u8]) -> Vec<u8> {
    let mut bytes = entry.to_vec();
    if index::child_of(entry).is_some() {
        bytes.truncate(entry.len().saturating_sub(8));
        let (len, flags) = (short(bytes.len()), le_u16(entry, 0x0c).unwrap_or(0) & !CHILD);
        put(&mut bytes, 8, &len);
        put(&mut bytes, 0x0c, &flags.to_le_bytes());
    }
    bytes
}

/// The value of an $INDEX_ROOT with these entries, the last of which is the end; its first bytes are those of `model`,
/// the root of this or another directory of the volume: what is sorted how, and the size of blocks.
pub(super) fn root(model: &[u8], entries: &[Vec<u8>], has_children: bool) -> Vec<u8> {
    let entries = entries.concat();
    let len = HEADER.saturating_add(entries.len());
    let mut bytes = slice(model, 0, index::ROOT_HEADER).unwrap_or_default().to_vec();
    bytes.extend(long(HEADER));
    bytes.extend(long(len));
    bytes.extend(long(len));
    bytes.extend([if has_children { HAS_CHILDREN } else { 0 }, 0, 0, 0]);
    bytes.extend(entries);
    bytes
}

/// Bytes that entries may have in a block of `size` bytes.
pub(super) fn capacity(size: usize) -> usize {
    size.saturating_sub(index::BLOCK_HEADER.saturating_add(first_entry(size)))
}

/// An index block of `size` bytes at `vcn`, before its update sequence; `None` when its entries do not fit.
pub(super) fn block(size: usize, vcn: u64, entries: &[Vec<u8>], has_children: bool) -> Option<Vec<u8>> {
    let mut bytes = vec![0; size];
    put(&mut bytes, 0, b"INDX");
    put(&mut bytes, 4, &short(SEQUENCE));
    put(&mut bytes, 6, &short(words(size)));
    put(&mut bytes, 0x10, &vcn.to_le_bytes());
    let node = bytes.get_mut(index::BLOCK_HEADER..)?;
    put(node, 0, &long(first_entry(size)));
    put(node, 8, &long(node.len()));
    put(node, 0x0c, &[if has_children { HAS_CHILDREN } else { 0 }]);
    with_entries(&bytes, entries)
}

/// A block as it is but for its entries, the last of which is the end; `None` when they do not fit.
pub(super) fn with_entries(block: &[u8], entries: &[Vec<u8>]) -> Option<Vec<u8>> {
    let mut bytes = block.to_vec();
    let node = bytes.get_mut(index::BLOCK_HEADER..)?;
    let field = |node: &[u8], at| usize::try_from(le_u32(node, at)?).ok();
    let (first, limit) = (field(node, 0)?, field(node, 8)?.min(node.len()));
    let entries = entries.concat();
    let used = first.checked_add(entries.len()).filter(|used| *used <= limit)?;
    node.get_mut(first..used)?.copy_from_slice(&entries);
    put(node, 4, &long(used));
    Some(bytes)
}

/// Place of the first entry, from the header of the node: behind the update sequence.
fn first_entry(size: usize) -> usize {
    aligned(SEQUENCE.saturating_add(words(size).saturating_mul(2))).saturating_sub(index::BLOCK_HEADER)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::volume::ntfs::index::raw_entries;

    #[test]
    fn a_node_is_read_as_it_was_made() {
        let key = [7; 0x42 + 6];
        let entries = [with_child(entry(5, &key), Some(9)), end(Some(3))];
        let block = block(4096, 2, &entries, true).unwrap();
        assert_eq!(raw_entries(&block, index::BLOCK_HEADER).unwrap(), entries);
        assert_eq!((block[0x18], capacity(4096)), (0x28, 4032));
        assert_eq!(entries.each_ref().map(|entry| index::child_of(entry)), [Some(9), Some(3)]);
        assert_eq!(without_child(&entries[0]), entry(5, &key));
        assert_eq!(without_child(&entry(5, &key)), entry(5, &key));
        let root = root(&[1; 48], &entries, true);
        assert_eq!(raw_entries(&root, index::ROOT_HEADER).unwrap(), entries);
        let many = vec![end(None); 253];
        assert!(with_entries(&block, &many).is_none());
        assert!(with_entries(&block, &many[1..]).is_some());
    }
}
