//! Elements: an id that tells the format of a value, and the value.

mod id;
mod value;

pub use id::ElementFormat;
pub use id::ElementId;
pub use value::ElementValue;

use crate::hive::Key;

/// Name of the one value of an element's key.
pub(crate) const VALUE_NAME: &str = "Element";

/// An element of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Element {
    /// Its id; `None` when the key's name is not eight hex digits.
    pub id: Option<ElementId>,
    /// Name of its key as it is spelt.
    pub key: String,
    /// Registry type of its value.
    pub data_type: u32,
    /// The bytes of its value.
    pub raw: Vec<u8>,
    /// File offset of the first of them in the hive.
    pub at: usize,
    /// What they mean.
    pub value: ElementValue,
}

impl Element {
    /// The element that a key below `Elements` holds.
    #[must_use]
    pub fn from_key(key: &Key) -> Self {
        let id = ElementId::from_key_name(&key.name);
        let Some(stored) = key.value(VALUE_NAME) else {
            let why = "its key has no value named Element".to_owned();
            let value = ElementValue::Opaque { why };
            return Self { id, key: key.name.clone(), data_type: 0, raw: Vec::new(), at: key.at, value };
        };
        let value = id.map_or_else(
            || ElementValue::Opaque { why: "its key's name is not eight hex digits".to_owned() },
            |id| ElementValue::decode(id, stored.data_type, &stored.data),
        );
        let (data_type, at) = (stored.data_type, stored.at);
        Self { id, key: key.name.clone(), data_type, raw: stored.data.clone(), at, value }
    }
}
