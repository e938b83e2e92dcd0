//! The plan: what a diagnosis would change, as whole sectors of the disk in the order of writing.

use crate::diagnosis::Context;
use crate::diagnosis::Diagnosis;
use crate::diagnosis::diagnose;
use crate::diagnosis::identity::restore::Restore;
use crate::diagnosis::model::byte_edit::ByteEdit;
use crate::layout::Layout;
use crate::layout::ask::discover_for;
use crate::partition::DiskId;
use crate::repair::change::bytes;
use crate::repair::change::identity;
use crate::repair::change::log_replay;
use crate::repair::change::store;
use crate::repair::cure::Cure;
use crate::repair::draft::Draft;
use crate::repair::error::PlanError;
use crate::repair::error::Unread;
use crate::repair::nvram;
use crate::repair::nvram::EntryPlan;
use crate::repair::nvram::FirmwareEntry;
use crate::repair::patch::Patch;
use crate::repair::rebuild;
use crate::repair::rebuild::made::Made;
use crate::repair::rebuild::made::MadeStore;
use crate::repair::store_edit;
use crate::repair::store_edit::StoreEdit;
use crate::repair::task::Task;
use crate::repair::text_edit;
use crate::repair::touched::Touched;
use crate::storage::Storage;
use crate::storage::cache::Cached;
use crate::storage::window::Window;

pub use crate::repair::change::store::StorePlan;

/// What will be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// The stores that change.
    pub stores: Vec<StorePlan>,
    /// The sectors that change, in the order of writing.
    pub patches: Vec<Patch>,
    /// The identity that the disk then has, where it is that which changes, not a store.
    pub restored: Option<DiskId>,
    /// What else changes than stores.
    pub touched: Vec<Touched>,
    /// What is made anew.
    pub made: Vec<Made>,
}

impl Plan {
    /// The entry that the firmware's boot menu gets.
    #[must_use]
    pub fn firmware_entry(&self) -> Option<&FirmwareEntry> {
        self.made.iter().find_map(Made::firmware_entry)
    }

    /// Whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.patches.is_empty() && self.firmware_entry().is_none()
    }

    /// Adds the entry of the firmware's boot menu, where it was asked for and is not there.
    ///
    /// # Errors
    /// The boot menu cannot be read, or cannot get one.
    pub(super) fn add_firmware_entry(
        &mut self,
        layout: &Layout,
        diagnosis: &Diagnosis,
        context: &Context,
    ) -> Result<(), PlanError> {
        let orders = context.orders.as_ref();
        // Whether a repair comes out is a question of the disk alone.
        let Some(directory) = orders.firmware_entry.as_ref().filter(|_| !orders.is_trial) else {
            return Ok(());
        };
        if let EntryPlan::Make(entry) = nvram::plan(directory, layout, diagnosis)? {
            self.made.push(Made::FirmwareEntry(entry));
        }
        Ok(())
    }
}

/// Makes the plan of a cure; empty where it has nothing to do.
///
/// The order of the changes is the order of writing: `boot.ini` and `ReAgent.xml` first; then a dirty store is made whole; then SYSTEM hives
/// (drive letters, start values of drivers); then the identity, or what the stores name; boot flags and boot records last.
///
/// # Errors
/// [`PlanError`] when the disk does not hold what the layout says, the result would change anything but what was diagnosed, or
/// the old identity cannot be put back.
pub fn plan(
    storage: &dyn Storage,
    layout: &Layout,
    diagnosis: &Diagnosis,
    cure: Cure,
) -> Result<Plan, PlanError> {
    let draft = Draft::new(storage, layout.table.sector_size);
    into_plan(draft, layout, diagnosis, cure)
}

/// Makes the plan of an edit.
///
/// # Errors
/// As those of [`store_edit::write`].
pub(super) fn of_edit(storage: &dyn Storage, layout: &Layout, edit: &StoreEdit) -> Result<Plan, PlanError> {
    edited(Draft::new(storage, layout.table.sector_size), layout, edit)
}

fn edited(mut draft: Draft<'_>, layout: &Layout, edit: &StoreEdit) -> Result<Plan, PlanError> {
    let (store, touched) = store_edit::write(&mut draft, layout, edit)?;
    let (stores, touched) = (vec![store], touched.into_iter().collect());
    Ok(Plan { stores, patches: draft.into_patches()?, restored: None, touched, made: Vec::new() })
}

fn into_plan(
    mut draft: Draft<'_>,
    layout: &Layout,
    diagnosis: &Diagnosis,
    cure: Cure,
) -> Result<Plan, PlanError> {
    let (mut stores, mut touched, mut restored) = (Vec::new(), Vec::new(), None);
    let mut made = Vec::new();
    // Letters and stores are what tells the old identity: they are right after the texts, or nothing could complete a repair that was cut.
    text_edit::write(&mut draft, layout, diagnosis, &mut touched)?;
    if cure.restores(diagnosis) {
        let Restore::Possible(old) = &diagnosis.restore else {
            return Err(PlanError::Check("no old identity is known".into()));
        };
        bytes::write_hives(&mut draft, layout, diagnosis, &mut touched)?;
        identity::write(&mut draft, layout, old)?;
        restored = Some(old.disk);
    } else {
        log_replay::write(&mut draft, layout, &diagnosis.stores())?;
        bytes::write_hives(&mut draft, layout, diagnosis, &mut touched)?;
        if let Some(rebuild) = diagnosis.rebuild() {
            made = rebuild::write(&mut draft, layout, rebuild)?;
            let partition = layout.partition(rebuild.system).map_or((0, 0), |it| (it.number, it.start));
            if rebuild.parts.boot_code {
                touched.push(Touched::Table);
            }
            touched.push(Touched::Volume { partition: partition.0, start: partition.1 });
        }
        stores.extend(made.iter().filter_map(Made::store).map(MadeStore::plan));
        stores.extend(store::write(&mut draft, layout, diagnosis)?);
    }
    let flags = diagnosis.rebuild().into_iter().flat_map(|rebuild| &rebuild.flags);
    let edits: Vec<&ByteEdit> = diagnosis.edits().chain(flags).collect();
    bytes::write_boot(&mut draft, layout, edits.into_iter(), &mut touched)?;
    Ok(Plan { stores, patches: draft.into_patches()?, restored, touched, made })
}

/// Makes the plan anew, and compares; returns what is where, and what is wrong.
///
/// # Errors
/// [`PlanError::Changed`] when the disk now leads to another plan, [`PlanError::Unread`] when that is for a failed read, and
/// the reasons of [`plan`].
pub fn still_holds(
    plan: &Plan,
    storage: &dyn Storage,
    context: &Context,
    cure: Cure,
) -> Result<(Layout, Diagnosis), PlanError> {
    still_does(plan, storage, context, &Task::Cure(cure))
}

/// The same for whatever a repair does.
pub(super) fn still_does(
    plan: &Plan,
    storage: &dyn Storage,
    context: &Context,
    task: &Task,
) -> Result<(Layout, Diagnosis), PlanError> {
    let cached = Cached::new(Window::new(storage, 0, storage.len()));
    let layout =
        discover_for(&cached, context.choice.on).map_err(|error| PlanError::Unread(Unread::Table(error)))?;
    let diagnosis = diagnose(&layout, context);
    let draft = Draft::like(&cached, layout.table.sector_size, &plan.patches);
    let again = match task {
        Task::Cure(cure) => {
            let mut again = into_plan(draft, &layout, &diagnosis, *cure)?;
            again.add_firmware_entry(&layout, &diagnosis, context)?;
            again
        }
        Task::Edit(edit) => edited(draft, &layout, edit)?,
    };
    if again == *plan {
        return Ok((layout, diagnosis));
    }
    Err(match layout.failed_read {
        Some(error) => PlanError::Unread(Unread::Part(error)),
        None => PlanError::Changed,
    })
}
