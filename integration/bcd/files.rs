//! Store files by themselves: edited where they lie, or written elsewhere.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::fs::chown;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::path::PathBuf;

use serde_json::Value as Json;

use crate::bcd::by_hivex;
use crate::bcd::edits::at;
use crate::bcd::edits::bcd;
use crate::bcd::edits::boolean;
use crate::bcd::edits::changed;
use crate::bcd::edits::first_entry;
use crate::bcd::edits::integer;
use crate::bcd::edits::now;
use crate::bcd::edits::store;
use crate::support::dirty;
use crate::support::disk::Disk;
use crate::support::program::Run;
use crate::support::program::is_root;
use crate::support::program::run;
use crate::support::program::text;

pub(super) const IMAGE: &str = "win10-bios-healthy";

/// A folder with a store `BCD`, and its bytes.
pub(super) fn file() -> (tempfile::TempDir, PathBuf, Vec<u8>) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("BCD");
    let bytes = store(&Disk::raw(IMAGE), IMAGE);
    fs::write(&path, &bytes).unwrap();
    (folder, path, bytes)
}

/// The names in a folder, sorted.
pub(super) fn names(folder: &Path) -> Vec<String> {
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = files.collect();
    names.sort();
    names
}

/// Carries out the line that tells how to undo.
pub(super) fn undone(said: &Run) {
    let line = said.stdout.lines().find_map(|line| line.strip_prefix("To undo:   ")).unwrap();
    assert!(line.starts_with("mv "), "{line}");
    assert_eq!(run("sh", &["-c", line]).code, 0);
}

#[test]
fn a_file_is_replaced_and_the_old_one_kept() {
    let (folder, path, before) = file();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
    if is_root() {
        chown(&path, Some(1234), Some(4321)).unwrap();
    }
    let owner = |path: &Path| {
        let it = fs::metadata(path).unwrap();
        (it.mode() & 0o7777, it.uid(), it.gid())
    };
    let old_owner = owner(&path);
    bcd(&["set", text(&path), "safeboot", "Network", "--dry-run"])
        .exits(4)
        .says("safeboot  (none) -> Network")
        .says("dry run: nothing was written");
    assert_eq!((names(folder.path()), fs::read(&path).unwrap()), (vec!["BCD".to_owned()], before.clone()));
    bcd(&["set", text(&path), "safeboot", "Network"]).exits(16).says("--yes");

    let said = bcd(&["set", text(&path), "safeboot", "Network", "--yes"]).exits(0);
    let after = fs::read(&path).unwrap();
    let entry = first_entry(&before);
    assert_eq!(now(changed(&before, &after)), [(at(&entry, "25000080"), integer(1))].into());
    assert_eq!(owner(&path), old_owner);
    let [_, kept] = names(folder.path()).try_into().unwrap();
    assert!(kept.starts_with("BCD.") && kept.ends_with("Z.old"), "{kept}");
    assert!(said.stdout.contains(&kept), "{}", said.stdout);
    assert_eq!(fs::read(folder.path().join(&kept)).unwrap(), before);
    assert_eq!(owner(&folder.path().join(&kept)), old_owner);
    bcd(&["set", text(&path), "safeboot", "Network", "--yes"]).exits(0).says("nothing to do");
    undone(&said);
    assert_eq!((names(folder.path()), fs::read(&path).unwrap()), (vec!["BCD".to_owned()], before));
    assert_eq!(owner(&path), old_owner);
}

/// Each edit keeps what was before it, even within a second.
#[test]
fn two_edits_in_a_second() {
    let (folder, path, before) = file();
    let mut said: Vec<Run> = Vec::new();
    for seconds in ["1", "2", "3"] {
        said.push(bcd(&["timeout", text(&path), seconds, "--yes"]).exits(0));
    }
    assert_eq!(names(folder.path()).len(), 4);
    said.iter().rev().for_each(undone);
    assert_eq!((names(folder.path()), fs::read(&path).unwrap()), (vec!["BCD".to_owned()], before));
}

#[test]
fn a_recipe_on_a_file() {
    let (_folder, path, before) = file();
    let json = bcd(&["auto-repair", text(&path), "off", "--yes", "--json"]).exits(0).target();
    assert_eq!(
        (&json["action"], &json["store"], &json["patches"]),
        (&"written".into(), &Json::Null, &Json::Null)
    );
    let entry = first_entry(&before);
    let expected = [(at(&entry, "16000009"), boolean(false)), (at(&entry, "250000e0"), integer(1))];
    assert_eq!(now(changed(&before, &fs::read(&path).unwrap())), expected.into());
    assert_eq!(fs::read(json["record"].as_str().unwrap()).unwrap(), before);
    // What the Windows is that it starts is known by the entry alone.
    bcd(&["menu", text(&path), "5", "--yes"]).exits(0).says("Standard -> Legacy");
    // What a partition is, nobody knows here.
    bcd(&["set", text(&path), "device", "partition=2", "--yes"]).exits(8).says("edit the store on its disk");
    bcd(&["set", text(&path), "device", "partition=disk 36234da4 offset 0x100000", "--yes"]).exits(0);
}

#[test]
fn a_file_is_written_elsewhere_but_over_nothing() {
    let (folder, path, before) = file();
    let [other, link, nowhere] = ["other", "link", "nowhere"].map(|name| folder.path().join(name));
    let line = |to: &Path| {
        ["set", text(&path), "nx", "AlwaysOff", "--yes", "-o", text(to)].map(str::to_owned).to_vec()
    };
    let typed = |to: &Path| {
        let line = line(to);
        bcd(&line.iter().map(String::as_str).collect::<Vec<_>>())
    };
    typed(&other).exits(0).says("written to");
    let entry = first_entry(&before);
    let written = fs::read(&other).unwrap();
    assert_eq!(now(changed(&before, &written)), [(at(&entry, "25000020"), integer(2))].into());
    assert_eq!(names(folder.path()), ["BCD", "other"]);
    symlink(&nowhere, &link).unwrap();
    for there in [&other, &link, &path] {
        typed(there).exits(8).says("nothing was written");
    }
    assert_eq!((fs::read(&other).unwrap(), fs::read(&path).unwrap()), (written, before));
    assert_eq!(names(folder.path()), ["BCD", "link", "other"]);
    typed(&folder.path().join("no/such/folder")).exits(8);
    // What is as it should be already can be written elsewhere all the same.
    let same = folder.path().join("same");
    bcd(&["set", text(&path), "nx", "OptOut", "--yes", "-o", text(&same)]).exits(0);
    assert_eq!(fs::read(&same).unwrap(), fs::read(&path).unwrap());
    let disk = Disk::of(IMAGE);
    bcd(&["set", disk.name(), "nx", "OptIn", "--yes", "-o", text(&nowhere)])
        .exits(16)
        .says("--output is for a store file");
    bcd(&["export", text(&path), text(&other)]).exits(8).says("exists");
    bcd(&["createstore", text(&other)]).exits(8).says("already");
    bcd(&["createstore", text(&link)]).exits(8).says("already");
    assert!(!nowhere.exists());
}

/// Of a link, the file that it leads to is replaced; the old one is kept beside that.
#[test]
fn a_link_stays_a_link() {
    let (folder, path, before) = file();
    let elsewhere = tempfile::tempdir().unwrap();
    let link = elsewhere.path().join("link");
    symlink(&path, &link).unwrap();
    let said = bcd(&["timeout", text(&link), "9", "--yes"]).exits(0);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_ne!(fs::read(&path).unwrap(), before);
    assert_eq!((names(folder.path()).len(), names(elsewhere.path())), (2, vec!["link".to_owned()]));
    undone(&said);
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!((names(folder.path()), fs::read(&path).unwrap()), (vec!["BCD".to_owned()], before));
}

#[test]
fn a_directory_without_leave() {
    let (folder, path, before) = file();
    // Where somebody without rights gets at it, wherever this is built.
    let program = folder.path().join("bcdrescue");
    fs::copy(env!("CARGO_BIN_EXE_bcdrescue"), &program).unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o555)).unwrap();
    let line = [text(&program), "bcd", "timeout", text(&path), "9", "--yes"];
    let said = match is_root() {
        true => run("setpriv", &[&["--reuid=65534", "--regid=65534", "--clear-groups"], &line[..]].concat()),
        false => run(line[0], &line[1..]),
    };
    said.exits(8).says("Permission denied").says("nothing was written");
    assert_eq!(
        (names(folder.path()), fs::read(&path).unwrap()),
        (vec!["BCD".to_owned(), "bcdrescue".to_owned()], before)
    );
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
}

/// A store whose last write was cut short: what its logs make of it is edited, and is sound then whatever lies beside it.
#[test]
fn a_dirty_store_with_its_logs() {
    let sound = crate::log_file::numbered(&store(&Disk::raw(IMAGE), IMAGE), dirty::NUMBER, dirty::NUMBER);
    let entry = first_entry(&sound);
    for kind in dirty::KINDS {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("BCD");
        let (torn, logs) = dirty::dirty(&sound, kind);
        fs::write(&path, &torn).unwrap();
        for (ending, log) in &logs {
            fs::write(folder.path().join(format!("BCD.{ending}")), log).unwrap();
        }
        let exported = folder.path().join("exported");
        bcd(&["export", text(&path), text(&exported)]).exits(0);
        assert_eq!(by_hivex(&fs::read(&exported).unwrap()), by_hivex(&sound), "{kind:?}");
        let said = bcd(&["set", text(&path), "nx", "AlwaysOff", "--yes"]).exits(0).says("the store is dirty");
        let after = fs::read(&path).unwrap();
        assert_eq!(now(changed(&sound, &after)), [(at(&entry, "25000020"), integer(2))].into(), "{kind:?}");
        // Both numbers are the same, above those of the logs, and the sum fits: nobody replays anything over it.
        let number = |at: usize| u32::from_le_bytes(after[at..at + 4].try_into().unwrap());
        let sum = (0..0x1fc).step_by(4).fold(0, |sum, at| sum ^ number(at));
        assert!(number(4) == number(8) && number(4) > dirty::NUMBER && number(0x1fc) == sum, "{kind:?}");
        bcd(&["set", text(&path), "nx", "AlwaysOff", "--yes"]).exits(0).says("nothing to do");
        undone(&said);
        assert_eq!(fs::read(&path).unwrap(), torn, "{kind:?}");
        // An edit that changes nothing makes it sound.
        bcd(&["set", text(&path), "nx", "OptOut", "--yes"]).exits(0).says("the store is dirty");
        assert_eq!(by_hivex(&fs::read(&path).unwrap()), by_hivex(&sound), "{kind:?}");

        // Without the logs nobody knows what it should be.
        fs::write(&path, &torn).unwrap();
        for (ending, _) in &logs {
            fs::remove_file(folder.path().join(format!("BCD.{ending}"))).unwrap();
        }
        bcd(&["set", text(&path), "nx", "AlwaysOff", "--yes"]).exits(8).says("no log");
        assert_eq!(fs::read(&path).unwrap(), torn, "{kind:?}");
    }
}
