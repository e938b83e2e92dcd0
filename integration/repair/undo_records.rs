//! Undo records: those that older versions wrote are undone, and what is in one can be had without this program.

use std::fs;
use std::path::Path;
use std::process::Command;

use bcdrescue::repair::record::Record;

use crate::support::disk::Disk;
use crate::support::disk::hash;
use crate::support::disk::made;
use crate::support::program::bcdrescue;
use crate::support::program::not_run;
use crate::support::program::text;

/// Records of version 1, written by the program when that was the format, of a repair of these images.
const OLD: [(&str, &str, &[&str]); 2] = [
    ("win2008sp2-bios", "win2008sp2-bios.v1.json", &[]),
    ("win11-uefi", "win11-uefi-identity.v1.json", &["--restore-identity"]),
];

#[test]
fn records_of_older_versions_are_undone() {
    for (image, old, switches) in OLD {
        let disk = Disk::raw(image);
        let before = hash(&disk.path);
        bcdrescue(&[&["fix", disk.name(), "--yes"], switches].concat()).exits(1);
        let new = disk.record();
        let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("integration/repair/records").join(old);
        let record = disk.folder.path().join("old.undo.json");
        fs::copy(kept, &record).unwrap();
        let [then, now] = [&record, &new].map(|path| Record::load(path).unwrap());
        assert_eq!((then.patches, then.stores), (now.patches, now.stores), "{image}");
        assert!(fs::read_to_string(&record).unwrap().contains("\"version\": 1,"));
        bcdrescue(&["undo", text(&record), "--target", disk.name(), "--yes"]).exits(1).says("undone");
        assert_eq!(hash(&disk.path), before, "{image}");
        assert!(fs::read_to_string(&record).unwrap().contains("\"state\": \"undone\" ,"));
        bcdrescue(&["undo", text(&new), "--yes"]).exits(0).says("nothing to do");
    }
}

/// What is written back is named, all of it, before the question.
#[test]
fn an_undo_names_all_that_it_takes_back() {
    let damage = "damage = ['not-active', 'hidden-sectors-wrong', 'signature-changed']";
    let disk = made(&format!("base = 'win10-bios'\n{damage}"), "disk.raw");
    let before = hash(&disk.path);
    bcdrescue(&["fix", disk.name(), "--active=1", "--boot-sector", "--yes"]).exits(1).says("healthy");
    bcdrescue(&["undo", text(&disk.record()), "--dry-run"])
        .exits(4)
        .says("  \\Boot\\BCD on partition 1\n")
        .says("  sectors of the partition table\n")
        .says("  the boot record of partition 1\n");
    bcdrescue(&["undo", text(&disk.record()), "--yes"]).exits(1);
    assert_eq!(hash(&disk.path), before);
    // The identity is in the table, and named as what it is.
    let disk = Disk::raw("win10-bios");
    bcdrescue(&["fix", disk.name(), "--restore-identity", "--yes"]).exits(1);
    let told =
        bcdrescue(&["undo", text(&disk.record()), "--yes"]).exits(1).says("  the disk's identity, from");
    assert!(!told.stdout.contains("partition table"), "{}", told.stdout);
}

#[test]
fn a_record_is_small() {
    let disk = Disk::of("win2008sp2-bios");
    bcdrescue(&["fix", disk.name(), "--yes"]).exits(1);
    let [now, then] = [
        fs::metadata(disk.record()).unwrap().len(),
        fs::metadata(Path::new(env!("CARGO_MANIFEST_DIR")).join("integration/repair/records").join(OLD[0].1))
            .unwrap()
            .len(),
    ];
    assert!(now * 4 < then, "{now} bytes, {then} in version 1");
}

/// The command that docs/safety.md gives, by a program that shares no code with this one.
#[test]
fn a_store_comes_out_of_a_record_by_the_documented_command() {
    let document = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/safety.md")).unwrap();
    let line = document.lines().find(|line| line.starts_with("python3 -c '")).expect("the command");
    let (program, rest) = line.strip_prefix("python3 -c '").unwrap().split_once('\'').unwrap();
    assert_eq!(rest, " vdb.undo.json > BCD");
    let disk = Disk::of("win2008r2-bios");
    bcdrescue(&["fix", disk.name(), "--yes"]).exits(1);
    let Ok(run) = Command::new("python3").args(["-c", program]).arg(disk.record()).output() else {
        return not_run("a store out of a record", "there is no python3");
    };
    assert!(run.status.success(), "{}", String::from_utf8_lossy(&run.stderr));
    assert_eq!(run.stdout, Record::load(&disk.record()).unwrap().stores[0].before.as_ref().unwrap().bytes);
}
