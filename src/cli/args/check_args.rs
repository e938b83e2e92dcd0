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

/// Arguments of `check`.
#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// Devices, images, store files; directories with --recursive; @FILE for a list of them, one a line (@- for standard
    /// input). Without one all attached disks with Windows on them.
    #[arg(value_name = "TARGET")]
    pub targets: Vec<PathBuf>,
    /// Search directories for disk images, by the endings of their names.
    #[arg(short, long)]
    pub recursive: bool,
    /// So many targets at the same time. Without it as many as there are processors.
    #[arg(short, long, value_name = "N")]
    pub jobs: Option<NonZero<u16>>,
    /// Only share I of N of the targets, for N machines that are given the same list. I counts from 1; 0+1 is 1, too.
    #[arg(long, value_name = "I/N")]
    pub shard: Option<Shard>,
    /// What every disk has to be besides healthy: exit code 4 when one is not.
    #[arg(long, value_enum, value_delimiter = ',', value_name = "WHAT")]
    pub require: Vec<RequirementArg>,
    /// Print JSON Lines: each target as soon as it and those before it are done.
    #[arg(long)]
    pub jsonl: bool,
    /// Write the results as JUnit XML too; a report that is there is replaced.
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Write what is wrong as SARIF 2.1.0 too; a report that is there is replaced.
    #[arg(long, value_name = "FILE")]
    pub sarif: Option<PathBuf>,
    /// How targets are opened.
    #[command(flatten)]
    pub open: OpenArgs,
    /// What the user decided where the evidence leaves a choice.
    #[command(flatten)]
    pub choice: ChoiceArgs,
    /// Say what has changed since this record was made (`bcdrescue record`); for one target.
    #[arg(long, value_name = "RECORD", conflicts_with_all = ["system", "windows"])]
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
    /// Nothing above a note was found (which is always required).
    Healthy,
    /// No other target has the same disk signature or GUID, and it is not zero.
    UniqueIdentity,
    /// The stores name no disk by its identity (locate and boot elements), so that every copy starts.
    Generalized,
    /// No Windows is hibernated.
    NoHibernation,
    /// No partition is encrypted with BitLocker.
    NoBitlocker,
}
