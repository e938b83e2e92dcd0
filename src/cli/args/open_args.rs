//! How targets are opened, in words of the command line.

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use clap::ValueEnum;
use clap::value_parser;

use crate::cli::run::confine::starter;
use crate::cli::text::shell_quote;
use crate::storage::format::Format;
use crate::storage::nbd::connections::Connections;
use crate::storage::open::OpenOptions;
use crate::storage::read_size::ReadSize;
use crate::storage::time_limit::TimeLimit;

/// Heading of these switches.
const IMAGES: &str = "Images";

/// How targets are opened.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct OpenArgs {
    /// Assume this format; don't detect it.
    #[arg(long, value_enum, value_name = "FORMAT", help_heading = IMAGES, hide_short_help = true)]
    pub format: Option<FormatArg>,
    /// Follow this backing or data file of a qcow2 image, although it is in a different directory.
    #[arg(long, value_name = "PATH", help_heading = IMAGES, hide_short_help = true)]
    pub allow_backing: Vec<PathBuf>,
    /// File with the passphrase of a LUKS-encrypted image, and nothing else.
    #[arg(long, value_name = "FILE", help_heading = IMAGES, hide_short_help = true)]
    pub key_file: Option<PathBuf>,
    /// Give up on an NBD server or qemu-nbd after this many seconds of waiting in all (default: 300).
    #[arg(long, value_name = "SECONDS", help_heading = IMAGES, hide_short_help = true,
        value_parser = value_parser!(u64).range(1..))]
    pub time_limit: Option<u64>,
    /// Read this many bytes at a time: a power of two from 512 to 1M (default: 4K, and 32K where each read takes long).
    #[arg(long, value_name = "SIZE", help_heading = IMAGES, hide_short_help = true)]
    pub read_size: Option<ReadSize>,
    /// Shared by all that is opened with these arguments.
    #[arg(skip)]
    connections: Connections,
}

/// Image formats by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum FormatArg {
    /// The file's bytes are the disk's.
    Raw,
    /// QEMU's qcow2, versions 2 and 3.
    Qcow2,
    /// VMware's; like those below through qemu-nbd.
    Vmdk,
    /// Virtual PC's and Azure's.
    #[value(alias = "vpc")]
    Vhd,
    /// Hyper-V's.
    Vhdx,
    /// VirtualBox's.
    Vdi,
    /// The file's bytes are the disk's, encrypted as a whole by LUKS.
    Luks,
}

impl OpenArgs {
    /// The switches as they were given, for a command that opens the same target again.
    #[must_use]
    pub(crate) fn words(&self) -> Vec<OsString> {
        let format = self.format.as_ref().and_then(ValueEnum::to_possible_value);
        let format = format.map(|format| ("--format", format.get_name().into()));
        let path = |path: &PathBuf| shell_quote::path(path);
        let backing = self.allow_backing.iter().map(|file| ("--allow-backing", path(file)));
        let key = self.key_file.as_ref().map(|file| ("--key-file", path(file)));
        let time = self.time_limit.map(|seconds| ("--time-limit", seconds.to_string().into()));
        let size = self.read_size.map(|size| ("--read-size", size.bytes().to_string().into()));
        let pairs = format.into_iter().chain(backing).chain(key).chain(time).chain(size);
        pairs.flat_map(|(switch, value): (&str, OsString)| [switch.into(), value]).collect()
    }

    /// The same in the words of the storage.
    #[must_use]
    pub(crate) fn options(&self) -> OpenOptions {
        let format = self.format.map(|format| match format {
            FormatArg::Raw => Format::Raw,
            FormatArg::Qcow2 => Format::Qcow2,
            FormatArg::Vmdk => Format::Vmdk,
            FormatArg::Vhd => Format::Vhd,
            FormatArg::Vhdx => Format::Vhdx,
            FormatArg::Vdi => Format::Vdi,
            FormatArg::Luks => Format::Luks,
        });
        OpenOptions {
            format,
            allow_backing: self.allow_backing.clone(),
            sector_size: None,
            key_file: self.key_file.clone(),
            starter: starter(),
            connections: self.connections.clone(),
            time_limit: self
                .time_limit
                .map_or_else(TimeLimit::default, |seconds| TimeLimit(Duration::from_secs(seconds))),
            read_size: self.read_size,
        }
    }
}
