//! The lists of {bootmgr}: each case of the table that was measured on real boot managers, and its cure; and entries whose device
//! names no partition: `boot` and `locate`.

use std::fs;

use bcdrescue::bcd::Device;
use bcdrescue::bcd::DeviceElement;
use bcdrescue::bcd::ElementId;
use bcdrescue::bcd::ElementValue;
use bcdrescue::bcd::ObjectType;
use bcdrescue::bcd::QualifiedPartition;
use bcdrescue::bcd::Store;
use bcdrescue::bcd::create::NewObject;
use bcdrescue::bcd::object_id::BOOTMGR;
use bcdrescue::bcd::object_id::MEMDIAG;
use bcdrescue::bcd::object_id::NTLDR;
use bcdrescue::guid::Guid;
use serde_json::Value as Json;

use crate::support::disk::Disk;
use crate::support::disk::hash;
use crate::support::findings::checked;
use crate::support::findings::has;
use crate::support::findings::hop;
use crate::support::judges::hivex_difference;
use crate::support::judges::put_fat;
use crate::support::judges::put_ntfs;
use crate::support::menu_lists::GONE;
use crate::support::menu_lists::GONE_TOO;
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

const SECOND: Guid = Guid::from_u128(0x7777_7777_2222_3333_4444_5555_5555_5555);

/// The entry of Windows: that which the menu of a sound store names.
fn windows(bytes: &[u8]) -> Guid {
    let store = Store::parse(bytes.to_vec()).unwrap();
    let is_loader = |id: &&Guid| {
        store.object(**id).is_some_and(|object| object.object_type == Some(ObjectType::OS_LOADER))
    };
    *store.display_order().iter().find(is_loader).unwrap()
}

/// A copy of the entry of Windows under another id.
fn with_second(bytes: &[u8]) -> Vec<u8> {
    let entry = windows(bytes);
    rebuilt(bytes, |objects| {
        let copy = NewObject { id: SECOND, ..find(objects, entry).clone() };
        objects.push(copy);
    })
}

/// Code, status and hop of where the start ends.
fn stop(target: &Json) -> (&str, &str, &str) {
    let text = |name: &str| target["stop"][name].as_str().unwrap_or_default();
    (text("code"), text("predicted_status"), text("hop"))
}

/// Fix with these switches cures it by one value of the store, a second writes nothing, undo brings all back.
#[track_caller]
fn cured(disk: &Disk, path: &str, switches: &[&str], element: &str) {
    let (before, store) = (hash(&disk.path), store_of(disk, path));
    let fix = |code: i32| bcdrescue(&[&["fix", disk.name(), "--yes"], switches].concat()).exits(code);
    fix(1);
    checked(disk, 0, "healthy");
    let difference = hivex_difference(&store, &store_of(disk, path));
    assert_eq!(difference.len(), 1, "{difference:?}");
    assert!(difference[0].contains(element), "{difference:?}");
    let fixed = hash(&disk.path);
    fix(0);
    assert_eq!(hash(&disk.path), fixed);
    let record = disk.record();
    bcdrescue(&["undo", text(&record), "--yes"]).exits(1);
    assert_eq!(hash(&disk.path), before);
    fs::remove_file(record).unwrap();
}

#[test]
fn the_lists_start_what_boot_managers_start() {
    for (image, path) in [("win10-bios-healthy", BIOS), ("win11-uefi-healthy", UEFI)] {
        let disk = Disk::raw(image);
        let store = store_of(&disk, path);
        let entry = windows(&store);
        let sound: [(Option<Guid>, &[Guid], &str); 6] = [
            (Some(MEMDIAG), &[entry], "first existing entry of the menu (the default, {b2721d73-"),
            (Some(entry), &[], "default"),
            (Some(entry), &[entry], "default"),
            (None, &[entry], "first entry of the menu (no default is set)"),
            (Some(GONE), &[GONE, entry], "first existing entry of the menu (the default, {11111111-"),
            (Some(entry), &[GONE, entry], "default"),
        ];
        for (default, menu, how) in sound {
            put_store(&disk, path, &with_lists(&store, default, menu));
            let target = checked(&disk, 0, "healthy");
            let chain = target["chain"].as_array().unwrap();
            let hop = chain.iter().find(|hop| hop["hop"] == "entry").unwrap();
            assert!(hop["evidence"].as_str().unwrap().contains(how), "{hop}");
        }
        let broken: [(Option<Guid>, &[Guid], &str); 5] = [
            (Some(GONE), &[], "23000003"),
            (Some(GONE), &[GONE_TOO], "24000001"),
            (Some(GONE), &[GONE, GONE_TOO], "24000001"),
            (Some(entry), &[GONE], "24000001"),
            (None, &[GONE], "24000001"),
        ];
        for (default, menu, element) in broken {
            put_store(&disk, path, &with_lists(&store, default, menu));
            let target = checked(&disk, 4, "broken");
            assert_eq!(stop(&target), ("menu-entry-missing", "0xc0000034", "entry"));
            cured(&disk, path, &[], element);
        }
        put_store(&disk, path, &with_lists(&store, None, &[]));
        let target = checked(&disk, 4, "broken");
        assert_eq!(stop(&target), ("menu-missing", "0xc0000098", "entry"));
        let before = hash(&disk.path);
        bcdrescue(&["fix", disk.name(), "--yes"]).exits(4).says("--rebuild");
        assert_eq!(hash(&disk.path), before);
    }
}

#[test]
fn of_two_entries_the_user_says_which_is_to_start() {
    let disk = Disk::raw("win10-bios-healthy");
    let store = with_second(&store_of(&disk, BIOS));
    put_store(&disk, BIOS, &with_lists(&store, Some(GONE), &[]));
    let target = checked(&disk, 4, "broken");
    let finding = &target["findings"][0];
    assert_eq!(
        (&finding["code"], &finding["switch"]),
        (&"menu-entry-missing".into(), &"--entry={GUID}".into())
    );
    let evidence = finding["evidence"].to_string();
    for entry in [SECOND, windows(&store_of(&Disk::raw("win10-bios-healthy"), BIOS))] {
        assert!(evidence.contains(&entry.braced()), "{evidence}");
        cured(&disk, BIOS, &["--entry", &entry.braced()], "23000003");
    }
    let before = hash(&disk.path);
    bcdrescue(&["fix", disk.name(), "--yes"]).exits(4).says("--entry {GUID}");
    bcdrescue(&["fix", disk.name(), "--yes", "--entry", &GONE.braced()])
        .exits(8)
        .says("no store has an entry");
    bcdrescue(&["fix", disk.name(), "--yes", "--entry", "{memdiag}"])
        .exits(8)
        .says("does not lead to a complete Windows");
    assert_eq!(hash(&disk.path), before);
    // Where the default is there, the switch decides nothing.
    put_store(&disk, BIOS, &store);
    bcdrescue(&["fix", disk.name(), "--yes", "--entry", &SECOND.braced()]).exits(8).says("boots by default");
}

#[test]
fn what_is_no_windows_is_not_called_well_as_the_default() {
    let disk = Disk::raw("win10-bios-healthy");
    let store = store_of(&disk, BIOS);
    let entry = windows(&store);
    let parsed = Store::parse(store.clone()).unwrap();
    let resume =
        parsed.objects().iter().find(|it| it.object_type == Some(ObjectType::RESUME)).unwrap().id.unwrap();
    for default in [MEMDIAG, resume] {
        // By the model of the measurement: a default that is not in the menu is not started.
        put_store(&disk, BIOS, &with_lists(&store, Some(default), &[entry]));
        checked(&disk, 0, "healthy");
        put_store(&disk, BIOS, &with_lists(&store, None, &[default, entry]));
        let target = checked(&disk, 4, "broken");
        assert!(target["findings"][0]["remedy"].as_str().unwrap().contains("bcdrescue bcd default DISK {"));
        bcdrescue(&["bcd", "default", disk.name(), &entry.braced(), "--yes"]).exits(0);
        checked(&disk, 0, "healthy");
        fs::remove_file(disk.record()).unwrap();
        put_store(&disk, BIOS, &with_lists(&store, Some(default), &[entry, default]));
        let target = checked(&disk, 4, "broken");
        assert_eq!(stop(&target), ("default-not-windows", "", "entry"));
        let switch = format!("--entry={}", entry.braced());
        assert_eq!(target["findings"][0]["switch"], switch.as_str());
        let before = hash(&disk.path);
        bcdrescue(&["fix", disk.name(), "--yes"]).exits(4);
        assert_eq!(hash(&disk.path), before);
        cured(&disk, BIOS, &[&switch], "23000003");
    }
}

#[test]
fn a_list_and_an_identity_are_cured_together() {
    let disk = Disk::raw("win10-bios");
    let store = store_of(&disk, BIOS);
    put_store(&disk, BIOS, &with_lists(&store, Some(GONE), &[GONE]));
    checked(&disk, 4, "broken");
    bcdrescue(&["fix", disk.name(), "--yes"]).exits(1);
    checked(&disk, 0, "healthy");
}

#[test]
fn a_second_entry_that_starts_is_mentioned() {
    let disk = Disk::raw("win10-bios-healthy");
    let store = with_second(&store_of(&disk, BIOS));
    let entry = windows(&store);
    let broken = rebuilt(&with_lists(&store, Some(entry), &[entry, SECOND]), |objects| {
        let path = ElementValue::String(r"\Windows\system32\winload2.exe".to_owned());
        set(find(objects, entry), ElementId::PATH, Some(path));
    });
    put_store(&disk, BIOS, &broken);
    let target = checked(&disk, 4, "broken");
    assert_eq!(stop(&target), ("file-missing", "0xc000000f", "loader"));
    let notes = target["findings"].as_array().unwrap().iter();
    let note =
        notes.filter(|it| it["code"] == "other-entry-starts").map(|it| it["message"].as_str().unwrap());
    assert_eq!(note.count(), 1);
}

#[test]
fn an_entry_that_lacks_what_boot_managers_need_is_not_whole() {
    let text = |text: &str| Some(ElementValue::String(text.to_owned()));
    for (id, value, name) in [
        (ElementId::SYSTEM_ROOT, None, "no `systemroot`"),
        (ElementId::DESCRIPTION, None, "no `description`"),
        (ElementId::SYSTEM_ROOT, text(""), "an invalid `systemroot`"),
        (ElementId::PATH, text(""), "an invalid `path`"),
        (ElementId::PATH, text(r"Windows\system32\winload.exe"), "an invalid `path`"),
    ] {
        let disk = Disk::raw("win10-bios-healthy");
        let store = store_of(&disk, BIOS);
        let entry = windows(&store);
        put_store(&disk, BIOS, &rebuilt(&store, |objects| set(find(objects, entry), id, value)));
        let target = checked(&disk, 4, "broken");
        assert_eq!(stop(&target).0, "element-missing", "{name}");
        assert!(target["stop"]["message"].as_str().unwrap().contains(name), "{name}");
        assert!(!stop(&target).2.is_empty(), "{name}: no hop breaks");
    }
    // Boot managers make up a path, and take what an entry inherits.
    let disk = Disk::raw("win10-bios-healthy");
    let store = store_of(&disk, BIOS);
    let entry = windows(&store);
    put_store(&disk, BIOS, &rebuilt(&store, |objects| set(find(objects, entry), ElementId::PATH, None)));
    checked(&disk, 0, "healthy");
    let inherited = rebuilt(&store, |objects| {
        let settings = NewObject::new(SECOND, ObjectType::INHERIT_OS_LOADER)
            .with(ElementId::DESCRIPTION, ElementValue::String("Windows".to_owned()));
        let loader = find(objects, entry);
        set(loader, ElementId::DESCRIPTION, None);
        set(loader, ElementId::INHERIT, Some(ElementValue::ObjectList(vec![SECOND])));
        objects.push(settings);
    });
    put_store(&disk, BIOS, &inherited);
    checked(&disk, 0, "healthy");
}

#[test]
fn a_system_root_that_is_no_windows_or_lacks_its_kernel_is_said_however_it_is_spelt() {
    let text = |text: &str| Some(ElementValue::String(text.to_owned()));
    let disk = Disk::raw("win10-bios-healthy");
    let store = store_of(&disk, BIOS);
    let entry = windows(&store);
    let with_root =
        |root: &str| rebuilt(&store, |objects| set(find(objects, entry), ElementId::SYSTEM_ROOT, text(root)));
    put_store(&disk, BIOS, &with_root(r"\Windows\System32"));
    let target = checked(&disk, 4, "broken");
    assert_eq!((stop(&target).0, stop(&target).2), ("windows-missing", "Windows"));
    for root in [r"\Windows\", r"\\Windows", r"\WINDOWS"] {
        put_store(&disk, BIOS, &with_root(root));
        checked(&disk, 0, "healthy");
    }
    // By a device that names no partition, too.
    let (path, root) = (0x1200_0002, 0x2200_0002);
    let general = with_device(&store, &locate(path), &locate(root));
    disk.rename("ntoskrnl.exe", "ntoskrnl.exf");
    for store in [with_root(r"\Windows\"), general] {
        put_store(&disk, BIOS, &store);
        let target = checked(&disk, 4, "broken");
        assert_eq!((stop(&target).0, stop(&target).2), ("kernel-missing", "Windows"));
    }
}

#[test]
fn the_recovery_environment_as_the_default_is_no_windows() {
    let disk = Disk::raw("win10-bios-healthy");
    let store = store_of(&disk, BIOS);
    let entry = windows(&store);
    let parsed = Store::parse(store.clone()).unwrap();
    let recovery = parsed.object(entry).unwrap().objects(ElementId::RECOVERY_SEQUENCE)[0];
    put_store(&disk, BIOS, &with_lists(&store, Some(recovery), &[]));
    let target = checked(&disk, 4, "broken");
    assert_eq!(stop(&target), ("default-not-windows", "", "entry"));
    cured(&disk, BIOS, &["--entry", &entry.braced()], "23000003");
}

/// The entry's device and osdevice without a name of a partition.
fn with_device(bytes: &[u8], device: &Device, os_device: &Device) -> Vec<u8> {
    let entry = windows(bytes);
    let plain = |device: &Device| Some(ElementValue::Device(DeviceElement::plain(device.clone())));
    rebuilt(bytes, |objects| {
        let object = find(objects, entry);
        set(object, ElementId::DEVICE, plain(device));
        set(object, ElementId::OS_DEVICE, plain(os_device));
    })
}

fn locate(element: u32) -> Device {
    Device::Locate { mode: 0, element, path: String::new(), parent: None }
}

#[test]
fn boot_is_the_volume_of_the_store_and_locate_is_any() {
    let (path, root) = (0x1200_0002, 0x2200_0002);
    // System Reserved and Windows are apart: `boot` does not find it, `locate` does.
    let disk = Disk::raw("win10-bios-healthy");
    let store = store_of(&disk, BIOS);
    put_store(&disk, BIOS, &with_device(&store, &locate(path), &locate(root)));
    checked(&disk, 0, "healthy");
    bcdrescue(&["check", "-v", disk.name(), "--require", "generalized"])
        .exits(4)
        .says("device refers to a disk by its identity");
    put_store(&disk, BIOS, &with_device(&store, &Device::Boot, &Device::Boot));
    let target = checked(&disk, 4, "broken");
    assert_eq!(stop(&target), ("file-missing", "0xc000000f", "loader"));
    let message = target["stop"]["message"].as_str().unwrap();
    assert!(message.contains("where `boot` looks"), "{message}");
    assert!(target["findings"][0]["evidence"].to_string().contains("it is on partition 2"));
    // A loader that is nowhere.
    let nowhere = rebuilt(&with_device(&store, &locate(path), &locate(root)), |objects| {
        let missing = ElementValue::String(r"\Windows\system32\winload2.exe".to_owned());
        set(find(objects, windows(&store)), ElementId::PATH, Some(missing));
    });
    put_store(&disk, BIOS, &nowhere);
    let target = checked(&disk, 4, "broken");
    assert_eq!(stop(&target), ("file-missing", "0xc000000f", "device"));
    // The one partition has all.
    let disk = Disk::raw("win2008sp2-bios-healthy");
    let store = store_of(&disk, BIOS);
    put_store(&disk, BIOS, &with_device(&store, &Device::Boot, &Device::Boot));
    checked(&disk, 0, "healthy");
}

#[test]
fn a_generalized_image_is_one_that_starts() {
    let disk = Disk::raw("win10-bios-healthy");
    let general = |device: fn(u32) -> Device| {
        let store = store_of(&Disk::raw("win10-bios-healthy"), BIOS);
        let entry = windows(&store);
        let (path, root) = (device(0x1200_0002), device(0x2200_0002));
        rebuilt(&store, |objects| {
            for object in &mut *objects {
                let is_kept = object.id == BOOTMGR || object.id == entry;
                object.elements.retain(|(id, _)| {
                    id.format() != bcdrescue::bcd::ElementFormat::Device
                        || (is_kept && *id == ElementId::DEVICE)
                });
            }
            objects.retain(|object| object.id == BOOTMGR || object.id == entry);
            let plain = |device: &Device| Some(ElementValue::Device(DeviceElement::plain(device.clone())));
            set(find(objects, BOOTMGR), ElementId::DEVICE, plain(&Device::Boot));
            set(find(objects, entry), ElementId::DEVICE, plain(&path));
            set(find(objects, entry), ElementId::OS_DEVICE, plain(&root));
        })
    };
    put_store(&disk, BIOS, &general(locate));
    bcdrescue(&["check", "-v", disk.name(), "--require", "generalized"]).exits(0);
    put_store(&disk, BIOS, &general(|_| Device::Boot));
    bcdrescue(&["check", "-v", disk.name(), "--require", "generalized"])
        .exits(4)
        .says("Windows does not start");
}

#[test]
fn the_file_of_a_ram_or_virtual_disk_is_looked_up() {
    let ramdisk = |path: &str| Device::Ramdisk {
        base: 0,
        size: 0,
        offset: 0,
        parent: Box::new(Device::Boot),
        path: path.to_owned(),
    };
    let vhd = |path: &str| Device::Vhd {
        parent: Box::new(Device::File { parent: Box::new(locate(0)), path: path.to_owned() }),
    };
    for (image, path, device, file) in [
        ("win10-bios-healthy", BIOS, ramdisk(r"\Boot\boot.wim"), "/Boot/boot.wim"),
        ("win10-bios-healthy", BIOS, vhd(r"\test.vhd"), "/test.vhd"),
        ("win11-uefi-healthy", UEFI, ramdisk(r"\sources\boot.wim"), "/sources/boot.wim"),
        ("win11-uefi-healthy", UEFI, vhd(r"\test.vhd"), "/test.vhd"),
    ] {
        let disk = Disk::raw(image);
        put_store(&disk, path, &with_device(&store_of(&disk, path), &device, &device));
        let is_ram_disk = matches!(device, Device::Ramdisk { .. });
        let target = checked(&disk, 4, "broken");
        let ends = if is_ram_disk { ("no-windows-entry", "entry") } else { ("file-missing", "device") };
        assert_eq!(stop(&target), (ends.0, "0xc000000f", ends.1), "{file}");
        assert_eq!(hop(&target, "device")["state"], "broken", "{file}");
        let put = if path == BIOS { put_ntfs } else { put_fat };
        change(&disk, 1, |volume| put(volume, file, &stand_in::of(file)));
        // A virtual disk may hold a Windows; a RAM disk is none, and nothing else starts the Windows that is here.
        let (code, verdict) = if is_ram_disk { (4, "broken") } else { (0, "healthy") };
        let target = checked(&disk, code, verdict);
        assert!(!has(&target, "file-missing"), "{file}");
        assert_eq!(hop(&target, "device")["state"], "ok", "{file}");
    }
}

/// The store with an entry of NTLDR on this partition.
fn with_ntldr(bytes: &[u8], named: QualifiedPartition) -> Vec<u8> {
    let text = |text: &str| ElementValue::String(text.to_owned());
    let device = DeviceElement::plain(Device::Partition(named));
    let object = NewObject::new(NTLDR, ObjectType::NTLDR)
        .with(ElementId::DEVICE, ElementValue::Device(device))
        .with(ElementId::PATH, text(r"\ntldr"))
        .with(ElementId::DESCRIPTION, text("Earlier Version of Windows"));
    rebuilt(bytes, |objects| objects.push(object))
}

/// The same in the menu, on a partition of `win10-bios-healthy` that begins at this byte.
pub fn with_ntldr_in_menu(bytes: &[u8], offset: u64) -> Vec<u8> {
    let entry = windows(bytes);
    let store = with_ntldr(bytes, QualifiedPartition::Mbr { signature: 0xc3a1_f00d, offset });
    with_lists(&store, Some(entry), &[entry, NTLDR])
}

#[test]
fn a_stale_ntldr_matters_where_a_menu_leads_to_it() {
    let disk = Disk::raw("win10-bios-healthy");
    let sound = store_of(&disk, BIOS);
    let entry = windows(&sound);
    let stale = with_ntldr(&sound, QualifiedPartition::Mbr { signature: 0x0bad_0bad, offset: 0x10_0000 });
    let here = with_ntldr(&sound, QualifiedPartition::Mbr { signature: 0xc3a1_f00d, offset: 0x10_0000 });
    for file in ["/ntldr", "/NTDETECT.COM", "/boot.ini"] {
        change(&disk, 1, |volume| put_ntfs(volume, file, &stand_in::of(file)));
    }
    let severity = |store: &[u8], default, menu: &[Guid], code: i32, verdict: &str| {
        put_store(&disk, BIOS, &with_lists(store, Some(default), menu));
        let target = checked(&disk, code, verdict);
        let all = target["findings"].as_array().unwrap();
        let of_ntldr = all.iter().find(|it| it["subject"].as_str().unwrap().contains("{ntldr} device"));
        of_ntldr.map(|it| it["severity"].as_str().unwrap().to_owned()).unwrap_or_default()
    };
    assert_eq!(severity(&stale, entry, &[entry], 4, "degraded"), "stale");
    assert_eq!(severity(&stale, entry, &[entry, NTLDR], 4, "degraded"), "degrades");
    assert_eq!(severity(&stale, NTLDR, &[entry, NTLDR], 4, "broken"), "blocks-boot");
    assert_eq!(severity(&here, entry, &[entry, NTLDR], 0, "healthy"), "");
    // Nobody can tell what a boot sector starts.
    assert_eq!(severity(&here, NTLDR, &[entry, NTLDR], 0, "healthy"), "");
    change(&disk, 1, |volume| put_ntfs(volume, "/ntldr", b"no code"));
    assert_eq!(severity(&here, NTLDR, &[entry, NTLDR], 4, "broken"), "");
}
