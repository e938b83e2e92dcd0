//! What was planned and tried, carried out on a disk: the lock, the record, the disk, the proof.

use std::path::Path;
use std::path::PathBuf;

use anyhow::Context as _;

use crate::cli::run::examine;
use crate::cli::run::examine::Examined;
use crate::cli::run::examine::examine_with;
use crate::cli::run::record_store;
use crate::cli::run::signals;
use crate::cli::text::advice;
use crate::cli::text::disk_state::DiskState;
use crate::cli::text::lines;
use crate::cli::text::progress::Progress;
use crate::cli::text::words::clean;
use crate::diagnosis::Context;
use crate::repair::transaction::Interrupted;
use crate::repair::transaction::Rehearsed;
use crate::storage::open::OpenOptions;
use crate::storage::open::open_mut;

/// Where and how.
pub struct Place<'a> {
    /// The disk as it was examined.
    pub examined: &'a Examined,
    /// How it is opened.
    pub options: OpenOptions,
    /// Disks beside it.
    pub with: &'a [PathBuf],
    /// The disk's path as the record keeps it.
    pub recorded_path: PathBuf,
    /// The directory for the record, where one was named.
    pub record_dir: Option<&'a Path>,
    /// Warnings are not shown but returned.
    pub is_quiet: bool,
    /// The command that brings the disk back by a record.
    pub way_back: &'a dyn Fn(&Path) -> String,
}

/// What was written and proven.
pub struct CarriedOut {
    /// The disk as it was read anew, with what there is to be noted.
    pub after: Examined,
    /// The undo record.
    pub record: PathBuf,
}

/// Carries it out; the disk, read anew, is then what the try in memory found.
///
/// # Errors
/// When a step fails; the message says what state the disk is in, and how to go back.
pub fn carry_out(repair: Rehearsed, place: Place<'_>, context: &Context) -> anyhow::Result<CarriedOut> {
    let Place { examined, options, with, recorded_path, record_dir, is_quiet, way_back } = place;
    let named = &examined.path;
    let warn = |warning: &str| {
        if !is_quiet {
            lines::warn(format_args!("warning: {}", clean(warning)));
        }
    };
    let directory = record_store::directory(named, examined.kind, record_dir)?;
    let warning = record_store::memory_warning(&directory);
    warning.iter().for_each(|warning| warn(warning));
    signals::hold();
    let disk = open_mut(named, &options)?;
    // The disks beside may have changed while the question stood, too.
    let mut context = examine::again(with, &options, context, &examined.layout)?;
    let locked = repair.lock(disk, &context).map_err(|stopped| {
        anyhow::anyhow!("{}: {}", named.display(), advice::of_stopped(&stopped).join("; "))
    })?;
    let now = record_store::now();
    let files = record_store::files(&directory, named, &now);
    let recorded = locked
        .record(recorded_path, now, files)
        .map_err(|error| record_store::not_recorded(error, &directory))?;
    let progress = Progress::of_bytes();
    let applied = recorded.apply_telling(&mut |done, all| progress.reached(done, all));
    progress.end();
    let applied = applied.map_err(|stopped| broke_off(stopped, way_back))?;
    let record = applied.record().to_owned();
    let unproven = || {
        DiskState::Begun(format!(
            "all sectors were written, but the disk could not be examined again; to undo: {}",
            way_back(&record)
        ))
    };
    let mut after = examine_with(named, with, &options, &mut context).with_context(unproven)?;
    let verified = applied.verify(&after.layout, &after.diagnosis).with_context(unproven)?;
    if let Some(error) = verified.unmarked {
        let note = format!("the record is usable but could not be marked: {error}");
        warn(&note);
        after.notes.push(note);
    }
    after.notes.extend(warning);
    Ok(CarriedOut { after, record })
}

fn broke_off(stopped: Interrupted, way_back: &dyn Fn(&Path) -> String) -> anyhow::Error {
    let Interrupted { error, record } = stopped;
    if !error.is_begun() {
        return error.into();
    }
    let told = format!(
        "{}; to undo: {} (or remove the cause and run it again)",
        advice::of_apply(&error),
        way_back(&record)
    );
    DiskState::Begun(told).into()
}
