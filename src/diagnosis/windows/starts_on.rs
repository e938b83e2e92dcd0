//! Whether a Windows has what it needs to start from a disk controller: the rules, without a disk.
//!
//! Sources: as [`need`](crate::layout::drivers::need); of `StartOverride` Azure's NVMe conversion script and xenserver's installer (an override is made for
//! the hardware on which Windows ran, so that it surely counts only on that).

use crate::diagnosis::windows::lack::Lack;
use crate::diagnosis::windows::lack::OddFile;
use crate::diagnosis::windows::readiness::Readiness;
use crate::layout::boot_file::Content;
use crate::layout::boot_file::Machine;
use crate::layout::drivers::controller::Controller;
use crate::layout::drivers::facts::ControlSet;
use crate::layout::drivers::facts::Dword;
use crate::layout::drivers::facts::Filter;
use crate::layout::drivers::facts::Found;
use crate::layout::drivers::facts::Service;
use crate::layout::drivers::facts::StorageDrivers;
use crate::layout::drivers::image_path::driver;
use crate::layout::drivers::image_path::file_of;
use crate::layout::drivers::need::Class;
use crate::layout::drivers::need::Generation;
use crate::layout::drivers::need::Need;
use crate::layout::drivers::need::Way;
use crate::layout::drivers::need::chain;
use crate::layout::drivers::need::ways;

/// `Type` of a driver.
const DRIVER: u32 = 1;
/// `Start` of a service that is loaded on demand, and may be promoted.
const ON_DEMAND: u32 = 3;

/// The answer for one controller.
#[derive(Debug, Clone)]
pub struct StartsOn {
    /// The controller.
    pub controller: Controller,
    /// The answer in a word.
    pub readiness: Readiness,
    /// What stands against a start, the gravest first; nothing where all is ready.
    pub lacks: Vec<Lack>,
    /// The services on the way that was judged, with those of every start left out.
    pub services: Vec<&'static str>,
    /// The numbers that would be set to 0, in all control sets, where that is all that is needed and every driver is known to be whole. Of
    /// one that is ready, those of the control sets that do not start by themselves.
    pub patches: Vec<StartPatch>,
}

/// A start value that keeps a driver from being loaded at boot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StartPatch {
    /// Number of the control set.
    pub set: u32,
    /// Name of the service.
    pub service: String,
    /// The value of `StartOverride` with this name, or else `Start`.
    pub override_of: Option<String>,
    /// What stands there, and where.
    pub dword: Dword,
}

impl StartsOn {
    /// Of a Windows of which nothing can be told.
    #[must_use]
    pub fn unknown(controller: Controller, why: String) -> Self {
        let (services, patches) = (Vec::new(), Vec::new());
        Self { controller, readiness: Readiness::Unknown, lacks: vec![Lack::Hive(why)], services, patches }
    }
}

/// The answer for a controller, by what a Windows has; `machine` is the processor that its kernel is for, where that is known.
#[must_use]
pub fn starts_on(
    drivers: &StorageDrivers,
    root: &str,
    machine: Option<Machine>,
    controller: Controller,
) -> StartsOn {
    let Some(set) = drivers.default_set() else {
        return StartsOn::unknown(controller, "its SYSTEM hive has no control set".to_owned());
    };
    let judge = Judge { drivers, set, root, machine };
    let all = ways(controller, drivers.generation);
    let answers = all.iter().zip(judge.open(all)).filter(|(_, is_open)| *is_open);
    let answers = answers.map(|(way, _)| (way, judge.way(way)));
    let best = answers.min_by_key(|(_, lacks)| readiness(lacks));
    let Some((way, mut lacks)) = best else {
        let (services, patches) = (Vec::new(), Vec::new());
        let lacks = vec![Lack::NoDriver];
        return StartsOn { controller, readiness: Readiness::NotReady, lacks, services, patches };
    };
    lacks.sort_by_key(|lack| std::cmp::Reverse(lack.readiness()));
    let readiness = readiness(&lacks);
    let services = way.needs.iter().map(|need| need.service).collect();
    // What is ready may not be in the control set that started last.
    let is_all = readiness == Readiness::Ready || readiness.is_patchable();
    let is_patched = is_all && !lacks.iter().any(Lack::is_of_unknown_driver);
    let patches = if is_patched { judge.patches(way) } else { Vec::new() };
    StartsOn { controller, readiness, lacks, services, patches }
}

fn readiness(lacks: &[Lack]) -> Readiness {
    lacks.iter().map(Lack::readiness).max().unwrap_or(Readiness::Ready)
}

/// What is judged by.
struct Judge<'a> {
    drivers: &'a StorageDrivers,
    set: &'a ControlSet,
    root: &'a str,
    machine: Option<Machine>,
}

impl Judge<'_> {
    /// Which ways are open: a generic driver takes the controller only where none is bound to the ids of the way before.
    fn open(&self, ways: &[Way]) -> Vec<bool> {
        let is_taken =
            |way: Option<&Way>| way.and_then(|way| way.needs.first()).is_some_and(|need| self.is_bound(need));
        let before = std::iter::once(None).chain(ways.iter().map(Some));
        ways.iter().zip(before).map(|(way, before)| !way.is_generic || !is_taken(before)).collect()
    }

    fn way(&self, way: &Way) -> Vec<Lack> {
        let needs = way.needs.iter().chain(chain(self.drivers.generation));
        let mut lacks: Vec<Lack> = needs.flat_map(|need| self.need(need)).collect();
        let filters = self.drivers.filters.iter();
        let of_way = |filter: &&Filter| [Class::DiskDrive, Class::Volume, way.class].contains(&filter.class);
        lacks.extend(filters.filter(of_way).filter_map(|filter| self.filter(filter)));
        lacks
    }

    fn bound_to<'s>(&'s self, need: &'s Need) -> impl Iterator<Item = (&'static str, &'s str)> {
        let bindings = need.ids.iter().filter_map(|id| self.drivers.binding(id));
        bindings.flat_map(|it| it.services.iter().map(move |service| (it.id, service.as_str())))
    }

    fn is_bound(&self, need: &Need) -> bool {
        self.bound_to(need).any(|(_, service)| service.eq_ignore_ascii_case(need.service))
    }

    fn need(&self, need: &Need) -> Vec<Lack> {
        let name = need.service.to_owned();
        let is_staged = self.drivers.generation == Generation::Eight && self.is_bound(need);
        let Some(service) = self.set.service(need.service) else {
            let lack = if is_staged { Lack::NotInstalled(name) } else { Lack::NoService(name) };
            return vec![lack];
        };
        let Some(start) = service.start else {
            let lack = if is_staged { Lack::NotInstalled(name) } else { Lack::NoStart(name) };
            return vec![lack];
        };
        let mut lacks = Vec::new();
        if service.kind.is_none_or(|kind| kind.value != DRIVER) {
            lacks.push(Lack::NoDriverService { service: name, kind: service.kind.map(|kind| kind.value) });
        }
        lacks.extend(self.start(need, service, start));
        lacks.extend(self.id(need));
        lacks.extend(self.files(need, service));
        lacks
    }

    fn start(&self, need: &Need, service: &Service, start: Dword) -> Vec<Lack> {
        let name = service.name.clone();
        if start.value > need.start_max {
            let value = start.value;
            return match self.is_promoted(self.set, service, start) {
                Promoted::Yes => Vec::new(),
                Promoted::NotOnThisHardware => vec![Lack::NotPromoted { service: name }],
                Promoted::No => vec![Lack::Start { service: name, value }],
            };
        }
        let overrides = service.overrides.iter().filter(|(_, dword)| dword.value > need.start_max);
        let lack = |(index, dword): &(String, Dword)| Lack::Override {
            service: name.clone(),
            index: index.clone(),
            value: dword.value,
        };
        overrides.map(lack).collect()
    }

    /// Whether `BootFlags` make the loader load a service that is on demand.
    fn is_promoted(&self, set: &ControlSet, service: &Service, start: Dword) -> Promoted {
        let wanted = service.boot_flags.map_or(0, |flags| flags.value);
        let has = |flags: Option<Dword>| flags.map(|flags| flags.value & wanted != 0);
        match (start.value == ON_DEMAND, has(self.drivers.hardware_flags), has(set.boot_driver_flags)) {
            (true, Some(true), _) | (true, None, Some(true)) => Promoted::Yes,
            (true, Some(false), Some(true)) => Promoted::NotOnThisHardware,
            _ => Promoted::No,
        }
    }

    fn id(&self, need: &Need) -> Option<Lack> {
        if need.ids.is_empty() || self.is_bound(need) {
            return None;
        }
        let service = need.service.to_owned();
        Some(match self.bound_to(need).next() {
            Some((id, other)) => Lack::OtherDriver { service, id, other: other.to_owned() },
            None => Lack::NoId { service, id: need.ids.first().copied().unwrap_or_default() },
        })
    }

    fn files(&self, need: &Need, service: &Service) -> Vec<Lack> {
        let imports = need.imports.iter().map(|import| driver(self.root, import));
        let lacks = imports.filter_map(|path| self.file(&path));
        let own = match file_of(self.root, &service.name, service.image_path.as_deref()) {
            Some(path) => self.file(&path),
            None => Some(Lack::OddPath {
                service: service.name.clone(),
                path: service.image_path.clone().unwrap_or_default(),
            }),
        };
        own.into_iter().chain(lacks).collect()
    }

    fn file(&self, path: &str) -> Option<Lack> {
        let odd = |what| Some(Lack::File { path: path.to_owned(), what });
        let unknown = |why: String| Some(Lack::UnknownFile { path: path.to_owned(), why });
        let Some(file) = self.drivers.file(path) else { return unknown("nobody looked for it".to_owned()) };
        match &file.found {
            Err(cause) => unknown(cause.to_string()),
            Ok(Found::Missing) => odd(OddFile::Missing),
            Ok(Found::Len(0)) => odd(OddFile::Content(Content::Empty)),
            Ok(Found::Len(_)) => None,
            Ok(Found::Read(_, Content::Program(found))) => {
                let wanted = self.machine.filter(|wanted| wanted != found)?;
                odd(OddFile::Machine { found: *found, wanted })
            }
            Ok(Found::Read(_, Content::Unclear)) => unknown("whether it is a program is not told".to_owned()),
            Ok(Found::Read(_, content)) => odd(OddFile::Content(*content)),
        }
    }

    fn filter(&self, filter: &Filter) -> Option<Lack> {
        let gone = |what| Some(Lack::Filter { filter: filter.clone(), what });
        let Some(service) = self.set.service(&filter.service) else { return gone(None) };
        let path = file_of(self.root, &service.name, service.image_path.as_deref());
        match path.and_then(|path| self.file(&path)) {
            Some(Lack::File { path, what }) => return gone(Some((path, what))),
            Some(unknown) => return Some(unknown),
            None => {}
        }
        let own = filter.class.own_filters();
        let is_own = own.iter().any(|own| own.eq_ignore_ascii_case(&filter.service));
        (!is_own).then(|| Lack::ForeignFilter(filter.clone()))
    }

    /// The numbers that keep a service of this way from being loaded, in every control set.
    fn patches(&self, way: &Way) -> Vec<StartPatch> {
        let needs = || way.needs.iter().chain(chain(self.drivers.generation));
        let mut patches = Vec::new();
        for set in &self.drivers.sets {
            let services = needs().filter_map(|need| Some((need, set.service(need.service)?)));
            for (need, service) in services.filter(|(need, service)| self.is_loadable(need, service)) {
                let is_promoted =
                    |start: Dword| matches!(self.is_promoted(set, service, start), Promoted::Yes);
                let start = service.start.filter(|start| !is_promoted(*start)).map(|dword| (None, dword));
                let overrides = service.overrides.iter().map(|(name, dword)| (Some(name.clone()), *dword));
                let wrong = start.into_iter().chain(overrides);
                let wrong = wrong.filter(|(_, dword)| dword.value > need.start_max);
                patches.extend(wrong.map(|(override_of, dword)| StartPatch {
                    set: set.number,
                    service: service.name.clone(),
                    override_of,
                    dword,
                }));
            }
        }
        patches
    }
}

impl Judge<'_> {
    /// Whether a service, of whichever control set, is a driver with a sound file: one that is not may stop every start.
    fn is_loadable(&self, need: &Need, service: &Service) -> bool {
        service.kind.is_some_and(|kind| kind.value == DRIVER) && self.files(need, service).is_empty()
    }
}

/// Whether a service on demand is loaded at boot all the same.
enum Promoted {
    Yes,
    No,
    /// By the flags of Windows, but not by those of the hardware on which it ran.
    NotOnThisHardware,
}

#[cfg(test)]
mod tests;
