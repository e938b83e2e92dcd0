//! An undo of a disk that was given another identity after its repair: what is said, and that its commands lead back.

use std::fs;
use std::path::Path;

use serde_json::Value as Json;

use crate::support::disk::Disk;
use crate::support::disk::data;
use crate::support::disk::hash;
use crate::support::disk::same_content;
use crate::support::judges::judge;
use crate::support::program::bcdrescue;
use crate::support::program::run;
use crate::support::program::text;

/// Images with the identity that they have, as it is shown and as sfdisk takes it, and a third one.
const IMAGES: [(&str, &str, &str, &str); 2] = [
    ("win2008r2-bios", "disk signature", "0x9e5f31c7", "0x1badb002"),
    (
        "win11-uefi",
        "disk GUID",
        "0a2071c8-53c4-490e-8476-749b002c1f46",
        "1badb002-0000-4000-8000-00000000beef",
    ),
];

/// The disk's identity by sfdisk.
fn identity(raw: &Path) -> String {
    String::from_utf8(judge("sfdisk", &["--disk-id", text(raw)])).unwrap().trim().to_lowercase()
}

fn give(raw: &Path, identity: &str) {
    judge("sfdisk", &["-q", "--disk-id", text(raw), identity]);
}

/// Why the undo is refused, as text and as JSON; nothing is written.
#[track_caller]
fn refusal(disk: &Disk, record: &Path, arguments: &[&str]) -> String {
    let before = hash(&disk.path);
    let all = [&["undo", text(record), "--yes"], arguments].concat();
    let target = bcdrescue(&[&all[..], &["--json"]].concat()).exits(8).target();
    assert_eq!(target["action"], "failed");
    let error = target["error"].as_str().expect("an error").to_owned();
    bcdrescue(&all).exits(8).says(&error);
    assert_eq!(hash(&disk.path), before, "a refusal wrote");
    error
}

/// The commands that a message has between backticks.
fn commands(message: &str) -> Vec<String> {
    message.split('`').skip(1).step_by(2).map(str::to_owned).collect()
}

/// Runs a command of a message in a shell, as a person would paste it, with its yes.
#[track_caller]
fn paste(command: &str, code: i32) {
    let folder = Path::new(env!("CARGO_BIN_EXE_bcdrescue")).parent().expect("a folder");
    let yes = if command.starts_with("bcdrescue") { " --yes" } else { "" };
    let script = format!("PATH={}:$PATH:/usr/sbin:/sbin; {command}{yes}", text(folder));
    run("sh", &["-c", &script]).exits(code);
}

#[test]
fn of_a_store_either_with_the_identity_as_it_is_or_with_the_old_one_given_back() {
    for (name, kind, old, new) in IMAGES {
        let disk = Disk::raw(name);
        // What sfdisk itself writes anew besides the identity is no matter of the undo.
        give(&disk.path, old);
        let original = hash(&disk.path);
        bcdrescue(&["fix", disk.name(), "--yes"]).exits(1);
        let record = disk.record();
        let repaired = hash(&disk.path);

        give(&disk.path, new);
        let message = refusal(&disk, &record, &[]);
        let said = format!(
            "identity has changed since the repair, from {kind} {old} to {kind} {new}; everything else"
        );
        assert!(message.contains(&said), "{message}");
        let [keep, give_back] = commands(&message).try_into().expect("two commands");
        let changed = hash(&disk.path);
        bcdrescue(&["undo", text(&record), "--allow-changed-identity", "--dry-run"])
            .exits(4)
            .says("identity stays")
            .says("nothing was written");
        assert_eq!(hash(&disk.path), changed, "{name}: a dry run wrote");

        paste(&keep, 1);
        assert_eq!(identity(&disk.path), new, "{name}");
        for switch in [&[][..], &["--allow-changed-identity"]] {
            let all = [&["undo", text(&record), "--yes"], switch].concat();
            bcdrescue(&all).exits(0).says("nothing to do").says("except for its identity, which stays");
        }
        let undone = hash(&disk.path);
        give(&disk.path, old);
        assert_eq!(hash(&disk.path), original, "{name}: something else than the identity differs");
        bcdrescue(&["undo", text(&record), "--yes"]).exits(0).says("nothing to do");
        give(&disk.path, new);
        assert_eq!(hash(&disk.path), undone, "{name}");

        // The other way, from the repaired disk on.
        give(&disk.path, old);
        fs::remove_file(&record).unwrap();
        bcdrescue(&["fix", disk.name(), "--yes"]).exits(1);
        assert_eq!(hash(&disk.path), repaired, "{name}");
        give(&disk.path, new);
        paste(&give_back, 0);
        assert_eq!((identity(&disk.path), hash(&disk.path)), (old.to_owned(), repaired), "{name}");
        bcdrescue(&["undo", text(&disk.record()), "--yes"]).exits(1).says("every byte is as it was");
        assert_eq!(hash(&disk.path), original, "{name}");
    }
}

#[test]
fn of_the_identity_itself_only_once_it_is_given_back() {
    for (name, kind, old, new) in IMAGES {
        let disk = Disk::raw(name);
        give(&disk.path, old);
        let original = hash(&disk.path);
        bcdrescue(&["fix", disk.name(), "--yes", "--restore-identity"]).exits(1);
        let record = disk.record();
        let (repaired, restored) = (hash(&disk.path), identity(&disk.path));
        give(&disk.path, new);
        for switch in [&[][..], &["--allow-changed-identity"]] {
            let message = refusal(&disk, &record, switch);
            let said = format!(
                "has changed since the repair, from {kind} {restored} to {kind} {new}; everything else"
            );
            assert!(message.contains(&said), "{message}");
            let [give_back] = commands(&message).try_into().expect("a command");
            paste(&give_back, 0);
            assert_eq!(hash(&disk.path), repaired, "{name}");
            give(&disk.path, new);
        }
        give(&disk.path, &restored);
        bcdrescue(&["undo", text(&record), "--yes"]).exits(1);
        assert_eq!((hash(&disk.path), identity(&disk.path)), (original, old.to_owned()), "{name}");
    }
}

#[test]
fn of_an_image_that_sfdisk_does_not_read() {
    for (name, _, old, new) in IMAGES {
        // A third identity comes by way of a raw copy, which is what the machine between wrote.
        let disk = Disk::raw(name);
        give(&disk.path, old);
        let original = disk.content("original.raw");
        let image = disk.folder.path().join("d isk.qcow2");
        for restore in [false, true] {
            let to_image = |raw: &Path| {
                judge("qemu-img", &["convert", "-f", "raw", "-O", "qcow2", text(raw), text(&image)]);
            };
            to_image(&original);
            let cure = if restore { "--restore-identity" } else { "--repoint" };
            bcdrescue(&["fix", text(&image), "--yes", cure]).exits(1);
            let record = disk.record();
            let raw = disk.folder.path().join("between.raw");
            judge("qemu-img", &["convert", "-O", "raw", text(&image), text(&raw)]);
            give(&raw, new);
            to_image(&raw);
            let target: Json = bcdrescue(&["undo", text(&record), "--yes", "--json"]).exits(8).target();
            let [command] = commands(target["error"].as_str().unwrap()).try_into().expect("a command");
            assert!(!command.contains("sfdisk"), "{command}");
            paste(&command, 1);
            if restore {
                bcdrescue(&["undo", text(&record), "--yes"]).exits(1);
            } else {
                judge("qemu-img", &["convert", "-O", "raw", text(&image), text(&raw)]);
                give(&raw, old);
                to_image(&raw);
            }
            assert!(same_content(&image, &original), "{name} {cure}");
            disk.records().iter().for_each(|record| fs::remove_file(record).unwrap());
        }
    }
}

#[test]
fn another_disk_and_a_store_that_somebody_wrote_stay_refused() {
    for (name, _, _, new) in IMAGES {
        let disk = Disk::raw(name);
        bcdrescue(&["fix", disk.name(), "--yes"]).exits(1);
        let record = disk.record();
        give(&disk.path, new);
        // One byte of a string in a store, far from any identity.
        let words = b"W\0i\0n\0d\0o\0w\0s\0 \0M\0e\0m\0o\0r\0y\0";
        let found = data(&disk.path).find_map(|(at, bytes)| {
            let within = bytes.windows(words.len()).position(|window| window == words)?;
            Some(at + within as u64)
        });
        disk.put(found.expect("the entry of the memory test"), b"V");
        for switch in [&[][..], &["--allow-changed-identity"]] {
            let message = refusal(&disk, &record, switch);
            assert!(message.contains("this is not the recorded disk"), "{message}");
            assert_eq!(commands(&message), [""; 0]);
        }
    }

    // The same of a record without a store: something else in the sector than the identity.
    let disk = Disk::raw("win2008r2-bios");
    bcdrescue(&["fix", disk.name(), "--yes", "--restore-identity"]).exits(1);
    give(&disk.path, "0x1badb002");
    disk.put(0x100, b"other boot code");
    let message = refusal(&disk, &disk.record(), &["--allow-changed-identity"]);
    assert!(message.contains("this is not the recorded disk"), "{message}");
    assert_eq!(commands(&message), [""; 0]);
}
