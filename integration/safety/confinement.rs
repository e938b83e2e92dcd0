//! Nobody gets in through the tool: what it opens, writes and starts, as the kernel sees it.

use std::fs;
use std::path::Path;

use crate::support::disk::Disk;
use crate::support::disk::hash;
use crate::support::faults;
use crate::support::faults::readable;
use crate::support::judges::judge;
use crate::support::program::bcdrescue;
use crate::support::program::not_run;
use crate::support::program::text;

/// Calls that change a file system, start a program or speak to anybody.
const CHANGING: &str = "open,openat,openat2,creat,write,writev,pwrite64,pwritev,pwritev2,truncate,ftruncate,fallocate,\
    rename,renameat,renameat2,link,linkat,symlink,symlinkat,unlink,unlinkat,mkdir,mkdirat,chmod,fchmod,fchmodat,\
    chown,fchown,fchownat,mount,umount2,execve,execveat,socket,connect,sendfile,copy_file_range,splice,ioctl,mknod,mknodat";

/// Those of the calls that do change something, without what goes to the terminal.
fn changes(disk: &Disk, arguments: &[&str]) -> Vec<String> {
    let log = disk.folder.path().join("log");
    let all = faults::calls(CHANGING, &log, arguments);
    assert!(all.len() > 5, "{all:?}");
    let only_reads = |call: &str| {
        let opens = ["O_WRONLY", "O_RDWR", "O_CREAT", "O_TRUNC"].iter().all(|flag| !call.contains(flag));
        (call.starts_with("open") && opens)
            || ["write(1<", "write(2<", "ioctl(1<", "ioctl(2<", "ioctl(0<", "+++", "---"]
                .iter()
                .any(|fine| call.starts_with(fine))
    };
    // The first is the program itself.
    all.into_iter().skip(1).filter(|call| !only_reads(call)).collect()
}

#[test]
fn reading_commands_change_nothing_and_start_nothing() {
    if !faults::is_allowed() {
        return;
    }
    for disk in [Disk::of("win11-uefi"), Disk::raw("win2008r2-bios")] {
        let before = hash(&disk.path);
        let commands: [&[&str]; 7] = [
            &["list", disk.name()],
            &["list"],
            &["inspect", disk.name()],
            &["check", disk.name()],
            &["check", disk.name(), "--json"],
            &["fix", disk.name(), "--dry-run"],
            &["fix", disk.name(), "--restore-identity", "--dry-run"],
        ];
        for command in commands {
            let changes = changes(&disk, command);
            assert!(changes.is_empty(), "{command:?}: {changes:#?}");
        }
        assert_eq!((hash(&disk.path), disk.records().len()), (before, 0));
    }
}

/// By Landlock, and before the target is opened for the first time.
#[test]
fn every_command_gives_up_what_it_does_not_need() {
    if !faults::is_allowed() {
        return;
    }
    let disk = Disk::raw("win2008r2-bios");
    let log = disk.folder.path().join("log");
    let healthy = Disk::of("win2008r2-bios-healthy");
    let identities = disk.folder.path().join("identities.json");
    let recorded = ["record", healthy.name(), "-o", text(&identities)];
    let confined = |command: &[&str], target: &str| {
        let calls = faults::calls("landlock_create_ruleset,landlock_restrict_self,openat", &log, command);
        if calls.iter().any(|call| call.starts_with("landlock_create_ruleset(") && call.contains(") = -1")) {
            return not_run("confinement of the program", "this kernel has no Landlock");
        }
        // The thread that would start qemu-nbd, and then all others.
        let restricted =
            |call: &&String| call.starts_with("landlock_restrict_self(") && call.ends_with("= 0");
        let opened =
            |call: &String| call.contains("O_NONBLOCK") && readable(call).contains(&format!("{target}>"));
        let opened = calls.iter().position(opened).unwrap_or_else(|| panic!("{command:?}: {calls:#?}"));
        let restricted = calls.iter().take(opened).filter(restricted).count();
        assert_eq!(restricted, 2, "{command:?}: {calls:#?}");
    };
    for command in [&["list"][..], &["inspect"], &["check"], &["fix", "--dry-run"], &["fix", "--yes"]] {
        confined(&[command, &[disk.name()]].concat(), disk.name());
    }
    confined(&["undo", "--yes", text(&disk.record())], disk.name());
    confined(&recorded, healthy.name());
    assert!(identities.exists());
}

/// A repair writes to its disk and makes its record, and that is all.
#[test]
fn a_repair_writes_its_disk_and_its_record_alone() {
    if !faults::is_allowed() {
        return;
    }
    for disk in [Disk::of("win11-uefi"), Disk::raw("win2008r2-bios")] {
        let changes = changes(&disk, &["fix", disk.name(), "--yes"]);
        let record = disk.record();
        assert!(changes.len() > 5, "{changes:#?}");
        for call in &changes {
            let call = readable(call);
            let part = format!("{}/.bcdrescue-", text(disk.folder.path()));
            let mine = [disk.name(), text(&record), &part].iter().any(|path| call.contains(path));
            let kind = ["openat(", "write(", "pwrite64(", "pwritev(", "renameat2("];
            let fine = kind.iter().any(|kind| call.starts_with(kind));
            assert!(mine && fine && !call.contains("O_TRUNC"), "{}", &call[..call.len().min(300)]);
        }
    }
}

/// Names that an image may hold for its backing or data file, none of which leads to a file beside it.
fn foreign_names(secret: &Path) -> Vec<String> {
    let folder = secret.parent().unwrap().file_name().unwrap().to_str().unwrap();
    vec![
        text(secret).to_owned(),
        format!("../{folder}/secret"),
        format!("./../{folder}/secret"),
        format!("file:{}", text(secret)),
        format!("json:{{\"driver\":\"raw\",\"file\":{{\"filename\":\"{}\"}}}}", text(secret)),
        "nbd://127.0.0.1:10809/x".into(),
        "nbd+unix:///x?socket=/tmp/socket".into(),
        "http://127.0.0.1/x".into(),
        "/dev/sda".into(),
        "/dev/fd/0".into(),
        "/proc/self/fd/0".into(),
        "fd:0".into(),
        "link".into(),
        "\u{1b}[2Jname".into(),
    ]
}

#[test]
fn a_file_that_an_image_names_elsewhere_is_not_even_looked_at() {
    if !faults::is_allowed() {
        return;
    }
    let elsewhere = tempfile::tempdir().unwrap();
    let secret = elsewhere.path().join("secret");
    fs::copy(Disk::raw("win10-bios").path, &secret).unwrap();
    let before = hash(&secret);
    for name in foreign_names(&secret) {
        for data_file in [false, true] {
            let folder = tempfile::tempdir().unwrap();
            let disk = Disk { path: folder.path().join("image.qcow2"), folder };
            std::os::unix::fs::symlink(&secret, disk.folder.path().join("link")).unwrap();
            fs::write(&disk.path, image_that_names(&name, data_file)).unwrap();
            let image = fs::read(&disk.path).unwrap();
            for command in [&["check", disk.name()][..], &["fix", disk.name(), "--yes"]] {
                let run = bcdrescue(command);
                assert!([4, 8].contains(&run.code), "{name:?}: {run:?}");
                let said = format!("{}{}", run.stdout, run.stderr);
                assert!(!said.contains('\u{1b}'), "{said:?}");
                let log = disk.folder.path().join("log");
                let opened = faults::calls("openat,open,socket,connect,execve", &log, command);
                let opened: Vec<String> = opened.iter().skip(1).map(|call| readable(call)).collect();
                // What the thread that would start qemu-nbd keeps.
                let is_rule = |call: &String| call.contains("/dev/null>") && call.contains("O_PATH");
                let inside = |call: &&String| !call.contains("ENOENT") && !call.starts_with("+++");
                for call in opened.iter().filter(inside) {
                    assert!(!call.starts_with("socket") && !call.starts_with("connect"), "{name:?}: {call}");
                    let is_it =
                        ["secret", "/dev/", "10809", "/proc/self/fd"].iter().any(|it| call.contains(it));
                    assert!(!is_it || call.contains("/proc/self/maps") || is_rule(call), "{name:?}: {call}");
                }
            }
            assert!(fs::read(&disk.path).unwrap() == image);
        }
    }
    assert_eq!(hash(&secret), before);
    // What lies beside the image is opened, and would be seen here.
    let disk = Disk::of("win10-bios");
    fs::rename(&disk.path, disk.folder.path().join("beside")).unwrap();
    fs::write(&disk.path, image_that_names("beside", false)).unwrap();
    let log = disk.folder.path().join("log");
    let opened = faults::calls("openat", &log, &["check", disk.name()]);
    assert!(opened.iter().any(|call| readable(call).contains("/beside>")), "{opened:?}");
}

/// An empty qcow2 image of 64 MiB whose header names this file.
fn image_that_names(name: &str, data_file: bool) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image");
    let other = format!("data_file={}", text(&folder.path().join("other")));
    let options: &[&str] = if data_file { &["-o", &other] } else { &[] };
    judge("qemu-img", &[&["create", "-q", "-f", "qcow2"], options, &[text(&path), "64M"]].concat());
    let mut bytes = fs::read(&path).unwrap();
    if data_file {
        // The header extension with the name: its type, its length, the name padded to eight bytes.
        let at = bytes.windows(4).position(|four| four == 0x4441_5441u32.to_be_bytes()).unwrap();
        let mut extension = 0x4441_5441u32.to_be_bytes().to_vec();
        extension.extend((name.len() as u32).to_be_bytes());
        extension.extend(name.as_bytes());
        extension.resize(extension.len().next_multiple_of(8) + 8, 0);
        bytes[at..at + extension.len()].copy_from_slice(&extension);
    } else {
        bytes[8..16].copy_from_slice(&1024u64.to_be_bytes());
        bytes[16..20].copy_from_slice(&(name.len() as u32).to_be_bytes());
        bytes[1024..1024 + name.len()].copy_from_slice(name.as_bytes());
    }
    bytes
}
