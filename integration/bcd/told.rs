//! What is told: wrong words with the right ones, JSON, and names in a store that would drive a terminal.

use serde_json::Value as Json;
use serde_json::json;

use crate::bcd::commands::IMAGE;
use crate::bcd::commands::disk;
use crate::bcd::commands::wrong;
use crate::bcd::edits::BOOTMGR;
use crate::bcd::edits::bcd;
use crate::bcd::edits::store;

#[test]
fn objects_that_are_there_not_there_or_well_known() {
    let disk = disk();
    let nowhere = "{12345678-9abc-def0-1234-56789abcdef0}";
    wrong(&disk, &["delete", "{memdiag}", "--yes"], 8, "add --force");
    wrong(&disk, &["delete", nowhere, "--yes"], 8, "12345678-9abc-def0-1234-56789abcdef0");
    wrong(&disk, &["copy", nowhere, "--yes"], 8, "12345678-9abc-def0-1234-56789abcdef0");
    wrong(&disk, &["create", "{bootmgr}", "--yes"], 8, "already");
    wrong(&disk, &["create", "--yes"], 8, "--application TYPE, --inherit [TYPE] or --device");
    wrong(&disk, &["create", "{ntldr}", "--device", "--yes"], 8, "omit the type");
    wrong(&disk, &["create", "--application", "winload", "--yes"], 16, "osloader");
    wrong(
        &disk,
        &["set", nowhere, "nx", "OptIn", "--yes"],
        8,
        "no object {12345678-9abc-def0-1234-56789abcdef0} in this store",
    );
    wrong(&disk, &["set", "{deflaut}", "nx", "OptIn", "--yes"], 8, "\"{deflaut}\"");
    wrong(&disk, &["enum", nowhere], 8, "enum all");
    wrong(
        &disk,
        &["get", nowhere, "nx"],
        8,
        "no object {12345678-9abc-def0-1234-56789abcdef0} in this store",
    );
    wrong(&disk, &["timeout", "soon"], 16, "a number of seconds");
}

#[test]
fn wrong_words_name_those_that_are_right() {
    let disk = disk();
    for (words, says) in [
        (&["nx", "sometimes"][..], "expected OptIn, OptOut, AlwaysOff or AlwaysOn, found \"sometimes\""),
        (&["safebot", "Minimal"], "safeboot"),
        (&["safeboot", "minmal"], "Minimal"),
        (&["bootmenupolicy", "2"], "Legacy"),
        (&["recoveryenabled", "maybe"], "expected Yes or No, found \"maybe\""),
        (&["timeout", "5"], "timeout is an element of boot managers, and this object is an OS loader"),
        (&["device", "partition=9"], "no partition 9 on this disk; it has 1 (System Reserved), 2 (Windows)"),
        (&["device", "partition=Q:"], "C: is partition 2 (Windows)"),
        (&["device", "somewhere"], "expected boot, locate, partition=2"),
        (&["nx", "OptIn", "--addlast"], "--addlast"),
        (&["custom:26000025", "Yes", "--type", "integer"], "26000025"),
        (&["custom:2600", "Yes"], "eight hexadecimal digits"),
    ] {
        wrong(&disk, &[&["set"], words, &["--yes"]].concat(), 8, says);
    }
    wrong(&disk, &["unset", "safeboot", "--yes"], 8, "not");
    wrong(&disk, &["set", "nx"], 16, "[{ID}] ELEMENT VALUE");
    wrong(&disk, &["unset"], 16, "[{ID}] <ELEMENT>");
    wrong(&disk, &["enum", "everything"], 16, "expected active, all, bootmgr");
    wrong(&disk, &["set", "nx", "OptIn"], 16, "bcd needs --yes; nothing was written");
    wrong(&disk, &["set", "nx", "OptIn", "--json"], 16, "not-confirmed");
    wrong(&disk, &["set", "nx", "OptIn", "--dry-run"], 4, "dry run: nothing was written");
    wrong(&disk, &["set", "nx", "OptOut", "--dry-run"], 0, "nothing to do");
}

#[test]
fn json_of_an_edit() {
    let disk = disk();
    let line = ["set", disk.name(), "{bootmgr}", "timeout", "3", "--json"];
    let dry = bcd(&[&line[..], &["--dry-run"]].concat()).exits(4).target();
    let said = bcd(&[&line[..], &["--yes"]].concat()).exits(0).target();
    assert_eq!(
        (&dry["action"], &dry["record"], &said["action"]),
        (&"dry-run".into(), &Json::Null, &"written".into())
    );
    for field in [
        "store_changes",
        "patches",
        "verdict_before",
        "verdict_after",
        "new_faults",
        "notes",
        "store",
        "partition",
    ] {
        assert_eq!(dry[field], said[field], "{field}");
    }
    assert_eq!((&said["store"], &said["partition"]), (&json!(r"\Boot\BCD"), &json!(1)));
    let stored =
        |value: u64| json!({"type": 3, "raw": bcdrescue::bytes::hex(&value.to_le_bytes()), "value": value});
    let change = json!([{"kind": "element", "identifier": "{bootmgr}", "object": BOOTMGR, "id": "25000004", "name": "timeout",
        "change": "changed", "before": stored(30), "after": stored(3)}]);
    assert_eq!(said["store_changes"], change);
    assert_eq!(said["record"], crate::support::program::text(&disk.record()));
    let again = bcd(&[&line[..], &["--yes"]].concat()).exits(0).target();
    assert_eq!((&again["action"], &again["store_changes"]), (&"nothing-to-do".into(), &json!([])));
    let wrong = bcd(&["set", disk.name(), "nx", "x", "--json", "--yes"]).exits(8).target();
    assert!(wrong["error"].as_str().unwrap().contains("AlwaysOn"), "{wrong:#}");
}

/// Control characters, quotes and what turns the order of writing around: what a store says is shown, and nothing of it is done.
#[test]
fn names_in_a_store_do_not_drive_the_terminal() {
    let disk = disk();
    let hostile = "a\u{1b}]0;x\u{7}\u{1b}[2J\r\n\u{9b}31m\u{202e}\u{2066}\"'`$(touch x)\u{8}";
    let is_plain = |text: &str| {
        let odd = |c: char| {
            (c.is_control() && c != '\n') || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        };
        assert!(!text.contains(odd), "{text:?}");
    };
    let mut texts = Vec::new();
    let mut run = |words: &[&str], code: i32| {
        let run = bcd(&[&[words[0], disk.name()], &words[1..]].concat()).exits(code);
        texts.push(run.stdout);
        texts.push(run.stderr);
    };
    for element in ["description", "path", "loadoptions"] {
        run(&["set", element, hostile, "--yes"], 0);
    }
    run(&["copy", "{current}", "-d", hostile, "--yes"], 0);
    run(&["enum"], 0);
    run(&["enum", "all", "-v"], 0);
    run(&["get", "description"], 0);
    run(&["set", "description", "plain", "--dry-run", "-v"], 4);
    run(&["copy", "{current}", "-d", hostile, "--dry-run"], 4);
    run(&["set", hostile, "x"], 8);
    run(&["set", "nx", hostile], 8);
    run(&["set", "device", hostile], 8);
    run(&["set", "device", &format!("partition={hostile}")], 8);
    run(&["create", hostile, "--device"], 8);
    run(&["enum", hostile], 16);
    run(&["get", "description", "--json"], 0);
    texts.iter().for_each(|text| is_plain(text));
    let said = bcd(&["get", disk.name(), "description", "--json"]).exits(0).target();
    assert_eq!(said["objects"][0]["elements"][0]["value"], hostile);
    let spelt = bcdrescue::bytes::utf16le(&format!("{hostile}\0"));
    assert!(store(&disk, IMAGE).windows(spelt.len()).any(|bytes| bytes == spelt));
}
