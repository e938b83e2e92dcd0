//! Stores as hivex reads them, in the form of the corpus' `expected.json`.

use std::fs;

use bcdrescue::bytes;
use bcdrescue::guid::Guid;
use roxmltree::Document;
use roxmltree::Node;
use serde_json::Value as Json;
use serde_json::json;

use crate::support::judges::base64;
use crate::support::judges::judge;
use crate::support::oracle::Identity;
use crate::support::program::text;

/// A store as hivex reads it: `{root, description, objects: {id: {description, elements: {id: [registry type, hex]}}}}`.
pub fn by_hivex(store: &[u8]) -> Json {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), store).unwrap();
    let xml = String::from_utf8(judge("hivexml", &[text(file.path())])).unwrap();
    let document = Document::parse(&xml).unwrap();
    let root = child(document.root_element(), "NewStoreRoot");
    let object = |node: Node<'_, '_>| {
        let elements = keys(child(node, "Elements"));
        let elements = elements.map(|(name, node)| (name, values(node)["Element"].clone()));
        let elements: serde_json::Map<_, _> = elements.collect();
        json!({"description": values(child(node, "Description")), "elements": elements})
    };
    let objects: serde_json::Map<_, _> =
        keys(child(root, "Objects")).map(|(name, node)| (name, object(node))).collect();
    json!({"root": "NewStoreRoot", "description": values(child(root, "Description")), "objects": objects})
}

/// The keys below a key, with their names.
pub(crate) fn keys<'a>(node: Node<'a, 'a>) -> impl Iterator<Item = (String, Node<'a, 'a>)> {
    let nodes = node.children().filter(|node| node.has_tag_name("node"));
    nodes.map(|node| (node.attribute("name").unwrap().to_owned(), node))
}

fn child<'a>(node: Node<'a, 'a>, name: &str) -> Node<'a, 'a> {
    keys(node).find(|(known, _)| known == name).unwrap_or_else(|| panic!("no key {name}")).1
}

/// The values of a key: registry type and hex by name.
pub(crate) fn values(node: Node<'_, '_>) -> Json {
    let nodes = node.children().filter(|node| node.has_tag_name("value"));
    let named = nodes.map(|node| (node.attribute("key").unwrap_or_default().to_owned(), value(node)));
    Json::Object(named.collect())
}

fn value(node: Node<'_, '_>) -> Json {
    let content = node.attribute("value").unwrap_or_default();
    let ended = |text: &str| bytes::utf16le(&format!("{text}\0"));
    let (kind, data) = match node.attribute("type").unwrap() {
        "string" => (1, ended(content)),
        "binary" => (3, base64(content)),
        // With a sign.
        "int32" => (4, content.parse::<i32>().unwrap().to_le_bytes().to_vec()),
        "string-list" => {
            let strings = node.children().filter(|node| node.has_tag_name("string"));
            let all: String = strings.map(|node| format!("{}\0", node.text().unwrap_or_default())).collect();
            (7, bytes::utf16le(&all))
        }
        other => panic!("{other}"),
    };
    json!([kind, bytes::hex(&data)])
}

/// What a store says in an element, as bytes.
pub fn raw(store: &Json, object: &str, element: &str) -> Option<Vec<u8>> {
    let hex = store["objects"][object]["elements"][element][1].as_str()?;
    Some((0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect())
}

/// The text that a store says in an element.
pub fn string(store: &Json, object: &str, element: &str) -> Option<String> {
    Some(bytes::utf16le_until_nul(&raw(store, object, element)?))
}

/// The identity whose 40 bytes stand here.
pub fn identity(raw: &[u8], at: usize) -> Identity {
    let sixteen = |at: usize| raw[at..at + 16].try_into().unwrap();
    match raw[at + 20] {
        1 => Identity::Mbr {
            signature: u32::from_le_bytes(raw[at + 24..at + 28].try_into().unwrap()),
            offset: u64::from_le_bytes(raw[at..at + 8].try_into().unwrap()),
        },
        _ => Identity::Gpt { disk: sixteen(at + 24), partition: sixteen(at) },
    }
}

/// The id that a key or a text spells with braces.
pub fn guid(braced: &str) -> Guid {
    braced.trim_matches(['{', '}']).parse().unwrap()
}

/// The text of a value.
pub fn string_of(value: &Json) -> String {
    let hex = value[1].as_str().unwrap();
    let bytes: Vec<u8> =
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect();
    bytes::utf16le_until_nul(&bytes)
}
