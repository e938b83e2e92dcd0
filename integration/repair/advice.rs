//! What somebody found who adopted the program from its README.

use std::fs;

use crate::support::disk::Disk;
use crate::support::disk::hash;
use crate::support::disk::image;
use crate::support::disk::made;
use crate::support::judges::judge;
use crate::support::parts::cut;
use crate::support::program::bcdrescue;
use crate::support::program::text;
use bcdrescue::repair::record::Record;

#[test]
fn a_choice_that_does_not_fit_makes_nothing_well() {
    let disk = made("base = 'win10-bios'\ndamage = ['not-active']", "disk.qcow2");
    for number in ["2", "9"] {
        let checked = bcdrescue(&["check", disk.name(), "--active", number, "--json"]).exits(4);
        assert_eq!(checked.target()["verdict"], "broken");
        assert!(checked.stdout.contains("choice-does-not-fit"), "{}", checked.stdout);
        bcdrescue(&["fix", disk.name(), "--active", number, "--yes"])
            .exits(8)
            .says("refused, nothing was written");
    }
    // What the JSON names is a word of the command line.
    let target = bcdrescue(&["check", disk.name(), "--json"]).exits(4).target();
    let switches = target["findings"].as_array().unwrap().iter().filter_map(|it| it["switch"].as_str());
    let switches: Vec<&str> = switches.collect();
    assert_eq!(switches, ["--active=1"]);
    bcdrescue(&[&["fix", disk.name(), "--yes"], switches.as_slice()].concat()).exits(1).says("healthy");
}

#[test]
fn what_cannot_be_told_of_a_store_is_no_requirement_that_it_meets() {
    let disk = Disk::raw("win2008r2-bios-healthy");
    let store = disk.folder.path().join("BCD");
    let record = disk.folder.path().join("record.json");
    // Its bytes come from a record of a repair.
    let broken = Disk::raw("win2008r2-bios");
    bcdrescue(&["fix", broken.name(), "--yes"]).exits(1);
    fs::rename(broken.record(), &record).unwrap();
    fs::write(&store, &Record::load(&record).unwrap().stores[0].before.as_ref().unwrap().bytes).unwrap();
    bcdrescue(&["check", "-v", text(&store)]).exits(0);
    bcdrescue(&["check", "-v", text(&store), "--require", "healthy"]).exits(0);
    for require in ["generalized", "unique-identity", "no-hibernation"] {
        let run = bcdrescue(&["check", text(&store), "--require", require, "--json"]).exits(4);
        assert_eq!(run.target()["requirements"][0]["met"], false, "{}", run.stdout);
        bcdrescue(&["check", "-v", text(&store), "--require", require]).exits(4).says("requirements not met");
    }
}

#[test]
fn a_repair_that_would_be_refused_is_not_advised() {
    let disk = made("base = 'win11-uefi'\ndamage = ['esp-empty']", "disk.raw");
    // The second entry of a FAT has the flag of a volume that was closed.
    let volume = cut(&disk.path, 1 << 20, 1 << 20);
    let reserved = fs::read(volume).unwrap()[0x0e];
    disk.put((1 << 20) + u64::from(reserved) * 512 + 7, &[0x07]);
    let checked = bcdrescue(&["check", disk.name()]).exits(4).says("fix would refuse:").stdout;
    assert!(!checked.contains("To repair:") && checked.contains("fsck.fat"), "{checked}");
    bcdrescue(&["fix", disk.name(), "--rebuild", "--yes"]).exits(8).says("undo it by its record first");
    let disk = made("base = 'win10-bios'\ndamage = ['signature-changed']", "disk.qcow2");
    bcdrescue(&["check", "-v", disk.name()])
        .exits(4)
        .says(&format!("To repair: bcdrescue fix {}\n", disk.name()));
}

/// A copy that broke off is the commonest fault of an image, and none of Windows.
#[test]
fn an_incomplete_copy_is_no_disk_without_a_store() {
    let whole = fs::read(image("win10-bios-healthy")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let disk = folder.path().join("disk.qcow2");
    for len in (4096..whole.len()).step_by(20_000) {
        fs::write(&disk, &whole[..len]).unwrap();
        let run = bcdrescue(&["check", text(&disk), "--json"]);
        let target = run.target();
        let codes: Vec<&str> = target["findings"]
            .as_array()
            .unwrap()
            .iter()
            .map(|finding| finding["code"].as_str().unwrap())
            .collect();
        assert!(!codes.contains(&"store-missing"), "{len}: {codes:?}");
        let unread = ["volume-unreadable", "store-unreadable", "file-unreadable", "read-failed"];
        let is_said = codes.iter().any(|code| unread.contains(code));
        // What lies at the end of it no start of Windows needs.
        let is_enough = run.code == 0 && len > whole.len() / 2;
        assert!(run.code == 8 || run.code == 4 && is_said || is_enough, "{len}: {codes:?} {}", run.code);
    }
}

/// Jobs of a pipeline hand files on: the image is elsewhere then, and the record tells the way.
#[test]
fn an_image_that_was_moved_is_undone_by_its_new_name() {
    let disk = Disk::of("win10-bios");
    bcdrescue(&["fix", disk.name(), "--yes"]).exits(1);
    let moved = disk.folder.path().join("moved.qcow2");
    fs::rename(&disk.path, &moved).unwrap();
    let record = disk.record();
    let run = bcdrescue(&["undo", text(&record), "--yes"]).exits(8);
    assert!(run.stderr.contains("if its name has changed, give it with --target"), "{}", run.stderr);
    bcdrescue(&["undo", text(&record), "--yes", "--target", text(&moved)]).exits(1);
    bcdrescue(&["check", "-v", text(&moved)]).exits(4);
}

/// A fault that a repair brings to light may have a switch of its own, and the refusal names it.
#[test]
fn a_refusal_names_the_switch_that_is_wanting() {
    let disk = made(
        "base = 'win10-bios'\ndamage = ['not-active', 'hidden-sectors-wrong', 'signature-changed']",
        "disk.qcow2",
    );
    bcdrescue(&["fix", disk.name(), "--active=1", "--yes"])
        .exits(8)
        .says(
            "would stop Windows: the boot record of partition 1 (System Reserved) has the wrong start sector",
        )
        .says("; add --boot-sector")
        .says(&format!("fix {} --active 1 --boot-sector", disk.name()));
    bcdrescue(&["fix", disk.name(), "--active=1", "--boot-sector", "--yes"]).exits(1).says("healthy");
}

/// The same where nobody gave a switch yet: `check` names the whole command, and it is carried out.
#[test]
fn a_fault_that_a_cure_lays_open_is_in_the_command_that_check_prints() {
    // Not active, and another partition active; the boot record names another place.
    for other in [0, 0x80] {
        let disk = Disk::raw("win2008r2-bios");
        disk.put(0x1be, &[0]);
        disk.put(0x1ce, &[other]);
        disk.put((1 << 20) + 0x1c, &63u32.to_le_bytes());
        let target = bcdrescue(&["check", disk.name(), "--json"]).exits(4).target();
        let command: Vec<&str> = target["fix"]["command"].as_str().unwrap().split(' ').skip(1).collect();
        assert!(command.contains(&"--boot-sector") && command.contains(&"--active=1"), "{command:?}");
        bcdrescue(&[command.as_slice(), &["--yes"]].concat()).exits(1).says("healthy");
    }
}

/// Two partitions that changed GUIDs with each other: neither can be re-pointed alone, and the command that is printed does both.
#[test]
fn two_places_that_changed_roles_are_corrected_by_one_command() {
    let disk = Disk::raw("win11-uefi-healthy");
    let before = hash(&disk.path);
    let part_uuid = |number: &str, guid: &str| {
        judge("sfdisk", &["-q", "--part-uuid", disk.name(), number, guid]);
    };
    let guid = |number: &str| {
        let printed = judge("sfdisk", &["--part-uuid", disk.name(), number]);
        String::from_utf8(printed).unwrap().trim().to_owned()
    };
    let [windows, recovery] = ["3", "4"].map(guid);
    // No two partitions may have one GUID at any time.
    part_uuid("3", "11111111-2222-4333-8444-555555555555");
    part_uuid("4", &windows);
    part_uuid("3", &recovery);
    let swapped = hash(&disk.path);
    assert_ne!(swapped, before);
    let target = bcdrescue(&["check", disk.name(), "--json"]).exits(4).target();
    let (command, then) = (target["fix"]["command"].as_str().expect("a command"), &target["fix"]["then"]);
    assert_eq!(then, "healthy", "{command}");
    bcdrescue(&["check", disk.name()]).exits(4).says(&format!("To repair: {command}\n"));
    let words: Vec<&str> = command.split(' ').skip(1).map(|word| word.trim_matches('\'')).collect();
    assert!(words.contains(&"--windows=3") && words.contains(&"--recovery=4"), "{words:?}");
    bcdrescue(&[words.as_slice(), &["--yes"]].concat()).exits(1).says("verified: healthy");
    bcdrescue(&["check", disk.name()]).exits(0);
    bcdrescue(&["undo", text(&disk.record()), "--yes"]).exits(1);
    assert_eq!(hash(&disk.path), swapped);
}
