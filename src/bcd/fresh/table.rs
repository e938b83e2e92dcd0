//! The values of a store where no template says them, by the generation of Windows.

use crate::bcd::create::NewObject;
use crate::bcd::device::Device;
use crate::bcd::device::DeviceElement;
use crate::bcd::device::QualifiedPartition;
use crate::bcd::element::ElementId;
use crate::bcd::element::ElementValue;
use crate::bcd::firmware::Firmware;
use crate::bcd::fresh::release::Generation;
use crate::bcd::fresh::release::Release;
use crate::bcd::object_id::BADMEMORY;
use crate::bcd::object_id::BOOTLOADERSETTINGS;
use crate::bcd::object_id::BOOTMGR;
use crate::bcd::object_id::DBGSETTINGS;
use crate::bcd::object_id::EMSSETTINGS;
use crate::bcd::object_id::GLOBALSETTINGS;
use crate::bcd::object_id::HYPERVISORSETTINGS;
use crate::bcd::object_id::MEMDIAG;
use crate::bcd::object_id::RESUMELOADERSETTINGS;
use crate::bcd::object_type::ObjectType;
use crate::guid::Guid;

/// Kinds of debugger: over a serial line, which is the first port at 115200 baud; on the machine itself.
const SERIAL: u64 = 0;
const LOCAL: u64 = 4;
const FIRST_PORT: u64 = 1;
const BAUD_RATE: u64 = 115_200;
/// The policy of `nx` that servers have, and clients.
const OPT_OUT: u64 = 1;
const OPT_IN: u64 = 0;
/// The menu since Windows 8.
pub(super) const STANDARD_MENU: u64 = 1;
/// The element that alone may be changed in memory under Secure Boot.
const ONLY_IN_MEMORY: u64 = 0x1500_0075;
/// Seconds that the menu waits.
const TIMEOUT: u64 = 30;

/// The seven objects of settings that others inherit.
pub(super) fn settings(release: Release) -> Vec<NewObject> {
    let for_any = |id| NewObject::new(id, ObjectType::INHERIT_ANY);
    let for_loaders = |id| NewObject::new(id, ObjectType::INHERIT_OS_LOADER);
    let has_ems = release.generation < Generation::Eight;
    vec![
        for_any(EMSSETTINGS).with(ElementId::BOOT_EMS, ElementValue::Boolean(has_ems)),
        debugger(for_any(DBGSETTINGS), release.generation),
        for_any(BADMEMORY),
        for_any(GLOBALSETTINGS).with(ElementId::INHERIT, list(&[DBGSETTINGS, EMSSETTINGS, BADMEMORY])),
        for_loaders(BOOTLOADERSETTINGS).with(ElementId::INHERIT, list(&[GLOBALSETTINGS, HYPERVISORSETTINGS])),
        for_loaders(HYPERVISORSETTINGS)
            .with(ElementId::HYPERVISOR_DEBUGGER_TYPE, ElementValue::Integer(SERIAL))
            .with(ElementId::HYPERVISOR_DEBUGGER_PORT, ElementValue::Integer(FIRST_PORT))
            .with(ElementId::HYPERVISOR_BAUD_RATE, ElementValue::Integer(BAUD_RATE)),
        NewObject::new(RESUMELOADERSETTINGS, ObjectType::INHERIT_RESUME)
            .with(ElementId::INHERIT, list(&[GLOBALSETTINGS])),
    ]
}

fn debugger(object: NewObject, generation: Generation) -> NewObject {
    if generation >= Generation::Ten {
        return object.with(ElementId::DEBUGGER_TYPE, ElementValue::Integer(LOCAL));
    }
    object
        .with(ElementId::DEBUGGER_TYPE, ElementValue::Integer(SERIAL))
        .with(ElementId::DEBUGGER_PORT, ElementValue::Integer(FIRST_PORT))
        .with(ElementId::DEBUGGER_BAUD_RATE, ElementValue::Integer(BAUD_RATE))
}

/// {bootmgr}.
pub(super) fn boot_manager() -> NewObject {
    NewObject::new(BOOTMGR, ObjectType::BOOT_MANAGER)
        .with(ElementId::DESCRIPTION, text("Windows Boot Manager"))
        .with(ElementId::INHERIT, list(&[GLOBALSETTINGS]))
        .with(ElementId::TIMEOUT, ElementValue::Integer(TIMEOUT))
}

/// {memdiag}.
pub(super) fn memory_test() -> NewObject {
    NewObject::new(MEMDIAG, ObjectType::MEMDIAG)
        .with(ElementId::DESCRIPTION, text("Windows Memory Diagnostic"))
        .with(ElementId::INHERIT, list(&[GLOBALSETTINGS]))
        .with(ElementId::BAD_MEMORY_ACCESS, ElementValue::Boolean(true))
}

/// The entry of a Windows.
pub(super) fn loader(id: Guid, release: Release, firmware: Firmware) -> NewObject {
    let nx = if release.is_server { OPT_OUT } else { OPT_IN };
    let object = NewObject::new(id, ObjectType::OS_LOADER)
        .with(ElementId::INHERIT, list(&[BOOTLOADERSETTINGS]))
        .with(ElementId::NX, ElementValue::Integer(nx));
    match release.generation {
        Generation::Vista | Generation::Seven => object,
        _ => {
            since_8(object, firmware).with(ElementId::BOOT_MENU_POLICY, ElementValue::Integer(STANDARD_MENU))
        }
    }
}

/// What resumes a Windows.
pub(super) fn resume_object(id: Guid, release: Release, firmware: Firmware) -> NewObject {
    let object = NewObject::new(id, ObjectType::RESUME)
        .with(ElementId::DESCRIPTION, text("Windows Resume Application"))
        .with(ElementId::INHERIT, list(&[RESUMELOADERSETTINGS]))
        .with(ElementId::FILE_PATH, text(r"\hiberfil.sys"));
    match release.generation {
        Generation::Vista | Generation::Seven if release.is_x86 => {
            object.with(ElementId::RESUME_PAE, ElementValue::Boolean(true))
        }
        Generation::Vista | Generation::Seven => object,
        _ => since_8(object, firmware)
            .with(ElementId::RESUME_BOOT_MENU_POLICY, ElementValue::Integer(STANDARD_MENU)),
    }
}

fn since_8(object: NewObject, firmware: Firmware) -> NewObject {
    let in_memory = ElementValue::IntegerList(vec![ONLY_IN_MEMORY]);
    let object = object.with(ElementId::ALLOWED_IN_MEMORY_SETTINGS, in_memory);
    match firmware {
        Firmware::Bios => object,
        Firmware::Uefi => object.with(ElementId::ISOLATED_CONTEXT, ElementValue::Boolean(true)),
    }
}

pub(super) fn text(text: &str) -> ElementValue {
    ElementValue::String(text.to_owned())
}

pub(super) fn list(ids: &[Guid]) -> ElementValue {
    ElementValue::ObjectList(ids.to_vec())
}

pub(super) const fn partition(named: QualifiedPartition) -> ElementValue {
    ElementValue::Device(DeviceElement::plain(Device::Partition(named)))
}
