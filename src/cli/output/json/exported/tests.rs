use serde_json::Value as Json;
use serde_json::json;

use super::*;
use crate::bcd::ELEMENTS_MAX;
use crate::bcd::Store;
use crate::bcd::StoreError;
use crate::bcd::compact::compact;
use crate::hive::HiveError;
use crate::hive::build::NewKey;
use crate::hive::build::NewValue;
use crate::hive::build::build;

fn key(name: &str, values: Vec<NewValue>, subkeys: Vec<NewKey>) -> NewKey {
    NewKey { name: name.to_owned(), values, subkeys }
}

fn value(name: &str, data: &[u8]) -> NewValue {
    NewValue { name: name.to_owned(), data_type: 3, data: data.to_vec() }
}

/// A store with something in every place, known or not.
fn strange() -> NewKey {
    let plain = key("16000009", vec![value("Element", &[1])], Vec::new());
    let more = vec![value("Element", &[5]), value("x", &[1; 9])];
    let more = key("25000004", more, vec![key("below", vec![value("", &[])], Vec::new())]);
    let late = key("25000005", vec![value("x", &[2]), value("Element", &[5])], Vec::new());
    let other = key("nonsense", vec![value("element", &[1, 2, 3, 4, 5])], Vec::new());
    let elements = vec![plain, more, late, other];
    let manager = vec![
        key("Description", vec![value("Type", &[2, 0, 0x10, 0x10])], Vec::new()),
        key("Elements", Vec::new(), elements.clone()),
        key("\u{202e}\n", Vec::new(), Vec::new()),
    ];
    let shouted = vec![
        key("DESCRIPTION", vec![value("Type", &[1])], Vec::new()),
        key("Elements", vec![value("stray", &[])], elements),
    ];
    let objects = vec![
        key("{9dea862c-5cdd-4e70-acc1-f32b344d4795}", vec![value("y", &[3])], manager),
        key("{x}", Vec::new(), shouted),
    ];
    let subkeys = vec![
        key("Description", vec![value("KeyName", &[65, 0])], vec![key("below", Vec::new(), Vec::new())]),
        key("Objects", Vec::new(), objects),
    ];
    key("any", vec![value("of the root", &[4])], subkeys)
}

fn store(root: &NewKey) -> Store {
    Store::parse(build(root, 42).unwrap()).unwrap()
}

#[test]
fn nothing_is_lost_on_the_way_out_and_in() {
    let empty = key("any", Vec::new(), Vec::new());
    let bare =
        key("any", Vec::new(), vec![key("Objects", Vec::new(), vec![key("{x}", Vec::new(), Vec::new())])]);
    for root in [strange(), empty, bare] {
        let given = store(&root);
        let text = ExportedStore::of(&given).unwrap().text().unwrap();
        let read = ExportedStore::parse(text.as_bytes()).unwrap();
        let bytes = read.store().unwrap();
        assert!(bytes == compact(&given).unwrap());
        assert_eq!(read.text().unwrap(), text);
        assert_eq!(ExportedStore::of(&Store::parse(bytes).unwrap()).unwrap(), read);
    }
}

#[test]
fn what_is_known_has_its_place() {
    let text = ExportedStore::of(&store(&strange())).unwrap().text().unwrap();
    assert!(text.contains(r"\u202e") && !text.contains('\u{202e}'), "{text}");
    let json: Json = serde_json::from_str(&text).unwrap();
    assert_eq!((&json["bcdrescue"], &json["version"]), (&json!("store"), &json!(1)));
    assert_eq!(
        (&json["root"], &json["last_written"]),
        (&json!("any"), &json!("1601-01-01T00:00:00.0000042Z"))
    );
    assert_eq!((&json["description"], json["other"][0]["name"].as_str()), (&Json::Null, Some("Description")));
    let manager = &json["objects"][0];
    assert_eq!((&manager["identifier"], &manager["type"]), (&json!("{bootmgr}"), &Json::Null));
    let first = json!({"id": "16000009", "name": "recoveryenabled", "type": 3, "raw": "01", "value": true});
    assert_eq!(manager["elements"][0], first);
    let second = &manager["elements"][1];
    assert_eq!((&second["value"], second["values"][0]["name"].as_str()), (&json!(5), Some("x")));
    let third = &manager["elements"][2];
    assert_eq!(
        (&third["type"], &third["raw"], third["values"].as_array().unwrap().len()),
        (&Json::Null, &Json::Null, 2)
    );
    let shouted = &json["objects"][1];
    assert_eq!((&shouted["description"], &shouted["elements"]), (&Json::Null, &Json::Null));
}

#[test]
fn what_is_only_shown_may_be_left_out_or_wrong() {
    let mut json = serde_json::to_value(ExportedStore::of(&store(&strange())).unwrap()).unwrap();
    let object = json["objects"][0].as_object_mut().unwrap();
    object.remove("identifier");
    object.insert("type".into(), "nonsense".into());
    let elements = object["elements"].as_array_mut().unwrap();
    elements[0].as_object_mut().unwrap().remove("name");
    elements[0]["value"] = "nonsense".into();
    elements[1].as_object_mut().unwrap().remove("value");
    let bytes = ExportedStore::parse(json.to_string().as_bytes()).unwrap().store().unwrap();
    assert!(bytes == compact(&store(&strange())).unwrap());
}

/// A document that is right, with a change.
fn changed(change: impl FnOnce(&mut Json)) -> String {
    let element = json!({"id": "16000009", "type": 3, "raw": "01"});
    let object = json!({"id": "{x}", "elements": [element]});
    let mut json = json!({"bcdrescue": "store", "version": 1, "root": "any",
        "last_written": "2014-04-03T19:14:58.0000000Z", "objects": [object]});
    change(&mut json);
    json.to_string()
}

fn refused(text: &str) -> String {
    let stored = ExportedStore::parse(text.as_bytes()).and_then(|read| read.store());
    stored.map(|_| String::new()).unwrap_or_else(|error| error.to_string())
}

#[test]
fn what_is_no_store_is_named_with_its_place() {
    assert_eq!(refused(&changed(|_| {})), "");
    let kind = "exported store: expected \"bcdrescue\": \"store\" and \"version\": 1, found ";
    let (more, twice) = (json!({"id": "16000009"}), json!({"id": "{X}"}));
    let cases: [(String, &str); 16] = [
        (changed(|json| json["version"] = 2.into()), &format!("{kind}\"store\" and 2")),
        (changed(|json| json["bcdrescue"] = "record".into()), &format!("{kind}\"record\" and 1")),
        ("{}".into(), &format!("{kind}none and none")),
        ("{\"version\": 1}".into(), &format!("{kind}none and 1")),
        ("[]".into(), "exported store: invalid length 0, expected an exported store at line 1 column 2"),
        ("\u{1}".into(), "exported store: expected value at line 1 column 1"),
        (
            changed(|json| json["last_written"] = "today\n".into()),
            "last_written: expected a time like 2014-04-03T19:14:58.0000000Z, found today\\n",
        ),
        (
            changed(|json| json["objects"][0]["elements"][0]["raw"] = "0g".into()),
            r#"raw of Objects\{x}\Elements\16000009: expected two hex digits for each byte, found "g" at 0x1"#,
        ),
        (
            changed(|json| json["values"] = json!([{"name": "a\n", "type": 1, "raw": "000"}])),
            r"raw of a\n: expected two hex digits for each byte, found 0x3 digits",
        ),
        (
            changed(|json| json["objects"][0]["elements"][0]["raw"] = Json::Null),
            r"Objects\{x}\Elements\16000009: expected both type and raw, or neither of them, found one",
        ),
        (
            changed(|json| json["objects"].as_array_mut().unwrap().push(twice)),
            r"Objects\{X}: expected once, found twice",
        ),
        (
            changed(|json| json["objects"][0]["elements"].as_array_mut().unwrap().push(more)),
            r"Objects\{x}\Elements\16000009: expected once, found twice",
        ),
        (changed(|json| json["other"] = json!([{"name": "OBJECTS"}])), "OBJECTS: expected once, found twice"),
        (
            changed(|json| json["objects"][0]["elements"][0]["a\nb"] = 1.into()),
            "exported store: unknown field `a\\nb`, expected one of",
        ),
        (
            changed(|json| json["root"] = "a\u{fffd}".into()),
            "name a\u{fffd} of a key or value: expected UTF-16 text, found half a character",
        ),
        (
            changed(|json| drop(json.as_object_mut().unwrap().remove("root"))),
            "exported store: missing field `root`",
        ),
    ];
    for (text, error) in cases {
        let found = refused(&text);
        assert!(found.starts_with(error), "{found}\n{error}");
        assert!(!found.contains(['\n', '\r']), "{found}");
    }
}

#[test]
fn there_are_bounds() {
    let large = vec![b' '; (16 << 20) + 1];
    assert!(
        matches!(ExportedStore::parse(&large), Err(ExportError::Large { len, .. }) if len == large.len())
    );
    let deep = |levels: usize| {
        let key = (0..levels).fold(json!({"name": "x"}), |key, _| json!({"name": "x", "subkeys": [key]}));
        let text = changed(|json| json["other"] = json!([key]));
        ExportedStore::parse(text.as_bytes()).and_then(|read| read.store())
    };
    assert!(deep(31).is_ok());
    assert!(matches!(deep(32), Err(ExportError::Store(StoreError::Hive(HiveError::Unsupported { .. })))));
    let nested = format!("{}1{}", "[".repeat(100_000), "]".repeat(100_000));
    assert!(matches!(ExportedStore::parse(nested.as_bytes()), Err(ExportError::Syntax(_))));
    let many = |count: usize| {
        let elements = (0..count).map(|number| json!({"id": format!("{number:08x}"), "type": 3, "raw": ""}));
        let elements: Json = elements.collect();
        let text = changed(|json| json["objects"][0]["elements"] = elements);
        ExportedStore::parse(text.as_bytes()).and_then(|read| read.store())
    };
    assert!(many(ELEMENTS_MAX).is_ok());
    let found = ELEMENTS_MAX + 1;
    assert!(
        matches!(many(found), Err(ExportError::Store(StoreError::Elements { found: it })) if it == found)
    );
}
