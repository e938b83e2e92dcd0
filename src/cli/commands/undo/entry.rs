//! The way back of an entry of the firmware's boot menu.

use crate::cli::commands::undo::UndoRun;
use crate::cli::output::json;
use crate::cli::output::json::action::Action;
use crate::cli::output::json::repair::EntryUndone;
use crate::cli::output::json::repair::Undone;
use crate::cli::run::efivars;
use crate::cli::run::pick;
use crate::cli::text::disk_state::NOTHING_WRITTEN;
use crate::cli::text::exit::FAILED;
use crate::cli::text::exit::FIXED;
use crate::cli::text::exit::HEALTHY;
use crate::cli::text::exit::LEFT;
use crate::cli::text::exit::USAGE;
use crate::cli::text::lines;
use crate::cli::text::words::clean;
use crate::repair::nvram::FirmwareEntry;
use crate::repair::nvram::NvramError;
use crate::repair::nvram::TakenBack;
use crate::repair::patch::Patch;
use crate::repair::record::Record;

/// What became of an entry.
pub(super) struct Taken {
    entry: FirmwareEntry,
    /// Whether it is removed, else it was changed since.
    outcome: Result<bool, NvramError>,
}

/// What an undo does to the entry that the repair made; none where it is not there as it was made.
pub(super) fn planned(record: &Record) -> Option<String> {
    let entry = record.firmware_entry.as_ref()?;
    let is_there = entry.is_there(&efivars::directory()).unwrap_or(false);
    is_there.then(|| format!("remove the firmware entry {} {:?}", entry.variable(), clean(&entry.name())))
}

/// Takes back the entry that the repair made; none where there is none.
pub(super) fn take_back(record: &Record) -> Option<Taken> {
    let entry = record.firmware_entry.clone()?;
    let outcome = match entry.take_back(&efivars::directory()) {
        Ok(TakenBack::Gone) => return None,
        Ok(TakenBack::Removed) => Ok(true),
        Ok(TakenBack::Other) => Ok(false),
        Err(error) => Err(error),
    };
    Some(Taken { entry, outcome })
}

impl Taken {
    /// In a sentence, with what is left to do.
    pub(super) fn sentence(&self) -> String {
        let variable = self.entry.variable();
        let by_hand = format!("`efibootmgr -B -b {:04X}`", self.entry.number);
        match &self.outcome {
            Ok(true) => format!("firmware entry {variable} removed"),
            Ok(false) => {
                format!("firmware entry {variable} was changed since, and stays; to remove it: {by_hand}")
            }
            Err(error) => {
                let error = clean(&error.to_string());
                format!("firmware entry {variable} was not removed: {error}; on its machine: {by_hand}")
            }
        }
    }

    /// In a word.
    pub(super) const fn word(&self) -> EntryUndone {
        match self.outcome {
            Ok(true) => EntryUndone::Removed,
            Ok(false) | Err(_) => EntryUndone::Left,
        }
    }

    /// Of the exit code.
    pub(super) const fn code(&self) -> u8 {
        if self.outcome.is_ok() { HEALTHY } else { FAILED }
    }
}

impl UndoRun<'_> {
    /// Tells what was undone.
    pub(super) fn undone(&self, back: &[Patch], entry: Option<&Taken>, sentence: &str) -> anyhow::Result<()> {
        if self.show.json {
            let firmware_entry = entry.map(Taken::word);
            return json::print(&[Undone { firmware_entry, ..self.document(Action::Undone, back, None) }]);
        }
        lines::show(|out| {
            out.add(format_args!("  {sentence}"));
            entry.iter().for_each(|entry| out.add(format_args!("  {}", entry.sentence())));
        })
    }

    /// The firmware entry alone, where the disk is as it was: after an undo that was cut short, or of a repair that wrote nothing else.
    /// None where it is not there.
    pub(super) fn entry_alone(&self, record: &Record, back: &[Patch]) -> anyhow::Result<Option<u8>> {
        let Some(planned) = planned(record) else { return Ok(None) };
        if self.args.write.dry_run {
            self.say(Action::DryRun, back, &format!("{planned}; dry run: {NOTHING_WRITTEN}"))?;
            return Ok(Some(LEFT));
        }
        let can_ask = self.args.write.yes || !self.show.json;
        let question = format!("  {}: {planned}?", self.name());
        if !(can_ask && pick::confirm(&question, self.args.write.yes)? == Some(true)) {
            self.say(Action::NotConfirmed, back, NOTHING_WRITTEN)?;
            return Ok(Some(USAGE));
        }
        let entry = take_back(record);
        self.undone(back, entry.as_ref(), &self.as_before("the disk is"))?;
        Ok(Some(FIXED | entry.map_or(HEALTHY, |entry| entry.code())))
    }
}
