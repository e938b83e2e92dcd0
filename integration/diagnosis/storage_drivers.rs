//! Storage drivers: what real SYSTEM hives say of every controller, what `check --on` says of disks, and hostile hives.

use std::collections::BTreeMap;
use std::sync::Mutex;

use bcdrescue::diagnosis::windows::lack::Lack;
use bcdrescue::diagnosis::windows::readiness::Readiness;
use bcdrescue::diagnosis::windows::starts_on::StartsOn;
use bcdrescue::diagnosis::windows::starts_on::starts_on;
use bcdrescue::hive::ReadError;
use bcdrescue::layout::ask;
use bcdrescue::layout::boot_file::Content;
use bcdrescue::layout::boot_file::Machine;
use bcdrescue::layout::discover;
use bcdrescue::layout::drivers;
use bcdrescue::layout::drivers::controller::Controller;
use bcdrescue::layout::drivers::controller::Controllers;
use bcdrescue::layout::drivers::facts::DriverFile;
use bcdrescue::layout::drivers::facts::Dword;
use bcdrescue::layout::drivers::facts::Found;
use bcdrescue::layout::drivers::facts::StorageDrivers;
use bcdrescue::layout::drivers::image_path::driver;
use bcdrescue::layout::drivers::image_path::file_of;
use bcdrescue::storage::cache::Cached;
use serde_json::Value as Json;

use crate::support::chance::Chance;
use crate::support::corpus;
use crate::support::counted::Counted;
use crate::support::disk::Disk;
use crate::support::findings::findings;
use crate::support::judges::hivex;
use crate::support::program::bcdrescue;
use crate::support::sparse::SparseRam;
use crate::support::storage_drivers::FILES;
use crate::support::storage_drivers::clean;
use crate::support::storage_drivers::dirty;
use crate::support::storage_drivers::overridden;
use crate::support::storage_drivers::package;
use crate::support::storage_drivers::service;
use crate::support::storage_drivers::system_hive;
use crate::support::storage_drivers::texts;
use crate::support::storage_drivers::vioscsi;
use crate::support::storage_drivers::with_drivers;

const ROOT: &str = r"\Windows";

/// What a hive says of these controllers, without a volume.
fn of_hive(hive: &[u8], controllers: Controllers) -> Option<StorageDrivers> {
    let read = |at: u64, len: usize| {
        let at = usize::try_from(at).unwrap();
        let piece = hive.get(at..at.saturating_add(len)).map(<[u8]>::to_vec);
        piece.ok_or_else(|| ReadError::reader(std::fmt::Error))
    };
    drivers::of_hive(&read, hive.len() as u64, false, controllers).ok().flatten()
}

/// The same with every file that a service or the table names, whole and for this processor.
fn with_files(hive: &[u8], machine: Machine) -> StorageDrivers {
    let mut drivers = of_hive(hive, Controllers::ALL).expect("a sound hive");
    let imports = FILES.map(|name| driver(ROOT, name)).to_vec();
    let more = ["winhv.sys", "usbport.sys", "usbd.sys", "ucx01000.sys"].map(|name| driver(ROOT, name));
    let services = drivers.default_set().unwrap().services.iter();
    let own = services.filter_map(|it| file_of(ROOT, &it.name, it.image_path.as_deref()));
    let file = |path: String| DriverFile { path, found: Ok(Found::Read(7, Content::Program(machine))) };
    drivers.files = own.chain(imports).chain(more).map(file).collect();
    drivers
}

fn answer(drivers: &StorageDrivers, machine: Machine, controller: Controller) -> StartsOn {
    starts_on(drivers, ROOT, Some(machine), controller)
}

/// The services that are not loaded, with the start values that count.
fn starts(lacks: &[Lack]) -> Vec<(String, u32)> {
    let start = |lack: &Lack| match lack {
        Lack::Start { service, value } | Lack::Override { service, value, .. } => {
            Some((service.clone(), *value))
        }
        _ => None,
    };
    lacks.iter().filter_map(start).collect()
}

/// The services of which a hive says that they are not loaded, for these controllers in order; `None`: it has no driver.
type Table<'a> = [(Controller, Readiness, &'a [(&'a str, u32)]); 11];

const WINDOWS_7: Table<'static> = [
    (Controller::Ide, Readiness::Ready, &[]),
    (Controller::Ahci, Readiness::Patchable, &[("msahci", 3)]),
    (Controller::Nvme, Readiness::NotReady, &[]),
    (Controller::LsiScsi, Readiness::Ready, &[]),
    (Controller::LsiSas, Readiness::Ready, &[]),
    (Controller::Pvscsi, Readiness::NotReady, &[]),
    (Controller::VirtioBlk, Readiness::NotReady, &[]),
    (Controller::VirtioScsi, Readiness::NotReady, &[]),
    (Controller::HyperV, Readiness::Patchable, &[("storvsc", 3)]),
    (Controller::AzureNvme, Readiness::NotReady, &[]),
    (Controller::Xen, Readiness::Ready, &[]),
];

const WINDOWS_10: Table<'static> = [
    (Controller::Ide, Readiness::ReadyButOverridden, &[("intelide", 3), ("atapi", 3)]),
    (Controller::Ahci, Readiness::Ready, &[]),
    (Controller::Nvme, Readiness::ReadyButOverridden, &[("stornvme", 3)]),
    (Controller::LsiScsi, Readiness::NotReady, &[]),
    (Controller::LsiSas, Readiness::ReadyButOverridden, &[("LSI_SAS", 3)]),
    (Controller::Pvscsi, Readiness::NotReady, &[]),
    (Controller::VirtioBlk, Readiness::NotReady, &[]),
    (Controller::VirtioScsi, Readiness::NotReady, &[]),
    (Controller::HyperV, Readiness::ReadyButOverridden, &[("vmbus", 3), ("storvsc", 3)]),
    (Controller::AzureNvme, Readiness::Patchable, &[("vpci", 3), ("vmbus", 3), ("stornvme", 3)]),
    (Controller::AwsNitro, Readiness::ReadyButOverridden, &[("stornvme", 3)]),
];

#[test]
fn real_hives_say_which_controllers_they_start_from() {
    for (name, machine, table) in
        [("windows7-vmware", Machine::X86, WINDOWS_7), ("windows10-virtualbox", Machine::X64, WINDOWS_10)]
    {
        let Some(hive) = corpus::system_hive(name) else { return };
        let whole = with_files(&hive, machine);
        for (controller, readiness, values) in table {
            let answer = answer(&whole, machine, controller);
            assert_eq!(answer.readiness, readiness, "{name}, {controller}: {:?}", answer.lacks);
            let expected: Vec<(String, u32)> =
                values.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
            assert_eq!(starts(&answer.lacks), expected, "{name}, {controller}");
            // What is to be set to 0 is what keeps it from starting, in every control set that has it.
            let sets = whole.sets.len();
            let is_patched = |(service, value): &(&str, u32)| {
                let of_it = answer.patches.iter().filter(|patch| patch.service == *service);
                of_it.filter(|patch| patch.dword.value == *value).count() >= 1
            };
            assert!(!readiness.is_patchable() || values.iter().all(is_patched), "{:?}", answer.patches);
            assert!(answer.patches.len() <= sets * values.len(), "{:?}", answer.patches);
            for patch in &answer.patches {
                let at = usize::try_from(patch.dword.at).unwrap();
                assert_eq!(hive[at..at + 4], patch.dword.value.to_le_bytes(), "{patch:?}");
            }
        }
        // Not one file: what is ready is not.
        let bare = StorageDrivers {
            files: whole
                .files
                .iter()
                .map(|file| DriverFile { found: Ok(Found::Missing), ..file.clone() })
                .collect(),
            ..whole.clone()
        };
        for controller in Controller::ALL {
            assert_eq!(answer(&bare, machine, controller).readiness, Readiness::NotReady, "{controller}");
        }
        let other = answer(&whole, Machine::Arm64, Controller::Ide);
        assert_eq!(other.readiness, Readiness::NotReady, "{:?}", other.lacks);
    }
}

/// What hivex shows of a number.
fn number(values: &BTreeMap<String, String>, path: &str) -> Option<u32> {
    let (kind, value) = values.get(path)?.rsplit_once(' ')?;
    kind.starts_with("int32").then(|| value.parse().unwrap())
}

#[test]
fn hivex_reads_the_same_values() {
    for name in ["windows7-vmware", "windows10-virtualbox"] {
        let Some(hive) = corpus::system_hive(name) else { return };
        let drivers = of_hive(&hive, Controllers::ALL).expect("a sound hive");
        // Case does not matter to Windows, and differs.
        let values: BTreeMap<String, String> =
            hivex(&hive).into_iter().map(|(path, value)| (path.to_lowercase(), value)).collect();
        let root = values.keys().next().unwrap().split('\\').next().unwrap().to_owned();
        let mut seen = 0;
        for set in &drivers.sets {
            for service in &set.services {
                let key =
                    format!(r"{root}\controlset{:03}\services\{}", set.number, service.name).to_lowercase();
                let same = |name: &str, found: Option<Dword>| {
                    assert_eq!(
                        number(&values, &format!(r"{key}\{name}").to_lowercase()),
                        found.map(|it| it.value),
                        "{key}"
                    );
                    let at = found.map(|it| usize::try_from(it.at).unwrap());
                    if let Some(at) = at {
                        assert_eq!(hive[at..at + 4], found.unwrap().value.to_le_bytes());
                    }
                };
                same("Type", service.kind);
                same("Start", service.start);
                same("BootFlags", service.boot_flags);
                let below = format!(r"{key}\startoverride\");
                let overrides = values.keys().filter(|path| path.starts_with(&below)).count();
                assert_eq!(overrides, service.overrides.len(), "{key}");
                for (index, dword) in &service.overrides {
                    same(&format!(r"StartOverride\{index}"), Some(*dword));
                }
                let path = values.get(&format!(r"{key}\imagepath")).map(|it| it.rsplit(' ').next().unwrap());
                assert_eq!(path, service.image_path.as_deref(), "{key}");
                seen += 1;
            }
        }
        assert!(seen > 20, "{name}: {seen}");
        let is_bound =
            |service: &str| drivers.bindings.iter().any(|it| it.services.iter().any(|it| it == service));
        assert!(is_bound("intelide") && is_bound("vmbus") && !is_bound("vioscsi"));
        assert!(drivers.filters.iter().any(|filter| filter.service == "fvevol"));
    }
}

/// A Windows with a driver for virtio SCSI, as its installer leaves it.
fn ready() -> Vec<u8> {
    system_hive(vec![service("vioscsi", 0)], vioscsi(), vec![texts("UpperFilters", &["partmgr"])])
}

fn disk(hive: &[u8], without: &str) -> Disk {
    let disk = Disk::raw("win10-bios-healthy");
    let names: Vec<&str> = FILES.into_iter().chain(["vioscsi.sys"]).filter(|name| *name != without).collect();
    with_drivers(&disk, 2, hive, &names);
    disk
}

/// What `check --on virtio-scsi` says; nothing is wrong with the disk without that.
#[track_caller]
fn on_virtio_scsi(disk: &Disk, code: i32, verdict: &str) -> Json {
    bcdrescue(&["check", disk.name()]).exits(0).says("Windows should start");
    let target = bcdrescue(&["check", disk.name(), "--on", "virtio-scsi", "--json"]).exits(code).target();
    assert_eq!(target["verdict"], verdict, "{:#}", target["findings"]);
    target
}

#[test]
fn a_disk_is_judged_for_the_controllers_that_are_asked_for() {
    let ready = disk(&ready(), "");
    let target = on_virtio_scsi(&ready, 0, "healthy");
    assert_eq!(findings(&target, "storage-driver-ready").len(), 1);
    let controllers = &target["windows"][0]["controllers"];
    assert_eq!(controllers.as_array().map(Vec::len), Some(1));
    assert_eq!(
        (&controllers[0]["controller"], &controllers[0]["verdict"]),
        (&"virtio-scsi".into(), &"ready".into())
    );
    let service = &controllers[0]["services"][0];
    assert_eq!((&service["name"], &service["start"]), (&"vioscsi".into(), &0.into()));
    assert_eq!(service["file"], r"\Windows\System32\drivers\vioscsi.sys");
    assert_eq!(service["ids"][0], r"PCI\VEN_1AF4&DEV_1048");
    assert!(service["file_size"].as_u64() > Some(0));
    bcdrescue(&["check", ready.name(), "--require", "starts-on=virtio-scsi"]).exits(0);
    bcdrescue(&["check", ready.name(), "--on", "virtio-scsi,nvme"])
        .exits(4)
        .says("on nvme Windows would not start")
        .says("the driver stornvme is not installed");
    bcdrescue(&["check", ready.name(), "--require", "starts-on=nvme"])
        .exits(4)
        .says("starts-on=nvme: Windows on partition 2 (Windows) is not ready");
    bcdrescue(&["check", ready.name(), "--on", "floppy"]).exits(16).says("virtio-blk");
    bcdrescue(&["inspect", ready.name()])
        .exits(0)
        .says("Disk controllers")
        .says("virtio-scsi  ready")
        .says("ide          not ready");
    let all = bcdrescue(&["inspect", ready.name(), "--json"]).target();
    assert_eq!(all["windows"][0]["controllers"].as_array().map(Vec::len), Some(Controller::ALL.len()));
    assert!(
        bcdrescue(&["check", ready.name(), "--json"]).target()["windows"][0].get("controllers").is_none()
    );
}

#[test]
fn what_stands_against_a_start_is_told() {
    let disks = |filters: &[&str]| vec![texts("UpperFilters", filters)];
    let own = || disks(&["partmgr"]);
    let with = |services, package, disks| system_hive(services, package, disks);
    for (hive, without, code, verdict, finding, words) in [
        (with(vec![], vioscsi(), own()), "", 4, "broken", "storage-driver-staged", "not installed"),
        (
            with(vec![service("vioscsi", 3)], vioscsi(), own()),
            "",
            4,
            "broken",
            "storage-driver-start",
            "not loaded at boot (Start 3)",
        ),
        (
            with(vec![overridden("vioscsi", 3)], vioscsi(), own()),
            "",
            4,
            "degraded",
            "storage-driver-overridden",
            r"StartOverride\0 3",
        ),
        (ready(), "vioscsi.sys", 4, "broken", "storage-driver-missing", r"vioscsi.sys is missing"),
        (ready(), "storport.sys", 4, "broken", "storage-driver-missing", r"storport.sys is missing"),
        (ready(), "mountmgr.sys", 4, "broken", "storage-driver-missing", r"mountmgr.sys is missing"),
        (
            with(vec![service("vioscsi", 0)], package("x.inf", "PCI", "CC_0101", "pciide"), own()),
            "",
            4,
            "broken",
            "storage-driver-missing",
            "no hardware id is bound to vioscsi",
        ),
        (
            with(vec![service("vioscsi", 0)], vioscsi(), disks(&["partmgr", "snapman"])),
            "",
            4,
            "broken",
            "storage-driver-missing",
            "UpperFilters of DiskDrive refers to snapman, which is not installed",
        ),
        (
            with(vec![service("vioscsi", 0), service("atapi", 0)], vioscsi(), disks(&["atapi"])),
            "",
            8,
            "unknown",
            "storage-driver-unknown",
            "third-party filter driver, atapi",
        ),
        (
            with(
                vec![service("vioscsi", 0)],
                package("x.inf", "PCI", "VEN_1AF4&DEV_1004&SUBSYS_1&REV_00", "vioscsi"),
                own(),
            ),
            "",
            0,
            "healthy",
            "storage-driver-ready",
            "it has the drivers",
        ),
        (dirty(ready()), "", 8, "unknown", "storage-driver-unknown", "last write to its SYSTEM hive"),
        (vec![0; 4096], "", 8, "unknown", "storage-driver-unknown", "its SYSTEM hive cannot be read"),
    ] {
        let disk = disk(&hive, without);
        let run = bcdrescue(&["check", disk.name(), "--on", "virtio-scsi", "--json"]);
        let target = run.exits(code).target();
        assert_eq!(target["verdict"], verdict, "{finding}: {:#}", target["findings"]);
        let found = findings(&target, finding);
        assert_eq!(found.len(), 1, "{finding}: {:#}", target["findings"]);
        let message = found[0]["message"].as_str().unwrap();
        assert!(message.contains(words), "{message}");
    }
}

#[test]
fn one_controller_costs_at_most_twenty_reads() {
    for name in ["windows7-vmware", "windows10-virtualbox"] {
        let Some(hive) = corpus::system_hive(name) else { return };
        let disk = SparseRam::read(&disk(&clean(hive), "").path);
        for controller in Controller::ALL {
            let reads = Mutex::default();
            let cached = Cached::new(Counted(&disk, &reads));
            let mut layout = discover(&cached).expect("a sound disk");
            assert!(layout.windows.iter().all(|windows| windows.drivers.is_none()), "nobody asked");
            let before = reads.lock().unwrap().0;
            ask::storage_drivers(&cached, &mut layout, [controller].into_iter().collect());
            let more = reads.lock().unwrap().0 - before;
            println!("{name}, {controller}: {more} reads more than {before}");
            assert!(layout.windows[0].drivers.as_ref().unwrap().found.is_ok());
            assert!(more <= 20, "{name}, {controller}: {more} reads");
        }
    }
}

/// Whatever is changed in a hive, the answer is an answer.
#[test]
fn no_changed_byte_does_harm() {
    let mut chance = Chance::new("storage drivers", 23);
    let services = vec![overridden("vioscsi", 3), service("stornvme", 3)];
    let small = system_hive(services, vioscsi(), vec![texts("LowerFilters", &["a", "b"])]);
    let mut answers = 0;
    let mut ask = |hive: &[u8]| {
        let Some(drivers) = of_hive(hive, Controllers::ALL) else { return };
        for controller in Controller::ALL {
            let answer = answer(&drivers, Machine::X64, controller);
            assert!(answer.lacks.iter().all(|lack| lack.to_string().len() < 4000));
            answers += 1;
        }
    };
    for _ in 0..3000 {
        let mut hive = small.clone();
        let at = chance.below(hive.len());
        hive[at] ^= chance.next() as u8;
        ask(&hive);
    }
    for name in ["windows7-vmware", "windows10-virtualbox"] {
        let Some(whole) = corpus::system_hive(name) else { continue };
        for _ in 0..60 {
            let mut hive = whole.clone();
            for _ in 0..4000 {
                let at = chance.below(hive.len());
                hive[at] = chance.next() as u8;
            }
            ask(&hive);
        }
    }
    assert!(answers > 1000, "{answers}");
}
