//! Keys of storage drivers in a SYSTEM hive.
//!
//! Sources: measured on hives of Windows 7 and 10, as the library's `layout::drivers` has it.

use bcdrescue::bytes::utf16le;
use bcdrescue::hive::REG_BINARY;
use bcdrescue::hive::REG_DWORD;
use bcdrescue::hive::REG_EXPAND_SZ;
use bcdrescue::hive::REG_SZ;
use bcdrescue::hive::build::NewKey;
use bcdrescue::hive::build::NewValue;
use bcdrescue::layout::drivers::need::Generation;
use bcdrescue::layout::drivers::need::Need;

/// What a value of `DeviceIds` holds for an inf file of Windows' own.
const OF_WINDOWS: [u8; 4] = [1, 0xff, 0, 0];
/// The one configuration of a package.
const CONFIGURATION: &str = "Install";
/// The class of SCSI adapters.
const CLASS: &str = "{4D36E97B-E325-11CE-BFC1-08002BE10318}";

/// Gives a key below another these values, and makes it where it is not there; the keys of each stay in the order of a hive.
pub(crate) fn set(key: &mut NewKey, path: &[&str], values: Vec<NewValue>) {
    let Some((name, rest)) = path.split_first() else {
        key.values = values;
        return;
    };
    let upper = name.to_uppercase();
    let found = key.subkeys.binary_search_by_key(&upper, |below| below.name.to_uppercase());
    let place = found.unwrap_or_else(|place| {
        key.subkeys.insert(place, NewKey { name: (*name).to_owned(), ..NewKey::default() });
        place
    });
    if let Some(below) = key.subkeys.get_mut(place) {
        set(below, rest, values);
    }
}

/// The values of a driver's service with this start value; of one that is staged none.
pub(crate) fn service(name: &str, start: Option<u32>) -> Vec<NewValue> {
    let path = format!(r"System32\drivers\{}.sys", name.to_lowercase());
    let values = start.into_iter().flat_map(|start| {
        let image = string(REG_EXPAND_SZ, "ImagePath", &path);
        [number("ErrorControl", 1), image, number("Start", start), number("Type", 1)]
    });
    values.collect()
}

/// Binds the hardware ids of a driver to its service.
pub(crate) fn bind(root: &mut NewKey, generation: Generation, need: &Need) {
    let service = || string(REG_SZ, "Service", need.service);
    for id in need.ids {
        match generation {
            Generation::Eight => by_package(root, need.service, &id.splitn(2, '\\').collect::<Vec<_>>()),
            Generation::Nt5 | Generation::Vista => {
                let id = id.replace('\\', "#");
                let path = ["ControlSet001", "Control", "CriticalDeviceDatabase", &id];
                set(root, &path, vec![string(REG_SZ, "ClassGUID", CLASS), service()]);
            }
        }
    }
}

fn by_package(root: &mut NewKey, service: &str, id: &[&str]) {
    let inf = format!("{}.inf", service.to_lowercase());
    let package = format!("{inf}_0123456789abcdef");
    let below = |path: &[&str], value: NewValue, root: &mut NewKey| {
        set(root, &[&["DriverDatabase"], path].concat(), vec![value]);
    };
    let mark = NewValue { name: inf.clone(), data_type: REG_BINARY, data: OF_WINDOWS.into() };
    below(&[&["DeviceIds"], id].concat(), mark, root);
    below(&["DriverInfFiles", &inf], string(REG_SZ, "Active", &package), root);
    let package = ["DriverPackages", &package];
    let described = [&package, &["Descriptors"][..], id].concat();
    below(&described, string(REG_SZ, "Configuration", CONFIGURATION), root);
    let configured = [&package, &["Configurations", CONFIGURATION][..]].concat();
    below(&configured, string(REG_SZ, "Service", service), root);
}

/// A number.
pub(crate) fn number(name: &str, value: u32) -> NewValue {
    NewValue { name: name.to_owned(), data_type: REG_DWORD, data: value.to_le_bytes().to_vec() }
}

fn string(data_type: u32, name: &str, text: &str) -> NewValue {
    NewValue { name: name.to_owned(), data_type, data: utf16le(&format!("{text}\0")) }
}
