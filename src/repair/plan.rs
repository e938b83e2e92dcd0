//! The plan: from re-pointings to edits of a store's bytes, and from those to whole sectors of the disk.

use crate::bcd::Store;
use crate::bcd::edit;
use crate::bcd::edit::Edit;
use crate::bcd::element::ElementValue;
use crate::diagnosis::Context;
use crate::diagnosis::Diagnosis;
use crate::diagnosis::Repoint;
use crate::diagnosis::diagnose;
use crate::diagnosis::model::byte_edit::ByteEdit;
use crate::diagnosis::model::byte_edit::Site;
use crate::diagnosis::store::dirty;
use crate::layout;
use crate::layout::Layout;
use crate::layout::index::StoreIndex;
use crate::layout::store::StoreFile;
use crate::partition::DiskId;
use crate::partition::PartitionError;
use crate::repair::Patch;
use crate::repair::edits;
use crate::repair::edits::Touched;
use crate::repair::identity;
use crate::repair::log_replay;
use crate::repair::rehearse::Overlay;
use crate::repair::sectors::Sectors;
use crate::repair::verify::prove;
use crate::storage::Storage;
use crate::storage::StorageError;
use crate::storage::cache::Cached;
use crate::storage::window::Window;

/// Why no plan could be made. Nothing was written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PlanError {
    /// The disk could not be read.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// The layout and the disk disagree: it changed while it was examined, or a parser is wrong.
    #[error("{what} at 0x{at:x} of the disk: expected {expected}, found {found}; nothing was written")]
    Mismatch {
        /// What was looked at.
        what: String,
        /// Byte of the disk.
        at: u64,
        /// What the layout says.
        expected: String,
        /// What is there.
        found: String,
    },
    /// A copy of the partition table is not sound, so that the other one cannot be written.
    #[error(
        "{0}; if an earlier repair was cut short here, `bcdrescue undo` with its record brings both copies back; else mend the table first (`sgdisk -e` or `gdisk`), so that one copy is valid while the other is written; nothing was written"
    )]
    Table(PartitionError),
    /// The disk, looked at again under the lock, leads to another plan.
    #[error(
        "the disk has changed since it was examined: something else writes to it, or another disk has its name now; nothing was written; look again with check"
    )]
    Changed,
    /// The disk, looked at again under the lock, leads to another plan, and a part of it cannot be read.
    #[error(
        "the disk cannot be read as when it was examined, or is another one now: {0}; nothing was written; look again with check"
    )]
    Unread(String),
    /// Tried in memory, the repair does not come out.
    #[error(
        "tried in memory, the repair does not come out: {0}; nothing was written; if an earlier repair was cut short here, undo it by its record first"
    )]
    Rehearsal(String),
    /// A store or element is not what the diagnosis saw.
    #[error("internal check failed: {0}; nothing was written")]
    Check(String),
}

/// One store before and after.
#[derive(Debug, Clone)]
pub struct StorePlan {
    /// Number of its partition.
    pub partition: u32,
    /// Path on the volume.
    pub path: String,
    /// The same for people, as [`StoreFile::name`].
    pub name: String,
    /// The whole file before.
    pub before: Vec<u8>,
    /// The whole file after.
    pub after: Vec<u8>,
    /// What of it comes from logs: the store is dirty, and written as they make it.
    pub recovered: Option<String>,
}

/// What will be written.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The stores that change.
    pub stores: Vec<StorePlan>,
    /// The sectors that change, in the order of writing.
    pub patches: Vec<Patch>,
    /// The identity that the disk then has, where it is that which changes, not a store.
    pub restored: Option<DiskId>,
    /// What else changes than stores.
    pub touched: Vec<Touched>,
}

/// Makes the plan of all re-pointings and other edits of `diagnosis`; empty when there are none.
///
/// # Errors
/// [`PlanError`] when the disk does not hold what the layout says, or the result would change anything but identities.
pub fn plan(storage: &dyn Storage, layout: &Layout, diagnosis: &Diagnosis) -> Result<Plan, PlanError> {
    let mut plan = Plan { stores: Vec::new(), patches: Vec::new(), restored: None, touched: Vec::new() };
    let recovery = log_replay::patches(storage, layout, &diagnosis.stores())?;
    let recovered = Overlay { below: storage, patches: &recovery };
    let mut sectors = Sectors::new(&recovered, layout.table.sector_size, "byte of a hive");
    let first_stage = edits::stages_before_stores(diagnosis);
    let stage = |rank: u8| rank.saturating_add(first_stage);
    for (index, file) in layout.stores_indexed() {
        let repoints: Vec<_> = diagnosis.repoints().filter(|repoint| repoint.store == index).collect();
        let fields: Vec<_> = diagnosis.edits().filter_map(|edit| field(edit, index)).collect();
        if repoints.is_empty() && fields.is_empty() {
            continue;
        }
        let store = file.parsed().ok_or_else(|| PlanError::Check(format!("{} was not parsed", file.path)))?;
        let extents = file.place.as_ref().map_err(|reason| PlanError::Check(reason.clone()))?;
        let before = file.on_disk().unwrap_or_default().to_vec();
        let mut after = store.hive().bytes().to_vec();
        for repoint in &repoints {
            for edit in edits_of(store, repoint)? {
                edit::apply(&mut after, std::slice::from_ref(&edit))
                    .map_err(|e| PlanError::Check(e.to_string()))?;
                sectors.add(extents, &edit, stage(repoint.rank))?;
            }
        }
        for (edit, rank) in &fields {
            edit::apply(&mut after, std::slice::from_ref(edit))
                .map_err(|e| PlanError::Check(e.to_string()))?;
            sectors.add(extents, edit, stage(*rank))?;
        }
        let mut fields: Vec<_> = fields.into_iter().map(|(edit, _)| edit).collect();
        fields.sort_by_key(|edit| edit.at);
        prove(store, &after, &repoints, &fields)?;
        let partition = layout.partition(file.volume).map_or(0, |partition| partition.number);
        let recovered = file.replayed().map(dirty::summary);
        plan.stores.push(StorePlan {
            partition,
            path: file.path.clone(),
            name: file.name.clone(),
            before,
            after,
            recovered,
        });
    }
    plan.touched = edits::add(&mut sectors, layout, diagnosis)?;
    let patches = sectors.into_patches();
    plan.patches = log_replay::followed_by(recovery, patches);
    Ok(plan)
}

/// Makes the plan anew on `storage`, which is now held for writing, and compares. Between the look and the lock
/// (a question may stand there unanswered for hours) the file may have been replaced, or the store have moved, and its
/// old clusters still hold the old bytes.
///
/// # Errors
/// [`PlanError::Changed`] when the disk now leads to another plan, [`PlanError::Unread`] when that is for a failed read, and
/// the reasons of [`plan`].
pub fn still_holds(plan: &Plan, storage: &dyn Storage, context: &Context) -> Result<(), PlanError> {
    let cached = Cached::new(Window::new(storage, 0, storage.len()));
    let layout = layout::discover(&cached).map_err(|error| PlanError::Unread(error.to_string()))?;
    let diagnosis = diagnose(&layout, context);
    let again = match plan.restored {
        Some(_) => identity::plan(&cached, &layout, &diagnosis)?,
        None => self::plan(&cached, &layout, &diagnosis)?,
    };
    let same_stores =
        again.stores.iter().map(|store| &store.before).eq(plan.stores.iter().map(|s| &s.before));
    match layout.failed_read {
        _ if again.patches == plan.patches && same_stores => Ok(()),
        Some(error) => Err(PlanError::Unread(error.to_string())),
        None => Err(PlanError::Changed),
    }
}

/// An edit that is no re-pointing, when it lies in the file of this store, with its place in the order of writing.
fn field(edit: &ByteEdit, index: StoreIndex) -> Option<(Edit, u8)> {
    match edit.site {
        Site::Store { store, at, rank } if store == index => {
            Some((Edit { at, before: edit.before.clone(), after: edit.after.clone() }, rank))
        }
        _ => None,
    }
}

fn edits_of(store: &Store, repoint: &Repoint) -> Result<Vec<Edit>, PlanError> {
    let gone = || PlanError::Check("an element of the plan is not in the store".into());
    let object = store.object_at(repoint.object).ok_or_else(gone)?;
    let element = object.element_at(repoint.element).ok_or_else(gone)?;
    let ElementValue::Device(device) = &element.value else { return Err(gone()) };
    let record = device.identity_at(repoint.record);
    let record = record.filter(|record| record.partition == repoint.old).ok_or_else(gone)?;
    let edits = match repoint.converts() {
        true => edit::convert_identity(element, &record, repoint.new),
        false => edit::replace_identity(element, &record, repoint.new),
    };
    edits.map_err(|error| PlanError::Check(error.to_string()))
}

/// Whether byte `at` of the disk belongs to the file.
#[must_use]
pub fn is_in(file: &StoreFile, at: u64) -> bool {
    file.place.as_ref().is_ok_and(|extents| extents.iter().any(|extent| extent.holds(at)))
}
