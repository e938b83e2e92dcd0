//! Edits that are no re-pointing, as sectors of the disk: boot flags, boot records, drive letters. Those in the file of a
//! store are in the plan of that store.

use serde::Deserialize;
use serde::Serialize;

use crate::bcd::edit::Edit;
use crate::diagnosis::Diagnosis;
use crate::diagnosis::model::byte_edit::ByteEdit;
use crate::diagnosis::model::byte_edit::Site;
use crate::layout::Layout;
use crate::layout::extent::disk_offset_of;
use crate::layout::index::HiveIndex;
use crate::layout::mounted_devices::MountedDevices;
use crate::repair::identity::is_in_a_partition;
use crate::repair::plan::PlanError;
use crate::repair::sectors::Sectors;

/// Written behind all that a store needs.
const STAGE: u8 = 5;
/// Drive letters are written before all that a store needs. While they are on their way, the stale elements of the stores
/// still tell which old identity was this disk's, so that a repair that a power cut has ended can be completed; after the
/// stores, nothing would tell it of a GPT disk. And Windows, which would look at the letters, does not start meanwhile.
const LETTERS_STAGE: u8 = 0;
/// Bytes of a volume's beginning that belong to its boot record and the copy near it (FAT: 32 reserved sectors).
const RECORD_SIZE: u64 = 32 * 4096;

/// A part of the disk, other than the file of a store, that a repair writes to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Touched {
    /// The partition table: sectors that lie in no partition.
    Table,
    /// The boot record of a partition or its copy.
    BootRecord {
        /// Number of the partition.
        partition: u32,
        /// Its first byte on the disk.
        start: u64,
    },
    /// A file that is too large to be kept whole: the SYSTEM hive of a Windows.
    File {
        /// Number of the partition.
        partition: u32,
        /// Path on the volume.
        path: String,
    },
}

impl Touched {
    /// Whether the sector of `size` bytes at `offset` of the disk belongs to this part of it.
    #[must_use]
    pub fn holds(&self, layout: &Layout, offset: u64, size: u64) -> bool {
        match self {
            Self::Table => !is_in_a_partition(layout, offset, size),
            Self::BootRecord { partition, start } => {
                let facts = layout.by_number(*partition).and_then(|volume| layout.volume(volume));
                facts.is_some_and(|facts| {
                    let end = offset.saturating_add(size);
                    let volume = &facts.partition;
                    let inside = offset >= volume.start && end <= volume.start.saturating_add(volume.len);
                    // NTFS keeps the copy behind its last sector, which need not be the partition's.
                    let copy = facts.boot_record.and_then(|record| record.copy);
                    let copy = copy.and_then(|copy| start.checked_add(copy.at));
                    let near = offset < start.saturating_add(RECORD_SIZE)
                        || copy.is_some_and(|copy| (offset..end).contains(&copy));
                    volume.start == *start && inside && near
                })
            }
            Self::File { partition, path } => layout.hive_on(*partition, path).is_some_and(|hive| {
                hive.place.as_ref().is_ok_and(|extents| extents.iter().any(|extent| extent.holds(offset)))
            }),
        }
    }
}

/// Adds the edits of `diagnosis`; returns the parts of the disk that they touch.
///
/// # Errors
/// [`PlanError`] when the disk does not hold what the edit says, or a sector does not lie where it should.
pub(super) fn add(
    sectors: &mut Sectors<'_>,
    layout: &Layout,
    diagnosis: &Diagnosis,
) -> Result<Vec<Touched>, PlanError> {
    let mut all = Vec::new();
    for edit in diagnosis.edits() {
        let touched = match edit.site {
            Site::Store { .. } => continue,
            Site::SystemHive { hive, at } => in_hive(sectors, layout, edit, hive, at)?,
            Site::Table { .. } | Site::BootRecord { .. } => in_place(sectors, layout, edit)?,
        };
        if !all.contains(&touched) {
            all.push(touched);
        }
    }
    Ok(all)
}

/// The first stage that is left for the stores.
pub(super) fn stages_before_stores(diagnosis: &Diagnosis) -> u8 {
    let has_letters = diagnosis.edits().any(|edit| matches!(edit.site, Site::SystemHive { .. }));
    if has_letters { LETTERS_STAGE.saturating_add(1) } else { 0 }
}

fn in_place(sectors: &mut Sectors<'_>, layout: &Layout, edit: &ByteEdit) -> Result<Touched, PlanError> {
    let (at, touched) = place(layout, edit)?;
    belongs(layout, edit, &touched, at)?;
    sectors.replace(at, &edit.before, &edit.after, STAGE)?;
    Ok(touched)
}

/// Bytes of a hive file, which may lie in several extents. Each that stands on the disk is compared with what was read
/// as the file's, also those that do not change: the extents and the reading were not compared before.
///
/// The base block stays as it is: the hive was clean and stays clean, whatever stands in its logs is older and is ignored
/// then, and nothing in it depends on the bytes of a value.
fn in_hive(
    sectors: &mut Sectors<'_>,
    layout: &Layout,
    edit: &ByteEdit,
    hive: HiveIndex,
    at: u64,
) -> Result<Touched, PlanError> {
    let check = |what: &str| PlanError::Check(format!("the {}: {what}", edit.what));
    let hive: &MountedDevices = layout.hive(hive).ok_or_else(|| check("its hive is gone"))?;
    let extents = hive.place.as_ref().map_err(|reason| check(reason))?;
    let partition = layout.partition(hive.volume).map_or(0, |partition| partition.number);
    let touched = Touched::File { partition, path: hive.path.clone() };
    let len = u64::try_from(edit.before.len()).unwrap_or(u64::MAX);
    for byte in at..at.saturating_add(len) {
        let place = disk_offset_of(extents, byte).ok_or_else(|| check("it lies in no extent"))?;
        belongs(layout, edit, &touched, place)?;
    }
    let at = usize::try_from(at).map_err(|_| check("it lies beyond what a hive can have"))?;
    let edit = Edit { at, before: edit.before.clone(), after: edit.after.clone() };
    sectors.add(extents, &edit, LETTERS_STAGE)?;
    Ok(touched)
}

/// The sector of byte `at` of the disk belongs to what is to be written.
fn belongs(layout: &Layout, edit: &ByteEdit, touched: &Touched, at: u64) -> Result<(), PlanError> {
    let size = u64::from(layout.table.sector_size);
    let sector = at.saturating_sub(at.checked_rem(size).unwrap_or(0));
    if touched.holds(layout, sector, size) {
        return Ok(());
    }
    Err(PlanError::Check(format!("the {} at 0x{at:x} is not where it should be", edit.what)))
}

/// The byte of the disk at which an edit begins, and the part of the disk that it belongs to.
fn place(layout: &Layout, edit: &ByteEdit) -> Result<(u64, Touched), PlanError> {
    let gone = || PlanError::Check(format!("the {} lies outside of the disk", edit.what));
    match edit.site {
        Site::Store { .. } | Site::SystemHive { .. } => Err(gone()),
        Site::Table { at } => Ok((at, Touched::Table)),
        Site::BootRecord { volume, at } => {
            let partition = layout.partition(volume).ok_or_else(gone)?;
            let on_disk = partition.start.checked_add(at).ok_or_else(gone)?;
            let (partition, start) = (partition.number, partition.start);
            Ok((on_disk, Touched::BootRecord { partition, start }))
        }
    }
}
