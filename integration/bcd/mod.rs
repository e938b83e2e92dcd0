//! Editing stores: edits made by chance, held against a model, and judged by hivex and reged; words; stores going out and in.

mod article;
mod change_model;
mod changes;
mod commands;
mod compared;
mod edits;
mod exchange;
mod exported;
mod files;
mod hive_edit;
mod large;
mod objects;
mod power;
mod recipes;
mod refused;
mod told;
mod undone;
mod words;
mod worse;

use std::collections::BTreeMap;
use std::fs;

use roxmltree::Document;
use roxmltree::Node;
use serde_json::Value as Json;

use crate::support::judges::judge;
use crate::support::program::text;
use crate::support::store_by_hivex;

/// The values of each key, registry type and hex by name, by the key's path below the root.
type Tree = BTreeMap<String, BTreeMap<String, Json>>;

/// A hive as hivex reads it.
fn by_hivex(hive: &[u8]) -> Tree {
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), hive).unwrap();
    let xml = String::from_utf8(judge("hivexml", &[text(file.path())])).unwrap();
    let document = Document::parse(&xml).unwrap();
    let root = document.root_element().children().find(|node| node.has_tag_name("node")).unwrap();
    let mut tree = Tree::new();
    collect(root, "", &mut tree);
    tree
}

fn collect(node: Node<'_, '_>, path: &str, tree: &mut Tree) {
    let Json::Object(values) = store_by_hivex::values(node) else { unreachable!() };
    assert!(tree.insert(path.to_owned(), values.into_iter().collect()).is_none(), "{path} twice");
    for (name, node) in store_by_hivex::keys(node) {
        collect(node, &format!("{path}\\{name}"), tree);
    }
}
