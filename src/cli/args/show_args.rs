//! How results are shown.

use clap::Args;
use clap::ColorChoice;

/// How results are shown.
#[derive(Debug, Clone, Copy, Default, Args)]
pub(crate) struct ShowArgs {
    /// Print JSON instead of text.
    #[arg(long, global = true)]
    pub json: bool,
    /// Show everything: the whole boot path, evidence, bytes.
    #[arg(short, long, global = true)]
    pub verbose: bool,
    /// When to use colours.
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN", hide_short_help = true)]
    pub color: ColorChoice,
}

impl ShowArgs {
    /// Decides for all that is printed from now on; `auto` follows the terminal and the variables `NO_COLOR` and
    /// `CLICOLOR_FORCE`.
    pub(crate) fn set_color(self) {
        match self.color {
            ColorChoice::Auto => anstream::ColorChoice::Auto,
            ColorChoice::Always => anstream::ColorChoice::Always,
            ColorChoice::Never => anstream::ColorChoice::Never,
        }
        .write_global();
    }
}
