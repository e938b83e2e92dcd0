//! Random edits of every store of the corpus, and of a new one: the hive holds what a model holds, to our reader and to hivex, and
//! reged takes it.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use bcdrescue::bytes;
use bcdrescue::hive::Hive;
use bcdrescue::hive::edit::EditError;
use bcdrescue::hive::edit::Editor;
use bcdrescue::hive::edit::raise_sequence;
use serde_json::json;

use super::by_hivex;
use crate::fuzz_targets::hive_edits::Edit;
use crate::fuzz_targets::hive_edits::Model;
use crate::fuzz_targets::hive_edits::step;
use crate::support::chance::Chance;
use crate::support::corpus;
use crate::support::judges::judge;
use crate::support::program::counted;
use crate::support::program::not_run;
use crate::support::program::text;

/// Sequences for each store, and edits of each.
const SEQUENCES: u64 = 4;
const EDITS: usize = 30;

/// What a model holds, by paths.
fn by_model(model: &Model, path: &str, tree: &mut BTreeMap<String, Model>) {
    tree.insert(path.to_owned(), model.clone());
    model.subkeys.iter().for_each(|key| by_model(key, &format!("{path}\\{}", key.name), tree));
}

/// All that was not edited is as before, and all that was edited as it should be, as hivex reads both.
fn agree(name: &str, before: &[u8], after: &[u8], model: &Model) {
    let (was, is) = (by_hivex(before), by_hivex(after));
    let (mut old, mut new) = (BTreeMap::new(), BTreeMap::new());
    by_model(&Model::of(Hive::parse(before.to_vec()).unwrap().root()), "", &mut old);
    by_model(model, "", &mut new);
    assert!(is.keys().eq(new.keys()), "{name}");
    for (path, key) in &new {
        assert_eq!(is[path].len(), key.values.len(), "{name}: {path}");
        for value in &key.values {
            let said = is[path].get(&value.0).unwrap_or_else(|| panic!("{name}: {path}: no {}", value.0));
            let is_old = old.get(path).is_some_and(|key| key.values.contains(value));
            let expected =
                if is_old { was[path][&value.0].clone() } else { json!([value.1, bytes::hex(&value.2)]) };
            assert_eq!(*said, expected, "{name}: {path}: {}", value.0);
        }
    }
}

/// Whether reged can be asked, the registry editor of chntpw.
fn has_reged() -> bool {
    Command::new("reged").output().is_ok()
}

/// The keys that reged exports, one a section.
fn keys_by_reged(hive: &[u8]) -> usize {
    let folder = tempfile::tempdir().unwrap();
    let [file, out] = ["hive", "out.reg"].map(|name| folder.path().join(name));
    fs::write(&file, hive).unwrap();
    judge("reged", &["-x", text(&file), "HKEY_LOCAL_MACHINE\\BCD", "\\", text(&out)]);
    let exported = String::from_utf8_lossy(&fs::read(&out).unwrap()).into_owned();
    exported.lines().filter(|line| line.starts_with('[')).count()
}

fn count(model: &Model) -> usize {
    model.subkeys.iter().map(count).sum::<usize>() + 1
}

#[test]
fn any_edits_of_any_store_are_what_hivex_reads() {
    let reged = has_reged();
    if !reged {
        not_run("edited hives before reged", "it is not installed");
    }
    let (mut edits, mut hives) = (0, 0);
    for (name, store, _) in corpus::stores() {
        if Editor::new(store.clone()).is_err() {
            continue;
        }
        for sequence in 0..SEQUENCES {
            let mut chance = Chance::new(&name, sequence);
            let mut editor = Editor::new(store.clone()).unwrap();
            let mut model = Model::of(Hive::parse(store.clone()).unwrap().root());
            for _ in 0..EDITS {
                let edit = Edit::by_chance(&model, &mut |end| chance.below(end));
                // reged aborts at names beyond ASCII.
                if sequence % 2 == 0 && !format!("{edit:?}").is_ascii() {
                    continue;
                }
                match step(&mut editor, &mut model, &edit) {
                    Ok(()) => edits += 1,
                    Err(error) => assert!(!matches!(error, EditError::Hive(_)), "{name}: {edit:?}: {error}"),
                }
            }
            let mut after = editor.finish();
            raise_sequence(&mut after, 9000).unwrap();
            agree(&name, &store, &after, &model);
            if reged && sequence % 2 == 0 {
                assert_eq!(keys_by_reged(&after), count(&model), "{name}");
            }
            hives += 1;
        }
    }
    counted("random edits of hives", &format!("{edits} edits of {hives} hives"));
}
