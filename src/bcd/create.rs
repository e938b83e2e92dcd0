//! Creating a store from nothing, as bcdboot and bcdedit write them.
//!
//! A store that can be read is edited ([`change`](crate::bcd::change)), and written anew only for an export; what a new one holds for a Windows says [`fresh`](crate::bcd::fresh).

use crate::bcd::element::ElementId;
use crate::bcd::element::ElementValue;
use crate::bcd::element::VALUE_NAME;
use crate::bcd::object_type::ObjectType;
use crate::bcd::store::StoreError;
use crate::bytes;
use crate::guid::Guid;
use crate::hive::REG_BINARY;
use crate::hive::REG_DWORD;
use crate::hive::REG_SZ;
use crate::hive::build;
use crate::hive::build::NewKey;
use crate::hive::build::NewValue;

/// A store to be created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewStore {
    /// Objects, in any order.
    pub objects: Vec<NewObject>,
    /// FILETIME for the hive and all its keys: 100 ns since 1601, UTC.
    pub last_written: u64,
    /// Whether it was written on a machine with UEFI firmware.
    pub firmware_modified: bool,
}

/// An object of a store to be created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewObject {
    /// Its id.
    pub id: Guid,
    /// Its type.
    pub object_type: ObjectType,
    /// `FirmwareVariable` of its description: the firmware's boot entry that it stands for.
    pub firmware_variable: Option<Vec<u8>>,
    /// Its elements, in any order.
    pub elements: Vec<(ElementId, NewElement)>,
}

/// The value of an element of a store to be created.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NewElement {
    /// A value, to be encoded.
    Value(ElementValue),
    /// Bytes, to be taken as they are with the registry type of the element's format.
    Raw(Vec<u8>),
}

impl From<ElementValue> for NewElement {
    fn from(value: ElementValue) -> Self {
        Self::Value(value)
    }
}

impl NewStore {
    /// The bytes of the store's file.
    ///
    /// # Errors
    ///
    /// When a value is not of its element's format, or an id is there twice.
    pub fn build(&self) -> Result<Vec<u8>, StoreError> {
        let mut marks = vec!["System", "TreatAsSystem"];
        if self.firmware_modified {
            marks.push("FirmwareModified");
        }
        Ok(build::build(&root(&self.objects, &marks)?, self.last_written)?)
    }
}

/// The root key of a store with these objects, and these values of 1 in its description.
pub(super) fn root(objects: &[NewObject], marks: &[&str]) -> Result<NewKey, StoreError> {
    let objects: Result<_, StoreError> = objects.iter().map(NewObject::key).collect();
    let objects = NewKey { name: "Objects".into(), values: Vec::new(), subkeys: objects? };
    let mut key_name = bytes::utf16le("BCD00000000");
    key_name.extend([0, 0]);
    let mut values = vec![value("KeyName", REG_SZ, key_name)];
    values.extend(marks.iter().map(|name| value(name, REG_DWORD, 1u32.to_le_bytes().to_vec())));
    let description = NewKey { name: "Description".into(), values, subkeys: Vec::new() };
    Ok(NewKey { name: "NewStoreRoot".into(), values: Vec::new(), subkeys: vec![description, objects] })
}

impl NewObject {
    /// An object without elements.
    #[must_use]
    pub const fn new(id: Guid, object_type: ObjectType) -> Self {
        Self { id, object_type, firmware_variable: None, elements: Vec::new() }
    }

    /// The object with this element, in the place of one that it may have had.
    #[must_use]
    pub fn with(self, id: ElementId, value: ElementValue) -> Self {
        let mut new = self.without(id);
        new.elements.push((id, value.into()));
        new
    }

    /// The object without this element.
    #[must_use]
    pub fn without(mut self, id: ElementId) -> Self {
        self.elements.retain(|(known, _)| *known != id);
        self
    }

    fn key(&self) -> Result<NewKey, StoreError> {
        let mut values = vec![value("Type", REG_DWORD, self.object_type.0.to_le_bytes().to_vec())];
        values.extend(self.firmware_variable.clone().map(|data| value("FirmwareVariable", REG_BINARY, data)));
        let description = NewKey { name: "Description".into(), values, subkeys: Vec::new() };
        let elements: Result<_, StoreError> =
            self.elements.iter().map(|(id, new)| element(*id, new)).collect();
        let elements = NewKey { name: "Elements".into(), values: Vec::new(), subkeys: elements? };
        Ok(NewKey { name: self.id.braced(), values: Vec::new(), subkeys: vec![description, elements] })
    }
}

fn element(id: ElementId, new: &NewElement) -> Result<NewKey, StoreError> {
    let refuse = |why| StoreError::Element { element: id, why };
    let (data_type, data) = match new {
        NewElement::Raw(raw) => (id.format().registry_type(), raw.clone()),
        NewElement::Value(new) => {
            let (data_type, data) = new.encode().ok_or_else(|| refuse("its value is empty"))?;
            // A store that its own reader would read otherwise must not come to be.
            if ElementValue::decode(id, data_type, &data) != *new {
                return Err(refuse("its value does not match its format"));
            }
            (data_type, data)
        }
    };
    Ok(NewKey { name: id.to_string(), values: vec![value(VALUE_NAME, data_type, data)], subkeys: Vec::new() })
}

fn value(name: &str, data_type: u32, data: Vec<u8>) -> NewValue {
    NewValue { name: name.to_owned(), data_type, data }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bcd::Store;
    use crate::bcd::device::Device;
    use crate::bcd::device::DeviceElement;
    use crate::bcd::device::QualifiedPartition;
    use crate::bcd::object_id::BOOTMGR;
    use crate::bcd::object_id::MEMDIAG;

    const LOADER: Guid = Guid::from_u128(0x733b62e5_f608_11eb_825c_c112f60133ab);

    /// A store with one object of each of three kinds.
    fn store() -> NewStore {
        let partition = QualifiedPartition::Mbr { signature: 0x3623_4da4, offset: 0x10_0000 };
        let device = ElementValue::Device(DeviceElement::plain(Device::Partition(partition)));
        let manager = NewObject::new(BOOTMGR, ObjectType::BOOT_MANAGER)
            .with(ElementId::DEVICE, device.clone())
            .with(ElementId::DEFAULT, ElementValue::Object(LOADER))
            .with(ElementId::TIMEOUT, ElementValue::Integer(30))
            .with(ElementId::DISPLAY_ORDER, ElementValue::ObjectList(vec![LOADER]));
        let loader = NewObject::new(LOADER, ObjectType::OS_LOADER)
            .with(ElementId::DEVICE, device)
            .with(ElementId::PATH, ElementValue::String(r"\Windows\system32\winload.exe".into()))
            .with(ElementId::RECOVERY_ENABLED, ElementValue::Boolean(true));
        let tester = NewObject::new(MEMDIAG, ObjectType::MEMDIAG);
        NewStore { objects: vec![manager, loader, tester], last_written: 0, firmware_modified: false }
    }

    #[test]
    fn a_new_store_reads_back() {
        let read = Store::parse(store().build().unwrap()).unwrap();
        assert!(read.has_objects() && !read.hive().base_block().is_dirty());
        assert_eq!(read.objects().len(), 3);
        assert_eq!(read.default_id(), Some(LOADER));
        let loader = read.default_entry().unwrap();
        assert_eq!(loader.string(ElementId::PATH), Some(r"\Windows\system32\winload.exe"));
        assert_eq!(loader.boolean(ElementId::RECOVERY_ENABLED), Some(true));
        assert!(loader.device(ElementId::DEVICE).is_some());
        assert_eq!(read.boot_manager().unwrap().integer(ElementId::TIMEOUT), Some(30));
        assert_eq!(read.display_order(), [LOADER]);
        let names: Vec<&str> = read.description().iter().map(|value| value.name.as_str()).collect();
        assert_eq!(names, ["KeyName", "System", "TreatAsSystem"]);
        assert_eq!(store().build(), store().build());
    }

    #[test]
    fn values_of_another_format_are_refused() {
        let cases = [
            (ElementId::DEVICE, ElementValue::Boolean(true)),
            (ElementId::PATH, ElementValue::Object(LOADER)),
            (ElementId::TIMEOUT, ElementValue::Binary(vec![30])),
            (ElementId::PATH, ElementValue::String("a\0b".into())),
        ];
        for (id, value) in cases {
            let mut store = store();
            let object = NewObject::new(Guid::from_u128(1), ObjectType::OS_LOADER).with(id, value);
            store.objects.push(object);
            assert!(
                matches!(store.build(), Err(StoreError::Element { element, .. }) if element == id),
                "{id}"
            );
        }
    }

    #[test]
    fn an_object_is_there_once() {
        let mut store = store();
        store.objects.push(NewObject::new(MEMDIAG, ObjectType::MEMDIAG));
        assert!(store.build().is_err());
    }

    /// Whatever one byte is turned into, there is an answer or an error, and soon.
    #[test]
    fn any_byte_may_be_wrong() {
        let good = store().build().unwrap();
        let start = std::time::Instant::now();
        let mut read = 0u32;
        for at in 0..good.len() {
            // The zeros of the base block and of the last bin are all alike.
            let is_padding = good[at] == 0 && at % 7 != 0;
            for flip in [0x01, 0x80, 0xff].into_iter().take(if is_padding { 1 } else { 3 }) {
                let mut bytes = good.clone();
                bytes[at] ^= flip;
                if let Ok(store) = Store::parse(bytes) {
                    read += 1;
                    for element in store.objects().iter().flat_map(|object| &object.elements) {
                        if let ElementValue::Device(device) = &element.value {
                            assert_eq!(device.encode(), element.raw);
                            assert!(!device.to_string().is_empty());
                        }
                    }
                }
            }
        }
        assert!(read > 0);
        assert!(start.elapsed().as_secs() < 60, "{:?}", start.elapsed());
    }

    /// Several numbers at once are turned into those that parsers trip over.
    #[test]
    fn many_bytes_may_be_wrong() {
        let good = store().build().unwrap();
        let mut state = 0x9e37_79b9_7f4a_7c15u64;
        let mut next = |below: usize| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            usize::try_from(state >> 33).unwrap() % below
        };
        let numbers = [0u32, 1, 4, 8, 0x20, 0x7fff_ffff, 0x8000_0000, 0x8000_0004, 0xffff_fff8, u32::MAX];
        for _ in 0..3000 {
            let mut bytes = good.clone();
            for _ in 0..=next(4) {
                let at = next((good.len() - 0x1000) / 4) * 4 + 0x1000;
                let number = if next(2) == 0 {
                    numbers[next(numbers.len())]
                } else {
                    u32::try_from(next(0x2000)).unwrap()
                };
                bytes[at..at + 4].copy_from_slice(&number.to_le_bytes());
            }
            // Half of them dirty, so that the reader goes on behind an error.
            bytes[4] = bytes[4].wrapping_add(u8::try_from(next(2)).unwrap());
            if let Ok(store) = Store::parse(bytes) {
                assert!(store.objects().len() <= 3);
            }
        }
    }
}
