//! An image is written by one program at a time: QEMU and `bcdrescue` know each other's locks.

use std::io::Write;
use std::process::Command;
use std::process::Stdio;

use bcdrescue::storage::open::OpenOptions;
use bcdrescue::storage::open::open_mut;

use super::Rescue;
use super::machine::Drive;
use super::machine::Guest;
use super::qmp::Qmp;
use crate::support::disk::Disk;
use crate::support::disk::hash;
use crate::support::program::bcdrescue;
use crate::support::program::text;

fn disks() -> [(Disk, bool); 2] {
    [(Disk::of("win2008r2-bios"), true), (Disk::raw("win2008r2-bios"), false)]
}

fn drive(disk: &Disk, is_qcow2: bool) -> Drive {
    if is_qcow2 { Drive::qcow2(&disk.path) } else { Drive::raw(&disk.path) }
}

#[test]
fn an_image_that_a_running_qemu_holds_is_not_written() {
    if Rescue::find("an image that QEMU holds").is_none() {
        return;
    }
    for (disk, is_qcow2) in disks() {
        let before = hash(&disk.path);
        let socket = disk.folder.path().join("qmp");
        let qmp = format!("unix:{},server=on,wait=off", text(&socket));
        let machine = Guest::start(&["-S", "-M", "pc", "-qmp", &qmp], &[drive(&disk, is_qcow2)]);
        // It answers once it has opened its disks.
        Qmp::connect(&socket);
        bcdrescue(&["check", disk.name()]).exits(4).says("virtual machine");
        bcdrescue(&["fix", disk.name(), "--yes"])
            .exits(8)
            .says("nothing was written")
            .says("virtual machine");
        assert!(disk.records().is_empty(), "a record of a repair that never was");
        machine.cut();
        assert_eq!(hash(&disk.path), before);
        bcdrescue(&["fix", disk.name(), "--yes"]).exits(1);
    }
}

#[test]
fn qemu_does_not_start_on_an_image_that_is_being_written() {
    if Rescue::find("QEMU on an image that is being written").is_none() {
        return;
    }
    for (disk, is_qcow2) in disks() {
        let before = hash(&disk.path);
        let format = if is_qcow2 { "qcow2" } else { "raw" };
        let start = || {
            let drive = format!("driver={format},node-name=d,file.driver=file,file.filename={}", disk.name());
            let machine = ["-M", "pc", "-nodefaults", "-display", "none", "-S", "-monitor", "stdio"];
            let mut qemu = Command::new("qemu-system-x86_64");
            qemu.args(machine).args(["-blockdev", &drive, "-device", "virtio-blk-pci,drive=d"]);
            qemu.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
            let mut child = qemu.spawn().expect("QEMU");
            // One that started ends by this; one that is refused may be gone before it is written.
            let _ = child.stdin.as_mut().expect("a pipe").write_all(b"quit\n");
            child.wait_with_output().expect("QEMU")
        };
        // What `fix` opens before its first write, and holds until its last.
        let held = open_mut(&disk.path, &OpenOptions::default()).expect("nobody has it");
        let refused = start();
        let said = String::from_utf8_lossy(&refused.stderr).into_owned();
        assert!(!refused.status.success(), "{format}: {said}");
        assert!(said.contains("Failed to get") && said.contains("lock"), "{said}");
        drop(held);
        assert_eq!(hash(&disk.path), before);
        let started = start();
        assert!(started.status.success(), "{}", String::from_utf8_lossy(&started.stderr));
    }
}
