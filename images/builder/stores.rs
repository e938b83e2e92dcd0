//! The stores of the test disks, as the Windows of each era writes them.

use anyhow::Result;
use anyhow::bail;
use bcdrescue::bcd::ObjectType;
use bcdrescue::bcd::create::NewObject;
use bcdrescue::bcd::create::NewStore;
use bcdrescue::bcd::device::Device;
use bcdrescue::bcd::device::DeviceElement;
use bcdrescue::bcd::device::QualifiedPartition;
use bcdrescue::bcd::element::ElementId as Id;
use bcdrescue::bcd::element::ElementValue as Value;
use bcdrescue::bcd::object_id;
use bcdrescue::guid::Guid;

use crate::recipe::Recipe;

/// 2010-01-08 12:00:00 UTC, the age of the first two stores.
pub const LAST_WRITTEN: u64 = 129_073_824_000_000_000;

/// The bytes of the store of this name, for the disk of `recipe`.
pub fn build(name: &str, recipe: &Recipe) -> Result<Vec<u8>> {
    let at = |number| recipe.stored_identity(number);
    let mut uefi = false;
    let objects = match name {
        "win2008r2" => windows_2008_r2(at(1)?, at(2)?)?,
        "win2008sp2" => windows_2008_sp2(at(1)?)?,
        "win7-logical" => windows_7(at(1)?, at(3)?)?,
        "win10-bios" => windows_10(at(1)?, at(2)?, at(1)?, "exe")?,
        "win11-uefi" | "win2022-uefi" => {
            uefi = true;
            windows_10(at(1)?, at(3)?, at(4)?, "efi")?
        }
        "recovery" => recovery_store(at(1)?, at(4)?)?,
        other => bail!("there is no store {other}"),
    };
    Ok(NewStore { objects, last_written: LAST_WRITTEN, firmware_modified: uefi }.build()?)
}

fn guid(text: &str) -> Result<Guid> {
    Ok(text.parse()?)
}

fn partition(named: QualifiedPartition) -> Value {
    Value::Device(DeviceElement::plain(Device::Partition(named)))
}

fn ram_disk(options: Guid, on: QualifiedPartition, path: &str) -> Value {
    let parent = Box::new(Device::Partition(on));
    let device = Device::Ramdisk { base: 0, size: 0, offset: 0, parent, path: path.into() };
    Value::Device(DeviceElement { options, device })
}

fn text(text: &str) -> Value {
    Value::String(text.into())
}

fn list(ids: &[Guid]) -> Value {
    Value::ObjectList(ids.to_vec())
}

const fn id(id: u32) -> Id {
    Id(id)
}

const NX: Id = id(0x2500_0020);
const TIMEOUT: Id = id(0x2500_0004);
const RESUME_ENABLED: Id = id(0x2600_0005);
const BOOT_MENU_POLICY: Id = id(0x2500_00c2);
const ALLOWED_IN_MEMORY: Id = id(0x1700_0077);
const ISOLATED_CONTEXT: Id = id(0x1600_0060);
const WINPE: Id = id(0x2600_0022);
const EMS_PORT: Id = id(0x1500_0022);
const BOOT_EMS: Id = id(0x1600_0020);
const RECOVERY_OS: Id = id(0x4600_0010);

/// The settings objects that every store has.
fn settings() -> Vec<NewObject> {
    vec![
        NewObject::new(object_id::EMSSETTINGS, ObjectType::INHERIT_ANY).with(BOOT_EMS, Value::Boolean(true)),
        NewObject::new(object_id::DBGSETTINGS, ObjectType::INHERIT_ANY)
            .with(id(0x1500_0011), Value::Integer(0))
            .with(id(0x1500_0013), Value::Integer(1))
            .with(id(0x1500_0014), Value::Integer(115_200)),
        NewObject::new(object_id::BADMEMORY, ObjectType::INHERIT_ANY),
        NewObject::new(object_id::GLOBALSETTINGS, ObjectType::INHERIT_ANY)
            .with(Id::INHERIT, list(&[object_id::DBGSETTINGS, object_id::EMSSETTINGS, object_id::BADMEMORY])),
        NewObject::new(object_id::BOOTLOADERSETTINGS, ObjectType::INHERIT_OS_LOADER)
            .with(Id::INHERIT, list(&[object_id::GLOBALSETTINGS, object_id::HYPERVISORSETTINGS])),
        NewObject::new(object_id::HYPERVISORSETTINGS, ObjectType::INHERIT_OS_LOADER)
            .with(id(0x2500_00f3), Value::Integer(0))
            .with(EMS_PORT, Value::Integer(1)),
        NewObject::new(object_id::RESUMELOADERSETTINGS, ObjectType::INHERIT_RESUME)
            .with(Id::INHERIT, list(&[object_id::GLOBALSETTINGS])),
    ]
}

/// {bootmgr}; `default` may name an object that is not there.
fn boot_manager(system: QualifiedPartition, default: Guid, resume: Guid, order: &[Guid]) -> NewObject {
    NewObject::new(object_id::BOOTMGR, ObjectType::BOOT_MANAGER)
        .with(Id::DEVICE, partition(system))
        .with(Id::DESCRIPTION, text("Windows Boot Manager"))
        .with(Id::LOCALE, text("en-US"))
        .with(Id::INHERIT, list(&[object_id::GLOBALSETTINGS]))
        .with(Id::DEFAULT, Value::Object(default))
        .with(id(0x2300_0006), Value::Object(resume))
        .with(Id::DISPLAY_ORDER, list(order))
        .with(Id::TOOLS_DISPLAY_ORDER, list(&[object_id::MEMDIAG]))
        .with(TIMEOUT, Value::Integer(30))
}

fn memory_test(system: QualifiedPartition, path: &str) -> NewObject {
    NewObject::new(object_id::MEMDIAG, ObjectType::MEMDIAG)
        .with(Id::DEVICE, partition(system))
        .with(Id::PATH, text(path))
        .with(Id::DESCRIPTION, text("Windows Memory Diagnostic"))
        .with(Id::LOCALE, text("en-US"))
        .with(Id::INHERIT, list(&[object_id::GLOBALSETTINGS]))
}

fn loader(
    entry: Guid,
    resume: Guid,
    windows: QualifiedPartition,
    description: &str,
    ending: &str,
) -> NewObject {
    NewObject::new(entry, ObjectType::OS_LOADER)
        .with(Id::DEVICE, partition(windows))
        .with(Id::PATH, text(&format!(r"\Windows\system32\winload.{ending}")))
        .with(Id::DESCRIPTION, text(description))
        .with(Id::LOCALE, text("en-US"))
        .with(Id::INHERIT, list(&[object_id::BOOTLOADERSETTINGS]))
        .with(Id::OS_DEVICE, partition(windows))
        .with(Id::SYSTEM_ROOT, text(r"\Windows"))
        .with(Id::RESUME_OBJECT, Value::Object(resume))
        .with(NX, Value::Integer(1))
}

fn resume_object(entry: Guid, windows: QualifiedPartition, ending: &str) -> NewObject {
    NewObject::new(entry, ObjectType::RESUME)
        .with(Id::DEVICE, partition(windows))
        .with(Id::PATH, text(&format!(r"\Windows\system32\winresume.{ending}")))
        .with(Id::DESCRIPTION, text("Windows Resume Application"))
        .with(Id::LOCALE, text("en-US"))
        .with(Id::INHERIT, list(&[object_id::RESUMELOADERSETTINGS]))
        .with(Id::FILE_DEVICE, partition(windows))
        .with(Id::FILE_PATH, text(r"\hiberfil.sys"))
        .with(id(0x2600_0006), Value::Boolean(false))
}

/// The recovery environment: a RAM disk loader and its device options.
fn recovery(
    entry: Guid,
    options: Guid,
    on: QualifiedPartition,
    folder: &str,
    ending: &str,
) -> [NewObject; 2] {
    let image = ram_disk(options, on, &format!(r"{folder}\Winre.wim"));
    let loader = NewObject::new(entry, ObjectType::OS_LOADER)
        .with(Id::DEVICE, image.clone())
        .with(Id::PATH, text(&format!(r"\windows\system32\winload.{ending}")))
        .with(Id::DESCRIPTION, text("Windows Recovery Environment"))
        .with(Id::INHERIT, list(&[object_id::BOOTLOADERSETTINGS]))
        .with(Id::OS_DEVICE, image)
        .with(Id::SYSTEM_ROOT, text(r"\windows"))
        .with(NX, Value::Integer(0))
        .with(WINPE, Value::Boolean(true))
        .with(RECOVERY_OS, Value::Boolean(true));
    let options = NewObject::new(options, ObjectType::DEVICE)
        .with(Id::DESCRIPTION, text("Ramdisk Options"))
        .with(Id::RAMDISK_SDI_DEVICE, partition(on))
        .with(Id::RAMDISK_SDI_PATH, text(&format!(r"{folder}\boot.sdi")));
    [loader, options]
}

/// 2008 R2: a `default` that names an object that is not there; the loader is found through `displayorder`.
fn windows_2008_r2(system: QualifiedPartition, windows: QualifiedPartition) -> Result<Vec<NewObject>> {
    let resume = guid("ca73fe20-fc0c-11de-8f38-8e2c5384be89")?;
    let entry = guid("ca73fe21-fc0c-11de-8f38-8e2c5384be89")?;
    let rescue = guid("ca73fe24-fc0c-11de-8f38-8e2c5384be89")?;
    let options = guid("ca73fe25-fc0c-11de-8f38-8e2c5384be89")?;
    let mut objects = settings();
    objects.push(boot_manager(system, object_id::NTLDR, resume, &[entry]));
    objects.push(memory_test(system, r"\boot\memtest.exe"));
    objects.push(
        loader(entry, resume, windows, "Windows Server 2008 R2", "exe")
            .with(Id::RECOVERY_SEQUENCE, list(&[rescue]))
            .with(Id::RECOVERY_ENABLED, Value::Boolean(true)),
    );
    objects.push(resume_object(resume, windows, "exe"));
    objects.extend(recovery(
        rescue,
        options,
        windows,
        r"\Recovery\ca73fe24-fc0c-11de-8f38-8e2c5384be89",
        "exe",
    ));
    Ok(objects)
}

/// 2008 SP2: one partition, no recovery, an {ntldr} entry that is the default.
fn windows_2008_sp2(windows: QualifiedPartition) -> Result<Vec<NewObject>> {
    let entry = guid("1d25cc4a-fc03-11de-b973-d1d82d39e489")?;
    let resume = guid("1d25cc4b-fc03-11de-b973-d1d82d39e489")?;
    let mut objects = settings();
    objects.push(
        boot_manager(windows, object_id::NTLDR, resume, &[entry]).with(RESUME_ENABLED, Value::Boolean(false)),
    );
    objects.push(memory_test(windows, r"\boot\memtest.exe"));
    objects.push(
        NewObject::new(object_id::NTLDR, ObjectType::NTLDR)
            .with(Id::DEVICE, partition(windows))
            .with(Id::PATH, text(r"\ntldr"))
            .with(Id::DESCRIPTION, text("Earlier Version of Windows")),
    );
    objects.push(loader(entry, resume, windows, "Microsoft Windows Server 2008", "exe"));
    objects.push(resume_object(resume, windows, "exe"));
    Ok(objects)
}

fn windows_7(system: QualifiedPartition, windows: QualifiedPartition) -> Result<Vec<NewObject>> {
    let resume = guid("733b62e4-0a4c-11e2-9f6a-8c89a5b1d2c0")?;
    let entry = guid("733b62e5-0a4c-11e2-9f6a-8c89a5b1d2c0")?;
    let rescue = guid("733b62e6-0a4c-11e2-9f6a-8c89a5b1d2c0")?;
    let options = guid("733b62e7-0a4c-11e2-9f6a-8c89a5b1d2c0")?;
    let mut objects = settings();
    objects.push(boot_manager(system, entry, resume, &[entry]));
    objects.push(memory_test(system, r"\boot\memtest.exe"));
    objects.push(
        loader(entry, resume, windows, "Windows 7", "exe").with(Id::RECOVERY_SEQUENCE, list(&[rescue])),
    );
    objects.push(resume_object(resume, windows, "exe"));
    objects.extend(recovery(
        rescue,
        options,
        windows,
        r"\Recovery\733b62e6-0a4c-11e2-9f6a-8c89a5b1d2c0",
        "exe",
    ));
    Ok(objects)
}

/// The recovery entry of Windows 10, 11 and Server 2022.
pub fn windows_10_recovery() -> Result<Guid> {
    guid("5f3c4a92-3b1d-11ee-a2c4-0242ac1b0001")
}

/// Windows 10, 11 and Server 2022: WinRE on a partition of its own, element 21000026 in the resume object.
fn windows_10(
    system: QualifiedPartition,
    windows: QualifiedPartition,
    rescue_volume: QualifiedPartition,
    ending: &str,
) -> Result<Vec<NewObject>> {
    let resume = guid("5f3c4a90-3b1d-11ee-a2c4-0242ac1b0001")?;
    let entry = guid("5f3c4a91-3b1d-11ee-a2c4-0242ac1b0001")?;
    let rescue = windows_10_recovery()?;
    let options = guid("5f3c4a93-3b1d-11ee-a2c4-0242ac1b0001")?;
    let uefi = ending == "efi";
    let mut objects = settings();
    let manager = boot_manager(system, entry, resume, &[entry]);
    objects.push(if uefi {
        manager.with(Id::PATH, text(r"\EFI\Microsoft\Boot\bootmgfw.efi"))
    } else {
        manager
    });
    objects.push(memory_test(
        system,
        if uefi { r"\EFI\Microsoft\Boot\memtest.efi" } else { r"\boot\memtest.exe" },
    ));
    objects.push(
        loader(entry, resume, windows, "Windows 10", ending)
            .with(Id::RECOVERY_SEQUENCE, list(&[rescue]))
            .with(Id::RECOVERY_ENABLED, Value::Boolean(true))
            .with(ISOLATED_CONTEXT, Value::Boolean(true))
            .with(ALLOWED_IN_MEMORY, Value::IntegerList(vec![0x1500_0075]))
            .with(BOOT_MENU_POLICY, Value::Integer(1)),
    );
    objects.push(
        resume_object(resume, windows, ending)
            .with(Id::RESUME_DEVICE_26, partition(windows))
            .with(Id::RECOVERY_SEQUENCE, list(&[rescue]))
            .with(ALLOWED_IN_MEMORY, Value::IntegerList(vec![0x1500_0075])),
    );
    objects.extend(recovery(rescue, options, rescue_volume, r"\Recovery\WindowsRE", ending));
    Ok(objects)
}

/// `\EFI\Microsoft\Recovery\BCD`: {bootmgr} and a recovery entry, no default.
fn recovery_store(system: QualifiedPartition, rescue_volume: QualifiedPartition) -> Result<Vec<NewObject>> {
    let rescue = guid("5f3c4a96-3b1d-11ee-a2c4-0242ac1b0001")?;
    let options = guid("5f3c4a97-3b1d-11ee-a2c4-0242ac1b0001")?;
    let manager = NewObject::new(object_id::BOOTMGR, ObjectType::BOOT_MANAGER)
        .with(Id::DEVICE, partition(system))
        .with(Id::PATH, text(r"\EFI\Microsoft\Boot\bootmgfw.efi"))
        .with(Id::DESCRIPTION, text("Windows Boot Manager"))
        .with(Id::LOCALE, text("en-US"))
        .with(Id::DISPLAY_ORDER, list(&[rescue]));
    let mut objects = vec![manager];
    objects.extend(recovery(rescue, options, rescue_volume, r"\Recovery\WindowsRE", "efi"));
    Ok(objects)
}
