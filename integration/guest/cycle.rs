//! The promise, kept inside a rescue system: check, fix, check is clean, a second fix writes nothing, and a second
//! boot brings back every byte.

use super::Rescue;
use super::machine::Bus;
use super::machine::Drive;
use super::machine::Guest;
use super::records;
use super::records::Kind;
use crate::support::disk::Disk;
use crate::support::disk::hash;
use crate::support::disk::image;
use crate::support::disk::same_content;
use crate::support::judges::judge;
use crate::support::places::images;
use crate::support::places::judge_stores;
use crate::support::program::bcdrescue;
use crate::support::program::text;

fn promise(name: &str, bus: Bus, kind: Kind) {
    let Some(rescue) = Rescue::find("repairs in a rescue guest") else { return };
    let (_, stores) = images().into_iter().find(|(other, _)| *other == name).expect("an image");
    let disk = Disk::of(name);
    let volume = records::volume(disk.folder.path(), kind);
    let original = disk.content("original.raw");
    let before = hash(&disk.path);
    let sector_size = if name.contains("4kn") { 4096 } else { 512 };
    let drive = Drive { bus, sector_size, ..Drive::qcow2(&disk.path) };
    // The record's volume is another kind of disk where it can be, that its name tells nothing.
    let device = match bus {
        Bus::VirtioBlk => "/dev/vda",
        Bus::Nvme => "/dev/nvme0n1",
        Bus::VirtioScsi | Bus::Ahci | Bus::Usb => "/dev/sda",
    };

    let mut guest = Guest::at_shell(&rescue, &[drive.clone(), Drive::raw(&volume)]);
    let check = guest.run(&format!("bcdrescue check --json {device}")).exits(4).target();
    assert_eq!(check["verdict"], "broken");
    assert_eq!(check["disk"]["sector_size"], sector_size);
    guest.run("bcdrescue fix --dry-run").exits(4).says("dry run: nothing was written");
    assert_eq!(hash(&disk.path), before, "check or a dry run wrote");

    let fixed = guest.run("bcdrescue fix --yes --json --record-dir /records").exits(1).target();
    assert_eq!((&fixed["verdict"], &fixed["target"]), (&"healthy".into(), &device.into()));
    guest.run(&format!("bcdrescue check {device}")).exits(0).says("healthy");
    let repaired = hash(&disk.path);
    assert_ne!(repaired, before);
    guest.run(&format!("bcdrescue fix --yes {device}")).exits(0).says("nothing was written");
    guest.run("bcdrescue fix --yes").exits(0).says("no attached Windows disk needs a repair");
    assert_eq!(hash(&disk.path), repaired, "a second fix wrote");
    guest.power_off();
    assert_eq!(hash(&disk.path), repaired, "the shutdown wrote");
    judge("qemu-img", &["check", "-q", disk.name()]);
    judge_stores(name, &original, &disk.content("repaired.raw"), &stores, &fixed);

    // The disk has another name in the second boot: it comes second.
    let mut guest = Guest::at_shell(&rescue, &[Drive::raw(&volume), drive]);
    let record = fixed["record"].as_str().expect("a record");
    let target = if bus == Bus::VirtioBlk { "--target /dev/vdb" } else { "" };
    guest.run(&format!("bcdrescue undo --yes {target} {record}")).exits(1).says("every byte is as it was");
    guest.run("bcdrescue check").exits(4).says("0xc000000e");
    guest.power_off();
    judge("qemu-img", &["check", "-q", disk.name()]);
    assert!(same_content(&disk.path, &original), "undo did not bring back every byte");
    assert_eq!(records::copied_out(&volume, kind, disk.folder.path()).len(), 1);
}

#[test]
fn windows_2008_r2() {
    promise("win2008r2-bios", Bus::VirtioBlk, Kind::Fat);
}

#[test]
fn windows_2008_sp2() {
    promise("win2008sp2-bios", Bus::VirtioBlk, Kind::Ext4);
}

#[test]
fn windows_10() {
    promise("win10-bios", Bus::VirtioBlk, Kind::Fat);
}

#[test]
fn windows_7_in_a_logical_partition() {
    promise("win7-logical", Bus::VirtioBlk, Kind::Ext4);
}

#[test]
fn windows_11_uefi() {
    promise("win11-uefi", Bus::VirtioBlk, Kind::Fat);
}

#[test]
fn windows_2022_uefi_with_4096_byte_sectors() {
    promise("win2022-uefi-4kn", Bus::VirtioBlk, Kind::Ext4);
}

#[test]
fn on_virtio_scsi() {
    promise("win10-bios", Bus::VirtioScsi, Kind::Fat);
}

#[test]
fn on_nvme_with_4096_byte_sectors() {
    promise("win2022-uefi-4kn", Bus::Nvme, Kind::Fat);
}

#[test]
fn on_ahci() {
    promise("win2008r2-bios", Bus::Ahci, Kind::Ext4);
}

#[test]
fn on_usb() {
    promise("win11-uefi", Bus::Usb, Kind::Fat);
}

/// The other cure on a device whose partition table the kernel has read too.
#[test]
fn the_old_identity_is_put_back() {
    let Some(rescue) = Rescue::find("the old identity in a rescue guest") else { return };
    let disk = Disk::of("win11-uefi");
    let original = disk.content("original.raw");
    let volume = records::volume(disk.folder.path(), Kind::Fat);
    let drive = Drive { bus: Bus::Nvme, ..Drive::qcow2(&disk.path) };
    let mut guest = Guest::at_shell(&rescue, &[drive, Drive::raw(&volume)]);
    let fixed =
        guest.run("bcdrescue fix --yes --json --restore-identity --record-dir /records").exits(1).target();
    assert_eq!(fixed["disk"]["identity"], "5f3c0101-3b1d-4c01-9a2c-0242ac1b0001");
    guest.run("bcdrescue check").exits(0).says("healthy");
    guest.power_off();
    judge("qemu-img", &["check", "-q", disk.name()]);
    let verdict = judge("sgdisk", &["-v", text(&disk.content("repaired.raw"))]);
    assert!(String::from_utf8_lossy(&verdict).contains("No problems found"));
    let [record] =
        records::copied_out(&volume, Kind::Fat, disk.folder.path()).try_into().expect("one record");
    bcdrescue(&["undo", "--yes", "--target", disk.name(), text(&record)]).exits(1);
    assert!(same_content(&disk.path, &original));
}

/// All healthy disks at once, and Windows 2003 with a changed signature, which has nothing to be patched.
#[test]
fn healthy_disks_are_left_alone() {
    let Some(rescue) = Rescue::find("healthy disks in a rescue guest") else { return };
    let healthy = images().into_iter().map(|(name, _)| format!("{name}-healthy"));
    let names: Vec<String> = healthy.chain(["win2003-bios-healthy".into(), "win2003-bios".into()]).collect();
    let disks: Vec<Disk> = names.iter().map(|name| Disk::of(name)).collect();
    let drive = |(name, disk): (&String, &Disk)| Drive {
        sector_size: if name.contains("4kn") { 4096 } else { 512 },
        ..Drive::qcow2(&disk.path)
    };
    let drives: Vec<Drive> = names.iter().zip(&disks).map(drive).collect();
    let mut guest = Guest::at_shell(&rescue, &drives);
    for letter in ('a'..).take(disks.len()) {
        guest.run(&format!("bcdrescue check /dev/vd{letter}")).exits(0).says("healthy");
        guest.run(&format!("bcdrescue fix --yes /dev/vd{letter}")).exits(0).says("nothing was written");
    }
    guest.run("bcdrescue check -v").exits(0).says("NTLDR").says("nothing to patch");
    guest.run("bcdrescue fix --yes").exits(0).says("no attached Windows disk needs a repair");
    guest.power_off();
    for (name, disk) in names.iter().zip(&disks) {
        assert_eq!(hash(&disk.path), hash(&image(name)), "{name}");
    }
}
