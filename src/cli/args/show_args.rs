//! How results are shown.

use clap::Args;
use clap::ColorChoice;

/// How results are shown.
#[derive(Debug, Clone, Copy, Default, Args)]
pub(crate) struct ShowArgs {
    /// Print JSON instead of text.
    #[arg(long, global = true, help_heading = "Output")]
    pub json: bool,
    /// Show everything: every hop of the boot path, the evidence, bytes.
    #[arg(short, long, global = true, help_heading = "Output")]
    pub verbose: bool,
    /// Colour the output.
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN", help_heading = "Output")]
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
