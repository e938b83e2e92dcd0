//! The entry of the firmware's boot menu, which is made once the disk is written and proven.

use crate::cli::commands::fix::repair_run::RepairRun;
use crate::cli::run::efivars;
use crate::cli::run::examine::Examined;
use crate::cli::text::lines;
use crate::cli::text::words::clean;
use crate::repair::nvram;
use crate::repair::nvram::EntryPlan;
use crate::repair::plan::Plan;
use crate::storage::open::TargetKind;

impl RepairRun<'_> {
    /// Why this machine gets no entry for the target, whatever is on it: it is no disk of this machine, and nobody said which one is
    /// meant.
    pub(super) fn of_another_machine(&self) -> Option<String> {
        let is_here = self.examined.kind == TargetKind::Device || efivars::is_named();
        (self.args.choice.rebuild.firmware_entry && !is_here).then(|| {
            "--firmware-entry writes to the NVRAM of this machine, and the target is not one of its disks; omit the \
             switch, and run fix on the machine that starts it"
                .to_owned()
        })
    }

    /// Tells of an entry that was asked for and is there.
    pub(super) fn entry_there(&self) -> Option<String> {
        let directory = self.context.orders.firmware_entry.as_ref()?;
        let Examined { layout, diagnosis, .. } = &self.examined;
        match nvram::plan(directory, layout, diagnosis) {
            Ok(EntryPlan::There(number)) => Some(format!(
                "firmware entry Boot{number:04X} starts this boot manager already; BootOrder is left as it is"
            )),
            _ => None,
        }
    }

    /// Makes the entry of the plan; whether that went well. What could not be made is in the plan no more, and in the notes.
    ///
    /// # Errors
    /// It could not be made, and was all that was to be done.
    pub(super) fn make_entry(&self, plan: &mut Plan, after: &mut Examined) -> anyhow::Result<bool> {
        let Some(directory) = &self.context.orders.firmware_entry else { return Ok(true) };
        let Some(entry) = plan.firmware_entry() else { return Ok(true) };
        let Err(error) = entry.make(directory) else { return Ok(true) };
        if plan.patches.is_empty() {
            return Err(error.into());
        }
        plan.made.retain(|made| made.firmware_entry().is_none());
        let note = format!("the disk is written and verified; only the firmware entry was not made: {error}");
        if !self.show.json {
            lines::warn(format_args!("error: {}", clean(&note)));
        }
        after.notes.push(note);
        Ok(false)
    }
}
