//! Stores in JSON: nothing of them is left out.

use crate::bcd::Store;
use crate::bcd::element::Element;
use crate::bcd::element::ElementValue;
use crate::bcd::firmware_variable;
use crate::bcd::names::display_name;
use crate::bcd::object::Object;
use crate::bytes;
use crate::cli::firmware;
use crate::layout::Layout;
use serde_json::Value;
use serde_json::json;

/// Every object of a store with all its elements: nothing is left out, whatever its meaning. Without a layout for a store
/// by itself.
#[must_use]
pub fn objects(layout: Option<&Layout>, store: &Store, show: &dyn Fn(&Element) -> String) -> Value {
    let one = |object: &Object| {
        let elements = object.elements.iter().map(|element| {
            json!({
                "id": element.key,
                "name": display_name(element, object.object_type),
                "type": element.data_type,
                "raw": bytes::hex(&element.raw),
                "value": decoded(element, show),
            })
        });
        let mut one = json!({
            "identifier": object.name(),
            "id": object.key,
            "type": object.object_type.map(|kind| format!("{:08x}", kind.0)),
            "description": values(&object.description),
            "elements": elements.collect::<Vec<_>>(),
        });
        if firmware_variable::value_of(object).is_some()
            && let Some(fields) = one.as_object_mut()
        {
            fields.insert("firmware_variable".into(), firmware::entry(layout, object));
        }
        one
    };
    store.objects().iter().map(one).collect()
}

/// Registry values of a `Description` key.
#[must_use]
pub fn values(values: &[crate::hive::Value]) -> Value {
    let one = |value: &crate::hive::Value| json!({ "name": value.name, "type": value.data_type, "raw": bytes::hex(&value.data) });
    values.iter().map(one).collect()
}

fn decoded(element: &Element, show: &dyn Fn(&Element) -> String) -> Value {
    match &element.value {
        ElementValue::Device(_) => json!(show(element)),
        ElementValue::String(text) => json!(text),
        ElementValue::Object(id) => json!(id.braced()),
        ElementValue::ObjectList(list) => list.iter().map(|id| json!(id.braced())).collect(),
        ElementValue::Integer(number) => json!(number),
        ElementValue::Boolean(yes) => json!(yes),
        ElementValue::IntegerList(list) => json!(list),
        ElementValue::Binary | ElementValue::Opaque { .. } => Value::Null,
    }
}
