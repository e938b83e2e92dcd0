//! Power cuts: QEMU is killed after each write that a repair makes, on a disk slow enough to hit every one.

use std::path::Path;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;
use std::time::Instant;

use super::PATIENCE;
use super::Rescue;
use super::machine::Drive;
use super::machine::Filter;
use super::machine::Guest;
use super::qmp::Qmp;
use super::records;
use super::records::Kind;
use crate::support::disk::Disk;
use crate::support::disk::image;
use crate::support::disk::same_content;
use crate::support::judges::hivex;
use crate::support::places::Place;
use crate::support::places::images;
use crate::support::places::store;
use crate::support::program::bcdrescue;
use crate::support::program::text;

/// Writes a second; QEMU is asked far more often how many there were.
const SLOW: u32 = 5;

/// A disk after its power was cut.
struct Wreck {
    disk: Disk,
    volume: PathBuf,
}

/// Boots, starts a repair, and cuts the power once the disk has completed `writes` writes, or the repair is done.
/// Gives how many it had completed when the power went.
fn cut(rescue: &Rescue, name: &str, kind: Kind, writes: u64) -> (Wreck, u64) {
    let disk = Disk::of(name);
    let volume = records::volume(disk.folder.path(), kind);
    let socket = disk.folder.path().join("qmp");
    let qmp_at = format!("unix:{},server=on,wait=off", text(&socket));
    let slow = Drive { filter: Some(Filter::Throttle(SLOW)), ..Drive::qcow2(&disk.path) };
    let mut guest = Guest::boot_with(rescue, &[slow, Drive::raw(&volume)], "", &["-qmp", &qmp_at]);
    let mut qmp = Qmp::connect(&socket);
    guest.menu();
    guest.shell();
    assert_eq!(qmp.writes(0), 0, "{name}: the boot wrote");
    guest.console.send("bcdrescue fix --yes --record-dir /records; echo '@''@ done'");
    let start = Instant::now();
    while !guest.console.has_said("@@ done") {
        let reached = match writes {
            // The record is on its way, the disk is untouched.
            0 => qmp.writes(1) > 0,
            _ => qmp.writes(0) >= writes,
        };
        if reached {
            break;
        }
        assert!(start.elapsed() < PATIENCE, "{name}: {writes} writes are never reached");
        std::thread::sleep(Duration::from_millis(5));
    }
    let done = qmp.writes(0);
    guest.cut();
    (Wreck { disk, volume }, done)
}

/// A QEMU that is killed may leave clusters that it had taken and not yet used (3); nothing worse.
#[track_caller]
fn is_sound(disk: &Disk) {
    let check = Command::new("qemu-img").args(["check", "-q", disk.name()]).output().expect("qemu-img");
    assert!(matches!(check.status.code(), Some(0 | 3)), "{}", String::from_utf8_lossy(&check.stdout));
}

/// What must hold after any cut: the stores are whole, a fresh repair completes, undo brings back every byte.
fn recovers(name: &str, kind: Kind, wreck: &Wreck, places: &[Place], after: &Path, story: &str) {
    let Wreck { disk, volume } = wreck;
    is_sound(disk);
    let content = disk.content("cut.raw");
    for place in places {
        let values = hivex(&store(&content, place));
        assert!(values.len() > 50, "{name}, {story}: hivex finds only {} values", values.len());
    }
    let found = records::copied_out(volume, kind, disk.folder.path());
    let is_untouched = same_content(&content, &image(name));

    let again = disk.folder.path().join("again.qcow2");
    std::fs::copy(&disk.path, &again).expect("a copy");
    let fix = bcdrescue(&["fix", "--yes", text(&again)]);
    assert!(matches!(fix.code, 0 | 1), "{name}, {story}: {}{}", fix.stdout, fix.stderr);
    bcdrescue(&["check", text(&again)]).exits(0);
    assert!(same_content(&again, after), "{name}, {story}: a second repair gives something else");

    match found.as_slice() {
        [] => assert!(is_untouched, "{name}, {story}: the disk was written before its record was safe"),
        [record] => {
            let undo = bcdrescue(&["undo", "--yes", "--target", disk.name(), text(record)]);
            let expected = i32::from(!is_untouched);
            assert_eq!(undo.code, expected, "{name}, {story}: {}{}", undo.stdout, undo.stderr);
            assert!(same_content(&disk.path, &image(name)), "{name}, {story}: undo left something");
            is_sound(disk);
        }
        several => panic!("{name}, {story}: {several:?}"),
    }
}

fn power_goes(name: &str, kind: Kind) {
    let Some(rescue) = Rescue::find("power cuts in a rescue guest") else { return };
    let (_, places) = images().into_iter().find(|(other, _)| *other == name).expect("an image");
    let places: Vec<Place> = places.into_iter().map(|(place, _)| place).collect();
    // Nothing cuts this one short: what a repair makes of the disk, and in how many writes.
    let (wreck, all) = cut(&rescue, name, kind, u64::MAX);
    let after = wreck.disk.content("after.raw");
    bcdrescue(&["check", text(&after)]).exits(0);
    recovers(name, kind, &wreck, &places, &after, "after the repair");
    assert!(all > 2, "{name}: {all} writes are too few to cut between");

    let mut between = 0;
    for writes in 0..all {
        let (wreck, done) = cut(&rescue, name, kind, writes);
        let cut_short =
            !same_content(&wreck.disk.path, &image(name)) && !same_content(&wreck.disk.path, &after);
        between += u32::from(cut_short);
        let story = format!("cut at {writes}, after {done} of {all} writes");
        recovers(name, kind, &wreck, &places, &after, &story);
    }
    assert!(u64::from(between) * 2 >= all - 1, "{name}: only {between} of {all} cuts came in the middle");
}

#[test]
fn power_goes_while_an_mbr_disk_is_repaired() {
    power_goes("win2008r2-bios", Kind::Fat);
}

#[test]
fn power_goes_while_a_gpt_disk_is_repaired() {
    power_goes("win11-uefi", Kind::Ext4);
}
