//! The repair itself: the record first, then the disk, then the proof.

use std::path::Path;
use std::path::PathBuf;

use crate::cli::args::command_line::FixArgs;
use crate::cli::commands::fix::repair_run::RepairRun;
use crate::cli::run::carry_out::CarriedOut;
use crate::cli::run::carry_out::Place;
use crate::cli::run::carry_out::carry_out;
use crate::cli::text::advice;
use crate::cli::text::exit::FAILED;
use crate::cli::text::exit::FIXED;
use crate::cli::text::exit::HEALTHY;
use crate::cli::text::exit::LEFT;
use crate::cli::text::lines;
use crate::cli::text::shell_quote;
use crate::cli::text::words::clean;
use crate::diagnosis::Verdict;
use crate::repair::transaction::Rehearsed;

impl RepairRun<'_> {
    /// Carries the plan out, and says "fixed" only when the disk, read anew, is what the try in memory found.
    ///
    /// # Errors
    /// When a step fails; the message says what state the disk is in, and how to go back.
    pub(super) fn write(&self, repair: Rehearsed, path: PathBuf) -> anyhow::Result<u8> {
        let named = &self.examined.path;
        let mut plan = repair.plan().clone();
        let place = Place {
            examined: &self.examined,
            options: self.args.open.options(),
            with: &self.args.choice.with,
            recorded_path: path,
            record_dir: self.args.record_dir.as_deref(),
            is_quiet: self.show.json,
            way_back: &|record| way_back(self.args, record),
        };
        let CarriedOut { mut after, record } = carry_out(repair, place, &self.context)?;
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
}

/// The command that brings the disk back: the record, and how its target is opened.
pub(super) fn way_back(args: &FixArgs, record: &Path) -> String {
    shell_quote::command(&[vec!["undo".into()], args.open.words(), vec![shell_quote::path(record)]].concat())
}
