//! A store of a disk that is edited: plan, question, record, write, proof.

use std::path::PathBuf;

use crate::bcd::Store;
use crate::bcd::compare::Comparison;
use crate::bcd::compare::compare;
use crate::cli::args::bcd_args::place::EditArgs;
use crate::cli::args::show_args::ShowArgs;
use crate::cli::output::json::action::Action;
use crate::cli::output::plan_lines;
use crate::cli::run::carry_out::CarriedOut;
use crate::cli::run::carry_out::Place;
use crate::cli::run::carry_out::carry_out;
use crate::cli::run::examine::Examined;
use crate::cli::run::pick;
use crate::cli::run::record_store;
use crate::cli::text::advice;
use crate::cli::text::disk_state;
use crate::cli::text::disk_state::NOTHING_WRITTEN;
use crate::cli::text::exit::HEALTHY;
use crate::cli::text::exit::LEFT;
use crate::cli::text::exit::USAGE;
use crate::cli::text::lines;
use crate::cli::text::words;
use crate::cli::text::words::clean;
use crate::diagnosis::Context;
use crate::repair::case::Case;
use crate::repair::plan::Plan;
use crate::repair::refusal::Allowed;
use crate::repair::store_edit::StoreEdit;
use crate::repair::transaction::Planned;
use crate::repair::transaction::Rehearsed;
use crate::repair::transaction::Stopped;
use crate::storage::open::may_write;
use crate::storage::open::open_mut;

/// An edit of a disk's store on its way.
pub(super) struct DiskEdit<'a> {
    pub(super) args: &'a EditArgs,
    pub(super) show: ShowArgs,
    pub(super) examined: &'a Examined,
    pub(super) context: &'a Context,
    /// The store as it is.
    pub(super) before: &'a Store,
    pub(super) edit: StoreEdit,
    /// What is to be said besides.
    pub(super) notes: Vec<String>,
}

impl DiskEdit<'_> {
    /// Shows what changes and writes it, as far as the user wants.
    ///
    /// # Errors
    /// When a step fails; the message says what state the disk is in.
    pub(super) fn run(self) -> anyhow::Result<u8> {
        self.carried_out().map_err(disk_state::told)
    }

    fn carried_out(&self) -> anyhow::Result<u8> {
        let Self { examined, context, .. } = *self;
        let after = Store::parse(self.edit.after.clone())?;
        let changes = compare(self.before, &after);
        self.tell(|out| self.add_place(out))?;
        let case =
            Case { storage: &examined.storage, layout: &examined.layout, context, allowed: self.allowed() };
        let planned = match Planned::edit(case, &examined.diagnosis, self.edit.clone()) {
            Ok(planned) => planned,
            Err(Stopped::NoWork) => return self.nothing_to_do(&changes),
            Err(stopped) => return self.refused(&changes, &advice::of_stopped(&stopped)),
        };
        let path = record_store::path(examined)?;
        let repair = match planned.rehearse() {
            Ok(repair) => repair,
            Err(error) => return self.refused(&changes, &[advice::of_plan(&error)]),
        };
        self.may_begin()?;
        let rehearsed = repair.after();
        self.tell(|out| self.add_plan(out, &changes, repair.plan(), rehearsed))?;
        if self.args.write.dry_run {
            self.say(Action::DryRun, &changes, Some((repair.plan(), rehearsed)), None, None)?;
            return Ok(LEFT);
        }
        match self.agreed(repair.plan())? {
            Some(true) => self.write(repair, &changes, path),
            Some(false) => {
                lines::say(format_args!("  {NOTHING_WRITTEN}"))?;
                Ok(LEFT)
            }
            None => {
                let message = pick::unasked("bcd");
                let plan = Some((repair.plan(), rehearsed));
                self.say(Action::NotConfirmed, &changes, plan, None, Some(&message))?;
                lines::warn(format_args!("error: {message}"));
                Ok(USAGE)
            }
        }
    }

    fn write(&self, repair: Rehearsed, changes: &Comparison<'_>, path: PathBuf) -> anyhow::Result<u8> {
        let plan = repair.plan().clone();
        let place = Place {
            examined: self.examined,
            options: self.args.place.open.options(),
            with: &[],
            recorded_path: path,
            record_dir: self.args.record_dir.as_deref(),
            is_quiet: self.show.json,
            way_back: &|record| self.way_back(record),
        };
        let CarriedOut { after, record } = carry_out(repair, place, self.context)?;
        self.tell(|out| {
            let verdict = words::verdict(after.diagnosis.verdict);
            out.add(format_args!(
                "  written and verified: {}; the disk is {verdict}",
                plan_lines::sectors(&plan.patches)
            ));
            out.whole(format_args!("To undo:   {}", self.way_back(&record)));
        })?;
        self.say(Action::Written, changes, Some((&plan, &after.diagnosis)), Some(&record), None)?;
        Ok(HEALTHY)
    }

    fn allowed(&self) -> Allowed {
        Allowed {
            hibernated: self.args.allow_hibernated,
            dirty_volume: self.args.allow_dirty_volume,
            raid_member: self.args.allow_raid_member,
            repoint: false,
        }
    }

    /// What would stop the edit whatever it is: nobody reads a plan that cannot be carried out.
    fn may_begin(&self) -> anyhow::Result<()> {
        let (examined, options) = (self.examined, self.args.place.open.options());
        if self.args.write.dry_run {
            return Ok(may_write(&examined.path, &options)?);
        }
        record_store::directory(&examined.path, examined.kind, self.args.record_dir.as_deref())?;
        drop(open_mut(&examined.path, &options)?);
        Ok(())
    }

    fn agreed(&self, plan: &Plan) -> anyhow::Result<Option<bool>> {
        if self.show.json && !self.args.write.yes {
            return Ok(None);
        }
        let path = clean(&self.examined.path.display().to_string());
        let question = format!("  Write {} of {path}?", plan_lines::sectors(&plan.patches));
        pick::confirm(&question, self.args.write.yes)
    }
}
