//! The repair itself: the record first, then the disk, then the proof.

use std::path::Path;

use anyhow::Context as _;

use crate::cli::args::command_line::FixArgs;
use crate::cli::commands::fix::job::Job;
use crate::cli::run::examine;
use crate::cli::run::examine::Examined;
use crate::cli::run::examine::examine_with;
use crate::cli::run::record_store;
use crate::cli::run::signals;
use crate::cli::text::exit::FAILED;
use crate::cli::text::exit::FIXED;
use crate::cli::text::exit::HEALTHY;
use crate::cli::text::exit::LEFT;
use crate::cli::text::lines;
use crate::cli::text::shell_quote;
use crate::cli::text::words::clean;
use crate::diagnosis::Diagnosis;
use crate::diagnosis::Verdict;
use crate::repair::apply;
use crate::repair::apply::ApplyError;
use crate::repair::plan;
use crate::repair::plan::Plan;
use crate::repair::record::State;
use crate::repair::rehearse::as_rehearsed;
use crate::repair::rehearse::came_out;
use crate::storage::open::open_mut;

impl Job<'_> {
    /// Carries the plan out, and says "fixed" only when the disk, read anew, is what the try in memory found.
    ///
    /// # Errors
    /// When a step fails; the message says what state the disk is in, and how to go back.
    pub(super) fn write(mut self, plan: &Plan, rehearsed: &Diagnosis) -> anyhow::Result<u8> {
        let path = self.examined.path.clone();
        let options = self.args.open.options();
        let directory = record_store::directory(&path, self.examined.kind, self.args.record_dir.as_deref())?;
        let warning = record_store::memory_warning(&directory);
        if let (Some(warning), false) = (&warning, self.as_json) {
            lines::warn(format_args!("  warning: {}", clean(warning)));
        }
        signals::hold();
        let mut storage = open_mut(&path, &options).context("nothing was written")?;
        // The disks beside may have changed while the question stood, too.
        self.context = examine::again(&self.args.choice.with, &options, &self.context, &self.examined.layout)
            .context("nothing was written")?;
        plan::still_holds(plan, storage.as_ref(), &self.context)
            .with_context(|| path.display().to_string())?;
        let mut record = record_store::record(&self.examined, plan)?;
        let record_path = record_store::create(&record, &directory, &path)?;
        let outcome = apply::apply(storage.as_mut(), &plan.patches);
        drop(storage);
        if let Err(error) = outcome {
            return Err(self.broke_off(error, &record_path));
        }
        let mut after = self.proof(plan, rehearsed).with_context(|| {
            format!(
                "all sectors were written, but the proof failed; to go back: {}",
                way_back(self.args, &record_path)
            )
        })?;
        if let Err(error) = record.set_state(&record_path, State::Applied) {
            let note = format!("the record can be undone, it only could not be marked: {error}");
            if !self.as_json {
                lines::warn(format_args!("  warning: {}", clean(&note)));
            }
            after.notes.push(note);
        }
        after.notes.extend(warning);
        let left = match after.diagnosis.verdict {
            Verdict::Unknown => LEFT | FAILED,
            Verdict::Broken => LEFT,
            _ if after.diagnosis.left().next().is_some() => LEFT,
            _ => HEALTHY,
        };
        match self.fixed(plan, &after, &record_path) {
            Ok(()) => Ok(FIXED | left),
            Err(error) => {
                lines::warn(format_args!(
                    "bcdrescue: {}: repaired, read back and examined again; only the report could not be written: {}; to go back: {}",
                    clean(&path.display().to_string()),
                    clean(&format!("{error:#}")),
                    way_back(self.args, &record_path)
                ));
                Ok(FIXED | left | FAILED)
            }
        }
    }

    fn broke_off(&self, error: ApplyError, record: &Path) -> anyhow::Error {
        if !error.is_begun() {
            record_store::discard(record);
            return error.into();
        }
        anyhow::anyhow!(
            "{error}; to go back: {} (or mend the cause, and run fix again)",
            way_back(self.args, record)
        )
    }

    /// The disk, opened and examined anew, if it is what was planned and what the try in memory found.
    fn proof(&mut self, plan: &Plan, rehearsed: &Diagnosis) -> anyhow::Result<Examined> {
        let (path, options) = (&self.examined.path, self.args.open.options());
        let after = examine_with(path, &self.args.choice.with, &options, &mut self.context)?;
        came_out(plan, &after.layout, &after.diagnosis)
            .and_then(|()| as_rehearsed(rehearsed, &after.diagnosis))
            .map_err(anyhow::Error::msg)?;
        Ok(after)
    }
}

/// The command that brings the disk back: the record, and how its target is opened.
pub(super) fn way_back(args: &FixArgs, record: &Path) -> String {
    shell_quote::command(&[vec!["undo".into()], args.open.words(), vec![shell_quote::path(record)]].concat())
}
