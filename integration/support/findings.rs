//! What `check` finds, as the JSON has it.

use serde_json::Value as Json;

use crate::support::disk::Disk;
use crate::support::program::bcdrescue;

/// The target as `check` sees it, which ends with this code.
#[track_caller]
pub fn check(disk: &Disk, code: i32) -> Json {
    bcdrescue(&["check", disk.name(), "--json"]).exits(code).target()
}

/// The same, with this verdict.
#[track_caller]
pub fn checked(disk: &Disk, code: i32, verdict: &str) -> Json {
    let target = check(disk, code);
    assert_eq!(target["verdict"], verdict, "{:#}", target["findings"]);
    target
}

/// The findings with this code.
pub fn findings<'a>(target: &'a Json, code: &str) -> Vec<&'a Json> {
    let all = target["findings"].as_array().unwrap();
    all.iter().filter(|finding| finding["code"] == code).collect()
}

/// Whether there is a finding with this code.
pub fn has(target: &Json, code: &str) -> bool {
    !findings(target, code).is_empty()
}

/// The codes of all findings, in their order.
pub fn codes(target: &Json) -> Vec<&str> {
    target["findings"].as_array().unwrap().iter().map(|finding| finding["code"].as_str().unwrap()).collect()
}

/// The step of this name on the way to Windows.
#[track_caller]
pub fn hop<'a>(target: &'a Json, name: &str) -> &'a Json {
    let chain = target["chain"].as_array().unwrap();
    chain.iter().find(|hop| hop["hop"] == name).unwrap_or_else(|| panic!("no hop {name}: {chain:#?}"))
}
