//! What a real store was given (places, ids, language), from which all else has to come out the same by itself; and where it does not.

use std::collections::BTreeSet;

use bcdrescue::bcd::Firmware;
use bcdrescue::bcd::fresh::FreshRecovery;
use bcdrescue::bcd::fresh::FreshStore;
use bcdrescue::bcd::fresh::FreshWindows;
use bcdrescue::bcd::fresh::Generation;
use bcdrescue::bcd::fresh::Release;
use bcdrescue::bcd::fresh::Stamp;
use bcdrescue::bytes;
use bcdrescue::guid::Guid;
use serde_json::Value as Json;

use crate::support::store::qualified;
use crate::support::store_by_hivex::guid;
use crate::support::store_by_hivex::identity;
use crate::support::store_by_hivex::raw;
use crate::support::store_by_hivex::string;
use crate::support::store_by_hivex::string_of;

pub const STAMP: Stamp = Stamp { last_written: 0x01d6_dbbd_86f6_205d, sequence_above: 0 };
pub const MANAGER: &str = "{9dea862c-5cdd-4e70-acc1-f32b344d4795}";
pub const MEMORY_TEST: &str = "{b2721d73-1db4-4c62-bf78-c548a880142d}";

/// The recovery environment of this entry: the identity of its partition stands at 0x54 of a RAM disk, and its path at 0x8c.
pub fn recovery(store: &Json, entry: &str) -> FreshRecovery {
    let disk = raw(store, entry, "11000001").unwrap();
    let path = bytes::utf16le_until_nul(&disk[0x8c..]);
    FreshRecovery {
        entry: guid(entry),
        options: Guid::from_bytes(disk[..16].try_into().unwrap()),
        partition: qualified(identity(&disk, 0x54)),
        folder: path.strip_suffix(r"\Winre.wim").unwrap().to_owned(),
    }
}

/// What the real store was given.
pub fn given(store: &Json, release: Release) -> FreshStore<'static> {
    let entry = string(store, MANAGER, "23000003").unwrap();
    let partition = |object: &str| qualified(identity(&raw(store, object, "11000001").unwrap(), 0x20));
    let chosen = FreshWindows {
        release,
        partition: partition(&entry),
        root: string(store, &entry, "22000002").unwrap(),
        locale: string(store, MANAGER, "12000005").unwrap(),
        entry: guid(&entry),
        resume: guid(&string(store, &entry, "23000003").unwrap()),
        recovery: string(store, &entry, "14000008").map(|entry| recovery(store, &entry)),
        template: None,
    };
    let is_uefi = string(store, MANAGER, "12000002").is_some();
    let firmware = if is_uefi { Firmware::Uefi } else { Firmware::Bios };
    FreshStore { firmware, system: partition(MANAGER), chosen, others: Vec::new() }
}

/// What an object is called in a difference.
fn role(store: &Json, object: &str) -> String {
    let elements = &store["objects"][object]["elements"];
    let kind = store["objects"][object]["description"]["Type"][1].as_str().unwrap_or_default();
    let name = match kind {
        "03002010" if elements["46000010"].is_array() => "recovery",
        "03002010" => "loader",
        "04002010" => "resume",
        "00000030" => "options",
        "01001010" => "{fwbootmgr}",
        "ffff1f10" => "firmware entry",
        _ if object == MANAGER => "{bootmgr}",
        _ if object == MEMORY_TEST => "{memdiag}",
        _ => object,
    };
    name.to_owned()
}

/// Where the real store has what the made one has not (`+`), the other way round (`-`), and where they differ.
pub fn differences(made: &Json, real: &Json) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let objects =
        |store: &Json| store["objects"].as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
    let (of_made, of_real) = (objects(made), objects(real));
    for object in of_made.union(&of_real) {
        let name = role(if of_made.contains(object) { made } else { real }, object);
        let (made, real) = (&made["objects"][object], &real["objects"][object]);
        if made.is_null() || real.is_null() {
            found.insert(format!("{} {name}", if made.is_null() { "+" } else { "-" }));
            continue;
        }
        let both = [("description", made, real), ("elements", made, real)];
        for (part, made, real) in both.map(|(part, made, real)| (part, &made[part], &real[part])) {
            let keys = |of: &Json| of.as_object().unwrap().keys().cloned().collect::<BTreeSet<_>>();
            for key in keys(made).union(&keys(real)) {
                let label = if part == "description" { format!("Description {key}") } else { key.clone() };
                match (made.get(key), real.get(key)) {
                    (Some(made), Some(real)) if made == real => {}
                    // Windows leaves a second NUL, or old characters, behind some texts.
                    (Some(made), Some(real)) if made[0] == 1 && string_of(made) == string_of(real) => {
                        found.insert(format!("{name} {label} is longer"));
                    }
                    (Some(_), Some(_)) => {
                        found.insert(format!("{name} {label} differs"));
                    }
                    (None, _) => {
                        found.insert(format!("{name} +{label}"));
                    }
                    (_, None) => {
                        found.insert(format!("{name} -{label}"));
                    }
                }
            }
        }
    }
    found
}

pub const fn client(generation: Generation) -> Release {
    Release { generation, is_server: false, is_x86: false }
}
