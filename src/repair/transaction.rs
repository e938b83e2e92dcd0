//! A repair from the plan to the proof. Each step can only follow the one before it:
//!
//! [`Planned`] -> [`Rehearsed`] -> [`Locked`] -> [`Recorded`] -> [`Applied`] -> [`Verified`]
//!
//! An undo has its record already: [`crate::repair::undo::Undo`] goes on from [`Recorded`].

use std::path::Path;
use std::path::PathBuf;
use std::sync::Arc;

use crate::diagnosis::Context;
use crate::diagnosis::Diagnosis;
use crate::diagnosis::Verdict;
use crate::layout::Layout;
use crate::repair::apply::ApplyError;
use crate::repair::apply::apply_telling;
use crate::repair::case::Case;
use crate::repair::cure::Cure;
use crate::repair::error::Deviation;
use crate::repair::error::PlanError;
use crate::repair::goal::Goal;
use crate::repair::plan;
use crate::repair::plan::Plan;
use crate::repair::record::Record;
use crate::repair::record::RecordError;
use crate::repair::refusal::Allowed;
use crate::repair::refusal::Refusal;
use crate::repair::refusal::refusals;
use crate::repair::refusal::refusals_of_edit;
use crate::repair::rehearse::rehearse;
use crate::repair::rehearse::rehearse_edit;
use crate::repair::store_edit::StoreEdit;
use crate::repair::task::Task;
use crate::storage::StorageMut;

/// Why a repair is not planned. Nothing was written.
#[derive(Debug, Clone, thiserror::Error)]
#[non_exhaustive]
pub enum Stopped {
    /// There is nothing to do.
    #[error("nothing to do")]
    NoWork,
    /// It is refused, for each of these reasons.
    #[error("refused: {}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Refused(Vec<Refusal>),
    /// It does not come to a plan, or the plan does not come out.
    #[error(transparent)]
    Plan(Arc<PlanError>),
}

impl From<PlanError> for Stopped {
    fn from(error: PlanError) -> Self {
        Self::Plan(Arc::new(error))
    }
}

/// A repair that has a plan, and that nothing stands against.
#[must_use]
pub struct Planned<'a> {
    case: Case<'a>,
    before: &'a Diagnosis,
    task: Task,
    plan: Plan,
}

impl<'a> Planned<'a> {
    /// Plans a cure of what was diagnosed.
    ///
    /// # Errors
    /// [`Stopped`]: there is nothing to do, something stands against it, or there is no plan.
    pub fn new(case: Case<'a>, before: &'a Diagnosis, cure: Cure) -> Result<Self, Stopped> {
        let refused = refusals(case.layout, case.context, before, cure, case.allowed);
        if !refused.is_empty() {
            return Err(Stopped::Refused(refused));
        }
        // A disk that starts may still need an entry in the firmware's boot menu.
        let is_well = matches!(before.verdict, Verdict::Healthy | Verdict::Degraded);
        let may_need_entry = is_well && case.context.orders.firmware_entry.is_some();
        if !cure.has_work(before) && !may_need_entry {
            return Err(Stopped::NoWork);
        }
        let mut plan = plan::plan(case.storage, case.layout, before, cure)?;
        plan.add_firmware_entry(case.layout, before, case.context)?;
        if plan.is_empty() {
            return Err(Stopped::NoWork);
        }
        Ok(Self { case, before, task: Task::Cure(cure), plan })
    }

    /// Plans an edit of a store.
    ///
    /// # Errors
    /// As [`Planned::new`].
    pub fn edit(case: Case<'a>, before: &'a Diagnosis, edit: StoreEdit) -> Result<Self, Stopped> {
        if edit.is_nothing() {
            return Err(Stopped::NoWork);
        }
        let refused = refusals_of_edit(case.layout, &edit, case.allowed);
        if !refused.is_empty() {
            return Err(Stopped::Refused(refused));
        }
        let plan = plan::of_edit(case.storage, case.layout, &edit)?;
        Ok(Self { case, before, task: Task::Edit(Box::new(edit)), plan })
    }

    /// Tries the plan in memory.
    ///
    /// # Errors
    /// [`PlanError`] when it does not come out, or would stop Windows where nothing does now.
    pub fn rehearse(self) -> Result<Rehearsed, PlanError> {
        let Self { case, before, task, plan } = self;
        let after = match task {
            Task::Cure(_) => rehearse(&plan, case.storage, case.context, before)?,
            Task::Edit(_) => rehearse_edit(&plan, case.storage, case.context)?,
        };
        Ok(Rehearsed { plan, after, task, allowed: case.allowed })
    }
}

/// A repair that comes out in memory.
#[must_use]
#[derive(Debug)]
pub struct Rehearsed {
    plan: Plan,
    after: Diagnosis,
    task: Task,
    allowed: Allowed,
}

impl Rehearsed {
    /// What would be written.
    #[must_use]
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// What the disk is then.
    #[must_use]
    pub const fn after(&self) -> &Diagnosis {
        &self.after
    }

    /// The same, where no more than the outcome is wanted.
    #[must_use]
    pub fn into_after(self) -> Diagnosis {
        self.after
    }

    /// Looks at the disk again, which is now held for writing, and plans anew. Between the look and the lock (a question may
    /// stand there unanswered for hours) the file may have been replaced, or the store have moved, and its old clusters still
    /// hold the old bytes.
    ///
    /// # Errors
    /// [`Stopped::Plan`] when the disk now leads to another plan, [`Stopped::Refused`] when something stands against it now.
    pub fn lock(self, disk: Box<dyn StorageMut>, context: &Context) -> Result<Locked, Stopped> {
        let (layout, diagnosis) = plan::still_does(&self.plan, disk.as_ref(), context, &self.task)?;
        let refused = match &self.task {
            Task::Cure(cure) => refusals(&layout, context, &diagnosis, *cure, self.allowed),
            Task::Edit(edit) => refusals_of_edit(&layout, edit, self.allowed),
        };
        match refused.is_empty() {
            true => Ok(Locked { repair: self, layout, disk }),
            false => Err(Stopped::Refused(refused)),
        }
    }
}

/// A repair whose disk is held, and is as it was when it was examined.
#[must_use]
pub struct Locked {
    repair: Rehearsed,
    layout: Layout,
    disk: Box<dyn StorageMut>,
}

impl Locked {
    /// Writes the undo record of the disk at the absolute `path`, made at `created`, to the first of these files that is not
    /// there yet.
    ///
    /// # Errors
    /// As [`Record::create_first`]; nothing was written to the disk.
    pub fn record(
        self,
        path: PathBuf,
        created: String,
        files: impl IntoIterator<Item = PathBuf>,
    ) -> Result<Recorded, RecordError> {
        let Self { repair: Rehearsed { plan, after, task, .. }, layout, disk } = self;
        let record = Record::of(&plan, &layout, disk.len(), path, created);
        let kept = record.create_first(files)?;
        let rehearsed = Box::new(after);
        let goal = match task {
            Task::Cure(_) => Goal::Repaired { plan, rehearsed },
            Task::Edit(_) => Goal::Edited { plan, rehearsed },
        };
        Ok(Recorded { disk, record, kept, goal })
    }
}

/// What is to be written, with its undo record on stable storage.
#[must_use]
pub struct Recorded {
    pub(super) disk: Box<dyn StorageMut>,
    pub(super) record: Record,
    pub(super) kept: PathBuf,
    pub(super) goal: Goal,
}

impl Recorded {
    /// Writes, and gives the disk back. A record of what was not even begun is removed.
    ///
    /// # Errors
    /// [`Interrupted`].
    pub fn apply(self) -> Result<Applied, Interrupted> {
        self.apply_telling(&mut |_, _| {})
    }

    /// The same, and tells after each write how many bytes are written, of how many.
    ///
    /// # Errors
    /// As [`Recorded::apply`].
    pub fn apply_telling(self, tell: &mut dyn FnMut(u64, u64)) -> Result<Applied, Interrupted> {
        let Self { mut disk, record, kept, goal } = self;
        let written = apply_telling(disk.as_mut(), goal.patches(), tell);
        drop(disk);
        match written {
            Ok(_) => Ok(Applied { record, kept, goal }),
            Err(error) => {
                let is_of_nothing = !error.is_begun() && !matches!(goal, Goal::Undone { .. });
                if is_of_nothing {
                    let _ = std::fs::remove_file(&kept);
                }
                Err(Interrupted { error, record: kept })
            }
        }
    }
}

/// Not everything was written, or nothing at all.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
pub struct Interrupted {
    /// What happened, and how far it came.
    pub error: ApplyError,
    /// The undo record, which is there where something may have been written.
    pub record: PathBuf,
}

/// What was written and read back, and is yet to be examined.
#[must_use]
pub struct Applied {
    record: Record,
    kept: PathBuf,
    goal: Goal,
}

impl Applied {
    /// The undo record.
    #[must_use]
    pub fn record(&self) -> &Path {
        &self.kept
    }

    /// Whether the disk, opened and examined anew, is what it was to be; marks the record then.
    ///
    /// # Errors
    /// [`Deviation`]; the record can be undone all the same.
    pub fn verify(mut self, layout: &Layout, diagnosis: &Diagnosis) -> Result<Verified, Deviation> {
        self.goal.is_met(&self.record, layout, diagnosis)?;
        let unmarked = self.record.set_state(&self.kept, self.goal.state()).err();
        Ok(Verified { record: self.kept, unmarked })
    }
}

/// A disk that was written, and is what it was to be.
#[derive(Debug)]
pub struct Verified {
    /// The undo record.
    pub record: PathBuf,
    /// Why the record could not be marked, which is no harm to it.
    pub unmarked: Option<RecordError>,
}
