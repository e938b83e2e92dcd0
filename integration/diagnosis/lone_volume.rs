//! Targets that are the image of one partition, and files that only hold or describe a disk.

use std::fs;

use crate::support::disk::Disk;
use crate::support::disk::hash;
use crate::support::findings::codes;
use crate::support::findings::has;
use crate::support::judges::judge;
use crate::support::parts::volume;
use crate::support::program::bcdrescue;
use crate::support::program::text;

#[test]
fn the_image_of_one_partition_is_said_to_be_that() {
    for (base, number) in [
        ("win10-bios-healthy", 1),
        ("win10-bios-healthy", 2),
        ("win10-bios", 1),
        ("win2008sp2-bios-healthy", 1),
        ("win2003-bios-healthy", 1),
        ("win11-uefi-healthy", 1),
        ("win11-uefi-healthy", 3),
    ] {
        let disk = Disk::raw(base);
        let image = volume(&disk, number);
        let before = hash(&image);
        let target = bcdrescue(&["check", text(&image), "--json"]).target();
        let name = format!("{base} {number}");
        assert!(has(&target, "partition-image"), "{name}: {:?}", codes(&target));
        assert_eq!(target["verdict"], "unknown", "{name}");
        assert_eq!(codes(&target)[0], "partition-image", "{name}");
        let run = bcdrescue(&["check", "-v", text(&image)]).says("examine the whole disk");
        assert!(!format!("{}{}", run.stdout, run.stderr).contains("--disk-id"), "{name}: {}", run.stdout);
        let run = bcdrescue(&["fix", "--yes", text(&image)]);
        assert!(!format!("{}{}", run.stdout, run.stderr).contains("--disk-id"), "{name}: {}", run.stdout);
        assert_eq!(hash(&image), before, "{name}");
        // Beside a disk it is no other disk.
        let with = bcdrescue(&["check", "-v", disk.name(), "--with", text(&image)]).exits(8);
        assert!(!with.stderr.contains("--disk-id"), "{}", with.stderr);
    }
}

#[test]
fn what_has_to_be_unpacked_first_says_how() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let write = |name: &str, bytes: &[u8]| fs::write(at(name), bytes).unwrap();
    let ovf = r#"<?xml version="1.0" encoding="UTF-8"?>
<Envelope xmlns="http://schemas.dmtf.org/ovf/envelope/1"><References><File ovf:href="w2k8-disk1.vmdk" ovf:id="file1"/></References></Envelope>
"#;
    write("w2k8.ovf", ovf.as_bytes());
    write("w2k8-disk1.vmdk", &[b"KDMV".as_slice(), &[0; 4096]].concat());
    judge("tar", &["-C", text(folder.path()), "-cf", text(&at("w2k8.ova")), "w2k8.ovf", "w2k8-disk1.vmdk"]);
    judge("tar", &["-C", text(folder.path()), "-cf", text(&at("disks.tar")), "w2k8-disk1.vmdk"]);
    write("w2k8.vmx", b".encoding = \"windows-1252\"\nconfig.version = \"8\"\nvirtualHW.version = \"7\"\nscsi0:0.fileName = \"w2k8-disk1.vmdk\"\n");
    write("vzdump-qemu-100.vma", &[b"VMA\0\0\0\0\x01".as_slice(), &[7; 4096]].concat());
    write("vzdump-qemu-100.vma.lzo", &[b"\x89LZO\0\r\n\x1a\n".as_slice(), &[7; 4096]].concat());
    for (name, words) in [
        ("w2k8.ovf", &["an OVF description", "w2k8-disk1.vmdk", "name the disk itself"][..]),
        ("w2k8.ova", &["an OVA", "tar xf", ".vmdk"]),
        ("disks.tar", &["a tar archive", "tar xf"]),
        ("w2k8.vmx", &["a VMware configuration", "w2k8-disk1.vmdk", "name the disk itself"]),
        ("vzdump-qemu-100.vma", &["Proxmox", "vma extract"]),
        ("vzdump-qemu-100.vma.lzo", &["lzop", "unpack it first"]),
    ] {
        let mut run = bcdrescue(&["check", "-v", text(&at(name))]).exits(8);
        for word in words {
            run = run.says(word);
        }
    }
}
