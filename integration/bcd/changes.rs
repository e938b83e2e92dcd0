//! Random changes of every store of the corpus: as hivex reads the store before and after, all is as before but what was changed, and
//! that is as a model has it.

use bcdrescue::bcd::ElementId;
use bcdrescue::bcd::ElementValue;
use bcdrescue::bcd::Store;
use bcdrescue::bcd::change::Change;
use bcdrescue::bcd::change::ChangeError;
use bcdrescue::bcd::change::apply;
use bcdrescue::bcd::object_id::BOOTMGR;
use serde_json::json;

use super::by_hivex;
use super::change_model::Model;
use super::change_model::element_path;
use super::change_model::written;
use crate::fuzz_targets::bcd_changes::by_chance;
use crate::support::chance::Chance;
use crate::support::corpus;
use crate::support::program::counted;

/// Sequences for each store, and changes of each.
const SEQUENCES: u64 = 2;
const CHANGES: usize = 24;
const NOW: u64 = 0x01dc_0000_0000_0000;

#[test]
fn any_changes_of_any_store_are_what_hivex_reads() {
    let (mut made, mut refused, mut stores) = (0, 0, 0);
    for (name, bytes, _) in corpus::stores() {
        let first = Store::parse(bytes.clone()).unwrap();
        if first.objects().is_empty() {
            continue;
        }
        for sequence in 0..SEQUENCES {
            let mut chance = Chance::new(&name, sequence);
            let mut model = Model { tree: by_hivex(&bytes), store: first.clone() };
            let mut all = Vec::new();
            while all.len() < CHANGES {
                let Some(change) = by_chance(&model.store, &mut |end| chance.below(end)) else { break };
                match apply(&model.store, std::slice::from_ref(&change), NOW) {
                    Ok(after) => {
                        model.happen(&change);
                        model.store = Store::parse(after).unwrap();
                        if matches!(change, Change::Set { .. }) {
                            let again = apply(&model.store, std::slice::from_ref(&change), NOW).unwrap();
                            assert!(again == model.store.hive().bytes(), "{name}: {change:?} twice");
                        }
                        all.push(change);
                        made += 1;
                    }
                    Err(error) => {
                        let is_ours = matches!(
                            error,
                            ChangeError::Hive(_) | ChangeError::Store(_) | ChangeError::Unproved
                        );
                        assert!(!is_ours, "{name}: {change:?}: {error}");
                        refused += 1;
                    }
                }
            }
            let after = apply(&first, &all, NOW).unwrap();
            assert_eq!(after, model.store.hive().bytes(), "{name}");
            let read = by_hivex(&after);
            for (path, values) in &model.tree {
                assert_eq!(read.get(path), Some(values), "{name}: {path}");
            }
            assert!(read.keys().eq(model.tree.keys()), "{name}");
            stores += 1;
        }
    }
    counted("random changes of stores", &format!("{made} changes of {stores} copies, {refused} refused"));
}

/// A store of a real Windows, held by what each kind of change leaves of it.
#[test]
fn each_change_alone_leaves_all_else() {
    for (name, bytes, _) in corpus::stores() {
        let store = Store::parse(bytes.clone()).unwrap();
        let before = by_hivex(&bytes);
        let Some(manager) = store.boot_manager().filter(|manager| !manager.elements.is_empty()) else {
            continue;
        };
        let timeout = ElementId::TIMEOUT;
        let value = ElementValue::Integer(manager.integer(timeout).unwrap_or(0) + 1);
        let set = Change::Set { object: BOOTMGR, element: timeout, value: value.clone() };
        let after = apply(&store, &[set], NOW).unwrap();
        let read = by_hivex(&after);
        let path = element_path(BOOTMGR, timeout);
        let (data_type, hex) = written(&value, None);
        assert_eq!(read[&path]["Element"], json!([data_type, hex]), "{name}");
        let differ = |path: &&String| before.get(*path) != read.get(*path);
        let different: Vec<&String> = before.keys().chain(read.keys()).filter(differ).collect();
        assert!(different.iter().all(|it| **it == path), "{name}: {different:?}");
        if manager.element(timeout).is_some_and(|element| element.raw.len() == 8) {
            let bytes_changed = bytes.iter().zip(&after).filter(|(one, other)| one != other).count();
            assert!(bytes_changed <= 8 && after.len() == bytes.len(), "{name}: {bytes_changed}");
        }
    }
}
