//! What an edit of a disk's store tells, to people and in JSON.

use std::path::Path;

use crate::bcd::compare::Comparison;
use crate::cli::commands::bcd::edit_disk::DiskEdit;
use crate::cli::output::json;
use crate::cli::output::json::action::Action;
use crate::cli::output::json::edited::Edited;
use crate::cli::output::json::edited::NewFault;
use crate::cli::output::named;
use crate::cli::output::plan_lines;
use crate::cli::output::sector_dump;
use crate::cli::output::store_changes;
use crate::cli::text::disk_state::NOTHING_WRITTEN;
use crate::cli::text::exit::FAILED;
use crate::cli::text::exit::HEALTHY;
use crate::cli::text::lines;
use crate::cli::text::lines::Lines;
use crate::cli::text::shell_quote;
use crate::cli::text::words::clean;
use crate::diagnosis::Diagnosis;
use crate::diagnosis::Finding;
use crate::diagnosis::Severity;
use crate::layout::Layout;
use crate::repair::plan::Plan;
use crate::repair::prospect::starts;
use crate::repair::refusal::cost_of_edit;

impl DiskEdit<'_> {
    const fn layout(&self) -> &Layout {
        &self.examined.layout
    }

    pub(super) fn tell(&self, add: impl FnOnce(&mut Lines)) -> anyhow::Result<()> {
        if self.show.json { Ok(()) } else { lines::show(add) }
    }

    pub(super) fn add_place(&self, out: &mut Lines) {
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

    pub(super) fn add_plan(
        &self,
        out: &mut Lines,
        changes: &Comparison<'_>,
        plan: &Plan,
        rehearsed: &Diagnosis,
    ) {
        let Self { examined, context, .. } = *self;
        let resolve = |named: &_| named::resolve(&examined.layout, context, named);
        store_changes::add(out, changes, &resolve);
        plan_lines::recovered(out, plan);
        let how = match plan.touched.is_empty() {
            true => "in place",
            false => "to new clusters, which a last write switches to",
        };
        out.add(format_args!("  {how}: {}", plan_lines::sectors(&plan.patches)));
        self.notes.iter().for_each(|note| out.add(format_args!("  {}", clean(note))));
        if let Some(cost) = cost_of_edit(&examined.layout) {
            out.add(format_args!("  note: {}", clean(&cost)));
        }
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
            (false, false) => out
                .add(format_args!("  Windows does not start now, and would not after this edit; see check.")),
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

    pub(super) fn nothing_to_do(&self, changes: &Comparison<'_>) -> anyhow::Result<u8> {
        self.tell(|out| out.add(format_args!("  nothing to do: already set; {NOTHING_WRITTEN}")))?;
        self.say(Action::NothingToDo, changes, None, None, None)?;
        Ok(HEALTHY)
    }

    pub(super) fn refused(&self, changes: &Comparison<'_>, reasons: &[String]) -> anyhow::Result<u8> {
        self.tell(|out| {
            out.add(format_args!("  refused, {NOTHING_WRITTEN}:"));
            reasons.iter().for_each(|reason| out.add(format_args!("    {}", clean(reason))));
        })?;
        self.say(Action::Refused, changes, None, None, Some(&reasons.join("; ")))?;
        Ok(FAILED)
    }

    /// The command that brings the disk back.
    pub(super) fn way_back(&self, record: &Path) -> String {
        let words = [vec!["undo".into()], self.args.place.open.words(), vec![shell_quote::path(record)]];
        shell_quote::command(&words.concat())
    }

    pub(super) fn say(
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
            notes: self.notes.iter().cloned().chain(cost_of_edit(&examined.layout)).collect(),
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
