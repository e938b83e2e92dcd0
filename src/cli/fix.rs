//! `fix`: plan, ask, record, write, verify.

use std::path::Path;
use std::path::PathBuf;

use anyhow::Context as _;

use crate::cli::FAILED;
use crate::cli::FIXED;
use crate::cli::HEALTHY;
use crate::cli::LEFT;
use crate::cli::USAGE;
use crate::cli::args::FixArgs;
use crate::cli::confine;
use crate::cli::examine;
use crate::cli::examine::Examined;
use crate::cli::examine::NamedDisks;
use crate::cli::examine::context;
use crate::cli::examine::examine_with;
use crate::cli::examine::is_store_file;
use crate::cli::examine::recorded;
use crate::cli::json;
use crate::cli::json::repair::Action;
use crate::cli::json::repair::CureKind;
use crate::cli::json::repair::LeftAlone;
use crate::cli::json::repair::Repaired;
use crate::cli::keep;
use crate::cli::lines;
use crate::cli::pick;
use crate::cli::pick::Picked;
use crate::cli::report;
use crate::cli::show;
use crate::cli::signals;
use crate::cli::text;
use crate::cli::text::clean;
use crate::cli::usage;
use crate::diagnosis::Context;
use crate::diagnosis::Diagnosis;
use crate::diagnosis::Finding;
use crate::diagnosis::Remedy;
use crate::diagnosis::Severity;
use crate::diagnosis::Verdict;
use crate::diagnosis::restore::Restore;
use crate::diagnosis::show_disk;
use crate::repair::apply;
use crate::repair::apply::ApplyError;
use crate::repair::identity;
use crate::repair::plan;
use crate::repair::plan::Plan;
use crate::repair::plan::PlanError;
use crate::repair::record::State;
use crate::repair::refusal;
use crate::repair::refusal::Allowed;
use crate::repair::refusal::Refusal;
use crate::repair::rehearse::as_rehearsed;
use crate::repair::rehearse::came_out;
use crate::repair::rehearse::rehearse;
use crate::storage::open::open_mut;

/// Runs the command.
///
/// # Errors
/// When the target cannot be examined, or a step fails; the message then says what state the disk is in.
pub fn run(args: &FixArgs, as_json: bool) -> anyhow::Result<u8> {
    let choice = args.choice.choice();
    let choice = match choice {
        Ok(choice) => choice,
        Err(error) => return usage(&error.to_string(), as_json),
    };
    match (args.write.dry_run, &args.target) {
        (true, _) => confine::to_reading(),
        (false, None) => confine::to_attached_disks(args.record_dir.as_deref()),
        (false, Some(_)) => {}
    }
    let target = match &args.target {
        Some(target) => target.clone(),
        None if args.choice.is_of_one_disk() || args.against.is_some() => {
            let message = "these switches are about one disk: name it; nothing was written";
            return usage(message, as_json);
        }
        None => match pick::pick(&args.open.options(), choice, as_json)? {
            Picked::Disk(path) => path,
            Picked::Nothing(incurable) => return nothing_attached(&incurable, as_json),
            Picked::Several(paths) => return several(&paths, as_json),
        },
    };
    if !args.write.dry_run {
        confine::to_repair(&target, args.record_dir.as_deref(), &args.open.allow_backing);
    }
    anyhow::ensure!(
        !is_store_file(&target),
        "{}: a store by itself does not tell which disk it should name; run fix on the disk that holds it",
        target.display()
    );
    let mut context = context(&target, &NamedDisks::default(), &args.open.options(), choice);
    context.recorded = recorded(args.against.as_deref())?;
    let examined = examine_with(&target, &args.choice.with, &args.open.options(), &mut context)?;
    let job = Job { args, as_json, context, examined };
    job.run()
}

fn nothing_attached(incurable: &[PathBuf], as_json: bool) -> anyhow::Result<u8> {
    if as_json {
        let document =
            |path: &PathBuf| LeftAlone { target: json::path(path), action: Action::NothingToDo, error: None };
        json::print(&incurable.iter().map(document).collect::<Vec<_>>())?;
    } else if incurable.is_empty() {
        anstream::println!("no attached Windows disk needs a repair");
    } else {
        anstream::println!("nothing here that fix can cure, but something is wrong; see:");
        for path in incurable {
            anstream::println!("  bcdrescue check {}", clean(&path.display().to_string()));
        }
    }
    Ok(if incurable.is_empty() { HEALTHY } else { LEFT })
}

fn several(paths: &[PathBuf], as_json: bool) -> anyhow::Result<u8> {
    let message = "several attached disks need a repair; name one: bcdrescue fix TARGET; nothing was written";
    if as_json {
        let document = |path: &PathBuf| LeftAlone {
            target: json::path(path),
            action: Action::NotChosen,
            error: Some(message.to_owned()),
        };
        json::print(&paths.iter().map(document).collect::<Vec<_>>())?;
    } else {
        anstream::eprintln!("bcdrescue: {message}");
    }
    Ok(USAGE)
}

/// One repair on its way.
struct Job<'a> {
    args: &'a FixArgs,
    as_json: bool,
    context: Context,
    examined: Examined,
}

impl Job<'_> {
    fn run(self) -> anyhow::Result<u8> {
        if !self.as_json {
            lines::show(|out| {
                report::headline(out, &self.examined);
                report::picture(out, &self.examined);
            });
        }
        let left = self.left_code();
        let refusals = self.refusals();
        if !self.is_anything_to_do() && refusals.is_empty() {
            if !self.as_json {
                lines::show(|out| report::findings(out, &self.examined.diagnosis.findings));
                anstream::println!("\n  {}", self.nothing_to_do());
            }
            self.say(Action::NothingToDo, None, None)?;
            return Ok(left);
        }
        if !refusals.is_empty() {
            let reasons: Vec<String> = refusals.iter().map(ToString::to_string).collect();
            return self.refused(&reasons);
        }
        let (plan, rehearsed) = match self.planned() {
            Ok(planned) => planned,
            Err(error) => return self.refused(&[error.to_string()]),
        };
        if !self.as_json {
            self.show_changes();
            show::recovered(&plan);
            show::left(&self.examined, &plan);
            anstream::println!("\n  tried in memory, the disk is then: {}", text::verdict(rehearsed.verdict));
        }
        if self.args.write.dry_run {
            if !self.as_json {
                show::sectors(&plan.patches);
                anstream::println!("\n  dry run: nothing was written");
            }
            self.say(Action::DryRun, Some(&plan), None)?;
            return Ok(LEFT);
        }
        if !self.args.write.yes {
            // Whoever holds the disk is named before the question, not after the answer.
            drop(open_mut(&self.examined.path, &self.args.open.options()).context("nothing was written")?);
        }
        match self.agreed(&plan)? {
            Some(true) => self.write(&plan, &rehearsed),
            Some(false) => {
                anstream::println!("  nothing was written");
                Ok(LEFT)
            }
            None => {
                let message = "without a terminal to ask on, fix needs --yes; nothing was written";
                self.say(Action::NotConfirmed, Some(&plan), Some(message))?;
                anstream::eprintln!("bcdrescue: {message}");
                Ok(USAGE)
            }
        }
    }

    /// The plan, and what the disk is when it is tried in memory.
    fn planned(&self) -> Result<(Plan, Diagnosis), PlanError> {
        let Examined { layout, diagnosis, storage, .. } = &self.examined;
        let plan = match self.restores() {
            true => identity::plan(storage, layout, diagnosis)?,
            false => plan::plan(storage, layout, diagnosis)?,
        };
        let rehearsed = rehearse(&plan, storage, &self.context, diagnosis)?;
        Ok((plan, rehearsed))
    }

    /// Whether the disk gets its old identity back: that was asked for, and there is one (or a reason why not).
    fn restores(&self) -> bool {
        self.args.restore_identity && self.examined.diagnosis.restore != Restore::Nothing
    }

    fn is_anything_to_do(&self) -> bool {
        self.examined.diagnosis.is_curable() || self.restores()
    }

    fn refusals(&self) -> Vec<Refusal> {
        let Examined { layout, diagnosis, .. } = &self.examined;
        if self.restores() {
            return refusal::for_identity(layout, diagnosis);
        }
        if self.args.restore_identity && diagnosis.repoints().next().is_some() {
            return vec![refusal::has_its_identity()];
        }
        let allowed =
            Allowed { hibernated: self.args.allow_hibernated, dirty_volume: self.args.allow_dirty_volume };
        let mut refusals = refusal::refusals(layout, diagnosis, allowed);
        refusals.extend(refusal::for_beside(&self.context, diagnosis, allowed));
        if !self.args.repoint {
            refusals.extend(refusal::choice_needed(layout, &self.context, diagnosis));
        }
        refusals
    }

    fn show_changes(&self) {
        let Examined { layout, diagnosis, .. } = &self.examined;
        match self.restores() {
            true => show::identity(layout, diagnosis),
            false => show::changes(diagnosis),
        }
        show::edits(diagnosis);
    }

    fn left_code(&self) -> u8 {
        match self.examined.diagnosis.verdict {
            Verdict::Unknown => FAILED,
            Verdict::NotWindows => LEFT,
            _ if self.examined.diagnosis.left().next().is_some() => LEFT,
            _ => HEALTHY,
        }
    }

    fn nothing_to_do(&self) -> &'static str {
        match self.examined.diagnosis.verdict {
            Verdict::Healthy => "nothing to do: nothing was written",
            _ if self.examined.diagnosis.findings.iter().any(is_for_a_switch) => {
                "without more switches fix cures nothing here; those above name them: nothing was written"
            }
            _ => "nothing here that fix can cure: nothing was written",
        }
    }

    fn agreed(&self, plan: &Plan) -> anyhow::Result<Option<bool>> {
        if self.as_json && !self.args.write.yes {
            return Ok(None);
        }
        let sectors = text::count(plan.patches.len(), "sector", "sectors");
        if !self.as_json {
            anstream::println!();
        }
        pick::confirm(
            &format!("  write {sectors} of {}?", clean(&self.examined.path.display().to_string())),
            self.args.write.yes,
        )
    }

    fn refused(&self, reasons: &[String]) -> anyhow::Result<u8> {
        if !self.as_json {
            self.show_changes();
            anstream::println!("\n  refused, nothing was written:");
            reasons.iter().for_each(|reason| anstream::println!("    {}", clean(reason)));
            self.say_other_cure();
        }
        self.say(Action::Refused, None, Some(&reasons.join("; ")))?;
        Ok(FAILED)
    }

    /// What stops a re-pointing need not stop the other cure.
    fn say_other_cure(&self) {
        let Examined { layout, diagnosis, path, .. } = &self.examined;
        if let Restore::Possible(old) = &diagnosis.restore
            && !self.args.restore_identity
            && refusal::for_identity(layout, diagnosis).is_empty()
        {
            anstream::println!(
                "  the other cure writes no store and is not stopped by that; it gives back {}:\n    bcdrescue fix {} --restore-identity",
                show_disk(old.disk),
                clean(&path.display().to_string())
            );
        }
    }

    /// The record first, then the disk, then the proof.
    fn write(self, plan: &Plan, rehearsed: &Diagnosis) -> anyhow::Result<u8> {
        let Job { args, as_json, context, examined } = self;
        let path = examined.path.clone();
        let directory = keep::directory(&path, examined.kind, args.record_dir.as_deref())?;
        let warning = keep::memory_warning(&directory);
        if let (Some(warning), false) = (&warning, as_json) {
            anstream::eprintln!("  warning: {}", clean(warning));
        }
        signals::hold();
        let mut storage = open_mut(&path, &args.open.options()).context("nothing was written")?;
        // The disks beside may have changed while the question stood, too.
        let context = examine::again(&args.choice.with, &args.open.options(), &context, &examined.layout)
            .context("nothing was written")?;
        plan::still_holds(plan, storage.as_ref(), &context).with_context(|| path.display().to_string())?;
        let mut record = keep::record(&examined, plan)?;
        let record_path = keep::create(&record, &directory, &path)?;
        let outcome = apply::apply(storage.as_mut(), &plan.patches);
        drop(storage);
        if let Err(error) = outcome {
            let untouched = matches!(error, ApplyError::Changed { .. } | ApplyError::Unread(_));
            if untouched {
                keep::discard(&record_path);
                return Err(error.into());
            }
            anyhow::bail!(
                "{error}; to go back: {} (or mend the cause, and run fix again)",
                way_back(args, &record_path)
            );
        }
        let mut context = context;
        let mut after = examine_with(&path, &args.choice.with, &args.open.options(), &mut context)
            .and_then(|after| {
                came_out(plan, &after.layout, &after.diagnosis)
                    .and_then(|()| as_rehearsed(rehearsed, &after.diagnosis))
                    .map_err(anyhow::Error::msg)?;
                Ok(after)
            })
            .with_context(|| {
                format!(
                    "all sectors were written, but the proof failed; to go back: {}",
                    way_back(args, &record_path)
                )
            })?;
        if let Err(error) = record.set_state(&record_path, State::Applied) {
            let note = format!("the record can be undone, it only could not be marked: {error}");
            if !as_json {
                anstream::eprintln!("  warning: {}", clean(&note));
            }
            after.notes.push(note);
        }
        after.notes.extend(warning);
        let job = Job { args, as_json, context, examined };
        job.report(plan, &after, &record_path)
    }

    fn report(&self, plan: &Plan, after: &Examined, record: &Path) -> anyhow::Result<u8> {
        let left = after.diagnosis.left().next().is_some();
        if !self.as_json {
            let sectors = text::count(plan.patches.len(), "sector", "sectors");
            let done = self.done(plan);
            anstream::println!(
                "  fixed: {done}, in {sectors}, read back and examined again: {}",
                text::verdict(after.diagnosis.verdict)
            );
            anstream::println!("  to go back: {}", clean(&way_back(self.args, record)));
            if left {
                anstream::println!(
                    "  not everything could be cured; see: bcdrescue check {}",
                    clean(&self.examined.path.display().to_string())
                );
            }
        }
        if self.as_json {
            json::print(&[self.document(Action::Fixed, after, Some(plan), Some(record), None)])?;
        }
        Ok(if left { FIXED | LEFT } else { FIXED })
    }

    /// What the plan has done, in a few words.
    fn done(&self, plan: &Plan) -> String {
        let diagnosis = &self.examined.diagnosis;
        let (repoints, edits) = (diagnosis.repoints().count(), diagnosis.edits().count());
        let mut done = Vec::new();
        if plan.stores.iter().any(|store| store.recovered.is_some()) {
            done.push("the store made whole from its log".to_owned());
        }
        match plan.restored {
            Some(disk) => done.push(format!("{} is back", show_disk(disk))),
            None if repoints > 0 => {
                done.push(format!("{} re-pointed", text::count(repoints, "element", "elements")));
            }
            None => {}
        }
        if edits > 0 {
            done.push(format!("{} set right", text::count(edits, "field", "fields")));
        }
        done.join(", ")
    }

    /// What was done or not done to a disk that is as it was examined.
    fn say(&self, action: Action, plan: Option<&Plan>, error: Option<&str>) -> anyhow::Result<()> {
        if self.as_json {
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
        examined.error = error.map(str::to_owned);
        Repaired {
            examined,
            action,
            cure: if self.restores() { CureKind::RestoreIdentity } else { CureKind::Repoint },
            changes: repoints.map(|it| json::finding::change(&self.examined.layout, it)).collect(),
            edits: diagnosis.edits().map(json::finding::edit).collect(),
            patches: plan.map(|plan| plan.patches.clone()),
            record: record.map(json::path),
        }
    }
}

/// The command that brings the disk back: the record, and how its target is opened.
fn way_back(args: &FixArgs, record: &Path) -> String {
    let words = [vec!["bcdrescue undo".to_owned()], args.open.words(), vec![record.display().to_string()]];
    words.concat().join(" ")
}

/// Whether `fix` cures it when it is told so.
fn is_for_a_switch(finding: &Finding) -> bool {
    finding.severity > Severity::Note
        && matches!(&finding.remedy, Remedy::Advice(advice) if advice.contains("`fix --") && !advice.contains("--restore-identity"))
}
