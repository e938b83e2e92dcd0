//! `undo`: a disk back to the byte, by its record.

use std::path::PathBuf;

use anyhow::Context as _;

use crate::cli::FAILED;
use crate::cli::FIXED;
use crate::cli::HEALTHY;
use crate::cli::LEFT;
use crate::cli::USAGE;
use crate::cli::args::UndoArgs;
use crate::cli::confine;
use crate::cli::examine::examine_alone;
use crate::cli::json;
use crate::cli::json::repair::Action;
use crate::cli::json::repair::Undone;
use crate::cli::lines;
use crate::cli::lines::Lines;
use crate::cli::pick;
use crate::cli::show;
use crate::cli::signals;
use crate::cli::text;
use crate::cli::text::clean;
use crate::layout::discover;
use crate::layout::store::StoreFile;
use crate::repair::Patch;
use crate::repair::apply::apply;
use crate::repair::apply::inverse;
use crate::repair::apply::is_done;
use crate::repair::disk_text;
use crate::repair::edits::Touched;
use crate::repair::record::Record;
use crate::repair::record::State;
use crate::repair::record::sha256;
use crate::repair::undo;
use crate::storage::Storage;
use crate::storage::cache::Cached;
use crate::storage::nbd::url::is_url;
use crate::storage::open::open_mut;
use crate::storage::window::Window;

/// Runs the command.
///
/// # Errors
/// When the record or the disk cannot be read, the disk is not the recorded one or has moved on, or a write fails.
pub fn run(args: &UndoArgs, as_json: bool) -> anyhow::Result<u8> {
    let mut record = Record::load(&args.record)?;
    let path = args.target.clone().unwrap_or_else(|| record.target.path.clone());
    match args.write.dry_run {
        true => confine::to_reading(),
        false => confine::to_repair(&path, Some(&args.record), &args.open.allow_backing),
    }
    anyhow::ensure!(
        args.target.is_some() || is_url(&path) || path.exists(),
        "{}: the disk is not there any more, where the record has it; if it has another name now, name it with --target",
        path.display()
    );
    let examined = examine_alone(&path, &args.open.options())?;
    undo::check(&record, &examined.layout, examined.len).with_context(|| path.display().to_string())?;
    let back = inverse(&record.patches);
    let job = Job { args, as_json, path };
    if is_done(&examined.storage, &back)? {
        job.say(Action::NothingToDo, &back, "nothing to do: the disk is as it was before the repair")?;
        return Ok(HEALTHY);
    }
    if !as_json {
        lines::show(|out| {
            job.announce(out, &record, &back);
            if args.write.dry_run {
                show::sectors(out, &back);
            }
        })
        .context("nothing was written")?;
    }
    if args.write.dry_run {
        job.say(Action::DryRun, &back, "dry run: nothing was written")?;
        return Ok(LEFT);
    }
    let question = format!("  write {} of {}?", text::count(back.len(), "sector", "sectors"), job.name());
    let can_ask = args.write.yes || !as_json;
    match if can_ask { pick::confirm(&question, args.write.yes)? } else { None } {
        Some(true) => {}
        Some(false) => {
            lines::say(format_args!("  nothing was written"))?;
            return Ok(LEFT);
        }
        None => {
            let message = "without a terminal to ask on, undo needs --yes; nothing was written";
            if as_json {
                json::print(&[job.document(Action::NotConfirmed, &back, Some(message))])?;
            }
            lines::warn(format_args!("bcdrescue: {message}"));
            return Ok(USAGE);
        }
    }
    drop(examined);
    write(&job, &record, &back)?;
    if let Err(error) = record.set_state(&args.record, State::Undone) {
        let error = clean(&error.to_string());
        lines::warn(format_args!("  warning: only the record could not be marked: {error}"));
    }
    let sentence = "undone: every byte is as it was before the repair";
    if let Err(error) = job.say(Action::Undone, &back, sentence) {
        lines::warn(format_args!(
            "bcdrescue: {}: {sentence}; only the report could not be written: {}",
            job.name(),
            clean(&format!("{error:#}"))
        ));
        return Ok(FIXED | FAILED);
    }
    Ok(FIXED)
}

fn write(job: &Job<'_>, record: &Record, back: &[Patch]) -> anyhow::Result<()> {
    signals::hold();
    let mut storage = open_mut(&job.path, &job.args.open.options()).context("nothing was written")?;
    still_holds(record, storage.as_ref()).with_context(|| format!("{}; nothing was written", job.name()))?;
    if let Err(error) = apply(storage.as_mut(), back) {
        let way_out =
            if error.is_begun() { "; when the cause is mended, run the same undo again" } else { "" };
        anyhow::bail!("{}: {error}{way_out}", job.name());
    }
    drop(storage);
    proven(job, record).context("all sectors were written back and read back, but the proof failed")
}

/// The disk that is now held for writing is still the recorded one: since the look it may have been replaced.
fn still_holds(record: &Record, storage: &dyn Storage) -> anyhow::Result<()> {
    let cached = Cached::new(Window::new(storage, 0, storage.len()));
    Ok(undo::check(record, &discover(&cached)?, storage.len())?)
}

/// The disk, read anew from the start, has its old stores.
fn proven(job: &Job<'_>, record: &Record) -> anyhow::Result<()> {
    let after = examine_alone(&job.path, &job.args.open.options())?;
    let disk = disk_text(after.layout.table.disk);
    anyhow::ensure!(disk == record.target.disk, "the disk's identity is {disk}, not {}", record.target.disk);
    for saved in &record.stores {
        let store = after.layout.store_on(saved.partition, &saved.path).and_then(StoreFile::on_disk);
        let same = store.is_some_and(|store| sha256(store) == saved.sha256_before);
        let other = || after.layout.with_failed_read(format!("{} does not have its old hash", saved.path));
        anyhow::ensure!(same, other());
    }
    Ok(())
}

struct Job<'a> {
    args: &'a UndoArgs,
    as_json: bool,
    path: PathBuf,
}

impl Job<'_> {
    fn name(&self) -> String {
        clean(&self.path.display().to_string())
    }

    fn announce(&self, out: &mut Lines, record: &Record, back: &[Patch]) {
        out.add(format_args!("{}: undo the repair of {}", self.name(), clean(&record.created)));
        if let Some(restored) = &record.restored {
            out.add(format_args!(
                "  the disk's identity, from {} to {}",
                clean(restored),
                clean(&record.target.disk)
            ));
        }
        for store in &record.stores {
            out.add(format_args!("  {} on partition {}", clean(&store.path), store.partition));
        }
        for part in &record.touched {
            if let Touched::File { partition, path } = part {
                out.add(format_args!("  the drive letters in {} on partition {partition}", clean(path)));
            }
        }
        out.add(format_args!("  {} in all", text::count(back.len(), "sector", "sectors")));
    }

    fn say(&self, action: Action, back: &[Patch], sentence: &str) -> anyhow::Result<()> {
        if self.as_json {
            return json::print(&[self.document(action, back, None)]);
        }
        lines::say(format_args!("  {sentence}"))
    }

    fn document(&self, action: Action, back: &[Patch], error: Option<&str>) -> Undone {
        Undone {
            target: json::path(&self.path),
            action,
            record: json::path(&self.args.record),
            patches: back.to_vec(),
            error: error.map(str::to_owned),
        }
    }
}
