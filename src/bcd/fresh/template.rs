//! `\Windows\System32\config\BCD-Template`: what the maker of a Windows gave its store.
//!
//! A store without devices, whose elements of class 4 say how the others come to be; its numbers are as short as they can be.

use std::collections::BTreeMap;

use crate::bcd::create::NewElement;
use crate::bcd::create::NewObject;
use crate::bcd::element::Element;
use crate::bcd::element::ElementFormat;
use crate::bcd::element::ElementId;
use crate::bcd::element::ElementValue;
use crate::bcd::firmware::Firmware;
use crate::bcd::object::Object;
use crate::bcd::object_id;
use crate::bcd::object_type::ObjectType;
use crate::bcd::store::Store;
use crate::bcd::store::StoreError;
use crate::guid::Guid;

/// Bytes of a template that is read, at most; Windows' have 20 to 28 KiB.
const SIZE_MAX: usize = 256 << 10;
/// The class of elements that say how others come to be.
const SETUP: u32 = 4;
/// The path of a loader below the system root.
const LOADER_PATH: ElementId = ElementId(0x4200_0002);
/// What entries of Windows and what resumes it is made from.
const LOADER_PCAT: Guid = Guid::from_u128(0xa1943bbc_ea85_487c_97c7_c9ede908a38a);
const LOADER_EFI: Guid = Guid::from_u128(0xb012b84d_c47c_4ed5_b722_c0c42163e569);
const RESUME_PCAT: Guid = Guid::from_u128(0x98b02a23_0674_4ce7_bdad_e0a15a8ff97b);
const RESUME_EFI: Guid = Guid::from_u128(0x0c334284_9a41_4de1_99b3_a7e87e8ff07e);

/// A template, read: its objects, without what a store does not take from it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    objects: BTreeMap<Guid, NewObject>,
    loader_paths: BTreeMap<Guid, String>,
}

impl Template {
    /// Reads a template from the bytes of its file.
    ///
    /// # Errors
    ///
    /// When the bytes are no store, or more than any template has; and when a hive that was not closed properly lacks something.
    pub fn parse(bytes: Vec<u8>) -> Result<Self, StoreError> {
        if bytes.len() > SIZE_MAX {
            return Err(StoreError::Template { len: bytes.len(), max: SIZE_MAX });
        }
        let store = Store::parse(bytes)?;
        if let Some(damage) = store.hive().damage().first() {
            return Err(damage.clone().into());
        }
        let mut template = Self { objects: BTreeMap::new(), loader_paths: BTreeMap::new() };
        for object in store.objects() {
            let Some((id, object_type)) = object.id.zip(object.object_type) else { continue };
            template.objects.entry(id).or_insert_with(|| taken(object, id, object_type));
            // A store names files by their whole path.
            if let Some(path) = object.string(LOADER_PATH).filter(|path| path.starts_with('\\')) {
                template.loader_paths.entry(id).or_insert_with(|| path.to_owned());
            }
        }
        Ok(template)
    }

    /// The objects that others inherit.
    pub(super) fn settings(&self) -> impl Iterator<Item = &NewObject> {
        self.objects.values().filter(|object| object.object_type.is_inherit())
    }

    pub(super) fn boot_manager(&self) -> Option<NewObject> {
        self.object(object_id::BOOTMGR, object_id::BOOTMGR, ObjectType::BOOT_MANAGER)
    }

    pub(super) fn memory_test(&self) -> Option<NewObject> {
        self.object(object_id::MEMDIAG, object_id::MEMDIAG, ObjectType::MEMDIAG)
    }

    /// An entry of this id.
    pub(super) fn loader(&self, id: Guid, firmware: Firmware) -> Option<NewObject> {
        self.object(loader_id(firmware), id, ObjectType::OS_LOADER)
    }

    /// What resumes a Windows, with this id.
    pub(super) fn resume_object(&self, id: Guid, firmware: Firmware) -> Option<NewObject> {
        let own = match firmware {
            Firmware::Bios => RESUME_PCAT,
            Firmware::Uefi => RESUME_EFI,
        };
        self.object(own, id, ObjectType::RESUME)
    }

    /// The path of the loader below the system root.
    pub(super) fn loader_path(&self, firmware: Firmware) -> Option<&str> {
        self.loader_paths.get(&loader_id(firmware)).map(String::as_str)
    }

    /// The object `own` as one of the id `id`, if it is of this type.
    fn object(&self, own: Guid, id: Guid, object_type: ObjectType) -> Option<NewObject> {
        let object = self.objects.get(&own).filter(|object| object.object_type == object_type)?;
        Some(NewObject { id, ..object.clone() })
    }
}

const fn loader_id(firmware: Firmware) -> Guid {
    match firmware {
        Firmware::Bios => LOADER_PCAT,
        Firmware::Uefi => LOADER_EFI,
    }
}

/// The object with the elements that a store takes.
fn taken(object: &Object, id: Guid, object_type: ObjectType) -> NewObject {
    let elements: BTreeMap<ElementId, NewElement> = object.elements.iter().filter_map(element).collect();
    NewObject { elements: elements.into_iter().collect(), ..NewObject::new(id, object_type) }
}

/// The element as a store has it: a number in 8 bytes. None for devices, which are those of another machine.
fn element(element: &Element) -> Option<(ElementId, NewElement)> {
    let id = element.id.filter(|id| id.class() != SETUP && id.format() != ElementFormat::Device)?;
    let new = match &element.value {
        ElementValue::Opaque { .. } => return None,
        value => value.clone().into(),
    };
    Some((id, new))
}
