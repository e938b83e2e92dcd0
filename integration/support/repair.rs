//! What a repair comes to: cured, refused with the way out, or nothing to do.

use std::fs;
use std::path::Path;

use serde_json::Value as Json;

use crate::support::disk::Disk;
use crate::support::disk::hash;
use crate::support::findings::checked;
use crate::support::program::bcdrescue;
use crate::support::program::run as run_program;
use crate::support::program::text;

/// `fix` leaves the disk as it is and says so with this code.
#[track_caller]
pub fn nothing_to_fix(disk: &Disk, code: i32, says: &str) {
    let before = hash(&disk.path);
    bcdrescue(&["fix", disk.name(), "--yes"]).exits(code).says("nothing was written").says(says);
    assert_eq!((hash(&disk.path), disk.records().len()), (before, 0));
}

/// `fix` with these arguments ends with this code and these words, and leaves the file and the folder alone.
#[track_caller]
pub fn refused_with(disk: &Disk, arguments: &[&str], code: i32, words: &[&str]) {
    let before = hash(&disk.path);
    // A dry run is stopped by the same.
    for how in ["--yes", "--dry-run"] {
        let run = bcdrescue(&[&["fix", disk.name(), how], arguments].concat()).exits(code);
        words.iter().fold(run, |run, word| run.says(word));
        assert_eq!(hash(&disk.path), before, "a refusal wrote");
        assert_eq!(disk.records().len(), 0, "a refusal left a record");
    }
}

/// `fix` refuses, naming the reason; with the switch it repairs, and undo brings back every byte.
#[track_caller]
pub fn refused(disk: &Disk, reason: &str, switch: Option<&str>) {
    let before = hash(&disk.path);
    nothing_to_fix(disk, 8, reason);
    suggested(disk, reason);
    let Some(switch) = switch else { return };
    bcdrescue(&["fix", disk.name(), "--yes", switch]).exits(1);
    checked(disk, 0, "healthy");
    bcdrescue(&["undo", text(&disk.record()), "--yes"]).exits(1);
    assert_eq!(hash(&disk.path), before);
}

/// What `check` suggests where `fix` alone is refused is carried out as it stands, and the disk is then what was said.
#[track_caller]
pub fn suggested(disk: &Disk, reason: &str) {
    let before = hash(&disk.path);
    let run = bcdrescue(&["check", disk.name(), "--json"]);
    let fix = &run.target()["fix"];
    assert!(fix["refused"].to_string().contains(reason), "{fix:#}");
    let Some(command) = fix["command"].as_str() else {
        return assert_eq!((&fix["possible"], &fix["then"]), (&false.into(), &Json::Null));
    };
    let program = Path::new(env!("CARGO_BIN_EXE_bcdrescue")).parent().unwrap();
    let line = format!("PATH={}:$PATH; {command} --yes", text(program));
    let run = run_program("sh", &["-c", &line]);
    assert!(matches!(run.code, 1 | 5), "{command}: {}{}", run.stdout, run.stderr);
    let target = bcdrescue(&["check", disk.name(), "--json"]).target();
    assert_eq!(target["verdict"], fix["then"], "{command}");
    let record = disk.records().pop().expect("a record");
    bcdrescue(&["undo", text(&record), "--yes"]).exits(1);
    assert_eq!(hash(&disk.path), before);
    fs::remove_file(record).unwrap();
}

/// The other cure is no less right for that: it ends with this code, changes four bytes, and can be undone.
#[track_caller]
pub fn gets_its_identity_back(disk: &Disk, code: i32) {
    let before = hash(&disk.path);
    let fixed =
        bcdrescue(&["fix", disk.name(), "--yes", "--json", "--restore-identity"]).exits(code).target();
    assert_eq!(fixed["patches"].as_array().map(Vec::len), Some(1));
    assert_eq!(fixed["disk"]["identity"], format!("0x{OLD:08x}"));
    let record = disk.records().pop().expect("a record");
    bcdrescue(&["undo", text(&record), "--yes"]).exits(1);
    assert_eq!(hash(&disk.path), before);
}

/// `fix` cures so many elements and leaves nothing.
#[track_caller]
pub fn cured(disk: &Disk, arguments: &[&str], elements: usize) -> Json {
    let mut all = vec!["fix", disk.name(), "--yes", "--json"];
    all.extend(arguments);
    let target = bcdrescue(&all).exits(1).target();
    assert_eq!(target["verdict"], "healthy", "{:#}", target["findings"]);
    assert_eq!(target["changes"].as_array().unwrap().len(), elements);
    checked(disk, 0, "healthy");
    target
}

/// The changes of `fix` that lead to this partition.
pub fn changes_to(target: &Json, partition: u32) -> usize {
    target["changes"].as_array().unwrap().iter().filter(|change| change["partition"] == partition).count()
}

/// The signature that the store of `win2008r2-bios` names.
pub const OLD: u32 = 0x3623_4da4;
