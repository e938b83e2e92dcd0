//! Stores whose entries all lead elsewhere than to the Windows that is here: those of setup media, of tools, of another directory.

use bcdrescue::bcd::Device;
use bcdrescue::bcd::DeviceElement;
use bcdrescue::bcd::ElementId;
use bcdrescue::bcd::ElementValue;
use bcdrescue::bcd::ObjectType;
use bcdrescue::bcd::Store;
use bcdrescue::bcd::create::NewObject;
use bcdrescue::bcd::create::NewStore;
use bcdrescue::bcd::object_id::BOOTMGR;
use bcdrescue::bcd::object_id::MEMDIAG;
use bcdrescue::guid::Guid;
use serde_json::Value as Json;

use crate::support::disk::Disk;
use crate::support::disk::hash;
use crate::support::disk::made;
use crate::support::findings::checked;
use crate::support::findings::findings;
use crate::support::findings::has;
use crate::support::findings::hop;
use crate::support::judges::put_fat;
use crate::support::judges::put_ntfs;
use crate::support::menu_lists::find;
use crate::support::menu_lists::rebuilt;
use crate::support::menu_lists::set;
use crate::support::menu_lists::with_lists;
use crate::support::parts::change;
use crate::support::program::bcdrescue;
use crate::support::program::text;
use crate::support::stand_in;
use crate::support::store::BIOS;
use crate::support::store::UEFI;
use crate::support::store::put_store;
use crate::support::store::store_of;

const SETUP: Guid = Guid::from_u128(0x7619_dcc9_fafe_11d9_b411_0004_76eb_a25f);
const OPTIONS: Guid = Guid::from_u128(0x7619_dcc8_fafe_11d9_b411_0004_76eb_a25f);

const IMAGES: [(&str, &str, u32); 2] = [("win10-bios-healthy", BIOS, 2), ("win11-uefi-healthy", UEFI, 3)];

fn string(text: &str) -> ElementValue {
    ElementValue::String(text.to_owned())
}

/// The image of a setup medium, in a folder that the volume has.
fn wim(path: &str) -> &'static str {
    if path == BIOS { r"\boot\boot.wim" } else { r"\sources\boot.wim" }
}

/// The entry of a setup medium, and what its RAM disk is made with.
fn setup(path: &str) -> [NewObject; 2] {
    let ending = if path == BIOS { "exe" } else { "efi" };
    let device = Device::Ramdisk {
        base: 0,
        size: 0,
        offset: 0,
        parent: Box::new(Device::Boot),
        path: wim(path).to_owned(),
    };
    let device = ElementValue::Device(DeviceElement { options: OPTIONS, device });
    let entry = NewObject::new(SETUP, ObjectType::OS_LOADER)
        .with(ElementId::DEVICE, device.clone())
        .with(ElementId::PATH, string(&format!(r"\windows\system32\boot\winload.{ending}")))
        .with(ElementId::DESCRIPTION, string("Windows Setup"))
        .with(ElementId::OS_DEVICE, device)
        .with(ElementId::SYSTEM_ROOT, string(r"\windows"))
        .with(ElementId::WINPE, ElementValue::Boolean(true));
    let boot = ElementValue::Device(DeviceElement::plain(Device::Boot));
    let options = NewObject::new(OPTIONS, ObjectType::DEVICE)
        .with(ElementId::RAMDISK_SDI_DEVICE, boot)
        .with(ElementId::RAMDISK_SDI_PATH, string(r"\boot\boot.sdi"));
    [entry, options]
}

/// The store of a setup medium.
fn medium(path: &str) -> Vec<u8> {
    let boot = ElementValue::Device(DeviceElement::plain(Device::Boot));
    let manager = NewObject::new(BOOTMGR, ObjectType::BOOT_MANAGER)
        .with(ElementId::DEVICE, boot)
        .with(ElementId::DESCRIPTION, string("Windows Boot Manager"))
        .with(ElementId::DEFAULT, ElementValue::Object(SETUP))
        .with(ElementId::DISPLAY_ORDER, ElementValue::ObjectList(vec![SETUP]));
    let [entry, options] = setup(path);
    NewStore { objects: vec![manager, entry, options], last_written: 1, firmware_modified: path == UEFI }
        .build()
        .unwrap()
}

/// A file on the system volume.
fn put(disk: &Disk, path: &str, file: &str) {
    let put = if path == BIOS { put_ntfs } else { put_fat };
    change(disk, 1, |volume| put(volume, file, &stand_in::of(file)));
}

/// The files of the RAM disk.
fn put_ram_disk(disk: &Disk, path: &str) {
    let folder = if path == BIOS { "/Boot" } else { "/boot" };
    put(disk, path, &wim(path).replace('\\', "/").replace("/boot/", &format!("{folder}/")));
    put(disk, path, &format!("{folder}/boot.sdi"));
}

/// The entry of Windows of a sound store.
fn windows(bytes: &[u8]) -> Guid {
    Store::parse(bytes.to_vec()).unwrap().display_order()[0]
}

/// What stops the start: no entry for the Windows on this partition, with the command that makes one.
#[track_caller]
fn no_entry(disk: &Disk, status: Option<&str>, partition: u32) -> Json {
    let target = checked(disk, 4, "broken");
    let stop = &target["stop"];
    assert_eq!((&stop["code"], &stop["hop"]), (&"no-windows-entry".into(), &"entry".into()), "{target:#}");
    assert_eq!(stop["predicted_status"].as_str(), status);
    let finding = findings(&target, "no-windows-entry")[0];
    let said = format!("{} {}", finding["message"], finding["evidence"]);
    assert!(said.contains(&format!(r"\\Windows on partition {partition} (Windows)")), "{said}");
    let remedy = finding["remedy"].as_str().unwrap();
    assert_eq!(
        (finding["switch"].as_str(), remedy.contains("new store")),
        (Some("--rebuild"), true),
        "{remedy}"
    );
    let before = hash(&disk.path);
    bcdrescue(&["fix", disk.name(), "--yes"]).exits(4).says("nothing was written");
    assert_eq!(hash(&disk.path), before);
    target
}

#[test]
fn the_store_of_a_setup_medium_starts_no_windows() {
    for (image, path, partition) in IMAGES {
        let disk = Disk::raw(image);
        put_store(&disk, path, &medium(path));
        let target = no_entry(&disk, Some("0xc000000f"), partition);
        let evidence = findings(&target, "no-windows-entry")[0]["evidence"].to_string();
        let said = format!("starts a RAM disk, {} (missing)", wim(path)).replace('\\', r"\\");
        assert!(evidence.contains(&said), "{evidence}");
        let missing = findings(&target, "file-missing");
        let advice = missing.iter().map(|finding| finding["remedy"].as_str().unwrap_or_default());
        let restored = advice.filter(|advice| advice.contains("not the Windows on this disk"));
        assert!(restored.count() >= 1, "{missing:#?}");
        // The medium was copied whole: it starts setup, and no Windows.
        put_ram_disk(&disk, path);
        let target = no_entry(&disk, None, partition);
        assert!(!has(&target, "file-missing"), "{target:#}");
    }
}

#[test]
fn stores_without_a_loader_name_the_windows_that_has_none() {
    for (image, path, partition) in IMAGES {
        let disk = Disk::raw(image);
        let store = store_of(&disk, path);
        let entry = windows(&store);
        let parsed = Store::parse(store.clone()).unwrap();
        let resume = parsed.objects().iter().find(|it| it.object_type == Some(ObjectType::RESUME));
        let resume = resume.unwrap().id.unwrap();
        for first in [None, Some(MEMDIAG), Some(resume), Some(entry)] {
            let lists = first.map_or_else(Vec::new, |first| vec![first]);
            let bare = rebuilt(&with_lists(&store, first, &lists), |objects| {
                objects.retain(|object| object.object_type != ObjectType::OS_LOADER);
            });
            put_store(&disk, path, &bare);
            no_entry(&disk, None, partition);
        }
    }
}

#[test]
fn an_entry_of_a_directory_that_is_not_there_starts_no_windows() {
    for (image, path, partition) in IMAGES {
        let disk = Disk::raw(image);
        let store = store_of(&disk, path);
        let entry = windows(&store);
        let other = rebuilt(&store, |objects| {
            let object = find(objects, entry);
            let loader = if path == BIOS { "winload.exe" } else { "winload.efi" };
            set(object, ElementId::PATH, Some(string(&format!(r"\Windows.000\system32\{loader}"))));
            set(object, ElementId::SYSTEM_ROOT, Some(string(r"\Windows.000")));
        });
        put_store(&disk, path, &other);
        let target = no_entry(&disk, Some("0xc000000f"), partition);
        let evidence = findings(&target, "no-windows-entry")[0]["evidence"].to_string();
        assert!(evidence.contains(r"refers to \\Windows.000 (missing)"), "{evidence}");
    }
    // Where only the root is another, the loader of the Windows is found, and the root is what has to be set.
    let disk = Disk::raw("win10-bios-healthy");
    let store = store_of(&disk, BIOS);
    let other = rebuilt(&store, |objects| {
        set(find(objects, windows(&store)), ElementId::SYSTEM_ROOT, Some(string(r"\Windows\System32")));
    });
    put_store(&disk, BIOS, &other);
    let target = checked(&disk, 4, "broken");
    assert!(!has(&target, "no-windows-entry"));
    let remedy = findings(&target, "windows-missing")[0]["remedy"].as_str().unwrap();
    let command = r"\Windows is a Windows directory: set the entry to it (`bcdrescue bcd set DISK systemroot '\Windows'`)";
    assert!(remedy.contains(command), "{remedy}");
    let set = ["bcd", "set", disk.name(), "systemroot", r"\Windows", "--yes"];
    bcdrescue(&set).exits(0).says("Windows should then start");
    checked(&disk, 0, "healthy");
}

#[test]
fn a_ram_disk_that_starts_before_a_windows_is_said_and_cured() {
    for (image, path, ..) in IMAGES {
        let disk = Disk::raw(image);
        let store = store_of(&disk, path);
        let entry = windows(&store);
        let both = rebuilt(&store, |objects| {
            objects.extend(setup(path));
        });
        put_store(&disk, path, &with_lists(&both, Some(SETUP), &[SETUP, entry]));
        let target = checked(&disk, 4, "broken");
        assert_eq!(target["stop"]["code"], "default-not-windows");
        assert_eq!(hop(&target, "entry")["state"], "broken");
        put_ram_disk(&disk, path);
        let target = checked(&disk, 0, "healthy");
        let finding = findings(&target, "default-not-windows")[0];
        assert_eq!(finding["severity"], "note");
        let switch = format!("--entry={}", entry.braced());
        assert_eq!(finding["switch"], switch.as_str());
        let before = hash(&disk.path);
        bcdrescue(&["fix", disk.name(), "--yes"]).exits(0);
        assert_eq!(hash(&disk.path), before);
        bcdrescue(&["fix", disk.name(), "--yes", &switch]).exits(1);
        assert!(!has(&checked(&disk, 0, "healthy"), "default-not-windows"));
        let fixed = hash(&disk.path);
        bcdrescue(&["fix", disk.name(), "--yes"]).exits(0);
        assert_eq!(hash(&disk.path), fixed);
        bcdrescue(&["undo", text(&disk.record()), "--yes"]).exits(1);
        assert_eq!(hash(&disk.path), before);
    }
}

#[test]
fn a_lists_cure_never_makes_a_ram_disk_the_default_beside_a_windows() {
    let disk = Disk::raw("win10-bios-healthy");
    put_store(&disk, BIOS, &with_lists(&medium(BIOS), Some(MEMDIAG), &[]));
    put_ram_disk(&disk, BIOS);
    let target = checked(&disk, 4, "broken");
    assert_eq!(target["stop"]["code"], "menu-entry-missing");
    let remedy = findings(&target, "menu-entry-missing")[0]["remedy"].as_str().unwrap();
    assert!(remedy.contains("`fix --rebuild"), "{remedy}");
    let before = hash(&disk.path);
    bcdrescue(&["fix", disk.name(), "--yes"]).exits(4).says("nothing was written");
    assert_eq!(hash(&disk.path), before);
}

#[test]
fn a_second_windows_without_an_entry_is_a_note() {
    let disk = Disk::raw("win10-bios-healthy");
    // A virtual disk starts, and it is another Windows than the one beside it.
    let store = store_of(&disk, BIOS);
    let file = Device::File { parent: Box::new(Device::Boot), path: r"\test.vhd".to_owned() };
    let device = ElementValue::Device(DeviceElement::plain(Device::Vhd { parent: Box::new(file) }));
    let virtual_disk = rebuilt(&store, |objects| {
        let object = find(objects, windows(&store));
        set(object, ElementId::DEVICE, Some(device.clone()));
        set(object, ElementId::OS_DEVICE, Some(device));
    });
    put_store(&disk, BIOS, &virtual_disk);
    put(&disk, BIOS, "/test.vhd");
    let target = checked(&disk, 0, "healthy");
    let note = findings(&target, "windows-without-entry")[0];
    assert_eq!((&note["severity"], &note["subject"]), (&"note".into(), &"partition 2 (Windows)".into()));
    let remedy = note["remedy"].as_str().unwrap();
    assert!(remedy.contains("`fix --rebuild"), "{remedy}");
    // None of the disks that are well has one.
    for image in
        ["win10-bios", "win11-uefi", "win2022-uefi-4kn", "win2008r2-bios", "win2008sp2-bios", "win7-logical"]
    {
        for name in [image.to_owned(), format!("{image}-healthy")] {
            let target = bcdrescue(&["check", Disk::of(&name).name(), "--json"]).target();
            assert!(!has(&target, "windows-without-entry") && !has(&target, "no-windows-entry"), "{name}");
        }
    }
}

/// A copy of a disk beside the disk itself: the store leads to the other one, and a new entry is no cure for that.
#[test]
fn a_windows_on_the_disk_beside_is_named() {
    let copy = made("base = 'win10-bios'\ndamage = ['signature-changed']", "copy.qcow2");
    let original = made("base = 'win10-bios'", "original.qcow2");
    let target = bcdrescue(&["check", copy.name(), "--with", original.name(), "--json"]).exits(0).target();
    let note = findings(&target, "windows-without-entry")[0];
    assert_eq!(note["severity"], "note");
    let message = format!(
        r"\Boot\BCD starts the Windows on partition 2 (Windows) of {}, not the one on this disk",
        original.name()
    );
    assert_eq!(note["message"], message.as_str());
    assert_eq!(note["remedy"], "if this disk is a copy, run without --with");
}
