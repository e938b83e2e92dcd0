//! What `check` takes: targets, how they are worked on, and what is required of them.

use std::num::NonZero;
use std::path::PathBuf;
use std::sync::LazyLock;

use clap::Args;
use clap::ValueEnum;
use clap::builder::PossibleValue;

use crate::bcd::Firmware;
use crate::cli::args::choice::ChoiceArgs;
use crate::cli::args::headings::CHOOSING;
use crate::cli::args::on_arg::OnArg;
use crate::cli::args::open_args::OpenArgs;
use crate::cli::run::targets::Shard;
use crate::cli::run::targets::is_list;
use crate::diagnosis::requirement::Requirement;
use crate::layout::drivers::controller::Controller;
use crate::layout::drivers::controller::Controllers;

/// Heading of the switches for programs that read the results.
const REPORTS: &str = "Reports";

/// Arguments of `check`.
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// Devices, images, store files; without one all attached Windows disks.
    ///
    /// With --recursive also directories. @FILE is a list of targets, one a line; @- reads it from standard input.
    #[arg(value_name = "TARGET")]
    pub targets: Vec<PathBuf>,
    /// Search directories for disk images, by file extension.
    #[arg(short, long)]
    pub recursive: bool,
    /// Check N targets in parallel (default: CPUs; 32 where some are on a network or FUSE).
    #[arg(short, long, value_name = "N", hide_short_help = true)]
    pub jobs: Option<NonZero<u16>>,
    /// Check share I of N only (I from 1), for N machines that are given the same list.
    ///
    /// 0+1 is 1, too.
    #[arg(long, value_name = "I/N", hide_short_help = true)]
    pub shard: Option<Shard>,
    /// Also require this of every disk (else exit code 4).
    #[arg(long, value_enum, value_delimiter = ',', value_name = "WHAT")]
    pub require: Vec<RequirementArg>,
    /// Print JSON Lines, each target as soon as it is done.
    #[arg(long, help_heading = REPORTS)]
    pub jsonl: bool,
    /// Write the JSON Lines to this file; replaces an earlier report.
    #[arg(short, long, value_name = "FILE", help_heading = REPORTS, hide_short_help = true, requires = "jsonl")]
    pub output: Option<PathBuf>,
    /// Skip images that are as in this report of an earlier check --jsonl: their lines are taken from it.
    ///
    /// An image is when its file has the size and times that it had, and the question is the same. A report of a run that was
    /// interrupted will do.
    #[arg(long, value_name = "FILE", help_heading = REPORTS, hide_short_help = true, requires = "jsonl",
        conflicts_with_all = ["junit", "sarif", "against"])]
    pub since: Option<PathBuf>,
    /// Also write JUnit XML; replaces an existing report.
    #[arg(long, value_name = "FILE", help_heading = REPORTS)]
    pub junit: Option<PathBuf>,
    /// Also write SARIF 2.1.0; replaces an existing report.
    #[arg(long, value_name = "FILE", help_heading = REPORTS)]
    pub sarif: Option<PathBuf>,
    /// Disk controller that Windows has to start from after a move.
    ///
    /// Looks for its drivers in Windows' SYSTEM hive and on its volume; without them Windows stops with 0x7B.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "CONTROLLER", help_heading = CHOOSING)]
    pub on: Vec<OnArg>,
    /// How targets are opened.
    #[command(flatten)]
    pub open: OpenArgs,
    /// What the user decided where the evidence leaves a choice.
    #[command(flatten)]
    pub choice: ChoiceArgs,
    /// Compare with an identity record (`bcdrescue record`) of this target.
    #[arg(long, value_name = "RECORD", hide_short_help = true, conflicts_with_all = ["system", "windows"])]
    pub against: Option<PathBuf>,
}

impl CheckArgs {
    /// The controllers that Windows has to start from, by `--on` and by what is required.
    pub(crate) fn controllers(&self) -> Controllers {
        let required = self.requirements().filter_map(Requirement::controller);
        OnArg::controllers(&self.on).iter().chain(required).collect()
    }

    /// Whether nothing is said of what another target is, not even that its identity is the same: what is told of an image must not
    /// depend on which others are in the same list, or in the same share of it.
    #[must_use]
    pub(crate) fn tells_of_each_alone(&self) -> bool {
        self.choice.independent
            || self.recursive
            || self.shard.is_some()
            || self.targets.iter().any(|word| is_list(word))
    }

    /// The same in the words of the diagnosis.
    pub(crate) fn requirements(&self) -> impl Iterator<Item = Requirement> {
        self.require.iter().map(|requirement| requirement.0)
    }
}

/// A requirement by its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct RequirementArg(Requirement);

/// All that can be said.
static REQUIREMENTS: LazyLock<Vec<RequirementArg>> = LazyLock::new(|| {
    let own = [
        Requirement::Healthy,
        Requirement::UniqueIdentity,
        Requirement::Generalized,
        Requirement::NoHibernation,
        Requirement::NoBitlocker,
        Requirement::StartsBy(Firmware::Bios),
        Requirement::StartsBy(Firmware::Uefi),
    ];
    own.into_iter().chain(Controller::ALL.map(Requirement::StartsOn)).map(RequirementArg).collect()
});

impl ValueEnum for RequirementArg {
    fn value_variants<'a>() -> &'a [Self] {
        &REQUIREMENTS
    }

    fn to_possible_value(&self) -> Option<PossibleValue> {
        let help = match self.0 {
            Requirement::Healthy => "Nothing above a note was found (always required)",
            Requirement::UniqueIdentity => {
                "No other target has the same disk signature or GUID, and it is not zero"
            }
            Requirement::Generalized => {
                "The stores refer to no disk by its identity (locate and boot elements), so every copy starts"
            }
            Requirement::NoHibernation => "No Windows is hibernated",
            Requirement::NoBitlocker => "No partition is encrypted with BitLocker",
            Requirement::StartsBy(Firmware::Bios) => "A BIOS starts the disk",
            Requirement::StartsBy(Firmware::Uefi) => "UEFI firmware without an entry for it starts the disk",
            Requirement::StartsOn(_) => "Every Windows has the drivers to start on this controller (as --on)",
        };
        // One of them stands for all.
        let is_hidden =
            matches!(self.0, Requirement::StartsOn(controller) if controller != Controller::VirtioScsi);
        Some(PossibleValue::new(self.0.name()).help(help).hide(is_hidden))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_controller_can_be_required() {
        for controller in Controller::ALL {
            assert!(
                REQUIREMENTS.contains(&RequirementArg(Requirement::StartsOn(controller))),
                "{controller}"
            );
        }
    }
}
