//! One repair on its way: what it would do, why not, and whether it may.

use crate::cli::args::command_line::FixArgs;
use crate::cli::args::show_args::ShowArgs;
use crate::cli::output::json::action::Action;
use crate::cli::output::plan_lines;
use crate::cli::output::screen::closing;
use crate::cli::output::screen::details;
use crate::cli::output::screen::headline;
use crate::cli::output::screen::picture;
use crate::cli::output::screen::summary;
use crate::cli::output::screen::ways;
use crate::cli::output::sector_dump;
use crate::cli::run::examine::Examined;
use crate::cli::run::pick;
use crate::cli::run::record_store;
use crate::cli::text::advice;
use crate::cli::text::disk_state::NOTHING_WRITTEN;
use crate::cli::text::exit::FAILED;
use crate::cli::text::exit::HEALTHY;
use crate::cli::text::exit::LEFT;
use crate::cli::text::exit::USAGE;
use crate::cli::text::lines;
use crate::cli::text::words;
use crate::cli::text::words::clean;
use crate::diagnosis::Context;
use crate::diagnosis::Diagnosis;
use crate::diagnosis::Remedy;
use crate::diagnosis::Verdict;
use crate::repair::cure::Cure;
use crate::repair::plan::Plan;
use crate::repair::prospect::starts;
use crate::repair::refusal::Allowed;
use crate::repair::transaction::Planned;
use crate::repair::transaction::Stopped;
use crate::storage::open::may_write;
use crate::storage::open::open_mut;

/// Rows of findings where nothing is repaired, between the picture and what to run.
const ROOM: usize = 9;

/// A disk, what was found on it, and what the user wants.
pub(super) struct RepairRun<'a> {
    pub(super) args: &'a FixArgs,
    pub(super) show: ShowArgs,
    pub(super) context: Context,
    pub(super) examined: Examined,
}

impl RepairRun<'_> {
    /// Shows the plan and carries it out, as far as the user wants.
    ///
    /// # Errors
    /// When a step fails; the message says what state the disk is in.
    pub(super) fn run(self) -> anyhow::Result<u8> {
        self.tell(|out| {
            headline::show(out, &self.examined);
            headline::notes(out, &self.examined);
            match self.show.verbose {
                true => picture::whole(out, &self.examined),
                false => picture::above_plan(out, &self.examined),
            }
        })?;
        if let Some(reason) = self.of_another_machine() {
            return self.refused(&[reason]);
        }
        let Examined { diagnosis, .. } = &self.examined;
        let planned = match Planned::new(self.case(&self.examined), diagnosis, self.cure()) {
            Ok(planned) => planned,
            Err(Stopped::NoWork) => return self.nothing_to_do(),
            Err(stopped) => return self.refused(&advice::of_stopped(&stopped)),
        };
        let path = match record_store::path(&self.examined) {
            Ok(path) => path,
            Err(error) => return self.refused(&[advice::of(&error)]),
        };
        let repair = match planned.rehearse() {
            Ok(repair) => repair,
            Err(error) => return self.refused(&[advice::of_plan(&error)]),
        };
        self.may_begin()?;
        let (plan, rehearsed) = (repair.plan(), repair.after());
        self.tell(|out| {
            self.add_changes(out, Some(plan));
            self.entry_there().iter().for_each(|there| out.add(format_args!("  {there}")));
            plan_lines::recovered(out, plan);
            plan_lines::left(out, &self.examined, plan, self.show.verbose);
            ways::show(out, &self.examined, &self.switches());
            let verdict = words::verdict(rehearsed.verdict);
            out.add(format_args!("  simulated result: {verdict}"));
            self.add_complete(out, rehearsed);
        })?;
        if self.args.write.dry_run {
            self.tell(|out| {
                if self.show.verbose {
                    sector_dump::sectors(out, &plan.patches);
                }
                let bytes = if self.show.verbose { "" } else { "; -v shows every byte" };
                out.add(format_args!(
                    "  dry run: {NOTHING_WRITTEN} ({} to write{bytes})",
                    plan_lines::sectors(&plan.patches)
                ));
            })?;
            self.say(Action::DryRun, Some(plan), None)?;
            return Ok(LEFT);
        }
        match self.agreed(plan, rehearsed)? {
            Some(true) => self.write(repair, path),
            Some(false) => {
                lines::say(format_args!("  {NOTHING_WRITTEN}"))?;
                Ok(LEFT)
            }
            None => {
                let message = pick::unasked("fix");
                self.say(Action::NotConfirmed, Some(plan), Some(&message))?;
                lines::warn(format_args!("error: {message}"));
                Ok(USAGE)
            }
        }
    }

    /// What would stop the repair whatever the plan is: nobody reads a plan that cannot be carried out.
    fn may_begin(&self) -> anyhow::Result<()> {
        let (path, options) = (&self.examined.path, self.args.open.options());
        if self.args.write.dry_run {
            return Ok(may_write(path, &options)?);
        }
        record_store::directory(path, self.examined.kind, self.args.record_dir.as_deref())?;
        // Whoever holds the disk is named before the question, not after the answer.
        drop(open_mut(path, &options)?);
        Ok(())
    }

    /// Tells that there is nothing to do, or nothing that can be done.
    fn nothing_to_do(&self) -> anyhow::Result<u8> {
        self.tell(|out| {
            let prospect = self.prospect();
            match self.show.verbose {
                true => details::findings(out, &self.examined.diagnosis.findings),
                false => summary::rest(out, &self.examined.diagnosis, &prospect, ROOM),
            }
            self.entry_there().iter().for_each(|there| out.add(format_args!("  {there}")));
            out.add(format_args!("  {}: {NOTHING_WRITTEN}", self.why_nothing()));
            closing::show(out, &self.examined, &prospect, &self.given());
        })?;
        let action = match self.examined.diagnosis.verdict {
            Verdict::Unknown => Action::Failed,
            _ => Action::NothingToDo,
        };
        self.say(action, None, None)?;
        Ok(self.left_code())
    }

    pub(super) fn cure(&self) -> Cure {
        if self.args.restore_identity { Cure::RestoreIdentity } else { Cure::Repoint }
    }

    /// Whether the disk gets its old identity back.
    pub(super) fn restores(&self) -> bool {
        self.cure().restores(&self.examined.diagnosis)
    }

    /// The refusals that the user has lifted.
    pub(super) fn allowed(&self) -> Allowed {
        Allowed {
            hibernated: self.args.allow_hibernated,
            dirty_volume: self.args.allow_dirty_volume,
            raid_member: self.args.allow_raid_member,
            repoint: self.args.repoint,
        }
    }

    fn left_code(&self) -> u8 {
        match self.examined.diagnosis.verdict {
            Verdict::Unknown => FAILED,
            Verdict::NotWindows | Verdict::Broken => LEFT,
            _ if self.examined.diagnosis.left().next().is_some() => LEFT,
            _ => HEALTHY,
        }
    }

    fn why_nothing(&self) -> &'static str {
        let mut left = self.examined.diagnosis.left();
        match self.examined.diagnosis.verdict {
            Verdict::Unknown => "unread parts may be what is wrong",
            Verdict::Healthy => "nothing to do",
            _ if self.args.restore_identity && self.examined.diagnosis.is_curable() => {
                "the disk has its identity already; without --restore-identity fix can do more"
            }
            _ if !self.examined.diagnosis.named_disks().is_empty() => "fix does nothing until you say which",
            _ if left.any(|finding| matches!(finding.remedy, Remedy::Switch(..))) => {
                "this repair has to be asked for with a switch"
            }
            _ => "fix cannot repair this",
        }
    }

    fn agreed(&self, plan: &Plan, rehearsed: &Diagnosis) -> anyhow::Result<Option<bool>> {
        if self.show.json && !self.args.write.yes {
            return Ok(None);
        }
        let path = clean(&self.examined.path.display().to_string());
        if !self.args.write.yes {
            self.tell(|out| out.add(format_args!("  {}", self.then(rehearsed))))?;
        }
        let question = match plan.patches.is_empty() {
            true => "  Make the firmware entry?".to_owned(),
            false => format!("  Write {} of {path}?", plan_lines::sectors(&plan.patches)),
        };
        pick::confirm(&question, self.args.write.yes)
    }

    /// What Windows will do after the repair.
    fn then(&self, rehearsed: &Diagnosis) -> String {
        match (starts(&self.examined.diagnosis), starts(rehearsed)) {
            (true, true) => "Windows should start as before.".to_owned(),
            (false, true) => "Windows should then start.".to_owned(),
            (_, false) => format!("{}.", not_started(rehearsed)),
        }
    }
}

/// Why Windows does not start, for people.
pub(super) fn not_started(diagnosis: &Diagnosis) -> String {
    match diagnosis.stop() {
        Some(stop) => format!("Windows still does not start: {}", clean(&stop.message)),
        None => "whether Windows starts cannot be determined".to_owned(),
    }
}
