use super::*;
use crate::layout::drivers::facts::Binding;
use crate::layout::drivers::facts::DriverFile;

const ROOT: &str = r"\Windows";

fn dword(value: u32) -> Dword {
    Dword { value, at: 0x1000 }
}

fn service(name: &str, start: u32) -> Service {
    Service {
        name: name.to_owned(),
        kind: Some(dword(1)),
        start: Some(dword(start)),
        overrides: Vec::new(),
        image_path: None,
        group: None,
        boot_flags: None,
    }
}

/// A Windows 10 with what every start needs, and these services with their ids bound.
fn windows(services: &[Service], ids: &[(&'static str, &str)]) -> StorageDrivers {
    let of_chain = chain(Generation::Eight).iter().map(|need| service(need.service, 0));
    let services: Vec<Service> = of_chain.chain(services.iter().cloned()).collect();
    let own = services.iter().map(|service| format!("{}.sys", service.name));
    let imports = ["classpnp.sys", "storport.sys", "pciidex.sys", "ataport.sys", "ucx01000.sys"];
    let file = |name: String| DriverFile {
        path: driver(ROOT, &name),
        found: Ok(Found::Read(9, Content::Program(Machine::X64))),
    };
    let binding =
        |(id, service): &(&'static str, &str)| Binding { id, services: vec![(*service).to_owned()] };
    StorageDrivers {
        generation: Generation::Eight,
        files: own.chain(imports.map(str::to_owned)).map(file).collect(),
        sets: vec![ControlSet { number: 1, services, boot_driver_flags: Some(dword(0x1c)) }],
        bindings: ids.iter().map(binding).collect(),
        filters: Vec::new(),
        hardware_flags: None,
    }
}

const NVME: &[(&str, &str)] = &[(r"PCI\CC_010802", "stornvme")];

fn answer(drivers: &StorageDrivers, controller: Controller) -> StartsOn {
    starts_on(drivers, ROOT, Some(Machine::X64), controller)
}

fn set(drivers: &mut StorageDrivers, path: &str, found: Found) {
    let path = driver(ROOT, path);
    let file = drivers.files.iter_mut().find(|file| file.path == path).unwrap();
    file.found = Ok(found);
}

#[test]
fn each_answer_has_its_reason() {
    let ready = windows(&[service("stornvme", 0)], NVME);
    assert_eq!(answer(&ready, Controller::Nvme).readiness, Readiness::Ready);
    assert_eq!(answer(&ready, Controller::Gce).readiness, Readiness::Ready);
    let overridden = Service { overrides: vec![("0".into(), dword(3))], ..service("stornvme", 0) };
    let harmless = Service { overrides: vec![("0".into(), dword(0))], ..service("stornvme", 0) };
    let typeless = Service { kind: Some(dword(2)), ..service("stornvme", 0) };
    let odd = Service { image_path: Some(r"\??\C:\x.sys".into()), ..service("stornvme", 0) };
    for (drivers, readiness, patches) in [
        (windows(&[overridden], NVME), Readiness::ReadyButOverridden, 1),
        (windows(&[harmless], NVME), Readiness::Ready, 0),
        (windows(&[service("stornvme", 3)], NVME), Readiness::Patchable, 1),
        (windows(&[Service { start: None, ..service("stornvme", 0) }], NVME), Readiness::Staged, 0),
        (windows(&[], NVME), Readiness::Staged, 0),
        (windows(&[], &[]), Readiness::NotReady, 0),
        (windows(&[service("stornvme", 0)], &[]), Readiness::NotReady, 0),
        (windows(&[service("stornvme", 0)], &[(r"PCI\CC_010802", "vendor")]), Readiness::Unknown, 0),
        (windows(&[typeless], NVME), Readiness::NotReady, 0),
        (windows(&[odd], NVME), Readiness::Unknown, 0),
    ] {
        let answer = answer(&drivers, Controller::Nvme);
        assert_eq!((answer.readiness, answer.patches.len()), (readiness, patches), "{:?}", answer.lacks);
        assert!(answer.lacks.iter().all(|lack| !lack.to_string().ends_with('.')));
    }
}

#[test]
fn files_are_whole_and_for_the_same_processor() {
    for (found, readiness) in [
        (Found::Missing, Readiness::NotReady),
        (Found::Len(0), Readiness::NotReady),
        (Found::Len(1), Readiness::Ready),
        (Found::Read(9, Content::Zeros), Readiness::NotReady),
        (Found::Read(9, Content::Cut { wants: 10 }), Readiness::NotReady),
        (Found::Read(9, Content::Program(Machine::X86)), Readiness::NotReady),
        (Found::Read(9, Content::Unclear), Readiness::Unknown),
    ] {
        for name in ["stornvme.sys", "storport.sys", "disk.sys", "classpnp.sys"] {
            let mut drivers = windows(&[service("stornvme", 0)], NVME);
            set(&mut drivers, name, found);
            assert_eq!(answer(&drivers, Controller::Nvme).readiness, readiness, "{name}, {found:?}");
        }
    }
}

#[test]
fn a_generic_driver_counts_where_no_other_is_bound() {
    let services = |intelide| [service("intelide", intelide), service("pciide", 0), service("atapi", 0)];
    let channel = ("Primary_IDE_Channel", "atapi");
    let both = [(r"PCI\VEN_8086&DEV_7010", "intelide"), (r"PCI\CC_0101", "pciide"), channel];
    assert_eq!(answer(&windows(&services(0), &both), Controller::Ide).readiness, Readiness::Ready);
    let bound = answer(&windows(&services(3), &both), Controller::Ide);
    assert_eq!((bound.readiness, bound.services[0]), (Readiness::Patchable, "intelide"));
    let alone = answer(&windows(&services(3), &both[1..]), Controller::Ide);
    assert_eq!((alone.readiness, alone.services[0]), (Readiness::Ready, "pciide"));
}

#[test]
fn flags_promote_a_service_on_demand() {
    let usb = |name: &str| Service { boot_flags: Some(dword(0x14)), ..service(name, 3) };
    let mut drivers = windows(&[usb("USBXHCI"), usb("USBHUB3"), usb("USBSTOR")], &[]);
    let of = |drivers: &StorageDrivers| answer(drivers, Controller::Usb).readiness;
    assert_eq!(of(&drivers), Readiness::Ready);
    drivers.hardware_flags = Some(dword(0));
    assert_eq!(of(&drivers), Readiness::ReadyButOverridden);
    drivers.hardware_flags = Some(dword(0x14));
    assert_eq!(of(&drivers), Readiness::Ready);
    drivers.sets[0].boot_driver_flags = None;
    drivers.hardware_flags = None;
    assert_eq!(of(&drivers), Readiness::Patchable);
}

#[test]
fn filters_count_for_their_class_alone() {
    let filter = |class, service: &str| Filter { class, is_upper: true, service: service.to_owned() };
    for (class, name, readiness) in [
        (Class::DiskDrive, "partmgr", Readiness::Ready),
        (Class::DiskDrive, "gone", Readiness::NotReady),
        (Class::Volume, "gone", Readiness::NotReady),
        (Class::ScsiAdapter, "gone", Readiness::NotReady),
        (Class::Hdc, "gone", Readiness::Ready),
        (Class::DiskDrive, "vendor", Readiness::Unknown),
    ] {
        let mut drivers = windows(&[service("stornvme", 0), service("vendor", 0)], NVME);
        drivers.filters.push(filter(class, name));
        assert_eq!(answer(&drivers, Controller::Nvme).readiness, readiness, "{class:?} {name}");
    }
}

#[test]
fn every_control_set_is_patched() {
    let mut drivers = windows(&[service("stornvme", 3)], NVME);
    let services = vec![service("stornvme", 4), service("volsnap", 3), service("other", 3)];
    drivers.sets.push(ControlSet { number: 2, services, boot_driver_flags: None });
    let patches = answer(&drivers, Controller::Nvme).patches;
    let patched: Vec<(u32, u32)> = patches.iter().map(|patch| (patch.set, patch.dword.value)).collect();
    assert_eq!(patched, [(1, 3), (2, 4)]);
}

#[test]
fn a_driver_of_which_nobody_knows_is_not_patched() {
    let mut drivers = windows(&[service("stornvme", 3)], NVME);
    drivers.files.retain(|file| !file.path.ends_with("storport.sys"));
    let answer = answer(&drivers, Controller::Nvme);
    assert_eq!((answer.readiness, answer.patches.len()), (Readiness::Patchable, 0));
}

#[test]
fn a_generation_without_a_driver_is_not_ready() {
    let drivers = StorageDrivers { generation: Generation::Nt5, ..windows(&[], &[]) };
    let answer = answer(&drivers, Controller::Nvme);
    assert_eq!((answer.readiness, answer.lacks.as_slice()), (Readiness::NotReady, &[Lack::NoDriver][..]));
}
