//! What stands against a Windows' start from a disk controller.

use std::fmt;

use crate::diagnosis::windows::readiness::Readiness;
use crate::layout::boot_file::Content;
use crate::layout::boot_file::Machine;
use crate::layout::drivers::facts::Filter;

/// One thing that stands against a start, or that nobody can tell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lack {
    /// This Windows has no driver for the controller in any installation.
    NoDriver,
    /// A service has no key.
    NoService(String),
    /// A service has no `Start`.
    NoStart(String),
    /// A driver's package is there, its service is not complete.
    NotInstalled(String),
    /// A service is no driver.
    NoDriverService {
        /// Its name.
        service: String,
        /// Its `Type`, where it has one.
        kind: Option<u32>,
    },
    /// A service is not loaded at boot.
    Start {
        /// Its name.
        service: String,
        /// Its `Start`.
        value: u32,
    },
    /// The start value is overridden for a hardware configuration.
    Override {
        /// The service.
        service: String,
        /// The configuration's index, as the value is named.
        index: String,
        /// The start value that counts on it.
        value: u32,
    },
    /// A service is promoted to be loaded at boot, but not on the hardware on which this Windows ran.
    NotPromoted {
        /// Its name.
        service: String,
    },
    /// No hardware id of the controller is bound to the service.
    NoId {
        /// The service.
        service: String,
        /// The first id that was looked up.
        id: &'static str,
    },
    /// A hardware id of the controller is bound to another driver.
    OtherDriver {
        /// The service.
        service: String,
        /// The id.
        id: &'static str,
        /// The other's service.
        other: String,
    },
    /// A file of a driver is missing, or no whole program for this processor.
    File {
        /// Its path.
        path: String,
        /// What is wrong with it.
        what: OddFile,
    },
    /// Nobody can tell of a file.
    UnknownFile {
        /// Its path.
        path: String,
        /// Why not.
        why: String,
    },
    /// The path of a driver's file is one that is not followed.
    OddPath {
        /// The service.
        service: String,
        /// The path.
        path: String,
    },
    /// A filter driver is gone, and its class still asks for it.
    Filter {
        /// The filter.
        filter: Filter,
        /// Its file and what is wrong with that; nothing where its service has no key.
        what: Option<(String, OddFile)>,
    },
    /// A filter driver that is not Windows' own.
    ForeignFilter(Filter),
    /// The SYSTEM hive does not tell, for this reason.
    Hive(String),
}

/// What is wrong with the file of a driver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OddFile {
    /// It is not there.
    Missing,
    /// It is no whole program.
    Content(Content),
    /// It is for another processor.
    Machine {
        /// Which.
        found: Machine,
        /// That of the kernel.
        wanted: Machine,
    },
}

impl Lack {
    /// The best that can be said of a Windows with this.
    #[must_use]
    pub const fn readiness(&self) -> Readiness {
        match self {
            Self::NoDriver
            | Self::NoService(_)
            | Self::NoStart(_)
            | Self::NoDriverService { .. }
            | Self::NoId { .. }
            | Self::File { .. }
            | Self::Filter { .. } => Readiness::NotReady,
            Self::NotInstalled(_) => Readiness::Staged,
            Self::Start { .. } => Readiness::Patchable,
            Self::Override { .. } | Self::NotPromoted { .. } => Readiness::ReadyButOverridden,
            Self::OtherDriver { .. }
            | Self::UnknownFile { .. }
            | Self::OddPath { .. }
            | Self::ForeignFilter(_)
            | Self::Hive(_) => Readiness::Unknown,
        }
    }
}

impl Lack {
    /// Whether nobody knows that a driver can be loaded: one that cannot may stop the start from every other controller too.
    #[must_use]
    pub const fn is_of_unknown_driver(&self) -> bool {
        matches!(
            self,
            Self::OtherDriver { .. } | Self::UnknownFile { .. } | Self::OddPath { .. } | Self::Hive(_)
        )
    }
}

impl fmt::Display for Lack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoDriver => f.write_str("this version of Windows has no driver for it"),
            Self::NoService(service) => write!(f, "the driver {service} is not installed"),
            Self::NoStart(service) => write!(f, "the service {service} has no start value"),
            Self::NotInstalled(service) => {
                write!(f, "the driver {service} is staged in the driver store but not installed")
            }
            Self::NoDriverService { service, kind: Some(kind) } => {
                write!(f, "the service {service} is no driver (Type {kind})")
            }
            Self::NoDriverService { service, kind: None } => write!(f, "the service {service} has no type"),
            Self::Start { service, value } => {
                write!(f, "the driver {service} is not loaded at boot (Start {value})")
            }
            Self::Override { service, index, value } => {
                write!(f, r"the start value of {service} is overridden (StartOverride\{index} {value})")
            }
            Self::NotPromoted { service } => {
                write!(f, "{service} is not promoted to boot on the hardware on which Windows ran last")
            }
            Self::NoId { service, id } => write!(f, "no hardware id is bound to {service} ({id})"),
            Self::OtherDriver { service, id, other } => {
                write!(f, "the hardware id {id} is bound to {other}, not to {service}")
            }
            Self::File { path, what } => write!(f, "{path} {what}"),
            Self::UnknownFile { path, why } => write!(f, "{path} cannot be examined: {why}"),
            Self::OddPath { service, path } => {
                write!(f, "the image path of {service} is not followed: {path}")
            }
            Self::Filter { filter, what: None } => {
                write!(f, "{} refers to {}, which is not installed", list(filter), filter.service)
            }
            Self::Filter { filter, what: Some((path, what)) } => {
                write!(f, "{} refers to {}, whose file {path} {what}", list(filter), filter.service)
            }
            Self::ForeignFilter(filter) => {
                write!(f, "{} has a third-party filter driver, {}", list(filter), filter.service)
            }
            Self::Hive(why) => f.write_str(why),
        }
    }
}

/// The value in which a filter stands.
fn list(filter: &Filter) -> String {
    let which = if filter.is_upper { "UpperFilters" } else { "LowerFilters" };
    format!("{which} of {}", filter.class.as_str())
}

impl fmt::Display for OddFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("is missing"),
            Self::Content(Content::Empty) => f.write_str("is empty"),
            Self::Content(Content::Zeros) => f.write_str("starts with zeros"),
            Self::Content(Content::Cut { wants }) => write!(f, "is truncated, it needs {wants} bytes"),
            Self::Content(_) => f.write_str("is not a program"),
            Self::Machine { found, wanted } => write!(f, "is for {found}, the kernel for {wanted}"),
        }
    }
}
