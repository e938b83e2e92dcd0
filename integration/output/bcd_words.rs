//! bcdedit's words, as far as they get without a disk.

use serde_json::Value as Json;

use crate::support::program::bcdrescue;

const MISSING: &str = "/nowhere/disk.img";

#[test]
fn a_line_of_bcdedits_is_taken() {
    for line in [
        &["/store", MISSING, "/set", "{default}", "recoveryenabled", "Off"][..],
        &["/store", r"/nowhere/disk.img:\Boot\BCD", "/ENUM", "all", "/v"],
        &[MISSING, "/timeout", "30"],
        &["-store", MISSING, "-deletevalue", "safeboot"],
        &["/store", MISSING, "/copy", "{default}", "/d", "Safe mode", "--dry-run"],
        &["set", MISSING, "{bootmgr}", "displayorder", "{ntldr}", "/addlast"],
        &["safe-mode", MISSING],
    ] {
        bcdrescue(&[&["bcd"], line].concat()).exits(8).says(MISSING);
    }
}

#[test]
fn what_is_no_line_is_misused() {
    for (line, said) in [
        (&["/enum"][..], "no store is named, and a Linux machine has none of its own"),
        (&["/store", r"F:\boot\bcd", "/enum"], r"/store '/dev/vdb\boot\bcd'"),
        (&["/store", MISSING, "/bootdebug", "on"], "use bcdrescue bcd set DISK {ID} bootdebug Yes"),
        (&["sett", MISSING], "unrecognized subcommand 'sett'"),
        (&["set", MISSING, "loadoptions", "--debug"], "use '-- --debug'"),
        (&["set", MISSING, "{default}"], "[{ID}] ELEMENT VALUE"),
        (&["export", MISSING], "a FILE to write, or --json"),
        (&["enum", MISSING, "some"], "active, all, bootmgr"),
    ] {
        bcdrescue(&[&["bcd"], line].concat()).exits(16).says(said);
    }
    let run = bcdrescue(&["--json", "bcd", "/set", "{default}", "safeboot", "minimal"]).exits(16);
    let document: Json = serde_json::from_str(&run.stdout).unwrap();
    assert!(document["targets"][0]["error"].as_str().unwrap().starts_with("no store is named"));
}
