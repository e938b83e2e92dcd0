//! What a Windows has of the drivers that it needs to start from a disk controller: services and hardware ids in its SYSTEM hive, files on its
//! volume. Asked for by those who want to know; no healthy start depends on another machine's controller.
//!
//! The hive is large, so that only what the wanted controllers need is read of it, and what stands in its logs is not seen.

pub mod controller;
mod device_ids;
pub mod facts;
mod files;
pub mod image_path;
pub mod need;
mod pieces;
mod registry;

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use crate::hive::HiveError;
use crate::hive::sparse::ReadAt;
use crate::hive::sparse::SparseHive;
use crate::layout::drivers::controller::Controllers;
use crate::layout::drivers::device_ids::DATABASE;
use crate::layout::drivers::device_ids::Database;
use crate::layout::drivers::facts::StorageDrivers;
use crate::layout::drivers::image_path::driver;
use crate::layout::drivers::image_path::file_of;
use crate::layout::drivers::need::Class;
use crate::layout::drivers::need::Generation;
use crate::layout::drivers::need::Need;
use crate::layout::drivers::need::Way;
use crate::layout::drivers::need::chain;
use crate::layout::drivers::need::ways;
use crate::layout::drivers::pieces::Pieces;
use crate::layout::drivers::registry::Registry;
use crate::layout::known::Cause;
use crate::volume::Volume;

/// What the Windows under `root` has of the drivers for these controllers; `is_nt5` where NTLDR starts it.
///
/// # Errors
/// Its SYSTEM hive cannot be read, or has no control set.
pub fn read(
    volume: &Volume<'_>,
    root: &str,
    is_nt5: bool,
    controllers: Controllers,
) -> Result<StorageDrivers, Cause> {
    let path = format!(r"{root}\System32\config\SYSTEM");
    let file = volume.open_file(&path)?.ok_or(Cause::NotThere)?;
    let pieces = Pieces::new(&file);
    let read = |at, len| pieces.read(at, len);
    let mut drivers = of_hive(&read, file.len(), is_nt5, controllers)?
        .ok_or_else(|| Cause::NoKey("ControlSet001".to_owned()))?;
    drivers.files = files::look(volume, &wanted_files(&drivers, root, controllers));
    Ok(drivers)
}

/// The same by the SYSTEM hive of `len` bytes that `read` reads, without the files; `None` where it has no control set.
///
/// # Errors
/// It is no hive, or damaged on the way.
pub fn of_hive(
    read: &ReadAt<'_>,
    len: u64,
    is_nt5: bool,
    controllers: Controllers,
) -> Result<Option<StorageDrivers>, HiveError> {
    let hive = SparseHive::open(read, len)?;
    let registry = Registry { hive: &hive };
    let is_new = hive.key(&[DATABASE])?.is_some();
    let generation = match (is_nt5, is_new) {
        (true, _) => Generation::Nt5,
        (false, true) => Generation::Eight,
        (false, false) => Generation::Vista,
    };
    let numbers = registry.sets()?;
    let first = numbers.first().copied().unwrap_or(1);
    let classes: BTreeSet<Class> = all_ways(controllers, generation)
        .map(|way| way.class)
        .chain([Class::DiskDrive, Class::Volume])
        .collect();
    let filters = registry.filters(first, &classes)?;
    let needs = || all_ways(controllers, generation).flat_map(|way| way.needs);
    let names = needs().chain(chain(generation)).map(|need| need.service);
    let names = names.chain(filters.iter().map(|filter| filter.service.as_str()));
    let services: BTreeSet<String> = names.map(str::to_lowercase).collect();
    let mut sets = Vec::new();
    for number in numbers {
        sets.extend(registry.set(number, &services)?);
    }
    let Some(default) = sets.first().filter(|set| set.number == first) else { return Ok(None) };
    let database = if generation == Generation::Eight { Database::Driver } else { Database::Critical(first) };
    let mut bindings = Vec::new();
    let mut seen = BTreeSet::new();
    for need in needs().filter(|need| seen.insert(need.service)) {
        bindings.extend(registry.bindings(&database, need, default.service(need.service).is_some())?);
    }
    let hardware_flags = registry.hardware_flags()?;
    Ok(Some(StorageDrivers { generation, sets, bindings, filters, hardware_flags, files: Vec::new() }))
}

fn all_ways(controllers: Controllers, generation: Generation) -> impl Iterator<Item = &'static Way> {
    controllers.iter().flat_map(move |controller| ways(controller, generation))
}

/// The files of the services that are there, and whether their beginning is wanted: those of the chain have started this Windows before.
fn wanted_files(drivers: &StorageDrivers, root: &str, controllers: Controllers) -> BTreeMap<String, bool> {
    let mut files = BTreeMap::new();
    let Some(set) = drivers.default_set() else { return files };
    let own = |name: &str| {
        let service = set.service(name)?;
        file_of(root, &service.name, service.image_path.as_deref())
    };
    let of_need = |need: &Need| {
        let imports = need.imports.iter().map(|import| driver(root, import));
        let own = own(need.service);
        own.map(|own| imports.chain([own]).collect::<Vec<_>>()).unwrap_or_default()
    };
    for filter in &drivers.filters {
        files.extend(own(&filter.service).map(|path| (path.to_lowercase(), false)));
    }
    for need in chain(drivers.generation) {
        files.extend(of_need(need).into_iter().map(|path| (path.to_lowercase(), false)));
    }
    for need in all_ways(controllers, drivers.generation).flat_map(|way| way.needs) {
        files.extend(of_need(need).into_iter().map(|path| (path.to_lowercase(), true)));
    }
    files
}
