//! Disks behind NBD servers, which may be slow, lost, gone, or somebody else's.

use std::fs;
use std::process::Command;
use std::process::Stdio;
use std::time::Duration;
use std::time::Instant;

use serde_json::Value as Json;

use crate::support::disk::Disk;
use crate::support::disk::hash;
use crate::support::judges::judge;
use crate::support::nbd_server::KINDS;
use crate::support::nbd_server::Server;
use crate::support::nbd_server::facts;
use crate::support::nbd_server::made;
use crate::support::nbd_server::processes;
use crate::support::nbd_server::same_disk;
use crate::support::program::text;
use crate::support::program::unlimited;

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
    unlimited(&["check", "-v", disk.name()]).exits(0);
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
    fix(&server.url()).says("the server exports it read-only; serve it for writing");
    fix(&server.url().replace("disk", "other")).says("the server does not have export \"other\"");
    fix("nbd+unix:///?socket=/nowhere").says("cannot connect: No such file or directory");
    fix("nbd://127.0.0.1:1").says("cannot connect: Connection refused");
    fix("nbd://host:x").says("expected nbd://HOST[:PORT][/EXPORT]");
    fix("nbds://host").says("TLS is not supported");
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
        .says("the server requires 4096-byte blocks")
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
    unlimited(&["check", "-v", disk.name(), "--key-file", &key]).exits(0);
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
    let message = "part of the disk was not read; what is missing or wrong may be there: reading stopped at the limit of 2 seconds";
    assert_eq!(read["message"], message);
    assert!(read["remedy"].to_string().contains("--time-limit SECONDS"), "{read}");
    assert!(!run.stdout.contains("dmesg"), "{}", run.stdout);
    // Where not even the table was read in time.
    let short = unlimited(&["check", "-v", &server.url(), "--time-limit", "1"]);
    assert!(short.code == 8 && short.stdout.contains("the limit of 1 seconds"), "{short:?}");
    // With time enough it is as with a fast one.
    unlimited(&["check", "-v", &server.url(), "--time-limit", "600"]).exits(4);
}
