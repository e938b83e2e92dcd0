//! What `fix` tells, to people and in JSON.

use std::ffi::OsString;
use std::path::Path;

use crate::cli::args::command_line::FixArgs;
use crate::cli::args::on_arg;
use crate::cli::commands::fix::repair_run::RepairRun;
use crate::cli::commands::fix::repair_run::not_started;
use crate::cli::commands::fix::write::way_back;
use crate::cli::output::json;
use crate::cli::output::json::action::Action;
use crate::cli::output::json::repair::CureKind;
use crate::cli::output::json::repair::Repaired;
use crate::cli::output::plan_lines;
use crate::cli::output::plan_made;
use crate::cli::output::screen::closing;
use crate::cli::output::screen::ways;
use crate::cli::run::examine::Examined;
use crate::cli::run::record_store;
use crate::cli::text::disk_state::NOTHING_WRITTEN;
use crate::cli::text::exit::FAILED;
use crate::cli::text::lines;
use crate::cli::text::lines::Lines;
use crate::cli::text::shell_quote;
use crate::cli::text::words;
use crate::cli::text::words::clean;
use crate::diagnosis::Diagnosis;
use crate::diagnosis::show_disk;
use crate::repair::case::Case;
use crate::repair::plan::Plan;
use crate::repair::prospect::Prospect;
use crate::repair::prospect::Way;
use crate::repair::prospect::prospect;
use crate::repair::prospect::starts;

impl RepairRun<'_> {
    /// Lines for people; none when JSON is wanted.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub(super) fn tell(&self, add: impl FnOnce(&mut Lines)) -> anyhow::Result<()> {
        if self.show.json { Ok(()) } else { lines::show(add) }
    }

    /// What would change.
    pub(super) fn add_changes(&self, out: &mut Lines, plan: Option<&Plan>) {
        let Examined { layout, diagnosis, .. } = &self.examined;
        match (self.restores(), self.show.verbose) {
            (true, true) => plan_lines::identity(out, layout, diagnosis),
            (true, false) => plan_lines::restored(out, layout, diagnosis),
            (false, true) => plan_lines::elements(out, diagnosis),
            (false, false) => plan_lines::changes(out, layout, diagnosis),
        }
        if let Some(plan) = plan {
            plan_made::show(out, layout, &plan.made, self.show.verbose);
        }
        let most = if self.show.verbose { usize::MAX } else { plan_lines::FEW };
        plan_lines::edits(out, self.cure().edits(diagnosis), most);
    }

    /// Tells why nothing is written.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub(super) fn refused(&self, reasons: &[String]) -> anyhow::Result<u8> {
        self.tell(|out| {
            out.add(format_args!("  refused, {NOTHING_WRITTEN}:"));
            reasons.iter().for_each(|reason| out.add(format_args!("    {}", clean(reason))));
            self.add_way(out);
            ways::show(out, &self.examined, &self.switches());
            if self.show.verbose {
                self.add_changes(out, None);
            }
        })?;
        self.say(Action::Refused, None, Some(&reasons.join("; ")))?;
        Ok(FAILED)
    }

    /// What else would be done, and by which words; a name that no record can hold stops every repair.
    pub(super) fn prospect(&self) -> Prospect {
        match record_store::path(&self.examined) {
            Ok(_) => prospect(self.case(&self.examined), &self.examined.diagnosis),
            Err(_) => Prospect::default(),
        }
    }

    /// The command that repairs everything, where this one does not.
    pub(super) fn add_complete(&self, out: &mut Lines, rehearsed: &Diagnosis) {
        let way = if starts(rehearsed) { None } else { self.prospect().way };
        if let Some(way) = way.filter(Way::ends_well) {
            out.whole(format_args!("To repair everything: {}", self.with(&way)));
        }
    }

    /// The command that would do, tried in memory.
    fn add_way(&self, out: &mut Lines) {
        let way = if self.args.restore_identity { None } else { self.prospect().way };
        if let Some(way) = way.filter(|way| way.ends_well() && !way.words().is_empty()) {
            let verdict = words::verdict(way.after.verdict);
            closing::step(out, "To repair:", &self.with(&way), &format!("simulated result: {verdict}"));
        }
    }

    /// The disk, with what the user said of it.
    pub(super) fn case<'a>(&'a self, examined: &'a Examined) -> Case<'a> {
        let Examined { layout, storage, .. } = examined;
        Case { storage, layout, context: &self.context, allowed: self.allowed() }
    }

    /// `fix` of the same disk with the same switches and those of a way.
    fn with(&self, way: &Way) -> String {
        closing::command(&self.examined.path, &self.given(), way)
    }

    /// The switches as they were given, but for the one that chooses the repair: a way says that itself.
    pub(super) fn given(&self) -> Vec<OsString> {
        self.switches().into_iter().filter(|word| word != "--restore-identity").collect()
    }

    /// Tells of a repair that is done and proven; `after` is the disk as it is now.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub(super) fn fixed(&self, plan: &Plan, after: &Examined, record: &Path) -> anyhow::Result<()> {
        let is_well = starts(&after.diagnosis);
        if self.show.json {
            let action = if is_well { Action::Fixed } else { Action::Written };
            return json::print(&[self.document(action, after, Some(plan), Some(record), None)]);
        }
        lines::show(|out| {
            let sectors = plan_lines::sectors(&plan.patches);
            let done = match plan.patches.is_empty() {
                true => self.done(plan),
                false => format!("{}, in {sectors}", self.done(plan)),
            };
            match is_well {
                true => {
                    let verdict = words::verdict(after.diagnosis.verdict);
                    out.add(format_args!("  fixed: {done}; verified: {verdict}"));
                }
                false => {
                    let but = not_started(&after.diagnosis);
                    out.add(format_args!("  written and verified ({done}), but {but}"));
                    out.whole(format_args!("Next step: {}", self.next(after)));
                }
            }
            out.whole(format_args!("To undo:   {}", way_back(self.args, record)));
            if is_well && after.diagnosis.left().next().is_some() {
                out.whole(format_args!("Some faults remain; see: {}", self.check_again()));
            }
        })
    }

    /// What to run where Windows still does not start.
    fn next(&self, after: &Examined) -> String {
        let way = prospect(self.case(after), &after.diagnosis).way.filter(Way::ends_well);
        way.map_or_else(|| self.check_again(), |way| self.with(&way))
    }

    /// The command that examines the same disk.
    fn check_again(&self) -> String {
        let target = vec!["check".into(), shell_quote::path(&self.examined.path)];
        let machine = self.args.choice.machine_words();
        shell_quote::command(&[target, self.args.open.words(), machine, self.on()].concat())
    }

    /// The switches that decide what is done, as they were given.
    pub(super) fn switches(&self) -> Vec<OsString> {
        let FixArgs { against, record_dir, .. } = self.args;
        let paths = [("--against", against), ("--record-dir", record_dir)];
        let paths = paths.into_iter().filter_map(|(switch, path)| Some((switch, path.as_ref()?)));
        let paths = paths.flat_map(|(switch, path)| [switch.into(), shell_quote::path(path)]);
        let flags = [
            (self.args.restore_identity, "--restore-identity"),
            (self.args.repoint, "--repoint"),
            (self.args.allow_hibernated, "--allow-hibernated"),
            (self.args.allow_dirty_volume, "--allow-dirty-volume"),
            (self.args.allow_raid_member, "--allow-raid-member"),
        ];
        let flags = flags.into_iter().filter(|(given, _)| *given).map(|(_, switch)| switch.into());
        let more = paths.chain(flags).collect();
        [self.args.open.words(), self.args.choice.words(), self.on(), more].concat()
    }

    /// The controllers that Windows has to start from.
    fn on(&self) -> Vec<OsString> {
        on_arg::words(self.context.choice.on).collect()
    }

    /// What the plan has done, in a few words.
    fn done(&self, plan: &Plan) -> String {
        let diagnosis = &self.examined.diagnosis;
        let edits = self.cure().edits(diagnosis).count();
        let repoints = diagnosis.repoints().count();
        let mut done = Vec::new();
        if plan.stores.iter().any(|store| store.recovered.is_some()) {
            done.push("the store recovered from its log".to_owned());
        }
        match plan.restored {
            Some(disk) => done.push(format!("{} restored", show_disk(disk))),
            None if repoints > 0 => {
                done.push(format!("{} re-pointed", words::count(repoints, "element", "elements")));
            }
            None => {}
        }
        done.extend(plan_made::done(&plan.made));
        if edits > 0 {
            done.push(format!("{} corrected", words::count(edits, "field", "fields")));
        }
        done.join(", ")
    }

    /// Tells in JSON what was not done to a disk that is as it was examined.
    ///
    /// # Errors
    /// When standard output cannot be written.
    pub(super) fn say(&self, action: Action, plan: Option<&Plan>, error: Option<&str>) -> anyhow::Result<()> {
        if self.show.json {
            json::print(&[self.document(action, &self.examined, plan, None, error)])?;
        }
        Ok(())
    }

    /// The state as `state` has it (before, or after a repair), and what was or would be changed.
    fn document(
        &self,
        action: Action,
        state: &Examined,
        plan: Option<&Plan>,
        record: Option<&Path>,
        error: Option<&str>,
    ) -> Repaired {
        let diagnosis = &self.examined.diagnosis;
        let repoints = diagnosis.repoints().filter(|_| !self.restores());
        let mut examined = json::target::target(state);
        examined.error = error.map(str::to_owned).or(examined.error);
        Repaired {
            examined,
            action,
            cure: if self.restores() { CureKind::RestoreIdentity } else { CureKind::Repoint },
            changes: repoints.map(|it| json::finding::change(&self.examined.layout, it)).collect(),
            edits: self.cure().edits(diagnosis).map(json::finding::edit).collect(),
            made: plan.map(|plan| json::made::made(&plan.made)).unwrap_or_default(),
            patches: plan.map(|plan| json::repair::written(&plan.patches)),
            record: record.map(json::path),
        }
    }
}
