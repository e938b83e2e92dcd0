//! `check --since`: an image that is as it was costs a look at its file. And a reader who goes away ends a check.

use std::fs;
use std::io::BufRead;
use std::io::BufReader;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::process::Command;
use std::process::Stdio;

use serde_json::Value as Json;

use crate::support::disk::age;
use crate::support::disk::folder;
use crate::support::disk::image;
use crate::support::judges::judge;
use crate::support::program::Run;
use crate::support::program::bcdrescue;
use crate::support::program::text;

fn since(root: &Path, report: &Path, more: &[&str]) -> Run {
    bcdrescue(&[&["check", "-r", text(root), "--jsonl", "--since", text(report)], more].concat())
}

/// Line by line, in what two reports differ.
fn differing(one: &str, other: &str) -> Vec<usize> {
    assert_eq!(one.lines().count(), other.lines().count());
    let pairs = one.lines().zip(other.lines()).enumerate();
    pairs.filter(|(_, (one, other))| one != other).map(|(index, _)| index).collect()
}

#[test]
fn what_has_not_changed_is_taken_from_the_report() {
    let folder = folder();
    let kept = tempfile::tempdir().unwrap();
    let (root, report) = (folder.path(), kept.path().join("report.jsonl"));
    let first = bcdrescue(&["check", "-r", text(root), "--jsonl"]).exits(4 | 8);
    fs::write(&report, &first.stdout).unwrap();
    // Two that could not be examined are looked at anew.
    let again = since(root, &report, &[]).exits(4 | 8).says("5 unchanged since ");
    assert_eq!(again.stdout, first.stdout);
    assert!(
        again.stderr.contains("7 targets: 2 healthy, 2 broken, 1 no Windows disk, 2 could not be examined")
    );

    // That it is really taken from there: another word in the report comes out again.
    let told = first.stdout.replacen("\"kind\":\"qcow2 image\"", "\"kind\":\"as told before\"", 1);
    assert_ne!(told, first.stdout);
    fs::write(&report, &told).unwrap();
    assert_eq!(since(root, &report, &[]).exits(4 | 8).stdout, told);

    // A repaired one, and one with the same bytes and another time.
    let one = root.join("b/a.qcow2");
    bcdrescue(&["fix", text(&one), "--yes", "--record-dir", text(kept.path())]).exits(1);
    age(&one);
    let fixed = since(root, &report, &[]).exits(4 | 8).says("4 unchanged since ");
    let [index] = differing(&told, &fixed.stdout)[..] else { panic!("{}", fixed.stdout) };
    let line: Json = serde_json::from_str(fixed.stdout.lines().nth(index).unwrap()).unwrap();
    assert_eq!(line["verdict"], "healthy", "{line}");
    fs::write(&report, &fixed.stdout).unwrap();
    since(root, &report, &[]).says("5 unchanged since ");

    // Another question has other answers.
    since(root, &report, &["--require", "starts-on-bios"]).says("0 unchanged since ");
    since(root, &report, &["--on", "nvme"]).says("0 unchanged since ");
    // An interrupted run: its last line is cut short.
    let cut = fixed.stdout.len() - 100;
    fs::write(&report, &fixed.stdout[..cut]).unwrap();
    assert_eq!(since(root, &report, &[]).exits(4 | 8).stdout, fixed.stdout);
    fs::write(&report, "").unwrap();
    since(root, &report, &[]).exits(4 | 8).says("0 unchanged since ");
}

#[test]
fn what_may_change_without_its_file_has_no_stamp() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    let (base, overlay, fresh) = (root.join("base.qcow2"), root.join("top.qcow2"), root.join("fresh.qcow2"));
    fs::copy(image("win10-bios-healthy"), &base).unwrap();
    judge("qemu-img", &["create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", "base.qcow2", text(&overlay)]);
    age(&base);
    age(&overlay);
    fs::copy(&base, &fresh).unwrap();
    let stamped = |arguments: &[&str]| {
        let run = bcdrescue(&[&["check", "--jsonl"], arguments].concat());
        let stamp = |line: &str| {
            let line: Json = serde_json::from_str(line).unwrap();
            line["stamp"].as_str().map(|stamp| (line["target"].as_str().unwrap().to_owned(), stamp.len()))
        };
        run.stdout.lines().filter_map(stamp).collect::<Vec<_>>()
    };
    let only_base = vec![(text(&base).to_owned(), 32)];
    assert_eq!(stamped(&["-r", text(root)]), only_base);
    assert_eq!(stamped(&["--independent", text(&base)]), only_base);
    // What is judged by its neighbours too.
    assert_eq!(stamped(&[text(&base), text(&overlay)]), []);
    assert_eq!(stamped(&["-r", text(root), "--require", "unique-identity"]), []);
    // What another file says too.
    let other = image("win2008r2-bios");
    assert_eq!(stamped(&["-r", text(root), "--with", text(&other)]), []);
    let report = root.join("report");
    fs::write(&report, "").unwrap();
    let refused = |more: &[&str]| {
        bcdrescue(&[&["check", text(&base), "--since", text(&report)], more].concat()).exits(16)
    };
    refused(&["--jsonl"]).says("judged each alone");
    refused(&["--jsonl", "--independent", "--require", "unique-identity"]).says("judged each alone");
    refused(&[]).says("--jsonl");
    refused(&["--jsonl", "--independent", "--junit", "x"]).says("--junit");
    bcdrescue(&["check", "--independent", text(&base), "--jsonl", "--since", "/nowhere"])
        .exits(8)
        .says("--since /nowhere: No such file");
}

/// What a Job without a shell writes: a file for each share, and together they are the whole.
#[test]
fn lines_go_to_a_file() {
    let folder = folder();
    let kept = tempfile::tempdir().unwrap();
    let (root, at) = (folder.path(), |name: &str| kept.path().join(name));
    let whole = bcdrescue(&["check", "-r", text(root), "--jsonl"]).exits(4 | 8);
    let to = |name: &str, more: &[&str]| {
        let file = at(name);
        let run = bcdrescue(&[&["check", "-r", text(root), "--jsonl", "-o", text(&file)], more].concat());
        assert_eq!(run.stdout, "");
        (run, file)
    };
    // Twice: the second replaces the first.
    for _ in 0..2 {
        let (run, file) = to("all.jsonl", &[]);
        assert_eq!(
            (run.exits(4 | 8).stderr, fs::read_to_string(file).unwrap()),
            (whole.stderr.clone(), whole.stdout.clone())
        );
    }
    let shares: Vec<String> = (1..=3)
        .map(|share| {
            fs::read_to_string(to(&format!("{share}.jsonl"), &["--shard", &format!("{share}/3")]).1).unwrap()
        })
        .collect();
    let sorted = |text: &str| {
        let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
        lines.sort();
        lines
    };
    assert_eq!(sorted(&shares.concat()), sorted(&whole.stdout));
    let (run, _) = to("next.jsonl", &["--since", text(&at("all.jsonl"))]);
    run.exits(4 | 8).says("5 unchanged since ");

    fs::write(at("mine"), "a letter").unwrap();
    for (name, more, code, why) in [
        ("mine", &[][..], 8, "is not a report; not overwritten"),
        ("all.jsonl", &["--since", text(&at("all.jsonl"))], 16, "name the same file"),
        ("-", &[], 16, "needs a file"),
    ] {
        let path = if name == "-" { name.to_owned() } else { text(&at(name)).to_owned() };
        bcdrescue(&[&["check", "-r", text(root), "--jsonl", "-o", &path], more].concat())
            .exits(code)
            .says(why);
    }
    assert_eq!(fs::read_to_string(at("mine")).unwrap(), "a letter");
    assert_eq!(fs::read_to_string(at("all.jsonl")).unwrap(), whole.stdout);
    bcdrescue(&["check", "-r", text(root), "-o", text(&at("x"))]).exits(16).says("--jsonl");
}

/// So many that not all can have been begun when the first is read, and behind them one that would be noticed.
#[test]
fn a_reader_who_goes_away_ends_it() {
    let folder = tempfile::tempdir().unwrap();
    let (list, socket) = (folder.path().join("list"), folder.path().join("nbd"));
    let listener = UnixListener::bind(&socket).unwrap();
    let name = image("win10-bios-healthy");
    let many = format!("{}\n", text(&name)).repeat(1500);
    fs::write(&list, format!("{many}nbd+unix:///?socket={}\n", text(&socket))).unwrap();
    for (form, jobs) in [("--jsonl", "1"), ("--jsonl", "4"), ("--json", "2"), ("--color=never", "2")] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_bcdrescue"))
            .args(["check", &format!("@{}", text(&list)), form, "-j", jobs])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut reader = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        assert!(!line.is_empty());
        drop(reader);
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!((output.status.code(), said.as_str()), (Some(0), ""), "{form} -j {jobs}");
        listener.set_nonblocking(true).unwrap();
        assert!(listener.accept().is_err(), "{form} -j {jobs}: the last one was looked at all the same");
    }
}
