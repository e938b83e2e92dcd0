//! Switches that every writing command has.

use clap::Args;

/// Whether it asks, and whether it writes.
#[derive(Debug, Clone, Copy, Default, Args)]
pub(crate) struct WriteArgs {
    /// Show what would be written; write nothing.
    #[arg(short = 'n', long)]
    pub dry_run: bool,
    /// Do not ask.
    #[arg(short = 'y', long)]
    pub yes: bool,
}
