//! The switches of a rebuild.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::Args;
use clap::ValueEnum;

use crate::bcd::Firmware;
use crate::cli::args::headings::REPAIRS;
use crate::cli::run::clock;
use crate::cli::run::efivars;
use crate::cli::text::shell_quote;
use crate::diagnosis::model::rebuild::Languages;
use crate::diagnosis::model::rebuild::Orders;
use crate::diagnosis::model::rebuild::Scope;

/// What is made anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Part {
    /// What is missing or ruined.
    Missing,
    /// The store.
    Store,
    /// The boot files.
    Files,
    /// The boot code.
    Code,
    /// All three.
    All,
}

/// What a disk is to start by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FirmwareArg {
    /// BIOS, from an MBR disk.
    Bios,
    /// UEFI.
    Uefi,
}

/// What is to be made anew, and how.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct RebuildArgs {
    /// Make a lost store, boot files and boot code again.
    ///
    /// From the Windows on this disk. Only what is missing or ruined. store, files, code or all makes that part again whatever it is. Like bcdboot, bootsect and bootrec.
    #[arg(long, value_name = "PART", num_args = 0..=1, require_equals = true, default_missing_value = "missing",
        hide_possible_values = true, help_heading = REPAIRS)]
    pub rebuild: Option<Part>,
    /// Rebuild for this firmware (bios, uefi), where both fit.
    #[arg(long, value_name = "KIND", requires = "rebuild", hide_possible_values = true, help_heading = REPAIRS,
        hide_short_help = true)]
    pub firmware: Option<FirmwareArg>,
    /// Format this EFI system partition (FAT32), which has no file system yet.
    #[arg(long, value_name = "N", requires = "rebuild", help_heading = REPAIRS, hide_short_help = true)]
    pub format_esp: Option<u32>,
    /// Languages of the boot files: all, or a list (de-DE,fr-FR).
    ///
    /// By default those that Windows has, and en-US.
    #[arg(long, value_name = "LIST", value_delimiter = ',', requires = "rebuild", help_heading = REPAIRS,
        hide_short_help = true)]
    pub languages: Vec<String>,
    /// Take the boot files from this directory, a copy of \Windows\Boot.
    #[arg(long, value_name = "DIR", requires = "rebuild", help_heading = REPAIRS, hide_short_help = true)]
    pub files_from: Option<PathBuf>,
    /// Also make this machine's firmware entry "Windows Boot Manager" (NVRAM, through efivarfs).
    ///
    /// First in BootOrder; where an entry for this partition exists, nothing is changed. Unlike --firmware-entries, which corrects the copies in
    /// the store, this writes to the machine that the rescue system runs on.
    #[arg(long, requires = "rebuild", help_heading = REPAIRS, hide_short_help = true)]
    pub firmware_entry: bool,
}

impl RebuildArgs {
    /// What is made anew.
    pub(crate) fn scope(&self) -> Option<Scope> {
        self.rebuild.map(|part| match part {
            Part::Missing => Scope::Missing,
            Part::Store => Scope::Store,
            Part::Files => Scope::Files,
            Part::Code => Scope::Code,
            Part::All => Scope::All,
        })
    }

    /// What the disk is to start by.
    pub(crate) fn firmware(&self) -> Option<Firmware> {
        self.firmware.map(|firmware| match firmware {
            FirmwareArg::Bios => Firmware::Bios,
            FirmwareArg::Uefi => Firmware::Uefi,
        })
    }

    /// How it is done.
    pub(crate) fn orders(&self) -> Orders {
        let languages = match self.languages.as_slice() {
            [] => Languages::Default,
            [all] if all.eq_ignore_ascii_case("all") => Languages::All,
            listed => Languages::Of(listed.to_vec()),
        };
        Orders {
            now: clock::now(),
            languages,
            files_from: self.files_from.clone(),
            firmware_entry: self.firmware_entry.then(efivars::directory),
            is_trial: false,
        }
    }

    /// Whether more is asked for than what is missing, which means one disk.
    pub(crate) fn is_of_one_disk(&self) -> bool {
        !matches!(self.rebuild, None | Some(Part::Missing)) || self.format_esp.is_some()
    }

    /// The switches as they were given.
    pub(crate) fn words(&self) -> Vec<OsString> {
        let Self { rebuild: _, firmware, format_esp, languages, files_from, firmware_entry } = self;
        let mut words: Vec<OsString> = self.scope().iter().map(|scope| scope.word().into()).collect();
        let mut value = |switch: &str, value: OsString| words.extend([switch.into(), value]);
        if let Some(firmware) = firmware {
            value("--firmware", if *firmware == FirmwareArg::Bios { "bios" } else { "uefi" }.into());
        }
        format_esp.iter().for_each(|number| value("--format-esp", number.to_string().into()));
        if !languages.is_empty() {
            value("--languages", languages.join(",").into());
        }
        files_from.iter().for_each(|directory| value("--files-from", shell_quote::path(directory)));
        words.extend(firmware_entry.then(|| "--firmware-entry".into()));
        words
    }
}
