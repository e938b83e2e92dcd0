//! `BCD-Template`: what Windows makes its stores from. It names no device; elements of class 4 say how those come to be, and its
//! numbers are as short as they can be.

use anyhow::Result;
use bcdrescue::bcd::ObjectType;
use bcdrescue::bcd::create::NewElement;
use bcdrescue::bcd::create::NewObject;
use bcdrescue::bcd::create::NewStore;
use bcdrescue::bcd::element::ElementId as Id;
use bcdrescue::bcd::element::ElementValue as Value;
use bcdrescue::bcd::object_id;
use bcdrescue::guid::Guid;

use crate::recipe::Windows;
use crate::stores::LAST_WRITTEN;

/// What entries of Windows, what resumes it and what sets it up are made from: on BIOS, on UEFI.
const LOADERS: [Guid; 2] = [
    Guid::from_u128(0xa1943bbc_ea85_487c_97c7_c9ede908a38a),
    Guid::from_u128(0xb012b84d_c47c_4ed5_b722_c0c42163e569),
];
const RESUMES: [Guid; 2] = [
    Guid::from_u128(0x98b02a23_0674_4ce7_bdad_e0a15a8ff97b),
    Guid::from_u128(0x0c334284_9a41_4de1_99b3_a7e87e8ff07e),
];
const SETUPS: [Guid; 2] = [
    Guid::from_u128(0xcbd971bf_b7b8_4885_951a_fa03044f5d71),
    Guid::from_u128(0x7254a080_1510_4e85_ac0f_e7fb3d444736),
];
/// Which device an object gets: the system partition, or that of Windows.
const DEVICE_KIND: Id = Id(0x4500_0001);
const SYSTEM: u8 = 1;
const WINDOWS: u8 = 2;
/// The path of a program, below the directory of that device.
const RELATIVE_PATH: Id = Id(0x4200_0002);
const IMAGE_PATH: Id = Id(0x4200_0003);
/// No element of class 2 gets a device.
const NO_OS_DEVICE: Id = Id(0x4600_0004);
/// Elements whose text is a message of `bootstr.dll`, each with its number.
const TEXTS: Id = Id(0x4700_0005);
const MEMORY_TEST_TEXT: u32 = 2;
const WINDOWS_TEXT: u32 = 3;
/// Elements that are taken over from a store that was there before.
const MIGRATED: Id = Id(0x4700_0006);

/// The bytes of the template of this Windows.
pub fn build(windows: &Windows) -> Result<Vec<u8>> {
    let [major, minor, ..] = windows.files;
    let template = Template {
        since_8: (major, minor) >= (6, 2),
        since_10: major >= 10,
        is_server: windows.product_name.contains("Server"),
    };
    let objects = template.objects();
    Ok(NewStore { objects, last_written: LAST_WRITTEN, firmware_modified: false }.build()?)
}

/// What the template of a Windows depends on.
struct Template {
    since_8: bool,
    since_10: bool,
    is_server: bool,
}

impl Template {
    fn objects(&self) -> Vec<NewObject> {
        let mut objects = self.settings();
        objects.push(self.boot_manager());
        objects.push(self.memory_test());
        for (uefi, ((loader, resume), setup)) in LOADERS.into_iter().zip(RESUMES).zip(SETUPS).enumerate() {
            objects.extend([
                self.loader(loader, uefi == 1),
                self.resume(resume, uefi == 1),
                self.setup(setup),
            ]);
        }
        objects
    }

    fn settings(&self) -> Vec<NewObject> {
        let object = NewObject::new;
        let debugger = object(object_id::DBGSETTINGS, ObjectType::INHERIT_ANY);
        let debugger = match self.since_10 {
            true => with(debugger, Id::DEBUGGER_TYPE, &[4]),
            false => {
                [(Id::DEBUGGER_TYPE, &[0][..]), (Id::DEBUGGER_PORT, &[1]), (Id::DEBUGGER_BAUD_RATE, &BAUD)]
                    .into_iter()
                    .fold(debugger, |object, (id, bytes)| with(object, id, bytes))
            }
        };
        let hypervisor = object(object_id::HYPERVISORSETTINGS, ObjectType::INHERIT_OS_LOADER);
        let hypervisor = with(hypervisor, Id::HYPERVISOR_DEBUGGER_TYPE, &[0]);
        let hypervisor = with(hypervisor, Id::HYPERVISOR_DEBUGGER_PORT, &[1]);
        let all = [object_id::DBGSETTINGS, object_id::EMSSETTINGS, object_id::BADMEMORY];
        vec![
            debugger,
            object(object_id::EMSSETTINGS, ObjectType::INHERIT_ANY)
                .with(Id::BOOT_EMS, Value::Boolean(!self.since_8)),
            object(object_id::BADMEMORY, ObjectType::INHERIT_ANY),
            inherits(object(object_id::GLOBALSETTINGS, ObjectType::INHERIT_ANY), &all),
            with(hypervisor, Id::HYPERVISOR_BAUD_RATE, &BAUD),
            inherits(
                object(object_id::BOOTLOADERSETTINGS, ObjectType::INHERIT_OS_LOADER),
                &[object_id::GLOBALSETTINGS, object_id::HYPERVISORSETTINGS],
            ),
            inherits(
                object(object_id::RESUMELOADERSETTINGS, ObjectType::INHERIT_RESUME),
                &[object_id::GLOBALSETTINGS],
            ),
        ]
    }

    fn boot_manager(&self) -> NewObject {
        let object = NewObject::new(object_id::BOOTMGR, ObjectType::BOOT_MANAGER)
            .with(Id::PATH, text(r"\EFI\Microsoft\Boot\bootmgfw.efi"))
            .with(Id::DESCRIPTION, text("Windows Boot Manager"))
            .with(Id::LOCALE, text("en-US"))
            .with(Id::DEFAULT, Value::Object(SETUPS[0]));
        let object = inherits(object, &[object_id::GLOBALSETTINGS]);
        let object = with(with(object, Id::TIMEOUT, &[30]), DEVICE_KIND, &[SYSTEM]);
        with(object, MIGRATED, &words(&[0x1600_0010, 0x2600_0020, 0x2500_0004, 0x1600_007e]))
    }

    fn memory_test(&self) -> NewObject {
        let object = NewObject::new(object_id::MEMDIAG, ObjectType::MEMDIAG)
            .with(Id::PATH, text(r"\boot\memtest.exe"))
            .with(Id::LOCALE, text("en-US"))
            .with(Id::BAD_MEMORY_ACCESS, Value::Boolean(true));
        let object = inherits(object, &[object_id::GLOBALSETTINGS]);
        let object = with(object, DEVICE_KIND, &[SYSTEM]);
        with(object, TEXTS, &words(&[Id::DESCRIPTION.0, MEMORY_TEST_TEXT]))
    }

    fn loader(&self, id: Guid, uefi: bool) -> NewObject {
        let path = if uefi { r"\system32\winload.efi" } else { r"\system32\winload.exe" };
        let object = NewObject::new(id, ObjectType::OS_LOADER)
            .with(Id::LOCALE, text("en-US"))
            .with(Id::SYSTEM_ROOT, text(r"\windows"))
            .with(RELATIVE_PATH, text(path));
        let mut object = with(self.of_8(object, uefi), Id::NX, &[u8::from(self.is_server)]);
        if self.since_8 {
            object = with(object, Id::BOOT_MENU_POLICY, &[1]);
        }
        let object = inherits(object, &[object_id::BOOTLOADERSETTINGS]);
        let object = with(object, DEVICE_KIND, &[WINDOWS]);
        let object = with(object, TEXTS, &words(&[Id::DESCRIPTION.0, WINDOWS_TEXT]));
        let migrated = [0x1600_0010, 0x2600_00a0, 0x2600_00f2, 0x1600_0049, 0x2500_0115, 0x1600_007e];
        with(object, MIGRATED, &words(&migrated))
    }

    fn resume(&self, id: Guid, uefi: bool) -> NewObject {
        let path = if uefi { r"\system32\winresume.efi" } else { r"\system32\winresume.exe" };
        let object = NewObject::new(id, ObjectType::RESUME)
            .with(Id::DESCRIPTION, text("Windows Resume Application"))
            .with(Id::LOCALE, text("en-US"))
            .with(Id::FILE_PATH, text(r"\hiberfil.sys"))
            .with(RELATIVE_PATH, text(path))
            .with(NO_OS_DEVICE, Value::Boolean(true));
        let mut object = self.of_8(object, uefi);
        if self.since_8 {
            object = with(object, Id::RESUME_BOOT_MENU_POLICY, &[1]);
        }
        with(inherits(object, &[object_id::RESUMELOADERSETTINGS]), DEVICE_KIND, &[WINDOWS])
    }

    /// Setup's entry, which no store takes.
    fn setup(&self, id: Guid) -> NewObject {
        let object = NewObject::new(id, ObjectType::OS_LOADER)
            .with(Id::WINPE, Value::Boolean(true))
            .with(IMAGE_PATH, text(r"\boot.wim"));
        with(object, Id::NX, &[u8::from(self.is_server)])
    }

    /// What loaders have since Windows 8.
    fn of_8(&self, object: NewObject, uefi: bool) -> NewObject {
        if !self.since_8 {
            return object;
        }
        let allowed = 0x1500_0075_u64.to_le_bytes();
        let object = with(object, Id::ALLOWED_IN_MEMORY_SETTINGS, &allowed);
        if uefi { object.with(Id::ISOLATED_CONTEXT, Value::Boolean(true)) } else { object }
    }
}

/// 115200, in three bytes.
const BAUD: [u8; 3] = [0x00, 0xc2, 0x01];

fn text(text: &str) -> Value {
    Value::String(text.into())
}

fn words(words: &[u32]) -> Vec<u8> {
    words.iter().flat_map(|word| word.to_le_bytes()).collect()
}

/// The object with an element of these bytes.
fn with(mut object: NewObject, id: Id, bytes: &[u8]) -> NewObject {
    object.elements.push((id, NewElement::Raw(bytes.to_vec())));
    object
}

fn inherits(object: NewObject, from: &[Guid]) -> NewObject {
    object.with(Id::INHERIT, Value::ObjectList(from.to_vec()))
}
