//! Giving a guest cluster a place of its own in a qcow2 image, at the end of the file.
//!
//! The order is such that a cut at any moment leaves a sound image, at worst with clusters that are counted and not used:
//! first what nothing points to, then the counts, then the one entry that makes the new cluster the guest's, and at last
//! the counts of what it replaces; a sync between each. (The `imago` crate, which did this once, has no sync between
//! them, and lets an L1 entry point to a new table before that is counted.)

use crate::storage::Storage;
use crate::storage::StorageError;
use crate::storage::qcow2::Qcow2;
use crate::storage::qcow2::chain::read_header;
use crate::storage::qcow2::counts::Taken;
use crate::storage::qcow2::counts::release;
use crate::storage::qcow2::header::Header;
use crate::storage::qcow2::map::COPIED;
use crate::storage::qcow2::map::Mapping;
use crate::storage::qcow2::map::Place;
use crate::storage::raw::Raw;

/// Gives the guest cluster `cluster` of `image` a place of its own, with these bytes in it. The image's reference counts
/// were verified.
///
/// # Errors
/// [`StorageError`]; the image is sound then, and the guest cluster has its old bytes or the new ones.
pub(super) fn allocate(image: &Qcow2, cluster: u64, bytes: &[u8]) -> Result<(), StorageError> {
    let (file, data, header) = (image.file(), image.data(), image.map().header());
    let size = header.cluster_size();
    let old = image.map().lookup(cluster)?.mapping;
    let entry = image.map().place(cluster)?.ok_or_else(|| {
        let expected = "an entry for every cluster of the disk";
        StorageError::corrupt("qcow2 l1_size", 36, expected, header.l1_entries)
    })?;
    let mut whole = bytes.to_vec();
    whole.resize(usize::try_from(size).unwrap_or(usize::MAX), 0);

    let mut taken = Taken::new(file, header);
    let guest = cluster.saturating_mul(size);
    // In an external data file every guest cluster has the place of its own offset.
    let host = if header.has_data_file() { guest } else { taken.take()? };
    let new_entry = (host | COPIED).to_be_bytes();
    let new_table = if entry.table_copied { None } else { Some(taken.take()?) };
    taken.finish()?;

    match header.has_data_file() {
        true => data.write_behind(host, bytes)?,
        false => file.write_behind(host, &whole)?,
    }
    if let Some(place) = new_table {
        file.write_behind(place, &table_with(file, header, &entry, new_entry)?)?;
    }
    taken.write_new()?;
    image.sync()?;
    taken.write_counts()?;
    file.sync_file()?;
    match (new_table, entry.table) {
        (Some(place), _) => file.write_in_place(entry.l1_at, &(place | COPIED).to_be_bytes())?,
        (None, Some(table)) => file.write_in_place(table.saturating_add(entry.within), &new_entry)?,
        (None, None) => {}
    }
    file.sync_file()?;
    // The table of counts may have moved.
    let header = &read_header(file)?;
    for cluster in replaced(header, old, new_table.and(entry.table)).chain(taken.old_table()) {
        release(file, header, cluster)?;
    }
    file.sync_file()
}

/// A copy of the L2 table of an entry, or a new one, with the new entry in it.
fn table_with(file: &Raw, header: &Header, entry: &Place, new: [u8; 8]) -> Result<Vec<u8>, StorageError> {
    let size = usize::try_from(header.cluster_size()).unwrap_or(usize::MAX);
    let mut table = match entry.table {
        Some(table) => file.read_vec(table, size)?,
        None => vec![0; size],
    };
    let at = usize::try_from(entry.within).unwrap_or(usize::MAX);
    if let Some(place) = table.get_mut(at..at.saturating_add(8)) {
        place.copy_from_slice(&new);
    }
    Ok(table)
}

/// The clusters of the file of which one use goes: those of the old mapping, and of the old table.
fn replaced(header: &Header, old: Mapping, table: Option<u64>) -> impl Iterator<Item = u64> {
    let bits = header.cluster_bits;
    let number = move |at: u64| at.checked_shr(bits).unwrap_or(0);
    let (first, end) = match old {
        Mapping::Compressed { host, len } => {
            (number(host), number(host.saturating_add(len.saturating_sub(1))).saturating_add(1))
        }
        Mapping::Data { host, .. } | Mapping::Zero { host: Some(host), .. } if !header.has_data_file() => {
            (number(host), number(host).saturating_add(1))
        }
        _ => (0, 0),
    };
    (first..end).chain(table.map(number))
}
