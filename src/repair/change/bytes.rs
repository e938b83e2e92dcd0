//! Edits that are no re-pointing and lie in no store: drive letters and start values in SYSTEM hives, boot flags, boot records.

use crate::bcd::edit::Edit;
use crate::diagnosis::Diagnosis;
use crate::diagnosis::model::byte_edit::ByteEdit;
use crate::diagnosis::model::byte_edit::Site;
use crate::layout::Layout;
use crate::layout::extent::disk_offset_of;
use crate::layout::index::HiveIndex;
use crate::layout::index::VolumeIndex;
use crate::layout::mounted_devices::MountedDevices;
use crate::repair::change::in_file;
use crate::repair::draft::Draft;
use crate::repair::error::PlanError;
use crate::repair::touched::Touched;

/// Writes SYSTEM hives: drive letters, which come before all that a store needs, and with them the start values of drivers. While the
/// letters are on their way, the stale elements of the stores still tell which old identity was this disk's, so that a repair that a
/// power cut has ended can be completed; after the stores, nothing would tell it of a GPT disk. And Windows, which would look at the
/// letters, does not start meanwhile. Each start value stands by itself.
///
/// # Errors
/// [`PlanError`] when the disk does not hold what an edit says, or a sector does not lie where it should.
pub(crate) fn write_hives(
    draft: &mut Draft<'_>,
    layout: &Layout,
    diagnosis: &Diagnosis,
    all: &mut Vec<Touched>,
) -> Result<(), PlanError> {
    let before = all.len();
    for edit in diagnosis.edits() {
        if let Site::SystemHive { hive, at, .. } = edit.site {
            add(all, in_hive(draft, layout, edit, hive, at)?);
        }
    }
    if all.len() > before {
        draft.next_stage();
    }
    Ok(())
}

/// Writes boot flags and boot records, which come behind all that a store needs.
///
/// # Errors
/// As [`write_hives`].
pub(crate) fn write_boot<'e>(
    draft: &mut Draft<'_>,
    layout: &Layout,
    edits: impl Iterator<Item = &'e ByteEdit>,
    all: &mut Vec<Touched>,
) -> Result<(), PlanError> {
    for edit in edits {
        let (at, touched) = match edit.site {
            Site::Store { .. } | Site::SystemHive { .. } | Site::Text { .. } => continue,
            Site::Table { at } => (at, Touched::Table),
            Site::BootRecord { volume, at } => in_boot_record(layout, edit, volume, at)?,
        };
        let len = u64::try_from(edit.before.len()).unwrap_or(u64::MAX);
        for byte in at..at.saturating_add(len) {
            belongs(layout, edit, &touched, byte)?;
        }
        draft.replace(at, &edit.before, &edit.after, "byte of the disk")?;
        add(all, touched);
    }
    Ok(())
}

/// Adds a part of the disk, once.
pub(in crate::repair) fn add(all: &mut Vec<Touched>, touched: Touched) {
    if !all.contains(&touched) {
        all.push(touched);
    }
}

/// Bytes of a hive file, which may lie in several extents. Each that stands on the disk is compared with what was read
/// as the file's, also those that do not change: the extents and the reading were not compared before.
///
/// The base block stays as it is: the hive was clean and stays clean, whatever stands in its logs is older and is ignored
/// then, and nothing in it depends on the bytes of a value.
fn in_hive(
    draft: &mut Draft<'_>,
    layout: &Layout,
    edit: &ByteEdit,
    hive: HiveIndex,
    at: u64,
) -> Result<Touched, PlanError> {
    let check = |what: &str| PlanError::Check(format!("the {}: {what}", edit.what));
    let hive: &MountedDevices = layout.hive(hive).ok_or_else(|| check("its hive is missing"))?;
    let extents = hive.place.as_ref().map_err(|reason| check(&reason.to_string()))?;
    let partition = layout.partition(hive.volume).map_or(0, |partition| partition.number);
    let touched = Touched::File { partition, path: hive.path.clone() };
    let len = u64::try_from(edit.before.len()).unwrap_or(u64::MAX);
    for byte in at..at.saturating_add(len) {
        let place = disk_offset_of(extents, byte).ok_or_else(|| check("it lies in no extent"))?;
        belongs(layout, edit, &touched, place)?;
    }
    let at = usize::try_from(at).map_err(|_| check("it lies past the largest possible hive"))?;
    let edit = Edit { at, before: edit.before.clone(), after: edit.after.clone() };
    in_file::write(draft, extents, &edit, "byte of a hive")?;
    Ok(touched)
}

/// The sector of byte `at` of the disk belongs to what is to be written.
fn belongs(layout: &Layout, edit: &ByteEdit, touched: &Touched, at: u64) -> Result<(), PlanError> {
    let size = u64::from(layout.table.sector_size);
    let sector = at.saturating_sub(at.checked_rem(size).unwrap_or(0));
    if touched.holds(layout, sector, size) {
        return Ok(());
    }
    Err(PlanError::Check(format!("the {} at 0x{at:x} is not where expected", edit.what)))
}

/// The byte of the disk at which an edit of a boot record begins, and the part of the disk that it belongs to.
fn in_boot_record(
    layout: &Layout,
    edit: &ByteEdit,
    volume: VolumeIndex,
    at: u64,
) -> Result<(u64, Touched), PlanError> {
    let gone = || PlanError::Check(format!("the {} lies outside the disk", edit.what));
    let partition = layout.partition(volume).ok_or_else(gone)?;
    let on_disk = partition.start.checked_add(at).ok_or_else(gone)?;
    let (partition, start) = (partition.number, partition.start);
    Ok((on_disk, Touched::BootRecord { partition, start }))
}
