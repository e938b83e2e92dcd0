//! A volume for undo records that was named and comes late, or never: nothing is repaired before its record has a place.

use std::path::Path;
use std::thread::sleep;
use std::time::Duration;
use std::time::Instant;

use serde_json::json;

use super::PATIENCE;
use super::Rescue;
use super::machine::Drive;
use super::machine::Guest;
use super::qmp::Qmp;
use super::records;
use super::records::Kind;
use super::unattended::Report;
use crate::support::disk::Disk;
use crate::support::disk::hash;
use crate::support::disk::image;
use crate::support::disk::same_content;
use crate::support::program::bcdrescue;
use crate::support::program::text;

const NAME: &str = "win2008r2-bios";

/// A guest with a USB port where something can be plugged in later.
fn boot(rescue: &Rescue, disk: &Disk, parameters: &str) -> (Guest, Qmp) {
    let socket = disk.folder.path().join("qmp");
    let qmp_at = format!("unix:{},server=on,wait=off", text(&socket));
    let more = ["-qmp", &qmp_at, "-device", "qemu-xhci,id=usb"];
    let guest = Guest::boot_with(rescue, &[Drive::qcow2(&disk.path)], parameters, &more);
    (guest, Qmp::connect(&socket))
}

/// Plugs in a stick.
fn plug_in(qmp: &mut Qmp, volume: &Path) {
    let file = json!({ "driver": "file", "filename": volume });
    qmp.ask_with("blockdev-add", &json!({ "driver": "raw", "node-name": "stick", "file": file }));
    let stick = json!({ "driver": "usb-storage", "bus": "usb.0", "drive": "stick", "id": "stick" });
    qmp.ask_with("device_add", &stick);
}

/// There is one record on the volume, and it brings the disk back.
#[track_caller]
fn leads_back(disk: &Disk, volume: &Path) {
    bcdrescue(&["check", disk.name()]).exits(0);
    let records = records::copied_out(volume, Kind::Fat, disk.folder.path());
    let [record] = records.try_into().expect("one record");
    bcdrescue(&["undo", "--yes", "--target", disk.name(), text(&record)]).exits(1);
    assert!(same_content(&disk.path, &image(NAME)));
}

#[test]
fn an_unattended_repair_waits_for_it() {
    let Some(rescue) = Rescue::find("a volume for records that comes late") else { return };
    let disk = Disk::of(NAME);
    let volume = records::volume(disk.folder.path(), Kind::Fat);
    let (mut guest, mut qmp) = boot(&rescue, &disk, "bcdrescue.run=fix bcdrescue.records=BCDRESCUE");
    guest.console.expect("waiting 120 seconds at most for a volume with undo records: BCDRESCUE\n");
    sleep(Duration::from_secs(20));
    assert_eq!(hash(&disk.path), hash(&image(NAME)), "it did not wait");
    plug_in(&mut qmp, &volume);
    let report = Report::read(guest.ended());
    assert_eq!(report.targets(1)[0]["action"], "fixed");
    assert!(report.all.contains("undo records are kept on /dev/sda (BCDRESCUE)"), "{}", report.all);
    assert!(!report.all.contains("BEGIN BCDRESCUE RECORD"), "{}", report.all);
    leads_back(&disk, &volume);
}

/// What is there is not what was named, and nobody has said that memory will do.
#[test]
fn an_unattended_repair_does_without_only_when_told() {
    let Some(rescue) = Rescue::find("a volume for records that never comes") else { return };
    let disk = Disk::of(NAME);
    let volume = records::volume(disk.folder.path(), Kind::Fat);
    let before = hash(&volume);
    let drives = [Drive::qcow2(&disk.path), Drive::raw(&volume)];
    for named in ["OTHER", "/dev/vdc"] {
        let parameters = format!("bcdrescue.run=fix bcdrescue.wait=2 bcdrescue.records={named}");
        let report = Report::read(Guest::boot(&rescue, &drives, &parameters).ended());
        assert_eq!((report.code, report.json.as_str()), (8, ""), "{}", report.all);
        let why = format!(
            "nothing was repaired: {named} is not here, which bcdrescue.records names for undo records"
        );
        assert!(report.all.contains(&why), "{}", report.all);
        assert_eq!(hash(&disk.path), hash(&image(NAME)));
    }
    let parameters = "bcdrescue.run=fix bcdrescue.records=memory";
    let report = Report::read(Guest::boot(&rescue, &drives, parameters).ended());
    assert_eq!(report.targets(1)[0]["action"], "fixed");
    assert!(report.all.contains("-----BEGIN BCDRESCUE RECORD vda."), "{}", report.all);
    assert_eq!(hash(&volume), before, "the volume was written");
}

#[test]
fn the_menu_asks_and_takes_it_when_it_comes() {
    let Some(rescue) = Rescue::find("a volume for records that the menu waits for") else { return };
    let disk = Disk::of(NAME);
    let volume = records::labelled(disk.folder.path(), "keep.img", Kind::Fat, "KEEP");
    let (mut guest, mut qmp) = boot(&rescue, &disk, "bcdrescue.records=KEEP bcdrescue.wait=1");
    let screen = guest.menu();
    let missing =
        "Undo records are kept in memory only, for KEEP is not here, which bcdrescue.records names.";
    assert!(screen.contains(missing), "{screen}");
    guest.console.send("f");
    let asked = guest.console.expect("with a record that is in memory only [y/N]? ");
    assert!(asked.contains(missing), "{asked}");
    guest.console.send("");
    guest.menu();
    assert_eq!(hash(&disk.path), hash(&image(NAME)));
    plug_in(&mut qmp, &volume);
    let start = Instant::now();
    loop {
        guest.console.send("c");
        let said = guest.menu();
        if said.contains("Undo records are kept on /dev/sda (KEEP)") {
            break;
        }
        assert!(start.elapsed() < PATIENCE, "{said}");
    }
    let said = guest.repair();
    assert!(!said.contains("BEGIN BCDRESCUE RECORD"), "{said}");
    guest.console.send("p");
    guest.ended();
    leads_back(&disk, &volume);
}

/// Memory had to do, and leaving would lose the record; but a stick has come since.
#[test]
fn a_record_in_memory_moves_before_it_would_be_lost() {
    let Some(rescue) = Rescue::find("a volume for records that comes after the repair") else { return };
    let disk = Disk::of(NAME);
    let volume = records::volume(disk.folder.path(), Kind::Fat);
    let (mut guest, mut qmp) = boot(&rescue, &disk, "");
    guest.menu();
    guest.repair();
    plug_in(&mut qmp, &volume);
    let start = Instant::now();
    // An empty line only shows the menu again.
    loop {
        guest.console.send("");
        let said = guest.menu();
        if said.contains("Undo records are kept on /dev/sda (BCDRESCUE)") {
            break;
        }
        assert!(start.elapsed() < PATIENCE, "{said}");
        sleep(Duration::from_millis(500));
    }
    guest.console.send("p");
    guest.ended();
    leads_back(&disk, &volume);
}
