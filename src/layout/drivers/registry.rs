//! Services, class filters and control sets in a SYSTEM hive.
//!
//! Sources: libyal winreg-kb, "System keys" (`Select`) and "Services"; measured on hives of Windows 7 and 10 (`StartOverride`, `BootFlags`,
//! `BootDriverFlags`, `HardwareConfig`).

use std::collections::BTreeSet;

use crate::bytes;
use crate::hive::HiveError;
use crate::hive::REG_DWORD;
use crate::hive::REG_EXPAND_SZ;
use crate::hive::REG_MULTI_SZ;
use crate::hive::REG_SZ;
use crate::hive::Value;
use crate::hive::sparse::SparseHive;
use crate::hive::sparse::SparseKey;
use crate::layout::drivers::facts::ControlSet;
use crate::layout::drivers::facts::Dword;
use crate::layout::drivers::facts::Filter;
use crate::layout::drivers::facts::Service;
use crate::layout::drivers::need::Class;

/// Values of `Select` that name a control set which may start, the usual one first (Microsoft, "Windows Internals").
const SELECT: [&str; 3] = ["Default", "Current", "LastKnownGood"];
/// Characters of a text, values of `StartOverride` and filters of one list that are kept, at most; real ones have far fewer.
const TEXT_MAX: usize = 512;
const OVERRIDES_MAX: usize = 64;
const FILTERS_MAX: usize = 32;

/// A hive that is asked.
pub(super) struct Registry<'h, 'a> {
    pub(super) hive: &'h SparseHive<'a>,
}

impl Registry<'_, '_> {
    /// The numbers of the control sets, the one that starts first; 1 where nothing says so.
    pub(super) fn sets(&self) -> Result<Vec<u32>, HiveError> {
        let mut numbers = Vec::new();
        if let Some(select) = self.hive.key(&["Select"])? {
            for name in SELECT {
                let number = self.dword(&select, name)?.map(|dword| dword.value);
                numbers.extend(number.filter(|number| *number != 0 && !numbers.contains(number)));
            }
        }
        if numbers.is_empty() {
            numbers.push(1);
        }
        Ok(numbers)
    }

    /// A control set with those of these services that it has; `None` where it is not there.
    pub(super) fn set(
        &self,
        number: u32,
        services: &BTreeSet<String>,
    ) -> Result<Option<ControlSet>, HiveError> {
        let set = name_of(number);
        if self.hive.key(&[&set])?.is_none() {
            return Ok(None);
        }
        let mut found = Vec::new();
        for name in services {
            found.extend(self.service(&set, name)?);
        }
        let control = self.hive.key(&[&set, "Control"])?;
        let flags = control.map(|key| self.dword(&key, "BootDriverFlags")).transpose()?.flatten();
        Ok(Some(ControlSet { number, services: found, boot_driver_flags: flags }))
    }

    fn service(&self, set: &str, name: &str) -> Result<Option<Service>, HiveError> {
        let Some(key) = self.hive.key(&[set, "Services", name])? else { return Ok(None) };
        let mut overrides = Vec::new();
        if let Some(key) = self.hive.key(&[set, "Services", name, "StartOverride"])? {
            let values = self.hive.values(&key)?;
            let numbers = values.iter().filter_map(|value| Some((shown(&value.name), dword(value)?)));
            overrides.extend(numbers.take(OVERRIDES_MAX));
        }
        Ok(Some(Service {
            name: shown(&key.name),
            kind: self.dword(&key, "Type")?,
            start: self.dword(&key, "Start")?,
            overrides,
            image_path: self.text(&key, "ImagePath")?,
            group: self.text(&key, "Group")?,
            boot_flags: self.dword(&key, "BootFlags")?,
        }))
    }

    /// The filters of these classes in a control set.
    pub(super) fn filters(&self, number: u32, classes: &BTreeSet<Class>) -> Result<Vec<Filter>, HiveError> {
        let mut filters = Vec::new();
        for class in classes {
            let Some(key) = self.hive.key(&[&name_of(number), "Control", "Class", class.key()])? else {
                continue;
            };
            for (name, is_upper) in [("UpperFilters", true), ("LowerFilters", false)] {
                let value = self.hive.value(&key, name)?.filter(|value| value.data_type == REG_MULTI_SZ);
                let names = value.iter().flat_map(|value| texts(&value.data));
                filters.extend(names.map(|service| Filter { class: *class, is_upper, service }));
            }
        }
        Ok(filters)
    }

    /// `BootDriverFlags` of the hardware configuration that ran last.
    pub(super) fn hardware_flags(&self) -> Result<Option<Dword>, HiveError> {
        let Some(key) = self.hive.key(&["HardwareConfig"])? else { return Ok(None) };
        let Some(last) = self.text(&key, "LastConfig")? else { return Ok(None) };
        let Some(key) = self.hive.key(&["HardwareConfig", &last])? else { return Ok(None) };
        self.dword(&key, "BootDriverFlags")
    }

    pub(super) fn dword(&self, key: &SparseKey, name: &str) -> Result<Option<Dword>, HiveError> {
        Ok(self.hive.value(key, name)?.as_ref().and_then(dword))
    }

    pub(super) fn text(&self, key: &SparseKey, name: &str) -> Result<Option<String>, HiveError> {
        let value = self.hive.value(key, name)?;
        let value = value.filter(|value| matches!(value.data_type, REG_SZ | REG_EXPAND_SZ));
        let text = value.map(|value| shown(&bytes::utf16le_until_nul(&value.data)));
        Ok(text.filter(|text| !text.is_empty()))
    }
}

/// The key of a control set.
pub(super) fn name_of(number: u32) -> String {
    format!("ControlSet{number:03}")
}

fn dword(value: &Value) -> Option<Dword> {
    let is_one = value.data_type == REG_DWORD && value.data.len() == 4;
    let number = bytes::le_u32(&value.data, 0).filter(|_| is_one)?;
    Some(Dword { value: number, at: u64::try_from(value.at).ok()? })
}

/// As much of a text as any real one has.
pub(super) fn shown(text: &str) -> String {
    text.chars().take(TEXT_MAX).collect()
}

/// The texts of a list, up to the empty one.
pub(super) fn texts(data: &[u8]) -> Vec<String> {
    let mut texts = Vec::new();
    let mut rest = data;
    while texts.len() < FILTERS_MAX {
        let text = bytes::utf16le_until_nul(rest);
        if text.is_empty() {
            break;
        }
        let units = text.encode_utf16().count().saturating_add(1);
        rest = rest.get(units.saturating_mul(2)..).unwrap_or_default();
        texts.push(shown(&text));
    }
    texts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_end_with_an_empty_text_or_with_the_data() {
        let list = |text: &str| texts(&bytes::utf16le(text));
        assert_eq!(list("fvevol\0rdyboost\0\0behind\0"), ["fvevol", "rdyboost"]);
        assert_eq!(list("partmgr"), ["partmgr"]);
        assert!(list("").is_empty() && list("\0").is_empty() && texts(&[7]).is_empty());
        assert_eq!(list(&"a\0".repeat(90)).len(), FILTERS_MAX);
    }
}
