//! Images that a `qemu-nbd` opens for the program: the same commands and the same results.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use crate::support::disk::Disk;
use crate::support::disk::hash;
use crate::support::disk::image;
use crate::support::faults;
use crate::support::judges::judge;
use crate::support::nbd_server::KINDS;
use crate::support::nbd_server::LUKS;
use crate::support::nbd_server::Server;
use crate::support::nbd_server::driver;
use crate::support::nbd_server::facts;
use crate::support::nbd_server::made;
use crate::support::nbd_server::processes;
use crate::support::nbd_server::same_disk;
use crate::support::program::text;
use crate::support::program::unlimited;

/// All bytes in the folder of a disk.
fn all(disk: &Disk) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = fs::read_dir(disk.folder.path()).unwrap().map(|entry| entry.unwrap().path());
    let mut all: Vec<_> = entries.map(|path| (path.clone(), hash(&path))).collect();
    all.sort();
    all
}

#[test]
fn every_kind_is_read_repaired_and_brought_back() {
    let plain = Disk::of("win2008r2-bios");
    let before = facts(&unlimited(&["check", plain.name(), "--json"]).exits(4));
    let fixed = Disk::of("win2008r2-bios");
    unlimited(&["fix", fixed.name(), "--yes"]).exits(1);
    let healthy = facts(&unlimited(&["check", fixed.name(), "--json"]).exits(0));
    for (kind, arguments) in KINDS {
        let (disk, key) = made("win2008r2-bios", arguments);
        let files = all(&disk);
        let with_key = ["--key-file", &key];
        let run = |command: &[&str]| unlimited(&[command, &with_key].concat());
        let checked = run(&["check", disk.name(), "--json"]).exits(4);
        assert_eq!(checked.target()["kind"], kind, "{arguments:?}");
        assert_eq!(facts(&checked), before, "{arguments:?}");
        run(&["list", disk.name()]).exits(0);
        run(&["inspect", disk.name()]).exits(0);
        run(&["check", disk.name()])
            .exits(4)
            .says(&format!("To repair: bcdrescue fix {} --key-file {key}\n", disk.name()));
        run(&["fix", disk.name(), "--dry-run"]).exits(4);
        assert_eq!(all(&disk), files, "{arguments:?}: reading wrote");
        let fixed_now = run(&["fix", disk.name(), "--yes"]).exits(1);
        let way_back = format!("To undo:   bcdrescue undo --key-file {key} {}", text(&disk.record()));
        assert!(fixed_now.stdout.contains(&way_back), "{}", fixed_now.stdout);
        assert_eq!(facts(&run(&["check", disk.name(), "--json"]).exits(0)), healthy, "{arguments:?}");
        run(&["fix", disk.name(), "--yes"]).exits(0);
        same_disk(disk.name(), fixed.name());
        // Of vhd and of what is encrypted it checks nothing.
        if !kind.starts_with("vhd i") && !arguments.contains(&LUKS[0]) {
            judge("qemu-img", &["check", disk.name()]);
        }
        run(&["undo", text(&disk.record()), "--yes"]).exits(1);
        same_disk(disk.name(), plain.name());
    }
}

#[test]
fn a_bitmap_is_kept_up_to_date_by_qemu() {
    let disk = Disk::of("win2008r2-bios");
    judge("qemu-img", &["bitmap", "--add", disk.name(), "backup"]);
    unlimited(&["check", "-v", disk.name()]).exits(4);
    unlimited(&["fix", disk.name(), "--yes"]).exits(1);
    judge("qemu-img", &["check", disk.name()]);
    let info = String::from_utf8(judge("qemu-img", &["info", "--output=json", disk.name()])).unwrap();
    assert!(info.contains("\"backup\"") && !info.contains("in-use"), "{info}");
    // What the repair wrote is marked: a backup by this bitmap has it.
    let options = format!("driver=qcow2,file.filename={}", disk.name());
    let server = Server::new(&["-r", "-B", "backup", "--image-opts", &options], "");
    drop(server);
    unlimited(&["undo", text(&disk.record()), "--yes"]).exits(1);
    same_disk(disk.name(), text(&image("win2008r2-bios")));
}

#[test]
fn what_qemu_cannot_do_either_is_refused_before_anything_is_written() {
    let refused = |disk: &Disk, arguments: &[&str], words: &str| {
        let files = all(disk);
        unlimited(&[&["fix", disk.name(), "--yes"], arguments].concat()).exits(8).says(words);
        assert_eq!(all(disk), files, "{words}");
    };
    let stream = Disk::converted("win2008r2-bios", &["-O", "vmdk", "-o", "subformat=streamOptimized"]);
    unlimited(&["check", "-v", stream.name()]).exits(4);
    refused(&stream, &[], "the vmdk image is stream-optimized and cannot be changed in place; convert it");
    let (luks, key) = made("win2008r2-bios", KINDS[10].1);
    refused(&luks, &[], "it is encrypted (LUKS); give its passphrase in a file: --key-file FILE");
    refused(&luks, &["--key-file", "/nowhere"], "cannot open the key file /nowhere: No such file");
    fs::write(&key, "abcd").unwrap();
    refused(&luks, &["--key-file", &key], "qemu-nbd cannot open it: ");
    let dirty = Disk::converted("win2008r2-bios", KINDS[8].1);
    let mut bytes = fs::read(&dirty.path).unwrap();
    bytes[79] |= 1;
    fs::write(&dirty.path, bytes).unwrap();
    refused(&dirty, &[], "the image was not closed cleanly; repair it with `qemu-img check -r all IMAGE`");
    let vhdx = Disk::converted("win2008r2-bios", &["-O", "vhdx"]);
    let bytes = fs::read(&vhdx.path).unwrap();
    fs::write(&vhdx.path, &bytes[..0x20000]).unwrap();
    refused(&vhdx, &[], "disk.img: qemu-nbd cannot open it: ");
}

#[test]
fn a_machine_that_runs_on_it_is_left_alone() {
    for arguments in [KINDS[0].1, KINDS[8].1] {
        let disk = Disk::converted("win2008r2-bios", arguments);
        let server = Server::new(&["-t", "-f", &driver(disk.name()), disk.name()], "");
        let busy = "in use by a running virtual machine or another program";
        unlimited(&["fix", disk.name(), "--yes"]).exits(8).says(busy);
        let note = "a running virtual machine has it open for writing; what is read may be changing";
        unlimited(&["check", "-v", disk.name()]).exits(4).says(note);
        drop(server);
        unlimited(&["fix", disk.name(), "--yes"]).exits(1);
    }
}

#[test]
fn without_qemu_nbd_it_is_said_what_to_install() {
    for (arguments, why) in
        [(KINDS[0].1, "it is a vmdk image"), (KINDS[8].1, "it has extended L2 entries (subclusters)")]
    {
        let disk = Disk::converted("win2008r2-bios", arguments);
        let mut run = Command::new(env!("CARGO_BIN_EXE_bcdrescue"));
        let output = run
            .env("PATH", "/nowhere")
            .env("COLUMNS", "10000")
            .args(["check", disk.name()])
            .output()
            .unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        let expected = format!(
            "{why}, which needs qemu-nbd, and qemu-nbd is not installed; install it (Debian, Ubuntu: qemu-utils; Fedora: qemu-img), or convert"
        );
        assert!(said.contains(&expected), "{said}");
        assert_eq!(output.status.code(), Some(8));
    }
}

/// Killed while `qemu-nbd` is still busy with the key, the program leaves neither that nor its folder behind.
#[test]
fn the_server_ends_with_the_program_even_when_that_is_killed() {
    let slow = [LUKS[0], LUKS[1], "-O", "luks", "-o", "key-secret=s,iter-time=1000"];
    let (disk, key) = made("win2008r2-bios", &slow);
    let mut child = Command::new(env!("CARGO_BIN_EXE_bcdrescue"))
        .args(["check", disk.name(), "--key-file", &key])
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let until = Instant::now() + Duration::from_secs(60);
    let served = loop {
        let found = processes(disk.name());
        if let Some((_, line)) = found.iter().find(|(_, line)| line.contains("--socket")) {
            break line.clone();
        }
        assert!(Instant::now() < until, "qemu-nbd does not start");
        std::thread::sleep(Duration::from_millis(1));
    };
    child.kill().unwrap();
    assert!(!child.wait().unwrap().success(), "it had ended before it was killed");
    let words: Vec<&str> = served.split('\0').collect();
    let socket = words[words.iter().position(|word| *word == "--socket").unwrap() + 1];
    let folder = Path::new(socket).parent().unwrap();
    assert!(folder.file_name().unwrap().to_str().unwrap().starts_with("bcdrescue-"), "{folder:?}");
    let until = Instant::now() + Duration::from_secs(60);
    while !processes(disk.name()).is_empty() || folder.exists() {
        assert!(Instant::now() < until, "left: {:?}", processes(disk.name()));
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// What an image names is opened by nobody, QEMU included.
#[test]
fn qemu_follows_no_name_that_stands_in_an_image() {
    if !faults::is_allowed() {
        return;
    }
    let elsewhere = tempfile::tempdir().unwrap();
    let secret = elsewhere.path().join("secret");
    fs::write(&secret, vec![7; 1 << 20]).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| text(&folder.path().join(name)).to_owned();
    std::os::unix::fs::symlink(&secret, at("link")).unwrap();
    let (backed, flat) = (at("backed.qcow2"), at("flat.vmdk"));
    let opened = |image: &str| {
        let log = folder.path().join("log");
        let calls = faults::calls("openat,open,connect,execve", &log, &["check", image]);
        let calls: Vec<String> = calls.iter().map(|call| faults::readable(call)).collect();
        (
            calls.iter().any(|call| call.contains("/secret")),
            calls.iter().any(|call| call.starts_with("execve") && call.contains("qemu-nbd")),
        )
    };
    for name in [text(&secret), "link"] {
        judge(
            "qemu-img",
            &[
                "create",
                "-q",
                "-u",
                "-f",
                "qcow2",
                "-o",
                "extended_l2=on",
                "-b",
                name,
                "-F",
                "raw",
                &backed,
                "1M",
            ],
        );
        // The name is looked up (where does the link lead?) and not opened.
        assert_eq!(opened(&backed), (false, false), "{name}");
        let descriptor = format!(
            "# Disk DescriptorFile\nversion=1\nCID=1\nparentCID=ffffffff\ncreateType=\"monolithicFlat\"\nRW 2048 FLAT \"{name}\" 0\n"
        );
        fs::write(&flat, descriptor).unwrap();
        assert_eq!(opened(&flat), (false, false), "{name}");
    }
    // With leave it is, and QEMU is told where it is.
    let leave = ["check", &backed, "--allow-backing", text(&secret), "--json"];
    let run = unlimited(&leave);
    assert!(run.stdout.contains("partition table"), "{run:?}");
    fs::rename(&secret, at("flat-beside")).unwrap();
    fs::write(&flat, fs::read_to_string(&flat).unwrap().replace("link", "flat-beside")).unwrap();
    assert_eq!(opened(&flat), (false, true));
}
