//! New stores, read by hivex and held against those that Windows made.
//!
//! What such a store is given (places, ids, language) is read from the real one; all else has to come out the same by itself. What
//! does not is listed, with the reason.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;

use bcdrescue::bcd::Firmware;
use bcdrescue::bcd::Store;
use bcdrescue::bcd::fresh::FreshRecovery;
use bcdrescue::bcd::fresh::FreshStore;
use bcdrescue::bcd::fresh::FreshWindows;
use bcdrescue::bcd::fresh::Generation;
use bcdrescue::bcd::fresh::Release;
use bcdrescue::bcd::fresh::Stamp;
use bcdrescue::bcd::fresh::Template;
use bcdrescue::bytes;
use bcdrescue::guid::Guid;
use bcdrescue::hive::replay::replay;
use roxmltree::Document;
use roxmltree::Node;
use serde_json::Value as Json;
use serde_json::json;

use crate::support::corpus::folder;
use crate::support::corpus::made_by_bcdboot;
use crate::support::corpus::stores;
use crate::support::judges::base64;
use crate::support::judges::judge;
use crate::support::oracle::Identity;
use crate::support::program::counted;
use crate::support::program::text;
use crate::support::store::qualified;
use crate::support::store::with_dirty_base_block;

pub const STAMP: Stamp = Stamp { last_written: 0x01d6_dbbd_86f6_205d, sequence_above: 0 };
const MANAGER: &str = "{9dea862c-5cdd-4e70-acc1-f32b344d4795}";
const MEMORY_TEST: &str = "{b2721d73-1db4-4c62-bf78-c548a880142d}";

/// A store as hivex reads it: `{root, description, objects: {id: {description, elements: {id: [registry type, hex]}}}}`.
fn by_hivex(store: &[u8]) -> Json {
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

fn keys<'a>(node: Node<'a, 'a>) -> impl Iterator<Item = (String, Node<'a, 'a>)> {
    let nodes = node.children().filter(|node| node.has_tag_name("node"));
    nodes.map(|node| (node.attribute("name").unwrap().to_owned(), node))
}

fn child<'a>(node: Node<'a, 'a>, name: &str) -> Node<'a, 'a> {
    keys(node).find(|(known, _)| known == name).unwrap_or_else(|| panic!("no key {name}")).1
}

fn values(node: Node<'_, '_>) -> Json {
    let nodes = node.children().filter(|node| node.has_tag_name("value"));
    let named = nodes.map(|node| (node.attribute("key").unwrap().to_owned(), value(node)));
    Json::Object(named.collect())
}

fn value(node: Node<'_, '_>) -> Json {
    let content = node.attribute("value").unwrap_or_default();
    let ended = |text: &str| bytes::utf16le(&format!("{text}\0"));
    let (kind, data) = match node.attribute("type").unwrap() {
        "string" => (1, ended(content)),
        "binary" => (3, base64(content)),
        "int32" => (4, content.parse::<u32>().unwrap().to_le_bytes().to_vec()),
        "string-list" => {
            let strings = node.children().filter(|node| node.has_tag_name("string"));
            let all: String = strings.map(|node| format!("{}\0", node.text().unwrap_or_default())).collect();
            (7, bytes::utf16le(&all))
        }
        other => panic!("{other}"),
    };
    json!([kind, bytes::hex(&data)])
}

/// What a store says in an element.
fn raw(store: &Json, object: &str, element: &str) -> Option<Vec<u8>> {
    let hex = store["objects"][object]["elements"][element][1].as_str()?;
    Some((0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect())
}

fn string(store: &Json, object: &str, element: &str) -> Option<String> {
    Some(bytes::utf16le_until_nul(&raw(store, object, element)?))
}

fn identity(raw: &[u8], at: usize) -> Identity {
    let sixteen = |at: usize| raw[at..at + 16].try_into().unwrap();
    match raw[at + 20] {
        1 => Identity::Mbr {
            signature: u32::from_le_bytes(raw[at + 24..at + 28].try_into().unwrap()),
            offset: u64::from_le_bytes(raw[at..at + 8].try_into().unwrap()),
        },
        _ => Identity::Gpt { disk: sixteen(at + 24), partition: sixteen(at) },
    }
}

fn guid(braced: &str) -> Guid {
    braced.trim_matches(['{', '}']).parse().unwrap()
}

/// The recovery environment of this entry: the identity of its partition stands at 0x54 of a RAM disk, and its path at 0x8c.
fn recovery(store: &Json, entry: &str) -> FreshRecovery {
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
fn given(store: &Json, release: Release) -> FreshStore<'static> {
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
fn differences(made: &Json, real: &Json) -> BTreeSet<String> {
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

const fn client(generation: Generation) -> Release {
    Release { generation, is_server: false, is_x86: false }
}

#[test]
fn a_new_store_is_what_bcdboot_makes() {
    let Some((expected, _)) = made_by_bcdboot() else { return };
    let real = &expected["win10-bios-bcdboot-fresh"];
    let made = by_hivex(&given(real, client(Generation::Ten)).build(STAMP).unwrap());
    assert_eq!(made["objects"].as_object().unwrap().len(), 11);
    // The title of the memory test is Chinese there: it comes from a library of that Windows.
    assert_eq!(differences(&made, real), BTreeSet::from(["{memdiag} 12000004 differs".to_owned()]));
    let elements = real["objects"].as_object().unwrap().values();
    let elements: usize = elements.map(|object| object["elements"].as_object().unwrap().len()).sum();
    counted("elements as bcdboot made them", &format!("{} of {elements}", elements - 1));
    // GuidCache is the memory of the allocator of ids, which Windows makes anew; the name is that of a store made beside another.
    assert_eq!(made["root"], real["root"]);
    let description = |of: &Json| of["description"].as_object().unwrap().clone();
    let (made, mut real) = (description(&made), description(real));
    assert!(real.remove("GuidCache").is_some());
    assert_eq!(string_of(&real["KeyName"]), "BCD00000001");
    assert_eq!(string_of(&made["KeyName"]), "BCD00000000");
    assert_eq!((&made["System"], made.len()), (&real["System"], real.len()));
}

fn string_of(value: &Json) -> String {
    let hex = value[1].as_str().unwrap();
    let bytes: Vec<u8> =
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect();
    bytes::utf16le_until_nul(&bytes)
}

/// Every security descriptor of a hive, with the number of keys that it says to have, and that of the root: cells walked by hand.
fn descriptors(hive: &[u8]) -> (Vec<u8>, Vec<(Vec<u8>, u32)>) {
    let word = |at: usize| u32::from_le_bytes(hive[at..at + 4].try_into().unwrap());
    let body = |cell: u32| 0x1004 + cell as usize;
    let descriptor = |cell: u32| {
        let at = body(cell);
        assert_eq!(&hive[at..at + 2], b"sk");
        let len = word(at + 16) as usize;
        (hive[at + 20..at + 20 + len].to_vec(), word(at + 12))
    };
    let of_root = word(body(word(0x24)) + 0x2c);
    let mut ring = vec![of_root];
    loop {
        let next = word(body(*ring.last().unwrap()) + 4);
        assert_eq!(word(body(next) + 8), *ring.last().unwrap(), "the ring backwards");
        if next == of_root {
            break;
        }
        ring.push(next);
    }
    (descriptor(of_root).0, ring.into_iter().map(descriptor).collect())
}

#[test]
fn the_hive_is_as_windows_writes_it() {
    let Some((expected, folder)) = made_by_bcdboot() else { return };
    let name = "win10-bios-bcdboot-fresh";
    let real = fs::read(folder.join(format!("{name}.bcd"))).unwrap();
    let fresh = given(&expected[name], client(Generation::Ten));
    let made = fresh.build(Stamp { sequence_above: 2, ..STAMP }).unwrap();
    // Signature to file type; root cell and cluster factor; the file name, but for the case of `boot`.
    assert_eq!(made[..0x0c], real[..0x0c]);
    assert_eq!(made[0x14..0x28], real[0x14..0x28]);
    assert_eq!(made[0x2c..0x30], real[0x2c..0x30]);
    let file_name = |hive: &[u8]| bytes::utf16le_until_nul(&hive[0x30..0x70]);
    assert_eq!(file_name(&made).to_lowercase(), file_name(&real).to_lowercase());
    assert!(made.len() <= real.len(), "{:#x}", made.len());
    let (of_root, all) = descriptors(&made);
    let (of_real_root, of_real) = descriptors(&real);
    assert_eq!(of_root, of_real_root);
    let known: BTreeMap<Vec<u8>, u32> = of_real.into_iter().collect();
    assert_eq!(all.iter().map(|(bytes, _)| bytes).collect::<BTreeSet<_>>(), known.keys().collect());
    assert_eq!(all.into_iter().collect::<BTreeMap<_, _>>(), known);
    let uefi = FreshStore { firmware: Firmware::Uefi, ..fresh };
    assert_eq!(file_name(&uefi.build(STAMP).unwrap()), r"kVolume1\EFI\Microsoft\Boot\BCD");
    let recovery = uefi.build_recovery(STAMP).unwrap().unwrap();
    assert_eq!(file_name(&recovery), r"ume1\EFI\Microsoft\Recovery\BCD");
}

/// What a template says goes into the store, a number in 8 bytes; class 4 and devices do not.
#[test]
fn a_real_template_goes_into_the_store() {
    let Some((expected, folder)) = made_by_bcdboot() else { return };
    let template = Template::parse(fs::read(folder.join("bcd-template-10.bcd")).unwrap()).unwrap();
    let of_template = &expected["bcd-template-10"];
    let mut fresh = given(&expected["win10-bios-bcdboot-fresh"], client(Generation::Ten));
    fresh.chosen.template = Some(&template);
    for (firmware, of_loader) in [
        (Firmware::Bios, "{a1943bbc-ea85-487c-97c7-c9ede908a38a}"),
        (Firmware::Uefi, "{b012b84d-c47c-4ed5-b722-c0c42163e569}"),
    ] {
        fresh.firmware = firmware;
        let made = by_hivex(&fresh.build(STAMP).unwrap());
        let loader = fresh.chosen.entry.braced();
        // Path, language, system root and the lists of entries are those of this Windows.
        let own = ["12000002", "12000005", "22000002", "23000003"];
        let mut compared = 0;
        for (id, object) in of_template["objects"].as_object().unwrap() {
            let kind = object["description"]["Type"][1].as_str().unwrap();
            let is_setting = kind.ends_with("20");
            let target = match id.as_str() {
                MANAGER => MANAGER,
                id if id == of_loader => &loader,
                id if is_setting => id,
                _ => continue,
            };
            let elements = object["elements"].as_object().unwrap().iter();
            for (element, value) in elements.filter(|(element, _)| !element.starts_with('4')) {
                let found = &made["objects"][target]["elements"][element];
                if id == MANAGER && element == "12000002" && firmware == Firmware::Bios {
                    assert!(found.is_null());
                } else if own.contains(&element.as_str()) {
                    assert!(found.is_array(), "{id} {element}");
                } else {
                    assert_eq!(found, &widened(element, value), "{id} {element}");
                    compared += 1;
                }
            }
        }
        assert!(compared >= 18, "{compared}");
        let objects = made["objects"].as_object().unwrap().values();
        assert_eq!(
            objects
                .flat_map(|object| object["elements"].as_object().unwrap().keys())
                .filter(|key| key.starts_with('4'))
                .count(),
            0
        );
        let ending = if firmware == Firmware::Bios { "exe" } else { "efi" };
        assert_eq!(
            string(&made, &loader, "12000002").unwrap(),
            format!(r"\windows\system32\boot\winload.{ending}")
        );
        // A telephone's template lacks what others have.
        assert!(made["objects"][MEMORY_TEST].is_object());
        assert_eq!(made["objects"].as_object().unwrap().len(), 11);
    }
}

fn widened(element: &str, value: &Json) -> Json {
    let hex = value[1].as_str().unwrap();
    if &element[1..2] == "5" { json!([3, format!("{hex:0<16}")]) } else { value.clone() }
}

/// A store that Windows has used for years: where it has more than a new one, and why.
struct Used {
    name: &'static str,
    release: Release,
    /// Whether `reagentc` gave it a recovery environment; it ends its texts twice.
    has_recovery: bool,
    differences: &'static [&'static str],
}

/// What Windows adds to what resumes it, once it can hibernate.
const HIBERNATES: [&str; 2] = ["resume +21000001", "resume +26000006"];
const OF_REAGENTC: [&str; 3] =
    ["options 12000004 is longer", "recovery 12000004 is longer", "recovery 22000002 is longer"];

const USED: [Used; 8] = [
    Used {
        name: "win7-bios-sysreserved",
        release: x86(Generation::Seven),
        has_recovery: true,
        differences: &[],
    },
    Used {
        name: "win7-bios-two-disks",
        release: x86(Generation::Seven),
        has_recovery: true,
        differences: &[],
    },
    Used {
        name: "win7-bios-onepartition",
        release: x86(Generation::Seven),
        has_recovery: false,
        // Somebody set nointegritychecks.
        differences: &["{bootmgr} +16000048"],
    },
    Used {
        name: "win7-bios-oem-layout",
        release: client(Generation::Seven),
        has_recovery: true,
        // Its owner set nx to OptOut.
        differences: &["loader 25000020 differs"],
    },
    Used {
        name: "win81-bios-laptop",
        release: client(Generation::EightOne),
        has_recovery: true,
        // "Windows 8.1 Preview"; integrityservices, which some of its time have; a displaymessageoverride in the recovery entry itself.
        differences: &[
            "loader +1500004b",
            "loader 12000004 differs",
            "recovery +15000066",
            "{bootmgr} +1500004b",
        ],
    },
    Used {
        name: "win10-bios-sysreserved",
        release: client(Generation::Ten),
        has_recovery: true,
        differences: &[],
    },
    Used {
        name: "win10-uefi",
        release: client(Generation::Ten),
        has_recovery: true,
        // What Windows takes over from the firmware; `en-us` instead of `en-US`.
        differences: &[
            "+ firmware entry",
            "+ {fwbootmgr}",
            "recovery 12000005 differs",
            "{bootmgr} +Description FirmwareVariable",
            "{bootmgr} 12000002 is longer",
        ],
    },
    Used {
        name: "win11-uefi-24h2",
        release: client(Generation::Eleven),
        has_recovery: true,
        // The same, the path in upper case; hypervisorlaunchtype; an element of resume objects since 2020.
        differences: &[
            "+ {fwbootmgr}",
            "loader +250000f0",
            "recovery 12000005 differs",
            "resume +21000026",
            "{bootmgr} +Description FirmwareVariable",
            "{bootmgr} 12000002 differs",
        ],
    },
];

const fn x86(generation: Generation) -> Release {
    Release { is_x86: true, ..client(generation) }
}

#[test]
fn used_stores_differ_by_what_came_later() {
    let stores: BTreeMap<String, Json> =
        stores().into_iter().map(|(name, _, expected)| (name, expected)).collect();
    if stores.is_empty() {
        return;
    }
    for Used { name, release, has_recovery, differences: listed } in USED {
        let real = &stores[name];
        let made = by_hivex(&given(real, release).build(STAMP).unwrap());
        let of_reagentc = OF_REAGENTC.iter().filter(|_| has_recovery);
        let listed = listed.iter().chain(&HIBERNATES).chain(of_reagentc).map(|text| (*text).to_owned());
        assert_eq!(differences(&made, real), listed.collect(), "{name}");
    }
}

/// The one recovery store of the corpus; it is of early 2016, when {dbgsettings} still named a serial line.
#[test]
fn a_new_recovery_store_is_what_windows_makes() {
    let stores = stores();
    let Some((_, _, real)) = stores.iter().find(|(name, ..)| name == "win10-uefi-recovery-store") else {
        return;
    };
    let entry = string(real, MANAGER, "23000003").unwrap();
    let system = qualified(identity(&raw(real, MANAGER, "11000001").unwrap(), 0x20));
    let chosen = FreshWindows {
        release: client(Generation::Ten),
        // No Windows is named in it.
        partition: system,
        root: r"\Windows".to_owned(),
        locale: string(real, MANAGER, "12000005").unwrap(),
        entry: Guid::from_u128(1),
        resume: Guid::from_u128(2),
        recovery: Some(recovery(real, &entry)),
        template: None,
    };
    let fresh = FreshStore { firmware: Firmware::Uefi, system, chosen, others: Vec::new() };
    let made = by_hivex(&fresh.build_recovery(STAMP).unwrap().unwrap());
    let mut found = differences(&made, real);
    let debugger = "{4636856e-540f-4170-a130-a84776f4c654}";
    for difference in ["15000011 differs", "+15000013", "+15000014"] {
        assert!(found.remove(&format!("{debugger} {difference}")), "{difference}");
    }
    assert_eq!(found, OF_REAGENTC.iter().map(|text| (*text).to_owned()).collect());
    let names: Vec<&String> = made["description"].as_object().unwrap().keys().collect();
    assert_eq!(names, ["KeyName"]);
}

/// Without a number above those of the logs, what was written to the store that was there would go into the new one once its writing
/// is cut short; the time does not tell them apart, for Windows keeps that of the making.
#[test]
fn no_old_log_goes_into_a_new_store() {
    let (Some(folder), all) = (folder(), stores()) else { return };
    let (mut compared, mut replayed) = (0, 0);
    for (name, bytes, real) in &all {
        let Ok(log) = fs::read(folder.join(format!("{name}.LOG"))) else { continue };
        let Some(used) = USED.iter().find(|used| used.name == name) else { continue };
        let old = Store::parse(bytes.clone()).unwrap();
        let block = old.hive().base_block();
        let fresh = given(real, used.release);
        let with_logs = |sequence_above| {
            let stamp = Stamp { last_written: block.last_written, sequence_above };
            replay(&with_dirty_base_block(&fresh.build(stamp).unwrap()), &[("LOG", &log)])
        };
        assert!(with_logs(block.primary_sequence).is_err(), "{name}");
        compared += 1;
        replayed += u32::from(with_logs(0).is_ok());
    }
    counted("old logs beside a new store", &format!("{replayed} of {compared} would have applied"));
    assert!(replayed > 0, "{compared}");
}
