//! What is refused before anything is touched: the reason, the way out, and the file as it was.

use std::fs;

use crate::support::disk::Disk;
use crate::support::disk::hash;
use crate::support::held::Nbd;
use crate::support::judges::judge;
use crate::support::judges::put_ntfs;
use crate::support::parts::change;
use crate::support::parts::partitions;
use crate::support::program::bcdrescue;
use crate::support::program::text;
use crate::support::repair::refused_with;

/// Each switch alone is stopped by a session that sleeps, and so are two together; the old identity alone is not.
#[test]
fn gates_stand_for_every_combination_of_switches() {
    let disk = Disk::raw("win10-bios");
    let sleeping = [b"hibr".as_slice(), &[0; 4092]].concat();
    change(&disk, 2, |volume| put_ntfs(volume, "/hiberfil.sys", &sleeping));
    // No partition is active, and the boot record says another place.
    disk.put(0x1be, &[0]);
    disk.put(partitions(&disk.path)[0].start + 0x1c, &[7]);
    for switches in [
        &["--active=1"][..],
        &["--boot-sector"],
        &["--active=1", "--boot-sector"],
        &["--restore-identity", "--active=1"],
        &["--restore-identity", "--boot-sector"],
        &["--restore-identity", "--active=1", "--boot-sector"],
    ] {
        refused_with(&disk, switches, 8, &["hibernated"]);
    }
    let lifted =
        ["fix", disk.name(), "--restore-identity", "--active=1", "--boot-sector", "--allow-hibernated"];
    bcdrescue(&[&lifted[..], &["--dry-run"]].concat()).exits(4).says("simulated result: healthy");
    bcdrescue(&["fix", disk.name(), "--restore-identity", "--dry-run"]).exits(4);
}

#[test]
fn a_dry_run_of_an_image_that_is_held_is_refused_as_the_repair_is() {
    let disk = Disk::of("win2008r2-bios");
    let holder = Nbd::over(&disk);
    for word in ["--dry-run", "--yes"] {
        let run = bcdrescue(&["fix", disk.name(), word]);
        let said = format!("{}{}", run.stdout, run.stderr);
        assert!(run.code == 8 && said.contains("in use by"), "{word}: {said}");
    }
    drop(holder);
    bcdrescue(&["fix", disk.name(), "--dry-run"]).exits(4);
}

#[test]
fn an_image_that_was_not_closed_may_be_read_but_not_written() {
    let disk = Disk::of("win2008r2-bios");
    let mut bytes = fs::read(&disk.path).unwrap();
    // The dirty bit of the incompatible features, at byte 72 of a version 3 header.
    bytes[79] |= 1;
    fs::write(&disk.path, bytes).unwrap();
    bcdrescue(&["check", "-v", disk.name()]).exits(4);
    refused_with(&disk, &[], 8, &["qemu-img check -r all"]);
}

#[test]
fn a_backing_file_elsewhere_needs_leave() {
    let (base, disk) = (Disk::of("win2008r2-bios"), Disk::of("win2008r2-bios"));
    judge("qemu-img", &["create", "-q", "-f", "qcow2", "-F", "qcow2", "-b", base.name(), disk.name()]);
    let before = hash(&base.path);
    refused_with(&disk, &[], 8, &["--allow-backing"]);
    bcdrescue(&["fix", disk.name(), "--yes", "--allow-backing", base.name()]).exits(1);
    bcdrescue(&["undo", text(&disk.record()), "--yes", "--allow-backing", base.name()]).exits(1);
    assert_eq!(hash(&base.path), before, "the base was written");
}

#[test]
fn without_a_terminal_nothing_is_assumed() {
    let disk = Disk::of("win2008r2-bios");
    let before = hash(&disk.path);
    bcdrescue(&["fix", disk.name()]).exits(16).says("--yes").says("nothing was written");
    assert_eq!(bcdrescue(&["fix", disk.name(), "--json"]).exits(16).target()["action"], "not-confirmed");
    assert_eq!(hash(&disk.path), before);
    bcdrescue(&["fix", disk.name(), "--yes"]).exits(1);
    let fixed = hash(&disk.path);
    bcdrescue(&["undo", text(&disk.record())]).exits(16).says("--yes");
    assert_eq!(hash(&disk.path), fixed);
}

#[test]
fn a_wrong_command_line_is_16_and_help_is_0() {
    for arguments in [&["fix", "--what"][..], &["inspect"], &["nonsense"], &[]] {
        bcdrescue(arguments).exits(16);
    }
    for arguments in
        [&["--help"][..], &["--version"], &["list", "--help"], &["inspect", "--help"], &["undo", "--help"]]
    {
        bcdrescue(arguments).exits(0);
    }
    for command in ["list", "inspect", "check", "fix", "undo"] {
        let help = bcdrescue(&[command, "--help"]).exits(0).says("Example");
        assert!(help.stdout.lines().all(|line| line.chars().count() <= 100), "{command}: a line is too long");
    }
}

#[test]
fn an_undo_refuses_another_disk_a_moved_one_and_a_damaged_record() {
    let disk = Disk::raw("win2008r2-bios");
    bcdrescue(&["fix", disk.name(), "--yes"]).exits(1);
    let record = disk.record();
    let refuse = |arguments: &[&str], words: &str| {
        let mut all = vec!["undo", text(&record), "--yes"];
        all.extend(arguments);
        bcdrescue(&all).exits(8).says(words);
    };

    let other = Disk::raw("win2008sp2-bios");
    let before = hash(&other.path);
    refuse(&["--target", other.name()], "not the recorded disk");
    assert_eq!(hash(&other.path), before);

    // Somebody wrote the store since: one byte of a string, far from any identity.
    let mut bytes = fs::read(&disk.path).unwrap();
    let name = b"W\0i\0n\0d\0o\0w\0s\0 \0M\0e\0m\0o\0r\0y\0";
    let at = bytes.windows(name.len()).position(|window| window == name).unwrap();
    bytes[at] = b'V';
    fs::write(&disk.path, &bytes).unwrap();
    refuse(&[], "was changed after the repair");
    bytes[at] = b'W';
    fs::write(&disk.path, &bytes).unwrap();

    let text_of_record = fs::read_to_string(&record).unwrap();
    let damaged = text_of_record.replacen("\"before\": \"eJ", "\"before\": \"eK", 1);
    assert_ne!(damaged, text_of_record);
    fs::write(&record, damaged).unwrap();
    refuse(&[], "damaged");
    fs::write(&record, text_of_record).unwrap();
    bcdrescue(&["undo", text(&record), "--yes"]).exits(1);
}
