//! `undo`: a disk back to the byte, by its record.

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::Context as _;

use crate::cli::args::command_line::UndoArgs;
use crate::cli::output::json;
use crate::cli::output::json::repair::Action;
use crate::cli::output::json::repair::Undone;
use crate::cli::output::plan_lines;
use crate::cli::run::confine;
use crate::cli::run::examine::Examined;
use crate::cli::run::examine::examine_alone;
use crate::cli::run::pick;
use crate::cli::run::signals;
use crate::cli::text::exit::FAILED;
use crate::cli::text::exit::FIXED;
use crate::cli::text::exit::HEALTHY;
use crate::cli::text::exit::LEFT;
use crate::cli::text::exit::USAGE;
use crate::cli::text::lines;
use crate::cli::text::lines::Lines;
use crate::cli::text::shell_quote;
use crate::cli::text::words;
use crate::cli::text::words::clean;
use crate::diagnosis::show_disk;
use crate::layout::discover;
use crate::layout::store::StoreFile;
use crate::partition::DiskId;
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
use crate::repair::undo::UndoRefusal;
use crate::storage::Storage;
use crate::storage::cache::Cached;
use crate::storage::format::Format;
use crate::storage::nbd::url::is_url;
use crate::storage::open::TargetKind;
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
    let back = inverse(&record.patches);
    let mut job = Job { args, as_json, path, kept: None };
    let is_disk = undo::check(&record, &examined.layout, examined.len);
    if let Err(UndoRefusal::OtherIdentity { found, .. }) = &is_disk {
        job.kept = Some(*found);
    }
    if (is_disk.is_ok() || job.kept.is_some()) && is_done(&examined.storage, &back)? {
        job.say(Action::NothingToDo, &back, &job.as_before("nothing to do: the disk is"))?;
        return Ok(HEALTHY);
    }
    if let Err(refusal) = is_disk
        && (!args.allow_changed_identity
            || undo::check_but_identity(&record, &examined.layout, examined.len).is_err())
    {
        let refusal = undo::by_sectors(refusal, &record, &examined.layout, &examined.storage)?;
        let ways = ways_out(&job, &record, &examined, &refusal);
        anyhow::bail!("{}: {refusal}{ways}", job.path.display());
    }
    if !as_json {
        lines::show(|out| {
            job.announce(out, &record, &back);
            if args.write.dry_run {
                plan_lines::sectors(out, &back);
            }
        })
        .context("nothing was written")?;
    }
    if args.write.dry_run {
        job.say(Action::DryRun, &back, "dry run: nothing was written")?;
        return Ok(LEFT);
    }
    let question = format!("  write {} of {}?", words::count(back.len(), "sector", "sectors"), job.name());
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
    let sentence = job.as_before("undone: every byte is");
    if let Err(error) = job.say(Action::Undone, &back, &sentence) {
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
    still_holds(job, record, storage.as_ref())
        .with_context(|| format!("{}; nothing was written", job.name()))?;
    if let Err(error) = apply(storage.as_mut(), back) {
        let way_out =
            if error.is_begun() { "; when the cause is mended, run the same undo again" } else { "" };
        anyhow::bail!("{}: {error}{way_out}", job.name());
    }
    drop(storage);
    proven(job, record).context("all sectors were written back and read back, but the proof failed")
}

/// The disk that is now held for writing is still the recorded one: since the look it may have been replaced.
fn still_holds(job: &Job<'_>, record: &Record, storage: &dyn Storage) -> anyhow::Result<()> {
    let cached = Cached::new(Window::new(storage, 0, storage.len()));
    let layout = discover(&cached)?;
    match job.kept {
        Some(kept) => {
            undo::check_but_identity(record, &layout, storage.len())?;
            let disk = disk_text(layout.table.disk);
            anyhow::ensure!(layout.table.disk == Some(kept), "the disk's identity has just become {disk}");
            Ok(())
        }
        None => Ok(undo::check(record, &layout, storage.len())?),
    }
}

/// What a person can do about a refusal for the disk's identity, with whole commands.
fn ways_out(job: &Job<'_>, record: &Record, examined: &Examined, refusal: &UndoRefusal) -> String {
    let UndoRefusal::OtherIdentity { expected, has_table, .. } = refusal else { return String::new() };
    let again = "then run the same undo again";
    let target = shell_quote::path(&job.path);
    // What sfdisk does not take for a disk with this table, only this program can give its identity.
    let is_for_sfdisk = match examined.kind {
        TargetKind::Device => true,
        TargetKind::Image(Format::Raw) => record.target.sector_size == 512,
        _ => false,
    };
    let words = [OsString::from("--disk-id"), target.clone(), words::identity(Some(*expected)).into()];
    let sfdisk = is_for_sfdisk.then(|| shell_quote::command_of("sfdisk", &words));
    let open = job.args.open.words();
    if *has_table {
        let words = [vec!["fix".into(), "--restore-identity".into()], open, vec![target]].concat();
        let give_back = sfdisk.unwrap_or_else(|| shell_quote::command(&words));
        return format!("; to undo it, give the old one back first: `{give_back}`, {again}");
    }
    let mut words =
        vec!["undo".into(), shell_quote::path(&job.args.record), "--allow-changed-identity".into()];
    if let Some(target) = &job.args.target {
        words.extend(["--target".into(), shell_quote::path(target)]);
    }
    words.extend(open);
    let keep = shell_quote::command(&words);
    let give_back = sfdisk.map(|it| format!("; to give the old one back first: `{it}`, {again}"));
    format!(
        "; to undo and leave the identity as it is: `{keep}`{}; for a Windows that starts, run fix instead",
        give_back.unwrap_or_default()
    )
}

/// The disk, read anew from the start, has its old stores.
fn proven(job: &Job<'_>, record: &Record) -> anyhow::Result<()> {
    let after = examine_alone(&job.path, &job.args.open.options())?;
    let disk = disk_text(after.layout.table.disk);
    let expected = job.kept.map_or_else(|| record.target.disk.clone(), DiskId::text);
    anyhow::ensure!(disk == expected, "the disk's identity is {disk}, not {expected}");
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
    /// The identity that the disk was given since the repair, and keeps.
    kept: Option<DiskId>,
}

impl Job<'_> {
    /// How a sentence ends that says what is as it was, and what is not.
    fn as_before(&self, sentence: &str) -> String {
        let kept = self.kept.map(|kept| format!(", but for its identity, which stays {}", show_disk(kept)));
        format!("{sentence} as it was before the repair{}", kept.unwrap_or_default())
    }

    fn name(&self) -> String {
        clean(&self.path.display().to_string())
    }

    fn announce(&self, out: &mut Lines, record: &Record, back: &[Patch]) {
        out.add(format_args!("{}: undo the repair of {}", self.name(), clean(&record.created)));
        if let Some(kept) = self.kept {
            out.add(format_args!("  the disk's identity stays {}", show_disk(kept)));
        }
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
        out.add(format_args!("  {} in all", words::count(back.len(), "sector", "sectors")));
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
