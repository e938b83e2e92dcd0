//! A store that is a file by itself: written anew beside itself, or elsewhere.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::Path;
use std::path::PathBuf;

use anyhow::Context as _;

use crate::bcd::Store;
use crate::bcd::compare::Comparison;
use crate::bcd::compare::compare;
use crate::bcd::device::QualifiedPartition;
use crate::cli::args::bcd_args::place::EditArgs;
use crate::cli::args::show_args::ShowArgs;
use crate::cli::commands::bcd::changes::Amended;
use crate::cli::commands::bcd::found::InFile;
use crate::cli::output::bcdedit::Named;
use crate::cli::output::json;
use crate::cli::output::json::action::Action;
use crate::cli::output::json::edited::Edited;
use crate::cli::output::named;
use crate::cli::output::store_changes;
use crate::cli::run::pick;
use crate::cli::run::record_store;
use crate::cli::run::store_file::read_whole;
use crate::cli::text::disk_state;
use crate::cli::text::disk_state::DiskState;
use crate::cli::text::disk_state::NOTHING_WRITTEN;
use crate::cli::text::exit::HEALTHY;
use crate::cli::text::exit::LEFT;
use crate::cli::text::exit::USAGE;
use crate::cli::text::lines;
use crate::cli::text::lines::Lines;
use crate::cli::text::shell_quote;
use crate::cli::text::words::clean;
use crate::diagnosis::show_identity;
use crate::diagnosis::store::dirty;
use crate::hive::edit::raise_sequence;
use crate::repair::new_file;

/// Edits of a store file in one second of which each is kept.
const KEPT_MAX: u32 = 1000;

/// An edit of a store file on its way.
pub(super) struct FileEdit<'a> {
    pub(super) args: &'a EditArgs,
    pub(super) show: ShowArgs,
    pub(super) found: &'a InFile,
    pub(super) amended: Amended,
}

impl FileEdit<'_> {
    /// Shows what changes and writes it, as far as the user wants.
    ///
    /// # Errors
    /// When a step fails; the file is as it was then.
    pub(super) fn run(self) -> anyhow::Result<u8> {
        self.carried_out().map_err(disk_state::told)
    }

    fn carried_out(&self) -> anyhow::Result<u8> {
        let before = &self.found.bytes.store;
        let after = Store::parse(self.amended.bytes.clone())?;
        let changes = compare(before, &after);
        self.tell(|out| out.add(format_args!("{}", clean(&self.found.path.display().to_string()))))?;
        if self.found.bytes.on_disk == self.amended.bytes && self.args.output.is_none() {
            self.tell(|out| out.add(format_args!("  nothing to do: already set; {NOTHING_WRITTEN}")))?;
            self.say(Action::NothingToDo, &changes, None, None)?;
            return Ok(HEALTHY);
        }
        self.tell(|out| self.add_changes(out, &changes))?;
        if self.args.write.dry_run {
            self.tell(|out| out.add(format_args!("  dry run: {NOTHING_WRITTEN}")))?;
            self.say(Action::DryRun, &changes, None, None)?;
            return Ok(LEFT);
        }
        match self.agreed()? {
            Some(true) => self.write(&changes),
            Some(false) => {
                lines::say(format_args!("  {NOTHING_WRITTEN}"))?;
                Ok(LEFT)
            }
            None => {
                let message = pick::unasked("bcd");
                self.say(Action::NotConfirmed, &changes, None, Some(&message))?;
                lines::warn(format_args!("error: {message}"));
                Ok(USAGE)
            }
        }
    }

    fn write(&self, changes: &Comparison<'_>) -> anyhow::Result<u8> {
        let path = &self.found.path;
        let mut bytes = self.amended.bytes.clone();
        if bytes != self.found.bytes.on_disk {
            raise_sequence(&mut bytes, 0)?;
        }
        if let Some(output) = &self.args.output {
            new_file::write(output, &bytes, new_file::PUBLIC).map_err(|error| unwritten(output, error))?;
            self.tell(|out| out.add(format_args!("  written to {}", clean(&output.display().to_string()))))?;
            self.say(Action::Written, changes, None, None)?;
            return Ok(HEALTHY);
        }
        let real = real(path).with_context(|| path.display().to_string())?;
        let kept = kept(&real);
        new_file::replace(&real, &self.found.bytes.on_disk, &bytes, &kept).with_context(|| {
            format!(
                "{}: cannot be replaced with its owner and mode kept (-o writes to another file)",
                path.display()
            )
        })?;
        let way_back = shell_quote::command_of("mv", &[shell_quote::path(&kept), shell_quote::path(&real)]);
        let unproven = || DiskState::Begun(format!("the file was written; to undo: {way_back}"));
        let read = read_whole(path).with_context(unproven)?;
        if read.on_disk != bytes {
            let why = anyhow::anyhow!("{}: it reads back as something else", path.display());
            return Err(why.context(unproven()));
        }
        self.tell(|out| {
            out.add(format_args!(
                "  written; the old store is kept as {}",
                clean(&kept.display().to_string())
            ));
            out.whole(format_args!("To undo:   {way_back}"));
        })?;
        self.say(Action::Written, changes, Some(&kept), None)?;
        Ok(HEALTHY)
    }

    fn tell(&self, add: impl FnOnce(&mut Lines)) -> anyhow::Result<()> {
        if self.show.json { Ok(()) } else { lines::show(add) }
    }

    fn add_changes(&self, out: &mut Lines, changes: &Comparison<'_>) {
        store_changes::add(out, changes, &unknown);
        if let Some(replayed) = &self.found.bytes.replayed {
            out.add(format_args!("  the store is dirty: {}", clean(&dirty::summary(replayed))));
        }
        self.amended.notes.iter().for_each(|note| out.add(format_args!("  {}", clean(note))));
    }

    fn agreed(&self) -> anyhow::Result<Option<bool>> {
        if self.show.json && !self.args.write.yes {
            return Ok(None);
        }
        let path = self.args.output.as_ref().unwrap_or(&self.found.path);
        pick::confirm(&format!("  Write {}?", clean(&path.display().to_string())), self.args.write.yes)
    }

    fn say(
        &self,
        action: Action,
        changes: &Comparison<'_>,
        record: Option<&Path>,
        error: Option<&str>,
    ) -> anyhow::Result<()> {
        if !self.show.json {
            return Ok(());
        }
        json::print(&[Edited {
            target: json::path(&self.found.path),
            store: None,
            partition: None,
            action,
            store_changes: json::store_change::changes(changes, &named::alone),
            verdict_before: None,
            verdict_after: None,
            new_faults: Vec::new(),
            notes: self.amended.notes.clone(),
            patches: None,
            record: record.map(json::path),
            error: error.map(str::to_owned),
        }])
    }
}

/// Why a new file was not written.
pub(super) fn unwritten(path: &Path, error: io::Error) -> anyhow::Error {
    match error.kind() {
        io::ErrorKind::AlreadyExists => {
            anyhow::anyhow!("{}: exists already; choose another name", path.display())
        }
        _ => anyhow::Error::new(error).context(path.display().to_string()),
    }
}

/// Without its disk nobody knows what a partition is.
pub(super) fn unknown(named: &QualifiedPartition) -> Named {
    Named::Unknown(show_identity(named))
}

/// The file that is replaced: the path itself, or of a link, what it leads to.
fn real(path: &Path) -> io::Result<PathBuf> {
    if fs::symlink_metadata(path)?.is_symlink() { fs::canonicalize(path) } else { Ok(path.to_path_buf()) }
}

/// A free name under which a store file stays as it was: `BCD.20260102T030405Z.old`, and with a number behind the time where there
/// was an edit in the same second.
fn kept(path: &Path) -> PathBuf {
    let stamp: String = record_store::now().chars().filter(|c| !matches!(c, '-' | ':')).collect();
    let named = |number: u32| {
        let mut name = OsString::from(path);
        match number {
            0 => name.push(format!(".{stamp}.old")),
            _ => name.push(format!(".{stamp}-{number}.old")),
        }
        PathBuf::from(name)
    };
    let is_free = |name: &PathBuf| fs::symlink_metadata(name).is_err();
    (0..KEPT_MAX).map(named).find(is_free).unwrap_or_else(|| named(0))
}
