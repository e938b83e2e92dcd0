//! What goes wrong around the program: names, streams, other programs, disks that are not what they seem.

use std::ffi::OsString;
use std::fs;
use std::io::Read;
use std::io::Write;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::MetadataExt;
use std::process::Command;
use std::process::Stdio;

use bcdrescue::diagnosis::Diagnosis;
use bcdrescue::diagnosis::Verdict;
use bcdrescue::diagnosis::model::code::Code;
use bcdrescue::layout::index::VolumeIndex;
use serde_json::Value as Json;

use crate::support::disk::Disk;
use crate::support::disk::MIB;
use crate::support::disk::hash;
use crate::support::disk::image;
use crate::support::disk::same_content;
use crate::support::judges::judge;
use crate::support::program::bcdrescue;
use crate::support::program::is_root;
use crate::support::program::text;
use crate::support::sparse::SparseRam;
use crate::support::sparse::look;
use crate::support::sparse::refusals_to_repoint;

/// Where the Windows volume of `win10-bios` begins, and its length.
const WINDOWS: u64 = 581 * MIB;

const WINDOWS_LEN: u64 = 442 * MIB;

const BITLOCKER: &[u8] = b"-FVE-FS-";

fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bcdrescue"));
    command.stdin(Stdio::null());
    command
}

/// Partition entry `index` of an MBR.
fn entry(index: u64, start: u64, len: u64) -> (u64, Vec<u8>) {
    let number = |bytes: u64| u32::try_from(bytes / 512).unwrap().to_le_bytes();
    (0x1be + 16 * index, [&[0, 0, 0, 0, 7, 0, 0, 0], &number(start)[..], &number(len)].concat())
}

/// `win10-bios` with a copy of its Windows in a third partition.
fn two_windows() -> SparseRam {
    let mut disk = SparseRam::of("win10-bios");
    let third = WINDOWS + WINDOWS_LEN;
    disk.resize(third + WINDOWS_LEN);
    let pages: Vec<u64> = disk.page_offsets().filter(|at| (WINDOWS..third).contains(at)).collect();
    for at in pages {
        let page = disk.get(at, 4096);
        disk.put(at + WINDOWS_LEN, &page);
    }
    let (at, bytes) = entry(2, third, WINDOWS_LEN);
    disk.put(at, &bytes);
    disk
}

/// The volumes to which the boot entries' elements would be re-pointed.
fn windows_targets(diagnosis: &Diagnosis) -> Vec<VolumeIndex> {
    let mut targets: Vec<VolumeIndex> = diagnosis
        .repoints()
        .filter_map(|repoint| repoint.volume)
        .filter(|volume| *volume != VolumeIndex::new(0))
        .collect();
    targets.sort_unstable();
    targets.dedup();
    targets
}

#[test]
fn an_encrypted_windows_is_not_taken_for_another_that_can_be_seen() {
    let mut disk = two_windows();
    assert_eq!(windows_targets(&look(&disk).unwrap().1), [VolumeIndex::new(1)]);
    // The offset is proven; that winload.exe cannot be seen there, but elsewhere, means nothing.
    disk.put(WINDOWS + 3, BITLOCKER);
    assert_eq!(windows_targets(&look(&disk).unwrap().1), [VolumeIndex::new(1)]);
    // The encrypted volume moved: now either may be meant, and nothing is guessed.
    let (at, bytes) = entry(1, WINDOWS + MIB, WINDOWS_LEN - MIB);
    disk.put(at, &bytes);
    disk.put(WINDOWS + MIB + 3, BITLOCKER);
    let (_, diagnosis) = look(&disk).unwrap();
    assert!(windows_targets(&diagnosis).is_empty());
    assert!(diagnosis.left().any(|finding| finding.message.contains("whose files cannot be read")));
    // A damaged directory hides a file as encryption does.
    let mut disk = two_windows();
    disk.put(WINDOWS + 0x0b, &[0, 0]);
    assert_eq!(windows_targets(&look(&disk).unwrap().1), [VolumeIndex::new(1)]);
}

#[test]
fn a_windows_volume_that_cannot_be_read_is_not_healthy() {
    let healthy = SparseRam::of("win10-bios-healthy");
    let verdict = |disk: &SparseRam| look(disk).unwrap().1.verdict;
    assert_eq!(verdict(&healthy), Verdict::Healthy);
    let mut wiped = healthy.clone();
    wiped.put(WINDOWS, &[0; 4096]);
    let (_, diagnosis) = look(&wiped).unwrap();
    assert_eq!(diagnosis.verdict, Verdict::Broken);
    assert!(diagnosis.findings.iter().any(|finding| finding.code == Code::FileUnreadable));
    let mut encrypted = healthy.clone();
    encrypted.put(WINDOWS + 3, BITLOCKER);
    assert_eq!(verdict(&encrypted), Verdict::Healthy);
    // Nothing can be read: that is not "no Windows".
    let mut damaged = healthy;
    damaged.put(MIB + 0x0b, &[0, 0]);
    damaged.put(WINDOWS + 0x0b, &[0, 0]);
    assert_eq!(verdict(&damaged), Verdict::Unknown);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("disk.img");
    damaged.save(&path);
    bcdrescue(&["check", text(&path)]).exits(8);
    bcdrescue(&["fix", text(&path), "--yes"]).exits(8).says("nothing was written");
}

#[test]
fn a_dynamic_disk_is_refused_on_gpt_too() {
    let disk = SparseRam::of("win11-uefi");
    let (mut layout, diagnosis) = look(&disk).unwrap();
    assert!(refusals_to_repoint(&layout, &diagnosis).is_empty());
    let ldm = "af9b60a0-1431-4f62-bc68-3311714a69ad".parse().unwrap();
    layout.volumes.last_mut().unwrap().partition.kind = bcdrescue::partition::PartitionType::Gpt(ldm);
    assert!(refusals_to_repoint(&layout, &diagnosis)[0].what.contains("dynamic disk"));
}

/// Whatever happens, standard output is one JSON document.
#[test]
fn json_is_one_document_on_every_path() {
    let disk = Disk::of("win10-bios");
    let name = disk.name();
    let missing = disk.folder.path().join("missing");
    let missing = text(&missing);
    let cases: [(&[&str], i32); 15] = [
        (&["inspect", "--json"], 16),
        (&["fix", "--json", "--nonsense"], 16),
        (&["nonsense", "--json"], 16),
        (&["check", missing, "--json"], 8),
        (&["inspect", missing, "--json"], 8),
        (&["list", missing, "--json"], 8),
        (&["fix", missing, "--json"], 8),
        (&["undo", missing, "--json"], 8),
        (&["undo", name, "--json"], 8),
        (&["fix", name, "--json"], 16),
        (&["fix", name, "--json", "--yes", "--record-dir", missing], 8),
        (&["fix", name, "--json", "--yes", "--record-dir", name], 8),
        (&["fix", name, "--json", "--windows", "1", "--dry-run"], 8),
        (&["fix", name, "--json", "--windows", "2", "--dry-run"], 4),
        (&["fix", name, "--json", "--yes"], 1),
    ];
    for (arguments, code) in cases {
        let run = bcdrescue(arguments).exits(code);
        let document: Json = serde_json::from_str(&run.stdout)
            .unwrap_or_else(|error| panic!("{arguments:?}: {error}: {run:?}"));
        assert_eq!(document["version"], 1, "{arguments:?}");
        assert!(document["targets"][0].is_object(), "{arguments:?}");
        let failed = code & 24 != 0;
        assert_eq!(document["targets"][0]["error"].is_string(), failed, "{arguments:?}: {}", run.stdout);
        // Whoever reads what was done to a disk finds it in every case that names a command.
        let writes = ["fix", "undo"].contains(&arguments[0]) && !arguments.contains(&"--nonsense");
        assert_eq!(document["targets"][0]["action"].is_string(), writes, "{arguments:?}: {}", run.stdout);
    }
    let record = disk.record();
    let asked = bcdrescue(&["undo", text(&record), "--json"]).exits(16).target();
    assert_eq!(asked["action"], "not-confirmed");
    let undone = bcdrescue(&["undo", text(&record), "--json", "--yes"]).exits(1).target();
    assert_eq!(undone["action"], "undone");
}

#[test]
fn names_may_be_anything() {
    let disk = Disk::of("win10-bios");
    let rename = |name: Vec<u8>| {
        let path = disk.folder.path().join(OsString::from_vec(name));
        let old = fs::read_dir(disk.folder.path()).unwrap().map(|entry| entry.unwrap().path());
        let old = old.filter(|path| !path.to_string_lossy().ends_with(".json")).last().unwrap();
        fs::rename(old, &path).unwrap();
        path
    };
    // Not UTF-8: examined, but not repaired, for the record could not name it.
    let path = rename(b"a\xff.qcow2".to_vec());
    let before = hash(&path);
    for (command, code) in [("check", 4), ("list", 0), ("inspect", 0), ("fix", 8)] {
        let mut run = program();
        run.args([command, "--json"]).arg(&path);
        if command == "fix" {
            run.arg("--yes");
        }
        let output = run.output().unwrap();
        assert_eq!(output.status.code(), Some(code), "{command}: {output:?}");
        let document: Json = serde_json::from_slice(&output.stdout).unwrap();
        assert!(document["targets"][0]["target"].is_string(), "{command}");
    }
    assert_eq!(hash(&path), before);
    // A line break and an escape; and the longest name that a file can have.
    for name in [b"new\nline\x1b[2J".to_vec(), vec![b'x'; 255]] {
        let path = rename(name);
        let run = bcdrescue(&["fix", text(&path), "--yes"]).exits(1);
        assert!(!run.stdout.contains('\x1b') && !run.stdout.contains("new\n"), "{run:?}");
        let record = disk.record();
        assert!(text(&record).chars().all(|c| !c.is_control()), "{record:?}");
        bcdrescue(&["undo", text(&record), "--yes"]).exits(1);
        assert!(same_content(&path, &image("win10-bios")));
        fs::remove_file(record).unwrap();
    }
}

#[test]
fn links_lead_to_the_image_and_relative_names_are_fine() {
    let disk = Disk::of("win10-bios");
    let elsewhere = tempfile::tempdir().unwrap();
    let link = elsewhere.path().join("link");
    std::os::unix::fs::symlink(&disk.path, &link).unwrap();
    let inode = fs::metadata(&disk.path).unwrap().ino();
    let output = program().args(["fix", "link", "--yes"]).current_dir(elsewhere.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    assert_eq!(fs::metadata(&disk.path).unwrap().ino(), inode);
    let records: Vec<_> =
        fs::read_dir(elsewhere.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    let record = records.iter().find(|path| text(path).ends_with(".undo.json")).unwrap();
    let saved: Json = serde_json::from_slice(&fs::read(record).unwrap()).unwrap();
    assert_eq!(saved["target"]["path"], text(&disk.path.canonicalize().unwrap()));
    bcdrescue(&["undo", text(record), "--yes"]).exits(1);
    assert!(same_content(&disk.path, &image("win10-bios")));
}

#[test]
fn output_that_nobody_takes_changes_no_answer() {
    let disk = Disk::of("win10-bios");
    // Nobody reads.
    for arguments in [&["check", disk.name()][..], &["check", disk.name(), "--json"]] {
        let mut child = program().args(arguments).stdout(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        assert_eq!(child.wait().unwrap().code(), Some(4), "{arguments:?}");
    }
    // Nothing can be written: the exit code of a panic would read as "fixed, and something is left".
    let before = hash(&disk.path);
    for (arguments, words) in [
        (&["check", disk.name()][..], "No space left on device"),
        (&["check", disk.name(), "--json"], "No space left on device"),
        (&["fix", disk.name(), "--yes"], "nothing was written: standard output: No space left"),
        (&["fix", disk.name(), "--dry-run"], "nothing was written: standard output: No space left"),
        (&["fix", disk.name(), "--json"], "nothing was written: standard output: No space left"),
        (&["--help"], "No space left on device"),
        (&["--version"], "No space left on device"),
    ] {
        let full = || fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = program().args(arguments).stdout(full()).stderr(Stdio::piped()).output().unwrap();
        assert_eq!(output.status.code(), Some(8), "{arguments:?}");
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(told.contains(words), "{arguments:?}: {told}");
    }
    assert_eq!(hash(&disk.path), before);
    bcdrescue(&["fix", disk.name(), "--yes"]).exits(1);
    let (fixed, record) = (hash(&disk.path), disk.record());
    let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let undo = ["undo", text(&record), "--yes"];
    let output = program().args(undo).stdout(full).stderr(Stdio::piped()).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(8), "{told}");
    assert!(told.contains("nothing was written: standard output: No space left"), "{told}");
    assert_eq!(hash(&disk.path), fixed);
}

#[test]
fn two_repairs_at_once_do_not_meet() {
    let disk = Disk::of("win10-bios");
    let spawn =
        || program().args(["fix", "--yes", disk.name()]).stdout(Stdio::null()).stderr(Stdio::null()).spawn();
    let mut both = [spawn().unwrap(), spawn().unwrap()];
    let codes = both.each_mut().map(|child| child.wait().unwrap().code().unwrap());
    // The later one is refused, or has nothing to do; both may give way to each other.
    assert!(codes.iter().all(|code| [0, 1, 8].contains(code)), "{codes:?}");
    assert!(codes.iter().filter(|code| **code == 1).count() <= 1, "{codes:?}");
    bcdrescue(&["fix", "--yes", disk.name()]);
    bcdrescue(&["check", disk.name()]).exits(0);
    judge("qemu-img", &["check", "-q", disk.name()]);
    assert_eq!(disk.records().len(), 1, "a repair that wrote nothing left a record");
}

/// Between the question and the answer the image is replaced by another that has the same bytes where the plan writes.
#[test]
fn an_image_that_changes_while_the_question_stands_is_not_written() {
    let disk = Disk::raw("win10-bios");
    let other = disk.folder.path().join("other.img");
    fs::copy(&disk.path, &other).unwrap();
    // The other one has no store any more: its record in the MFT is wiped, its clusters still hold the old bytes.
    let mut wiped = SparseRam::of("win10-bios");
    let records: Vec<u64> =
        wiped.page_offsets().filter(|at| *at < WINDOWS && wiped.get(*at, 4) == b"FILE").collect();
    records.iter().for_each(|at| wiped.put(*at, &[0; 4096]));
    wiped.save(&other);
    let before = hash(&other);

    let pty = nix::pty::openpty(None, None).unwrap();
    let mut terminal = fs::File::from(pty.master);
    let mut child = program()
        .args(["fix", disk.name()])
        .stdin(Stdio::from(pty.slave))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = child.stdout.take().unwrap();
    let mut said = Vec::new();
    while !said.ends_with(b"[y/N] ") {
        let mut byte = [0];
        stdout.read_exact(&mut byte).unwrap();
        said.push(byte[0]);
    }
    fs::rename(&other, &disk.path).unwrap();
    terminal.write_all(b"y\n").unwrap();
    let mut stderr = String::new();
    child.stderr.take().unwrap().read_to_string(&mut stderr).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(8), "{stderr}");
    assert!(stderr.contains("has changed since it was examined"), "{stderr}");
    assert_eq!(hash(&disk.path), before);
    assert_eq!(disk.records().len(), 0);
}

#[test]
fn an_image_that_is_attached_by_another_name_is_not_written() {
    if !is_root() {
        println!("not root: left out");
        return;
    }
    let disk = Disk::raw("win10-bios");
    let link = disk.folder.path().join("hard-link.img");
    fs::hard_link(&disk.path, &link).unwrap();
    let output =
        Command::new("losetup").args(["--find", "--show", "--read-only", text(&link)]).output().unwrap();
    if !output.status.success() {
        println!("no loop devices: left out");
        return;
    }
    let device = String::from_utf8(output.stdout).unwrap();
    let run = bcdrescue(&["fix", "--yes", disk.name()]);
    judge("losetup", &["--detach", device.trim()]);
    run.exits(8).says("it backs loop");
    bcdrescue(&["fix", "--yes", disk.name()]).exits(1);
}

/// A thousand images are a thousand looks, not a million.
#[test]
fn many_targets_are_looked_at_once_each() {
    let disk = Disk::of("win2003-bios");
    let names: Vec<String> = (0..120)
        .map(|number| {
            let path = disk.folder.path().join(format!("{number}.qcow2"));
            fs::hard_link(&disk.path, &path).unwrap();
            text(&path).to_owned()
        })
        .collect();
    let mut arguments = vec!["check", "--json"];
    arguments.extend(names.iter().map(String::as_str));
    let begun = std::time::Instant::now();
    let run = bcdrescue(&arguments);
    let document: Json = serde_json::from_str(&run.stdout).unwrap();
    assert_eq!(document["targets"].as_array().unwrap().len(), names.len());
    println!("{} targets in {:?}", names.len(), begun.elapsed());
    assert!(begun.elapsed().as_secs() < 120);
}
