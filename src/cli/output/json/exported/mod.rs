//! A store in JSON with all that it holds, which becomes the same store again.
//!
//! `raw` and `type` decide what a value is; names of elements and what their bytes mean are there for people and for `jq`. Keys and values
//! where a store has none that is known stand under `other`, `values` and `subkeys`.

mod error;
mod export;
mod import;
mod time;

pub use error::ExportError;

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::cli::output::json::escaped;
use crate::cli::output::json::store::Meaning;

/// Version of the shape.
const VERSION: u32 = 1;

/// A store with all that it holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExportedStore {
    /// Always `store`: what this is.
    bcdrescue: Kind,
    /// Version of this shape, 1.
    version: u32,
    /// Name of the root key.
    root: String,
    /// When the store was last written, UTC to 100 ns: `2014-04-03T19:14:58.0000000Z`.
    last_written: String,
    /// The values of the root key; left out when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    values: Vec<ExportedValue>,
    /// The values of the store's own `Description` key; null when it has none.
    description: Option<Vec<ExportedValue>>,
    /// All keys below `Objects`; null when there is no such key.
    objects: Option<Vec<ExportedObject>>,
    /// Other keys below the root; left out when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    other: Vec<ExportedKey>,
}

/// What an exported document is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Kind {
    /// A store.
    Store,
}

/// An object of an exported store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExportedObject {
    /// As bcdedit shows it: `{bootmgr}`, or the GUID. Only shown: `id` decides.
    #[serde(default)]
    identifier: String,
    /// The GUID in braces, as the key is named.
    id: String,
    /// Its type in hex; null when it has none. Only shown: the value `Type` of `description` decides.
    #[serde(default)]
    r#type: Option<String>,
    /// The values of the object's own key; left out when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    values: Vec<ExportedValue>,
    /// The values of its `Description` key; null when there is no such key.
    description: Option<Vec<ExportedValue>>,
    /// All keys below `Elements`; null when there is no such key.
    elements: Option<Vec<ExportedElement>>,
    /// Other keys below the object's; left out when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    other: Vec<ExportedKey>,
}

/// An element of an object of an exported store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExportedElement {
    /// Its type in hex, as the key is named.
    id: String,
    /// bcdedit's name for it; `custom:` and the number where it has none. Only shown: `id` decides.
    #[serde(default)]
    name: String,
    /// The registry's number of its value's type; null when the key does not begin with the value `Element`.
    r#type: Option<u32>,
    /// The bytes of its value in hex; null when `type` is.
    raw: Option<String>,
    /// What they mean; null for bytes without a known meaning. Only shown: `type` and `raw` decide.
    #[serde(default)]
    value: Option<Meaning>,
    /// Other values of the key; left out when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    values: Vec<ExportedValue>,
    /// Keys below the element's; left out when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    subkeys: Vec<ExportedKey>,
}

/// A registry value of an exported store.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExportedValue {
    /// Its name; empty for the default value of a key.
    name: String,
    /// The registry's number of its type: 1 is text, 3 bytes, 4 a number.
    r#type: u32,
    /// Its bytes in hex.
    raw: String,
}

/// A registry key of an exported store, where nothing is known of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ExportedKey {
    /// Its name.
    name: String,
    /// Its values; left out when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    values: Vec<ExportedValue>,
    /// The keys below it; left out when there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    subkeys: Vec<Self>,
}

impl ExportedStore {
    /// The text of the document, with the end of its last line.
    ///
    /// # Errors
    ///
    /// None that is known: everything in it is text and numbers.
    pub fn text(&self) -> serde_json::Result<String> {
        let mut text = escaped(&serde_json::to_string_pretty(self)?);
        text.push('\n');
        Ok(text)
    }
}

#[cfg(test)]
mod tests;
