//! Many targets at once: in order, none of them stops the rest, and the reports that pipelines read.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;

use serde_json::Value as Json;

use crate::support::disk::folder;
use crate::support::disk::hash;
use crate::support::disk::image;
use crate::support::program::bcdrescue;
use crate::support::program::text;

/// What [`folder`] has: by name, with the verdict.
const EXPECTED: [(&str, &str); 7] = [
    ("a.qcow2", "healthy"),
    ("b/a.qcow2", "broken"),
    ("b/b.QCOW2", "broken"),
    ("c.raw", "unknown"),
    ("d.qcow2", "healthy"),
    ("e.img", "not-windows"),
    ("f.qcow2", "unknown"),
];

fn lines(stdout: &str) -> Vec<Json> {
    stdout.lines().map(|line| serde_json::from_str(line).expect("a document in each line")).collect()
}

/// Names within the folder, with verdicts.
fn verdicts<'a>(root: &Path, targets: impl IntoIterator<Item = &'a Json>) -> Vec<(String, String)> {
    let name = |target: &Json| {
        let path = Path::new(target["target"].as_str().unwrap());
        text(path.strip_prefix(root).unwrap()).to_owned()
    };
    targets.into_iter().map(|it| (name(it), it["verdict"].as_str().unwrap().to_owned())).collect()
}

fn expected() -> Vec<(String, String)> {
    EXPECTED.map(|(name, verdict)| (name.to_owned(), verdict.to_owned())).to_vec()
}

#[test]
fn a_directory_is_its_images_in_order_and_a_broken_one_stops_none() {
    let folder = folder();
    let root = folder.path();
    let hashes = || EXPECTED.map(|(name, _)| hash(&root.join(name)));
    let before = hashes();
    let one = bcdrescue(&["check", "--recursive", text(root), "--jsonl", "-j", "1"]).exits(4 | 8);
    assert_eq!(verdicts(root, &lines(&one.stdout)), expected());
    assert!(lines(&one.stdout).iter().all(|line| line["version"] == 1));
    let tally = "bcdrescue: 7 targets: 2 healthy, 2 broken, 1 no Windows disk, 2 could not be examined\n";
    assert_eq!(one.stderr, tally);
    for jobs in ["2", "5", "64"] {
        let many = bcdrescue(&["check", "-r", text(root), "--jsonl", "-j", jobs]).exits(4 | 8);
        assert_eq!((many.stdout, many.stderr), (one.stdout.clone(), one.stderr.clone()), "-j {jobs}");
    }
    let document = bcdrescue(&["check", "-r", text(root), "--json"]).exits(4 | 8);
    assert_eq!(document.stderr, "");
    let document: Json = serde_json::from_str(&document.stdout).unwrap();
    assert_eq!(verdicts(root, document["targets"].as_array().unwrap()), expected());
    // The same objects, but for the version that a line has for itself, and the stamp of what is one file.
    for (mut line, target) in lines(&one.stdout).into_iter().zip(document["targets"].as_array().unwrap()) {
        line.as_object_mut().unwrap().remove("version");
        let is_stamped = line.as_object_mut().unwrap().remove("stamp").is_some();
        assert_eq!(is_stamped, line["verdict"] != "unknown", "{line}");
        assert_eq!(line, *target);
    }
    let counts = ["targets", "healthy", "degraded", "broken", "not_windows", "unknown"];
    assert_eq!(counts.map(|count| document["summary"][count].as_u64().unwrap()), [7, 2, 0, 2, 1, 2]);
    let people = bcdrescue(&["check", "-r", text(root)]).exits(4 | 8);
    let heads: Vec<_> = people.stdout.lines().filter(|line| line.starts_with(text(root))).collect();
    // Each in its place, and those that are not healthy once more at the end.
    assert_eq!(heads.len(), EXPECTED.len() + 5, "{}", people.stdout);
    assert!(people.stdout.ends_with("2 could not be examined\n"));
    assert!(!people.stdout.contains('\u{1b}') && people.stderr.is_empty(), "a pipe is no terminal");
    assert_eq!(hashes(), before);
}

#[test]
fn lists_and_shares_of_them_say_the_same_of_each_image() {
    let folder = folder();
    let root = folder.path();
    let list = root.join("list");
    let named: Vec<u8> = EXPECTED
        .iter()
        .flat_map(|(name, _)| [root.join(name).as_os_str().as_bytes(), b"\n"].concat())
        .collect();
    fs::write(&list, &named).unwrap();
    let word = format!("@{}", list.display());
    let whole = bcdrescue(&["check", &word, "--jsonl"]).exits(4 | 8);
    assert_eq!(verdicts(root, &lines(&whole.stdout)), expected());
    for of in [1, 2, 3, 9] {
        let share = |number: usize| {
            let run = bcdrescue(&["check", &word, "--jsonl", "--shard", &format!("{number}/{of}")]);
            run.stdout.lines().map(str::to_owned).collect::<Vec<_>>()
        };
        let shares: Vec<_> = (1..=of).map(share).collect();
        let turns = (0..EXPECTED.len()).map(|index| shares[index % of][index / of].clone());
        let together: String = turns.map(|line| line + "\n").collect();
        assert_eq!(together, whole.stdout, "{of} shares");
        assert_eq!(shares.iter().map(Vec::len).sum::<usize>(), EXPECTED.len());
    }
    // An empty share is no failure: a fleet may have more machines than images.
    bcdrescue(&["check", &word, "--shard", "9/9"]).exits(0).says("0 targets");
    let mut child = Command::new(env!("CARGO_BIN_EXE_bcdrescue"))
        .args(["check", "@-", "--jsonl"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), &named).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8(output.stdout).unwrap(), whole.stdout);
    bcdrescue(&["check", text(root), text(&root.join("a.qcow2"))])
        .exits(8)
        .says("add --recursive")
        .says("1 healthy, 1 could not be examined");
    for form in [&["--jsonl"][..], &["--json"], &[]] {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_bcdrescue"));
        let output = command.args(["check", &word]).args(form).stdout(full).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(
            (output.status.code(), said.as_str()),
            (Some(8), "error: standard output: No space left on device (os error 28)\n")
        );
    }
    bcdrescue(&["check", "@/nowhere", "--json"]).exits(8).says("@/nowhere: ");
    bcdrescue(&["check", &word, "--shard", "4/3"]).exits(16).says("I from 1 to N");
    bcdrescue(&["check", &word, "-j", "0"]).exits(16);
}

#[test]
fn images_of_different_machines_are_not_judged_by_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    // The identity that the broken one lost is that of its healthy twin.
    for (name, from) in [("1.qcow2", "win10-bios-healthy"), ("2.qcow2", "win10-bios")] {
        fs::copy(image(from), root.join(name)).unwrap();
    }
    let [one, two] = ["1.qcow2", "2.qcow2"].map(|name| root.join(name));
    let of = |arguments: &[&str]| {
        let run = bcdrescue(&[&["check", "--jsonl"], arguments].concat()).exits(4);
        lines(&run.stdout).iter().map(|line| line["verdict"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(of(&["-r", text(root)]), ["healthy", "broken"]);
    assert_eq!(of(&["--independent", text(&one), text(&two)]), ["healthy", "broken"]);
    assert_eq!(of(&[text(&one), text(&two)]), ["healthy", "broken"]);
    // Only the user knows that they are one machine.
    bcdrescue(&["check", text(&two), "--with", text(&one)]).exits(0);
}

/// Broken images and their healthy twins, as a shell names them all.
#[test]
fn what_is_said_of_an_image_is_what_is_said_of_it_alone() {
    let folder = image("win10-bios").parent().unwrap().to_owned();
    let mut images: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    images.retain(|path| path.extension().is_some_and(|ending| ending == "qcow2"));
    images.sort();
    let names: Vec<&str> = images.iter().map(|path| text(path)).collect();
    let run = bcdrescue(&[&["check", "--json"], names.as_slice()].concat()).exits(4);
    let document: Json = serde_json::from_str(&run.stdout).unwrap();
    let counts = ["targets", "healthy", "broken"].map(|count| document["summary"][count].as_u64().unwrap());
    assert_eq!(counts, [14, 8, 6]);
    for (name, target) in names.iter().zip(document["targets"].as_array().unwrap()) {
        let alone = bcdrescue(&["check", "--json", name]);
        assert_eq!(*target, alone.target(), "{name}");
        let is_healthy = name.ends_with("-healthy.qcow2") || name.ends_with("win2003-bios.qcow2");
        assert_eq!(target["verdict"], if is_healthy { "healthy" } else { "broken" }, "{name}");
    }
    let twins = [names[0], names[0], names[1]];
    bcdrescue(&[&["check", "--require", "unique-identity"], twins.as_slice()].concat()).exits(4);
}

#[test]
fn requirements_decide_what_may_ship() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    for name in ["1.qcow2", "2.qcow2"] {
        fs::copy(image("win10-bios-healthy"), root.join(name)).unwrap();
    }
    fs::copy(image("win2008r2-bios-healthy"), root.join("3.qcow2")).unwrap();
    let check = |require: &str, code: i32| {
        let run = bcdrescue(&["check", "-r", text(root), "--jsonl", "--require", require]).exits(code);
        lines(&run.stdout)
    };
    let met = |lines: &[Json], index: usize| {
        let of = |line: &Json| line["requirements"][index]["met"].as_bool().unwrap();
        lines.iter().map(of).collect::<Vec<_>>()
    };
    let lines = check("healthy,no-hibernation,no-bitlocker", 0);
    for index in 0..3 {
        assert_eq!(met(&lines, index), [true; 3]);
    }
    let lines = check("unique-identity,generalized", 4);
    assert_eq!(met(&lines, 0), [false, false, true]);
    assert_eq!(met(&lines, 1), [false; 3]);
    let reasons = &lines[0]["requirements"];
    assert_eq!(reasons[0]["requirement"], "unique-identity");
    assert!(reasons[0]["reason"].as_str().unwrap().ends_with("2.qcow2 has the same identity"), "{reasons}");
    assert!(
        reasons[1]["reason"].as_str().unwrap().ends_with("refers to a disk by its identity"),
        "{reasons}"
    );
    bcdrescue(&["check", "-r", text(root), "--require", "unique-identity"])
        .exits(4)
        .says("requirements not met:\n    unique-identity: ")
        .says("2 of the healthy ones do not meet a requirement");
    // One disk is no twin of itself, however it is written: another way to it, a link, a second name of the file.
    let (one, dotted) = (root.join("1.qcow2"), root.join(".").join("1.qcow2"));
    let (link, second) = (root.join("link"), root.join("second"));
    std::os::unix::fs::symlink(&one, &link).unwrap();
    fs::hard_link(&one, &second).unwrap();
    let same = [&one, &dotted, &link, &second].map(|path| text(path));
    bcdrescue(&[&["check", "--require", "unique-identity"], same.as_slice()].concat()).exits(0);
    bcdrescue(
        &[&["check", text(&root.join("2.qcow2")), "--require", "unique-identity"], same.as_slice()].concat(),
    )
    .exits(4);
    bcdrescue(&["check", "-r", text(root), "--require", "shiny"]).exits(16).says("no-bitlocker");
}

#[test]
fn a_fleet_takes_no_more_memory_than_one() {
    let folder = tempfile::tempdir().unwrap();
    let bytes = fs::read(image("win2003-bios")).unwrap();
    let paths: Vec<PathBuf> =
        (0..300).map(|number| folder.path().join(format!("{number:03}.qcow2"))).collect();
    paths.iter().for_each(|path| fs::write(path, &bytes).unwrap());
    // What one takes, the threads, and the results that wait: 300 disks that stayed open would take several times as much.
    let output = Command::new("prlimit")
        .args(["--data=20971520", env!("CARGO_BIN_EXE_bcdrescue"), "check", "--jsonl", "-j", "2", "-r"])
        .arg(folder.path())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let names = lines(&String::from_utf8(output.stdout).unwrap());
    let names: Vec<_> = names.iter().map(|line| PathBuf::from(line["target"].as_str().unwrap())).collect();
    assert_eq!(names, paths, "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(output.status.code(), Some(0));
}
