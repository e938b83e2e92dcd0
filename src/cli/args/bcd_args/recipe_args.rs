//! Arguments of the recipes of `bcd`.

use std::str::FromStr;

use clap::Args;
use clap::ValueEnum;
use clap::value_parser;

use crate::cli::args::bcd_args::place::EditArgs;
use crate::cli::args::bcd_args::recipe::Recipe;
use crate::cli::args::bcd_args::recipe::SafeMode;
use crate::cli::text::misread::Misread;

/// Arguments of `bcd safe-mode`.
#[derive(Debug, Args)]
pub(crate) struct SafeModeArgs {
    /// How the store is edited.
    #[command(flatten)]
    pub edit: EditArgs,
    /// Which safe mode; off for a normal start.
    #[arg(value_enum, ignore_case = true, value_name = "MODE", default_value = "minimal")]
    pub mode: SafeModeArg,
}

/// Safe modes by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum SafeModeArg {
    /// Without network.
    Minimal,
    /// With network.
    Network,
    /// Windows as usual.
    Off,
}

/// On or off.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Switch {
    /// On.
    On,
    /// Off.
    Off,
}

/// Arguments of `bcd serial-console`.
#[derive(Debug, Args)]
pub(crate) struct SerialConsoleArgs {
    /// How the store is edited.
    #[command(flatten)]
    pub edit: EditArgs,
    /// Switch the console on or off.
    #[arg(
        value_enum,
        ignore_case = true,
        value_name = "on|off",
        default_value = "on",
        hide_possible_values = true
    )]
    pub switch: Switch,
    /// The serial port; 1 is COM1.
    #[arg(long, value_name = "N", default_value_t = 1, display_order = 0, value_parser = value_parser!(u32).range(1..=255))]
    pub port: u32,
    /// Bits per second.
    #[arg(long, value_name = "N", default_value_t = 115_200, display_order = 0, value_parser = value_parser!(u32).range(300..=921_600))]
    pub baud: u32,
}

/// Arguments of `bcd auto-repair`.
#[derive(Debug, Args)]
pub(crate) struct AutoRepairArgs {
    /// How the store is edited.
    #[command(flatten)]
    pub edit: EditArgs,
    /// Switch automatic repair on or off.
    #[arg(value_enum, ignore_case = true, value_name = "on|off", hide_possible_values = true)]
    pub switch: Switch,
}

/// Arguments of `bcd last-known-good`.
#[derive(Debug, Args)]
pub(crate) struct LastKnownGoodArgs {
    /// How the store is edited.
    #[command(flatten)]
    pub edit: EditArgs,
    /// Use the last known good configuration, or not.
    #[arg(
        value_enum,
        ignore_case = true,
        value_name = "on|off",
        default_value = "on",
        hide_possible_values = true
    )]
    pub switch: Switch,
}

/// Arguments of `bcd menu`.
#[derive(Debug, Args)]
pub(crate) struct MenuArgs {
    /// How the store is edited.
    #[command(flatten)]
    pub edit: EditArgs,
    /// How long the menu is shown; off for no menu.
    #[arg(value_name = "SECONDS|off")]
    pub seconds: MenuArg,
}

/// `SECONDS` or `off`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MenuArg(pub Option<u32>);

impl FromStr for MenuArg {
    type Err = Misread;

    fn from_str(text: &str) -> Result<Self, Misread> {
        if text.eq_ignore_ascii_case("off") {
            return Ok(Self(None));
        }
        text.parse()
            .map(|seconds| Self(Some(seconds)))
            .map_err(|_| Misread::new("a number of seconds, or off", text))
    }
}

impl SafeModeArgs {
    /// The recipe.
    pub(crate) fn recipe(&self) -> Recipe {
        Recipe::SafeMode(match self.mode {
            SafeModeArg::Minimal => SafeMode::Minimal,
            SafeModeArg::Network => SafeMode::Network,
            SafeModeArg::Off => SafeMode::Off,
        })
    }
}

impl SerialConsoleArgs {
    /// The recipe.
    pub(crate) fn recipe(&self) -> Recipe {
        match self.switch {
            Switch::On => Recipe::SerialConsole { port: self.port, baud: self.baud },
            Switch::Off => Recipe::NoSerialConsole,
        }
    }
}

impl MenuArgs {
    /// The recipe.
    pub(crate) fn recipe(&self) -> Recipe {
        self.seconds.0.map_or(Recipe::NoMenu, Recipe::Menu)
    }
}
