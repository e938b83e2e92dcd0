//! `undo`: a disk back to the byte, by its record.

mod entry;

use std::ffi::OsString;
use std::path::PathBuf;

use anyhow::Context as _;

use crate::cli::args::command_line::UndoArgs;
use crate::cli::args::show_args::ShowArgs;
use crate::cli::commands::undo::entry::planned;
use crate::cli::commands::undo::entry::take_back;
use crate::cli::output::json;
use crate::cli::output::json::action::Action;
use crate::cli::output::json::repair::Undone;
use crate::cli::output::plan_lines;
use crate::cli::output::sector_dump;
use crate::cli::run::confine;
use crate::cli::run::efivars;
use crate::cli::run::examine::Examined;
use crate::cli::run::examine::examine_alone;
use crate::cli::run::pick;
use crate::cli::run::signals;
use crate::cli::text::advice;
use crate::cli::text::disk_state;
use crate::cli::text::disk_state::DiskState;
use crate::cli::text::disk_state::NOTHING_WRITTEN;
use crate::cli::text::exit::FAILED;
use crate::cli::text::exit::FIXED;
use crate::cli::text::exit::HEALTHY;
use crate::cli::text::exit::LEFT;
use crate::cli::text::exit::USAGE;
use crate::cli::text::lines;
use crate::cli::text::lines::Lines;
use crate::cli::text::progress::Progress;
use crate::cli::text::shell_quote;
use crate::cli::text::words;
use crate::cli::text::words::clean;
use crate::diagnosis::show_disk;
use crate::partition::DiskId;
use crate::partition::TableKind;
use crate::repair::patch::Patch;
use crate::repair::record::Record;
use crate::repair::touched::Touched;
use crate::repair::transaction::Interrupted;
use crate::repair::undo::Stopped;
use crate::repair::undo::Undo;
use crate::repair::undo::UndoRefusal;
use crate::repair::undo::way_back;
use crate::storage::format::Format;
use crate::storage::nbd::url::is_url;
use crate::storage::open::TargetKind;
use crate::storage::open::open_mut;

/// Runs the command.
///
/// # Errors
/// When the record or the disk cannot be read, the disk is not the recorded one or has moved on, or a write fails.
pub(crate) fn run(args: &UndoArgs, show: ShowArgs) -> anyhow::Result<u8> {
    let record = Record::load(&args.record)?;
    let path = args.target.clone().unwrap_or_else(|| record.target.path.clone());
    match args.write.dry_run {
        true => confine::to_reading(),
        false => {
            let nvram = record.firmware_entry.as_ref().map(|_| efivars::directory());
            confine::to_repair(&path, Some(&args.record), &args.open.allow_backing, nvram.as_deref());
        }
    }
    anyhow::ensure!(
        args.target.is_some() || is_url(&path) || path.exists(),
        "{}: the disk of the record is no longer there; if its name has changed, give it with --target",
        path.display()
    );
    let examined = examine_alone(&path, &args.open.options())?;
    let kept = args.record.clone();
    let undo = Undo::new(&record, kept, &examined.storage, &examined.layout, args.allow_changed_identity);
    let mut run = UndoRun { args, show, path, identity: None };
    match undo {
        Ok(undo) => {
            run.identity = undo.identity();
            run.carry_out(&record, undo, examined).map_err(disk_state::told)
        }
        Err(Stopped::Done(identity)) => {
            run.identity = identity;
            let back = way_back(&record, &examined.storage)?.patches;
            if let Some(code) = run.entry_alone(&record, &back)? {
                return Ok(code);
            }
            run.say(Action::NothingToDo, &back, &run.as_before("nothing to do: the disk is"))?;
            Ok(HEALTHY)
        }
        Err(Stopped::Refused(refusal)) => {
            let ways = ways_out(&run, &record, &examined, &refusal);
            anyhow::bail!("{}: {refusal}{ways}", run.path.display());
        }
        Err(error) => Err(error.into()),
    }
}

/// What a person can do about a refusal for the disk's identity, with whole commands.
fn ways_out(run: &UndoRun<'_>, record: &Record, examined: &Examined, refusal: &UndoRefusal) -> String {
    let UndoRefusal::OtherIdentity { expected, has_table, .. } = refusal else { return String::new() };
    let again = "then run the same undo again";
    let target = shell_quote::path(&run.path);
    // What sfdisk does not take for a disk with this table, only this program can give its identity.
    let is_for_sfdisk = match examined.kind {
        _ if examined.layout.table.kind == TableKind::None => false,
        TargetKind::Device => true,
        TargetKind::Image(Format::Raw) => record.target.sector_size == 512,
        _ => false,
    };
    let words = [OsString::from("--disk-id"), target.clone(), words::identity(Some(*expected)).into()];
    let sfdisk = is_for_sfdisk.then(|| shell_quote::command_of("sfdisk", &words));
    let open = run.args.open.words();
    if *has_table {
        let words = [vec!["fix".into(), "--restore-identity".into()], open, vec![target]].concat();
        let give_back = sfdisk.unwrap_or_else(|| shell_quote::command(&words));
        return format!("; to undo it, restore the old one first: `{give_back}`, {again}");
    }
    let mut words =
        vec!["undo".into(), shell_quote::path(&run.args.record), "--allow-changed-identity".into()];
    if let Some(target) = &run.args.target {
        words.extend(["--target".into(), shell_quote::path(target)]);
    }
    words.extend(open);
    let keep = shell_quote::command(&words);
    let give_back = sfdisk.map(|it| format!("; to restore the old one first: `{it}`, {again}"));
    format!(
        "; to undo and keep the present identity: `{keep}`{}; to make Windows start, run fix instead",
        give_back.unwrap_or_default()
    )
}

struct UndoRun<'a> {
    args: &'a UndoArgs,
    show: ShowArgs,
    path: PathBuf,
    /// The identity that the disk was given since the repair, and keeps.
    identity: Option<DiskId>,
}

impl UndoRun<'_> {
    /// Shows the way back and goes it, as far as the user wants.
    fn carry_out(&self, record: &Record, undo: Undo, examined: Examined) -> anyhow::Result<u8> {
        let back = undo.patches().to_vec();
        if !self.show.json {
            lines::show(|out| {
                self.announce(out, record, &back);
                if self.args.write.dry_run && self.show.verbose {
                    sector_dump::sectors(out, &back);
                }
            })?;
        }
        if self.args.write.dry_run {
            let bytes = if self.show.verbose { "" } else { " (-v shows every byte)" };
            self.say(Action::DryRun, &back, &format!("dry run: {NOTHING_WRITTEN}{bytes}"))?;
            return Ok(LEFT);
        }
        let question = format!("  Write {} of {}?", plan_lines::sectors(&back), self.name());
        let can_ask = self.args.write.yes || !self.show.json;
        match if can_ask { pick::confirm(&question, self.args.write.yes)? } else { None } {
            Some(true) => {}
            Some(false) => {
                lines::say(format_args!("  {NOTHING_WRITTEN}"))?;
                return Ok(LEFT);
            }
            None => {
                let message = pick::unasked("undo");
                if self.show.json {
                    json::print(&[self.document(Action::NotConfirmed, &back, Some(&message))])?;
                }
                lines::warn(format_args!("error: {message}"));
                return Ok(USAGE);
            }
        }
        drop(examined);
        self.write(undo)?;
        let entry = take_back(record);
        let sentence = self.as_before("undone: every byte is");
        if let Err(error) = self.undone(&back, entry.as_ref(), &sentence) {
            lines::warn(format_args!(
                "error: {}: {sentence}; only the report could not be written: {}",
                self.name(),
                clean(&advice::of(&error))
            ));
            return Ok(FIXED | FAILED);
        }
        Ok(FIXED | entry.map_or(HEALTHY, |entry| entry.code()))
    }

    fn write(&self, undo: Undo) -> anyhow::Result<()> {
        signals::hold();
        let options = self.args.open.options();
        let disk = open_mut(&self.path, &options)?;
        let recorded = undo.lock(disk).with_context(|| self.name())?;
        let progress = Progress::of_bytes();
        let applied = recorded.apply_telling(&mut |done, all| progress.reached(done, all));
        progress.end();
        let applied = applied.map_err(|stopped| self.broke_off(&stopped))?;
        let unproven = || {
            DiskState::Begun(
                "all sectors were written back and verified, but the disk could not be examined again"
                    .to_owned(),
            )
        };
        let after = examine_alone(&self.path, &options).with_context(unproven)?;
        let verified = applied.verify(&after.layout, &after.diagnosis).with_context(unproven)?;
        if let Some(error) = verified.unmarked {
            let error = clean(&error.to_string());
            lines::warn(format_args!("warning: the record could not be marked: {error}"));
        }
        Ok(())
    }

    fn broke_off(&self, stopped: &Interrupted) -> anyhow::Error {
        let told = format!("{}: {}", self.name(), advice::of_apply(&stopped.error));
        match stopped.error.is_begun() {
            true => {
                DiskState::Begun(format!("{told}; when the cause is removed, run the same undo again")).into()
            }
            false => anyhow::Error::msg(told),
        }
    }

    /// How a sentence ends that says what is as it was, and what is not.
    fn as_before(&self, sentence: &str) -> String {
        let kept =
            self.identity.map(|kept| format!(", except for its identity, which stays {}", show_disk(kept)));
        format!("{sentence} as it was before the repair{}", kept.unwrap_or_default())
    }

    fn name(&self) -> String {
        clean(&self.path.display().to_string())
    }

    fn announce(&self, out: &mut Lines, record: &Record, back: &[Patch]) {
        out.add(format_args!("{}: undo what was written at {}", self.name(), clean(&record.created)));
        if let Some(kept) = self.identity {
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
            match part {
                Touched::File { partition, path } => {
                    out.add(format_args!("  the values in {} on partition {partition}", clean(path)));
                }
                Touched::Volume { partition, .. } => {
                    out.add(format_args!("  the files that were written on partition {partition}"));
                }
                // The identity, of which was spoken, is among them.
                Touched::Table if record.restored.is_some() => {}
                Touched::Table => out.add(format_args!("  sectors of the partition table")),
                Touched::BootRecord { partition, .. } => {
                    out.add(format_args!("  the boot record of partition {partition}"));
                }
            }
        }
        planned(record).iter().for_each(|planned| out.add(format_args!("  {planned}")));
        out.add(format_args!("  {} to write", plan_lines::sectors(back)));
    }

    fn say(&self, action: Action, back: &[Patch], sentence: &str) -> anyhow::Result<()> {
        if self.show.json {
            return json::print(&[self.document(action, back, None)]);
        }
        lines::say(format_args!("  {sentence}"))
    }

    fn document(&self, action: Action, back: &[Patch], error: Option<&str>) -> Undone {
        Undone {
            target: json::path(&self.path),
            action,
            record: json::path(&self.args.record),
            patches: json::repair::written(back),
            firmware_entry: None,
            error: error.map(str::to_owned),
        }
    }
}
