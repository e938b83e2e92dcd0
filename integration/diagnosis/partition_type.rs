//! Types of partitions that are not those of Windows: a note with what was measured, and the program that sets them right.

use serde_json::Value as Json;

use crate::support::disk::Disk;
use crate::support::disk::hash;
use crate::support::findings::checked;
use crate::support::findings::findings;
use crate::support::findings::has;
use crate::support::judges::judge;
use crate::support::program::bcdrescue;

const DATA: &str = "ebd0a0a2-b9e5-4433-87c0-68b6b72699c7";
const LINUX: &str = "0fc63daf-8483-4772-8e79-3d69d8477de4";
const RECOVERY: &str = "de94bba4-06d1-4d40-a16a-bfd50179d6ac";

/// Of each case the image, the partition, its type, and words of the note; a healthy disk stays one, and what is advised ends it.
#[test]
fn a_type_is_a_note() {
    for (image, number, kind, subject, words) in [
        ("win11-uefi-healthy", "1", DATA, "partition 1 (SYSTEM)", "OVMF boots from it anyway"),
        (
            "win11-uefi-healthy",
            "3",
            LINUX,
            "partition 3 (Windows)",
            "the boot manager starts the Windows loader",
        ),
        (
            "win11-uefi-healthy",
            "3",
            RECOVERY,
            "partition 3 (Windows)",
            "the boot manager starts the Windows loader",
        ),
        ("win10-bios-healthy", "2", "83", "partition 2 (Windows)", "type 83 (Linux) instead of 7"),
        ("win10-bios-healthy", "2", "17", "partition 2 (Windows)", "type 17 (hidden) instead of 7"),
        // A GPT begins with such an entry at sector 1, and with a header.
        ("win10-bios-healthy", "2", "ee", "partition 2 (Windows)", "type ee"),
        ("win10-bios-healthy", "1", "27", "partition 1 (System Reserved)", "type 27 (hidden) instead of 7"),
        ("win7-logical-healthy", "5", "17", "partition 5 (Win7)", "type 17 (hidden) instead of 7"),
    ] {
        let disk = Disk::raw(image);
        assert!(!has(&checked(&disk, 0, "healthy"), "partition-type"), "{image}");
        judge("sfdisk", &["-q", "--part-type", disk.name(), number, kind]);
        let target = checked(&disk, 0, "healthy");
        let [finding] = findings(&target, "partition-type").try_into().unwrap();
        assert_eq!(
            (&finding["severity"], &finding["subject"]),
            (&"note".into(), &subject.into()),
            "{finding}"
        );
        assert!(finding.to_string().contains(words), "{finding}");
        let remedy = finding["remedy"].as_str().unwrap();
        let command: Vec<&str> = remedy.split('`').nth(1).unwrap().split(' ').collect();
        let arguments: Vec<&str> =
            command[1..].iter().map(|word| if *word == "DISK" { disk.name() } else { word }).collect();
        judge(command[0], &arguments);
        bcdrescue(&["check", "-v", disk.name()]).exits(0);
        assert!(!has(&checked(&disk, 0, "healthy"), "partition-type"), "{remedy}");
    }
}

/// A volume whose partition is typed as an extended one is looked at all the same, and the byte that is wrong is named.
#[test]
fn a_volume_in_a_partition_that_is_typed_as_extended_is_seen() {
    for (image, number, name, hop) in [
        ("win10-bios-healthy", 2, "partition 2 (Windows)", "device"),
        ("win10-bios-healthy", 1, "partition 1 (System Reserved)", "boot record"),
        ("win2003-bios-healthy", 1, "partition 1 (Windows)", "boot record"),
    ] {
        for kind in [0x05, 0x0f, 0x85] {
            let disk = Disk::raw(image);
            let before = hash(&disk.path);
            disk.put(0x1c2 + 16 * (number - 1), &[kind]);
            let target = checked(&disk, 4, "broken");
            let stop = &target["stop"];
            assert_eq!((&stop["hop"], &stop["code"]), (&hop.into(), &"partition-type".into()), "{target:#}");
            assert_eq!(stop["predicted_status"], Json::Null);
            let [finding] = findings(&target, "partition-type").try_into().unwrap();
            assert_eq!(finding["subject"], name);
            let command = format!("`sfdisk --part-type DISK {number} 7`");
            assert!(finding["remedy"].as_str().unwrap().contains(&command), "{finding}");
            assert!(!has(&target, "partitions-lost") && !has(&target, "partition-changed"), "{target:#}");
            judge("sfdisk", &["-q", "--part-type", disk.name(), &number.to_string(), "7"]);
            assert_eq!(hash(&disk.path), before);
            checked(&disk, 0, "healthy");
        }
    }
}
