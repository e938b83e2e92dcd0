//! Media that fail: the message says what state the disk is in, nothing is half said, nothing half done is called done.

use serde_json::Value as Json;
use serde_json::json;

use super::Rescue;
use super::machine::Drive;
use super::machine::Filter;
use super::machine::Guest;
use super::records;
use super::records::Kind;
use crate::support::disk::Disk;
use crate::support::disk::hash;
use crate::support::disk::image;
use crate::support::disk::same_content;
use crate::support::judges::judge;
use crate::support::program::Run;
use crate::support::program::bcdrescue;
use crate::support::program::text;

const NAME: &str = "win2008r2-bios";

/// Offsets of the sectors that a repair writes, in its order.
fn planned() -> Vec<u64> {
    let plan = bcdrescue(&["fix", "--dry-run", "--json", Disk::of(NAME).name()]).exits(4).target();
    let patches = plan["patches"].as_array().expect("patches").clone();
    patches.iter().map(|patch| patch["offset"].as_u64().expect("an offset")).collect()
}

/// The rule for blkdebug: what happens to reads or writes of the sector at `offset`.
fn rule(kind: &str, offset: u64, errno: i32) -> Json {
    json!({ "event": "none", "iotype": kind, "sector": offset / 512, "errno": errno })
}

const EIO: i32 = 5;

const ENOSPC: i32 = 28;

/// A complete document with an error, and the words of it.
#[track_caller]
fn error(run: &Run) -> String {
    let document: Json = serde_json::from_str(&run.stdout).expect("a whole document");
    let targets = document["targets"].as_array().expect("targets");
    assert_eq!(targets.len(), 1, "{document}");
    targets[0]["error"].as_str().expect("an error").to_owned()
}

const FIX: &str = "bcdrescue fix --yes --json --record-dir /records /dev/vda 2>/dev/null";

#[test]
fn a_write_fails_in_the_middle() {
    let Some(rescue) = Rescue::find("write errors in a rescue guest") else { return };
    let sectors = planned();
    for (errno, sector) in [(EIO, sectors[0]), (ENOSPC, sectors[sectors.len() - 1])] {
        let disk = Disk::of(NAME);
        let volume = records::volume(disk.folder.path(), Kind::Fat);
        let errors = Filter::Errors(vec![rule("write", sector, errno)]);
        let bad = Drive { filter: Some(errors), ..Drive::qcow2(&disk.path) };
        let mut guest = Guest::at_shell(&rescue, &[bad, Drive::raw(&volume)]);
        let message = error(&guest.run(FIX).exits(8));
        assert!(message.contains(" sectors written, then: "), "{message}");
        assert!(message.contains("; to undo: bcdrescue undo /records/"), "{message}");
        guest.run("bcdrescue check /dev/vda").exits(4);
        // The bytes that could not be written are still in the guest's memory; undo does not trust that either.
        guest.power_off();
        // On a sound medium both ways lead out.
        let [record] =
            records::copied_out(&volume, Kind::Fat, disk.folder.path()).try_into().expect("one record");
        let copy = disk.folder.path().join("copy.qcow2");
        std::fs::copy(&disk.path, &copy).expect("a copy");
        bcdrescue(&["fix", "--yes", text(&copy)]).exits(1);
        let undo = bcdrescue(&["undo", "--yes", "--target", disk.name(), text(&record)]);
        assert!(matches!(undo.code, 0 | 1), "{}", undo.stderr);
        assert!(same_content(&disk.path, &image(NAME)), "errno {errno}");
    }
}

#[test]
fn a_sector_of_the_store_cannot_be_read() {
    let Some(rescue) = Rescue::find("read errors in a rescue guest") else { return };
    let disk = Disk::of(NAME);
    let volume = records::volume(disk.folder.path(), Kind::Fat);
    let errors = Filter::Errors(vec![rule("read", planned()[0], EIO)]);
    let bad = Drive { filter: Some(errors), ..Drive::qcow2(&disk.path) };
    let mut guest = Guest::at_shell(&rescue, &[bad, Drive::raw(&volume)]);
    guest.run("bcdrescue check /dev/vda").exits(8).says("cannot read 0x").says("Input/output error");
    let run = guest.run(FIX);
    assert!(matches!(run.code, 4 | 8), "{}", run.stdout);
    let target = run.target();
    assert_ne!(target["action"], "fixed");
    assert!(run.stdout.contains("Input/output error"), "{}", run.stdout);
    // Nothing can be said of any disk: not that none needs a repair.
    let run = guest.run("bcdrescue fix --yes --record-dir /records");
    assert!(matches!(run.code, 4 | 8), "{}", run.stdout);
    guest.run("ls /records | wc -l").prints("0");
    guest.power_off();
    assert_eq!(hash(&disk.path), hash(&image(NAME)));
}

/// The kernel reads pages, and fails with a whole one: what lies beside a bad sector is read all the same.
#[test]
fn a_bad_sector_beside_the_partition_table() {
    let Some(rescue) = Rescue::find("a bad sector in a rescue guest") else { return };
    let disk = Disk::of(NAME);
    let volume = records::volume(disk.folder.path(), Kind::Fat);
    let errors = Filter::Errors(vec![rule("read", 5 * 512, EIO)]);
    let bad = Drive { filter: Some(errors), ..Drive::qcow2(&disk.path) };
    let mut guest = Guest::at_shell(&rescue, &[bad, Drive::raw(&volume)]);
    guest.run("dd if=/dev/vda of=/dev/null bs=512 count=1").exits(1);
    guest.run("bcdrescue check /dev/vda").exits(4).says("0xc000000e");
    assert_eq!(guest.run(FIX).exits(1).target()["verdict"], "healthy");
    guest.power_off();
    bcdrescue(&["check", disk.name()]).exits(0);
}

#[test]
fn the_partition_table_cannot_be_read() {
    let Some(rescue) = Rescue::find("a disk that cannot be read") else { return };
    let disk = Disk::of(NAME);
    let bad = Drive { filter: Some(Filter::Errors(vec![rule("read", 0, EIO)])), ..Drive::qcow2(&disk.path) };
    let mut guest = Guest::boot(&rescue, &[bad], "");
    let screen = guest.menu();
    assert!(screen.contains("it could not be examined"), "{screen}");
    assert!(screen.contains("Input/output"), "{screen}");
    guest.shell();
    assert!(error(&guest.run("bcdrescue check --json").exits(8)).contains("Input/output error"));
    assert!(error(&guest.run("bcdrescue fix --yes --json").exits(8)).contains("not all are readable"));
    guest.power_off();
    assert_eq!(hash(&disk.path), hash(&image(NAME)));
}

#[test]
fn a_read_only_disk() {
    let Some(rescue) = Rescue::find("a read-only disk") else { return };
    let disk = Disk::of(NAME);
    let drive = Drive { is_read_only: true, ..Drive::qcow2(&disk.path) };
    let mut guest = Guest::at_shell(&rescue, &[drive]);
    guest.run("bcdrescue list").exits(0).says("read-only");
    guest.run("bcdrescue check").exits(4);
    let message = error(&guest.run(FIX).exits(8));
    assert!(
        message.contains("nothing was written") && message.contains("/dev/vda is read-only"),
        "{message}"
    );
    guest.run("ls /records | wc -l").prints("0");
    guest.power_off();
}

#[test]
fn no_room_for_the_record() {
    let Some(rescue) = Rescue::find("a full volume for records") else { return };
    for kind in [Kind::Fat, Kind::Ext4] {
        let disk = Disk::of(NAME);
        let volume = records::volume(disk.folder.path(), kind);
        let mut guest = Guest::at_shell(&rescue, &[Drive::qcow2(&disk.path), Drive::raw(&volume)]);
        guest
            .run("dd if=/dev/zero of=/records/full bs=4096 2>/dev/null; sync; df /records | tail -n 1")
            .says("100%");
        let message = error(&guest.run(FIX).exits(8));
        assert!(
            message.contains("nothing was written to the disk") && message.contains("No space left"),
            "{message}"
        );
        guest.run("ls /records | grep -c undo").prints("0");
        // With room, it goes.
        guest.run("rm /records/full").exits(0);
        guest.run(FIX).exits(1);
        guest.power_off();
        assert_eq!(records::copied_out(&volume, kind, disk.folder.path()).len(), 1);
        judge("qemu-img", &["check", "-q", disk.name()]);
    }
}
