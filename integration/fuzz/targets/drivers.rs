//! What a SYSTEM hive says of storage drivers.

use std::cell::Cell;

use bcdrescue::bytes;
use bcdrescue::diagnosis::windows::readiness::Readiness;
use bcdrescue::diagnosis::windows::starts_on::starts_on;
use bcdrescue::hive::build::NewKey;
use bcdrescue::hive::build::NewValue;
use bcdrescue::hive::build::build;
use bcdrescue::layout::boot_file::Machine;
use bcdrescue::layout::drivers;
use bcdrescue::layout::drivers::controller::Controller;
use bcdrescue::layout::drivers::controller::Controllers;

use super::hives::hive_of;
use super::one_line;

/// Questions to the hive for all controllers together, as many as its largest lists allow, each with a budget of its own.
const READS: usize = 400_000;

/// A SYSTEM hive: whatever it holds, there is an answer, and every number stands where it says.
pub(super) fn of_hive(data: &[u8]) {
    let bytes = hive_of(data);
    let reads = Cell::new(0usize);
    let read = |offset: u64, len: usize| {
        reads.set(reads.get() + 1);
        let from = usize::try_from(offset).expect("short");
        Ok(bytes.get(from..from.saturating_add(len)).expect("no read behind the end").to_vec())
    };
    let is_nt5 = data.first().is_some_and(|steer| steer & 4 != 0);
    let found = match drivers::of_hive(&read, bytes.len() as u64, is_nt5, Controllers::ALL) {
        Ok(found) => found,
        Err(error) => return one_line(&error.to_string()),
    };
    assert!(reads.get() <= READS, "{}", reads.get());
    let Some(found) = found else { return };
    for service in found.sets.iter().flat_map(|set| &set.services) {
        assert!(service.overrides.len() <= 64);
        let overrides = service.overrides.iter().map(|(_, dword)| *dword);
        for dword in overrides.chain(service.start).chain(service.kind) {
            let at = usize::try_from(dword.at).expect("short");
            assert_eq!(bytes.get(at..at + 4), Some(&dword.value.to_le_bytes()[..]));
        }
    }
    for controller in Controller::ALL {
        let answer = starts_on(&found, r"\Windows", Some(Machine::X64), controller);
        assert_eq!(answer.lacks.is_empty(), answer.readiness == Readiness::Ready);
        // Nobody looked for a file.
        assert!(answer.patches.is_empty() && answer.readiness != Readiness::Ready);
    }
}

fn text(name: &str, text: &str) -> NewValue {
    NewValue { name: name.into(), data_type: 1, data: bytes::utf16le(&format!("{text}\0")) }
}

fn number(name: &str, value: u32) -> NewValue {
    NewValue { name: name.into(), data_type: 4, data: value.to_le_bytes().to_vec() }
}

fn key(name: &str, values: Vec<NewValue>, subkeys: Vec<NewKey>) -> NewKey {
    NewKey { name: name.into(), values, subkeys }
}

/// A hive with one driver of each kind of answer.
pub(super) fn seed() -> Vec<u8> {
    let service = |name: &str, start, below| {
        let path = format!(r"System32\drivers\{name}.sys");
        key(name, vec![number("Type", 1), number("Start", start), text("ImagePath", &path)], below)
    };
    let overrides = key("StartOverride", vec![number("0", 3)], vec![]);
    let services = vec![
        service("disk", 0, vec![]),
        service("stornvme", 0, vec![overrides]),
        service("vioscsi", 3, vec![]),
    ];
    let id = "VEN_1AF4&DEV_1048";
    let descriptor = key(id, vec![text("Configuration", "Inst")], vec![]);
    let package = vec![
        key("Configurations", vec![], vec![key("Inst", vec![text("Service", "vioscsi")], vec![])]),
        key("Descriptors", vec![], vec![key("PCI", vec![], vec![descriptor])]),
    ];
    let inf = NewValue { name: "oem7.inf".into(), data_type: 3, data: vec![1, 0xff, 0, 0] };
    let database = vec![
        key("DeviceIds", vec![], vec![key("PCI", vec![], vec![key(id, vec![inf], vec![])])]),
        key("DriverInfFiles", vec![], vec![key("oem7.inf", vec![text("Active", "p")], vec![])]),
        key("DriverPackages", vec![], vec![key("p", vec![], package)]),
    ];
    let filters =
        NewValue { name: "UpperFilters".into(), data_type: 7, data: bytes::utf16le("partmgr\0snapman\0\0") };
    let class = key("{4d36e967-e325-11ce-bfc1-08002be10318}", vec![filters], vec![]);
    let control =
        key("Control", vec![number("BootDriverFlags", 0x1c)], vec![key("Class", vec![], vec![class])]);
    let set = key("ControlSet001", vec![], vec![control, key("Services", vec![], services)]);
    let select = key("Select", vec![number("Default", 1), number("Current", 1)], vec![]);
    let root = key("ROOT", vec![], vec![set, key("DriverDatabase", vec![], database), select]);
    build(&root, 7).expect("a hive")
}
