//! The repair itself: the record first, then the disk, then the proof.

use std::path::Path;
use std::path::PathBuf;

use anyhow::Context as _;

use crate::cli::args::command_line::FixArgs;
use crate::cli::commands::fix::repair_run::RepairRun;
use crate::cli::run::examine;
use crate::cli::run::examine::examine_with;
use crate::cli::run::record_store;
use crate::cli::run::signals;
use crate::cli::text::advice;
use crate::cli::text::disk_state::DiskState;
use crate::cli::text::exit::FAILED;
use crate::cli::text::exit::FIXED;
use crate::cli::text::exit::HEALTHY;
use crate::cli::text::exit::LEFT;
use crate::cli::text::lines;
use crate::cli::text::progress::Progress;
use crate::cli::text::shell_quote;
use crate::cli::text::words::clean;
use crate::diagnosis::Verdict;
use crate::repair::transaction::Interrupted;
use crate::repair::transaction::Rehearsed;
use crate::storage::open::open_mut;

impl RepairRun<'_> {
    /// Carries the plan out, and says "fixed" only when the disk, read anew, is what the try in memory found.
    ///
    /// # Errors
    /// When a step fails; the message says what state the disk is in, and how to go back.
    pub(super) fn write(&self, repair: Rehearsed, path: PathBuf) -> anyhow::Result<u8> {
        let named = &self.examined.path;
        let options = self.args.open.options();
        let directory = record_store::directory(named, self.examined.kind, self.args.record_dir.as_deref())?;
        let warning = record_store::memory_warning(&directory);
        if let (Some(warning), false) = (&warning, self.show.json) {
            lines::warn(format_args!("warning: {}", clean(warning)));
        }
        let mut plan = repair.plan().clone();
        signals::hold();
        let disk = open_mut(named, &options)?;
        // The disks beside may have changed while the question stood, too.
        let mut context =
            examine::again(&self.args.choice.with, &options, &self.context, &self.examined.layout)?;
        let locked = repair.lock(disk, &context).map_err(|stopped| {
            anyhow::anyhow!("{}: {}", named.display(), advice::of_stopped(&stopped).join("; "))
        })?;
        let now = record_store::now();
        let files = record_store::files(&directory, named, &now);
        let recorded =
            locked.record(path, now, files).map_err(|error| record_store::not_recorded(error, &directory))?;
        let progress = Progress::of_bytes();
        let applied = recorded.apply_telling(&mut |done, all| progress.reached(done, all));
        progress.end();
        let applied = applied.map_err(|stopped| self.broke_off(stopped))?;
        let record = applied.record().to_owned();
        let unproven = || {
            DiskState::Begun(format!(
                "all sectors were written, but the disk could not be examined again; to undo: {}",
                way_back(self.args, &record)
            ))
        };
        let mut after =
            examine_with(named, &self.args.choice.with, &options, &mut context).with_context(unproven)?;
        let verified = applied.verify(&after.layout, &after.diagnosis).with_context(unproven)?;
        if let Some(error) = verified.unmarked {
            let note = format!("the record is usable but could not be marked: {error}");
            if !self.show.json {
                lines::warn(format_args!("warning: {}", clean(&note)));
            }
            after.notes.push(note);
        }
        after.notes.extend(warning);
        let made = self.make_entry(&mut plan, &mut after).inspect_err(|_| {
            // It is of nothing.
            let _ = std::fs::remove_file(&record);
        });
        let failed = if made? { HEALTHY } else { FAILED };
        let left = match after.diagnosis.verdict {
            Verdict::Unknown => LEFT | FAILED,
            Verdict::Broken => LEFT,
            _ if after.diagnosis.left().next().is_some() => LEFT,
            _ => HEALTHY,
        };
        match self.fixed(&plan, &after, &record) {
            Ok(()) => Ok(FIXED | left | failed),
            Err(error) => {
                lines::warn(format_args!(
                    "error: {}: repaired and verified; only the report could not be written: {}; to undo: {}",
                    clean(&named.display().to_string()),
                    clean(&advice::of(&error)),
                    way_back(self.args, &record)
                ));
                Ok(FIXED | left | FAILED)
            }
        }
    }

    fn broke_off(&self, stopped: Interrupted) -> anyhow::Error {
        let Interrupted { error, record } = stopped;
        if !error.is_begun() {
            return error.into();
        }
        let way_back = way_back(self.args, &record);
        let told = format!(
            "{}; to undo: {way_back} (or remove the cause and run fix again)",
            advice::of_apply(&error)
        );
        DiskState::Begun(told).into()
    }
}

/// The command that brings the disk back: the record, and how its target is opened.
pub(super) fn way_back(args: &FixArgs, record: &Path) -> String {
    shell_quote::command(&[vec!["undo".into()], args.open.words(), vec![shell_quote::path(record)]].concat())
}
