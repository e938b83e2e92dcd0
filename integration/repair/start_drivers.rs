//! `fix --on`: start values of storage drivers, in SYSTEM hives made for it and in real ones. hivex sees that nothing else changed.

use std::collections::BTreeSet;

use bcdrescue::hive::build::NewKey;

use crate::support::corpus;
use crate::support::disk::Disk;
use crate::support::disk::hash;
use crate::support::findings::findings;
use crate::support::judges::hivex;
use crate::support::judges::hivex_difference;
use crate::support::judges::judge;
use crate::support::letters::OLD;
use crate::support::letters::SYSTEM;
use crate::support::letters::get;
use crate::support::letters::put;
use crate::support::letters::windows_10;
use crate::support::made_disks::second_windows;
use crate::support::parts::change;
use crate::support::program::bcdrescue;
use crate::support::program::text;
use crate::support::repair::refused_with;
use crate::support::storage_drivers::FILES;
use crate::support::storage_drivers::clean;
use crate::support::storage_drivers::control_set;
use crate::support::storage_drivers::dirty;
use crate::support::storage_drivers::dword;
use crate::support::storage_drivers::hive_of;
use crate::support::storage_drivers::overridden;
use crate::support::storage_drivers::package;
use crate::support::storage_drivers::service;
use crate::support::storage_drivers::system_hive;
use crate::support::storage_drivers::text as value;
use crate::support::storage_drivers::vioscsi;
use crate::support::storage_drivers::with_drivers;

/// The healthy disk with this SYSTEM hive, and with the files of all drivers but one.
fn disk_without(image: &str, hive: &[u8], without: &str) -> Disk {
    let disk = Disk::raw(image);
    let names: Vec<&str> =
        FILES.into_iter().chain(["vioscsi.sys", "winhv.sys"]).filter(|name| *name != without).collect();
    with_drivers(&disk, 2, hive, &names);
    disk
}

fn disk(hive: &[u8]) -> Disk {
    disk_without("win10-bios-healthy", hive, "")
}

/// `fix --on`, and all that every repair has to keep; `changed` are the values that hivex may find changed, below the root.
#[track_caller]
fn cured(disk: &Disk, on: &str, changed: &[&str]) {
    let (before, old) = (hash(&disk.path), get(disk, 2, SYSTEM));
    let fix = |more: &[&str]| bcdrescue(&[&["fix", disk.name(), "--on", on], more].concat());
    fix(&["--dry-run"]).exits(4).says("to correct").says("-> 0 (boot)").says("dry run: nothing was written");
    assert_eq!((hash(&disk.path), disk.records().len()), (before.clone(), 0), "a dry run wrote");
    let target = fix(&["--yes", "--json"]).exits(1).target();
    assert_eq!(target["action"], "fixed", "{target:#}");
    assert_eq!(target["edits"].as_array().map(Vec::len), Some(changed.len()), "{:#}", target["edits"]);
    let (fixed, new) = (hash(&disk.path), get(disk, 2, SYSTEM));
    let difference = hivex_difference(&old, &new);
    let below = |path: &String| path.split_once('\\').map(|(_, below)| below.to_lowercase()).unwrap();
    let mut changed: Vec<String> = changed.iter().map(|path| path.to_lowercase()).collect();
    changed.sort();
    let mut seen: Vec<String> = difference.iter().map(below).collect();
    seen.sort();
    assert_eq!(seen, changed);
    bcdrescue(&["check", disk.name(), "--on", on]).exits(0);
    bcdrescue(&["check", disk.name(), "--require", &format!("starts-on={on}")]).exits(0);
    fix(&["--yes"]).exits(0).says("nothing was written");
    assert_eq!(hash(&disk.path), fixed, "a second fix wrote");
    let record = disk.record();
    bcdrescue(&["undo", text(&record), "--yes"]).exits(1);
    assert_eq!(hash(&disk.path), before, "undo left something");
    std::fs::remove_file(record).unwrap();
}

#[test]
fn a_driver_that_is_not_loaded_is_loaded() {
    let disk = disk(&system_hive(vec![service("vioscsi", 3)], vioscsi(), vec![]));
    bcdrescue(&["check", disk.name(), "--on", "virtio-scsi"])
        .exits(4)
        .says("on virtio-scsi Windows would not start")
        .says(&format!("bcdrescue fix {} --on=virtio-scsi", disk.name()))
        .says("this would fix everything");
    // Nobody asked for it.
    bcdrescue(&["fix", disk.name(), "--yes"]).exits(0).says("nothing was written");
    cured(&disk, "virtio-scsi", &[r"ControlSet001\Services\vioscsi\Start"]);
    bcdrescue(&["fix", "--on", "virtio-scsi", "--yes"]).exits(16).says("these switches need a target");
}

#[test]
fn overrides_become_0_in_every_control_set() {
    let first = control_set(1, vec![overridden("vioscsi", 3)], vec![]);
    let second = control_set(2, vec![service("vioscsi", 4)], vec![]);
    // Nothing starts it.
    let third = control_set(3, vec![service("vioscsi", 4)], vec![]);
    let disk = disk(&hive_of(vec![first, second, third], vec![vioscsi()], [1, 1, 2], vec![]));
    bcdrescue(&["check", disk.name(), "--on", "virtio-scsi"])
        .exits(4)
        .says(&format!("bcdrescue fix {} --on=virtio-scsi", disk.name()));
    let changed =
        [r"ControlSet001\Services\vioscsi\StartOverride\0", r"ControlSet002\Services\vioscsi\Start"];
    cured(&disk, "virtio-scsi", &changed);
}

/// What starts is ready, and what started last is not: nothing is wrong, but who asks for it gets both.
#[test]
fn the_control_set_that_started_last_gets_it_too() {
    let sets =
        [(1, 0), (2, 3)].map(|(number, start)| control_set(number, vec![service("vioscsi", start)], vec![]));
    let disk = disk(&hive_of(sets.into(), vec![vioscsi()], [1, 1, 2], vec![]));
    let target = bcdrescue(&["check", disk.name(), "--on", "virtio-scsi", "--json"]).exits(0).target();
    assert_eq!(target["verdict"], "healthy");
    cured(&disk, "virtio-scsi", &[r"ControlSet002\Services\vioscsi\Start"]);
}

/// Where the file is missing, a driver is not set to be loaded: that would stop Windows, from whatever it starts.
#[test]
fn a_driver_without_its_file_is_never_loaded() {
    let hive = system_hive(vec![service("vioscsi", 3)], vioscsi(), vec![]);
    let bare = disk_without("win10-bios-healthy", &hive, "vioscsi.sys");
    let before = hash(&bare.path);
    for more in [&[][..], &["--allow-dirty-volume", "--allow-hibernated"]] {
        let fix = bcdrescue(&[&["fix", bare.name(), "--on", "virtio-scsi", "--yes"], more].concat());
        fix.exits(4).says("vioscsi.sys is missing").says("virt-v2v").says("nothing was written");
    }
    assert_eq!((hash(&bare.path), bare.records().len()), (before, 0));

    // Nor in a control set that has it elsewhere.
    let elsewhere = NewKey {
        values: service("vioscsi", 3)
            .values
            .into_iter()
            .filter(|it| it.name != "ImagePath")
            .chain([value("ImagePath", r"System32\drivers\gone.sys")])
            .collect(),
        ..service("vioscsi", 3)
    };
    let sets =
        vec![control_set(1, vec![service("vioscsi", 3)], vec![]), control_set(2, vec![elsewhere], vec![])];
    let disk = disk(&hive_of(sets, vec![vioscsi()], [1, 1, 2], vec![]));
    cured(&disk, "virtio-scsi", &[r"ControlSet001\Services\vioscsi\Start"]);
}

#[test]
fn what_start_values_do_not_cure_is_told_and_not_written() {
    let filters = |names: &[&str]| vec![crate::support::storage_drivers::texts("UpperFilters", names)];
    for (hive, words) in [
        (system_hive(vec![], vioscsi(), vec![]), "not installed"),
        (system_hive(vec![service("vioscsi", 3)], vioscsi(), filters(&["snapman"])), "snapman"),
        (
            system_hive(vec![service("vioscsi", 3)], package("x.inf", "PCI", "CC_0101", "pciide"), vec![]),
            "no hardware id is bound to vioscsi",
        ),
    ] {
        let disk = disk(&hive);
        let before = hash(&disk.path);
        bcdrescue(&["fix", disk.name(), "--on", "virtio-scsi", "--yes"])
            .exits(4)
            .says(words)
            .says("nothing was written");
        assert_eq!((hash(&disk.path), disk.records().len()), (before, 0), "{words}");
    }
}

/// A changed identity, drive letters and a driver at once: one plan, one record.
#[test]
fn it_goes_with_the_other_repairs() {
    let letters = crate::support::letters::key("MountedDevices", windows_10(OLD), vec![]);
    let set = control_set(1, vec![service("vioscsi", 3)], vec![]);
    let hive = hive_of(vec![set], vec![vioscsi()], [1, 1, 1], vec![letters]);
    let disk = disk_without("win10-bios", &hive, "");
    let before = hash(&disk.path);
    bcdrescue(&["check", disk.name(), "--on", "virtio-scsi"]).exits(4).says("--on=virtio-scsi");
    let on = ["fix", disk.name(), "--on", "virtio-scsi", "--yes"];
    bcdrescue(&[&on[..], &["--drive-letters"]].concat()).exits(1).says("verified: healthy");
    let letter = get(&disk, 2, SYSTEM);
    assert_ne!(letter, hive);
    bcdrescue(&["check", disk.name(), "--on", "virtio-scsi"]).exits(0);
    let record = disk.record();
    bcdrescue(&["undo", text(&record), "--yes"]).exits(1);
    assert_eq!(hash(&disk.path), before);
    std::fs::remove_file(record).unwrap();
    // With the old identity the letters are right; the driver is not.
    bcdrescue(&[&on[..], &["--restore-identity"]].concat()).exits(1).says("verified: healthy");
    bcdrescue(&["undo", text(&disk.record()), "--yes"]).exits(1);
    assert_eq!(hash(&disk.path), before);
}

/// The missing driver of one controller keeps no store from being re-pointed.
#[test]
fn a_missing_driver_keeps_nothing_from_being_repaired() {
    let disk = disk_without("win10-bios", &system_hive(vec![], vioscsi(), vec![]), "");
    bcdrescue(&["fix", disk.name(), "--on", "virtio-scsi", "--yes"])
        .exits(1 | 4)
        .says("written and verified")
        .says("Windows still does not start")
        .says("not installed");
    bcdrescue(&["check", disk.name()]).exits(0);
    let _record = disk.record();
}

/// Two controllers that share a driver: each value is written once.
#[test]
fn a_shared_driver_is_set_once() {
    let services =
        vec![service("vmbus", 3), service("storvsc", 3), service("vpci", 3), service("stornvme", 3)];
    let packages = vec![
        package("wvmbus.inf", "ACPI", "VMBus", "vmbus"),
        package("wstorvsc.inf", "VMBUS", "{ba6163d9-04a1-4d29-b605-72e2ffb1dc7f}", "storvsc"),
        package("wvpci.inf", "VMBUS", "{44C4F61D-4444-4400-9D52-802E27EDE19F}", "vpci"),
        package("stornvme.inf", "PCI", "CC_010802", "stornvme"),
    ];
    let disk = disk(&hive_of(vec![control_set(1, services, vec![])], packages, [1, 1, 1], vec![]));
    let before = hash(&disk.path);
    let both = ["fix", disk.name(), "--on", "hyperv,azure-nvme", "--yes", "--json"];
    let target = bcdrescue(&both).exits(1).target();
    assert_eq!(target["edits"].as_array().map(Vec::len), Some(4), "{:#}", target["edits"]);
    bcdrescue(&["check", disk.name(), "--on", "hyperv,azure-nvme"]).exits(0);
    bcdrescue(&["undo", text(&disk.record()), "--yes"]).exits(1);
    assert_eq!(hash(&disk.path), before);
}

#[test]
fn real_hives_get_these_values_and_no_other() {
    for (name, on, values) in [
        ("windows7-vmware", "ahci", &[r"msahci\Start"][..]),
        ("windows7-vmware", "hyperv", &[r"storvsc\Start"]),
        ("windows10-virtualbox", "ide", &[r"intelide\StartOverride\0", r"atapi\StartOverride\0"]),
        ("windows10-virtualbox", "nvme", &[r"stornvme\StartOverride\0"]),
        ("windows10-virtualbox", "lsi-sas", &[r"LSI_SAS\StartOverride\0"]),
        ("windows10-virtualbox", "hyperv", &[r"vmbus\StartOverride\0", r"storvsc\StartOverride\0"]),
        (
            "windows10-virtualbox",
            "azure-nvme",
            &[r"vmbus\StartOverride\0", r"vpci\Start", r"stornvme\StartOverride\0"],
        ),
    ] {
        let Some(hive) = corpus::system_hive(name) else { return };
        // In every control set that may start, by hivex.
        let all = hivex(&hive);
        let root = all.keys().next().unwrap().split('\\').next().unwrap().to_owned();
        let number = |path: &str| {
            let path = format!(r"{root}\{path}").to_lowercase();
            let (_, value) = all.iter().find(|(other, _)| other.to_lowercase() == path)?;
            value.rsplit(' ').next()?.parse::<u32>().ok()
        };
        let sets: BTreeSet<u32> = ["Default", "Current", "LastKnownGood"]
            .into_iter()
            .filter_map(|name| number(&format!(r"Select\{name}")))
            .collect();
        assert!(!sets.is_empty());
        let paths = sets
            .iter()
            .flat_map(|set| values.iter().map(move |value| format!(r"ControlSet{set:03}\Services\{value}")));
        let expected: Vec<String> = paths.filter(|path| number(path).is_some_and(|it| it != 0)).collect();
        let expected: Vec<&str> = expected.iter().map(String::as_str).collect();
        cured(&disk(&clean(hive.clone())), on, &expected);
    }
}

/// A refusal of the hive, by words of it; the start values are wrong.
#[track_caller]
fn refused(disk: &Disk, words: &[&str]) {
    let lifts = ["--on", "virtio-scsi", "--allow-dirty-volume", "--allow-hibernated"];
    refused_with(disk, &lifts, 8, &[words, &["omit --on", "nothing was written"]].concat());
    // Nor is it advised.
    let told = bcdrescue(&["check", disk.name(), "--on", "virtio-scsi", "-v"]).exits(4);
    assert!(!told.stdout.contains("--on=virtio-scsi"), "{}", told.stdout);
}

#[test]
fn a_hive_that_must_not_be_written_is_left() {
    let hive = system_hive(vec![service("vioscsi", 3)], vioscsi(), vec![]);
    let sleeping = disk(&hive);
    let mut session = vec![0; 4096];
    session[..4].copy_from_slice(b"hibr");
    put(&sleeping, 2, "/hiberfil.sys", &session);
    refused(&sleeping, &["hibernated", "would write its registry over the change"]);

    let unclean = disk(&hive);
    change(&unclean, 2, |volume| drop(judge("ntfsfix", &[text(volume)])));
    refused(&unclean, &["partition 2 (Windows) cannot be written safely now", "marked dirty"]);
}

/// Windows To Go: USB drivers on demand, which flags have the loader load. That is ready, and nothing is written to it.
#[test]
fn what_is_promoted_stays_as_it_is() {
    let promoted = |name: &str| {
        let mut key = service(name, 3);
        key.values.push(dword("BootFlags", 0x14));
        key
    };
    let mut set = control_set(1, ["USBXHCI", "USBHUB3", "USBSTOR"].map(promoted).into(), vec![]);
    let control = set.subkeys.iter_mut().find(|key| key.name == "Control").unwrap();
    control.values.push(dword("BootDriverFlags", 0x14));
    let hive = hive_of(vec![set], vec![vioscsi()], [1, 1, 1], vec![]);
    let disk = Disk::raw("win10-bios-healthy");
    let own = ["usbxhci.sys", "ucx01000.sys", "usbhub3.sys", "usbstor.sys"];
    let names: Vec<&str> = FILES.into_iter().chain(own).collect();
    with_drivers(&disk, 2, &hive, &names);
    bcdrescue(&["check", disk.name(), "--on", "usb"]).exits(0).says("healthy");
    bcdrescue(&["fix", disk.name(), "--on", "usb", "--yes"]).exits(0).says("nothing was written");
}

/// Another Windows that sleeps may have the volume in its memory.
#[test]
fn beside_a_sleeping_windows_nothing_is_written() {
    let disk = Disk::raw("win11-uefi-healthy");
    let hive = system_hive(vec![service("vioscsi", 3)], vioscsi(), vec![]);
    let names: Vec<&str> = FILES.into_iter().chain(["vioscsi.sys"]).collect();
    with_drivers(&disk, 3, &hive, &names);
    second_windows(&disk, 3, 5);
    let mut session = vec![0; 4096];
    session[..4].copy_from_slice(b"hibr");
    put(&disk, 5, "/hiberfil.sys", &session);
    let words = ["its own view of partition 3", "omit --on", "nothing was written"];
    refused_with(&disk, &["--on", "virtio-scsi", "--allow-hibernated"], 8, &words);
    let told = bcdrescue(&["check", disk.name(), "--on", "virtio-scsi"]);
    assert!(!told.stdout.contains("--on=virtio-scsi"), "{}", told.stdout);
}

#[test]
fn a_hive_that_is_not_at_rest_is_not_judged() {
    let hive = dirty(system_hive(vec![service("vioscsi", 3)], vioscsi(), vec![]));
    let disk = disk(&hive);
    let before = hash(&disk.path);
    let target = bcdrescue(&["fix", disk.name(), "--on", "virtio-scsi", "--yes", "--json"]).exits(8).target();
    assert_eq!(findings(&target, "storage-driver-unknown").len(), 1, "{target:#}");
    assert_eq!((hash(&disk.path), disk.records().len()), (before, 0));
}
