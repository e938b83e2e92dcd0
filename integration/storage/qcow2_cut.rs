//! Power goes while a qcow2 image is repaired that has to grow: the writes of a real run are taken from the kernel, and
//! played again up to every one of them, with what was not synced kept, lost or out of order.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::support::disk::Disk;
use crate::support::disk::same_content;
use crate::support::faults;
use crate::support::faults::path_of;
use crate::support::faults::unhex;
use crate::support::judges::judge;
use crate::support::program::bcdrescue;
use crate::support::program::counted;
use crate::support::program::text;

/// What a run does to the image file.
#[derive(Debug, Clone)]
enum Step {
    /// Bytes at an offset.
    Write {
        at: u64,
        bytes: Vec<u8>,
    },
    Sync,
}

/// The writes and syncs of a run on the file at `path`, from a log.
fn steps(calls: &[String], path: &Path) -> Vec<Step> {
    let on_it = |call: &&String| call.contains('<') && path_of(call) == path;
    let step = |call: &String| match call.split_once('(').unwrap_or_default().0 {
        "pwrite64" => {
            let bytes = unhex(call.split('"').nth(1).expect("bytes"));
            let (arguments, result) = call.rsplit_once(") ").expect("a result");
            let written: usize = result.trim().trim_start_matches("= ").parse().expect("a length");
            assert_eq!(written, bytes.len());
            let at = arguments.rsplit(", ").next().unwrap().parse().expect("an offset");
            Step::Write { at, bytes }
        }
        "fsync" | "fdatasync" => Step::Sync,
        _ => panic!("not modelled: {call}"),
    };
    calls.iter().filter(on_it).map(step).collect()
}

fn put(bytes: &mut Vec<u8>, at: u64, new: &[u8]) {
    let (at, end) = (at as usize, at as usize + new.len());
    bytes.resize(bytes.len().max(end), 0);
    bytes[at..end].copy_from_slice(new);
}

/// What a power cut may leave of the image, after each step: all of it, what was synced, only the last write of what was
/// not, the write that comes next up to some sectors.
fn states(before: &[u8], steps: &[Step]) -> Vec<(String, Vec<u8>)> {
    let (mut durable, mut now) = (before.to_vec(), before.to_vec());
    let mut states = Vec::new();
    let mut add = |story: String, state: &[u8]| {
        if states.iter().all(|(_, other): &(String, Vec<u8>)| other != state) {
            states.push((story, state.to_vec()));
        }
    };
    for (index, step) in steps.iter().enumerate() {
        match step {
            Step::Sync => durable.clone_from(&now),
            Step::Write { at, bytes } => {
                for torn in [512, bytes.len() / 1024 * 512].into_iter().filter(|len| *len < bytes.len()) {
                    let mut state = now.clone();
                    put(&mut state, *at, &bytes[..torn]);
                    add(format!("step {index} torn at {torn}"), &state);
                }
                put(&mut now, *at, bytes);
                let mut alone = durable.clone();
                put(&mut alone, *at, bytes);
                add(format!("step {index} alone"), &alone);
                add(format!("step {index} kept"), &now);
                add(format!("step {index} lost"), &durable);
            }
        }
    }
    states
}

/// A repair of an image, step by step.
struct Traced {
    folder: TempDir,
    steps: Vec<Step>,
    image: Vec<u8>,
}

impl Traced {
    fn new(disk: Disk) -> Self {
        let disk = disk.in_memory();
        let before = fs::read(&disk.path).unwrap();
        fs::copy(&disk.path, disk.folder.path().join("before.qcow2")).unwrap();
        let log = disk.folder.path().join("log");
        let which = "write,writev,pwrite64,pwritev,pwritev2,fsync,fdatasync,ftruncate,fallocate";
        let calls = faults::calls(which, &log, &["fix", disk.name(), "--yes"]);
        let steps = steps(&calls, &disk.path);
        // Played to the end it is what the run has left.
        let all = states(&before, &steps);
        assert!(all.last().unwrap().1 == fs::read(&disk.path).unwrap());
        fs::rename(&disk.path, disk.folder.path().join("after.qcow2")).unwrap();
        fs::rename(disk.record(), disk.folder.path().join("record.undo.json")).unwrap();
        Self { folder: disk.folder, steps, image: before }
    }

    fn at(&self, name: &str) -> String {
        text(&self.folder.path().join(name)).to_owned()
    }

    /// A sound image, which undo and fix both bring to an end.
    fn recovers(&self, story: &str, state: &[u8]) {
        let [left, other, record] =
            ["left.qcow2", "other.qcow2", "record.undo.json"].map(|name| self.at(name));
        fs::write(&left, state).unwrap();
        fs::write(&other, state).unwrap();
        self.is_sound(&left, story);
        let code = bcdrescue(&["check", "-v", &left]).code;
        assert!([0, 4].contains(&code), "{story}: check says {code}");
        let undo = bcdrescue(&["undo", "--yes", "--target", &left, &record]);
        assert!([0, 1].contains(&undo.code), "{story}: {undo:?}");
        assert!(same_content(left.as_ref(), self.at("before.qcow2").as_ref()), "{story}: undone");
        self.is_sound(&left, story);
        let fix = bcdrescue(&["fix", "--yes", "--record-dir", text(&self.records()), &other]);
        assert!([0, 1].contains(&fix.code), "{story}: {fix:?}");
        assert!(same_content(other.as_ref(), self.at("after.qcow2").as_ref()), "{story}: fixed");
        self.is_sound(&other, story);
    }

    fn records(&self) -> std::path::PathBuf {
        let folder = self.folder.path().join("records");
        fs::create_dir_all(&folder).unwrap();
        folder
    }

    /// `qemu-img check` finds nothing, or clusters that nobody uses.
    fn is_sound(&self, path: &str, story: &str) {
        let output = std::process::Command::new("qemu-img").args(["check", path]).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout);
        assert!(matches!(output.status.code(), Some(0 | 3)), "{story}: {said}");
    }
}

/// Goes through all states.
#[track_caller]
fn all_states_recover(story: &str, disk: Disk, at_least: usize) {
    let traced = Traced::new(disk);
    let states = states(&traced.image, &traced.steps);
    for (cut, state) in &states {
        traced.recovers(cut, state);
    }
    counted(
        &format!("power cuts in a qcow2 image, {story}"),
        &format!("{} states of the file", states.len()),
    );
    assert!(states.len() >= at_least, "{}", states.len());
}

/// Every cluster of the store is compressed: each needs a new one.
#[test]
fn power_goes_while_clusters_are_allocated() {
    if faults::is_allowed() {
        all_states_recover("compressed", Disk::of("win2008r2-bios"), 30);
    }
}

/// An empty image of small clusters and wide counts on top of this one.
fn overlay(name: &str) -> Disk {
    let disk = Disk::of(name);
    fs::rename(&disk.path, disk.folder.path().join("base.qcow2")).unwrap();
    let options = "cluster_size=512,refcount_bits=64";
    let line = ["create", "-q", "-f", "qcow2", "-b", "base.qcow2", "-F", "qcow2", "-o", options];
    judge("qemu-img", &[&line[..], &[disk.name()]].concat());
    disk
}

/// On top of a base nothing is there: tables, counts and data are all new.
#[test]
fn power_goes_while_an_overlay_grows() {
    if faults::is_allowed() {
        all_states_recover("empty", overlay("win11-uefi"), 30);
    }
}

/// The table of counts is full, and all that the store needs is shared with a snapshot.
#[test]
fn power_goes_while_the_tables_of_a_snapshot_are_copied_and_that_of_the_counts_grows() {
    if !faults::is_allowed() {
        return;
    }
    let table_clusters =
        |path: &Path| u32::from_be_bytes(fs::read(path).unwrap()[56..60].try_into().unwrap());
    let disk = Disk::converted("win10-bios", &["-O", "qcow2", "-o", "cluster_size=512,refcount_bits=64"]);
    judge("qemu-img", &["resize", "-q", "-f", "qcow2", disk.name(), "+4M"]);
    judge("qemu-img", &["snapshot", "-c", "one", disk.name()]);
    // 64 counts in a block, 64 blocks in a cluster of the table. Where it is filled up, no partition is.
    let full = u64::from(table_clusters(&disk.path)) * 64 * 64 * 512;
    let len = || fs::metadata(&disk.path).unwrap().len();
    let mut at = (1 << 30) - (1 << 20);
    while len() < full - 3 * 512 {
        let count = (full - len()).saturating_sub(80 * 512).clamp(512, 64 << 10);
        judge("qemu-io", &["-f", "qcow2", "-c", &format!("write {at} {count}"), disk.name()]);
        at += count;
    }
    let before = table_clusters(&disk.path);
    let repaired = disk.folder.path().join("repaired.qcow2");
    fs::copy(&disk.path, &repaired).unwrap();
    bcdrescue(&["fix", "--yes", text(&repaired)]).exits(1);
    assert!(table_clusters(&repaired) > before);
    fs::remove_file(repaired).unwrap();
    for record in disk.records() {
        fs::remove_file(record).unwrap();
    }
    all_states_recover("shared with a snapshot and full", disk, 30);
}
