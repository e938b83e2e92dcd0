//! Which services hardware ids are bound to: `CriticalDeviceDatabase` up to 2008 R2, `DriverDatabase` from 8 on.
//!
//! Measured on hives of Windows 7 and 10. The one has a key `BUS#ID` with `Service`. The other leads from `DeviceIds\BUS\ID`, whose values are
//! named by inf files, over `DriverInfFiles\INF` (`Active`, a package) to `DriverPackages\PACKAGE`, in which `Descriptors\BUS\ID` names a
//! `Configuration`, and `Configurations\CONFIGURATION` the `Service`.

use crate::hive::HiveError;
use crate::hive::REG_MULTI_SZ;
use crate::hive::sparse::SparseKey;
use crate::layout::drivers::facts::Binding;
use crate::layout::drivers::need::Need;
use crate::layout::drivers::registry::Registry;
use crate::layout::drivers::registry::name_of;
use crate::layout::drivers::registry::texts;

/// The root of the newer database.
pub(super) const DATABASE: &str = "DriverDatabase";
/// Inf files of one id, and ids that begin like one, that are followed, at most.
const INFS_MAX: usize = 16;
const LIKE_MAX: usize = 16;

/// Where ids are looked up.
pub(super) enum Database {
    /// `CriticalDeviceDatabase` of the control set with this number.
    Critical(u32),
    /// `DriverDatabase`.
    Driver,
}

impl Registry<'_, '_> {
    /// What the ids of a service are bound to. Where none is bound as it stands here, and the service has a key, an id with more to it
    /// (subsystem, revision) may be.
    pub(super) fn bindings(
        &self,
        database: &Database,
        need: &Need,
        has_key: bool,
    ) -> Result<Vec<Binding>, HiveError> {
        let mut bindings = Vec::new();
        for id in need.ids {
            let services = self.bound(database, &parts(id))?;
            bindings.push(Binding { id, services });
        }
        let is_bound = |binding: &Binding| !binding.services.is_empty();
        if has_key && !bindings.iter().any(is_bound) {
            for binding in &mut bindings {
                binding.services = self.bound_like(database, binding.id)?;
            }
        }
        Ok(bindings)
    }

    /// The services of an id, given as the keys on the way to it.
    fn bound(&self, database: &Database, id: &[&str]) -> Result<Vec<String>, HiveError> {
        match database {
            Database::Critical(set) => {
                let path = [&name_of(*set), "Control", "CriticalDeviceDatabase", &id.join("#")];
                let Some(key) = self.hive.key(&path)? else { return Ok(Vec::new()) };
                Ok(self.text(&key, "Service")?.into_iter().collect())
            }
            Database::Driver => self.bound_by_package(id),
        }
    }

    fn bound_by_package(&self, id: &[&str]) -> Result<Vec<String>, HiveError> {
        let path = [&[DATABASE, "DeviceIds"], id].concat();
        let Some(key) = self.hive.key(&path)? else { return Ok(Vec::new()) };
        let mut services = Vec::new();
        let infs = self.hive.values(&key)?;
        for inf in infs.iter().filter(|value| !value.name.is_empty()).take(INFS_MAX) {
            let Some(package) = self.package(&inf.name)? else { continue };
            services.extend(self.service_in(&package, id)?);
        }
        Ok(services)
    }

    /// The package that is in use of those that an inf file came with.
    fn package(&self, inf: &str) -> Result<Option<String>, HiveError> {
        let Some(key) = self.hive.key(&[DATABASE, "DriverInfFiles", inf])? else { return Ok(None) };
        if let Some(active) = self.text(&key, "Active")? {
            return Ok(Some(active));
        }
        let all = self.hive.value(&key, "")?.filter(|value| value.data_type == REG_MULTI_SZ);
        Ok(all.and_then(|value| texts(&value.data).into_iter().next()))
    }

    fn service_in(&self, package: &str, id: &[&str]) -> Result<Option<String>, HiveError> {
        let package = [DATABASE, "DriverPackages", package];
        let descriptor = self.hive.key(&[&package, &["Descriptors"][..], id].concat())?;
        let Some(configuration) =
            descriptor.map(|key| self.text(&key, "Configuration")).transpose()?.flatten()
        else {
            return Ok(None);
        };
        let configuration =
            self.hive.key(&[&package, &["Configurations", configuration.as_str()][..]].concat())?;
        configuration.map_or(Ok(None), |key: SparseKey| self.text(&key, "Service"))
    }

    fn bound_like(&self, database: &Database, id: &str) -> Result<Vec<String>, HiveError> {
        let id = parts(id);
        let joined = id.join("#");
        let (path, beginning): (Vec<&str>, &str) = match (database, id.as_slice()) {
            (Database::Driver, [bus, id]) => (vec![DATABASE, "DeviceIds", bus], id),
            (Database::Driver, _) => return Ok(Vec::new()),
            (Database::Critical(_), _) => (Vec::new(), &joined),
        };
        let set = match database {
            Database::Critical(set) => name_of(*set),
            Database::Driver => String::new(),
        };
        let path = if path.is_empty() { vec![&*set, "Control", "CriticalDeviceDatabase"] } else { path };
        let Some(key) = self.hive.key(&path)? else { return Ok(Vec::new()) };
        let keys = self.hive.subkeys(&key)?;
        let like = keys.iter().filter(|key| is_like(&key.name, beginning)).take(LIKE_MAX);
        let mut services = Vec::new();
        for key in like {
            match database {
                Database::Critical(_) => services.extend(self.text(key, "Service")?),
                Database::Driver => {
                    let bus = id.first().copied().unwrap_or_default();
                    services.extend(self.bound_by_package(&[bus, &key.name])?);
                }
            }
        }
        Ok(services)
    }
}

/// The keys on the way to an id.
fn parts(id: &str) -> Vec<&str> {
    id.splitn(2, '\\').collect()
}

/// Whether an id is this one with more to it.
fn is_like(name: &str, beginning: &str) -> bool {
    let begin = name.get(..beginning.len());
    let rest = name.get(beginning.len()..).unwrap_or_default();
    begin.is_some_and(|begin| begin.eq_ignore_ascii_case(beginning)) && rest.starts_with('&')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_with_more_to_it_is_like_the_one_without() {
        let id = "VEN_1AF4&DEV_1001";
        assert!(is_like("VEN_1AF4&DEV_1001&SUBSYS_00021AF4&REV_00", id));
        assert!(is_like("ven_1af4&dev_1001&rev_00", id));
        for other in ["VEN_1AF4&DEV_1001", "VEN_1AF4&DEV_10010", "VEN_1AF4", "\u{e9}", ""] {
            assert!(!is_like(other, id), "{other}");
        }
        assert_eq!(parts(r"PCI\CC_0101"), ["PCI", "CC_0101"]);
        assert_eq!(parts("Primary_IDE_Channel"), ["Primary_IDE_Channel"]);
    }
}
