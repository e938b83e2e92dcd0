//! Against a store that bcdboot made and nobody touched since, and a template.

use std::collections::BTreeMap;
use std::collections::BTreeSet;
use std::fs;

use bcdrescue::bcd::Firmware;
use bcdrescue::bcd::fresh::FreshStore;
use bcdrescue::bcd::fresh::Generation;
use bcdrescue::bcd::fresh::Stamp;
use bcdrescue::bcd::fresh::Template;
use bcdrescue::bytes;
use serde_json::Value as Json;
use serde_json::json;

use crate::support::corpus::made_by_bcdboot;
use crate::support::given_store::MANAGER;
use crate::support::given_store::MEMORY_TEST;
use crate::support::given_store::STAMP;
use crate::support::given_store::client;
use crate::support::given_store::differences;
use crate::support::given_store::given;
use crate::support::program::counted;
use crate::support::store_by_hivex::by_hivex;
use crate::support::store_by_hivex::string;
use crate::support::store_by_hivex::string_of;

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
