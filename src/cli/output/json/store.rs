//! Stores in JSON: nothing of them is left out.

use schemars::JsonSchema;
use serde::Deserialize;
use serde::Serialize;

use crate::bcd;
use crate::bcd::Store;
use crate::bcd::firmware_variable;
use crate::bcd::names::display_name;
use crate::bytes;
use crate::cli::output::firmware_entries;
use crate::cli::output::firmware_entries::FirmwareEntry;
use crate::cli::output::json::finding::Finding;
use crate::cli::output::json::target::Examined;
use crate::cli::output::json::target::Required;
use crate::diagnosis::Verdict;
use crate::hive;
use crate::layout::Layout;

/// An object of a store.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Object {
    /// As bcdedit shows it: `{bootmgr}`, or the GUID.
    identifier: String,
    /// The GUID in braces, as the key is named.
    id: String,
    /// Its type in hex; null when it has none.
    r#type: Option<String>,
    /// The values of its `Description` key.
    description: Vec<Value>,
    elements: Vec<Element>,
    /// The firmware's boot entry of which it keeps a copy; null for one that is not understood.
    #[serde(skip_serializing_if = "Option::is_none")]
    firmware_variable: Option<Option<FirmwareEntry>>,
}

/// A registry value.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Value {
    name: String,
    /// The registry's number of its type: 1 is text, 3 bytes, 4 a number.
    r#type: u32,
    /// Its bytes in hex.
    raw: String,
}

/// An element of an object.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Element {
    /// Its type in hex, as the key is named.
    id: String,
    /// bcdedit's name for it; the number where it has none.
    name: String,
    /// The registry's number of its value's type.
    r#type: Option<u32>,
    /// Its bytes in hex.
    raw: String,
    /// What they mean; null for bytes without a known meaning.
    value: Option<Meaning>,
}

/// What an element says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(untagged)]
pub enum Meaning {
    /// A text, an identifier, or a device.
    Text(String),
    /// A list of identifiers.
    Texts(Vec<String>),
    /// A number.
    Number(u64),
    /// A list of numbers.
    Numbers(Vec<u64>),
    /// Yes or no.
    Flag(bool),
}

/// A store on a disk.
#[derive(Debug, Serialize, JsonSchema)]
pub struct StoreOnDisk {
    /// Its path on the volume.
    pub path: String,
    /// Number of the partition.
    pub partition: Option<u32>,
    /// The firmware that reads it.
    pub firmware: String,
    /// Whether the firmware of this disk reads it.
    pub live: bool,
    /// Why it cannot be read.
    pub error: Option<String>,
    /// Why nothing of it can be written.
    pub not_patchable: Option<String>,
    /// What stands in the way of writing it.
    pub obstacles: Vec<String>,
    /// Whether it was not closed cleanly.
    pub dirty: Option<bool>,
    /// What was taken from its logs.
    pub replayed: Option<String>,
    /// The entry that starts by default, in braces.
    pub default: Option<String>,
    /// The entry that starts, in braces.
    pub starts: Option<String>,
    /// The values of the store's own `Description` key.
    pub description: Option<Vec<Value>>,
    /// All its objects.
    pub objects: Option<Vec<Object>>,
}

/// Objects of a store that `bcd enum` or `bcd get` shows.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Enumerated {
    /// The disk or the store file, as the user named it.
    pub target: String,
    /// The store's path on its volume; null for a store file by itself.
    pub store: Option<String>,
    /// Number of its partition; null for a store file by itself.
    pub partition: Option<u32>,
    /// The objects; of `get` with an element one object with that alone.
    pub objects: Vec<Object>,
    /// Always null.
    pub error: Option<String>,
}

/// A disk of `inspect`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Inspected {
    /// What `check` says of it.
    #[serde(flatten)]
    pub examined: Examined,
    /// All partitions.
    pub partitions: Vec<crate::cli::output::json::disk::Partition>,
    /// All stores.
    pub stores: Vec<StoreOnDisk>,
}

/// A store file by itself, of `inspect`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct InspectedFile {
    /// As the user named it.
    pub target: String,
    /// Always `store`.
    pub kind: &'static str,
    /// One.
    pub stores: [StoreInFile; 1],
    /// Always null.
    pub error: Option<String>,
}

/// What is in a store file.
#[derive(Debug, Serialize, JsonSchema)]
pub struct StoreInFile {
    /// The file.
    pub path: String,
    /// The values of the store's own `Description` key.
    pub description: Vec<Value>,
    /// All its objects.
    pub objects: Vec<Object>,
}

/// A store file by itself, of `check`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CheckedFile {
    /// As the user named it.
    pub target: String,
    /// Always `store`.
    pub kind: &'static str,
    /// The answer in a word.
    pub verdict: Verdict,
    /// Gravest first.
    pub findings: Vec<Finding>,
    /// Always empty.
    pub notes: Vec<String>,
    /// What was required with `--require`, and whether the store meets it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub requirements: Vec<Required>,
    /// Always null.
    pub error: Option<String>,
}

/// Every object of a store with all its elements: nothing is left out, whatever its meaning. Without a layout for a store
/// by itself.
#[must_use]
pub fn objects(
    layout: Option<&Layout>,
    store: &Store,
    show: &dyn Fn(&bcd::element::Element) -> String,
) -> Vec<Object> {
    those(layout, store.objects().iter(), show)
}

/// Some of the objects of a store.
pub fn those<'o>(
    layout: Option<&Layout>,
    objects: impl Iterator<Item = &'o bcd::object::Object>,
    show: &dyn Fn(&bcd::element::Element) -> String,
) -> Vec<Object> {
    let one = |object: &bcd::object::Object| Object {
        identifier: object.name().to_string(),
        id: object.key.to_string(),
        r#type: object.object_type.map(|kind| format!("{:08x}", kind.0)),
        description: values(&object.description),
        elements: elements(object, show),
        firmware_variable: firmware_variable::value_of(object)
            .map(|_| firmware_entries::entry(layout, object)),
    };
    objects.map(one).collect()
}

/// All elements of an object.
pub(super) fn elements(
    object: &bcd::object::Object,
    show: &dyn Fn(&bcd::element::Element) -> String,
) -> Vec<Element> {
    let one = |element: &bcd::element::Element| Element {
        id: element.key.to_string(),
        name: display_name(element, object.object_type).to_string(),
        r#type: element.data_type.into(),
        raw: bytes::hex(&element.raw),
        value: meaning(element, show),
    };
    object.elements.iter().map(one).collect()
}

/// Registry values of a `Description` key.
#[must_use]
pub fn values(values: &[hive::Value]) -> Vec<Value> {
    values.iter().map(value).collect()
}

/// A registry value.
pub(super) fn value(value: &hive::Value) -> Value {
    Value { name: value.name.to_string(), r#type: value.data_type, raw: bytes::hex(&value.data) }
}

/// What the value of an element means; `show` tells of devices.
pub(super) fn meaning(
    element: &bcd::element::Element,
    show: &dyn Fn(&bcd::element::Element) -> String,
) -> Option<Meaning> {
    use crate::bcd::element::ElementValue;
    Some(match &element.value {
        ElementValue::Device(_) => Meaning::Text(show(element)),
        ElementValue::String(text) => Meaning::Text(text.to_string()),
        ElementValue::Object(id) => Meaning::Text(id.braced()),
        ElementValue::ObjectList(list) => Meaning::Texts(list.iter().map(|id| id.braced()).collect()),
        ElementValue::Integer(number) => Meaning::Number(*number),
        ElementValue::Boolean(yes) => Meaning::Flag(*yes),
        ElementValue::IntegerList(list) => Meaning::Numbers(list.clone()),
        ElementValue::Binary(_) | ElementValue::Opaque { .. } => return None,
    })
}
