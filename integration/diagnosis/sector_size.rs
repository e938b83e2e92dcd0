//! Volumes that were copied to a disk whose sectors have another size. ntfsinfo reads what is made of them, mkfs.fat formats anew.

use std::fs;
use std::os::unix::fs::FileExt;

use serde_json::Value as Json;

use crate::support::disk::Disk;
use crate::support::disk::MIB;
use crate::support::disk::hash;
use crate::support::judges::judge;
use crate::support::made_disks::make_fat_anew;
use crate::support::parts::cut;
use crate::support::parts::partitions;
use crate::support::program::bcdrescue;
use crate::support::program::text;

/// Windows and its recovery on `win2022-uefi-4kn`, from its recipe: start and length.
const WINDOWS: (u64, u64) = (324_608 << 10, 591_872 << 10);

const RECOVERY: (u64, u64) = (916_480 << 10, 128 << 20);

/// The NTFS volume at `start`, with clusters of 4096 bytes, as formatting for sectors of `to` bytes makes it: only the boot record differs.
fn reformat(disk: &Disk, start: u64, from: u32, to: u32) {
    let mut head = vec![0; 512];
    fs::File::open(&disk.path).unwrap().read_exact_at(&mut head, start).unwrap();
    assert_eq!((&head[3..8], u32::from(head[0x0b]) | u32::from(head[0x0c]) << 8), (&b"NTFS "[..], from));
    let sectors = u64::from_le_bytes(head[0x28..0x30].try_into().unwrap()) * u64::from(from) / u64::from(to);
    head[0x0b..0x0d].copy_from_slice(&u16::try_from(to).unwrap().to_le_bytes());
    head[0x0d] = u8::try_from(4096 / to).unwrap();
    let hidden = u32::try_from(start / u64::from(to)).unwrap();
    head[0x1c..0x20].copy_from_slice(&hidden.to_le_bytes());
    head[0x28..0x30].copy_from_slice(&sectors.to_le_bytes());
    disk.put(start, &head);
    disk.put(start + sectors * u64::from(to), &head);
}

fn found(target: &Json) -> Vec<(&str, &str)> {
    let findings = target["findings"].as_array().unwrap().iter();
    let of_kind = findings.filter(|it| it["code"] == "sector-size-mismatch");
    of_kind.map(|it| (it["subject"].as_str().unwrap(), it["severity"].as_str().unwrap())).collect()
}

/// The verdict, what is said of sizes, and the hop at which the start ends.
#[track_caller]
fn judged(disk: &Disk, verdict: &str, said: &[(&str, &str)], hop: Option<&str>) {
    let target = bcdrescue(&["check", disk.name(), "--json"]).exits(4).target();
    assert_eq!((target["verdict"].as_str(), found(&target).as_slice()), (Some(verdict), said));
    assert_eq!(target["stop"]["hop"].as_str(), hop);
    // The numbers of sectors of such a volume are of its own sectors.
    assert!(!target["findings"].to_string().contains("boot-record-place"));
    let before = hash(&disk.path);
    bcdrescue(&["fix", disk.name(), "--yes", "--boot-sector"]).exits(4).says("nothing was written");
    assert_eq!(hash(&disk.path), before);
}

#[test]
fn a_volume_of_large_sectors_on_a_disk_of_small_ones() {
    for (number, subject, hop) in
        [(1, "partition 1 (System Reserved)", "boot record"), (2, "partition 2 (Windows)", "Windows")]
    {
        let disk = Disk::raw("win10-bios-healthy");
        let part = partitions(&disk.path)[number - 1].clone();
        reformat(&disk, part.start, 512, 4096);
        judge("ntfsinfo", &["-m", text(&cut(&disk.path, part.start, part.len))]);
        judged(&disk, "broken", &[(subject, "blocks-boot")], Some(hop));
        bcdrescue(&["check", "-v", disk.name()])
            .exits(4)
            .says("for 4096-byte sectors, but the disk has 512-byte sectors")
            .says("logical_block_size=4096");
    }
}

#[test]
fn volumes_of_small_sectors_on_a_disk_of_large_ones() {
    let disk = Disk::raw("win2022-uefi-4kn-healthy");
    reformat(&disk, WINDOWS.0, 4096, 512);
    judge("ntfsinfo", &["-m", text(&cut(&disk.path, WINDOWS.0, WINDOWS.1))]);
    judged(&disk, "broken", &[("partition 3 (Windows)", "blocks-boot")], Some("Windows"));
    let disk = Disk::raw("win2022-uefi-4kn-healthy");
    reformat(&disk, RECOVERY.0, 4096, 512);
    judged(&disk, "degraded", &[("partition 4 (Recovery)", "degrades")], None);
    // UEFI starts from it, Windows does not see it.
    let disk = Disk::raw("win2022-uefi-4kn-healthy");
    make_fat_anew(&disk, MIB, 300 * MIB, &["-a", "-F32", "-S512", "-n", "SYSTEM"]);
    judged(&disk, "degraded", &[("partition 1 (SYSTEM)", "degrades")], None);
}

/// An image does not say what its disk's sectors were: of an MBR its volumes tell, and agree.
#[test]
fn an_image_of_an_mbr_disk_with_large_sectors_is_well() {
    let disk = Disk::raw("win10-bios-healthy");
    for (entry, part) in [0x1be, 0x1ce].into_iter().zip(partitions(&disk.path)) {
        reformat(&disk, part.start, 512, 4096);
        for (at, bytes) in [(8, part.start), (12, part.len)] {
            disk.put(entry + at, &u32::try_from(bytes / 4096).unwrap().to_le_bytes());
        }
    }
    let target = bcdrescue(&["check", disk.name(), "--json"]).exits(0).target();
    assert_eq!((&target["verdict"], &target["disk"]["sector_size"]), (&"healthy".into(), &4096.into()));
}
