//! The promise of a rebuild: what `check` ends with is what repairs, a second run writes nothing, and undo brings back every byte.

use std::fs;
use std::path::Path;
use std::path::PathBuf;

use serde_json::Value as Json;

use crate::support::disk::Disk;
use crate::support::disk::hash;
use crate::support::disk::made;
use crate::support::disk::same_content;
use crate::support::judges::judge;
use crate::support::parts::cut;
use crate::support::parts::partitions;
use crate::support::program::bcdrescue;
use crate::support::program::text;

/// A base of `bcdrescue-make-image` with these damages.
pub fn damaged(base: &str, damages: &[&str]) -> Disk {
    made(&format!("base = {base:?}\ndamage = {damages:?}\n"), "disk.raw")
}

/// What is left of a disk that was rebuilt and brought back: how it was in between.
pub struct Rebuilt {
    /// The disk as it was, which keeps the files.
    pub disk: Disk,
    /// The disk as it was rebuilt.
    pub raw: PathBuf,
    /// What `fix --json` said.
    pub said: Json,
}

/// The whole promise; `switches` are those that `check` has to end with.
#[track_caller]
pub fn promise(disk: Disk, switches: &str) -> Rebuilt {
    let original = disk.content("original.raw");
    let before = hash(&disk.path);
    let command = format!("To repair: bcdrescue fix {} {switches}", disk.name());
    let checked = bcdrescue(&["check", disk.name()]).exits(4);
    let offered = checked.stdout.lines().find(|line| line.starts_with("To repair: ")).unwrap_or_default();
    assert_eq!(offered, command, "{}", checked.stdout);
    assert!(
        !checked.stdout.contains("Windows PE") && !checked.stdout.contains("bcdboot"),
        "{}",
        checked.stdout
    );
    let given: Vec<&str> = switches.split(' ').collect();
    let fix = |more: &[&str]| bcdrescue(&[&["fix", disk.name()], &given[..], more].concat());
    fix(&["--dry-run"]).exits(4).says("simulated result: healthy").says("dry run: nothing was written");
    assert_eq!(hash(&disk.path), before, "check or a dry run wrote");

    let said = fix(&["--yes", "--json"]).exits(1).target();
    assert_eq!((said["verdict"].as_str(), said["action"].as_str()), (Some("healthy"), Some("fixed")));
    bcdrescue(&["check", disk.name()]).exits(0).says("healthy");
    let raw = disk.content("rebuilt.raw");
    judged(&raw);
    let after = hash(&disk.path);
    fix(&["--yes"]).exits(0).says("nothing was written");
    bcdrescue(&["fix", disk.name(), "--yes"]).exits(0).says("nothing was written");
    assert_eq!(hash(&disk.path), after, "a second run wrote");

    let record = disk.record();
    bcdrescue(&["undo", text(&record), "--yes"]).exits(1).says("every byte is as it was");
    assert!(same_content(&disk.path, &original), "undo did not bring back every byte");
    Rebuilt { disk, raw, said }
}

/// Every volume is in order for programs that share no code with ours.
fn judged(raw: &Path) {
    for part in partitions(raw) {
        let volume = cut(raw, part.start, part.len);
        let head = fs::read(&volume).map(|bytes| bytes[..512].to_vec()).unwrap();
        match (&head[3..11], &head[82..87]) {
            (b"NTFS    ", _) => {
                judge("ntfsfix", &["--no-action", text(&volume)]);
                judge("ntfsls", &["-l", text(&volume)]);
            }
            (_, b"FAT32") => drop(judge("fsck.fat", &["-n", text(&volume)])),
            _ => {}
        }
        fs::remove_file(&volume).unwrap();
    }
}
