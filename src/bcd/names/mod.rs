//! bcdedit's words for elements and for the values of enumerations.
//!
//! After G. Chappell, "BCD Elements", compared with the element enumerations of Microsoft's BCD WMI provider. An element
//! for which bcdedit has no word is not listed; bcdedit shows such as `custom:` and the id. Class 2 ids mean different
//! things in different applications, so their names need the type of the object.

mod applications;
mod boot_manager;
mod device_object;
mod library;
mod os_loader;

use crate::bcd::element::Element;
use crate::bcd::element::ElementId;
use crate::bcd::object_type::ObjectType;

/// An element with its word, and the words of its values from 0 on.
struct Named {
    id: u32,
    name: &'static str,
    values: &'static [&'static str],
}

const fn plain(id: u32, name: &'static str) -> Named {
    Named { id, name, values: &[] }
}

const fn choice(id: u32, name: &'static str, values: &'static [&'static str]) -> Named {
    Named { id, name, values }
}

/// bcdedit's word for an element of an object of this type.
#[must_use]
pub fn element_name(id: ElementId, object: Option<ObjectType>) -> Option<&'static str> {
    find(id, object).map(|named| named.name)
}

/// bcdedit's word for `element` of an object of this type, or as bcdedit shows what it has no word for: `custom:` and
/// the id.
#[must_use]
pub fn display_name(element: &Element, object: Option<ObjectType>) -> String {
    let word = element.id.and_then(|id| element_name(id, object));
    word.map_or_else(|| format!("custom:{}", element.key), str::to_owned)
}

/// bcdedit's word for a number that an element of an object of this type has, e.g. `OptIn` of `nx`.
#[must_use]
pub fn integer_name(id: ElementId, object: Option<ObjectType>, value: u64) -> Option<&'static str> {
    let named = find(id, object)?;
    named.values.get(usize::try_from(value).ok()?).copied()
}

/// bcdedit's words for the numbers of an element from 0 on; none where it takes any number.
#[must_use]
pub fn value_names(id: ElementId, object: Option<ObjectType>) -> &'static [&'static str] {
    find(id, object).map_or(&[], |named| named.values)
}

/// The words of all elements that an object of this type may have.
pub(in crate::bcd) fn element_names(object: Option<ObjectType>) -> impl Iterator<Item = &'static str> {
    let device = if may_be_device_object(object) { device_object::DEVICE_OBJECT } else { &[] };
    let tables = [application_table(object), library::LIBRARY, device];
    tables.into_iter().flatten().map(|named| named.name)
}

/// The kinds of objects whose elements have this word, in the plural, where only some kinds have it; case does not matter.
pub(in crate::bcd) fn homes(name: &str) -> Vec<&'static str> {
    let has = |table: &&[Named]| table.iter().any(|named| named.name.eq_ignore_ascii_case(name));
    HOMES.iter().filter(|(_, table)| has(table)).map(|(home, _)| *home).collect()
}

/// Whether an object of this type may have elements of class 3.
pub(in crate::bcd) fn may_be_device_object(object: Option<ObjectType>) -> bool {
    object.is_none_or(|object| object.is_device_object() || object == ObjectType::INHERIT_DEVICE)
}

/// The tables of kinds of objects.
const HOMES: [(&str, &[Named]); 8] = [
    ("boot managers", boot_manager::BOOT_MANAGER),
    ("OS loaders", os_loader::OS_LOADER),
    ("resume loaders", applications::RESUME),
    ("memory testers", applications::MEMDIAG),
    ("legacy OS loaders and boot sectors", applications::NTLDR),
    ("network starters", applications::STARTUP),
    ("boot applications", applications::BOOT_APPLICATION),
    ("device objects", device_object::DEVICE_OBJECT),
];

/// The element of an object of this type that has this word; case does not matter.
#[must_use]
pub fn element_id(name: &str, object: Option<ObjectType>) -> Option<ElementId> {
    let classes = [application_table(object), library::LIBRARY, applications::ANY_APPLICATION];
    let others = [device_object::DEVICE_OBJECT, device_object::SETUP];
    let tables = classes.iter().chain(&others);
    tables
        .flat_map(|table| table.iter())
        .find(|named| named.name.eq_ignore_ascii_case(name))
        .map(|named| ElementId(named.id))
}

fn find(id: ElementId, object: Option<ObjectType>) -> Option<&'static Named> {
    let look = |table: &'static [Named]| table.iter().find(|named| named.id == id.0);
    match id.class() {
        1 => look(library::LIBRARY),
        2 => look(application_table(object)).or_else(|| look(applications::ANY_APPLICATION)),
        3 => look(device_object::DEVICE_OBJECT),
        4 => look(device_object::SETUP),
        _ => None,
    }
}

/// The class 2 elements of an application, or of the settings that such an application inherits.
fn application_table(object: Option<ObjectType>) -> &'static [Named] {
    let Some(object) = object.filter(|object| object.is_application() || object.is_inherit()) else {
        return &[];
    };
    match object.application() {
        1 | 2 => boot_manager::BOOT_MANAGER,
        3 => os_loader::OS_LOADER,
        4 => applications::RESUME,
        5 => applications::MEMDIAG,
        6..=8 => applications::NTLDR,
        9 => applications::STARTUP,
        10 => applications::BOOT_APPLICATION,
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bcd::element::ElementFormat;

    #[test]
    fn class_2_depends_on_the_object() {
        let cases = [
            (0x2100_0001, Some(ObjectType::OS_LOADER), Some("osdevice")),
            (0x2100_0001, Some(ObjectType::RESUME), Some("filedevice")),
            (0x2100_0001, Some(ObjectType::BOOT_MANAGER), None),
            (0x2100_0001, None, None),
            (0x2500_0004, Some(ObjectType::FIRMWARE_BOOT_MANAGER), Some("timeout")),
            (0x2500_00f0, Some(ObjectType::INHERIT_OS_LOADER), Some("hypervisorlaunchtype")),
            (0x2600_0003, Some(ObjectType::MEMDIAG), Some("cacheenable")),
            (0x2600_0202, Some(ObjectType::OS_LOADER), Some("skipffumode")),
            (0x1200_0002, None, Some("path")),
            (0x3100_0003, Some(ObjectType::DEVICE), Some("ramdisksdidevice")),
            (0x4700_0006, None, Some("elementstomigrate")),
            (0x2100_0026, Some(ObjectType::RESUME), None),
            (0x5100_0001, None, None),
        ];
        for (id, object, name) in cases {
            assert_eq!(element_name(ElementId(id), object), name, "{id:08x}");
            if let Some(name) = name {
                assert_eq!(element_id(name, object), Some(ElementId(id)));
            }
        }
    }

    #[test]
    fn numbers_have_words() {
        let loader = Some(ObjectType::OS_LOADER);
        assert_eq!(integer_name(ElementId(0x2500_0020), loader, 1), Some("OptOut"));
        assert_eq!(integer_name(ElementId(0x2500_00c2), loader, 1), Some("Standard"));
        assert_eq!(integer_name(ElementId(0x2500_00e0), loader, 8), Some("AlwaysDisplayStartupFailures"));
        assert_eq!(integer_name(ElementId(0x2500_0020), loader, 4), None);
        assert_eq!(integer_name(ElementId(0x2500_0020), None, 1), None);
        assert_eq!(integer_name(ElementId(0x2500_0020), loader, u64::MAX), None);
    }

    #[test]
    fn no_table_has_an_id_twice_and_only_numbers_have_words() {
        let tables = [
            library::LIBRARY,
            boot_manager::BOOT_MANAGER,
            os_loader::OS_LOADER,
            applications::RESUME,
            applications::MEMDIAG,
            applications::NTLDR,
            applications::STARTUP,
            applications::BOOT_APPLICATION,
            device_object::DEVICE_OBJECT,
            device_object::SETUP,
        ];
        for table in tables {
            let mut ids: Vec<u32> = table.iter().map(|named| named.id).collect();
            ids.sort_unstable();
            ids.dedup();
            assert_eq!(ids.len(), table.len());
            for named in table.iter().filter(|named| !named.values.is_empty()) {
                assert_eq!(ElementId(named.id).format(), ElementFormat::Integer, "{}", named.name);
            }
        }
    }
}
