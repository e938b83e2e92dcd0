//! What a disk has to be when it was written, by a repair or by its undo.

use crate::bcd::Store;
use crate::diagnosis::Diagnosis;
use crate::layout::Layout;
use crate::layout::store::StoreFile;
use crate::partition::DiskId;
use crate::repair::error::Deviation;
use crate::repair::error::DeviationKind;
use crate::repair::patch::Patch;
use crate::repair::plan::Plan;
use crate::repair::record::Record;
use crate::repair::record::State;
use crate::repair::record::disk_text;
use crate::repair::record::sha256;
use crate::repair::rehearse::as_rehearsed;
use crate::repair::rehearse::came_out;
use crate::repair::rehearse::has_stores;

/// What a disk has to be.
pub(super) enum Goal {
    /// What was planned, and what the rehearsal found.
    Repaired { plan: Plan, rehearsed: Box<Diagnosis> },
    /// What was planned and rehearsed, without more: the user typed it.
    Edited { plan: Plan, rehearsed: Box<Diagnosis> },
    /// What it was before the repair, but for an identity that it was given since and keeps.
    Undone { patches: Vec<Patch>, identity: Option<DiskId> },
}

impl Goal {
    /// The sectors that lead to it, in the order of writing.
    pub(super) fn patches(&self) -> &[Patch] {
        match self {
            Self::Repaired { plan, .. } | Self::Edited { plan, .. } => &plan.patches,
            Self::Undone { patches, .. } => patches,
        }
    }

    /// The state of the record when it is met.
    pub(super) const fn state(&self) -> State {
        match self {
            Self::Repaired { .. } | Self::Edited { .. } => State::Applied,
            Self::Undone { .. } => State::Undone,
        }
    }

    /// Whether the disk, examined anew, is so.
    pub(super) fn is_met(
        &self,
        record: &Record,
        layout: &Layout,
        diagnosis: &Diagnosis,
    ) -> Result<(), Deviation> {
        match self {
            Self::Repaired { plan, rehearsed } => {
                came_out(plan, layout, diagnosis)?;
                as_rehearsed(rehearsed, diagnosis)
            }
            Self::Edited { plan, rehearsed } => {
                has_stores(plan, layout)?;
                as_rehearsed(rehearsed, diagnosis)
            }
            Self::Undone { identity, .. } => is_as_before(record, layout, *identity),
        }
    }
}

/// Whether the disk has its identity and its stores as they were.
fn is_as_before(record: &Record, layout: &Layout, identity: Option<DiskId>) -> Result<(), Deviation> {
    let found = disk_text(layout.table.disk);
    let expected = identity.map_or_else(|| record.target.disk.clone(), DiskId::text);
    if found != expected {
        return Err(DeviationKind::Identity { expected, found }.into());
    }
    for saved in &record.stores {
        let found = layout.store_on(saved.partition, &saved.path);
        let is_as_before = match &saved.before {
            Some(before) => match found.and_then(StoreFile::on_disk) {
                Some(store) => sha256(store) == before.sha256,
                // What was ruined cannot be read as a store again; its sectors were read back.
                None => found.is_some() && Store::parse(before.bytes.clone()).is_err(),
            },
            None => found.is_none(),
        };
        if !is_as_before {
            return Err(Deviation::seen(layout, DeviationKind::OldStore { path: saved.path.clone() }));
        }
    }
    Ok(())
}
