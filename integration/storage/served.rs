//! Images that a `qemu-nbd` opens for the program, and disks behind NBD servers: the same commands and the same results.

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::path::PathBuf;
use std::process::Child;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use serde_json::Value as Json;

use crate::safety::strace;
use crate::support::disk::Disk;
use crate::support::disk::hash;
use crate::support::disk::image;
use crate::support::judges::judge;
use crate::support::program::Run;
use crate::support::program::text;
use crate::support::program::unlimited;

const LUKS: [&str; 2] = ["--object", "secret,id=s,data=abc"];

/// Arguments that make an image of a kind that the program does not open by itself, and the name of its kind.
const KINDS: [(&str, &[&str]); 11] = [
    ("vmdk image", &["-O", "vmdk"]),
    ("vmdk image", &["-O", "vmdk", "-o", "subformat=monolithicFlat"]),
    ("vmdk image", &["-O", "vmdk", "-o", "subformat=twoGbMaxExtentSparse"]),
    ("vhd image", &["-O", "vpc", "-o", "force_size=on"]),
    ("vhd image", &["-O", "vpc", "-o", "subformat=fixed,force_size=on"]),
    ("vhdx image", &["-O", "vhdx"]),
    ("vdi image", &["-O", "vdi"]),
    ("qcow2 image", &["-O", "qcow2", "-c", "-o", "compression_type=zstd"]),
    ("qcow2 image", &["-O", "qcow2", "-o", "extended_l2=on,cluster_size=64k"]),
    (
        "qcow2 image",
        &[
            LUKS[0],
            LUKS[1],
            "-O",
            "qcow2",
            "-o",
            "encrypt.format=luks,encrypt.key-secret=s,encrypt.iter-time=10",
        ],
    ),
    ("LUKS image", &[LUKS[0], LUKS[1], "-O", "luks", "-o", "key-secret=s,iter-time=10"]),
];

/// A committed image in one of these kinds, and the file with its passphrase.
fn made(name: &str, arguments: &[&str]) -> (Disk, String) {
    let disk = Disk::converted(name, arguments);
    let key = disk.folder.path().join("key");
    fs::write(&key, "abc").unwrap();
    (disk, text(&key).to_owned())
}

/// Everything about a target but how it is called and kept.
fn facts(run: &Run) -> Json {
    let mut target = run.target();
    for name in ["target", "kind", "notes", "record"] {
        target.as_object_mut().unwrap().remove(name);
    }
    // The command names the target.
    target["fix"].as_object_mut().map(|fix| fix.remove("command"));
    target
}

/// All bytes in the folder of a disk.
fn all(disk: &Disk) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = fs::read_dir(disk.folder.path()).unwrap().map(|entry| entry.unwrap().path());
    let mut all: Vec<_> = entries.map(|path| (path.clone(), hash(&path))).collect();
    all.sort();
    all
}

/// The virtual disks of two images are the same, QEMU says.
#[track_caller]
fn same_disk(one: &str, other: &str) {
    let opened = |path: &str| {
        let secret = "encrypt.key-secret=s,";
        let head = bytes_of(path, 0, 36);
        match (head.starts_with(b"LUKS"), head.starts_with(b"QFI\xfb") && head[35] == 2) {
            (true, _) => format!("driver=luks,key-secret=s,file.filename={path}"),
            (_, true) => format!("driver=qcow2,{secret}file.filename={path}"),
            _ => format!("driver={},file.filename={path}", driver(path)),
        }
    };
    judge("qemu-img", &["compare", LUKS[0], LUKS[1], "--image-opts", &opened(one), &opened(other)]);
}

fn driver(path: &str) -> String {
    let len = fs::metadata(path).unwrap().len();
    if bytes_of(path, len - 512, 8) == b"conectix" {
        // It takes a fixed one for raw.
        return "vpc".into();
    }
    let info: Json = serde_json::from_slice(&judge("qemu-img", &["info", "--output=json", path])).unwrap();
    info["format"].as_str().unwrap().to_owned()
}

fn bytes_of(path: &str, at: u64, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    fs::File::open(path).unwrap().read_exact_at(&mut bytes, at).unwrap();
    bytes
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
            .says(&format!("Run: bcdrescue fix {} --key-file {key}\n", disk.name()));
        run(&["fix", disk.name(), "--dry-run"]).exits(4);
        assert_eq!(all(&disk), files, "{arguments:?}: reading wrote");
        let fixed_now = run(&["fix", disk.name(), "--yes"]).exits(1);
        let way_back = format!("to go back: bcdrescue undo --key-file {key} {}", text(&disk.record()));
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
    unlimited(&["check", disk.name()]).exits(4);
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
    unlimited(&["check", stream.name()]).exits(4);
    refused(&stream, &[], "the vmdk image is stream-optimized: it cannot be changed in place; convert it");
    let (luks, key) = made("win2008r2-bios", KINDS[10].1);
    refused(
        &luks,
        &[],
        "it is encrypted (LUKS); name a file that holds its passphrase and nothing else: --key-file FILE",
    );
    refused(&luks, &["--key-file", "/nowhere"], "cannot open the key file /nowhere: No such file");
    fs::write(&key, "abcd").unwrap();
    refused(&luks, &["--key-file", &key], "qemu-nbd refuses it: ");
    let dirty = Disk::converted("win2008r2-bios", KINDS[8].1);
    let mut bytes = fs::read(&dirty.path).unwrap();
    bytes[79] |= 1;
    fs::write(&dirty.path, bytes).unwrap();
    refused(&dirty, &[], "the image was not closed cleanly; repair it with `qemu-img check -r all IMAGE`");
    let vhdx = Disk::converted("win2008r2-bios", &["-O", "vhdx"]);
    let bytes = fs::read(&vhdx.path).unwrap();
    fs::write(&vhdx.path, &bytes[..0x20000]).unwrap();
    refused(&vhdx, &[], "disk.img: qemu-nbd refuses it: ");
}

#[test]
fn a_machine_that_runs_on_it_is_left_alone() {
    for arguments in [KINDS[0].1, KINDS[8].1] {
        let disk = Disk::converted("win2008r2-bios", arguments);
        let server = Server::new(&["-t", "-f", &driver(disk.name()), disk.name()], "");
        let busy = "a running virtual machine (or another program) holds the image";
        unlimited(&["fix", disk.name(), "--yes"]).exits(8).says(busy);
        let note = "a running virtual machine holds it for writing; what is read may be changing";
        unlimited(&["check", disk.name()]).exits(4).says(note);
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
        let output = run.env("PATH", "/nowhere").args(["check", disk.name()]).output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        let expected = format!(
            "{why}, which qemu-nbd opens for this program, and qemu-nbd is not installed; install it (Debian, Ubuntu: qemu-utils; Fedora: qemu-img), or convert"
        );
        assert!(said.contains(&expected), "{said}");
        assert_eq!(output.status.code(), Some(8));
    }
}

/// The processes that have this path among their arguments.
fn processes(path: &str) -> Vec<(String, String)> {
    let entries = fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().path());
    let line = |process: PathBuf| {
        let line = String::from_utf8(fs::read(process.join("cmdline")).ok()?).ok()?;
        Some((process.file_name()?.to_str()?.to_owned(), line))
    };
    entries.filter_map(line).filter(|(_, line)| line.contains(path) && line.contains("qemu-nbd")).collect()
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
    if !strace::is_allowed() {
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
        let calls = strace::calls("openat,open,connect,execve", &log, &["check", image]);
        let calls: Vec<String> = calls.iter().map(|call| strace::readable(call)).collect();
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

/// A `qemu-nbd` of the tests', on a socket of its own.
pub(crate) struct Server {
    child: Child,
    folder: tempfile::TempDir,
    export: String,
}

impl Server {
    pub(crate) fn new(arguments: &[&str], export: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let child = Command::new("qemu-nbd")
            .arg("--socket")
            .arg(folder.path().join("a socket"))
            .args(["-x", export])
            .args(arguments)
            .spawn()
            .expect("qemu-nbd; `make packages` installs it");
        let server = Self { child, folder, export: export.into() };
        let until = Instant::now() + Duration::from_secs(60);
        while !server.folder.path().join("a socket").exists() {
            assert!(Instant::now() < until, "qemu-nbd does not start");
            std::thread::sleep(Duration::from_millis(5));
        }
        server
    }

    pub(crate) fn url(&self) -> String {
        format!("nbd+unix:///{}?socket={}/a%20socket", self.export, text(self.folder.path()))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A server that takes one client and ends with it, as `qemu-nbd` does by itself.
#[test]
fn a_disk_behind_a_server_is_repaired_over_one_connection() {
    let (plain, disk) = (Disk::of("win2008r2-bios"), Disk::of("win2008r2-bios"));
    let serve = || Server::new(&["-f", "qcow2", disk.name()], "disk");
    let before = facts(&unlimited(&["check", plain.name(), "--json"]).exits(4));
    let checked = unlimited(&["check", &serve().url(), "--json"]).exits(4);
    assert_eq!((facts(&checked), &checked.target()["kind"]), (before, &Json::from("NBD export")));
    assert_eq!(hash(&disk.path), hash(&plain.path));
    let records = disk.folder.path().join("records");
    fs::create_dir(&records).unwrap();
    let server = serve();
    unlimited(&["fix", &server.url(), "--yes", "--record-dir", text(&records)]).exits(1).says("healthy");
    unlimited(&["check", disk.name()]).exits(0);
    judge("qemu-img", &["check", disk.name()]);
    let record = fs::read_dir(&records).unwrap().next().unwrap().unwrap().path();
    let server = serve();
    unlimited(&["undo", text(&record), "--yes", "--target", &server.url()]).exits(1);
    drop(server);
    same_disk(disk.name(), plain.name());
}

#[test]
fn what_a_server_does_not_give_is_said() {
    let disk = Disk::of("win2008r2-bios");
    let server = Server::new(&["-t", "-r", "-f", "qcow2", disk.name()], "disk");
    let before = hash(&disk.path);
    let fix = |url: &str| unlimited(&["fix", url, "--yes"]).exits(8);
    fix(&server.url()).says("the server gives it out read-only; serve it for writing");
    fix(&server.url().replace("disk", "other")).says("the server does not have export \"other\"");
    fix("nbd+unix:///?socket=/nowhere").says("cannot connect: No such file or directory");
    fix("nbd://127.0.0.1:1").says("cannot connect: Connection refused");
    fix("nbd://host:x").says("expected nbd://HOST[:PORT][/EXPORT]");
    fix("nbds://host").says("does not speak TLS");
    assert_eq!(hash(&disk.path), before);
    // Of several, in one list with files, over TCP and not.
    unlimited(&["check", &server.url(), disk.name(), "--json"]).exits(4);
}

/// Blocks of 4096 bytes, which the disk's own sectors are smaller than: it is read, and not written.
#[test]
fn blocks_of_the_servers_own_are_kept() {
    let disk = Disk::raw("win2008r2-bios");
    let options = format!("driver=blkdebug,align=4096,image.driver=file,image.filename={}", disk.name());
    let server = Server::new(&["-t", "--image-opts", &options], "");
    let (before, bytes) = (facts(&unlimited(&["check", disk.name(), "--json"]).exits(4)), hash(&disk.path));
    assert_eq!(facts(&unlimited(&["check", &server.url(), "--json"]).exits(4)), before);
    let records = disk.folder.path().join("records");
    fs::create_dir(&records).unwrap();
    unlimited(&["fix", &server.url(), "--yes", "--record-dir", text(&records)])
        .exits(8)
        .says("the server takes whole blocks of 4096 bytes")
        .says("nothing was written");
    assert_eq!(fs::read_dir(&records).unwrap().count(), 0);
    assert_eq!(hash(&disk.path), bytes);
}

/// It starts, takes its image, opens its socket: in each of these moments a signal may come, or be missed.
#[test]
fn no_server_is_left_whenever_the_program_is_killed() {
    let disk = Disk::converted("win2008r2-bios", &["-O", "vhdx"]);
    for delay in (0..60).step_by(2) {
        let mut child = Command::new(env!("CARGO_BIN_EXE_bcdrescue"))
            .args(["check", disk.name()])
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(delay));
        let _ = child.kill();
        child.wait().unwrap();
    }
    let until = Instant::now() + Duration::from_secs(60);
    while !processes(disk.name()).is_empty() {
        assert!(Instant::now() < until, "left: {:?}", processes(disk.name()));
        std::thread::sleep(Duration::from_millis(20));
    }
    // Nobody holds it.
    unlimited(&["fix", disk.name(), "--yes"]).exits(1);
}

/// QEMU lets several writers have a raw disk inside LUKS.
#[test]
fn one_repair_at_a_time() {
    let (disk, key) = made("win2008r2-bios", KINDS[10].1);
    let plain = Disk::of("win2008r2-bios");
    let fix = ["fix", disk.name(), "--yes", "--key-file", &key];
    let mut codes: Vec<i32> = std::thread::scope(|scope| {
        let runs: Vec<_> = (0..3).map(|_| scope.spawn(|| unlimited(&fix).code)).collect();
        runs.into_iter().map(|run| run.join().unwrap()).collect()
    });
    codes.sort_unstable();
    // The others were refused, or came so late that nothing was left to do.
    assert!(codes.iter().filter(|code| **code == 1).count() == 1, "{codes:?}");
    assert!(codes.iter().all(|code| [0, 1, 8].contains(code)), "{codes:?}");
    unlimited(&["check", disk.name(), "--key-file", &key]).exits(0);
    unlimited(&["undo", text(&disk.record()), "--yes", "--key-file", &key]).exits(1);
    same_disk(disk.name(), plain.name());
}

/// A way to the server that breaks off when so many bytes have come from there.
fn breaks_off(server: &Server, after: usize) -> String {
    use std::io::Read;
    use std::io::Write;
    use std::os::unix::net::UnixListener;
    use std::os::unix::net::UnixStream;
    let path = server.folder.path().join(format!("after {after}"));
    let listener = UnixListener::bind(&path).unwrap();
    let back = server.folder.path().join("a socket");
    std::thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        let mut server = UnixStream::connect(back).unwrap();
        let (mut from, mut to) = (client.try_clone().unwrap(), server.try_clone().unwrap());
        std::thread::spawn(move || std::io::copy(&mut from, &mut to));
        let (mut left, mut buffer) = (after, vec![0; 4096]);
        while let Ok(len @ 1..) = server.read(&mut buffer) {
            let part = len.min(left);
            let _ = client.write_all(&buffer[..part]);
            left -= part;
            if left == 0 {
                break;
            }
        }
        let _ = client.shutdown(std::net::Shutdown::Both);
        let _ = server.shutdown(std::net::Shutdown::Both);
    });
    format!("nbd+unix:///?socket={}", text(&path).replace(' ', "%20"))
}

/// What was not read must not look like what is not there.
#[test]
fn a_connection_that_is_lost_is_no_verdict() {
    let disk = Disk::of("win2008r2-bios-healthy");
    let server = Server::new(&["-t", "-e", "8", "-r", "-f", "qcow2", disk.name()], "");
    let mut lost = 0;
    for after in [10, 200, 5_000, 20_000, 50_000, 80_000, 120_000, 160_000, 1 << 30] {
        let run = unlimited(&["check", &breaks_off(&server, after), "--json"]);
        match run.code {
            0 => assert!(after > 50_000, "{after} bytes are not enough to say that all is well"),
            8 => {
                assert_eq!(run.target()["verdict"], "unknown");
                lost += 1;
            }
            code => panic!("{after}: exit code {code}: {}", run.stdout),
        }
    }
    assert!((4..9).contains(&lost), "{lost}");
}

/// A server for one client, and the same URL several times in one run.
#[test]
fn a_server_for_one_client_is_enough() {
    let disk = Disk::of("win2008r2-bios");
    let server = Server::new(&["-r", "-f", "qcow2", disk.name()], "");
    let url = server.url();
    let run = unlimited(&["check", "--independent", "-j", "8", &url, &url, &url, &url, "--jsonl"]).exits(4);
    assert_eq!(run.stdout.matches("\"verdict\":\"broken\"").count(), 4, "{}", run.stdout);
}

/// Two answers a second: a look ends when they took too long together, and says that, not that the disk is broken.
#[test]
fn a_server_that_answers_slowly_for_ever_holds_nobody_for_ever() {
    let disk = Disk::of("win2008r2-bios");
    let options = format!(
        "driver=throttle,throttle-group=slow,file.driver=qcow2,file.file.driver=file,file.file.filename={}",
        disk.name()
    );
    let slow = ["-t", "-r", "--object", "throttle-group,id=slow,x-iops-total=2", "--image-opts", &options];
    let server = Server::new(&slow, "disk");
    let run = unlimited(&["check", &server.url(), "--time-limit", "2", "--json"]);
    let target = run.target();
    assert_eq!((run.code, &target["verdict"]), (8, &Json::from("unknown")), "{run:?}");
    let findings = target["findings"].as_array().unwrap();
    let read = findings.iter().find(|finding| finding["code"] == "read-failed").expect("it is said");
    let message = "a part of the disk was not read, and what lies there may be what is missing or wrong: reading ended at the limit of 2 seconds";
    assert_eq!(read["message"], message);
    assert!(read["remedy"].to_string().contains("--time-limit SECONDS"), "{read}");
    assert!(!run.stdout.contains("dmesg"), "{}", run.stdout);
    // Where not even the table was read in time.
    let short = unlimited(&["check", &server.url(), "--time-limit", "1"]);
    assert!(short.code == 8 && short.stdout.contains("the limit of 1 seconds"), "{short:?}");
    // With time enough it is as with a fast one.
    unlimited(&["check", &server.url(), "--time-limit", "600"]).exits(4);
}
