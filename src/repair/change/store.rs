//! Stores that are patched in place: re-pointings of their elements, and other fields in their files.

use crate::bcd::Store;
use crate::bcd::edit;
use crate::bcd::edit::Edit;
use crate::bcd::element::ElementValue;
use crate::diagnosis::Diagnosis;
use crate::diagnosis::Repoint;
use crate::diagnosis::model::byte_edit::ByteEdit;
use crate::diagnosis::model::byte_edit::Site;
use crate::diagnosis::store::dirty;
use crate::layout::Layout;
use crate::layout::extent::DiskExtent;
use crate::layout::index::StoreIndex;
use crate::layout::store::StoreFile;
use crate::repair::change::in_file;
use crate::repair::change::verify::verify;
use crate::repair::draft::Draft;
use crate::repair::error::PlanError;

/// Ranks of edits, in whose order they are written; see [`Repoint::rank`].
const RANKS: u8 = 5;

/// One store before and after.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StorePlan {
    /// Number of its partition.
    pub partition: u32,
    /// Path on the volume.
    pub path: String,
    /// The same for people, as [`StoreFile::name`].
    pub name: String,
    /// The whole file before; `None` where there is none.
    pub before: Option<Vec<u8>>,
    /// The whole file after.
    pub after: Vec<u8>,
    /// What of it comes from logs: the store is dirty, and written as they make it.
    pub recovered: Option<String>,
}

/// A store with its edits, each with its rank.
struct Patched<'a> {
    plan: StorePlan,
    extents: &'a [DiskExtent],
    edits: Vec<(Edit, u8)>,
}

/// Writes what changes in stores, rank by rank: an entry that is half patched must fail early, with the error that it had.
///
/// # Errors
/// [`PlanError`] when a store is not what the diagnosis saw, or would become anything but what was planned.
pub(crate) fn write(
    draft: &mut Draft<'_>,
    layout: &Layout,
    diagnosis: &Diagnosis,
) -> Result<Vec<StorePlan>, PlanError> {
    let mut stores = Vec::new();
    for index in diagnosis.stores() {
        if let Some(file) = layout.store(index) {
            stores.push(patched(layout, diagnosis, index, file)?);
        }
    }
    for rank in 0..RANKS {
        for store in &stores {
            let edits = store.edits.iter().filter(|(_, of)| *of == rank || (*of > rank && rank == RANKS - 1));
            for (edit, _) in edits {
                in_file::write(draft, store.extents, edit, "byte of a hive")?;
            }
        }
        draft.next_stage();
    }
    Ok(stores.into_iter().map(|store| store.plan).collect())
}

fn patched<'a>(
    layout: &Layout,
    diagnosis: &Diagnosis,
    index: StoreIndex,
    file: &'a StoreFile,
) -> Result<Patched<'a>, PlanError> {
    let repoints: Vec<_> = diagnosis.repoints().filter(|repoint| repoint.store == index).collect();
    let fields: Vec<_> = diagnosis.edits().filter_map(|edit| field(edit, index)).collect();
    let store = file.parsed().ok_or_else(|| PlanError::Check(format!("{} was not parsed", file.path)))?;
    let extents = file.place.as_ref().map_err(|reason| PlanError::Check(reason.to_string()))?;
    let mut edits = Vec::new();
    for repoint in &repoints {
        edits.extend(edits_of(store, repoint)?.into_iter().map(|edit| (edit, repoint.rank)));
    }
    edits.extend(fields.iter().cloned());
    let mut after = store.hive().bytes().to_vec();
    for (edit, _) in &edits {
        edit::apply(&mut after, std::slice::from_ref(edit)).map_err(|e| PlanError::Check(e.to_string()))?;
    }
    let mut fields: Vec<_> = fields.into_iter().map(|(edit, _)| edit).collect();
    fields.sort_by_key(|edit| edit.at);
    verify(store, &after, &repoints, &fields)?;
    let plan = StorePlan {
        partition: layout.partition(file.volume).map_or(0, |partition| partition.number),
        path: file.path.clone(),
        name: file.name.clone(),
        before: Some(file.on_disk().unwrap_or_default().to_vec()),
        after,
        recovered: file.replayed().map(dirty::summary),
    };
    Ok(Patched { plan, extents, edits })
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
    let identity = device.identity_at(repoint.identity);
    let identity = identity.filter(|identity| identity.partition == repoint.old).ok_or_else(gone)?;
    let edits = match repoint.converts() {
        true => edit::convert_identity(element, &identity, repoint.new),
        false => edit::replace_identity(element, &identity, repoint.new),
    };
    edits.map_err(|error| PlanError::Check(error.to_string()))
}
