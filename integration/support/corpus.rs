//! Stores that Windows wrote, where they are at hand.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::path::PathBuf;

use serde_json::Value as Json;

use crate::support::judges::judge;
use crate::support::program::not_run;
use crate::support::program::text;

/// The corpus; `None`, with a word about it, where it is not.
pub fn folder() -> Option<PathBuf> {
    let named = std::env::var_os("BCDRESCUE_CORPUS").map(PathBuf::from);
    let folder = named.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus"));
    if folder.join("expected.json").is_file() {
        return Some(folder);
    }
    not_run("the corpus of real stores", "it was not found; BCDRESCUE_CORPUS names its folder");
    None
}

/// What a store that bcdboot made and a template hold, as hivex reads them, and their folder; `None`, with a word about it, where
/// they are not at hand.
pub fn made_by_bcdboot() -> Option<(Json, PathBuf)> {
    let folder = folder()?.join("../corpus-rebuild");
    let Ok(expected) = fs::read(folder.join("expected.json")) else {
        not_run("the store that bcdboot made", "it is not beside the corpus");
        return None;
    };
    Some((serde_json::from_slice(&expected).unwrap(), folder))
}

/// The SYSTEM hive of this name that a Windows wrote; `None`, with a word about it, where it is not at hand.
pub fn system_hive(name: &str) -> Option<Vec<u8>> {
    let packed = folder()?.join("../corpus-hives").join(format!("{name}.SYSTEM.xz"));
    if !packed.is_file() {
        not_run("a SYSTEM hive of a real Windows", "it is not beside the corpus");
        return None;
    }
    Some(judge("xz", &["-dc", text(&packed)]))
}

/// Name, bytes and expectation of every store; empty without the corpus.
pub fn stores() -> Vec<(String, Vec<u8>, Json)> {
    let Some(folder) = folder() else { return Vec::new() };
    let expected = fs::read(folder.join("expected.json")).unwrap();
    let expected: BTreeMap<String, Json> = serde_json::from_slice(&expected).unwrap();
    assert!(!expected.is_empty());
    expected
        .into_iter()
        .map(|(name, expected)| {
            let bytes = fs::read(folder.join(format!("{name}.bcd"))).unwrap();
            (name, bytes, expected)
        })
        .collect()
}
