//! What differs between two stores, in JSON.

use schemars::JsonSchema;
use serde::Serialize;

use crate::bcd;
use crate::bcd::compare::Comparison;
use crate::bcd::compare::Difference;
use crate::bcd::names::display_name;
use crate::bytes;
use crate::cli::output::json::store;
use crate::cli::output::json::store::Element;
use crate::cli::output::json::store::Meaning;
use crate::cli::output::json::store::Value;
use crate::hive;

/// Something that differs between two stores, or that an edit of a store changes.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum StoreChange {
    /// An object that one of both stores has not.
    Object {
        /// As bcdedit shows it: `{bootmgr}`, or the GUID.
        identifier: String,
        /// The GUID in braces, as the key is named.
        object: String,
        /// `added` or `removed`.
        change: Change,
        /// Its type in hex; null when it has none.
        r#type: Option<String>,
        /// All its elements.
        elements: Vec<Element>,
    },
    /// An element of an object that both have.
    Element {
        /// The object as bcdedit shows it.
        identifier: String,
        /// The object's GUID in braces.
        object: String,
        /// The element's type in hex, as the key is named.
        id: String,
        /// bcdedit's name for it; `custom:` and the number where it has none.
        name: String,
        /// What became of it.
        change: Change,
        /// Its value before; null for one that is added.
        before: Option<StoredValue>,
        /// Its value after; null for one that is removed.
        after: Option<StoredValue>,
    },
    /// A value of a `Description` key.
    Description {
        /// The object as bcdedit shows it; null for the description of the store itself.
        identifier: Option<String>,
        /// The object's GUID in braces; null for the description of the store itself.
        object: Option<String>,
        /// Name of the value.
        name: String,
        /// What became of it.
        change: Change,
        /// The value before; null for one that is added.
        before: Option<Value>,
        /// The value after; null for one that is removed.
        after: Option<Value>,
    },
    /// A key or value where a store has none that is known.
    Other {
        /// Names of the keys that lead to it from the root, and its own.
        path: Vec<String>,
        /// What became of it.
        change: Change,
        /// The value before; null for one that is added, and for a key.
        before: Option<Value>,
        /// The value after; null for one that is removed, and for a key.
        after: Option<Value>,
    },
}

/// What became of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// It was not there before.
    Added,
    /// It is not there any more.
    Removed,
    /// It says something else.
    Changed,
    /// It says the same in other bytes: a number stored in fewer of them, old letters behind the end of a text.
    SameValue,
}

/// The value of an element.
#[derive(Debug, Serialize, JsonSchema)]
pub struct StoredValue {
    /// The registry's number of its type.
    r#type: u32,
    /// Its bytes in hex.
    raw: String,
    /// What they mean; null for bytes without a known meaning.
    value: Option<Meaning>,
}

/// All that differs between two stores; `show` tells of devices.
#[must_use]
pub fn changes(
    comparison: &Comparison<'_>,
    show: &dyn Fn(&bcd::element::Element) -> String,
) -> Vec<StoreChange> {
    comparison.differences.iter().map(|difference| one(difference, show)).collect()
}

fn one(difference: &Difference<'_>, show: &dyn Fn(&bcd::element::Element) -> String) -> StoreChange {
    let change = change(difference);
    match difference {
        Difference::Object { object, .. } => StoreChange::Object {
            identifier: object.name().to_owned(),
            object: object.key.clone(),
            change,
            r#type: object.object_type.map(|kind| format!("{:08x}", kind.0)),
            elements: store::elements(object, show),
        },
        Difference::Element { objects: [object, later], before, after } => {
            let kind = if after.is_some() { later.object_type } else { object.object_type };
            let element = after.or(*before);
            let stored = |element: &&bcd::element::Element| StoredValue {
                r#type: element.data_type,
                raw: bytes::hex(&element.raw),
                value: store::meaning(element, show),
            };
            StoreChange::Element {
                identifier: object.name().to_owned(),
                object: object.key.clone(),
                id: element.map(|element| element.key.clone()).unwrap_or_default(),
                name: element.map(|element| display_name(element, kind)).unwrap_or_default(),
                change,
                before: before.as_ref().map(stored),
                after: after.as_ref().map(stored),
            }
        }
        Difference::Description { objects, before, after } => StoreChange::Description {
            identifier: objects.map(|[object, _]| object.name().to_owned()),
            object: objects.map(|[object, _]| object.key.clone()),
            name: after.or(*before).map(|value| value.name.clone()).unwrap_or_default(),
            change,
            before: before.map(value),
            after: after.map(value),
        },
        Difference::Other { path, before, after, .. } => StoreChange::Other {
            path: path.clone(),
            change,
            before: before.map(value),
            after: after.map(value),
        },
    }
}

fn value(value: &hive::Value) -> Value {
    store::value(value)
}

fn change(difference: &Difference<'_>) -> Change {
    match difference.is_there() {
        [false, _] => Change::Added,
        [_, false] => Change::Removed,
        _ if difference.is_same_value() => Change::SameValue,
        _ => Change::Changed,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value as Json;
    use serde_json::json;

    use super::*;
    use crate::bcd::ElementId;
    use crate::bcd::ElementValue;
    use crate::bcd::ObjectType;
    use crate::bcd::Store;
    use crate::bcd::compare::compare;
    use crate::bcd::create::NewElement;
    use crate::bcd::create::NewObject;
    use crate::bcd::create::NewStore;
    use crate::bcd::object_id::BOOTMGR;
    use crate::bcd::object_id::MEMDIAG;

    fn store(objects: Vec<NewObject>, firmware_modified: bool) -> Store {
        Store::parse(NewStore { objects, last_written: 0, firmware_modified }.build().unwrap()).unwrap()
    }

    #[test]
    fn each_kind_says_what_became_of_it() {
        let manager = |raw: &[u8]| {
            let mut manager = NewObject::new(BOOTMGR, ObjectType::BOOT_MANAGER);
            manager.elements.push((ElementId::TIMEOUT, NewElement::Raw(raw.to_vec())));
            manager
        };
        let tester = NewObject::new(MEMDIAG, ObjectType::MEMDIAG)
            .with(ElementId::PATH, ElementValue::String(r"\boot\memtest.exe".into()));
        let before = store(vec![manager(&[30]), tester], true);
        let after = store(vec![manager(&[30, 0, 0, 0, 0, 0, 0, 0])], false);
        let changes = changes(&compare(&before, &after), &|_| String::new());
        let bootmgr = BOOTMGR.braced();
        let expected = json!([
            {"kind": "description", "identifier": null, "object": null, "name": "FirmwareModified", "change": "removed",
                "before": {"name": "FirmwareModified", "type": 4, "raw": "01000000"}, "after": null},
            {"kind": "element", "identifier": "{bootmgr}", "object": bootmgr, "id": "25000004", "name": "timeout",
                "change": "same-value", "before": {"type": 3, "raw": "1e", "value": 30},
                "after": {"type": 3, "raw": "1e00000000000000", "value": 30}},
            {"kind": "object", "identifier": "{memdiag}", "object": MEMDIAG.braced(), "change": "removed", "type": "10200005",
                "elements": [{"id": "12000002", "name": "path", "type": 1, "raw": bytes::hex(&bytes::utf16le("\\boot\\memtest.exe\0")),
                    "value": "\\boot\\memtest.exe"}]},
        ]);
        assert_eq!(serde_json::to_value(&changes).unwrap(), expected);
        assert_eq!(
            serde_json::to_value(super::changes(&compare(&after, &after), &|_| String::new())).unwrap(),
            Json::Array(Vec::new())
        );
    }
}
