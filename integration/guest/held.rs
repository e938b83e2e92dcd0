//! What is in use in the guest is not written: `fix` refuses, and says by what.

use std::fs;
use std::path::Path;
use std::path::PathBuf;
use std::process::Command;

use super::Rescue;
use super::machine::Drive;
use super::machine::Guest;
use crate::support::disk::Disk;
use crate::support::disk::hash;
use crate::support::disk::image;
use crate::support::judges::judge;
use crate::support::program::text;

#[test]
fn a_mounted_volume_and_a_loop_device() {
    let Some(rescue) = Rescue::find("a disk that is in use in the guest") else { return };
    let disk = Disk::of("win11-uefi");
    let mut guest = Guest::at_shell(&rescue, &[Drive::qcow2(&disk.path)]);
    let refused = |guest: &mut Guest, words: &str| {
        let command = "bcdrescue fix --yes --record-dir /tmp /dev/vda";
        guest.run(command).exits(8).says(words).says("nothing was written");
    };
    guest.run("mkdir /esp; mount -t vfat -o ro /dev/vda1 /esp").exits(0);
    refused(&mut guest, "/dev/vda1 is mounted on /esp");
    guest.run("bcdrescue fix --yes --record-dir /tmp").exits(8).says("/dev/vda1 is mounted on /esp");
    guest.run("bcdrescue list").exits(0).says("in use: /dev/vda1 is mounted on /esp");
    guest.run("bcdrescue check /dev/vda").exits(4);
    guest.run("umount /esp; modprobe loop; losetup /dev/loop0 /dev/vda").exits(0);
    refused(&mut guest, "/dev/vda backs loop0");
    // Through the loop device it looks like a second disk; which is meant is not guessed.
    guest.run("bcdrescue fix --yes --record-dir /tmp").exits(16).says("1) /dev/vda").says("2) /dev/loop0");
    guest.run("losetup -d /dev/loop0; losetup -o 1048576 /dev/loop1 /dev/vda1").exits(0);
    refused(&mut guest, "/dev/vda1 backs loop1");
    guest.run("losetup -d /dev/loop1; ls /tmp | grep -c undo").prints("0");
    guest.run("bcdrescue fix --yes --record-dir /tmp").exits(1);
    guest.power_off();
    assert_ne!(hash(&disk.path), hash(&image("win11-uefi")));
}

/// The rescue system has no program for the device mapper; the host's is brought with its libraries.
fn with_dmsetup(rescue: &Rescue, folder: &Path) -> PathBuf {
    let program = ["/usr/sbin/dmsetup", "/sbin/dmsetup"].into_iter().find(|path| Path::new(path).exists());
    let program = program.expect("dmsetup; `integration/packages.sh guests` installs it");
    let libraries = String::from_utf8(judge("ldd", &[program])).expect("UTF-8");
    let mut files: Vec<&str> = libraries.split_whitespace().filter(|word| word.starts_with('/')).collect();
    files.push(program);
    let root = folder.join("more");
    for file in files {
        // Links are followed here: the guest has /bin and /lib, but no /usr.
        let target = root.join(file.trim_start_matches('/'));
        fs::create_dir_all(target.parent().unwrap()).unwrap();
        fs::copy(file, &target).unwrap();
    }
    fs::create_dir_all(root.join("opt")).unwrap();
    fs::copy(program, root.join("opt/dmsetup")).unwrap();
    let more = folder.join("more.cpio");
    let pack = format!("cd {} && find . | cpio -o -H newc >{}", text(&root), text(&more));
    assert!(Command::new("sh").args(["-c", &pack]).status().unwrap().success());
    // The kernel unpacks one archive after the other; the second begins on a multiple of 4.
    let both = folder.join("initramfs");
    let mut bytes = fs::read(&rescue.initramfs).unwrap();
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    fs::write(&both, [bytes, fs::read(&more).unwrap()].concat()).unwrap();
    both
}

#[test]
fn the_device_mapper() {
    let Some(rescue) = Rescue::find("a disk that the device mapper holds") else { return };
    let disk = Disk::of("win2008r2-bios");
    let rescue = Rescue { initramfs: with_dmsetup(&rescue, disk.folder.path()), ..rescue };
    let mut guest = Guest::at_shell(&rescue, &[Drive::qcow2(&disk.path)]);
    guest.run("modprobe dm-mod; /opt/dmsetup --noudevsync create patient --table '0 204800 linear /dev/vda 2048'").exits(0);
    guest.run("bcdrescue fix --yes --record-dir /tmp /dev/vda").exits(8).says("is held by dm-0 (patient)");
    guest.run("/opt/dmsetup --noudevsync remove patient").exits(0);
    guest.run("bcdrescue fix --yes --record-dir /tmp /dev/vda").exits(1);
    guest.power_off();
}
