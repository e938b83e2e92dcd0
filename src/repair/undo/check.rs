//! Whether a record may be undone on a disk: it is the recorded disk, and nobody has written the store since.

use std::collections::BTreeMap;

use crate::bytes::one_line;
use crate::diagnosis::show_disk;
use crate::layout::Layout;
use crate::layout::extent::DiskExtent;
use crate::layout::extent::disk_offset_of;
use crate::layout::store::StoreFile;
use crate::partition::DiskId;
use crate::repair::patch::chains;
use crate::repair::record::After;
use crate::repair::record::Record;
use crate::repair::record::SavedSector;
use crate::repair::record::SavedStore;
use crate::repair::record::disk_text;
use crate::repair::record::sha256;
use crate::repair::refusal::Refusal;
use crate::repair::refusal::obstacles;
use crate::repair::touched::Touched;
use crate::storage::Storage;
use crate::storage::StorageError;

/// Why an undo is refused. Nothing was written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum UndoRefusal {
    /// Another disk than the recorded one.
    #[error(
        "this is not the recorded disk: expected {what} {}, found {found}; name the right one with --target",
        one_line(expected)
    )]
    OtherDisk {
        /// What differs.
        what: &'static str,
        /// As recorded.
        expected: String,
        /// As found.
        found: String,
    },
    /// The recorded disk by all but its identity, which it was given since.
    #[error(
        "the disk's identity has changed since the repair, from {} to {}; {}",
        show_disk(*expected),
        show_disk(*found),
        if *is_repaired { "everything else in the record is as the repair left it" } else { "its stores \
         match the record" }
    )]
    OtherIdentity {
        /// As the repair left it.
        expected: DiskId,
        /// As found.
        found: DiskId,
        /// Whether every store (without one, every sector) is as the repair left it; else some bytes are as they were before it.
        is_repaired: bool,
        /// Whether the record has sectors of the partition table, in which the identity stands.
        has_table: bool,
    },
    /// The store is gone or elsewhere.
    #[error(
        "{} on partition {partition} has moved ({why}): the disk has changed, and the recorded sectors may \
         belong to something else",
        one_line(path)
    )]
    Moved {
        /// The store.
        path: String,
        /// Partition number.
        partition: u32,
        /// What was found.
        why: String,
    },
    /// A hive must not be written now.
    #[error("undo would write to a registry in use: {0}")]
    InUse(Refusal),
    /// A sector is neither in a recorded store nor in another part that the record names.
    #[error(
        "the sector at 0x{at:x} of the disk no longer belongs to what was recorded (a store, a hive, a \
         boot record, the partition table): the disk has changed"
    )]
    NotOurs {
        /// First byte of the sector.
        at: u64,
    },
    /// Contents of a file, or a sector of a volume on which the repair made files, were written since.
    #[error("the sector at 0x{at:x} of the disk was written after the repair: undo would lose that change")]
    Rewritten {
        /// First byte of the sector.
        at: u64,
    },
    /// A store that got new clusters has other content than before and after the repair.
    #[error(
        "{} was changed after this repair or edit: undo would lose that change; if it was a later edit, undo that first",
        one_line(path)
    )]
    StoreChanged {
        /// The store.
        path: String,
    },
    /// The way back does not lead to the old store.
    #[error("the way back does not lead to the old {}: its volume was written since", one_line(path))]
    StoreGone {
        /// The store.
        path: String,
    },
    /// The store has other content than before and after the repair.
    #[error(
        "{} was changed after the repair (first at file offset 0x{at:x}: expected 0x{expected:02x}, found \
         0x{found:02x}): undo would lose that change",
        one_line(path)
    )]
    Changed {
        /// The store.
        path: String,
        /// First differing byte of the file.
        at: usize,
        /// The byte as it was before the repair.
        expected: u8,
        /// The byte that is there.
        found: u8,
    },
}

/// Checks that `record` may be undone on the disk of `layout`, which is `len` bytes long.
///
/// # Errors
/// [`UndoRefusal`].
pub fn check(record: &Record, layout: &Layout, len: u64) -> Result<(), UndoRefusal> {
    let target = &record.target;
    let other = |what, expected: String, found: String| UndoRefusal::OtherDisk { what, expected, found };
    if len != target.len {
        return Err(other("length in bytes", target.len.to_string(), len.to_string()));
    }
    if layout.table.sector_size != target.sector_size {
        return Err(other(
            "sector size",
            target.sector_size.to_string(),
            layout.table.sector_size.to_string(),
        ));
    }
    let disk = disk_text(layout.table.disk);
    if disk == target.disk || Some(&disk) == record.restored.as_ref() {
        return parts(record, layout);
    }
    let expected = record.restored.as_ref().unwrap_or(&target.disk);
    let other = other("identity", expected.clone(), disk);
    match parts(record, layout) {
        Ok(()) => Err(other_identity(record, layout, expected).unwrap_or(other)),
        // The stores come first, and were the record's.
        Err(reason @ UndoRefusal::InUse(_)) if !record.stores.is_empty() => Err(reason),
        Err(_) => Err(other),
    }
}

/// The same for an undo that leaves the disk the identity that it has now: [`UndoRefusal::OtherIdentity`] is none where
/// the record has no sector of the partition table.
///
/// # Errors
/// [`UndoRefusal`].
pub fn check_but_identity(record: &Record, layout: &Layout, len: u64) -> Result<(), UndoRefusal> {
    match check(record, layout, len) {
        Err(UndoRefusal::OtherIdentity { has_table: false, .. }) => Ok(()),
        checked => checked,
    }
}

/// Why an undo of a record without stores is refused, once the sectors of the disk were asked too: where all that the repair
/// wrote is as it left it, but for the identity, it is the recorded disk that was given another one.
///
/// # Errors
/// A sector cannot be read.
pub(super) fn by_sectors(
    refusal: UndoRefusal,
    record: &Record,
    layout: &Layout,
    storage: &dyn Storage,
) -> Result<UndoRefusal, StorageError> {
    let UndoRefusal::OtherDisk { what: "identity", expected, .. } = &refusal else { return Ok(refusal) };
    let (Some(expected), Some(found)) = (DiskId::from_text(expected), layout.table.disk) else {
        return Ok(refusal);
    };
    if !record.stores.is_empty() || record.patches.is_empty() || !is_of_a_kind(expected, found) {
        return Ok(refusal);
    }
    for patch in &record.patches {
        let there = storage.read_vec(patch.offset, patch.before.len())?;
        let is_as_left = match &patch.after {
            After::Bytes(after) => {
                without_identity(patch.offset, &there) == without_identity(patch.offset, after)
            }
            After::Digests(_) => patch.after.is(&there),
        };
        if !is_as_left {
            return Ok(refusal);
        }
    }
    Ok(UndoRefusal::OtherIdentity { expected, found, is_repaired: true, has_table: true })
}

/// The bytes of a sector in which no identity of the disk stands, nor a checksum over one: of an MBR all but the signature,
/// of a GPT header all but its checksum and the disk GUID, of others all.
fn without_identity(offset: u64, sector: &[u8]) -> Vec<u8> {
    let mut rest = sector.to_vec();
    let fields = match (offset, sector.starts_with(b"EFI PART")) {
        (0, _) => [0x1b8..0x1bc, 0..0],
        (_, true) => [0x10..0x14, 0x38..0x48],
        _ => [0..0, 0..0],
    };
    for field in fields {
        rest.get_mut(field).unwrap_or_default().fill(0);
    }
    rest
}

/// Two identities of the same kind of table.
fn is_of_a_kind(one: DiskId, other: DiskId) -> bool {
    matches!((one, other), (DiskId::Mbr(_), DiskId::Mbr(_)) | (DiskId::Gpt(_), DiskId::Gpt(_)))
}

/// That only the identity differs, of a disk that has all the stores of the record. Without a store nothing proves that it
/// is the disk, and a table of another kind is more than another identity.
fn other_identity(record: &Record, layout: &Layout, expected: &str) -> Option<UndoRefusal> {
    let (expected, found) = (DiskId::from_text(expected)?, layout.table.disk?);
    if record.stores.is_empty() || !is_of_a_kind(expected, found) {
        return None;
    }
    let is_repaired = record.stores.iter().all(|saved| {
        let store = layout.store_on(saved.partition, &saved.path).and_then(StoreFile::on_disk);
        store.is_some_and(|store| sha256(store) == saved.sha256_after)
    });
    let has_table = record.restored.is_some() || record.touched.contains(&Touched::Table);
    Some(UndoRefusal::OtherIdentity { expected, found, is_repaired, has_table })
}

/// Every part of the disk that the record has is where it was, and no store has other content than before and after the
/// repair.
fn parts(record: &Record, layout: &Layout) -> Result<(), UndoRefusal> {
    let mut files = Vec::new();
    let patches = chains(&record.patches, |saved| saved.offset);
    for saved in &record.stores {
        // What else is on a volume that was rebuilt may have moved; its sectors tell whether it may be gone back.
        if !is_on_volume(record, saved) {
            files.push(unchanged_store(&patches, saved, layout)?);
        } else if !is_unchanged(saved, layout.store_on(saved.partition, &saved.path)) {
            // It may have been patched where it is, beside a text that was renewed, and half of that was written.
            let patched = unchanged_store(&patches, saved, layout);
            files.push(patched.map_err(|_| UndoRefusal::StoreChanged { path: saved.path.clone() })?);
        }
    }
    for part in &record.touched {
        writable_file(part, layout)?;
    }
    let mut parts = record.touched.clone();
    parts.extend(record.restored.is_some().then_some(Touched::Table));
    let size = u64::from(record.target.sector_size);
    for patch in &record.patches {
        let known =
            files.iter().any(|extents| extents.iter().any(|extent| extent.overlaps(patch.offset, size)))
                || parts.iter().any(|part| part.holds(layout, patch.offset, size));
        if !known {
            return Err(UndoRefusal::NotOurs { at: patch.offset });
        }
    }
    Ok(())
}

/// Whether a store is on a volume on which files were made, and not only patched where it is.
pub(super) fn is_on_volume(record: &Record, saved: &SavedStore) -> bool {
    let is_its =
        |part: &Touched| matches!(part, Touched::Volume { partition, .. } if *partition == saved.partition);
    record.touched.iter().any(is_its)
}

/// Whether a store is what the repair made of it, or what it was; one that cannot be read says nothing.
fn is_unchanged(saved: &SavedStore, file: Option<&StoreFile>) -> bool {
    let Some(found) = file.and_then(StoreFile::on_disk).map(sha256) else { return true };
    found == saved.sha256_after || saved.before.as_ref().is_some_and(|before| before.sha256 == found)
}

/// A file of which only sectors are kept is where it was, and may be written under the same rules as by the repair. That
/// nobody has written those sectors since, the writer sees when it compares them.
fn writable_file(part: &Touched, layout: &Layout) -> Result<(), UndoRefusal> {
    let Touched::File { partition, path } = part else { return Ok(()) };
    let moved = |why: &str| UndoRefusal::Moved { path: path.clone(), partition: *partition, why: why.into() };
    let hive = layout.hive_on(*partition, path).ok_or_else(|| moved("the file is missing"))?;
    hive.place.as_ref().map_err(|reason| moved(&reason.to_string()))?;
    obstacles(layout, hive).into_iter().next().map_or(Ok(()), |why| Err(UndoRefusal::InUse(why)))
}

/// The places of the store, when its bytes are those before the repair except where the record's sectors differ.
fn unchanged_store<'a>(
    patches: &BTreeMap<u64, Vec<&SavedSector>>,
    saved: &SavedStore,
    layout: &'a Layout,
) -> Result<&'a [DiskExtent], UndoRefusal> {
    let moved =
        |why: String| UndoRefusal::Moved { path: saved.path.clone(), partition: saved.partition, why };
    layout.by_number(saved.partition).ok_or_else(|| moved("the partition does not exist".into()))?;
    let file =
        layout.store_on(saved.partition, &saved.path).ok_or_else(|| moved("the file is missing".into()))?;
    let extents = file.place.as_ref().map_err(|reason| moved(reason.to_string()))?;
    file.store.as_ref().map_err(|error| moved(error.to_string()))?;
    let found = file.on_disk().unwrap_or_default();
    let before = saved.before.as_ref().map(|before| before.bytes.as_slice()).unwrap_or_default();
    if found.len() != before.len() {
        return Err(moved(format!("{} bytes, expected {}", found.len(), before.len())));
    }
    for (at, (before, now)) in before.iter().zip(found).enumerate() {
        if before != now && !planned(patches, extents, at, *now) {
            return Err(UndoRefusal::Changed {
                path: saved.path.clone(),
                at,
                expected: *before,
                found: *now,
            });
        }
    }
    Ok(extents)
}

/// Whether the repair itself put `now` at byte `at` of the file.
fn planned(patches: &BTreeMap<u64, Vec<&SavedSector>>, extents: &[DiskExtent], at: usize, now: u8) -> bool {
    let Some(on_disk) = disk_offset_of(extents, u64::try_from(at).unwrap_or(u64::MAX)) else {
        return false;
    };
    let is_put = |saved: &SavedSector| match &saved.after {
        After::Bytes(after) => {
            let inside = on_disk.checked_sub(saved.offset).and_then(|inside| usize::try_from(inside).ok());
            inside.and_then(|inside| after.get(inside)) == Some(&now)
        }
        // Digests tell more than one byte: who looks for the way back compares the sector.
        After::Digests(_) => true,
    };
    let sector = patches.range(..=on_disk).next_back();
    sector.is_some_and(|(_, of)| of.iter().any(|saved| is_put(saved)))
}
