//! The tables of a qcow2 image that say how often each cluster of the file is used, and its snapshot table.
//!
//! Source: QEMU `docs/interop/qcow2.rst`, "Host cluster management" and "Snapshots".

use crate::bytes;
use crate::storage::Storage;
use crate::storage::StorageError;
use crate::storage::check_range;
use crate::storage::qcow2::header::Header;
use crate::storage::qcow2::map::table_entry;
use crate::storage::raw::Raw;

/// Bytes of a snapshot table entry before its variable part.
const SNAPSHOT_LEN: u64 = 40;
/// QEMU's limit, 32 MiB of L1 table, holds for snapshots too.
const MAX_L1_ENTRIES: u32 = 4 << 20;
/// Bytes of a table that are read at once.
const PIECE: usize = 64 << 10;

/// Shows the 8-byte entries of the table at `offset` to `each`, with the byte offset of each; a table may have many
/// megabytes, and only a piece of it is in memory.
pub(crate) fn each_entry(
    file: &Raw,
    offset: u64,
    len: u64,
    mut each: impl FnMut(u64, u64) -> Result<(), StorageError>,
) -> Result<(), StorageError> {
    check_range(file.len(), offset, usize::try_from(len).unwrap_or(usize::MAX))?;
    let end = offset.saturating_add(len);
    let mut at = offset;
    while at < end {
        let count = usize::try_from(end.saturating_sub(at)).unwrap_or(usize::MAX).min(PIECE);
        let piece = file.read_vec(at, count)?;
        for (place, entry) in (at..).step_by(8).zip(piece.chunks_exact(8)) {
            each(place, bytes::be_u64(entry, 0).unwrap_or(0))?;
        }
        at = at.saturating_add(u64::try_from(PIECE).unwrap_or(u64::MAX));
    }
    Ok(())
}

/// The length of the snapshot table, and for each snapshot the offset of its L1 table and its entries.
pub(crate) fn snapshots(file: &Raw, header: &Header) -> Result<(u64, Vec<(u64, u32)>), StorageError> {
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
            return Err(StorageError::unsound(
                "qcow2 snapshot",
                at,
                "an L1 table at a cluster",
                format!("0x{l1_offset:x}"),
            ));
        }
        if l1_entries > MAX_L1_ENTRIES {
            let found = l1_entries.to_string();
            return Err(StorageError::unsound("qcow2 snapshot", at, "at most 4194304 L1 entries", &found));
        }
        tables.push((l1_offset, l1_entries));
        at = at.saturating_add(len.checked_next_multiple_of(8).unwrap_or(u64::MAX));
    }
    Ok((at.saturating_sub(header.snapshots_offset), tables))
}

/// Clusters whose counts one refcount block holds.
pub(crate) fn counts_per_block(header: &Header) -> u64 {
    header.cluster_size().saturating_mul(8).checked_shr(header.refcount_order).unwrap_or(1).max(1)
}

/// Where refcount block number `index` lies.
pub(crate) fn block_of(file: &Raw, header: &Header, index: u64) -> Result<Option<u64>, StorageError> {
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
pub(crate) fn stored_count(file: &Raw, header: &Header, cluster: u64) -> Result<u64, StorageError> {
    let Some((at, within)) = place_of_count(file, header, cluster)? else { return Ok(0) };
    Ok(count_at(&file.read_vec(at, 8)?, within, header.refcount_order))
}

/// The byte of the eight that hold the count of a cluster, and which of the counts in them it is.
pub(crate) fn place_of_count(
    file: &Raw,
    header: &Header,
    cluster: u64,
) -> Result<Option<(u64, usize)>, StorageError> {
    let per_block = counts_per_block(header);
    let index = cluster.checked_div(per_block).unwrap_or(0);
    let Some(block) = block_of(file, header, index)? else { return Ok(None) };
    let within = cluster.checked_rem(per_block).unwrap_or(0);
    let bytes_at = within.checked_shl(header.refcount_order).unwrap_or(0).checked_div(8).unwrap_or(0);
    let at = block.saturating_add(bytes_at & !7);
    let per_word = 64usize.checked_shr(header.refcount_order).unwrap_or(1).max(1);
    let within = usize::try_from(within).unwrap_or(0).checked_rem(per_word).unwrap_or(0);
    Ok(Some((at, within)))
}

/// Count number `index` in `block`: 2^order bits each; below a byte the lowest bits come first, above it big-endian.
pub(crate) fn count_at(block: &[u8], index: usize, order: u32) -> u64 {
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

/// Makes count number `index` in `block` this one, which has to fit; the others stay.
pub(crate) fn set_count(block: &mut [u8], index: usize, order: u32, count: u64) {
    let bit = index.checked_shl(order).unwrap_or(usize::MAX);
    let at = bit.checked_div(8).unwrap_or(0);
    if order < 3 {
        let shift = u32::try_from(bit & 7).unwrap_or(0);
        let width = 1u32.checked_shl(order).unwrap_or(8);
        let mask = 1u64.checked_shl(width).unwrap_or(0).saturating_sub(1);
        if let Some(byte) = block.get_mut(at) {
            let cleared = u64::from(*byte) & !mask.checked_shl(shift).unwrap_or(0);
            let new = cleared | (count & mask).checked_shl(shift).unwrap_or(0);
            *byte = u8::try_from(new & 0xff).unwrap_or(0);
        }
        return;
    }
    let width = 1usize.checked_shl(order.saturating_sub(3)).unwrap_or(8);
    let bytes = count.to_be_bytes();
    let new = bytes.get(8usize.saturating_sub(width)..).unwrap_or_default();
    if let Some(place) = block.get_mut(at..at.saturating_add(width)) {
        place.copy_from_slice(new);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_that_is_set_is_read_and_its_neighbours_stay() {
        for order in 0..=6 {
            let most = u64::MAX >> (64 - (1 << order));
            for fill in [0, 0xff] {
                for index in 0..(64 >> order) {
                    let mut block = vec![fill; 16];
                    let old = count_at(&block, 0, order);
                    set_count(&mut block, index, order, most - old);
                    for other in 0..2 * (64 >> order) {
                        let expected = if other == index { most - old } else { old };
                        assert_eq!(count_at(&block, other, order), expected, "{order} {index} {other}");
                    }
                }
            }
        }
    }
}
