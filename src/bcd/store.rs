//! A store, read whole: its objects, and why bytes are none.

use crate::bcd::element::ElementId;
use crate::bcd::index::ObjectIndex;
use crate::bcd::object::Object;
use crate::bcd::object_id;
use crate::guid::Guid;
use crate::hive::Hive;
use crate::hive::HiveError;
use crate::hive::Value;

/// Elements of a store that is read, at most.
pub const ELEMENTS_MAX: usize = 2048;

/// Why bytes are not a store that can be read or built.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The hive below the store.
    #[error(transparent)]
    Hive(#[from] HiveError),
    /// More elements than memory is spent on; stores have some hundreds.
    #[error("{found} elements in the store: expected at most {ELEMENTS_MAX}")]
    Elements {
        /// How many there are.
        found: usize,
    },
    /// A template of a size that none has.
    #[error("BCD-Template of {len} bytes: expected at most {max}")]
    Template {
        /// Its bytes.
        len: usize,
        /// How many there may be.
        max: usize,
    },
    /// No number is left for a new store.
    #[error("sequence number of the log: expected less than {:#x}, found {above:#x}", u32::MAX)]
    Sequence {
        /// The highest number in the logs.
        above: u32,
    },
    /// A name that stands for no text, so that it cannot be written again as it is.
    #[error("name {name} of a key or value: expected UTF-16 text, found half a character")]
    Name {
        /// The name, with U+FFFD for what is no text.
        name: String,
    },
    /// More than a new store may hold.
    #[error("keys and values of {len:#x} bytes: expected at most {max:#x}")]
    Large {
        /// Bytes of all of them.
        len: usize,
        /// How many there may be.
        max: usize,
    },
    /// An element that a new store cannot hold.
    #[error("element {element} of a new store: {why}")]
    Element {
        /// The element.
        element: ElementId,
        /// What is wrong with it.
        why: &'static str,
    },
}

/// A BCD store, read whole.
#[derive(Debug, Clone)]
pub struct Store {
    hive: Hive,
    description: Vec<Value>,
    objects: Vec<Object>,
    has_objects: bool,
}

impl Store {
    /// Reads a store from the bytes of its file.
    ///
    /// A hive without objects is a store too, see [`Store::has_objects`]; such are made and never filled.
    ///
    /// # Errors
    ///
    /// When the bytes are no hive that can be read, or one of more than [`ELEMENTS_MAX`] elements.
    pub fn parse(bytes: Vec<u8>) -> Result<Self, StoreError> {
        let store = Self::from_hive(Hive::parse(bytes)?);
        match store.objects.iter().map(|object| object.elements.len()).sum() {
            found if found > ELEMENTS_MAX => Err(StoreError::Elements { found }),
            _ => Ok(store),
        }
    }

    /// The store that a hive holds.
    #[must_use]
    pub fn from_hive(hive: Hive) -> Self {
        let description = hive.root().subkey("Description").map(|key| key.values.clone()).unwrap_or_default();
        let key = hive.root().subkey("Objects");
        let has_objects = key.is_some();
        let objects = key.map(|key| key.subkeys.iter().map(Object::from_key).collect()).unwrap_or_default();
        Self { hive, description, objects, has_objects }
    }

    /// The hive of the store, with the bytes of its file.
    #[must_use]
    pub const fn hive(&self) -> &Hive {
        &self.hive
    }

    /// The values of the root's `Description`: `KeyName`, `System`, `TreatAsSystem` and so on.
    #[must_use]
    pub fn description(&self) -> &[Value] {
        &self.description
    }

    /// Whether the root has the key `Objects`, without which a boot manager refuses the store.
    #[must_use]
    pub const fn has_objects(&self) -> bool {
        self.has_objects
    }

    /// All objects in stored order.
    #[must_use]
    pub fn objects(&self) -> &[Object] {
        &self.objects
    }

    /// The object of this id; aliases like `{default}` are no ids.
    #[must_use]
    pub fn object(&self, id: Guid) -> Option<&Object> {
        self.objects.iter().find(|object| object.id == Some(id))
    }

    /// The object at this place of [`Store::objects`].
    #[must_use]
    pub fn object_at(&self, index: ObjectIndex) -> Option<&Object> {
        index.of(&self.objects)
    }

    /// All objects in stored order, each with its index.
    pub fn objects_indexed(&self) -> impl Iterator<Item = (ObjectIndex, &Object)> {
        ObjectIndex::each(&self.objects)
    }

    /// The index of the object of this id.
    #[must_use]
    pub fn position(&self, id: Guid) -> Option<ObjectIndex> {
        self.objects_indexed().find(|(_, object)| object.id == Some(id)).map(|(index, _)| index)
    }

    /// The Windows boot manager, `{bootmgr}`.
    #[must_use]
    pub fn boot_manager(&self) -> Option<&Object> {
        self.object(object_id::BOOTMGR)
    }

    /// The id that `{default}` stands for, whether or not there is such an object.
    #[must_use]
    pub fn default_id(&self) -> Option<Guid> {
        self.boot_manager()?.object(ElementId::DEFAULT)
    }

    /// The object that `{default}` stands for.
    #[must_use]
    pub fn default_entry(&self) -> Option<&Object> {
        self.object(self.default_id()?)
    }

    /// The ids of the boot menu in their order, whether or not there are such objects.
    #[must_use]
    pub fn display_order(&self) -> &[Guid] {
        self.boot_manager().map_or(&[], |object| object.objects(ElementId::DISPLAY_ORDER))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bcd::element::ElementValue;
    use crate::hive::REG_BINARY;
    use crate::hive::REG_DWORD;
    use crate::hive::build::NewKey;
    use crate::hive::build::NewValue;
    use crate::hive::build::build;

    fn key(name: &str, subkeys: Vec<NewKey>) -> NewKey {
        NewKey { name: name.to_owned(), values: Vec::new(), subkeys }
    }

    fn with_value(mut key: NewKey, name: &str, data_type: u32, data: &[u8]) -> NewKey {
        key.values.push(NewValue { name: name.to_owned(), data_type, data: data.to_vec() });
        key
    }

    fn store(subkeys: Vec<NewKey>) -> Store {
        Store::parse(build(&key("any name", subkeys), 0).unwrap()).unwrap()
    }

    #[test]
    fn a_hive_without_objects_is_an_empty_store() {
        let empty = store(Vec::new());
        assert!(!empty.has_objects() && empty.objects().is_empty() && empty.description().is_empty());
        assert!(empty.boot_manager().is_none() && empty.default_entry().is_none());
        let filled = store(vec![key("OBJECTS", Vec::new())]);
        assert!(filled.has_objects() && filled.objects().is_empty());
    }

    #[test]
    fn what_is_strange_is_kept_and_says_why() {
        let elements = vec![
            with_value(key("12000004", Vec::new()), "Other", REG_BINARY, &[1]),
            with_value(key("nonsense", Vec::new()), "Element", REG_BINARY, &[1, 2, 3, 4, 5]),
            with_value(key("16000009", Vec::new()), "element", REG_BINARY, &[1]),
        ];
        let object = key("{Default}", vec![key("Elements", elements)]);
        let typed = with_value(key("Description", Vec::new()), "Type", REG_DWORD, &[1, 2, 3]);
        let store = store(vec![key("Objects", vec![object, key(&object_id::BOOTMGR.braced(), vec![typed])])]);
        let [manager, strange] = store.objects() else { panic!("{:?}", store.objects()) };
        assert_eq!((manager.id, manager.object_type), (Some(object_id::BOOTMGR), None));
        assert_eq!(manager.description.len(), 1);
        assert_eq!((strange.id, strange.name()), (None, "{Default}"));
        let why: Vec<_> =
            strange.elements.iter().map(|element| (element.raw.len(), &element.value)).collect();
        let opaque = |why: &str| ElementValue::Opaque { why: why.to_owned() };
        assert_eq!(
            why,
            [
                (0, &opaque("its key has no value named Element")),
                (1, &ElementValue::Boolean(true)),
                (5, &opaque("its key's name is not eight hex digits")),
            ]
        );
    }
}
