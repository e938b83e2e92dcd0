//! Several disks at once: none is guessed at, and the rescue's own is never offered.

use super::Rescue;
use super::machine::Bus;
use super::machine::Drive;
use super::machine::Guest;
use super::records;
use super::records::Kind;
use crate::support::disk::Disk;
use crate::support::disk::hash;
use crate::support::disk::image;
use crate::support::judges::judge;
use crate::support::program::text;

#[test]
fn two_windows_disks_with_the_same_signature_are_both_reported_and_none_is_guessed_at() {
    let Some(rescue) = Rescue::find("two disks with the same signature") else { return };
    let disks = [Disk::of("win2008r2-bios"), Disk::of("win2008r2-bios")];
    let mut guest = Guest::boot(&rescue, &disks.each_ref().map(|disk| Drive::qcow2(&disk.path)), "");
    guest.menu();
    guest.console.send("l");
    let screen = guest.menu();
    for words in ["warning: /dev/vdb has the same identity", "warning: /dev/vda has the same identity"] {
        assert!(screen.contains(words), "{screen}");
    }
    // The menu asks, and takes no answer for no.
    guest.console.send("f");
    let asked = guest.console.expect("which one (number, or Enter for none)? ");
    assert!(asked.contains("1) /dev/vda") && asked.contains("2) /dev/vdb"), "{asked}");
    guest.console.send("");
    guest.console.expect("several attached disks need a repair");
    guest.menu();
    guest.shell();
    let check = guest.run("bcdrescue check --json").exits(4);
    let check: serde_json::Value = serde_json::from_str(&check.stdout).expect("JSON");
    for (index, name) in ["/dev/vda", "/dev/vdb"].into_iter().enumerate() {
        let target = &check["targets"][index];
        assert_eq!((&target["target"], &target["verdict"]), (&name.into(), &"broken".into()));
        let findings = target["findings"].as_array().expect("findings");
        assert!(findings.iter().any(|finding| finding["code"] == "identity-collision"), "{target}");
    }
    let fix = guest.run("bcdrescue fix --yes --json --record-dir /records 2>/dev/null").exits(16);
    let fix: serde_json::Value = serde_json::from_str(&fix.stdout).expect("JSON");
    let names: Vec<_> =
        fix["targets"].as_array().expect("targets").iter().map(|one| &one["target"]).collect();
    assert_eq!(names, ["/dev/vda", "/dev/vdb"]);
    guest.run("bcdrescue fix --yes").exits(16).says("1) /dev/vda").says("2) /dev/vdb");
    guest.run("ls /records | wc -l").prints("0");
    // The one that is named is repaired, the other is not.
    guest.run("bcdrescue fix --yes --record-dir /records /dev/vdb").exits(1);
    guest.power_off();
    let untouched = hash(&image("win2008r2-bios"));
    assert_eq!(hash(&disks[0].path), untouched);
    assert_ne!(hash(&disks[1].path), untouched);
}

/// The rescue runs from a USB stick, and keeps its records on another: neither is ever taken for a patient.
#[test]
fn the_rescues_own_disks_are_never_offered() {
    let Some(rescue) = Rescue::find("the rescue's own disks") else { return };
    let disk = Disk::of("win10-bios");
    let stick = disk.folder.path().join("stick.iso");
    std::fs::copy(&rescue.iso, &stick).unwrap();
    let volume = records::volume(disk.folder.path(), Kind::Fat);
    let drives = [
        Drive { bus: Bus::Usb, ..Drive::raw(&stick) },
        Drive { bus: Bus::Usb, ..Drive::raw(&volume) },
        Drive::qcow2(&disk.path),
    ];
    let mut guest = Guest::boot(&rescue, &drives, "");
    let screen = guest.menu();
    assert!(screen.contains("Undo records are kept on /dev/sd"), "{screen}");
    let checked: Vec<&str> =
        screen.lines().filter(|line| line.starts_with("/dev/") && line.contains(": ")).collect();
    assert_eq!(checked, ["/dev/vda: BROKEN: Windows stops at boot with 0xc000000e"], "{screen}");
    guest.console.send("l");
    let listed = guest.menu();
    assert!(listed.contains("is mounted on /records"), "{listed}");
    // Not even by name, and nothing is asked: there is one patient.
    let said = guest.repair();
    assert!(
        said.lines().any(|line| line.starts_with("  Write ") && line.contains("of /dev/vda? ")),
        "{said}"
    );
    guest.shell();
    for name in ["sda", "sdb"] {
        guest.run(&format!("bcdrescue fix --yes /dev/{name}")).exits(4).says("nothing was written");
    }
    guest.run("bcdrescue fix --yes").exits(0).says("no attached Windows disk needs a repair");
    guest.power_off();
    assert_eq!(hash(&stick), hash(&rescue.iso), "the stick was written");
    assert_eq!(records::copied_out(&volume, Kind::Fat, disk.folder.path()).len(), 1);
}

/// Which of two volumes is meant cannot be known; and one on the patient itself would be in the way of its repair.
#[test]
fn records_live_in_memory_when_their_place_is_in_doubt() {
    let Some(rescue) = Rescue::find("a doubtful place for records") else { return };
    let disk = Disk::of("win7-logical");
    let folder = disk.folder.path();
    let volumes = [
        records::labelled(folder, "one.img", Kind::Fat, "BCDRESCUE"),
        records::labelled(folder, "two.img", Kind::Ext4, "BCDRESCUE"),
        records::labelled(folder, "other.img", Kind::Ext4, "SOMETHING"),
    ];
    let before = volumes.each_ref().map(|path| hash(path));
    let drives = [&volumes[0], &volumes[1], &volumes[2]].map(|path| Drive::raw(path));
    let mut guest = Guest::boot(&rescue, &[vec![Drive::qcow2(&disk.path)], drives.to_vec()].concat(), "");
    let screen = guest.menu();
    let expected = "in memory only, for several volumes have the label BCDRESCUE: /dev/vdb /dev/vdc";
    assert!(screen.contains(expected), "{screen}");
    guest.shell();
    guest.power_off();
    assert_eq!(volumes.each_ref().map(|path| hash(path)), before, "a volume was written");

    // Partition 6 of the Windows disk is FAT.
    let raw = disk.content("patient.img");
    let data = crate::support::parts::partitions(&raw)
        .into_iter()
        .find(|part| part.number == 6)
        .expect("partition 6");
    let label = format!("{}@@{}", text(&raw), data.start);
    judge("mlabel", &["-i", &label, "::BCDRESCUE"]);
    let before = hash(&raw);
    let mut guest = Guest::boot(&rescue, &[Drive::raw(&raw)], "");
    let screen = guest.menu();
    assert!(screen.contains("in memory only: switching off loses them"), "{screen}");
    let is_labelled = |line: &str| line.trim_start().starts_with("6 ") && line.contains("BCDRESCUE");
    guest.console.send("l");
    let listed = guest.menu();
    assert!(listed.lines().any(is_labelled), "{listed}");
    guest.shell();
    guest.power_off();
    assert_eq!(hash(&raw), before, "the patient was written");
}
