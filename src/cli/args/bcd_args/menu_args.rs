//! Arguments of the commands of `bcd` about the boot menu.

use clap::Args;

use crate::cli::args::bcd_args::edit_args::ListArgs;
use crate::cli::args::bcd_args::place::EditArgs;
use crate::cli::text::misread::Misread;

/// Arguments of `bcd displayorder` and of the other lists of the boot manager.
#[derive(Debug, Args)]
pub(crate) struct OrderArgs {
    /// How the store is edited.
    #[command(flatten)]
    pub edit: EditArgs,
    /// The objects, in order.
    #[arg(value_name = "{ID}", num_args = 1.., required = true)]
    pub ids: Vec<String>,
    /// What becomes of the list.
    #[command(flatten)]
    pub list: ListArgs,
}

/// Arguments of `bcd default`.
#[derive(Debug, Args)]
pub(crate) struct DefaultArgs {
    /// How the store is edited.
    #[command(flatten)]
    pub edit: EditArgs,
    /// The entry.
    #[arg(value_name = "{ID}")]
    pub id: String,
}

/// Arguments of `bcd timeout`.
#[derive(Debug, Args)]
pub(crate) struct TimeoutArgs {
    /// How the store is edited.
    #[command(flatten)]
    pub edit: EditArgs,
    /// How long the menu waits.
    #[arg(value_name = "SECONDS", value_parser = seconds)]
    pub seconds: u32,
}

/// A number of seconds.
fn seconds(text: &str) -> Result<u32, Misread> {
    text.parse().map_err(|_| Misread::new("a number of seconds", text))
}
