//! Objects: a GUID, a type, a description and elements.

use crate::bcd::device::DeviceElement;
use crate::bcd::element::Element;
use crate::bcd::element::ElementId;
use crate::bcd::element::ElementValue;
use crate::bcd::index::ElementIndex;
use crate::bcd::object_id::alias;
use crate::bcd::object_type::ObjectType;
use crate::bytes;
use crate::guid::Guid;
use crate::hive::Key;
use crate::hive::REG_DWORD;
use crate::hive::Value;

/// An object of a store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Name of its key as it is spelt.
    pub key: String,
    /// Its id; `None` when the key's name is no GUID in braces.
    pub id: Option<Guid>,
    /// Its type; `None` when there is none, or one that is not four bytes.
    pub object_type: Option<ObjectType>,
    /// Its elements in stored order.
    pub elements: Vec<Element>,
    /// The values of its `Description`: `Type`, `FirmwareVariable` and what else there is.
    pub description: Vec<Value>,
}

impl Object {
    /// Whether it is an entry that starts a Windows by a loader.
    #[must_use]
    pub fn is_os_loader(&self) -> bool {
        self.object_type.is_some_and(|kind| kind.is_os_loader())
    }

    /// The object that a key below `Objects` holds.
    #[must_use]
    pub fn from_key(key: &Key) -> Self {
        let description = key.subkey("Description");
        let object_type = description
            .and_then(|description| description.value("Type"))
            .filter(|value| value.data_type == REG_DWORD && value.data.len() == 4)
            .and_then(|value| bytes::le_u32(&value.data, 0))
            .map(ObjectType);
        let elements = key.subkey("Elements").map(|key| key.subkeys.iter().map(Element::from_key).collect());
        Self {
            key: key.name.clone(),
            id: Guid::from_braced(&key.name),
            object_type,
            elements: elements.unwrap_or_default(),
            description: description.map(|key| key.values.clone()).unwrap_or_default(),
        }
    }

    /// bcdedit's name for the object, or its key's name.
    #[must_use]
    pub fn name(&self) -> &str {
        self.id.and_then(alias).unwrap_or(&self.key)
    }

    /// The element of this id.
    #[must_use]
    pub fn element(&self, id: ElementId) -> Option<&Element> {
        self.elements.iter().find(|element| element.id == Some(id))
    }

    /// The element at this place of [`Object::elements`].
    #[must_use]
    pub fn element_at(&self, index: ElementIndex) -> Option<&Element> {
        index.of(&self.elements)
    }

    /// All elements in stored order, each with its index.
    pub fn elements_indexed(&self) -> impl Iterator<Item = (ElementIndex, &Element)> {
        ElementIndex::each(&self.elements)
    }

    /// The index of the element of this id.
    #[must_use]
    pub fn position(&self, id: ElementId) -> Option<ElementIndex> {
        self.elements_indexed().find(|(_, element)| element.id == Some(id)).map(|(index, _)| index)
    }

    /// The device that this element names.
    #[must_use]
    pub fn device(&self, id: ElementId) -> Option<&DeviceElement> {
        match &self.element(id)?.value {
            ElementValue::Device(device) => Some(device),
            _ => None,
        }
    }

    /// The text of this element.
    #[must_use]
    pub fn string(&self, id: ElementId) -> Option<&str> {
        match &self.element(id)?.value {
            ElementValue::String(text) => Some(text),
            _ => None,
        }
    }

    /// The object that this element names.
    #[must_use]
    pub fn object(&self, id: ElementId) -> Option<Guid> {
        match self.element(id)?.value {
            ElementValue::Object(object) => Some(object),
            _ => None,
        }
    }

    /// The objects that this element lists; none when there is no such element.
    #[must_use]
    pub fn objects(&self, id: ElementId) -> &[Guid] {
        match self.element(id).map(|element| &element.value) {
            Some(ElementValue::ObjectList(objects)) => objects,
            _ => &[],
        }
    }

    /// The number of this element.
    #[must_use]
    pub fn integer(&self, id: ElementId) -> Option<u64> {
        match self.element(id)?.value {
            ElementValue::Integer(number) => Some(number),
            _ => None,
        }
    }

    /// The truth value of this element.
    #[must_use]
    pub fn boolean(&self, id: ElementId) -> Option<bool> {
        match self.element(id)?.value {
            ElementValue::Boolean(truth) => Some(truth),
            _ => None,
        }
    }
}
