//! The ways in: the ISO as a CD and as a USB stick, on BIOS and on UEFI, and a network boot.

use std::fs;

use serde_json::json;

use super::Rescue;
use super::machine::Bus;
use super::machine::Drive;
use super::machine::Guest;
use super::machine::PC;
use super::unattended::Report;
use crate::support::disk::Disk;
use crate::support::disk::hash;
use crate::support::program::bcdrescue;
use crate::support::program::text;

/// A BIOS boots the CD; the third entry of its menu repairs without a question.
#[test]
fn a_cd_on_bios() {
    let Some(rescue) = Rescue::find("the ISO on BIOS") else { return };
    let disk = Disk::of("win2008r2-bios");
    let machine = ["-M", "pc", "-m", "256", "-vga", "std", "-boot", "d", "-cdrom", text(&rescue.iso)];
    let mut guest = Guest::start(&machine, &[Drive::qcow2(&disk.path)]);
    guest.console.expect("Repair the one Windows disk");
    for key in [&b"\x1b[B"[..], b"\x1b[B", b"\r"] {
        guest.console.type_keys(key);
    }
    let report = Report::read(guest.menu());
    let [target] = report.targets(1).try_into().expect("one target");
    assert_eq!((&target["action"], &target["verdict"]), (&json!("fixed"), &json!("healthy")));
    guest.console.send("p");
    guest.console.expect("will be lost. Continue anyway [y/N]? ");
    guest.console.send("y");
    guest.ended();
    bcdrescue(&["check", disk.name()]).exits(0);
}

/// UEFI firmware boots the stick; the menu is on the screen and on the serial port. The firmware takes a part of the
/// memory for itself.
#[test]
fn a_usb_stick_on_uefi() {
    let Some(rescue) = Rescue::find("the ISO on UEFI") else { return };
    let disk = Disk::of("win11-uefi");
    let variables = disk.folder.path().join("variables.fd");
    let ovmf = "OVMF; `integration/packages.sh guests` installs it";
    fs::copy("/usr/share/OVMF/OVMF_VARS_4M.fd", &variables).expect(ovmf);
    let stick = disk.folder.path().join("stick.iso");
    fs::copy(&rescue.iso, &stick).unwrap();
    let code = "if=pflash,format=raw,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd";
    let variables = format!("if=pflash,format=raw,file={}", text(&variables));
    let machine = ["-M", "q35", "-m", "320", "-vga", "std", "-drive", code, "-drive", &variables];
    let drives = [Drive { bus: Bus::Usb, ..Drive::raw(&stick) }, Drive::qcow2(&disk.path)];
    let mut guest = Guest::start(&machine, &drives);
    guest.console.expect("Windows boot rescue");
    let screen = guest.menu();
    assert!(screen.contains("/dev/vda: BROKEN"), "{screen}");
    guest.repair();
    guest.shell();
    // The screen of the first virtual terminal, and that there is a screen at all.
    guest.run("cat /dev/vcs1").says("choice:").says("u undo");
    guest.run("cat /proc/fb").says("EFI VGA");
    guest.power_off();
    assert_eq!(hash(&stick), hash(&rescue.iso), "the stick was written");
    bcdrescue(&["check", disk.name()]).exits(0);
}

/// The kernel and the initial RAM disk over TFTP, as a PXE server gives them; QEMU's own is not on any network.
#[test]
fn over_the_network() {
    let Some(rescue) = Rescue::find("a network boot") else { return };
    let disk = Disk::of("win2008sp2-bios");
    let served = disk.folder.path().join("tftp");
    fs::create_dir(&served).unwrap();
    for name in ["vmlinuz", "initramfs"] {
        fs::copy(rescue.folder.join(name), served.join(name)).unwrap();
    }
    let script = "#!ipxe\nkernel vmlinuz initrd=initramfs console=ttyS0 quiet bcdrescue.run=check\ninitrd initramfs\nboot\n";
    fs::write(served.join("rescue.ipxe"), script).unwrap();
    let network = format!("user,id=net,restrict=on,tftp={},bootfile=rescue.ipxe", text(&served));
    let netboot = ["-netdev", &network, "-device", "virtio-net-pci,netdev=net,bootindex=0"];
    let report = Report::read(Guest::start(&[PC, &netboot].concat(), &[Drive::qcow2(&disk.path)]).ended());
    assert_eq!(report.targets(4)[0]["verdict"], "broken");
}
