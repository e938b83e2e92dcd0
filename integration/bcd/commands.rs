//! The commands about values, the menu and the serial port, on a disk: what bcdedit documents of each, and what hivex finds then.

use std::collections::BTreeMap;

use crate::bcd::edits::BOOTMGR;
use crate::bcd::edits::EMSSETTINGS;
use crate::bcd::edits::MEMDIAG;
use crate::bcd::edits::NTLDR;
use crate::bcd::edits::at;
use crate::bcd::edits::bcd;
use crate::bcd::edits::boolean;
use crate::bcd::edits::changed;
use crate::bcd::edits::held;
use crate::bcd::edits::integer;
use crate::bcd::edits::list;
use crate::bcd::edits::nothing_to_do;
use crate::bcd::edits::now;
use crate::bcd::edits::store;
use crate::bcd::edits::string;
use crate::bcd::edits::written;
use crate::support::disk::Disk;
use crate::support::disk::hash;

pub(super) const IMAGE: &str = "win10-bios-healthy";
pub(super) const ENTRY: &str = "{5f3c4a91-3b1d-11ee-a2c4-0242ac1b0001}";
pub(super) const RECOVERY: &str = "{5f3c4a92-3b1d-11ee-a2c4-0242ac1b0001}";
pub(super) const MENU: &str = "24000001";

pub(super) fn disk() -> Disk {
    Disk::raw(IMAGE).in_memory()
}

/// Writes this edit, and tells what hivex finds changed.
#[track_caller]
fn edited(disk: &Disk, words: &[&str]) -> BTreeMap<String, Option<String>> {
    let before = store(disk, IMAGE);
    written(&[&[words[0], disk.name()], &words[1..]].concat());
    now(changed(&before, &store(disk, IMAGE)))
}

/// The same of one element.
#[track_caller]
fn becomes(disk: &Disk, words: &[&str], object: &str, element: &str, value: Option<String>) {
    assert_eq!(edited(disk, words), BTreeMap::from([(at(object, element), value)]), "{words:?}");
}

/// The words that are wrong: the disk is as it was.
#[track_caller]
pub(super) fn wrong(disk: &Disk, words: &[&str], code: i32, says: &str) {
    let before = hash(&disk.path);
    bcd(&[&[words[0], disk.name()], &words[1..]].concat()).exits(code).says(says);
    assert_eq!((hash(&disk.path), disk.records().len()), (before, 0), "{words:?}");
}

#[test]
fn set_and_unset() {
    let disk = disk();
    for (words, object, element, value) in [
        (&["set", "{default}", "nx", "AlwaysOff"][..], ENTRY, "25000020", integer(2)),
        (&["set", "{current}", "NX", "optin"], ENTRY, "25000020", integer(0)),
        (&["set", "description", "Windows", "of", "old"], ENTRY, "12000004", string("Windows of old")),
        (&["set", "description", "Привет, 世界 😀"], ENTRY, "12000004", string("Привет, 世界 😀")),
        (&["set", ENTRY, "bootstatuspolicy", "IgnoreAllFailures"], ENTRY, "250000e0", integer(1)),
        (&["set", "recoveryenabled", "No"], ENTRY, "16000009", boolean(false)),
        (&["set", "recoveryenabled", "on"], ENTRY, "16000009", boolean(true)),
        (&["set", "custom:26000025", "1", "--type", "boolean"], ENTRY, "26000025", boolean(true)),
        (&["set", "0x2500abcd", "0x10", "--type", "INTEGER"], ENTRY, "2500abcd", integer(16)),
        (&["set", "--", "loadoptions", "--debug /x"], ENTRY, "12000030", string("--debug /x")),
        (&["set", "{bootmgr}", "timeout", "3"], BOOTMGR, "25000004", integer(3)),
        (
            &["set", "{memdiag}", "inherit", "{bootmgr}", "{dbgsettings}"],
            MEMDIAG,
            "14000006",
            list(&[BOOTMGR, "{4636856e-540f-4170-a130-a84776f4c654}"]),
        ),
    ] {
        becomes(&disk, words, object, element, value);
    }
    let key = at(ENTRY, "250000e0");
    for words in [&["unset", "bootstatuspolicy"][..], &["deletevalue", ENTRY, "custom:2500abcd"]] {
        let found = edited(&disk, words);
        assert!(found.len() == 1 && found.values().all(Option::is_none), "{found:?}");
    }
    assert!(!held(&store(&disk, IMAGE)).contains_key(&key));
}

#[test]
fn what_was_set_is_what_get_prints_and_set_takes_again() {
    let disk = disk();
    for element in [
        "device",
        "osdevice",
        "description",
        "nx",
        "recoverysequence",
        "recoveryenabled",
        "inherit",
        "locale",
    ] {
        let got = bcd(&["get", disk.name(), "{default}", element]).exits(0).stdout;
        let words: Vec<&str> = got.lines().collect();
        assert_eq!(words.len(), 1, "{got}");
        nothing_to_do(&["set", disk.name(), "{default}", element, words[0]]);
    }
    bcd(&["get", disk.name(), "nx"]).exits(0).prints("OptOut");
    bcd(&["get", disk.name(), "{bootmgr}", "timeout"]).exits(0).prints("30");
    let only = bcd(&["get", disk.name(), "nx", "--json"]).exits(0).target();
    let elements = only["objects"][0]["elements"].as_array().unwrap();
    assert_eq!((elements.len(), &elements[0]["name"]), (1, &"nx".into()), "{only:#}");
    let all = bcd(&["get", disk.name()]).exits(0).stdout;
    let listed = bcd(&["enum", disk.name(), "{default}"]).exits(0).stdout;
    assert_eq!(all, listed);
    bcd(&["get", disk.name(), "safeboot"]).exits(8).says("safeboot is not set in");
}

#[test]
fn the_menu_and_its_lists() {
    let disk = disk();
    let lists = [("displayorder", MENU), ("toolsdisplayorder", "24000010"), ("bootsequence", "24000002")];
    for (command, element) in lists {
        let is = |words: &[&str], ids: &[&str]| {
            let value = if ids.is_empty() { None } else { list(ids) };
            becomes(&disk, &[&[command], words].concat(), BOOTMGR, element, value);
        };
        // As bcdedit documents them: the first becomes the list, the second and third add to an end of it, or move what is in it.
        is(&["{ntldr}", RECOVERY], &[NTLDR, RECOVERY]);
        is(&["{default}", "--addfirst"], &[ENTRY, NTLDR, RECOVERY]);
        is(&[RECOVERY, "/addfirst"], &[RECOVERY, ENTRY, NTLDR]);
        is(&["{current}", "--addlast"], &[RECOVERY, NTLDR, ENTRY]);
        is(&["{ntldr}", "--remove"], &[RECOVERY, ENTRY]);
        nothing_to_do(&[command, disk.name(), "{ntldr}", "--remove"]);
        is(&[RECOVERY, ENTRY, "{ntldr}", "/remove"], &[]);
        nothing_to_do(&[command, disk.name(), "{ntldr}", "--remove"]);
        is(&["{default}", "--addlast"], &[ENTRY]);
        bcd(&[command, disk.name(), "{default}", "--addlast", "--addfirst"]).exits(16);
        bcd(&[command, disk.name()]).exits(16);
    }
    becomes(&disk, &["timeout", "5"], BOOTMGR, "25000004", integer(5));
    becomes(&disk, &["default", "{memdiag}"], BOOTMGR, "23000003", string(MEMDIAG));
    // {default} is another object from now on, and {current} is not.
    bcd(&["get", disk.name(), "{default}", "description"]).exits(0).prints("Windows Memory Diagnostic");
}

#[test]
fn consoles_on_a_serial_port() {
    let disk = disk();
    becomes(&disk, &["ems", "on"], ENTRY, "260000b0", boolean(true));
    becomes(&disk, &["ems", "{default}", "OFF"], ENTRY, "260000b0", boolean(false));
    becomes(&disk, &["bootems", "{bootmgr}", "on"], BOOTMGR, "16000020", boolean(true));
    let [port, baud] = ["15000022", "15000023"].map(|element| at(EMSSETTINGS, element));
    let set = BTreeMap::from([(port.clone(), integer(2)), (baud.clone(), integer(9600))]);
    assert_eq!(edited(&disk, &["emssettings", "EMSPORT:2", "emsbaudrate:9600"]), set);
    assert_eq!(edited(&disk, &["emssettings", "BIOS"]), BTreeMap::from([(port, None), (baud, None)]));
    let disk = self::disk();
    wrong(
        &disk,
        &["ems", "{bootmgr}", "on"],
        8,
        "ems is an element of OS loaders, and this object is a boot manager",
    );
    wrong(&disk, &["ems", "perhaps"], 8, "expected Yes or No");
    wrong(&disk, &["ems", "{default}", "on", "off"], 16, "on|off");
    wrong(&disk, &["emssettings", "com1"], 16, "bios, emsport:N or emsbaudrate:N");
    wrong(&disk, &["emssettings", "bios", "emsport:1"], 16, "bios");
}
