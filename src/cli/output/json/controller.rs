//! Storage drivers in JSON: what a Windows has to start from a disk controller.

use schemars::JsonSchema;
use serde::Serialize;

use crate::diagnosis::windows::readiness::Readiness;
use crate::diagnosis::windows::starts_on::StartsOn;
use crate::diagnosis::windows::storage_drivers;
use crate::layout::Layout;
use crate::layout::drivers::facts::Found;
use crate::layout::drivers::facts::StorageDrivers;
use crate::layout::drivers::image_path::file_of;
use crate::layout::windows::WindowsVolume;

/// Whether a Windows would start from a disk controller.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Controller {
    /// The controller, as `--on` takes it.
    controller: &'static str,
    /// The answer. `ready-but-overridden`: on hardware with another UUID it probably starts; `patchable`: start values alone are wrong;
    /// `staged`: the driver's package is there, but was never installed.
    verdict: Readiness,
    /// What stands against a start, the gravest first; empty where it is ready.
    reasons: Vec<String>,
    /// The services that it would start by, without those that every start needs.
    services: Vec<Service>,
}

/// A driver's service in the control set that starts.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Service {
    /// Its name.
    name: String,
    /// Its `Start`; null where there is none, or no such service.
    start: Option<u32>,
    /// What `StartOverride` puts in its place, the first that is not 0; null where there is none.
    start_override: Option<u32>,
    /// The path of its file on the volume of Windows; null without a service.
    file: Option<String>,
    /// Length of the file in bytes; null where it is missing or cannot be read.
    file_size: Option<u64>,
    /// The hardware ids that are bound to it.
    ids: Vec<&'static str>,
}

/// The answers of a Windows for the controllers that it was asked for.
#[must_use]
pub fn controllers(layout: &Layout, windows: &WindowsVolume) -> Option<Vec<Controller>> {
    let drivers = windows.drivers.as_ref()?.found.as_ref().ok();
    let one = |answer: StartsOn| Controller {
        controller: answer.controller.as_str(),
        verdict: answer.readiness,
        reasons: answer.lacks.iter().map(ToString::to_string).collect(),
        services: drivers.map(|drivers| services(drivers, windows, &answer)).unwrap_or_default(),
    };
    Some(storage_drivers::of_windows(layout, windows).into_iter().map(one).collect())
}

fn services(drivers: &StorageDrivers, windows: &WindowsVolume, answer: &StartsOn) -> Vec<Service> {
    let Some(set) = drivers.default_set() else { return Vec::new() };
    let one = |name: &&'static str| {
        let service = set.service(name);
        let file = service.and_then(|it| file_of(&windows.root, &it.name, it.image_path.as_deref()));
        let found =
            file.as_deref().and_then(|path| drivers.file(path)).and_then(|file| file.found.as_ref().ok());
        let is_bound = |services: &[String]| services.iter().any(|it| it.eq_ignore_ascii_case(name));
        let bound = drivers.bindings.iter().filter(|binding| is_bound(&binding.services));
        let overrides = service.into_iter().flat_map(|service| &service.overrides);
        Service {
            name: service.map_or_else(|| (*name).to_owned(), |service| service.name.clone()),
            start: service.and_then(|service| service.start).map(|start| start.value),
            start_override: overrides.map(|(_, dword)| dword.value).find(|value| *value != 0),
            file_size: match found {
                Some(Found::Len(len) | Found::Read(len, _)) => Some(*len),
                Some(Found::Missing) | None => None,
            },
            file,
            ids: bound.map(|binding| binding.id).collect(),
        }
    };
    answer.services.iter().map(one).collect()
}
