//! Names of partition types, as people know them from fdisk and from Windows.
//!
//! UEFI Specification, "Defined GPT Partition Entry"; Microsoft, `PARTITION_INFORMATION_GPT` and `PARTITION_INFORMATION_MBR`; UAPI Group,
//! "Discoverable Partitions Specification"; A. Brouwer, "Partition types". sfdisk judges them.

use crate::partition::Partition;
use crate::partition::PartitionType;

/// Type GUIDs with their names.
const GPT: &[(&str, &str)] = &[
    ("c12a7328-f81f-11d2-ba4b-00a0c93ec93b", "EFI system"),
    ("e3c9e316-0b5c-4db8-817d-f92df00215ae", "Microsoft reserved"),
    ("ebd0a0a2-b9e5-4433-87c0-68b6b72699c7", "Microsoft basic data"),
    ("de94bba4-06d1-4d40-a16a-bfd50179d6ac", "Windows recovery"),
    ("5808c8aa-7e8f-42e0-85d2-e1e90434cfb3", "Microsoft LDM metadata"),
    ("af9b60a0-1431-4f62-bc68-3311714a69ad", "Microsoft LDM data"),
    ("e75caf8f-f680-4cee-afa3-b001e56efc2d", "Storage Spaces"),
    ("21686148-6449-6e6f-744e-656564454649", "BIOS boot"),
    ("bfbfafe7-a34f-448a-9a5b-6213eb736c22", "Lenovo boot"),
    ("0fc63daf-8483-4772-8e79-3d69d8477de4", "Linux filesystem"),
    ("4f68bce3-e8cd-4db1-96e7-fbcaf984b709", "Linux root"),
    ("b921b045-1df0-41c3-af44-4c6f280d3fae", "Linux root"),
    ("933ac7e1-2eb4-4f13-b844-0e14e2aef915", "Linux home"),
    ("bc13c2ff-59e6-4262-a352-b275fd6f7172", "Linux extended boot"),
    ("0657fd6d-a4ab-43c4-84e5-0933c84b4f4f", "Linux swap"),
    ("e6d6d379-f507-44c2-a23c-238f2a3df928", "Linux LVM"),
    ("a19d880f-05fc-4d3b-a006-743f0f84911e", "Linux RAID"),
];

const MBR: &[(u8, &str)] = &[
    (0x01, "FAT12"),
    (0x04, "FAT16"),
    (0x05, "Extended"),
    (0x06, "FAT16"),
    (0x07, "NTFS/exFAT"),
    (0x0b, "FAT32"),
    (0x0c, "FAT32 (LBA)"),
    (0x0e, "FAT16 (LBA)"),
    (0x11, "Hidden FAT12"),
    (0x12, "Compaq diagnostics"),
    (0x14, "Hidden FAT16"),
    (0x16, "Hidden FAT16"),
    (0x17, "Hidden NTFS"),
    (0x1b, "Hidden FAT32"),
    (0x1c, "Hidden FAT32 (LBA)"),
    (0x1e, "Hidden FAT16 (LBA)"),
    (0x27, "Hidden NTFS WinRE"),
    (0x42, "Windows LDM"),
    (0x82, "Linux swap"),
    (0x83, "Linux"),
    (0x85, "Linux extended"),
    (0x8e, "Linux LVM"),
    (0xa5, "FreeBSD"),
    (0xde, "Dell Utility"),
    (0xee, "GPT"),
    (0xef, "EFI system"),
    (0xfd, "Linux RAID"),
];

/// The name of a partition's type; of one without a known name the code (`type 4d`), or the first group of the GUID. Empty where there is
/// no table.
#[must_use]
pub fn name(partition: &Partition) -> String {
    match partition.kind {
        PartitionType::Mbr(code) => {
            let known = MBR.iter().find(|(known, _)| *known == code);
            known.map_or_else(|| format!("type {code:02x}"), |(_, name)| (*name).to_owned())
        }
        PartitionType::Gpt(guid) => {
            let text = guid.to_string();
            let known = GPT.iter().find(|(known, _)| *known == text);
            let group = text.split('-').next().unwrap_or_default();
            known.map_or_else(|| format!("type {group}"), |(_, name)| (*name).to_owned())
        }
        PartitionType::Whole => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;
    use crate::guid::Guid;

    /// What sfdisk calls the types, by their codes in lower case.
    fn by_sfdisk(table: &str) -> Vec<(String, String)> {
        let output = Command::new("sfdisk").args(["--list-types", "-X", table]).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let lines = text.lines().filter_map(|line| line.trim().split_once("  "));
        lines.map(|(code, name)| (code.to_lowercase(), name.trim().to_lowercase())).collect()
    }

    #[test]
    fn sfdisk_knows_the_types_of_a_gpt_by_these_names() {
        let judged = by_sfdisk("gpt");
        for (guid, name) in GPT {
            assert!(guid.parse::<Guid>().is_ok(), "{guid}");
            let (_, known) =
                judged.iter().find(|(known, _)| known == guid).unwrap_or_else(|| panic!("{guid}"));
            assert!(known.contains(&name.to_lowercase()), "{guid}: {name}, {known}");
        }
    }

    #[test]
    fn sfdisk_knows_the_types_of_an_mbr_by_these_names() {
        let judged = by_sfdisk("dos");
        for (code, name) in MBR {
            let code = format!("{code:x}");
            let (_, known) =
                judged.iter().find(|(known, _)| *known == code).unwrap_or_else(|| panic!("{code}"));
            for word in name.to_lowercase().replace("system", "").split_whitespace() {
                // It has its own word for dynamic disks.
                assert!(code == "42" || known.contains(word), "{code}: {name}, {known}");
            }
        }
    }
}
