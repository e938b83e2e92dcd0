//! Arguments of the commands of `bcd` about emergency management over a serial line.

use std::str::FromStr;

use clap::Args;

use crate::cli::args::bcd_args::place::EditArgs;
use crate::cli::args::bcd_args::request::EMSSETTINGS;
use crate::cli::args::bcd_args::request::Request;
use crate::cli::text::misread::Misread;

/// Arguments of `bcd ems` and `bcd bootems`.
#[derive(Debug, Args)]
pub(crate) struct EmsArgs {
    /// How the store is edited.
    #[command(flatten)]
    pub edit: EditArgs,
    /// The object (default: {current}), and on or off.
    #[arg(value_name = "{ID} on|off", num_args = 1..=2, required = true)]
    pub words: Vec<String>,
}

/// Arguments of `bcd emssettings`.
#[derive(Debug, Args)]
pub(crate) struct EmsSettingsArgs {
    /// How the store is edited.
    #[command(flatten)]
    pub edit: EditArgs,
    /// bios (as the firmware says), or emsport:N and emsbaudrate:N.
    #[arg(value_name = "SETTING", num_args = 1..=2, required = true)]
    pub settings: Vec<EmsSetting>,
}

/// A word behind `emssettings`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum EmsSetting {
    /// What the firmware says of its serial port (ACPI table SPCR) counts.
    Bios,
    /// The port; 1 is COM1.
    Port(u32),
    /// Bits per second.
    BaudRate(u32),
}

impl EmsSetting {
    /// Firmware is asked where the store says nothing.
    pub(crate) fn requests(self) -> Vec<Request> {
        let set = |element, value: u32| vec![Request::set(Some(EMSSETTINGS), element, &value.to_string())];
        match self {
            Self::Bios => ["emsport", "emsbaudrate"]
                .map(|element| Request::unset_if_there(Some(EMSSETTINGS), element))
                .to_vec(),
            Self::Port(port) => set("emsport", port),
            Self::BaudRate(baud) => set("emsbaudrate", baud),
        }
    }
}

impl FromStr for EmsSetting {
    type Err = Misread;

    fn from_str(text: &str) -> Result<Self, Misread> {
        let misread = || Misread::new("bios, emsport:N or emsbaudrate:N", text);
        let lower = text.to_ascii_lowercase();
        let number = |number: &str| number.parse().map_err(|_| misread());
        match lower.split_once(':') {
            None if lower == "bios" => Ok(Self::Bios),
            Some(("emsport", port)) => Ok(Self::Port(number(port)?)),
            Some(("emsbaudrate", baud)) => Ok(Self::BaudRate(number(baud)?)),
            _ => Err(misread()),
        }
    }
}
