//! Block devices, and images that somebody else holds. Loop devices need root; without it that part says so.

use std::path::Path;
use std::process::Command;

use crate::support::attached::Machine;
use crate::support::disk::Disk;
use crate::support::disk::hash;
use crate::support::held::Nbd;
use crate::support::judges::judge;
use crate::support::program::bcdrescue;
use crate::support::program::is_root;
use crate::support::program::not_run;
use crate::support::program::text;

/// A loop device over a file, detached at the end.
struct Loop(String);

impl Loop {
    /// `None`, with a word why, where loop devices cannot be had.
    fn over(path: &Path, sector: &str) -> Option<Self> {
        if !is_root() {
            not_run("loop devices", "they need root");
            return None;
        }
        let output = Command::new("losetup")
            .args(["-f", "--show", "-b", sector, text(path)])
            .output()
            .expect("losetup");
        if !output.status.success() {
            not_run("loop devices", &String::from_utf8_lossy(&output.stderr));
            return None;
        }
        Some(Self(String::from_utf8(output.stdout).expect("UTF-8").trim().to_owned()))
    }
}

impl Drop for Loop {
    fn drop(&mut self) {
        let _ = Command::new("losetup").args(["-d", &self.0]).status();
    }
}

#[test]
fn a_block_device_is_repaired_and_brought_back() {
    for (name, sector) in [("win2008r2-bios", "512"), ("win2022-uefi-4kn", "4096")] {
        let disk = Disk::raw(name);
        let before = hash(&disk.path);
        let Some(machine) = Machine::of(&[(&disk, sector)]) else { return };
        let device = machine.device(0);
        let folder = text(disk.folder.path()).to_owned();
        machine.run(&["check", "-v", device]).exits(4).says("BROKEN");
        machine.run(&["fix", device, "--yes", "--record-dir", &folder]).exits(1).says("healthy");
        machine.run(&["check", "-v", device]).exits(0);
        machine.run(&["fix", device, "--yes", "--record-dir", &folder]).exits(0);
        let list = bcdrescue(&["list", "--json"]);
        assert!(list.stdout.contains(device), "list does not show {device}");
        machine.run(&["undo", text(&disk.record()), "--yes"]).exits(1);
        drop(machine);
        assert_eq!(hash(&disk.path), before, "{name}");
    }
}

#[test]
fn an_image_under_a_loop_device_is_refused() {
    let disk = Disk::raw("win2008r2-bios");
    let Some(device) = Loop::over(&disk.path, "512") else { return };
    let before = hash(&disk.path);
    bcdrescue(&["fix", disk.name(), "--yes"]).exits(8).says(device.0.trim_start_matches("/dev/"));
    assert_eq!(hash(&disk.path), before);
    assert_eq!(disk.records().len(), 0, "a record of a repair that never was");
}

#[test]
fn an_image_that_a_virtual_machine_holds_is_read_with_a_note_and_never_written() {
    let disk = Disk::of("win2008r2-bios");
    let before = hash(&disk.path);
    let machine = Nbd::over(&disk);
    bcdrescue(&["check", "-v", disk.name()]).exits(4).says("virtual machine");
    bcdrescue(&["fix", disk.name(), "--yes"]).exits(8).says("nothing was written");
    assert_eq!(disk.records().len(), 0, "a record of a repair that never was");
    drop(machine);
    judge("qemu-img", &["check", "-q", disk.name()]);
    assert_eq!(hash(&disk.path), before);
    bcdrescue(&["fix", disk.name(), "--yes"]).exits(1);
}
