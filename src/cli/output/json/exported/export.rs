//! From a store to what is exported of it.

use crate::bcd::Device;
use crate::bcd::Element;
use crate::bcd::ElementValue;
use crate::bcd::Object;
use crate::bcd::Store;
use crate::bcd::StoreError;
use crate::bcd::compact::compact;
use crate::bcd::element::VALUE_NAME;
use crate::bcd::names::display_name;
use crate::bytes;
use crate::cli::output::json::exported::ExportedElement;
use crate::cli::output::json::exported::ExportedKey;
use crate::cli::output::json::exported::ExportedObject;
use crate::cli::output::json::exported::ExportedStore;
use crate::cli::output::json::exported::ExportedValue;
use crate::cli::output::json::exported::Kind;
use crate::cli::output::json::exported::VERSION;
use crate::cli::output::json::exported::time;
use crate::cli::output::json::store::meaning;
use crate::diagnosis::show_identity;
use crate::hive::Key;
use crate::hive::Value;

impl ExportedStore {
    /// All that a store holds, in the order in which a compact one has it.
    ///
    /// # Errors
    ///
    /// As [`compact`]: what could not be written again is not exported.
    pub fn of(store: &Store) -> Result<Self, StoreError> {
        let store = Store::parse(compact(store)?)?;
        let root = store.hive().root();
        let mut exported = Self {
            bcdrescue: Kind::Store,
            version: VERSION,
            root: root.name.clone(),
            last_written: time::show(store.hive().base_block().last_written),
            values: values(&root.values),
            description: None,
            objects: None,
            other: Vec::new(),
        };
        for subkey in &root.subkeys {
            match subkey.name.as_str() {
                "Description" if subkey.subkeys.is_empty() => {
                    exported.description = Some(values(&subkey.values));
                }
                "Objects" if subkey.values.is_empty() => {
                    exported.objects = Some(subkey.subkeys.iter().map(object).collect());
                }
                _ => exported.other.push(key(subkey)),
            }
        }
        Ok(exported)
    }
}

fn object(key_of_object: &Key) -> ExportedObject {
    let object = Object::from_key(key_of_object);
    let mut exported = ExportedObject {
        identifier: object.name().to_owned(),
        id: object.key.clone(),
        r#type: object.object_type.map(|kind| format!("{:08x}", kind.0)),
        values: values(&key_of_object.values),
        description: None,
        elements: None,
        other: Vec::new(),
    };
    for subkey in &key_of_object.subkeys {
        match subkey.name.as_str() {
            "Description" if subkey.subkeys.is_empty() => {
                exported.description = Some(values(&subkey.values));
            }
            "Elements" if subkey.values.is_empty() => {
                exported.elements = Some(subkey.subkeys.iter().map(|it| element(it, &object)).collect());
            }
            _ => exported.other.push(key(subkey)),
        }
    }
    exported
}

fn element(key_of_element: &Key, object: &Object) -> ExportedElement {
    let element = Element::from_key(key_of_element);
    let (own, others) = match key_of_element.values.as_slice() {
        [first, others @ ..] if first.name == VALUE_NAME => (Some(first), others),
        others => (None, others),
    };
    ExportedElement {
        id: element.key.clone(),
        name: display_name(&element, object.object_type),
        r#type: own.map(|value| value.data_type),
        raw: own.map(|value| bytes::hex(&value.data)),
        value: meaning(&element, &device),
        values: values(others),
        subkeys: key_of_element.subkeys.iter().map(key).collect(),
    }
}

/// A device by itself, whatever disk the store is on.
fn device(element: &Element) -> String {
    match &element.value {
        ElementValue::Device(device) => match &device.device {
            Device::Partition(named) => show_identity(named),
            other => other.display_with(&|named, _| show_identity(named)),
        },
        _ => bytes::hex(&element.raw),
    }
}

fn key(key_of_others: &Key) -> ExportedKey {
    ExportedKey {
        name: key_of_others.name.clone(),
        values: values(&key_of_others.values),
        subkeys: key_of_others.subkeys.iter().map(key).collect(),
    }
}

fn values(all: &[Value]) -> Vec<ExportedValue> {
    let one = |value: &Value| ExportedValue {
        name: value.name.clone(),
        r#type: value.data_type,
        raw: bytes::hex(&value.data),
    };
    all.iter().map(one).collect()
}
