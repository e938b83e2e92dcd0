//! The command line's grammar.

use std::num::NonZero;
use std::path::Path;
use std::path::PathBuf;

use clap::Args;
use clap::Parser;
use clap::Subcommand;
use clap::ValueEnum;
use clap_complete::Shell;

use crate::cli::choice::ChoiceArgs;
use crate::cli::confine::starter;
use crate::cli::json::schema::SchemaOf;
use crate::cli::targets::Shard;
use crate::cli::targets::is_list;
use crate::diagnosis::requirement::Requirement;
use crate::storage::format::Format;
use crate::storage::nbd::connections::Connections;
use crate::storage::open::OpenOptions;

/// Repairs the boot configuration of a Windows disk from Linux.
///
/// A Windows disk whose MBR signature or GPT GUIDs have changed stops at boot with 0xc000000e: its BCD store names the
/// old identity. bcdrescue finds the store and re-points it to the disk that it is on: in place, with a backup,
/// verified, undoable. No Windows, no mount, no root for an image.
#[derive(Debug, Parser)]
#[command(
    name = "bcdrescue",
    version = env!("BCDRESCUE_VERSION"),
    max_term_width = 100,
    after_help = "One broken disk attached, in a hurry:\n  bcdrescue list\n  bcdrescue check /dev/vdb\n  bcdrescue fix /dev/vdb\n\nExit codes: 0 nothing wrong, 1 fixed, 4 something is left, 8 could not do it, 16 wrong usage; added up (or-ed) over targets."
)]
pub struct Cli {
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
    /// Print JSON instead of text.
    #[arg(long, global = true)]
    pub json: bool,
}

/// The commands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// List disks with their identity, partitions and what holds them.
    #[command(
        after_help = "Examples:\n  bcdrescue list                 all attached disks\n  bcdrescue list win.qcow2       one image\n  bcdrescue list --json | jq ."
    )]
    List(ListArgs),
    /// Show the whole picture: table, volumes, boot chain, and the store as bcdedit would.
    #[command(
        after_help = "Examples:\n  bcdrescue inspect /dev/vdb\n  bcdrescue inspect win.qcow2 --json\n  bcdrescue inspect ./BCD         a store file by itself"
    )]
    Inspect(InspectArgs),
    /// Say whether Windows would boot from each disk, why not, and what fix would do. Writes nothing.
    #[command(
        after_help = "Examples:\n  bcdrescue check                all attached Windows disks\n  bcdrescue check /dev/vdb\n  bcdrescue check *.qcow2 --json\n  bcdrescue check --recursive images --jsonl --junit report.xml\n  bcdrescue check @list --shard 3/16 --require unique-identity,no-hibernation\n\nExit codes: 0 healthy, 4 something is wrong, 8 could not be examined (or no Windows disk is attached)."
    )]
    Check(CheckArgs),
    /// Re-point the store's device elements to the disk that they are on.
    #[command(
        after_help = "Examples:\n  bcdrescue fix /dev/vdb --dry-run   show every sector before and after, write nothing\n  bcdrescue fix /dev/vdb             show the plan, ask, repair\n  bcdrescue fix --yes win.qcow2      no question\n  bcdrescue fix /dev/vdb --restore-identity   the other cure: the disk gets its old identity back\n  bcdrescue fix /dev/vdb --with /dev/vdc      Windows is on the second disk\n  bcdrescue fix /dev/vdb --active 1 --boot-sector --drive-letters   more than the store\n\nExit codes: 0 nothing to do, 1 fixed, 4 something is left (5: fixed, and something is left),\n8 failed or refused (the message says what state the disk is in), 16 usage."
    )]
    Fix(FixArgs),
    /// Keep a disk's identities in a file while all is well, for `check --against` and `fix --against`. Writes nothing to
    /// the disk.
    #[command(
        after_help = "Examples:\n  bcdrescue record /dev/vdb -o server.json       before the disk goes elsewhere\n  bcdrescue check /dev/vdb --against server.json\n  bcdrescue fix /dev/vdb --against server.json\n\nExit codes: 0 recorded, 8 failed or refused (the disk is not well), 16 usage."
    )]
    Record(RecordArgs),
    /// Bring a disk back to the byte, by the record that fix wrote.
    #[command(
        after_help = "Examples:\n  bcdrescue undo vdb.20260102T030405Z.undo.json --dry-run\n  bcdrescue undo vdb.20260102T030405Z.undo.json\n\nExit codes: 0 nothing to do, 1 undone, 8 failed or refused, 16 usage."
    )]
    Undo(UndoArgs),
    /// Print the JSON Schema of what the commands print with --json.
    #[command(
        after_help = "Examples:\n  bcdrescue schema                 of any command's output\n  bcdrescue schema check-line      of a line of `check --jsonl`"
    )]
    Schema {
        /// Whose output.
        #[arg(value_enum, value_name = "COMMAND")]
        of: Option<SchemaOf>,
    },
    /// Print the completions for a shell.
    #[command(
        after_help = "Example:\n  bcdrescue completions bash > /usr/share/bash-completion/completions/bcdrescue"
    )]
    Completions {
        /// The shell.
        #[arg(value_name = "SHELL")]
        shell: Shell,
    },
    /// Print the manual page of the program or of a command.
    #[command(after_help = "Example:\n  bcdrescue man check | man -l -")]
    Man(ManArgs),
}

impl Command {
    /// The one target that the command is about, where it names one.
    #[must_use]
    pub fn target(&self) -> Option<&Path> {
        match self {
            Self::List(_)
            | Self::Check(_)
            | Self::Schema { .. }
            | Self::Completions { .. }
            | Self::Man(_) => None,
            Self::Inspect(args) => Some(&args.target),
            Self::Fix(args) => args.target.as_deref(),
            Self::Record(args) => Some(&args.target),
            Self::Undo(args) => args.target.as_deref(),
        }
    }
}

/// How targets are opened.
#[derive(Debug, Clone, Default, Args)]
pub struct OpenArgs {
    /// Insist on an image format instead of recognising it.
    #[arg(long, value_enum, value_name = "FORMAT")]
    pub format: Option<FormatArg>,
    /// Follow this backing or data file of a qcow2 image although it lies in another directory.
    #[arg(long, value_name = "PATH")]
    pub allow_backing: Vec<PathBuf>,
    /// The file that holds the passphrase of an image that is encrypted with LUKS, and nothing else.
    #[arg(long, value_name = "FILE")]
    pub key_file: Option<PathBuf>,
    /// Shared by all that is opened with these arguments.
    #[arg(skip)]
    connections: Connections,
}

/// Image formats by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FormatArg {
    /// The file's bytes are the disk's.
    Raw,
    /// QEMU's qcow2, versions 2 and 3.
    Qcow2,
    /// VMware's; like those below through qemu-nbd.
    Vmdk,
    /// Virtual PC's and Azure's.
    #[value(alias = "vpc")]
    Vhd,
    /// Hyper-V's.
    Vhdx,
    /// VirtualBox's.
    Vdi,
    /// The file's bytes are the disk's, encrypted as a whole by LUKS.
    Luks,
}

impl OpenArgs {
    /// The switches as they were given, for a command that opens the same target again.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        let format = self.format.as_ref().and_then(ValueEnum::to_possible_value);
        let format = format.map(|format| ("--format", format.get_name().to_owned()));
        let path = |path: &PathBuf| path.display().to_string();
        let backing = self.allow_backing.iter().map(|file| ("--allow-backing", path(file)));
        let key = self.key_file.as_ref().map(|file| ("--key-file", path(file)));
        let pairs = format.into_iter().chain(backing).chain(key);
        pairs.flat_map(|(switch, value)| [switch.to_owned(), value]).collect()
    }

    /// The same in the words of the storage.
    #[must_use]
    pub fn options(&self) -> OpenOptions {
        let format = self.format.map(|format| match format {
            FormatArg::Raw => Format::Raw,
            FormatArg::Qcow2 => Format::Qcow2,
            FormatArg::Vmdk => Format::Vmdk,
            FormatArg::Vhd => Format::Vhd,
            FormatArg::Vhdx => Format::Vhdx,
            FormatArg::Vdi => Format::Vdi,
            FormatArg::Luks => Format::Luks,
        });
        OpenOptions {
            format,
            allow_backing: self.allow_backing.clone(),
            sector_size: None,
            key_file: self.key_file.clone(),
            starter: starter(),
            connections: self.connections.clone(),
        }
    }
}

/// Arguments of `list`.
#[derive(Debug, Args)]
pub struct ListArgs {
    /// Devices or images; without one all attached disks.
    #[arg(value_name = "TARGET")]
    pub targets: Vec<PathBuf>,
    /// How targets are opened.
    #[command(flatten)]
    pub open: OpenArgs,
}

/// Arguments of `inspect`.
#[derive(Debug, Args)]
pub struct InspectArgs {
    /// A device, an image, or a store file.
    #[arg(value_name = "TARGET")]
    pub target: PathBuf,
    /// How targets are opened.
    #[command(flatten)]
    pub open: OpenArgs,
}

/// Arguments of `check`.
#[derive(Debug, Args)]
pub struct CheckArgs {
    /// Devices, images, store files; directories with --recursive; @FILE for a list of them, one a line (@- for standard
    /// input). Without one all attached disks with Windows on them.
    #[arg(value_name = "TARGET")]
    pub targets: Vec<PathBuf>,
    /// Search directories for disk images, by the endings of their names.
    #[arg(short, long)]
    pub recursive: bool,
    /// So many targets at the same time. Without it as many as there are processors.
    #[arg(short, long, value_name = "N")]
    pub jobs: Option<NonZero<u16>>,
    /// Only share I of N of the targets, for N machines that are given the same list. I counts from 1; 0+1 is 1, too.
    #[arg(long, value_name = "I/N")]
    pub shard: Option<Shard>,
    /// What every disk has to be besides healthy: exit code 4 when one is not.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "WHAT")]
    pub require: Vec<RequirementArg>,
    /// The targets are disks of different machines: what one of them is says nothing about another. Goes without saying with
    /// lists, directories and --shard.
    #[arg(long)]
    pub independent: bool,
    /// Print JSON Lines: each target as soon as it and those before it are done.
    #[arg(long)]
    pub jsonl: bool,
    /// Write the results as JUnit XML too; a report that is there is replaced.
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// How targets are opened.
    #[command(flatten)]
    pub open: OpenArgs,
    /// What the user decided where the evidence leaves a choice.
    #[command(flatten)]
    pub choice: ChoiceArgs,
    /// Say what has changed since this record was made (`bcdrescue record`); for one target.
    #[arg(long, value_name = "RECORD", conflicts_with_all = ["system", "windows"])]
    pub against: Option<PathBuf>,
}

impl CheckArgs {
    /// Whether no target is judged by another one: what comes of an image must not depend on which others are in the same
    /// list, or in the same share of it.
    #[must_use]
    pub fn is_independent(&self) -> bool {
        self.independent
            || self.recursive
            || self.shard.is_some()
            || self.targets.iter().any(|word| is_list(word))
    }

    /// The same in the words of the diagnosis.
    pub fn requirements(&self) -> impl Iterator<Item = Requirement> {
        self.require.iter().map(|requirement| match requirement {
            RequirementArg::Healthy => Requirement::Healthy,
            RequirementArg::UniqueIdentity => Requirement::UniqueIdentity,
            RequirementArg::Generalized => Requirement::Generalized,
            RequirementArg::NoHibernation => Requirement::NoHibernation,
            RequirementArg::NoBitlocker => Requirement::NoBitlocker,
        })
    }
}

/// Requirements by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RequirementArg {
    /// Nothing above a note was found (which is always required).
    Healthy,
    /// No other target has the same disk signature or GUID, and it is not zero.
    UniqueIdentity,
    /// The stores name no disk by its identity (locate and boot elements), so that every copy starts.
    Generalized,
    /// No Windows is hibernated.
    NoHibernation,
    /// No partition is encrypted with BitLocker.
    NoBitlocker,
}

/// Switches that every writing command has.
#[derive(Debug, Clone, Copy, Default, Args)]
pub struct WriteArgs {
    /// Show what would be written, and write nothing.
    #[arg(short = 'n', long)]
    pub dry_run: bool,
    /// Do not ask.
    #[arg(short = 'y', long)]
    pub yes: bool,
}

/// Arguments of `fix`.
#[derive(Debug, Args)]
pub struct FixArgs {
    /// A device or an image; without one the attached disk that needs it.
    #[arg(value_name = "TARGET")]
    pub target: Option<PathBuf>,
    /// How targets are opened.
    #[command(flatten)]
    pub open: OpenArgs,
    /// What the user decided where the evidence leaves a choice.
    #[command(flatten)]
    pub choice: ChoiceArgs,
    /// Repair by a record of the disk (`bcdrescue record`): what its elements named is known then, not concluded.
    #[arg(long, value_name = "RECORD", conflicts_with_all = ["system", "windows"])]
    pub against: Option<PathBuf>,
    /// Give the disk its old identity back (the MBR signature, or the GPT's GUIDs) instead of re-pointing the store.
    /// Then also drive letters, recovery and a hibernated Windows know it again, and --drive-letters is not needed.
    #[arg(long, conflicts_with_all = ["repoint", "system", "windows", "convert", "firmware_entries", "drive_letters"])]
    pub restore_identity: bool,
    /// Re-point the store, which is what fix does; says so where an encrypted Windows leaves a choice.
    #[arg(long)]
    pub repoint: bool,
    /// Dry run, no question.
    #[command(flatten)]
    pub write: WriteArgs,
    /// Directory for the undo record. Without it: beside an image, or the current directory for a device.
    #[arg(long, value_name = "DIR")]
    pub record_dir: Option<PathBuf>,
    /// Repair although Windows is hibernated; its saved session then remembers the old identity.
    #[arg(long)]
    pub allow_hibernated: bool,
    /// Repair although the system volume was not cleanly unmounted.
    #[arg(long)]
    pub allow_dirty_volume: bool,
}

/// Arguments of `record`.
#[derive(Debug, Args)]
pub struct RecordArgs {
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
pub struct ManArgs {
    /// One of the commands; without it the page is about the program.
    #[arg(value_name = "COMMAND")]
    pub command: Option<String>,
}

/// Arguments of `undo`.
#[derive(Debug, Args)]
pub struct UndoArgs {
    /// The record that fix wrote.
    #[arg(value_name = "RECORD")]
    pub record: PathBuf,
    /// The disk, when it now has another name than in the record.
    #[arg(long, value_name = "TARGET")]
    pub target: Option<PathBuf>,
    /// How targets are opened.
    #[command(flatten)]
    pub open: OpenArgs,
    /// Dry run, no question.
    #[command(flatten)]
    pub write: WriteArgs,
}
