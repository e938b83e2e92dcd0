//! Which Windows is on a disk: hives and programs of the test disks beside what hivex and binutils see, what is left when they
//! are damaged, and what else there is to say of a disk with Windows on it.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Mutex;

use bcdrescue::hive::build::NewKey;
use bcdrescue::hive::build::NewValue;
use bcdrescue::hive::build::build;
use bcdrescue::layout;
use bcdrescue::layout::version::WindowsVersion;
use bcdrescue::storage::Storage;
use bcdrescue::storage::cache::Cached;
use serde_json::Value as Json;
use serde_json::json;

use crate::support::counted::Counted;
use crate::support::disk::Disk;
use crate::support::findings::checked;
use crate::support::findings::findings;
use crate::support::judges::by_objdump;
use crate::support::judges::hivex;
use crate::support::judges::judge;
use crate::support::judges::ntfs_file;
use crate::support::judges::put_ntfs;
use crate::support::parts::cut;
use crate::support::parts::partitions;
use crate::support::parts::paste;
use crate::support::program::bcdrescue;
use crate::support::program::text;
use crate::support::sparse::PAGE;
use crate::support::sparse::SparseRam;
use crate::support::stand_in;

const SOFTWARE: &str = "/Windows/System32/config/SOFTWARE";

const CURRENT_VERSION: &str = r"Microsoft\Windows NT\CurrentVersion";

/// Image, number of the partition with Windows, system root; product and build as they are to be told; what hivex reads:
/// product, build, service pack; the version of the files.
type Expected = (&'static str, u32, &'static str, [&'static str; 2], [&'static str; 3], [u16; 4]);

#[rustfmt::skip]
const IMAGES: [Expected; 7] = [
    ("win10-bios", 2, "Windows", ["Windows 10 Pro 22H2", "19045.3803"],
        ["Windows 10 Pro", "19045", ""], [10, 0, 19041, 3803]),
    ("win11-uefi", 3, "Windows", ["Windows 11 Pro 23H2", "22631.2861"],
        ["Windows 10 Pro", "22631", ""], [10, 0, 22621, 2861]),
    ("win2022-uefi-4kn", 3, "Windows", ["Windows Server 2022 Standard 21H2", "20348.2159"],
        ["Windows Server 2022 Standard", "20348", ""], [10, 0, 20348, 2159]),
    ("win2008r2-bios", 2, "Windows", ["Windows Server 2008 R2 Standard Service Pack 1", "7601"],
        ["Windows Server 2008 R2 Standard", "7601", "Service Pack 1"], [6, 1, 7601, 17514]),
    ("win7-logical", 5, "Windows", ["Windows 7 Professional Service Pack 1", "7601"],
        ["Windows 7 Professional", "7601", "Service Pack 1"], [6, 1, 7601, 17514]),
    ("win2008sp2-bios", 1, "Windows", ["Windows Server (R) 2008 Standard Service Pack 2", "6002"],
        ["Windows Server (R) 2008 Standard", "6002", "Service Pack 2"], [6, 0, 6002, 18005]),
    ("win2003-bios", 1, "WINDOWS", ["Microsoft Windows Server 2003 Service Pack 2", "3790"],
        ["Microsoft Windows Server 2003", "3790", "Service Pack 2"], [5, 2, 3790, 3959]),
];

/// Where a partition begins and how long it is. sfdisk takes a file for a disk with 512-byte sectors.
fn place(disk: &Disk, number: u32) -> (u64, u64) {
    if disk_is_4kn(disk) {
        // Windows of `win2022-uefi-4kn`, from its recipe.
        return (324_608 << 10, 591_872 << 10);
    }
    let part = partitions(&disk.path).into_iter().find(|part| part.number == number).unwrap();
    (part.start, part.len)
}

fn disk_is_4kn(disk: &Disk) -> bool {
    let mut magic = [0; 8];
    std::os::unix::fs::FileExt::read_exact_at(&fs::File::open(&disk.path).unwrap(), &mut magic, 4096)
        .unwrap();
    magic == *b"EFI PART"
}

/// A file of the volume with this number, by ntfscat.
fn file(disk: &Disk, number: u32, path: &str) -> Vec<u8> {
    let (start, len) = place(disk, number);
    let volume = cut(&disk.path, start, len);
    let bytes = ntfs_file(&volume, path);
    fs::remove_file(volume).unwrap();
    bytes
}

/// Changes a volume as a file of its own and puts it back.
fn change(disk: &Disk, number: u32, with: impl Fn(&Path)) {
    let (start, len) = place(disk, number);
    let volume = cut(&disk.path, start, len);
    with(&volume);
    paste(&volume, &disk.path, start);
    fs::remove_file(volume).unwrap();
}

/// The values of one key by their names, as hivex reads them.
fn values(hive: &[u8], key: &str) -> BTreeMap<String, String> {
    let all = hivex(hive);
    let root = all.keys().next().unwrap().clone();
    let below = format!("{root}\\{key}\\");
    let values =
        all.into_iter().filter_map(|(path, value)| Some((path.strip_prefix(&below)?.to_owned(), value)));
    values.collect()
}

#[test]
fn every_windows_is_found_and_named() {
    for (name, partition, root, [product, build], _, _) in IMAGES {
        let disk = Disk::of(name);
        for command in ["check", "inspect", "list"] {
            let mut target = bcdrescue(&[command, disk.name(), "--json"]).target();
            // What drives which controller is held elsewhere.
            let controllers = target["windows"][0].as_object_mut().unwrap().remove("controllers");
            assert_eq!(controllers.is_some(), command == "inspect", "{name}, {command}");
            let expected = json!([{
                "partition": partition, "root": format!("\\{root}"), "product": product, "build": build,
                "version_source": "SOFTWARE", "version_error": null, "hibernated": false,
                "hibernation_error": null,
            }]);
            assert_eq!(target["windows"], expected, "{name}, {command}");
            bcdrescue(&[command, disk.name()]).says(&format!("{product} ({build})"));
        }
    }
    let disk = Disk::of("win10-bios");
    let fixed = bcdrescue(&["fix", disk.name(), "--yes", "--json"]).exits(1).target();
    assert_eq!(fixed["windows"][0]["build"], "19045.3803");
}

#[test]
fn hivex_and_binutils_see_the_same_windows() {
    for (name, partition, root, _, [product, build, pack], version) in IMAGES {
        let disk = Disk::raw(name);
        let (system32, lower) = match root {
            "WINDOWS" => ("system32", true),
            _ => ("System32", false),
        };
        let hive = |hive: &str| {
            let hive = if lower { hive.to_lowercase() } else { hive.to_owned() };
            file(&disk, partition, &format!("/{root}/{system32}/config/{hive}"))
        };
        let software = values(&hive("SOFTWARE"), CURRENT_VERSION);
        let told = |value: &str| software.get(value).map_or("", |value| value.split_once("  ").unwrap().1);
        assert_eq!(
            [told("ProductName"), told("CurrentBuildNumber"), told("CSDVersion")],
            [product, build, pack]
        );
        assert_eq!(values(&hive("SYSTEM"), "Select")["Current"], "int32  1");
        let path = disk.folder.path().join("ntoskrnl.exe");
        fs::write(&path, file(&disk, partition, &format!("/{root}/{system32}/ntoskrnl.exe"))).unwrap();
        assert_eq!(by_objdump(&path), version, "{name}");
    }
}

/// What Windows believes of the disk is what it was before its identity changed.
#[test]
fn drive_letters_are_those_of_the_old_disk() {
    let disk = Disk::raw("win10-bios");
    let system = file(&disk, 2, "/Windows/System32/config/SYSTEM");
    let drives = values(&system, "MountedDevices");
    // The signature, and 581 MiB in bytes.
    assert_eq!(drives["\\DosDevices\\C:"], "binary base64 DfChwwAAUCQAAAAA");
    let disk = Disk::raw("win11-uefi");
    let drives = values(&file(&disk, 3, "/Windows/System32/config/SYSTEM"), "MountedDevices");
    // "DMIO:ID:" and the GUID.
    assert_eq!(drives["\\DosDevices\\C:"], "binary base64 RE1JTzpJRDoEATxfHTsBTJosAkKsGwAE");
}

#[test]
fn re_agent_names_the_disk_as_it_was() {
    let disk = Disk::raw("win10-bios");
    let text = String::from_utf8(file(&disk, 2, "/Windows/System32/Recovery/ReAgent.xml")).unwrap();
    // 0xc3a1f00d in decimal.
    assert!(text.contains("id=\"3282169869\" offset=\"1048576\" guid=\"{00000000-"), "{text}");
    assert!(text.contains("<WinreBCD id=\"{5f3c4a92-3b1d-11ee-a2c4-0242ac1b0001}\"/>"), "{text}");
    let disk = Disk::raw("win11-uefi");
    let text = String::from_utf8(file(&disk, 3, "/Windows/System32/Recovery/ReAgent.xml")).unwrap();
    let place = "id=\"0\" offset=\"938475520\" guid=\"{5f3c0101-3b1d-4c01-9a2c-0242ac1b0001}\"";
    assert!(text.contains(place), "{text}");
}

#[test]
fn a_damaged_hive_leaves_the_version_of_the_programs_and_no_finding() {
    let disk = Disk::raw("win2008r2-bios-healthy");
    let sound = file(&disk, 2, SOFTWARE);
    let zeros = vec![0; sound.len()];
    let windows = |disk: &Disk| checked(disk, 0, "healthy")["windows"][0].clone();

    // Dirty, as SOFTWARE of a machine that lost its power is.
    let mut dirty = sound.clone();
    dirty[4] ^= 1;
    let word = |at: usize| u32::from_le_bytes(dirty[at..at + 4].try_into().unwrap());
    let sum = (0..0x1fc).step_by(4).fold(0, |sum, at| sum ^ word(at));
    dirty[0x1fc..0x200].copy_from_slice(&sum.to_le_bytes());
    change(&disk, 2, |volume| put_ntfs(volume, SOFTWARE, &dirty));
    assert_eq!(windows(&disk)["version_source"], "SOFTWARE");

    for bytes in [&zeros[..], &sound[..0x1000], b"regf"] {
        change(&disk, 2, |volume| put_ntfs(volume, SOFTWARE, bytes));
        let found = windows(&disk);
        assert_eq!(found["product"], "Windows 7 SP1 or Server 2008 R2 SP1");
        assert_eq!(
            (&found["build"], &found["version_source"]),
            (&json!("7601.17514"), &json!("winload.exe"))
        );
    }
    for (program, next) in [("winload.exe", "winload.efi"), ("winload.efi", "ntoskrnl.exe")] {
        let path = format!("/Windows/System32/{program}");
        change(&disk, 2, |volume| put_ntfs(volume, &path, &stand_in::of_another()));
        assert_eq!(windows(&disk)["version_source"], next);
    }
    change(&disk, 2, |volume| put_ntfs(volume, "/Windows/System32/ntoskrnl.exe", &stand_in::of_another()));
    let found = windows(&disk);
    assert_eq!([&found["product"], &found["build"], &found["version_source"]], [&Json::Null; 3]);
    let error = found["version_error"].as_str().unwrap();
    for part in ["SOFTWARE: ", "winload.exe: ", "winload.efi: ", "ntoskrnl.exe: "] {
        assert!(error.contains(part), "{error}");
    }
    bcdrescue(&["check", "-v", disk.name()]).exits(0).says("of an unknown version");
}

/// What the first Windows of the disk is, and how many reads and bytes the whole look took.
fn look(disk: &dyn Storage) -> (Result<WindowsVersion, String>, (usize, usize)) {
    let count = Mutex::default();
    let cached = Cached::new(Counted(disk, &count));
    let version = layout::discover(&cached).unwrap().windows[0].version.clone();
    let version = version.map_err(|cause| cause.to_string());
    let count = *count.lock().unwrap();
    (version, count)
}

/// As many keys as a real SOFTWARE has around the one that matters.
fn grown(hive: &[u8]) -> Vec<u8> {
    let hive = bcdrescue::hive::Hive::parse(hive.to_vec()).unwrap();
    let mut root = NewKey::from(hive.root());
    let value = |len: usize| NewValue { name: "Data".into(), data_type: 3, data: vec![7; len] };
    let many = |name: &str, count: usize, below: &[NewKey]| -> Vec<NewKey> {
        let key = |index: usize| NewKey {
            name: format!("{name}{index:05}"),
            values: vec![value(60 + index % 200), value(8)],
            subkeys: below.to_vec(),
        };
        (0..count).map(key).collect()
    };
    let below = many("Inproc", 8, &[]);
    for key in &mut root.subkeys {
        match key.name.as_str() {
            "Classes" => key.subkeys = many("CLSID", 500, &below),
            _ => {
                for below in key.subkeys.iter_mut().filter(|key| key.name == "Windows NT") {
                    below.subkeys[0].subkeys = many("Image", 100, &[]);
                    below.subkeys[0].values.extend((0..25).map(|index| NewValue {
                        name: format!("Digital{index}"),
                        data_type: 3,
                        data: vec![1; 164],
                    }));
                }
                key.subkeys.extend(many("Product", 200, &below));
            }
        }
    }
    build(&root, 0).unwrap()
}

#[test]
fn a_big_hive_costs_a_handful_of_reads() {
    let disk = Disk::raw("win10-bios-healthy");
    let sound = file(&disk, 2, SOFTWARE);
    let read = |hive: &[u8]| {
        change(&disk, 2, |volume| put_ntfs(volume, SOFTWARE, hive));
        let disk = SparseRam::read(&disk.path);
        look(&disk)
    };
    let (small, (small_reads, small_bytes)) = read(&sound);
    let big = grown(&sound);
    assert!(big.len() > 1 << 20, "{}", big.len());
    let (version, (reads, bytes)) = read(&big);
    println!(
        "{} bytes of SOFTWARE: {reads} reads, {bytes} bytes; {}: {small_reads}, {small_bytes}",
        big.len(),
        sound.len()
    );
    assert_eq!(version, small);
    assert!(version.unwrap().product == "Windows 10 Pro 22H2");
    assert!(reads <= small_reads + 16 && bytes < 512 << 10, "{reads} reads, {bytes} bytes");
}

/// Whatever stands in hive and programs: an answer, after little reading.
#[test]
fn hostile_hives_and_programs_are_bounded() {
    let sound = SparseRam::of("win10-bios-healthy");
    let (version, (reads, bytes)) = look(&sound);
    assert!(version.is_ok());
    let is_ours = |offset: &u64| {
        let head = sound.get(*offset, 0x70);
        let software: Vec<u8> = "SOFTWARE".encode_utf16().flat_map(u16::to_le_bytes).collect();
        head.starts_with(b"MZ")
            || head.windows(software.len()).any(|piece| piece == software) && head.starts_with(b"regf")
    };
    let places: Vec<u64> = sound.page_offsets().filter(is_ours).collect();
    assert!(places.len() >= 4, "{places:?}");
    let mut chance = 0x2545_f491_4f6c_dd1d_u64;
    let mut next = |below: u64| {
        chance ^= chance << 13;
        chance ^= chance >> 7;
        chance ^= chance << 17;
        chance % below
    };
    let mut answers = BTreeMap::new();
    for _ in 0..150 {
        let mut damaged = sound.clone();
        for place in &places {
            for _ in 0..next(12) {
                let at = place + next(2 * PAGE as u64);
                let bytes = [[0; 4], [0xff; 4], (next(1 << 32) as u32).to_le_bytes()][next(3) as usize];
                damaged.put(at, &bytes);
            }
        }
        let (version, (more_reads, more_bytes)) = look(&damaged);
        assert!(more_reads < reads + 100 && more_bytes < bytes + (1 << 20), "{more_reads}, {more_bytes}");
        *answers.entry(version.map_or("none", |version| version.source)).or_insert(0) += 1;
    }
    assert!(answers.len() >= 3, "{answers:?}");
}

#[test]
fn a_dirty_windows_is_a_note() {
    let disk = Disk::raw("win2008r2-bios-healthy");
    change(&disk, 2, |volume| drop(judge("ntfsfix", &[text(volume)])));
    let target = checked(&disk, 0, "healthy");
    assert_eq!(
        (findings(&target, "windows-volume-dirty").len(), findings(&target, "volume-not-clean").len()),
        (1, 0)
    );
    // Where the store is too, that is what matters.
    let disk = Disk::raw("win2008sp2-bios-healthy");
    change(&disk, 1, |volume| drop(judge("ntfsfix", &[text(volume)])));
    let target = checked(&disk, 0, "healthy");
    assert_eq!(
        (findings(&target, "windows-volume-dirty").len(), findings(&target, "volume-not-clean").len()),
        (0, 1)
    );
}

#[test]
fn a_hibernated_windows_is_told_as_such() {
    let disk = Disk::raw("win10-bios-healthy");
    let mut sleeping = vec![0; 4096];
    sleeping[..4].copy_from_slice(b"HIBR");
    change(&disk, 2, |volume| put_ntfs(volume, "/hiberfil.sys", &sleeping));
    let target = checked(&disk, 0, "healthy");
    assert_eq!(
        (findings(&target, "hibernated").len(), &target["windows"][0]["hibernated"]),
        (1, &json!(true))
    );
}

#[test]
fn dynamic_disks_and_pools_are_said() {
    const LDM_DATA: &str = "af9b60a0-1431-4f62-bc68-3311714a69ad";
    const SPACES: &str = "e75caf8f-f680-4cee-afa3-b001e56efc2d";
    for (name, partition, kind, code) in [
        ("win10-bios", "2", "42", "dynamic-disk"),
        ("win11-uefi", "4", LDM_DATA, "dynamic-disk"),
        ("win11-uefi", "4", SPACES, "storage-spaces"),
    ] {
        let healthy = Disk::raw(&format!("{name}-healthy"));
        judge("sfdisk", &["-q", "--part-type", healthy.name(), partition, kind]);
        let target = checked(&healthy, 0, "healthy");
        assert_eq!(findings(&target, code).len(), 1, "{name} {kind}");
        let disk = Disk::raw(name);
        judge("sfdisk", &["-q", "--part-type", disk.name(), partition, kind]);
        let refused = code == "dynamic-disk";
        let run = bcdrescue(&["fix", disk.name(), "--yes"]).exits(if refused { 8 } else { 1 });
        if refused {
            run.says("dynamic disk").says("nothing was written");
        }
    }
}
