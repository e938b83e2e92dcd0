//! The menu, as a person uses it over a serial line.

use std::time::Instant;

use serde_json::json;

use super::PATIENCE;
use super::Rescue;
use super::machine::Drive;
use super::machine::Guest;
use super::qmp::Qmp;
use super::records;
use super::records::Kind;
use crate::support::disk::Disk;
use crate::support::disk::hash;
use crate::support::disk::image;
use crate::support::disk::same_content;
use crate::support::judges::judge_with;
use crate::support::program::bcdrescue;
use crate::support::program::text;
use crate::support::storage_drivers::FILES;
use crate::support::storage_drivers::package;
use crate::support::storage_drivers::service;
use crate::support::storage_drivers::system_hive;
use crate::support::storage_drivers::with_drivers;

#[test]
fn a_person_repairs_and_undoes() {
    let Some(rescue) = Rescue::find("the menu") else { return };
    let disk = Disk::of("win2008r2-bios");
    let volume = records::volume(disk.folder.path(), Kind::Fat);
    let mut guest = Guest::boot(&rescue, &[Drive::qcow2(&disk.path), Drive::raw(&volume)], "");
    let screen = guest.menu();
    for words in [
        "Undo records are kept on /dev/vdb (BCDRESCUE)",
        "/dev/vda: BROKEN: Windows stops at boot with 0xc000000e",
        "To repair: bcdrescue fix /dev/vda",
    ] {
        assert!(screen.contains(words), "expected {words:?} in:\n{screen}");
    }
    // What is not a choice does nothing; no means no.
    guest.console.send("l");
    guest.console.expect("/dev/vda");
    guest.menu();
    guest.console.send("x");
    guest.console.expect("x: no such choice");
    guest.menu();
    guest.console.send("f");
    guest.console.expect("[y/N] ");
    guest.console.send("n");
    guest.console.expect("nothing was written");
    guest.menu();
    assert_eq!(hash(&disk.path), hash(&image("win2008r2-bios")));

    let after = guest.repair();
    assert!(!after.contains("BEGIN BCDRESCUE RECORD"), "a record that is safe was printed:\n{after}");
    guest.console.send("c");
    guest.console.expect("/dev/vda: healthy");
    guest.menu();

    undone(&mut guest, 1);
    // The other cure, and back.
    guest.console.send("i");
    guest.console.expect("becomes disk signature 0x36234da4;");
    guest.agree();
    guest.console.expect("fixed: disk signature 0x36234da4 restored");
    guest.menu();
    undone(&mut guest, 2);
    guest.console.send("p");
    guest.ended();
    assert!(same_content(&disk.path, &image("win2008r2-bios")));
    assert_eq!(records::copied_out(&volume, Kind::Fat, disk.folder.path()).len(), 2);
}

/// The driver of the controller on which the disk hangs is not loaded at boot: the menu offers to set that, where it applies.
#[test]
fn what_applies_is_offered() {
    let Some(rescue) = Rescue::find("what the menu offers besides") else { return };
    let plain = Disk::of("win10-bios-healthy");
    let mut guest = Guest::boot(&rescue, &[Drive::qcow2(&plain.path)], "");
    let screen = guest.menu();
    assert!(screen.contains("healthy") && !screen.contains("also:"), "{screen}");
    guest.console.send("d");
    guest.console.expect("no disk here takes that");
    guest.menu();
    guest.console.send("p");
    guest.ended();

    let disk = Disk::raw("win10-bios-healthy");
    let package = package("oem3.inf", "PCI", "VEN_1AF4&DEV_1042", "viostor");
    let hive = system_hive(vec![service("viostor", 3)], package, vec![]);
    let names: Vec<&str> = FILES.into_iter().chain(["viostor.sys"]).collect();
    with_drivers(&disk, 2, &hive, &names);
    let mut guest = Guest::boot(&rescue, &[Drive::raw(&disk.path)], "");
    let screen = guest.menu();
    assert!(screen.contains("also:  d drivers of this disk controller"), "{screen}");
    guest.console.send("d");
    let said = guest.agree() + &guest.menu();
    assert!(said.contains("3 (on demand) -> 0 (boot)") && said.contains("verified: healthy"), "{said}");
    assert!(!said.contains("also:"), "{said}");
    guest.console.send("p");
    guest.console.expect("will be lost. Continue anyway [y/N]? ");
    guest.console.send("y");
    guest.ended();
    bcdrescue(&["check", disk.name(), "--require", "starts-on=virtio-blk"]).exits(0);
}

/// Undoes the last of so many repairs by the menu.
#[track_caller]
fn undone(guest: &mut Guest, records: u32) {
    guest.console.send("u");
    let list = guest.console.expect("Enter for none)? ");
    assert!(list.contains(&format!("  {records}  vda.")), "{list}");
    guest.console.send(&records.to_string());
    guest.agree();
    guest.console.expect("every byte is as it was before the repair");
    guest.menu();
}

/// The lines between the marks of a record, and its name.
fn printed(said: &str) -> (String, String) {
    let (_, rest) = said.split_once("-----BEGIN BCDRESCUE RECORD ").expect("a record");
    let (name, rest) = rest.split_once("-----\n").expect("a mark");
    let (lines, _) = rest.split_once("-----END BCDRESCUE RECORD-----").expect("an end");
    (name.to_owned(), lines.to_owned())
}

#[test]
fn a_record_in_memory_is_printed_and_can_be_pasted_after_a_reboot() {
    let Some(rescue) = Rescue::find("records in memory") else { return };
    let disk = Disk::of("win10-bios");
    let mut guest = Guest::boot(&rescue, &[Drive::qcow2(&disk.path)], "");
    let screen = guest.menu();
    assert!(screen.contains("in memory only: switching off loses them"), "{screen}");
    let said = guest.repair();
    assert!(said.contains("is in memory: a reboot loses the undo record"), "{said}");
    let (name, lines) = printed(&said);
    // Leaving loses it, so it asks.
    guest.console.send("p");
    guest.console.expect("will be lost. Continue anyway [y/N]? ");
    guest.console.send("");
    guest.menu();
    guest.console.send("r");
    guest.console.expect("[y/N]? ");
    guest.console.send("y");
    guest.ended();
    bcdrescue(&["check", disk.name()]).exits(0);

    // The way that the screen tells, on the host.
    let folder = disk.folder.path();
    let packed = folder.join("packed");
    std::fs::write(&packed, &lines).unwrap();
    let unpack = format!("base64 -d {} | gunzip >{}", text(&packed), text(&folder.join(&name)));
    judge_with("sh", &["-c", &unpack], b"");
    let record = folder.join(&name);
    bcdrescue(&["undo", "--dry-run", "--target", disk.name(), text(&record)]).exits(4);

    // Pasted into the menu of another boot, in which the disk has another name; first with a line missing.
    let other = records::labelled(folder, "other.img", Kind::Fat, "OTHER");
    let mut guest = Guest::boot(&rescue, &[Drive::raw(&other), Drive::qcow2(&disk.path)], "");
    guest.menu();
    let all: Vec<&str> = lines.lines().collect();
    for lines in [&all[1..], &all[..]] {
        guest.console.send("u");
        guest.console.expect("Enter for none)? ");
        guest.console.send("p");
        guest.console.expect("to -----END:");
        guest.console.send(&format!("-----BEGIN BCDRESCUE RECORD {name}-----"));
        lines.iter().for_each(|line| guest.console.send(line));
        guest.console.send("-----END BCDRESCUE RECORD-----");
        if lines.len() < all.len() {
            guest.console.expect("these lines do not make a record");
            guest.menu();
        }
    }
    guest.console.expect("does the disk have a different name now");
    guest.console.expect("? ");
    guest.console.send("/dev/vdb");
    guest.agree();
    guest.console.expect("every byte is as it was before the repair");
    guest.menu();
    guest.shell();
    guest.power_off();
    assert!(same_content(&disk.path, &image("win10-bios")));
}

#[test]
fn a_volume_that_is_attached_later_takes_the_records() {
    let Some(rescue) = Rescue::find("a volume that is attached later") else { return };
    let disk = Disk::of("win2008r2-bios");
    let volume = records::volume(disk.folder.path(), Kind::Fat);
    let socket = disk.folder.path().join("qmp");
    let qmp_at = format!("unix:{},server=on,wait=off", text(&socket));
    let drives = [Drive::qcow2(&disk.path)];
    let mut guest = Guest::boot_with(&rescue, &drives, "", &["-qmp", &qmp_at]);
    let mut qmp = Qmp::connect(&socket);
    guest.menu();
    let said = guest.repair();
    let (name, _) = printed(&said);
    let file = json!({ "driver": "file", "filename": volume });
    qmp.ask_with("blockdev-add", &json!({ "driver": "raw", "node-name": "later", "file": file }));
    qmp.ask_with("device_add", &json!({ "driver": "virtio-blk-pci", "drive": "later", "id": "later" }));
    // It comes up in its own time.
    let start = Instant::now();
    loop {
        guest.console.send("c");
        let said = guest.menu();
        if said.contains("Undo records are kept on /dev/vdb (BCDRESCUE)") {
            break;
        }
        assert!(start.elapsed() < PATIENCE, "{said}");
    }
    // Nothing is lost now, so that nothing is asked.
    guest.console.send("p");
    guest.ended();
    let [record] =
        records::copied_out(&volume, Kind::Fat, disk.folder.path()).try_into().expect("one record");
    assert!(text(&record).ends_with(&name));
    bcdrescue(&["undo", "--yes", "--target", disk.name(), text(&record)]).exits(1);
    assert!(same_content(&disk.path, &image("win2008r2-bios")));
}
