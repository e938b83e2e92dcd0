//! Disks for a rebuild, by others' programs: what a Windows has to make a system volume from, and volumes that lost theirs.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::path::PathBuf;

use bcdrescue::bcd::fresh::Template;
use bcdrescue::storage::open::OpenOptions;
use bcdrescue::storage::open::open;
use bcdrescue::volume::NewEntry;
use bcdrescue::volume::NtfsWriter;
use serde_json::Value as Json;

use crate::support::disk::Disk;
use crate::support::disk::made;
use crate::support::judges::fat_file;
use crate::support::judges::hivex;
use crate::support::judges::hivex_bytes;
use crate::support::judges::judge;
use crate::support::judges::ntfs_file;
use crate::support::parts::cut;
use crate::support::program::bcdrescue;
use crate::support::program::text;

/// The bases with a Windows since 6.0: the partitions with Windows and with the system, 64 bits, Windows 8 or later.
const BASES: [(&str, u64, u64, bool, bool); 6] = [
    ("win2008sp2-bios", 1, 1, false, false),
    ("win2008r2-bios", 2, 1, true, false),
    ("win7-logical", 5, 1, false, false),
    ("win10-bios", 2, 1, true, true),
    ("win11-uefi", 3, 1, true, true),
    ("win2022-uefi-4kn", 3, 1, true, true),
];
/// Where the template has entries of Windows.
const LOADER: &str = r"NewStoreRoot\Objects\{a1943bbc-ea85-487c-97c7-c9ede908a38a}\Elements";
/// FILE records that a rebuild takes on NTFS.
const RECORDS: usize = 30;
/// 2010-01-08 12:00:00 UTC.
const TIME: u64 = 129_073_824_000_000_000;

fn damaged(base: &str, damage: &str) -> Disk {
    made(&format!("base = '{base}'\ndamage = ['{damage}']"), "disk.qcow2")
}

fn place(disk: &Disk, number: u64) -> (u64, u64) {
    let target = bcdrescue(&["inspect", disk.name(), "--json"]).target();
    let parts = target["partitions"].as_array().unwrap();
    let part = parts.iter().find(|part| part["number"] == number).unwrap();
    let [start, len] = ["start", "size"].map(|field| part[field].as_u64().unwrap());
    (start, len)
}

/// The partition of that number as a file of its own.
fn volume(disk: &Disk, number: u64) -> PathBuf {
    let (start, len) = place(disk, number);
    cut(&disk.content("disk.raw"), start, len)
}

/// The paths of all files on an NTFS volume, below its root, by ntfsls.
fn ntfs_files(volume: &Path) -> BTreeSet<String> {
    let listed = String::from_utf8(judge("ntfsls", &["-R", "-p", "/", text(volume)])).unwrap();
    let mut folder = "";
    let mut found = BTreeSet::new();
    for line in listed.lines() {
        match line.strip_suffix(':') {
            Some(path) if path.starts_with('/') => folder = path.trim_end_matches('/'),
            _ if line.is_empty() || line == "." || line == ".." => {}
            _ => {
                found.insert(format!("{folder}/{line}"));
            }
        }
    }
    found
}

/// Clusters that files have are those that the bitmap says, which ntfsresize counts.
fn accounts_are_right(volume: &Path) {
    let said = String::from_utf8(judge("ntfsresize", &["-i", "-f", text(volume)])).unwrap();
    assert!(said.contains("Space in use") && !said.contains("ERROR"), "{said}");
}

/// FILE records that are marked as free, below the end of `$MFT`: the bitmap of `$MFT`, by ntfscat.
fn free_records(volume: &Path) -> usize {
    let records = judge("ntfscat", &["-f", "-i", "0", text(volume)]).len() / 1024;
    let bitmap = judge("ntfscat", &["-f", "-i", "0", "-a", "0xb0", text(volume)]);
    (24..records).filter(|record| bitmap[record / 8] & (1 << (record % 8)) == 0).count()
}

#[test]
fn a_windows_has_what_a_system_volume_is_made_from() {
    for (base, windows, _, has_64_bits, since_8) in BASES {
        let disk = Disk::of(&format!("{base}-healthy"));
        let volume = volume(&disk, windows);
        accounts_are_right(&volume);
        let files = ntfs_files(&volume);
        let mut expected = vec!["PCAT/bootmgr", "PCAT/memtest.exe", "PCAT/de-DE/bootmgr.exe.mui"];
        expected.extend(["Fonts/wgl4_boot.ttf", "DVD/PCAT/boot.sdi"]);
        let uefi = ["EFI/bootmgfw.efi", "EFI/bootmgr.efi", "EFI/memtest.efi", "EFI/en-US/bootmgfw.efi.mui"];
        expected.extend(uefi.into_iter().filter(|_| has_64_bits));
        let new = ["PCAT/bootnxt", "PCAT/bootvhd.dll", "EFI/boot.stl", "Resources/bootres.dll"];
        expected.extend(new.into_iter().filter(|_| since_8));
        for path in expected {
            assert!(files.contains(&format!("/Windows/Boot/{path}")), "{base} {path}: {files:#?}");
        }
        assert_eq!(files.contains("/Windows/Boot/EFI"), has_64_bits, "{base}");
        for path in ["en-US/bootstr.dll.mui", "de-DE/bootstr.dll.mui"] {
            assert!(!ntfs_file(&volume, &format!("/Windows/System32/{path}")).is_empty(), "{base}");
        }
        if since_8 {
            assert_eq!(ntfs_file(&volume, "/Windows/Boot/PCAT/bootnxt"), [0], "{base}");
        }
    }
}

/// Elements of class 4 are there, no device is, and numbers are as short as they can be.
#[test]
fn a_template_is_as_windows_has_it() {
    for (base, windows, _, _, since_8) in BASES {
        let disk = Disk::of(&format!("{base}-healthy"));
        let volume = volume(&disk, windows);
        let template = ntfs_file(&volume, "/Windows/System32/config/BCD-Template");
        let values = hivex(&template);
        let elements: Vec<&str> = values.keys().filter_map(|path| path.split(r"\Elements\").nth(1)).collect();
        assert!(elements.len() > 50, "{base}: {values:#?}");
        assert!(!elements.iter().any(|id| id.starts_with("11") || id.starts_with("21")), "{base}");
        for (element, bytes) in [("45000001", &[2][..]), ("47000005", &[4, 0, 0, 0x12, 3, 0, 0, 0])] {
            let path = format!(r"{LOADER}\{element}\Element");
            assert_eq!(hivex_bytes(&template, &path), bytes, "{base} {element}");
        }
        let nx = hivex_bytes(&template, &format!(r"{LOADER}\25000020\Element"));
        assert_eq!(nx, [u8::from(base.starts_with("win20"))], "{base}");
        let has_policy = values.contains_key(&format!(r"{LOADER}\250000c2\Element"));
        assert_eq!(has_policy, since_8, "{base}");
        let baud = r"NewStoreRoot\Objects\{7ff607e0-4395-11db-b0de-0800200c9a66}\Elements\250000f5\Element";
        assert_eq!(hivex_bytes(&template, baud), [0x00, 0xc2, 0x01], "{base}");
        Template::parse(template).unwrap();
    }
}

#[test]
fn volumes_of_an_mbr_have_room_for_new_files() {
    for (base, windows, system, ..) in BASES.iter().filter(|base| base.0.ends_with("bios")) {
        let disk = Disk::of(&format!("{base}-healthy"));
        for number in BTreeSet::from([*windows, *system]) {
            let free = free_records(&volume(&disk, number));
            assert!(free >= RECORDS, "{base} {number}: {free}");
        }
    }
}

/// As many files and directories as a rebuild makes fit without more FILE records; what is there then is sound to others.
#[test]
fn a_volume_that_lost_its_boot_files_takes_new_ones() {
    for (base, damage, number) in [
        ("win2008r2-bios", "system-reserved-empty", 1),
        ("win7-logical", "system-reserved-empty", 1),
        ("win10-bios", "system-reserved-empty", 1),
        ("win2008sp2-bios", "windows-only", 1),
        ("win2008r2-bios", "windows-only", 2),
        ("win10-bios", "windows-only", 2),
    ] {
        let disk = damaged(base, damage);
        let volume = volume(&disk, number);
        let (small, large) = (vec![1; 300], vec![2; 24 << 10]);
        let file = |name: String, contents| NewEntry::File { name, contents };
        let inside = (0..RECORDS - 3).map(|number| file(format!("boot file {number}"), &small[..]));
        let inside = inside.chain([file("BCD".into(), &large[..])]).collect();
        let new = [
            NewEntry::Directory { name: "Boot".into(), entries: inside },
            file("bootmgr".into(), &large[..]),
        ];
        let opened = fs::OpenOptions::new().read(true).write(true).open(&volume).unwrap();
        let storage = open(&volume, &OpenOptions::default()).unwrap().storage;
        let stages = NtfsWriter::new(&*storage, TIME).unwrap().create(r"\", &new).unwrap().finish().unwrap();
        let mut files = ntfs_files(&volume);
        stages.iter().flatten().for_each(|piece| opened.write_all_at(&piece.bytes, piece.at).unwrap());
        accounts_are_right(&volume);
        files.extend(["/Boot", "/bootmgr", "/Boot/BCD"].map(String::from));
        files.extend((0..RECORDS - 3).map(|number| format!("/Boot/boot file {number}")));
        assert_eq!(ntfs_files(&volume), files, "{base} {damage}");
        assert_eq!(ntfs_file(&volume, "/Boot/BCD"), large, "{base} {damage}");
    }
}

#[test]
fn a_store_that_is_gone_leaves_a_sound_volume() {
    for (base, _, system, ..) in BASES {
        let (is, was) = (damaged(base, "no-store"), Disk::of(&format!("{base}-healthy")));
        let [is, was] = [&is, &was].map(|disk| volume(disk, system));
        if base.contains("uefi") {
            judge("fsck.fat", &["-n", text(&is)]);
            let listed = String::from_utf8(judge("mdir", &["-b", "-i", text(&is), "::/EFI/Microsoft/Boot"]));
            let listed = listed.unwrap().to_ascii_lowercase();
            assert!(listed.contains("bootmgfw.efi") && !listed.contains("bcd"), "{base}: {listed}");
            continue;
        }
        accounts_are_right(&is);
        let mut expected = ntfs_files(&was);
        let all = expected.len();
        expected.retain(|path| !path.starts_with("/Boot/BCD"));
        assert!(expected.len() + 2 <= all, "{base}");
        assert_eq!(ntfs_files(&is), expected, "{base}");
    }
}

#[test]
fn an_emptied_volume_is_sound_and_has_no_code() {
    for base in ["win2008r2-bios", "win7-logical", "win10-bios"] {
        let disk = damaged(base, "system-reserved-empty");
        let volume = volume(&disk, 1);
        accounts_are_right(&volume);
        assert_eq!(ntfs_files(&volume), BTreeSet::new(), "{base}");
        has_no_code(&head(&volume));
        assert!(!is_active(&disk));
    }
}

#[test]
fn a_partition_with_windows_only_is_all_that_is_left() {
    for (base, windows) in [("win2008sp2-bios", 1), ("win2008r2-bios", 2), ("win10-bios", 2)] {
        let disk = damaged(base, "windows-only");
        let table = table_of(&disk);
        let parts = table["partitiontable"]["partitions"].as_array().unwrap();
        assert_eq!(parts.len(), 1, "{base}");
        assert!(!is_active(&disk), "{base}");
        assert!(first_sector(&disk)[..0x1b8].iter().all(|byte| *byte == 0), "{base}");
        let volume = volume(&disk, windows);
        accounts_are_right(&volume);
        has_no_code(&head(&volume));
        let files = ntfs_files(&volume);
        assert!(files.contains("/Windows/System32/winload.exe"), "{base}");
        assert!(files.contains("/Windows/Boot/PCAT/bootmgr"), "{base}");
        assert!(!files.contains("/bootmgr") && !files.contains("/Boot"), "{base}");
    }
}

#[test]
fn boot_code_is_gone_and_the_fields_are_not() {
    for base in ["win2008sp2-bios", "win2008r2-bios", "win7-logical", "win10-bios", "win2003-bios"] {
        let (is, was) = (damaged(base, "no-boot-code"), Disk::of(&format!("{base}-healthy")));
        assert_eq!(table_of(&is)["partitiontable"]["id"], table_of(&was)["partitiontable"]["id"]);
        assert!(is_active(&is) && first_sector(&is)[..0x1b8].iter().all(|byte| *byte == 0), "{base}");
        let [new, old] = [&is, &was].map(|disk| volume(disk, 1));
        let [record, before] = [&new, &old].map(|volume| head(volume));
        has_no_code(&record);
        assert_eq!(record[..0x54], before[..0x54], "{base}");
        assert_eq!(ntfs_files(&new), ntfs_files(&old), "{base}");
    }
}

#[test]
fn an_efi_system_partition_is_empty_or_has_the_loaders_of_others() {
    for base in ["win11-uefi", "win2022-uefi-4kn"] {
        let healthy = Disk::of(&format!("{base}-healthy"));
        let empty = damaged(base, "esp-empty");
        let esp = volume(&empty, 1);
        let said = String::from_utf8(judge("fsck.fat", &["-n", text(&esp)])).unwrap();
        assert!(said.contains(": 0 files, "), "{base}: {said}");
        let (bytes, was) = (head(&esp), head(&volume(&healthy, 1)));
        // Bytes of a sector, and the first sector of the partition.
        assert_eq!((&bytes[0x0b..0x0d], &bytes[0x1c..0x20]), (&was[0x0b..0x0d], &was[0x1c..0x20]), "{base}");

        let foreign = damaged(base, "esp-foreign");
        let esp = volume(&foreign, 1);
        judge("fsck.fat", &["-n", text(&esp)]);
        let listed = String::from_utf8(judge("mdir", &["-/", "-b", "-i", text(&esp), "::"])).unwrap();
        let files: BTreeSet<&str> = listed.lines().filter(|line| !line.ends_with('/')).collect();
        let own = ["::/EFI/debian/shimx64.efi", "::/EFI/debian/grubx64.efi", "::/EFI/Boot/bootx64.efi"];
        assert_eq!(files, BTreeSet::from(own), "{base}");
        assert_eq!(fat_file(&esp, "/EFI/Boot/bootx64.efi").len(), 5000, "{base}");

        let zeros = damaged(base, "esp-unformatted");
        let bytes = fs::read(volume(&zeros, 1)).unwrap();
        let zero = vec![0; 1 << 20];
        assert!(bytes.chunks(zero.len()).all(|part| part == &zero[..part.len()]), "{base}");
        for disk in [empty, foreign, zeros] {
            assert_eq!(guid(&disk), guid(&healthy), "{base}");
        }
    }
}

/// The code of an NTFS boot record is zeros, in all of its sectors; the signature is there.
fn has_no_code(volume: &[u8]) {
    assert!(volume[0x54..0x1fe].iter().chain(&volume[0x200..0x2000]).all(|byte| *byte == 0));
    assert_eq!(volume[0x1fe..0x200], [0x55, 0xaa]);
}

/// The GUID of the first partition.
fn guid(disk: &Disk) -> Json {
    table_of(disk)["partitiontable"]["partitions"][0]["uuid"].clone()
}

/// The begin of a volume: what NTFS has as `$Boot`.
fn head(volume: &Path) -> Vec<u8> {
    let mut bytes = vec![0; 8192];
    fs::File::open(volume).unwrap().read_exact(&mut bytes).unwrap();
    bytes
}

fn first_sector(disk: &Disk) -> Vec<u8> {
    head(&disk.content("sector.raw"))
}

fn table_of(disk: &Disk) -> Json {
    serde_json::from_slice(&judge("sfdisk", &["-J", text(&disk.content("table.raw"))])).unwrap()
}

fn is_active(disk: &Disk) -> bool {
    let table = table_of(disk);
    let parts = table["partitiontable"]["partitions"].as_array().unwrap();
    parts.iter().any(|part| part["bootable"] == true)
}
