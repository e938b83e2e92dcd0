//! Disks that are members of an array: said, and not written alone unless the user says so.

use std::fs;
use std::process::Command;

use crate::support::disk::Disk;
use crate::support::disk::hash;
use crate::support::findings::checked;
use crate::support::findings::findings;
use crate::support::findings::has;
use crate::support::program::bcdrescue;
use crate::support::program::text;

/// A sector with these bytes in it.
fn sector(parts: &[(usize, &[u8])]) -> Vec<u8> {
    let mut sector = vec![0; 512];
    parts.iter().for_each(|(at, bytes)| sector[*at..*at + bytes.len()].copy_from_slice(bytes));
    sector
}

/// The records of arrays: how many sectors before the end, the bytes, and what libblkid calls a disk with it.
fn records() -> Vec<(u64, Vec<u8>, &'static str)> {
    let silicon: (usize, &[u8]) = (0x60, &[0, 0, 0, 0x2f]);
    vec![
        (2, b"Intel Raid ISM Cfg Sig. 1.1.00".to_vec(), "isw_raid_member"),
        (1, sector(&[(0, &[0xde, 0x11, 0xde, 0x11]), (32, b"01.02.00")]), "ddf_raid_member"),
        (257, sector(&[(0, &[0x11, 0xde, 0x11, 0xde]), (32, b"01.02.00")]), "ddf_raid_member"),
        (1, b"$XIDE$".to_vec(), "lsi_mega_raid_member"),
        (2, b"NVIDIA  ".to_vec(), "nvidia_raid_member"),
        (63, b"Promise Technology, Inc.".to_vec(), "promise_fasttrack_raid_member"),
        (1, sector(&[(0, &[0x37, 0xfc, 0x4d, 0x1e]), (0x100, b"DPTM")]), "adaptec_raid_member"),
        (1, sector(&[silicon, (0x13e, &[0, 0xd1])]), "silicon_medley_raid_member"),
        (1, sector(&[(0, &[0x55, 0xaa, 1])]), "via_raid_member"),
        (1, sector(&[(0, b"JM"), (2, &[0xb6, 0xb2])]), "jmicron_raid_member"),
    ]
}

/// What libblkid takes the file for.
fn by_blkid(disk: &Disk) -> String {
    let output =
        Command::new("blkid").args(["-p", "-o", "value", "-s", "TYPE", disk.name()]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

#[test]
fn a_member_of_an_array_is_what_libblkid_calls_it() {
    let plain = Disk::raw("win10-bios-healthy");
    let len = fs::metadata(&plain.path).unwrap().len();
    assert!(!has(&checked(&plain, 0, "healthy"), "raid-member"));
    for (sectors, bytes, name) in records() {
        let disk = Disk::raw("win10-bios-healthy");
        disk.put(len - sectors * 512, &bytes);
        assert_eq!(by_blkid(&disk), name);
        let target = checked(&disk, 0, "healthy");
        assert_eq!(findings(&target, "raid-member").len(), 1, "{name}");
        bcdrescue(&["check", "-v", disk.name()]).exits(0).says("member of a RAID");
    }
}

#[test]
fn a_member_is_not_written_alone() {
    for base in ["win10-bios", "win11-uefi"] {
        let disk = Disk::raw(base);
        let len = fs::metadata(&disk.path).unwrap().len();
        // Before the backup of a GPT too: the record is where firmware looks for it, not where it fits.
        let record = b"\xde\x11\xde\x11";
        disk.put(len - 257 * 512, record);
        let before = hash(&disk.path);
        for switches in [&[][..], &["--restore-identity"]] {
            let all = [&["fix", disk.name(), "--yes"], switches].concat();
            let refused = bcdrescue(&all).exits(8);
            let said = format!("{}{}", refused.stdout, refused.stderr);
            assert!(said.contains("--allow-raid-member") && said.contains("DDF"), "{base}: {said}");
            assert_eq!(hash(&disk.path), before);
        }
        // What check suggests is what then works.
        let target = bcdrescue(&["check", disk.name(), "--json"]).target();
        let command = target["fix"]["command"].as_str().unwrap();
        assert!(command.ends_with("--allow-raid-member"), "{command}");
        let words: Vec<&str> = command.split(' ').skip(1).collect();
        bcdrescue(&[&words[..], &["--yes"]].concat()).exits(1);
        checked(&disk, 0, "healthy");
        bcdrescue(&["fix", disk.name(), "--yes"]).exits(0);
        bcdrescue(&["undo", text(&disk.record()), "--yes"]).exits(1);
        assert_eq!(hash(&disk.path), before);
    }
}

/// The second of a pair of stripes has no table of its own.
#[test]
fn a_member_without_anything_on_it_is_not_called_a_disk_without_windows() {
    let disk = Disk::raw("win10-bios-healthy");
    fs::write(&disk.path, vec![0; 1 << 20]).unwrap();
    disk.put((1 << 20) - 1024, b"Intel Raid ISM Cfg Sig. 1.1.00");
    let target = checked(&disk, 8, "unknown");
    assert_eq!(findings(&target, "raid-member")[0]["severity"], "note");
    bcdrescue(&["check", "-v", disk.name()]).exits(8).says("mdadm --assemble --scan");
}
