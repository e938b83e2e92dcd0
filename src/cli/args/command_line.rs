//! The command line's grammar.

use std::path::Path;
use std::path::PathBuf;

use clap::Args;
use clap::Parser;
use clap::Subcommand;
use clap_complete::Shell;

use crate::cli::args::bcd_args::BcdArgs;
use crate::cli::args::bcd_args::help::GROUPS;
use crate::cli::args::bcd_args::help::GROUPS_AND_EXAMPLES;
use crate::cli::args::bcd_args::help::TEMPLATE;
use crate::cli::args::check_args::CheckArgs;
use crate::cli::args::choice::ChoiceArgs;
use crate::cli::args::headings::CHOOSING;
use crate::cli::args::headings::REFUSALS;
use crate::cli::args::headings::REPAIRS;
use crate::cli::args::on_arg::OnArg;
use crate::cli::args::open_args::OpenArgs;
use crate::cli::args::show_args::ShowArgs;
use crate::cli::args::write_args::WriteArgs;
use crate::cli::output::json::schema::SchemaOf;

/// Repairs the boot configuration of a Windows disk from Linux.
///
/// A Windows disk whose MBR signature or GPT GUIDs have changed stops at boot with 0xc000000e: its BCD store still refers to the
/// old identity. bcdrescue finds the store and re-points it to the disk it is on: in place, recorded, verified, undoable. No
/// Windows, no mount, no root for an image.
#[derive(Debug, Parser)]
#[command(
    name = "bcdrescue",
    version = env!("BCDRESCUE_VERSION"),
    max_term_width = 100,
    disable_help_subcommand = true,
    after_long_help = "In a hurry, with one broken disk attached:\n  bcdrescue list\n  bcdrescue check /dev/vdb\n  bcdrescue fix /dev/vdb\n\nExit codes: 0 nothing wrong, 1 fixed, 4 faults remain, 8 failed or refused, 16 usage; or-ed over targets."
)]
pub(crate) struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// How results are shown.
    #[command(flatten)]
    pub show: ShowArgs,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// List disks: identity, partitions, Windows, and what holds them.
    #[command(
        after_long_help = "Examples:\n  bcdrescue list                 all attached disks\n  bcdrescue list win.qcow2       one image\n  bcdrescue list --json | jq .\n\nExit codes: 0 listed, 8 a disk that was named, or all that are attached, cannot be read."
    )]
    List(ListArgs),
    /// Show a disk, and its stores as `bcdedit /enum all` does.
    #[command(
        after_long_help = "Examples:\n  bcdrescue inspect /dev/vdb\n  bcdrescue inspect /dev/vdb --store   the stores alone\n  bcdrescue inspect ./BCD              a store file by itself\n  bcdrescue inspect win.qcow2 --json"
    )]
    Inspect(InspectArgs),
    /// Say whether Windows would start, why not, and what fix would do; writes nothing.
    #[command(
        mut_args(|arg| match arg.get_help_heading() {
            Some(CHOOSING | REPAIRS) => arg.hide_short_help(true),
            _ => arg,
        }),
        after_long_help = "Examples:\n  bcdrescue check                all attached Windows disks\n  bcdrescue check /dev/vdb\n  bcdrescue check *.qcow2 --json     each by itself\n  bcdrescue check /dev/vdb --with /dev/vdc   two disks of one machine\n  bcdrescue check --recursive images --jsonl --junit report.xml\n  bcdrescue check @list --shard 3/16 --require unique-identity,no-hibernation\n\nExit codes: 0 healthy, 4 something is wrong, 8 could not be examined (or no Windows disk is attached)."
    )]
    Check(CheckArgs),
    /// Repair the disk: show the plan, ask, record, write, verify.
    #[command(
        after_long_help = "Examples:\n  bcdrescue fix /dev/vdb --dry-run -v   show every byte before and after, write nothing\n  bcdrescue fix /dev/vdb             show the plan, ask, repair\n  bcdrescue fix --yes win.qcow2      no question\n  bcdrescue fix /dev/vdb --restore-identity   alternative: give the disk its old identity back\n  bcdrescue fix /dev/vdb --with /dev/vdc      Windows is on the second disk\n  bcdrescue fix /dev/vdb --independent        a copy, attached beside its original\n  bcdrescue fix /dev/vdb --active 1 --boot-sector --drive-letters   more than the store\n\nExit codes: 0 nothing to do, 1 fixed, 4 faults remain (5: fixed, and faults remain),\n8 failed or refused (the message says what state the disk is in), or no Windows disk is attached, 16 usage."
    )]
    Fix(FixArgs),
    /// Save a healthy disk's identities for check --against and fix --against.
    #[command(
        after_long_help = "Examples:\n  bcdrescue record /dev/vdb -o server.json       before the disk goes elsewhere\n  bcdrescue check /dev/vdb --against server.json\n  bcdrescue fix /dev/vdb --against server.json\n\nExit codes: 0 recorded, 8 failed or refused (the disk is not well), 16 usage."
    )]
    Record(RecordArgs),
    /// Undo a repair or an edit to the byte, by its record.
    #[command(
        after_long_help = "Examples:\n  bcdrescue undo vdb.20260102T030405Z.undo.json --dry-run\n  bcdrescue undo vdb.20260102T030405Z.undo.json\n  bcdrescue undo vdb.20260102T030405Z.undo.json --target /dev/vdc\n\nExit codes: 0 nothing to do, 1 undone, 8 failed or refused, 16 usage."
    )]
    Undo(UndoArgs),
    /// Edit a store with bcdedit's commands, on a disk or in a file.
    #[command(
        disable_help_subcommand = true,
        subcommand_required = true,
        help_template = TEMPLATE,
        after_help = GROUPS,
        after_long_help = GROUPS_AND_EXAMPLES
    )]
    Bcd(BcdArgs),
    /// Print the JSON Schema of what the commands print with --json.
    #[command(
        after_long_help = "Examples:\n  bcdrescue schema                 of any command's output\n  bcdrescue schema check-line      of a line of `check --jsonl`"
    )]
    Schema {
        /// Whose output.
        #[arg(value_enum, value_name = "COMMAND")]
        of: Option<SchemaOf>,
    },
    /// Print the completions for a shell.
    #[command(
        after_long_help = "Example:\n  bcdrescue completions bash > /usr/share/bash-completion/completions/bcdrescue"
    )]
    Completions {
        /// The shell.
        #[arg(value_name = "SHELL")]
        shell: Shell,
    },
    /// Print the manual page of the program or of a command.
    #[command(
        after_long_help = "Examples:\n  bcdrescue man check | man -l -\n  bcdrescue man bcd set | man -l -"
    )]
    Man(ManArgs),
}

impl Command {
    /// The one target that the command is about, where it names one.
    #[must_use]
    pub(crate) fn target(&self) -> Option<&Path> {
        match self {
            Self::List(_)
            | Self::Check(_)
            | Self::Schema { .. }
            | Self::Completions { .. }
            | Self::Man(_) => None,
            Self::Inspect(args) => Some(&args.target),
            Self::Fix(args) => args.target.as_deref(),
            Self::Record(args) => Some(&args.target),
            Self::Bcd(args) => Some(args.target()),
            Self::Undo(args) => args.target.as_deref(),
        }
    }
}

/// Arguments of `list`.
#[derive(Debug, Args)]
pub(crate) struct ListArgs {
    /// Devices or images; without one all attached disks.
    #[arg(value_name = "TARGET")]
    pub targets: Vec<PathBuf>,
    /// How targets are opened.
    #[command(flatten)]
    pub open: OpenArgs,
}

/// Arguments of `inspect`.
#[derive(Debug, Args)]
pub(crate) struct InspectArgs {
    /// A device, an image, or a store file.
    #[arg(value_name = "TARGET")]
    pub target: PathBuf,
    /// Show the stores alone.
    #[arg(long)]
    pub store: bool,
    /// How targets are opened.
    #[command(flatten)]
    pub open: OpenArgs,
}

/// Arguments of `fix`.
#[derive(Debug, Args)]
pub(crate) struct FixArgs {
    /// Device or image (default: the attached disk that needs it).
    #[arg(value_name = "TARGET")]
    pub target: Option<PathBuf>,
    /// How targets are opened.
    #[command(flatten)]
    pub open: OpenArgs,
    /// What the user decided where the evidence leaves a choice.
    #[command(flatten)]
    pub choice: ChoiceArgs,
    /// Repair by an identity record of this disk (`bcdrescue record`).
    ///
    /// What its elements referred to is then known and not inferred.
    #[arg(long, value_name = "RECORD", help_heading = CHOOSING, hide_short_help = true,
        conflicts_with_all = ["system", "windows", "recovery"])]
    pub against: Option<PathBuf>,
    /// Disk controller of the machine that Windows goes to: have its drivers loaded at boot.
    ///
    /// Sets start values in Windows' SYSTEM hive, where all else that a start from it needs is there. Only when Windows was shut down
    /// fully and its volume is clean.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "CONTROLLER", help_heading = REPAIRS,
        hide_short_help = true)]
    pub on: Vec<OnArg>,
    /// Give the disk its old identity back; leave the store.
    ///
    /// The MBR signature, or the GPT's GUIDs. Drive letters, recovery and a hibernated Windows then recognise the disk too, and
    /// --drive-letters is not needed.
    #[arg(long, conflicts_with_all = ["repoint", "system", "windows", "recovery", "entry", "convert", "boot_ini", "firmware_entries", "drive_letters", "recovery_config", "rebuild"])]
    pub restore_identity: bool,
    /// Re-point the store, where an encrypted Windows leaves both repairs open.
    #[arg(long, hide_short_help = true)]
    pub repoint: bool,
    /// Dry run, no question.
    #[command(flatten)]
    pub write: WriteArgs,
    /// Directory for the undo record (default: beside an image; for a device the current directory).
    #[arg(long, value_name = "DIR", hide_short_help = true)]
    pub record_dir: Option<PathBuf>,
    /// Repair although Windows is hibernated; its saved session still has the old identity.
    #[arg(long, help_heading = REFUSALS, hide_short_help = true)]
    pub allow_hibernated: bool,
    /// Repair although the system volume was not cleanly unmounted.
    #[arg(long, help_heading = REFUSALS, hide_short_help = true)]
    pub allow_dirty_volume: bool,
    /// Repair although the disk is a RAID member; the other members do not get what is written.
    #[arg(long, help_heading = REFUSALS, hide_short_help = true)]
    pub allow_raid_member: bool,
}

/// Arguments of `record`.
#[derive(Debug, Args)]
pub(crate) struct RecordArgs {
    /// A device or an image.
    #[arg(value_name = "TARGET")]
    pub target: PathBuf,
    /// How targets are opened.
    #[command(flatten)]
    pub open: OpenArgs,
    /// The file to write; it must not exist.
    #[arg(short, long, value_name = "FILE")]
    pub output: PathBuf,
}

/// Arguments of `man`.
#[derive(Debug, Args)]
pub(crate) struct ManArgs {
    /// One of the commands, or of those of bcd; without it the page is about the program.
    #[arg(value_name = "COMMAND")]
    pub command: Vec<String>,
}

/// Arguments of `undo`.
#[derive(Debug, Args)]
pub(crate) struct UndoArgs {
    /// The record that fix wrote.
    #[arg(value_name = "RECORD")]
    pub record: PathBuf,
    /// The disk, if its name is now different from the record's.
    #[arg(long, value_name = "TARGET")]
    pub target: Option<PathBuf>,
    /// How targets are opened.
    #[command(flatten)]
    pub open: OpenArgs,
    /// Dry run, no question.
    #[command(flatten)]
    pub write: WriteArgs,
    /// Undo although the disk got a different identity since; that identity stays.
    ///
    /// Only where the stores are those of the record.
    #[arg(long)]
    pub allow_changed_identity: bool,
}
