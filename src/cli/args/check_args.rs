//! What `check` takes: targets, how they are worked on, and what is required of them.

use std::num::NonZero;
use std::path::PathBuf;

use clap::Args;
use clap::ValueEnum;

use crate::cli::args::choice::ChoiceArgs;
use crate::cli::args::open_args::OpenArgs;
use crate::cli::run::targets::Shard;
use crate::cli::run::targets::is_list;
use crate::diagnosis::requirement::Requirement;

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
    /// Check N targets in parallel (default: CPUs).
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
    /// Also write JUnit XML; replaces an existing report.
    #[arg(long, value_name = "FILE", help_heading = REPORTS)]
    pub junit: Option<PathBuf>,
    /// Also write SARIF 2.1.0; replaces an existing report.
    #[arg(long, value_name = "FILE", help_heading = REPORTS)]
    pub sarif: Option<PathBuf>,
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
pub(crate) enum RequirementArg {
    /// Nothing above a note was found (always required).
    Healthy,
    /// No other target has the same disk signature or GUID, and it is not zero.
    UniqueIdentity,
    /// The stores refer to no disk by its identity (locate and boot elements), so every copy starts.
    Generalized,
    /// No Windows is hibernated.
    NoHibernation,
    /// No partition is encrypted with BitLocker.
    NoBitlocker,
}
