//! What differs between two stores, by our comparison and by hivex.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;

use bcdrescue::bcd::Store;
use bcdrescue::bcd::compact::compact;
use bcdrescue::bcd::compare::Difference;
use bcdrescue::bcd::compare::compare;
use bcdrescue::cli::output::bcdedit::Named;
use bcdrescue::cli::output::store_changes;
use bcdrescue::cli::text::lines::Lines;
use bcdrescue::cli::text::pieces::width;
use bcdrescue::hive::Key;
use bcdrescue::hive::REG_SZ;

use crate::bcd::exported::all;
use crate::support::chance::Chance;
use crate::support::judges::hivex;
use crate::support::judges::judge;
use crate::support::program::counted;
use crate::support::program::text;

/// Paths of keys and values that differ, below the root, as hivex reads them. The strings of a list stand by themselves there.
fn by_hivex(before: &[u8], after: &[u8]) -> BTreeSet<String> {
    let read = |store: &[u8]| {
        let mut values: BTreeMap<String, String> = BTreeMap::new();
        for (path, value) in hivex(store) {
            let Some((_, path)) = path.split_once('\\') else { continue };
            if let Some((list, _)) = path.rsplit_once("\\string ").filter(|(_, rest)| rest.contains(" of ")) {
                values.entry(format!("{list}\\Element")).or_default().push_str(&value);
            } else {
                values.entry(path.to_owned()).or_default().push_str(&value);
            }
        }
        values
    };
    let (before, after) = (read(before), read(after));
    let paths = before.keys().chain(after.keys());
    paths.filter(|path| before.get(*path) != after.get(*path)).cloned().collect()
}

/// The same by our comparison: of an object that came or went, all that is below it.
fn by_us(before: &Store, after: &Store) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    for difference in compare(before, after).differences {
        match difference {
            // Old letters behind the end of a text, which hivexml does not print.
            Difference::Element { before: Some(element), .. }
                if difference.is_same_value() && element.data_type == REG_SZ => {}
            Difference::Object { object, is_new } => {
                let objects = if is_new { after } else { before }.hive().root().subkey("Objects").unwrap();
                below(&mut paths, objects.subkey(&object.key).unwrap(), "Objects");
            }
            Difference::Element { objects: [object, _], before, after } => {
                let element = before.or(after).unwrap();
                let key = format!("Objects\\{}\\Elements\\{}", object.key, element.key);
                paths.insert(format!("{key}\\Element"));
                if before.is_none() || after.is_none() {
                    paths.insert(key);
                }
            }
            Difference::Description { objects, before, after } => {
                let key =
                    objects.map_or_else(String::new, |[object, _]| format!("Objects\\{}\\", object.key));
                paths.insert(format!("{key}Description\\{}", before.or(after).unwrap().name));
            }
            Difference::Other { path, .. } => drop(paths.insert(path.join("\\"))),
        }
    }
    paths
}

fn below(paths: &mut BTreeSet<String>, key: &Key, above: &str) {
    let path = format!("{above}\\{}", key.name);
    paths.extend(key.values.iter().map(|value| format!("{path}\\{}", value.name)));
    key.subkeys.iter().for_each(|subkey| below(paths, subkey, &path));
    paths.insert(path);
}

/// The lines that people are shown.
fn lines(before: &Store, after: &Store) -> String {
    let mut out = Lines::of_width(80);
    let unknown = |_: &_| Named::Unknown("disk GUID 7c5ee0d3-18a1-4bd4-9ea2-7e86ba9ac3b7".to_owned());
    store_changes::add(&mut out, &compare(before, after), &unknown);
    out.into_text()
}

/// Each store beside the next one: most of them have hardly anything in common but the objects that each store has.
#[test]
fn stores_differ_where_hivex_finds_it() {
    let stores = all();
    let mut differences = 0;
    for (name, bytes) in &stores {
        let store = Store::parse(bytes.clone()).unwrap();
        let same = Store::parse(compact(&store).unwrap()).unwrap();
        assert!(compare(&store, &same).differences.is_empty(), "{name}");
    }
    for pair in stores.windows(2) {
        let [(one, before), (other, after)] = pair else { panic!("two") };
        let expected = by_hivex(before, after);
        let [before, after] = [before, after].map(|bytes| Store::parse(bytes.clone()).unwrap());
        for found in [by_us(&before, &after), by_us(&after, &before)] {
            let wrong: Vec<_> = found.symmetric_difference(&expected).collect();
            assert!(wrong.is_empty(), "{one}, {other}: {wrong:#?}");
        }
        differences += expected.len();
        let shown = lines(&before, &after);
        for line in shown.lines().filter(|line| line.split_whitespace().count() > 3) {
            assert!(width(line) <= 80, "{line}");
        }
        assert_eq!(shown.is_empty(), compare(&before, &after).differences.is_empty(), "{one}, {other}");
    }
    counted("stores compared", &format!("{} stores, {differences} differences", stores.len()));
}

/// hivexsh edits a store by chance; exactly those places differ.
#[test]
fn edits_by_hivex_are_found() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("BCD");
    let mut edits = 0;
    for (index, (name, bytes)) in all().iter().enumerate() {
        let store = Store::parse(compact(&Store::parse(bytes.clone()).unwrap()).unwrap()).unwrap();
        if store.objects().is_empty() {
            continue;
        }
        let mut chance = Chance::new("edits_by_hivex", index as u64);
        let mut script = String::new();
        let mut expected = BTreeSet::new();
        for _ in 0..4 {
            let object = &store.objects()[chance.below(store.objects().len())];
            let Some(element) = object.elements.get(chance.below(object.elements.len().max(1))) else {
                continue;
            };
            let key = format!("Objects\\{}\\Elements\\{}", object.key, element.key);
            if !expected.insert(format!("{key}\\Element")) {
                continue;
            }
            let new: String = (0..8).map(|_| format!(",{:02x}", chance.below(256))).collect();
            script += &format!("cd \\{key}\nsetval 1\nElement\nhex:3:{}\n", &new[1..]);
            edits += 1;
        }
        script += "commit\n";
        fs::write(&file, store.hive().bytes()).unwrap();
        let steps = folder.path().join("steps");
        fs::write(&steps, script).unwrap();
        judge("hivexsh", &["-w", "-f", text(&steps), text(&file)]);
        let after = Store::parse(fs::read(&file).unwrap()).unwrap();
        assert_eq!(by_us(&store, &after), expected, "{name}");
    }
    assert!(edits > 20);
}
