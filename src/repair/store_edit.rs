//! A store that gets other contents because the user says so: not what a diagnosis asks for, but what was typed.
//!
//! Where all that changes lies in one sector, that is written in its place; the store's base block is left as it is then, as by any repair.
//! Else the file gets new clusters, and one record of the file system switches from the old ones to them. Either way a boot manager
//! finds the old store or the new one, whenever the power fails.

use crate::bcd::edit::Edit;
use crate::diagnosis::store::dirty;
use crate::hive::edit::raise_sequence;
use crate::layout::Layout;
use crate::layout::index::StoreIndex;
use crate::layout::index::VolumeIndex;
use crate::layout::store::STORE_MAX;
use crate::layout::store::StoreFile;
use crate::repair::boot_files::BootFile;
use crate::repair::boot_files::Origin;
use crate::repair::boot_files::Role;
use crate::repair::change::in_file;
use crate::repair::change::store::StorePlan;
use crate::repair::draft::Draft;
use crate::repair::error::PlanError;
use crate::repair::rebuild::numbers::highest_number;
use crate::repair::rebuild::site::Site;
use crate::repair::touched::Touched;
use crate::storage::Storage;

/// A store before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoreEdit {
    /// Its volume.
    pub volume: VolumeIndex,
    /// Its path there.
    pub path: String,
    /// The same for people, as [`StoreFile::name`].
    pub name: String,
    /// The file as it lies on the disk; `None` where there is none.
    pub before: Option<Vec<u8>>,
    /// The file as it is to be. Its sequence numbers are raised where it gets new clusters.
    pub after: Vec<u8>,
    /// What of it comes from logs: the store is dirty, and written as they make it.
    pub recovered: Option<String>,
    /// FILETIME of what is new on the volume: 100 ns since 1601, UTC.
    pub now: u64,
}

impl StoreEdit {
    /// An edit of a store that is there; `None` where it was not parsed.
    #[must_use]
    pub fn of(layout: &Layout, index: StoreIndex, after: Vec<u8>, now: u64) -> Option<Self> {
        let file = layout.store(index)?;
        Some(Self {
            volume: file.volume,
            path: file.path.clone(),
            name: file.name.clone(),
            before: Some(file.on_disk()?.to_vec()),
            after,
            recovered: file.replayed().map(dirty::summary),
            now,
        })
    }

    /// A store in the place of one that cannot be read, or of none: whatever the file at `path` holds, it gets these bytes.
    ///
    /// # Errors
    /// The volume cannot be read.
    pub fn over(
        storage: &dyn Storage,
        layout: &Layout,
        volume: VolumeIndex,
        path: &str,
        after: Vec<u8>,
        now: u64,
    ) -> Result<Self, PlanError> {
        let draft = Draft::new(storage, layout.table.sector_size);
        let site = Site::new(layout, volume, now)?;
        let before = site.look(&draft, |volume| volume.read(path, STORE_MAX))?;
        let (path, name) = (path.to_owned(), path.to_owned());
        Ok(Self { volume, path, name, before, after, recovered: None, now })
    }

    /// Whether the file is what it is to be.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.before.as_ref() == Some(&self.after)
    }
}

/// Writes the store on the disk as it will be.
///
/// # Errors
/// [`PlanError::Changed`] when the disk does not hold the store that was edited; its volume cannot be written; what was put there reads back as
/// something else.
pub(super) fn write(
    draft: &mut Draft<'_>,
    layout: &Layout,
    edit: &StoreEdit,
) -> Result<(StorePlan, Option<Touched>), PlanError> {
    let partition = layout.partition(edit.volume).ok_or(PlanError::Changed)?;
    let site = Site::new(layout, edit.volume, edit.now)?;
    if site.look(draft, |volume| volume.read(&edit.path, STORE_MAX))? != edit.before {
        return Err(PlanError::Changed);
    }
    let file = layout.store_on(partition.number, &edit.path);
    let plan = |after: Vec<u8>| StorePlan {
        partition: partition.number,
        path: edit.path.clone(),
        name: edit.name.clone(),
        before: edit.before.clone(),
        after,
        recovered: edit.recovered.clone(),
    };
    if let Some((file, bytes)) = file.and_then(|file| Some((file, within_a_sector(layout, file, edit)?))) {
        let extents = file.place.as_ref().map_err(|reason| PlanError::Check(reason.to_string()))?;
        in_file::write(draft, extents, &bytes, "byte of a store")?;
        return Ok((plan(edit.after.clone()), None));
    }
    let mut after = edit.after.clone();
    let above = site.look(draft, |volume| Ok(highest_number(volume, &edit.path)))?;
    raise_sequence(&mut after, above).map_err(|error| PlanError::Check(error.to_string()))?;
    if edit.before.is_some() {
        site.renew(draft, &edit.path, &after)?;
    } else {
        let (from, to, role) = (Origin::Made, edit.path.clone(), Role::Program);
        let put = BootFile { from, to, contents: after.clone(), role, replaces: None };
        site.put_files(draft, &[&put])?;
    }
    site.is_as_put(draft, &edit.path, &after)?;
    let touched = Touched::Volume { partition: partition.number, start: partition.start };
    Ok((plan(after), Some(touched)))
}

/// Whether nothing of the volume changes but one sector of the store.
pub(super) fn is_in_place(layout: &Layout, file: &StoreFile, edit: &StoreEdit) -> bool {
    within_a_sector(layout, file, edit).is_some()
}

/// The bytes that change, where the store is clean and all of them lie in one sector.
fn within_a_sector(layout: &Layout, file: &StoreFile, edit: &StoreEdit) -> Option<Edit> {
    let extents = file.place.as_ref().ok().filter(|_| file.dirty.is_none())?;
    in_file::within_a_sector(extents, layout.table.sector_size, edit.before.as_ref()?, &edit.after)
}
