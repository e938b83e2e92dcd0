//! Edits as people make them, what hivex finds changed after them, and the way back.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use bcdrescue::guid::Guid;
use serde_json::Value as Json;

use crate::bcd::by_hivex;
use crate::support::dirty;
use crate::support::disk::Disk;
use crate::support::program::Run;
use crate::support::program::bcdrescue;
use crate::support::store::BIOS;
use crate::support::store::UEFI;

pub(super) const BOOTMGR: &str = "{9dea862c-5cdd-4e70-acc1-f32b344d4795}";
pub(super) const MEMDIAG: &str = "{b2721d73-1db4-4c62-bf78-c548a880142d}";
pub(super) const NTLDR: &str = "{466f5a88-0af2-4f76-9038-095b170dc21c}";
pub(super) const EMSSETTINGS: &str = "{0ce4991b-e6b3-4b16-b23c-5e0d9250e5d9}";
pub(super) const GLOBALSETTINGS: &str = "{7ea2e1ac-2e61-4728-aaa3-896d9d0a9f0e}";

/// What a key holds, before and after; nothing where it is not there.
pub(super) type Changed = BTreeMap<String, [Option<String>; 2]>;

/// What each key of a hive holds, as hivex reads it: `Element 3 01`, that is name, registry type and bytes.
pub(super) fn held(hive: &[u8]) -> BTreeMap<String, String> {
    let value = |(name, value): (String, Json)| format!("{name} {} {}", value[0], value[1].as_str().unwrap());
    let values =
        |values: BTreeMap<String, Json>| values.into_iter().map(value).collect::<Vec<_>>().join(", ");
    by_hivex(hive).into_iter().map(|(path, key)| (path, values(key))).collect()
}

/// The keys in which two hives differ.
pub(super) fn changed(before: &[u8], after: &[u8]) -> Changed {
    let (before, after) = (held(before), held(after));
    let paths: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let both = |path: &String| [before.get(path).cloned(), after.get(path).cloned()];
    let all = paths.into_iter().map(|path| (path.clone(), both(path)));
    all.filter(|(_, [before, after])| before != after).collect()
}

/// Only what they hold after.
pub(super) fn now(changed: Changed) -> BTreeMap<String, Option<String>> {
    changed.into_iter().map(|(path, [_, after])| (path, after)).collect()
}

/// The path of an element's key.
pub(super) fn at(object: &str, element: &str) -> String {
    format!("\\Objects\\{object}\\Elements\\{element}")
}

/// An element that says yes or no.
pub(super) fn boolean(value: bool) -> Option<String> {
    Some(format!("Element 3 {:02x}", u8::from(value)))
}

/// An element that is a number.
pub(super) fn integer(value: u64) -> Option<String> {
    Some(format!("Element 3 {}", bcdrescue::bytes::hex(&value.to_le_bytes())))
}

/// An element that is a text.
pub(super) fn string(value: &str) -> Option<String> {
    Some(format!("Element 1 {}", bcdrescue::bytes::hex(&bcdrescue::bytes::utf16le(&format!("{value}\0")))))
}

/// An element that is a list of objects.
pub(super) fn list(ids: &[&str]) -> Option<String> {
    let all: String = ids.iter().map(|id| format!("{id}\0")).collect();
    Some(format!("Element 7 {}", bcdrescue::bytes::hex(&bcdrescue::bytes::utf16le(&format!("{all}\0")))))
}

/// Where the store of a committed image is.
pub(super) fn store_path(image: &str) -> &'static str {
    if image.contains("uefi") { UEFI } else { BIOS }
}

/// The store of a raw disk, by ntfs-3g or mtools.
pub(super) fn store(disk: &Disk, image: &str) -> Vec<u8> {
    dirty::store(disk, store_path(image))
}

/// Runs `bcd`, in bcdedit's words or others.
pub(super) fn bcd(words: &[&str]) -> Run {
    bcdrescue(&[&["bcd"], words].concat())
}

/// A command and its target, without a question, and what is behind them: maybe `--`.
fn agreed<'a>(words: &[&'a str]) -> Vec<&'a str> {
    let (head, rest) = words.split_at(2);
    [head, &["--yes", "--json"], rest].concat()
}

/// Runs an edit that is written, and tells what it said and its record.
#[track_caller]
pub(super) fn written(words: &[&str]) -> (Json, String) {
    let said = bcd(&agreed(words)).exits(0).target();
    assert_eq!((&said["action"], &said["error"]), (&"written".into(), &Json::Null), "{words:?}: {said:#}");
    let record = said["record"].as_str().unwrap_or_else(|| panic!("a record: {said:#}")).to_owned();
    (said, record)
}

/// Runs an edit that has nothing to do.
#[track_caller]
pub(super) fn nothing_to_do(words: &[&str]) {
    let said = bcd(&agreed(words)).exits(0).target();
    assert_eq!(said["action"], "nothing-to-do", "{words:?}: {said:#}");
    assert_eq!((&said["record"], &said["patches"]), (&Json::Null, &Json::Null));
}

/// Undoes it.
#[track_caller]
pub(super) fn undone(record: &str) {
    bcdrescue(&["undo", record, "--yes"]).exits(1).says("every byte is as it was");
}

/// The first entry of the boot menu.
pub(super) fn first_entry(store: &[u8]) -> String {
    let held = held(store);
    let hex = held[&at(BOOTMGR, "24000001")].rsplit(' ').next().unwrap();
    let bytes: Vec<u8> =
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect();
    let text = bcdrescue::bytes::utf16le_until_nul(&bytes);
    let id: Guid = text.trim_matches(['{', '}']).parse().unwrap();
    id.braced()
}
