//! Arguments of the commands of `bcd` that read.

use std::path::PathBuf;

use clap::Args;

use crate::cli::args::bcd_args::place::PlaceArgs;

/// Arguments of `bcd enum`.
#[derive(Debug, Args)]
pub(crate) struct EnumArgs {
    /// Where the store is.
    #[command(flatten)]
    pub place: PlaceArgs,
    /// active (default), all, firmware, bootapp, bootmgr, osloader, resume, inherit or {ID}.
    #[arg(value_name = "WHICH")]
    pub which: Option<String>,
}

/// Arguments of `bcd get`.
#[derive(Debug, Args)]
pub(crate) struct GetArgs {
    /// Where the store is.
    #[command(flatten)]
    pub place: PlaceArgs,
    /// The object (default: {current}), and one of its elements.
    #[arg(value_name = "{ID} ELEMENT", num_args = 1..=2)]
    pub words: Vec<String>,
}

/// Arguments of `bcd export`.
#[derive(Debug, Args)]
pub(crate) struct ExportArgs {
    /// Where the store is.
    #[command(flatten)]
    pub place: PlaceArgs,
    /// The new file; omit it with --json.
    #[arg(value_name = "FILE")]
    pub file: Option<PathBuf>,
}

/// Arguments of `bcd diff`.
#[derive(Debug, Args)]
pub(crate) struct DiffArgs {
    /// Where the store is.
    #[command(flatten)]
    pub place: PlaceArgs,
    /// The disk, image or store file to compare with.
    #[arg(value_name = "OTHER")]
    pub other: PathBuf,
}
