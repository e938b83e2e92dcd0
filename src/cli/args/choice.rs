//! The switches by which the user decides: which partitions are meant, and what else is to be cured.

use crate::bcd::object_id;
use crate::cli::args::headings::CHOOSING;
use crate::cli::args::headings::REPAIRS;
use crate::cli::args::rebuild_args::RebuildArgs;
use crate::cli::run::known_disks::is_same_file;
use crate::cli::text::exit::Usage;
use crate::cli::text::misread::Misread;
use crate::cli::text::shell_quote;
use crate::diagnosis::Choice;
use crate::diagnosis::model::context::CompanionIndex;
use crate::guid::Guid;
use crate::layout::drivers::controller::Controllers;
use clap::Args;
use std::ffi::OsString;
use std::path::PathBuf;
use std::str::FromStr;

/// What the user decides: `--system`, `--windows`, and what else is to be cured.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct ChoiceArgs {
    /// Another disk of the same machine; only read.
    ///
    /// The store may refer to it: for example System Reserved on one disk and Windows on the other.
    #[arg(long, value_name = "DISK", help_heading = CHOOSING)]
    pub with: Vec<PathBuf>,
    /// Judge this disk alone: it is a copy of the attached disk that its store refers to.
    ///
    /// Images are always judged alone.
    #[arg(long, help_heading = CHOOSING, hide_short_help = true)]
    pub independent: bool,
    /// Partition of the boot manager (number as in list).
    ///
    /// The boot manager's stale elements are re-pointed to it.
    #[arg(long, value_name = "N", help_heading = CHOOSING)]
    pub system: Option<u32>,
    /// Partition of Windows (number as in list).
    ///
    /// The stale elements of Windows' entries are re-pointed to it. DISK:N is a partition of a disk given by --with.
    #[arg(long, value_name = "[DISK:]N", help_heading = CHOOSING)]
    pub windows: Option<PartitionArg>,
    /// Partition of the image files: Winre.wim, boot.sdi, virtual disks.
    ///
    /// Their stale elements are re-pointed to it. DISK:N is a partition of a disk given by --with.
    #[arg(long, value_name = "[DISK:]N", help_heading = CHOOSING, hide_short_help = true)]
    pub recovery: Option<PartitionArg>,
    /// Boot entry that is meant.
    ///
    /// The one that --windows or --recovery is about, or the one to start where the menu names none that exists. Its GUID as inspect
    /// -v shows it, or bcdedit's name for it ({ntldr}).
    #[arg(long, value_name = "{GUID}", help_heading = CHOOSING, hide_short_help = true)]
    pub entry: Option<EntryArg>,
    /// Make this partition the active one, for a BIOS.
    #[arg(long, value_name = "N", help_heading = REPAIRS)]
    pub active: Option<u32>,
    /// Re-point a store after a conversion from MBR to GPT, or back.
    ///
    /// Programs get the extension (.exe, .efi) for the firmware that reads the store now.
    #[arg(long, help_heading = REPAIRS, hide_short_help = true)]
    pub convert: bool,
    /// Correct signatures and partition numbers in boot.ini (Windows XP, 2003).
    ///
    /// Where only one partition has that Windows, and the signature was this disk's. The rest of the file stays.
    #[arg(long, help_heading = REPAIRS, hide_short_help = true)]
    pub boot_ini: bool,
    /// Correct the partition start (hidden sectors) in boot records.
    #[arg(long, help_heading = REPAIRS, hide_short_help = true)]
    pub boot_sector: bool,
    /// Write the protective MBR of a GPT where it is missing or wrong.
    ///
    /// Only the four entries of LBA 0 are written; boot code and signature stay.
    #[arg(long, help_heading = REPAIRS, hide_short_help = true)]
    pub protective_mbr: bool,
    /// Correct the store's copies of firmware boot entries.
    ///
    /// Where they refer to this disk's old identity.
    #[arg(long, help_heading = REPAIRS, hide_short_help = true)]
    pub firmware_entries: bool,
    /// Correct drive letters saved for the old identity.
    ///
    /// They are in MountedDevices of Windows' SYSTEM hive. Only when Windows was shut down fully and its volume is clean.
    #[arg(long, help_heading = REPAIRS, hide_short_help = true)]
    pub drive_letters: bool,
    /// Correct where ReAgent.xml says that the recovery environment is.
    ///
    /// Where only one partition has the recovery image, and it was this disk that the file referred to. Only when Windows was shut
    /// down fully and the volume is clean. The rest of the file stays.
    #[arg(long, help_heading = REPAIRS, hide_short_help = true)]
    pub recovery_config: bool,
    /// What is to be made anew.
    #[command(flatten)]
    pub rebuild: RebuildArgs,
}

impl ChoiceArgs {
    /// The same in the words of the diagnosis.
    ///
    /// # Errors
    /// When `--windows` or `--recovery` names a disk that `--with` does not.
    pub(crate) fn choice(&self) -> anyhow::Result<Choice> {
        let Self {
            with: _,
            independent: _,
            system,
            windows,
            recovery,
            entry,
            active,
            convert,
            boot_ini,
            boot_sector,
            protective_mbr,
            firmware_entries,
            drive_letters,
            recovery_config,
            rebuild,
        } = self;
        let windows_on = self.companion("--windows", windows.as_ref())?;
        Ok(Choice {
            system: *system,
            windows: windows.as_ref().map(|windows| windows.number),
            windows_on,
            recovery: recovery.as_ref().map(|recovery| recovery.number),
            recovery_on: self.companion("--recovery", recovery.as_ref())?,
            entry: entry.as_ref().map(|entry| entry.0),
            active: *active,
            convert: *convert,
            boot_ini: *boot_ini,
            boot_sector: *boot_sector,
            protective_mbr: *protective_mbr,
            firmware_entries: *firmware_entries,
            drive_letters: *drive_letters,
            recovery_config: *recovery_config,
            rebuild: rebuild.scope(),
            firmware: rebuild.firmware(),
            format: rebuild.format_esp,
            on: Controllers::default(),
            load: Controllers::default(),
        })
    }
}

impl ChoiceArgs {
    /// The index among the disks of `--with` of the one that a switch names.
    fn companion(
        &self,
        switch: &str,
        partition: Option<&PartitionArg>,
    ) -> anyhow::Result<Option<CompanionIndex>> {
        let Some(disk) = partition.and_then(|partition| partition.disk.as_ref()) else { return Ok(None) };
        match self.with.iter().position(|with| is_same_file(with, disk)) {
            Some(index) => Ok(Some(CompanionIndex::new(index))),
            None => {
                let disk = disk.display();
                Err(Usage(format!("{switch} names {disk}, which is not a disk given by --with")).into())
            }
        }
    }

    /// Whether a switch is given that means one disk, and would make a disk "need a repair" that needs none.
    #[must_use]
    pub(crate) fn is_of_one_disk(&self) -> bool {
        let Self {
            with,
            independent,
            recovery,
            entry,
            active,
            boot_ini,
            boot_sector,
            protective_mbr,
            firmware_entries,
            drive_letters,
            recovery_config,
            rebuild,
            ..
        } = self;
        !with.is_empty()
            || *independent
            || recovery.is_some()
            || entry.is_some()
            || active.is_some()
            || *boot_ini
            || *boot_sector
            || *protective_mbr
            || *firmware_entries
            || *drive_letters
            || *recovery_config
            || rebuild.is_of_one_disk()
    }

    /// The switches as they were given.
    #[must_use]
    pub(crate) fn words(&self) -> Vec<OsString> {
        let Self {
            with: _,
            independent: _,
            system,
            windows,
            recovery,
            entry,
            active,
            convert,
            boot_ini,
            boot_sector,
            protective_mbr,
            firmware_entries,
            drive_letters,
            recovery_config,
            rebuild,
        } = self;
        let mut words = self.machine_words();
        let mut value = |switch: &str, value: OsString| words.extend([switch.into(), value]);
        system.iter().for_each(|number| value("--system", number.to_string().into()));
        windows.iter().for_each(|partition| value("--windows", partition.word()));
        recovery.iter().for_each(|partition| value("--recovery", partition.word()));
        entry.iter().for_each(|entry| value("--entry", entry.0.braced().into()));
        active.iter().for_each(|number| value("--active", number.to_string().into()));
        let flags = [
            (convert, "--convert"),
            (boot_ini, "--boot-ini"),
            (boot_sector, "--boot-sector"),
            (protective_mbr, "--protective-mbr"),
            (firmware_entries, "--firmware-entries"),
            (drive_letters, "--drive-letters"),
            (recovery_config, "--recovery-config"),
        ];
        words.extend(flags.iter().filter(|(given, _)| **given).map(|(_, switch)| (*switch).into()));
        words.extend(rebuild.words());
        words
    }

    /// Those of them that say what belongs to the machine: without them the same disk is judged otherwise.
    #[must_use]
    pub(crate) fn machine_words(&self) -> Vec<OsString> {
        let with = self.with.iter().flat_map(|disk| ["--with".into(), shell_quote::path(disk)]);
        with.chain(self.independent.then(|| "--independent".into())).collect()
    }
}

/// The id of an object of a store, with or without its braces, or bcdedit's name for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct EntryArg(pub Guid);

impl FromStr for EntryArg {
    type Err = Misread;

    fn from_str(text: &str) -> Result<Self, Misread> {
        let bare = text.strip_prefix('{').and_then(|text| text.strip_suffix('}')).unwrap_or(text);
        let id = object_id::from_alias(text).or_else(|| bare.parse().ok());
        id.map(Self).ok_or_else(|| Misread::new("a boot entry's GUID as inspect -v shows it", text))
    }
}

/// `N` or `DISK:N`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PartitionArg {
    /// The disk, when it is not the target.
    pub disk: Option<PathBuf>,
    /// Number of the partition.
    pub number: u32,
}

impl PartitionArg {
    /// As it was given; no option, whatever the disk's name begins with.
    fn word(&self) -> OsString {
        let mut word = self.disk.as_deref().map(shell_quote::path).unwrap_or_default();
        if self.disk.is_some() {
            word.push(":");
        }
        word.push(self.number.to_string());
        word
    }
}

impl FromStr for PartitionArg {
    type Err = Misread;

    fn from_str(text: &str) -> Result<Self, Misread> {
        let (disk, number) = match text.rsplit_once(':') {
            Some((disk, number)) => (Some(PathBuf::from(disk)), number),
            None => (None, text),
        };
        let number = number.parse().map_err(|_| Misread::new("N or DISK:N", text))?;
        Ok(Self { disk, number })
    }
}
