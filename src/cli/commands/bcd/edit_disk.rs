//! A store of a disk that is edited: plan, question, record, write, proof.

use std::path::Path;

use crate::bcd::Store;
use crate::bcd::compare::Comparison;
use crate::bcd::compare::compare;
use crate::cli::args::bcd_args::place::EditArgs;
use crate::cli::args::show_args::ShowArgs;
use crate::cli::output::json;
use crate::cli::output::json::edited::Edited;
use crate::cli::output::json::edited::NewFault;
use crate::cli::output::json::repair::Action;
use crate::cli::output::named;
use crate::cli::output::plan_lines;
use crate::cli::output::sector_dump;
use crate::cli::output::store_changes;
use crate::cli::run::carry_out::CarriedOut;
use crate::cli::run::carry_out::Place;
use crate::cli::run::carry_out::carry_out;
use crate::cli::run::examine::Examined;
use crate::cli::run::pick;
use crate::cli::run::record_store;
use crate::cli::text::advice;
use crate::cli::text::disk_state;
use crate::cli::text::disk_state::NOTHING_WRITTEN;
use crate::cli::text::exit::FAILED;
use crate::cli::text::exit::HEALTHY;
use crate::cli::text::exit::LEFT;
use crate::cli::text::exit::USAGE;
use crate::cli::text::lines;
use crate::cli::text::lines::Lines;
use crate::cli::text::shell_quote;
use crate::cli::text::words;
use crate::cli::text::words::clean;
use crate::diagnosis::Context;
use crate::diagnosis::Diagnosis;
use crate::diagnosis::Finding;
use crate::diagnosis::Severity;
use crate::layout::Layout;
use crate::repair::case::Case;
use crate::repair::plan::Plan;
use crate::repair::prospect::starts;
use crate::repair::refusal::Allowed;
use crate::repair::store_edit::StoreEdit;
use crate::repair::transaction::Planned;
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
            Some(true) => {}
            Some(false) => {
                lines::say(format_args!("  {NOTHING_WRITTEN}"))?;
                return Ok(LEFT);
            }
            None => {
                let message = pick::unasked("bcd");
                self.say(
                    Action::NotConfirmed,
                    &changes,
                    Some((repair.plan(), rehearsed)),
                    None,
                    Some(&message),
                )?;
                lines::warn(format_args!("error: {message}"));
                return Ok(USAGE);
            }
        }
        let plan = repair.plan().clone();
        let place = Place {
            examined,
            options: self.args.place.open.options(),
            with: &[],
            recorded_path: path,
            record_dir: self.args.record_dir.as_deref(),
            is_quiet: self.show.json,
            way_back: &|record| self.way_back(record),
        };
        let CarriedOut { after, record } = carry_out(repair, place, context)?;
        self.tell(|out| {
            let verdict = words::verdict(after.diagnosis.verdict);
            out.add(format_args!(
                "  written and verified: {}; the disk is {verdict}",
                plan_lines::sectors(&plan.patches)
            ));
            out.whole(format_args!("To undo:   {}", self.way_back(&record)));
        })?;
        self.say(Action::Written, &changes, Some((&plan, &after.diagnosis)), Some(&record), None)?;
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

    const fn layout(&self) -> &Layout {
        &self.examined.layout
    }

    fn tell(&self, add: impl FnOnce(&mut Lines)) -> anyhow::Result<()> {
        if self.show.json { Ok(()) } else { lines::show(add) }
    }

    fn add_place(&self, out: &mut Lines) {
        let place = format!(
            "{}: {} on {}",
            self.examined.path.display(),
            self.edit.path,
            self.layout().name(self.edit.volume)
        );
        out.add(format_args!("{}", clean(&place)));
        for note in &self.examined.notes {
            out.add(format_args!("  note: {}", clean(note)));
        }
    }

    fn add_plan(&self, out: &mut Lines, changes: &Comparison<'_>, plan: &Plan, rehearsed: &Diagnosis) {
        let Self { examined, context, .. } = *self;
        let resolve = |named: &_| named::resolve(&examined.layout, context, named);
        store_changes::add(out, changes, &resolve);
        plan_lines::recovered(out, plan);
        let how = match plan.touched.is_empty() {
            true => "in place",
            false => "the store gets new clusters, and the file system switches to them in one write",
        };
        out.add(format_args!("  {how}: {}", plan_lines::sectors(&plan.patches)));
        self.notes.iter().for_each(|note| out.add(format_args!("  {}", clean(note))));
        for fault in new_faults(&examined.diagnosis, rehearsed) {
            let (subject, message) = (clean(fault.subject.as_str()), clean(&fault.message));
            out.add(format_args!("  warning: {subject}: {message}"));
        }
        match (starts(&examined.diagnosis), starts(rehearsed)) {
            (true, true) => out.add(format_args!("  Windows should start as before.")),
            (false, true) => out.add(format_args!("  Windows should then start.")),
            (true, false) => {
                out.add(format_args!("  WARNING: with this edit Windows does not start any more."))
            }
            (false, false) => out.add(format_args!("  Windows does not start, before and after; see check.")),
        }
        if self.args.write.dry_run {
            if self.show.verbose {
                sector_dump::sectors(out, &plan.patches);
            }
            out.add(format_args!(
                "  dry run: {NOTHING_WRITTEN} ({} to write)",
                plan_lines::sectors(&plan.patches)
            ));
        }
    }

    fn nothing_to_do(&self, changes: &Comparison<'_>) -> anyhow::Result<u8> {
        self.tell(|out| {
            out.add(format_args!("  nothing to do: the store is so already; {NOTHING_WRITTEN}"))
        })?;
        self.say(Action::NothingToDo, changes, None, None, None)?;
        Ok(HEALTHY)
    }

    fn refused(&self, changes: &Comparison<'_>, reasons: &[String]) -> anyhow::Result<u8> {
        self.tell(|out| {
            out.add(format_args!("  refused, {NOTHING_WRITTEN}:"));
            reasons.iter().for_each(|reason| out.add(format_args!("    {}", clean(reason))));
        })?;
        self.say(Action::Refused, changes, None, None, Some(&reasons.join("; ")))?;
        Ok(FAILED)
    }

    fn agreed(&self, plan: &Plan) -> anyhow::Result<Option<bool>> {
        if self.show.json && !self.args.write.yes {
            return Ok(None);
        }
        let path = clean(&self.examined.path.display().to_string());
        let question = format!("  Write {} of {path}?", plan_lines::sectors(&plan.patches));
        pick::confirm(&question, self.args.write.yes)
    }

    /// The command that brings the disk back.
    fn way_back(&self, record: &Path) -> String {
        let words = [vec!["undo".into()], self.args.place.open.words(), vec![shell_quote::path(record)]];
        shell_quote::command(&words.concat())
    }

    fn say(
        &self,
        action: Action,
        changes: &Comparison<'_>,
        plan: Option<(&Plan, &Diagnosis)>,
        record: Option<&Path>,
        error: Option<&str>,
    ) -> anyhow::Result<()> {
        if !self.show.json {
            return Ok(());
        }
        let Self { examined, context, .. } = *self;
        let before = &examined.diagnosis;
        let fault = |finding: &Finding| NewFault {
            code: finding.code.as_str(),
            subject: finding.subject.to_string(),
            message: finding.message.clone(),
        };
        let faults = plan.map(|(_, after)| new_faults(before, after).map(fault).collect());
        let show = |element: &_| named::device(&examined.layout, context, element);
        json::print(&[Edited {
            target: json::path(&examined.path),
            store: Some(self.edit.path.clone()),
            partition: self.layout().partition(self.edit.volume).map(|partition| partition.number),
            action,
            store_changes: json::store_change::changes(changes, &show),
            verdict_before: Some(before.verdict),
            verdict_after: plan.map(|(_, after)| after.verdict),
            new_faults: faults.unwrap_or_default(),
            notes: self.notes.clone(),
            patches: plan.map(|(plan, _)| json::repair::written(&plan.patches)),
            record: record.map(json::path),
            error: error.map(str::to_owned),
        }])
    }
}

/// What is wrong with a disk, and was not before.
fn new_faults<'a>(before: &'a Diagnosis, after: &'a Diagnosis) -> impl Iterator<Item = &'a Finding> {
    let is_old = |finding: &Finding| {
        before.findings.iter().any(|old| (old.code, &old.subject) == (finding.code, &finding.subject))
    };
    after.findings.iter().filter(move |finding| finding.severity > Severity::Note && !is_old(finding))
}
