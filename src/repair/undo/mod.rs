//! The way back, by a record alone: whether it may be gone, and the first of its steps.

mod check;
mod old_store;
mod way_back;

use std::path::PathBuf;

use crate::error::way_out::WayOut;
use crate::layout::Layout;
use crate::layout::discover;
use crate::partition::DiskId;
use crate::partition::PartitionError;
use crate::repair::apply::is_done;
use crate::repair::goal::Goal;
use crate::repair::patch::Patch;
use crate::repair::record::Record;
use crate::repair::record::disk_text;
use crate::repair::transaction::Recorded;
use crate::storage::Storage;
use crate::storage::StorageError;
use crate::storage::StorageMut;
use crate::storage::cache::Cached;
use crate::storage::window::Window;

pub use check::UndoRefusal;
pub use check::check;
pub use check::check_but_identity;
pub use way_back::WayBack;
pub use way_back::way_back;

use old_store::with_contents;

/// Why an undo is not begun. Nothing was written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Stopped {
    /// The disk is as it was already, but for an identity that it was given since.
    #[error("the disk is already as it was before the repair")]
    Done(Option<DiskId>),
    /// It must not be undone there.
    #[error("{0}")]
    Refused(UndoRefusal),
    /// The disk cannot be read.
    #[error(transparent)]
    Storage(#[from] StorageError),
    /// Its partition table cannot be read.
    #[error(transparent)]
    Table(#[from] PartitionError),
    /// It was given another identity since it was looked at.
    #[error("the disk's identity has just changed to {0}")]
    JustChanged(String),
}

impl Stopped {
    /// What the user can do, where the rooms below know that.
    #[must_use]
    pub fn way_out(&self) -> Option<&WayOut> {
        match self {
            Self::Storage(error) => error.way_out(),
            Self::Table(error) => error.way_out(),
            Self::Done(_) | Self::Refused(_) | Self::JustChanged(_) => None,
        }
    }
}

impl From<UndoRefusal> for Stopped {
    fn from(refusal: UndoRefusal) -> Self {
        Self::Refused(refusal)
    }
}

/// An undo that may be carried out.
#[must_use]
pub struct Undo {
    record: Record,
    kept: PathBuf,
    patches: Vec<Patch>,
    identity: Option<DiskId>,
}

impl Undo {
    /// The undo of `record`, which is kept at `kept`, on a disk as it was looked at. With `allow_changed_identity` also of a disk that
    /// was given another identity since, and keeps that.
    ///
    /// # Errors
    /// [`Stopped`].
    pub fn new(
        record: &Record,
        kept: PathBuf,
        storage: &dyn Storage,
        layout: &Layout,
        allow_changed_identity: bool,
    ) -> Result<Self, Stopped> {
        let is_disk = check(record, layout, storage.len());
        let (identity, may_stay) = match &is_disk {
            Err(UndoRefusal::OtherIdentity { found, has_table, .. }) => {
                (Some(*found), allow_changed_identity && !has_table)
            }
            _ => (None, false),
        };
        let mut way = WayBack { patches: Vec::new(), rewritten: None };
        if is_disk.is_ok() || identity.is_some() {
            way = way_back(record, storage)?;
            if way.rewritten.is_none() && is_disk.is_ok() {
                way.patches = with_contents(record, storage, layout, way.patches)?;
            }
            if way.rewritten.is_none() && is_done(storage, &way.patches)? {
                return Err(Stopped::Done(identity));
            }
        }
        if let Err(refusal) = is_disk
            && !may_stay
        {
            return Err(Stopped::Refused(check::by_sectors(refusal, record, layout, storage)?));
        }
        Ok(Self { record: record.clone(), kept, patches: as_recorded(way)?, identity })
    }

    /// What would be written.
    #[must_use]
    pub fn patches(&self) -> &[Patch] {
        &self.patches
    }

    /// The identity that the disk was given since the repair, and keeps.
    #[must_use]
    pub const fn identity(&self) -> Option<DiskId> {
        self.identity
    }

    /// Looks at the disk again, which is now held for writing: since the look it may have been replaced.
    ///
    /// # Errors
    /// [`Stopped`].
    pub fn lock(self, disk: Box<dyn StorageMut>) -> Result<Recorded, Stopped> {
        let layout = discover(&Cached::new(Window::new(disk.as_ref(), 0, disk.len())))?;
        match self.identity {
            Some(identity) => {
                check_but_identity(&self.record, &layout, disk.len())?;
                if layout.table.disk != Some(identity) {
                    return Err(Stopped::JustChanged(disk_text(layout.table.disk)));
                }
            }
            None => check(&self.record, &layout, disk.len())?,
        }
        let Self { record, kept, patches, identity } = self;
        // What was seen before it was held may be other by now.
        drop(patches);
        let patches = as_recorded(way_back(&record, disk.as_ref())?)?;
        let patches = with_contents(&record, disk.as_ref(), &layout, patches)?;
        Ok(Recorded { disk, record, kept, goal: Goal::Undone { patches, identity } })
    }
}

/// The sectors that lead back, where nothing else wrote them.
fn as_recorded(way: WayBack) -> Result<Vec<Patch>, UndoRefusal> {
    match way.rewritten {
        Some(at) => Err(UndoRefusal::Rewritten { at }),
        None => Ok(way.patches),
    }
}

#[cfg(test)]
mod tests;
