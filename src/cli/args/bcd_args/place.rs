//! Which store is meant, and how it is edited.

use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;

use crate::cli::args::choice::EntryArg;
use crate::cli::args::headings::CHOOSING;
use crate::cli::args::headings::REFUSALS;
use crate::cli::args::open_args::OpenArgs;
use crate::cli::args::write_args::WriteArgs;
use crate::cli::text::misread::Misread;

/// Where the store is.
#[derive(Debug, Clone, Args)]
pub(crate) struct PlaceArgs {
    /// A device, an image, an NBD URL or a store file.
    #[arg(value_name = "TARGET")]
    pub target: PathBuf,
    /// Which store of the disk (default: the one that its firmware finds).
    ///
    /// Its path on its volume, as inspect shows it: \Boot\BCD. With N: only on partition N.
    #[arg(long, value_name = "[N:]PATH", help_heading = CHOOSING, hide_short_help = true)]
    pub store_path: Option<StorePath>,
    /// The entry that {current} means.
    ///
    /// By default the one that starts by itself. Its GUID as enum shows it, or bcdedit's name for it ({default}).
    #[arg(long, value_name = "{GUID}", help_heading = CHOOSING)]
    pub entry: Option<EntryArg>,
    /// How targets are opened.
    #[command(flatten)]
    pub open: OpenArgs,
}

/// How a store is edited.
#[derive(Debug, Clone, Args)]
pub(crate) struct EditArgs {
    /// Where the store is.
    #[command(flatten)]
    pub place: PlaceArgs,
    /// Dry run, no question.
    #[command(flatten)]
    pub write: WriteArgs,
    /// For a store file: write the result to this new file.
    ///
    /// Without the switch the store file is replaced, and kept beside the new one.
    #[arg(short, long, value_name = "FILE")]
    pub output: Option<PathBuf>,
    /// Directory for the undo record (default: beside an image; for a device the current directory).
    #[arg(long, value_name = "DIR", hide_short_help = true)]
    pub record_dir: Option<PathBuf>,
    /// Edit although Windows is hibernated; when it resumes, it may write its own version of the store.
    #[arg(long, help_heading = REFUSALS, hide_short_help = true)]
    pub allow_hibernated: bool,
    /// Edit although the system volume was not cleanly unmounted; only what fits in place.
    #[arg(long, help_heading = REFUSALS, hide_short_help = true)]
    pub allow_dirty_volume: bool,
    /// Edit although the disk is a RAID member; the other members do not get what is written.
    #[arg(long, help_heading = REFUSALS, hide_short_help = true)]
    pub allow_raid_member: bool,
}

/// `PATH` or `N:PATH`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StorePath {
    /// Number of the partition.
    pub partition: Option<u32>,
    /// The path on its volume, from the root, with backslashes.
    pub path: String,
}

impl FromStr for StorePath {
    type Err = Misread;

    fn from_str(text: &str) -> Result<Self, Misread> {
        let misread = || Misread::new("[N:]PATH, such as \\Boot\\BCD or 1:\\Boot\\BCD", text);
        let (partition, path) = match text.split_once(':') {
            Some((number, path)) => (Some(number.parse().map_err(|_| misread())?), path),
            None => (None, text),
        };
        let path = path.replace('/', "\\");
        let path = path.trim_start_matches('\\');
        if path.is_empty() {
            return Err(misread());
        }
        Ok(Self { partition, path: format!("\\{path}") })
    }
}
